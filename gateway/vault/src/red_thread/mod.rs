//! Axiom 8, the Red Thread: a latch that every door passes through.
//!
//! Whoever reads or writes a vault, moves a soul, delegates or generates has to show a [`Pass`], and
//! only [`RedThread::pass`] makes one. Once the thread is pulled there are none until the operator
//! clears it, not in this process and not in the next: what was latched is on the disk before
//! [`RedThread::pull`] returns, and what held a pass has let go of it by then.
//!
//! A pass is for one short step (a transaction, a search). Long work takes one for each step, so that
//! nobody who pulls waits for it.

mod file;

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long a pull waits for the steps that are under way.
const QUIET_WITHIN: Duration = Duration::from_secs(2);

/// Why the latch cannot be used, or is not kept.
#[derive(Debug, thiserror::Error)]
pub enum RedThreadError {
    /// Its file cannot be read or written.
    #[error("the red thread's state in {} cannot be kept: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Nothing passes: the red thread was pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the red thread was pulled; the operator has to clear it first")]
pub struct Pulled;

/// Whether it is pulled, since when, and where that was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Nothing passes.
    pub active: bool,
    /// When it was pulled or cleared last, in ms since 1970; 0: never.
    pub since_ms: u64,
    /// The node where that was.
    pub node: String,
}

/// The latch of one machine. Shared by reference; every call is short but for a pull.
#[derive(Debug)]
pub struct RedThread {
    path: PathBuf,
    inner: Mutex<Inner>,
    let_go: Condvar,
}

#[derive(Debug)]
struct Inner {
    state: State,
    passes: usize,
}

/// The right to do one short step. Made by [`RedThread::pass`] alone.
#[derive(Debug)]
#[must_use = "what is done without it is not guarded"]
pub struct Pass<'a> {
    thread: &'a RedThread,
}

impl RedThread {
    /// Reads the state in this folder, or begins with none. A file that cannot be understood counts as
    /// pulled: a latch that fails has to fail shut.
    pub fn open(folder: &Path) -> Result<Self, RedThreadError> {
        let path = folder.join(file::NAME);
        let state = file::read(&path)?;
        Ok(Self {
            path,
            inner: Mutex::new(Inner { state, passes: 0 }),
            let_go: Condvar::new(),
        })
    }

    /// The right to do one step, unless the thread is pulled.
    pub fn pass(&self) -> Result<Pass<'_>, Pulled> {
        let mut inner = self.lock();
        if inner.state.active {
            return Err(Pulled);
        }
        inner.passes += 1;
        Ok(Pass { thread: self })
    }

    /// Pulls it. No pass is given from the first instruction on; when this returns, it is on the disk
    /// and every step that had one is over (but for one that takes longer than two seconds, which the
    /// log tells). An error means that the next start will not know of it; it is pulled all the same.
    pub fn pull(&self, node: &str, now_ms: u64) -> Result<State, RedThreadError> {
        let mut inner = self.lock();
        if !inner.state.active {
            inner.state = State {
                active: true,
                since_ms: now_ms,
                node: node.to_owned(),
            };
        }
        let state = inner.state.clone();
        drop(inner);
        let kept = file::write(&self.path, &state);
        let (inner, late) = self
            .let_go
            .wait_timeout_while(self.lock(), QUIET_WITHIN, |inner| inner.passes > 0)
            .unwrap_or_else(PoisonError::into_inner);
        if late.timed_out() {
            tracing::error!(steps = inner.passes, "steps go on behind the red thread");
        }
        drop(inner);
        kept.map(|()| state)
    }

    /// Whether it is pulled.
    pub fn state(&self) -> State {
        self.lock().state.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// When the thread was last pulled or cleared: what was allowed before that is allowed no more.
    pub(crate) fn since_ms(&self) -> u64 {
        self.thread.lock().state.since_ms
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.thread.lock().passes -= 1;
        self.thread.let_go.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_passes_once_it_is_pulled_and_the_next_process_knows() {
        let folder = tempfile::tempdir().expect("a folder");
        let thread = RedThread::open(folder.path()).expect("a latch");
        drop(thread.pass().expect("not pulled"));
        let state = thread.pull("here", 7).expect("on the disk");
        assert_eq!((state.active, state.since_ms), (true, 7));
        assert_eq!(thread.pass().err(), Some(Pulled));
        drop(thread);
        let thread = RedThread::open(folder.path()).expect("a latch");
        assert_eq!(thread.pass().err(), Some(Pulled));
        assert_eq!(thread.state().node, "here");
    }

    #[test]
    fn pulled_again_it_stays_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let thread = RedThread::open(folder.path()).expect("a latch");
        thread.pull("a", 7).expect("on the disk");
        assert_eq!(thread.pull("b", 9).expect("on the disk").node, "a");
    }

    #[test]
    fn a_pull_waits_for_the_step_that_is_under_way() {
        let folder = tempfile::tempdir().expect("a folder");
        let thread = RedThread::open(folder.path()).expect("a latch");
        let pass = thread.pass().expect("not pulled");
        std::thread::scope(|scope| {
            let pull = scope.spawn(|| thread.pull("a", 7));
            while !thread.state().active {
                std::thread::yield_now();
            }
            assert!(!pull.is_finished(), "the step is not over");
            assert!(thread.pass().is_err(), "a nested step cannot begin");
            drop(pass);
            pull.join().expect("no panic").expect("on the disk");
        });
    }

    #[test]
    fn a_file_that_is_not_understood_counts_as_pulled() {
        let folder = tempfile::tempdir().expect("a folder");
        for damage in ["", "{}", "{\"active\": false", "nonsense"] {
            std::fs::write(folder.path().join(file::NAME), damage).expect("a file");
            let thread = RedThread::open(folder.path()).expect("a latch");
            assert!(thread.pass().is_err(), "{damage:?}");
        }
    }
}
