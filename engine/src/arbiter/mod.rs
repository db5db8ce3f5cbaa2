//! Shares the cores between the model work of all sessions.
//!
//! As many workers as permits (cores, or GPU streams). Work is a `step()` of at most ~20 ms, taken
//! by class, then deadline; a job that waits in a better class takes over at the next step.
//! Never decides what is worked on: sessions submit and cancel.

mod job;
mod load;
mod steps;

use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use job::Queued;
pub use job::{Class, Job, Outcome, Ticket};
use load::Load;
pub use steps::{StepStats, Steps};

/// At most this many jobs wait; past it [`Submit::submit`] refuses. 20 active sessions have at
/// most five jobs each, so a full queue means that something submits without end.
const QUEUE_JOBS: usize = 256;

struct State {
    heap: BinaryHeap<Queued>,
    closed: bool,
}

struct Inner {
    state: Mutex<State>,
    changed: Condvar,
    arrivals: AtomicU64,
    steps: Steps,
    load: Load,
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A worker that panicked in a model left the heap itself whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The queue was full: the job is dropped.
#[derive(Debug, thiserror::Error)]
#[error("{QUEUE_JOBS} model jobs are waiting already")]
pub struct QueueFull;

/// The workers and their queue. Dropping it ends them.
pub struct Arbiter {
    inner: Arc<Inner>,
    workers: Vec<JoinHandle<()>>,
}

/// A handle that submits; cheap to clone.
#[derive(Clone)]
pub struct Submit(Arc<Inner>);

impl Arbiter {
    /// Starts `permits` workers named `janet-work-N`.
    pub fn start(permits: usize) -> std::io::Result<Self> {
        let inner = Arc::new(Inner {
            state: Mutex::new(State {
                heap: BinaryHeap::new(),
                closed: false,
            }),
            changed: Condvar::new(),
            arrivals: AtomicU64::new(0),
            steps: Steps::default(),
            load: Load::new(permits, Instant::now()),
        });
        let workers = (0..permits.max(1))
            .map(|n| {
                let inner = Arc::clone(&inner);
                std::thread::Builder::new()
                    .name(format!("janet-work-{n}"))
                    .spawn(move || work(&inner))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { inner, workers })
    }

    /// A handle for a session.
    pub fn submitter(&self) -> Submit {
        Submit(Arc::clone(&self.inner))
    }

    /// How long steps took, by class, since the start.
    pub fn stats(&self) -> StepStats {
        self.inner.steps.stats()
    }
}

impl Drop for Arbiter {
    fn drop(&mut self) {
        let left = {
            let mut state = self.inner.lock();
            state.closed = true;
            std::mem::take(&mut state.heap)
        };
        drop(left);
        self.inner.changed.notify_all();
        for worker in self.workers.drain(..) {
            // A worker that panicked has already been told of by the panic hook.
            drop(worker.join());
        }
    }
}

impl Submit {
    /// Queues a job that should be done by `now + within`. `wake` is called once it is gone.
    pub fn submit(
        &self,
        job: Box<dyn Job>,
        within: Duration,
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> Result<Ticket, QueueFull> {
        let ticket = Ticket::default();
        let queued = Queued {
            class: job.class(),
            deadline: Instant::now() + within,
            arrival: self.0.arrivals.fetch_add(1, Ordering::Relaxed),
            ticket: ticket.clone(),
            job: Some(job),
            wake,
        };
        let refused = {
            let mut state = self.0.lock();
            if state.closed || state.heap.len() >= QUEUE_JOBS {
                Some(queued)
            } else {
                state.heap.push(queued);
                None
            }
        };
        if refused.is_some() {
            return Err(QueueFull);
        }
        self.0.changed.notify_one();
        Ok(ticket)
    }

    /// Drops the cancelled jobs that wait, so that what they hold is free before a worker gets to
    /// them.
    pub fn sweep(&self) {
        let mut cancelled = Vec::new();
        {
            let mut state = self.0.lock();
            let (gone, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut state.heap)
                .into_iter()
                .partition(|job| job.ticket.is_cancelled());
            state.heap = kept.into();
            cancelled.extend(gone);
        }
        // Outside of the lock: a job's drop gives slots back and wakes its session.
        drop(cancelled);
    }

    /// The share of the permits' time that went into work somebody waits for, 0 to 1, over about
    /// the last eight seconds.
    pub fn load(&self) -> f32 {
        self.0.load.share(Instant::now())
    }

    /// Jobs that wait for a permit.
    pub fn waiting(&self) -> usize {
        self.0.lock().heap.len()
    }
}

/// A worker's life: take the best job, step it until it ends or a better one waits.
fn work(inner: &Inner) {
    let mut held: Option<Queued> = None;
    loop {
        let Some(mut queued) = next(inner, held.take()) else {
            return;
        };
        if queued.ticket.is_cancelled() {
            continue;
        }
        let Some(job) = queued.job.as_mut() else {
            continue;
        };
        let class = job.class();
        let began = Instant::now();
        // A panic in a model ends that job, not the process.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job.step()));
        let took = began.elapsed();
        inner.steps.record(class, took);
        if class < Class::Partial {
            inner.load.record(began + took, took);
        }
        match outcome {
            Ok(Outcome::Again) => {
                queued.class = job.class();
                held = Some(queued);
            }
            Ok(Outcome::Done) => {}
            Err(_) => tracing::error!(class = class.name(), "a model step panicked; its job ends"),
        }
    }
}

/// The job to step next: the one just held unless a better one waits. `None` at the end.
fn next(inner: &Inner, held: Option<Queued>) -> Option<Queued> {
    let mut state = inner.lock();
    if let Some(held) = held {
        if state.closed {
            drop(state);
            return None;
        }
        if state.heap.peek().is_none_or(|top| *top < held) {
            return Some(held);
        }
        state.heap.push(held);
        return state.heap.pop();
    }
    loop {
        if state.closed {
            return None;
        }
        if let Some(job) = state.heap.pop() {
            return Some(job);
        }
        state = inner
            .changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner);
    }
}

#[cfg(test)]
mod tests;
