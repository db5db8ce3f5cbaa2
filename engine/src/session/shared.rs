//! The queues between a transport, a session's core and its jobs. Everything is bounded.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::Instant;

use crossbeam::queue::ArrayQueue;

use super::command::Command;
use super::posted::{Posted, Results};
use crate::Event;

/// Requests that wait for the next tick (10 ms). A transport that is refused tells its client.
const COMMANDS: usize = 64;
/// Events that wait for the transport. 1024 are more than a minute of deltas; when a transport
/// has stopped reading for that long, further deltas and signs of her voice are dropped and counted:
/// the final message holds the whole text.
const EVENTS: usize = 1024;
/// Of these, kept for what has to be stored: the beginnings and ends of replies.
pub(crate) const EVENTS_RESERVED: usize = 128;
/// Results of jobs that wait for the core. A job whose result is refused keeps it and tries again
/// at its next step.
const RESULTS: usize = 256;

pub(crate) type Waker = Arc<dyn Fn() + Send + Sync>;

/// What the handle, the core and the jobs of one session share.
pub(crate) struct Shared {
    pub(crate) commands: ArrayQueue<Command>,
    pub(crate) events: ArrayQueue<Event>,
    pub(crate) results: ArrayQueue<Posted>,
    /// Set by whoever left something for the core; cleared by the pacer before it looks.
    pub(crate) dirty: AtomicBool,
    /// Whether the red thread is pulled here. No request that waits its turn: it has to be seen however
    /// full the queue is.
    pub(crate) red_thread: AtomicBool,
    /// The handle is gone: the core ends.
    pub(crate) closed: AtomicBool,
    /// When the oldest microphone samples that the core has not seen were pushed, in µs since
    /// `began` plus one; 0 when there are none.
    pub(crate) pushed_at: AtomicU64,
    pub(crate) began: Instant,
    waker: Mutex<Waker>,
    pacer: OnceLock<Thread>,
}

impl Shared {
    pub(crate) fn new(waker: Waker) -> Arc<Self> {
        Arc::new(Self {
            commands: ArrayQueue::new(COMMANDS),
            events: ArrayQueue::new(EVENTS),
            results: ArrayQueue::new(RESULTS),
            dirty: AtomicBool::new(true),
            red_thread: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            pushed_at: AtomicU64::new(0),
            began: Instant::now(),
            waker: Mutex::new(waker),
            pacer: OnceLock::new(),
        })
    }

    /// Microseconds since the session began.
    pub(crate) fn now_micros(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Names the pacer thread that steps this session; only the first call counts.
    pub(crate) fn attach(&self, pacer: Thread) {
        drop(self.pacer.set(pacer));
    }

    /// Makes the pacer look at this session now instead of at the next tick.
    pub(crate) fn poke(&self) {
        if !self.dirty.swap(true, Ordering::AcqRel)
            && let Some(pacer) = self.pacer.get()
        {
            pacer.unpark();
        }
    }

    /// Tells the transport that there is something to poll.
    pub(crate) fn wake(&self) {
        let waker = Arc::clone(&self.waker.lock().unwrap_or_else(PoisonError::into_inner));
        waker();
    }

    pub(crate) fn replace_waker(&self, waker: Waker) {
        *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = waker;
    }
}

impl Results for Shared {
    fn push(&self, posted: Posted) -> Result<(), Posted> {
        self.results.push(posted)
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn poke(&self) {
        Self::poke(self);
    }
}
