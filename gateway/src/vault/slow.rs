//! Where the safe word's key is derived: one at a time, on a thread of its own that stands back behind her voice.
//!
//! A derivation takes 64 MiB and some hundred milliseconds of one core. It waits for a moment in which Janet's
//! voice is not on its way to anybody ([`Sounding`]), but not for long: an answer can take a minute, and whoever
//! typed the safe word waits. So beside her voice, too, it must not be heard: then its thread asks for a tenth
//! of what a thread that makes her voice gets where both want the same core. It never uses more than one.

use std::sync::Arc;
use std::thread::Builder;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use super::{Failed, Sounding};

/// How long a derivation waits for a moment without her voice.
const WAIT_FOR_QUIET: Duration = Duration::from_secs(1);
/// How nice its thread is to the others: of a core that both want it gets a tenth.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// One derivation at a time: two would take the memory of two.
pub(super) struct Slow(Arc<Semaphore>);

impl Default for Slow {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl Slow {
    /// Runs a derivation of a key. Whoever asked may go meanwhile: the next one waits for its end all the same.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        sounding: &Sounding,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failed> {
        let turn = Arc::clone(&self.0).acquire_owned().await;
        let turn = turn.map_err(|_| Failed::died())?;
        let is_quiet = timeout(WAIT_FOR_QUIET, sounding.quiet()).await.is_ok();
        let (done, came) = oneshot::channel();
        let thread = Builder::new().name("janet-vault".to_owned());
        let thread = thread.spawn(move || {
            if !is_quiet {
                stand_back();
            }
            let began = Instant::now();
            let made = work();
            metrics::histogram!("janet_vault_derive_seconds").record(began.elapsed().as_secs_f64());
            drop(turn);
            // Who has gone does not want it.
            done.send(made).ok();
        });
        // It ends with its work: nobody has to wait for it.
        drop(thread.map_err(|_| Failed::died())?);
        came.await.map_err(|_| Failed::died())
    }
}

/// For the thread that calls it. Where the system refuses, it goes on as every other.
fn stand_back() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpriority_process, setpriority_process};
        // Nobody but an administrator may ask for more than before.
        if getpriority_process(None).is_ok_and(|nice| nice < NICE)
            && let Err(error) = setpriority_process(None, NICE)
        {
            tracing::debug!(%error, "a key is derived at the priority of everything else");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt as _;

    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn it_stands_back_behind_her_voice_and_nobody_else_does() {
        let nice = || rustix::process::getpriority_process(None).expect("a number");
        let before = nice();
        let (slow, sounding) = (Slow::default(), Sounding::default());
        let quiet = slow.run(&sounding, nice).await;
        assert_eq!(quiet.expect("it ran"), before);
        let _speaks = sounding.begins();
        let beside = slow.run(&sounding, nice).await;
        assert!(beside.expect("it ran") >= NICE);
        assert_eq!(nice(), before);
        let elsewhere = tokio::task::spawn_blocking(nice).await;
        assert_eq!(elsewhere.expect("it ran"), before);
    }

    #[tokio::test]
    async fn one_whose_asker_has_gone_still_has_its_turn() {
        let slow = Arc::new(Slow::default());
        let (begun, runs) = oneshot::channel();
        let (release, wait) = mpsc::sync_channel::<()>(1);
        let first = tokio::spawn({
            let slow = Arc::clone(&slow);
            async move {
                let work = move || {
                    begun.send(()).ok();
                    wait.recv().ok();
                };
                slow.run(&Sounding::default(), work).await.is_ok()
            }
        });
        runs.await.expect("it runs");
        first.abort();
        assert!(first.await.expect_err("called off").is_cancelled());
        let sounding = Sounding::default();
        let mut second = Box::pin(slow.run(&sounding, || 7));
        assert!((&mut second).now_or_never().is_none());
        release.send(()).expect("it waits");
        assert_eq!(second.await.expect("its turn"), 7);
    }

    #[tokio::test]
    async fn it_waits_for_her_voice_and_not_for_ever() {
        let (slow, sounding) = (Slow::default(), Sounding::default());
        let speaks = sounding.begins();
        let began = Instant::now();
        assert_eq!(slow.run(&sounding, || 7).await.expect("it ran"), 7);
        assert!(began.elapsed() >= WAIT_FOR_QUIET);
        let mut waits = Box::pin(slow.run(&sounding, || 8));
        assert!((&mut waits).now_or_never().is_none());
        drop(speaks);
        assert_eq!(waits.await.expect("it ran"), 8);
    }
}
