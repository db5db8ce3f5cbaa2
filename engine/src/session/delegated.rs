//! The engine's end of work that another process does for one reply.

use std::fmt;
use std::sync::Arc;

use janet_talk::ReplyId;

use super::jobs::Outbox;
use super::posted::{Results, What};
use crate::arbiter::Ticket;

/// Takes what comes of a piece of work as it is made. Dropping it before its end means that the
/// work failed, and the engine's own models take over; where the session's queue is full at that
/// moment, once the reply has waited too long.
pub struct Delegated<W: Work> {
    pub(super) work: W,
    out: Outbox,
    ticket: Ticket,
    ended: bool,
}

/// What is done: [`Answer`](super::Answer) or [`Speech`](super::Speech).
pub trait Work: fmt::Debug + Send + 'static {
    #[doc(hidden)]
    fn failure(&self) -> Failure;
}

/// What the session is told where the work failed.
pub struct Failure(pub(super) What);

impl<W: Work> Delegated<W> {
    /// For one attempt, with the ticket by which the session calls it off.
    pub(crate) fn new<R: Results + 'static>(
        to: &Arc<R>,
        reply: ReplyId,
        work: W,
    ) -> (Self, Ticket) {
        let ticket = Ticket::default();
        let delegated = Self {
            work,
            out: Outbox::new(to, reply),
            ticket: ticket.clone(),
            ended: false,
        };
        (delegated, ticket)
    }

    /// Whether somebody still waits for it.
    pub fn is_wanted(&self) -> bool {
        !self.ticket.is_cancelled() && self.out.is_wanted()
    }

    /// Calls `tell` once nobody waits any more, from any thread; at once if that is so already. It
    /// must not block.
    pub fn on_unwanted(&self, tell: impl Fn() + Send + Sync + 'static) {
        self.ticket.on_cancel(Box::new(tell));
    }

    /// Whether what was handed in before has reached the session. While it has not, its queue is
    /// full: the sender waits a moment and asks again before it hands in more.
    pub fn is_through(&mut self) -> bool {
        self.out.send()
    }

    /// The work has failed, or will not come to its end.
    pub fn failed(&mut self) {
        let Failure(what) = self.work.failure();
        self.end(what);
    }

    pub(super) fn post(&mut self, what: What) {
        self.out.post(what);
    }

    /// Posts the last of it.
    pub(super) fn end(&mut self, what: What) {
        self.ended = true;
        self.out.post(what);
    }
}

impl<W: Work> Drop for Delegated<W> {
    fn drop(&mut self) {
        if !self.ended && self.is_wanted() {
            self.failed();
        }
        self.ticket.end();
        self.out.poke();
    }
}

impl<W: Work> fmt::Debug for Delegated<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delegated")
            .field("work", &self.work)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
