//! The engine's end of a phrase that another process speaks.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use janet_talk::{PhraseId, ReplyId};

use super::jobs::Outbox;
use super::posted::What;
use super::shared::Shared;
use crate::arbiter::Ticket;

/// Takes the sound of one phrase as it is made. Dropping it before [`Voicing::done`] means that the
/// phrase was not spoken: the engine's own voice speaks it instead, from its first word.
pub struct Voicing {
    out: Outbox,
    shared: Arc<Shared>,
    ticket: Ticket,
    phrase: PhraseId,
    text_bytes: usize,
    rate_hz: u32,
    ended: bool,
}

impl Voicing {
    /// For one phrase of `text_bytes`, with the ticket by which the session calls it off.
    pub(super) fn new(
        shared: &Arc<Shared>,
        reply: ReplyId,
        (phrase, text_bytes): (PhraseId, usize),
    ) -> (Self, Ticket) {
        let ticket = Ticket::default();
        let voicing = Self {
            out: Outbox::new(shared, reply),
            shared: Arc::clone(shared),
            ticket: ticket.clone(),
            phrase,
            text_bytes,
            rate_hz: 24_000,
            ended: false,
        };
        (voicing, ticket)
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

    /// Sound that follows what came before (mono, −1 to 1); the phrase's text is said up to
    /// `upto_byte` once it was heard.
    pub fn sound(&mut self, samples: Vec<f32>, rate_hz: u32, upto_byte: usize) {
        self.rate_hz = rate_hz;
        self.post(samples, upto_byte, false);
    }

    /// The phrase is complete.
    pub fn done(&mut self) {
        self.ended = true;
        self.post(Vec::new(), self.text_bytes, true);
    }

    /// The phrase is not spoken, or not to its end.
    pub fn failed(&mut self) {
        self.ended = true;
        self.out.post(What::Unspoken);
    }

    fn post(&mut self, samples: Vec<f32>, upto_byte: usize, last: bool) {
        self.out.post(What::Sound {
            phrase: self.phrase,
            samples,
            rate_hz: self.rate_hz,
            upto_byte,
            last,
        });
    }
}

impl Drop for Voicing {
    fn drop(&mut self) {
        if !self.ended && self.is_wanted() {
            self.failed();
        }
        self.ticket.end();
        self.shared.poke();
    }
}

impl fmt::Debug for Voicing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Voicing")
            .field("phrase", &self.phrase)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
