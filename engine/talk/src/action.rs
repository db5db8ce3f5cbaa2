//! Everything the conversation can ask for.

use crate::{Mono, PhraseId, ReplyId, UtteranceId};

/// Where the samples of a turn are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Span {
    /// Microphone samples between two moments (pre-roll included).
    Mic {
        /// First sample.
        from: Mono,
        /// Behind the last sample.
        to: Mono,
    },
    /// An uploaded utterance, whole.
    Upload(UtteranceId),
}

/// How sure a transcription has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Pass {
    /// While the user still speaks: lowest priority, may be dropped.
    Partial,
    /// Of a sound over her voice, while she is held: what it was is decided by it. Comes back as
    /// [`Input::Partial`](crate::Input::Partial).
    Overheard,
    /// Of a turn that may have ended.
    Final,
}

/// What a client shows of Janet's voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Voice {
    /// Sound of this reply begins.
    Started,
    /// Held back: somebody speaks, it is not yet clear whether to Janet.
    Paused,
    /// Goes on from where it was held.
    Resumed,
    /// All of it was played.
    Finished,
    /// Ended before its end.
    Stopped,
}

/// Why a released reply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Ending {
    /// Everything was generated, and heard if it was spoken.
    Complete,
    /// The user spoke over it, asked for silence, or went away.
    Interrupted,
    /// A stage failed.
    Failed,
    /// The red thread was pulled.
    RedThread,
}

/// One thing to do. The engine obeys in order and decides nothing.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Action {
    /// Ask Smart Turn whether the turn in these microphone samples is complete.
    ScoreTurn {
        /// Carried back by the answer.
        reply: ReplyId,
        /// First sample.
        from: Mono,
        /// Behind the last sample.
        to: Mono,
    },
    /// Turn samples into text.
    Transcribe {
        /// Carried back by the answer.
        reply: ReplyId,
        /// Which samples.
        span: Span,
        /// How sure.
        pass: Pass,
    },
    /// Put words that will not change any more into the language model's cache. No effect outside.
    Prefill {
        /// The attempt whose prompt this begins.
        reply: ReplyId,
        /// The user's words so far.
        text: String,
    },
    /// Start the language model on this user text. Nothing of it may leave before `Release`.
    Prepare {
        /// The attempt.
        reply: ReplyId,
        /// What the user said, whole.
        text: String,
    },
    /// Make sound of a phrase; it goes to staging until `Release`, behind what plays afterwards.
    Speak {
        /// The attempt.
        reply: ReplyId,
        /// Which phrase, in order from 0.
        phrase: PhraseId,
        /// What to say.
        text: String,
    },
    /// The reply is real from here on: its staged sound plays, its user text enters history.
    Release {
        /// The attempt.
        reply: ReplyId,
        /// What the user said, as history keeps it.
        user_text: String,
        /// True end of the user's speech (or the moment of the text), for the ledger.
        speech_end: Mono,
        /// Which request this answers, if it was a text or an upload.
        tag: Option<u32>,
    },
    /// The reply's text is long enough: end the language model's job, keep what was made. No
    /// `Generated` is needed; one that still comes is dropped.
    Enough {
        /// The reply.
        reply: ReplyId,
    },
    /// End every job of this reply and forget what it made that was not heard.
    ///
    /// What `Prefill` put into the language model's cache stays: it serves the next attempt.
    Cancel {
        /// The attempt.
        reply: ReplyId,
    },
    /// Hold the playout: fade out within 10 ms, keep the position.
    Pause,
    /// Go on from the held position with a fade in.
    Resume,
    /// Drop all sound that was not heard yet. Also ends a hold: what comes later plays at once.
    Flush,
    /// Words of the user, to be shown. Never kept.
    ShowTranscript {
        /// All words of the turn so far.
        text: String,
        /// Whether they are final.
        last: bool,
        /// Where the turn's speech began.
        from: Mono,
        /// Where it ended, so far.
        to: Mono,
    },
    /// Text of a released reply, to be shown.
    ShowDelta {
        /// The reply.
        reply: ReplyId,
        /// Text that follows what was shown before.
        text: String,
    },
    /// What a client shows of her voice.
    ShowVoice {
        /// The reply.
        reply: ReplyId,
        /// What changed.
        voice: Voice,
    },
    /// A released reply has ended; `text` is what history keeps of it.
    Finish {
        /// The reply.
        reply: ReplyId,
        /// What was generated, if written only; what was heard, if spoken.
        text: String,
        /// All that was shown to the client as text.
        shown: String,
        /// Why it ended.
        ending: Ending,
    },
    /// Somebody spoke, but nothing was understood or meant for Janet; nothing is answered.
    Disregard {
        /// The attempt that ends here.
        reply: ReplyId,
        /// Which request stays unanswered, if it was one.
        tag: Option<u32>,
        /// What kept it from being answered.
        why: Why,
    },
    /// The red thread was pulled by the user's words. First of all that follows from it; from here on
    /// nothing leaves until it is cleared. Not said where it was pulled from outside.
    RedThread {
        /// They were spoken, not typed.
        by_voice: bool,
    },
    /// The words of a turn or a request are for somebody else ([`Input::Text`](crate::Input::Text),
    /// `taken`): nothing is answered, and whoever takes them is told now, once.
    Command {
        /// The attempt that ends here.
        reply: ReplyId,
        /// What the user said or typed.
        user_text: String,
        /// True end of the user's speech (or the moment of the text), for the ledger.
        speech_end: Mono,
        /// Which request it was, if it was a text or an upload.
        tag: Option<u32>,
        /// It was spoken, not typed.
        spoken: bool,
    },
    /// A given text is said now: it is shown whole, and what is made of it plays.
    Announce {
        /// The reply that says it.
        reply: ReplyId,
        /// Whoever gave the text knows it by this.
        id: u32,
        /// What is said.
        text: String,
        /// Whether it is spoken as well as shown.
        spoken: bool,
    },
    /// An announcement has ended, or was not made.
    AnnouncementOver {
        /// The reply that said it; `None`: it never began.
        reply: Option<ReplyId>,
        /// Whoever gave the text knows it by this.
        id: u32,
        /// What history keeps of it: what was heard if spoken, all of it if shown only.
        text: String,
        /// It was played to its end.
        heard: bool,
    },
    /// Nothing has happened for the configured time.
    Idle,
}

/// What keeps a turn or a request from being answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Why {
    /// There were no words in it.
    NoWords,
    /// Too many requests were waiting.
    TooMany,
    /// Its transcript could not be made, or not in time.
    Failed,
    /// Everything was ended: nobody is there any more.
    Ended,
    /// The red thread is pulled.
    RedThread,
}
