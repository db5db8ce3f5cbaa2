//! What jobs bring back to their session's core.

use std::time::Duration;

use janet_talk::{Finish, PhraseId, ReplyId, Stage};

use crate::Cause;

/// One result of a job, with the attempt it belongs to.
pub(crate) struct Posted {
    pub(crate) reply: ReplyId,
    pub(crate) what: What,
}

/// The result itself.
pub(crate) enum What {
    Score(f32),
    Partial {
        text: String,
        /// See `Input::Partial`.
        doubtful: bool,
    },
    Transcript(String),
    Token(String),
    Generated {
        finish: Finish,
        /// The tokens as generated, for the history.
        ids: Vec<u32>,
        /// Prompt tokens found in the cache, and those that were not.
        cached: u32,
        new: u32,
    },
    /// Sound of a phrase at its voice's rate.
    Sound {
        phrase: PhraseId,
        samples: Vec<f32>,
        rate_hz: u32,
        upto_byte: usize,
        last: bool,
    },
    /// The speech server has not spoken the phrase that it was given, or not to its end.
    Unspoken,
    Spent {
        partial: bool,
        core: Duration,
    },
    /// Why `Failed` follows.
    Because(Cause),
    /// A request of other software ended because a conversation waited for its place.
    GaveWay,
    Failed(Stage),
}

/// Where jobs leave what they bring: a session's queue, or that of a request of other software.
pub(crate) trait Results: Send + Sync {
    /// Gives it back where there is no room.
    fn push(&self, posted: Posted) -> Result<(), Posted>;

    /// Whether nobody will take anything any more.
    fn is_closed(&self) -> bool;

    /// Makes the owner look.
    fn poke(&self);
}
