//! What jobs bring back to their session's core.

use std::time::Duration;

use janet_models::visemes::VisemeFrame;
use janet_models::vits::PhonemeTime;
use janet_talk::{Finish, PhraseId, ReplyId, Stage};

use crate::Cause;

/// One result of a job, with the attempt it belongs to.
pub(crate) struct Posted {
    pub(crate) reply: ReplyId,
    pub(crate) what: What,
}

/// Sound of a phrase, at its voice's rate.
pub(crate) struct Piece {
    pub(crate) phrase: PhraseId,
    pub(crate) samples: Vec<f32>,
    pub(crate) rate_hz: u32,
    /// The phrase's text is said up to here once this was heard.
    pub(crate) upto_byte: usize,
    /// Whether the phrase is complete with it.
    pub(crate) last: bool,
    /// By what a mouth follows this phrase.
    pub(crate) mouth: Mouth,
}

/// By what a mouth follows a phrase.
pub(crate) enum Mouth {
    /// By the times of its phonemes: those that are known since the piece before, in samples since the
    /// phrase began.
    Phonemes(Vec<PhonemeTime>),
    /// By its sound alone: whoever speaks it tells no phonemes. The frames that are known since the
    /// piece before, counted from where the phrase began.
    Audio(Vec<VisemeFrame>),
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
    /// What is remembered of the user that matters to the attempt's words.
    Recalled(Option<String>),
    Token(String),
    Generated {
        finish: Finish,
        /// The tokens as generated, for the history.
        ids: Vec<u32>,
        /// Prompt tokens found in the cache, and those that were not.
        cached: u32,
        new: u32,
    },
    Sound(Piece),
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
