//! The pacers: one thread per core that steps its sessions every 10 ms, and at once when a
//! session is poked.
//!
//! Deadlines are absolute, so a late tick does not shift the next one. A pacer never blocks on a
//! session: models run on the arbiter's workers, sockets only push and pop rings.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam::queue::ArrayQueue;

use crate::session::Core;

/// The beat of the engine.
const TICK: Duration = Duration::from_millis(10);
/// Sessions that were opened and not yet picked up; a pacer picks up at every tick.
const NEWCOMERS: usize = 1024;

struct Shared {
    newcomers: ArrayQueue<Core>,
    closing: AtomicBool,
}

struct Pacer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// All pacers of an engine. Dropping them ends their sessions.
pub(crate) struct Pacers {
    pacers: Vec<Pacer>,
    next: AtomicUsize,
}

impl Pacers {
    /// Starts `count` threads named `janet-pacer-N`.
    pub(crate) fn start(count: usize) -> std::io::Result<Self> {
        let pacers = (0..count.max(1))
            .map(|n| {
                let shared = Arc::new(Shared {
                    newcomers: ArrayQueue::new(NEWCOMERS),
                    closing: AtomicBool::new(false),
                });
                let own = Arc::clone(&shared);
                let thread = std::thread::Builder::new()
                    .name(format!("janet-pacer-{n}"))
                    .spawn(move || pace(&own))?;
                Ok(Pacer {
                    shared,
                    thread: Some(thread),
                })
            })
            .collect::<std::io::Result<_>>()?;
        Ok(Self {
            pacers,
            next: AtomicUsize::new(0),
        })
    }

    /// Gives a session to one of the pacers; hands it back when none can take it.
    pub(crate) fn adopt(&self, core: Core) -> Result<(), Box<Core>> {
        let n = self.next.fetch_add(1, Ordering::Relaxed) % self.pacers.len();
        let pacer = &self.pacers[n];
        let Some(thread) = &pacer.thread else {
            return Err(Box::new(core));
        };
        core.shared().attach(thread.thread().clone());
        pacer.shared.newcomers.push(core).map_err(Box::new)?;
        thread.thread().unpark();
        Ok(())
    }
}

impl Drop for Pacers {
    fn drop(&mut self) {
        for pacer in &self.pacers {
            pacer.shared.closing.store(true, Ordering::Release);
        }
        for pacer in &mut self.pacers {
            if let Some(thread) = pacer.thread.take() {
                thread.thread().unpark();
                // A pacer that panicked has been told of by the panic hook.
                drop(thread.join());
            }
        }
    }
}

fn pace(shared: &Shared) {
    let mut cores: Vec<Core> = Vec::new();
    let mut due = Instant::now() + TICK;
    while !shared.closing.load(Ordering::Acquire) {
        while let Some(core) = shared.newcomers.pop() {
            cores.push(core);
        }
        let now = Instant::now();
        let beat = now >= due;
        if beat {
            metrics::histogram!("janet_pacer_late_seconds").record((now - due).as_secs_f64());
            due += TICK;
            if due < now {
                // Ticks that were missed are not caught up with: the rings hold the samples.
                due = now + TICK;
            }
        }
        cores.retain_mut(|core| {
            // Cleared before looking, so that nothing left meanwhile is overlooked.
            let poked = core.shared().dirty.swap(false, Ordering::AcqRel);
            if poked || beat { step(core) } else { true }
        });
        let idle = due.saturating_duration_since(Instant::now());
        if !idle.is_zero() {
            std::thread::park_timeout(idle);
        }
    }
}

/// Steps a session; one that panics is ended, the others of this pacer go on.
fn step(core: &mut Core) -> bool {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| core.step()));
    outcome.unwrap_or_else(|_| {
        tracing::error!("a session panicked and was ended");
        core.shared().closed.store(true, Ordering::Release);
        core.shared().wake();
        false
    })
}
