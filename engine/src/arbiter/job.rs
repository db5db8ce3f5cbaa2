//! One piece of model work that goes forward in bounded steps.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// Who goes first when permits are short: earlier variants before later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Sound that somebody is waiting for: the first chunk of a phrase.
    FirstSound,
    /// A turn that may be over: end-of-turn score and final transcript.
    Final,
    /// The language model's tokens.
    Token,
    /// Sound behind what already plays.
    MoreSound,
    /// Work ahead of time: partial transcripts, prefill while somebody speaks.
    Partial,
    /// What other software asked for: it takes what conversations leave.
    Request,
}

impl Class {
    /// Every class, first served first.
    pub const ALL: [Self; 6] = [
        Self::FirstSound,
        Self::Final,
        Self::Token,
        Self::MoreSound,
        Self::Partial,
        Self::Request,
    ];

    /// The name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstSound => "first_sound",
            Self::Final => "final",
            Self::Token => "token",
            Self::MoreSound => "more_sound",
            Self::Partial => "partial",
            Self::Request => "request",
        }
    }
}

/// What a step leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There is more to do.
    Again,
    /// Nothing is left; the job is dropped.
    Done,
}

/// Model work. It owns its state and posts its results itself.
pub trait Job: Send {
    /// Goes forward by at most ~20 ms of work.
    fn step(&mut self) -> Outcome;

    /// The class it runs in; may change from step to step.
    fn class(&self) -> Class;
}

#[derive(Default)]
struct Flags {
    cancelled: AtomicBool,
    ended: AtomicBool,
    /// Called at the first `cancel`, for work that waits somewhere else than in the queue.
    on_cancel: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

/// The owner's end of a submitted job.
#[derive(Clone, Default)]
pub struct Ticket(Arc<Flags>);

impl Ticket {
    /// The job is dropped before its next step.
    pub fn cancel(&self) {
        if !self.0.cancelled.swap(true, Ordering::AcqRel)
            && let Some(tell) = self.0.on_cancel.get()
        {
            tell();
        }
    }

    /// Calls `tell` when somebody cancels; at once if somebody has. Only the first call counts.
    pub(crate) fn on_cancel(&self, tell: Box<dyn Fn() + Send + Sync>) {
        drop(self.0.on_cancel.set(tell));
        // Cancelled in between: then `cancel` may have found nobody to tell.
        if self.is_cancelled()
            && let Some(tell) = self.0.on_cancel.get()
        {
            tell();
        }
    }

    /// Whether `cancel` was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    /// Whether the job and all that it held are gone.
    pub fn has_ended(&self) -> bool {
        self.0.ended.load(Ordering::Acquire)
    }

    pub(crate) fn end(&self) {
        self.0.ended.store(true, Ordering::Release);
    }
}

/// A job in the queue: ordered by class, then deadline, then arrival.
pub(super) struct Queued {
    pub(super) class: Class,
    pub(super) deadline: Instant,
    pub(super) arrival: u64,
    pub(super) ticket: Ticket,
    /// `None` only after the job was taken out to be dropped.
    pub(super) job: Option<Box<dyn Job>>,
    /// Called when the job is gone, so that its owner looks.
    pub(super) wake: Arc<dyn Fn() + Send + Sync>,
}

impl Drop for Queued {
    fn drop(&mut self) {
        // The job first: whoever sees `has_ended` may rely on its slots being free.
        self.job = None;
        self.ticket.end();
        (self.wake)();
    }
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.arrival == other.arrival
    }
}
impl Eq for Queued {}
impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Queued {
    /// The greatest is served first (`BinaryHeap`), so everything is turned round.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.class, other.deadline, other.arrival).cmp(&(self.class, self.deadline, self.arrival))
    }
}
