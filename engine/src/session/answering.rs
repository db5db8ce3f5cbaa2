//! The engine's end of an answer that another process makes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use janet_talk::{Finish, ReplyId, Stage};

use super::jobs::Outbox;
use super::posted::What;
use super::shared::Shared;
use super::thoughts::Thoughts;
use crate::arbiter::Ticket;

/// Takes an answer as it is made. Dropping it before [`Answering::done`] means that the answer
/// failed: with nothing shown so far the engine's own model is asked, else the reply ends there.
pub struct Answering {
    out: Outbox,
    shared: Arc<Shared>,
    ticket: Ticket,
    thoughts: Thoughts,
    ended: bool,
}

impl Answering {
    /// For one attempt, with the ticket by which the session calls it off.
    pub(super) fn new(shared: &Arc<Shared>, reply: ReplyId) -> (Self, Ticket) {
        let ticket = Ticket::default();
        let answering = Self {
            out: Outbox::new(shared, reply),
            shared: Arc::clone(shared),
            ticket: ticket.clone(),
            thoughts: Thoughts::default(),
            ended: false,
        };
        (answering, ticket)
    }

    /// Whether somebody still waits for it.
    pub fn is_wanted(&self) -> bool {
        !self.ticket.is_cancelled() && !self.shared.closed.load(Ordering::Acquire)
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

    /// Text that follows what came before; whether there is now something to show. Thoughts in
    /// `<think>` are not.
    pub fn text(&mut self, text: &str) -> bool {
        let text = self.thoughts.pass(text);
        self.show(text)
    }

    /// The answer has failed.
    pub fn failed(&mut self) {
        self.ended = true;
        self.out.post(What::Failed(Stage::Generate));
    }

    /// The answer is complete, or as long as it may be.
    pub fn done(&mut self, complete: bool) {
        self.ended = true;
        let rest = self.thoughts.end();
        self.show(rest);
        let finish = if complete {
            Finish::Complete
        } else {
            Finish::Length
        };
        self.out.post(What::Generated {
            finish,
            ids: Vec::new(),
            cached: 0,
            new: 0,
        });
    }
}

impl Answering {
    fn show(&mut self, text: String) -> bool {
        let shows = !text.trim().is_empty();
        if !text.is_empty() {
            self.out.post(What::Token(text));
        }
        shows
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        if !self.ended && self.is_wanted() {
            self.failed();
        }
        self.ticket.end();
        self.shared.poke();
    }
}

impl fmt::Debug for Answering {
    /// Says nothing of what was said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answering")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
