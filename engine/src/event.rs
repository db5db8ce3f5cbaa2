//! What a session tells its client.

use serde::{Deserialize, Serialize};

use crate::session::Act;
pub use janet_talk::{Ending, ReplyId, Voice, Why};

/// One thing a client has to know. Order is kept; the queue is bounded.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Words of the user while and after they are spoken. To be shown, never stored.
    Transcript {
        /// All words of the turn so far, gated.
        text: String,
        /// Whether they are final.
        last: bool,
        /// Where the turn's speech began, in ms since the session began.
        start_ms: u64,
        /// Where it ended so far.
        end_ms: u64,
    },
    /// A reply became real: its user text is part of the conversation from here on.
    /// The gateway stores the text before it passes anything of this reply on.
    Released {
        /// The reply.
        reply: ReplyId,
        /// What the user said or typed, gated.
        user_text: String,
        /// The request that this answers (`Session::text`, `Session::utterance`); `None` by voice.
        tag: Option<u32>,
        /// Whether it is spoken.
        speak: bool,
    },
    /// Text that follows what was shown before.
    Delta {
        /// The reply.
        reply: ReplyId,
        /// The text.
        text: String,
    },
    /// Her voice began, was held, went on or ended.
    Speaking {
        /// The reply.
        reply: ReplyId,
        /// What changed.
        voice: Voice,
    },
    /// More words of a reply that is streamed by voice were heard.
    Heard {
        /// The reply.
        reply: ReplyId,
        /// Characters of its text, from its beginning to the end of the last word heard.
        chars: usize,
    },
    /// How she means what she says from this sample of her voice on, or what she does at it.
    Acts {
        /// Position in her voice at 48 kHz, modulo 2³², as in `FaceFrame`.
        at_sample: u32,
        /// What.
        act: Act,
    },
    /// A reply has ended.
    Finished {
        /// The reply.
        reply: ReplyId,
        /// The request that this answers.
        tag: Option<u32>,
        /// What the user said or typed.
        user_text: String,
        /// What history keeps: what was heard if spoken, else all of it.
        text: String,
        /// All that was shown as text.
        shown: String,
        /// Why it ended.
        ending: Ending,
        /// When each stage was through, for this turn.
        ledger: Ledger,
        /// For an utterance or message that asked for a whole spoken file: the sound, mono.
        sound: Option<Vec<f32>>,
        /// Samples per second of `sound`.
        sound_rate_hz: u32,
        /// What went wrong, if [`Ending::Failed`] is why it ended.
        cause: Option<Cause>,
    },
    /// Somebody spoke but nothing was meant for Janet, or it cannot be answered.
    Disregarded {
        /// The request that stays unanswered, if it was one.
        tag: Option<u32>,
        /// What kept it from being answered.
        why: Why,
    },
    /// The user's words have pulled the red thread: everything has ended, and nothing is answered or said
    /// until [`Session::red_thread`](crate::Session::red_thread) clears it. Told before what follows from
    /// it. Not told where it was pulled from outside.
    RedThread {
        /// They were spoken, not typed.
        by_voice: bool,
    },
    /// The user's words are the [attendant's](crate::ports::Attendant): nothing is answered. Told once, at
    /// the end of the turn; an echo of her own voice does not come so far.
    Command {
        /// What the user said or typed, gated.
        user_text: String,
        /// The request that it was (`Session::text`, `Session::utterance`); `None` by voice.
        tag: Option<u32>,
        /// It was spoken, not typed.
        spoken: bool,
    },
    /// She begins to say a given text. It is told whole; what follows of this reply is `Speaking`,
    /// `Heard` and `Acts`, where it is spoken, and `AnnouncementOver`.
    Announced {
        /// The reply that says it.
        reply: ReplyId,
        /// The name that it was given.
        id: u32,
        /// The text.
        text: String,
        /// Whether it is spoken as well as shown.
        spoken: bool,
    },
    /// An announcement has ended, or was not made.
    AnnouncementOver {
        /// The reply that said it; `None`: it never began.
        reply: Option<ReplyId>,
        /// The name that it was given.
        id: u32,
        /// What history keeps: what was heard if spoken, else all of it.
        text: String,
        /// It was played to its end, by the ear's account.
        heard: bool,
    },
    /// `Session::detach` was obeyed: everything that was said until then has been told.
    Detached,
    /// Nothing happened for the configured time.
    Idle,
}

/// What keeps a reply from being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The language model cannot take in the question: its instructions and the user's words alone
    /// need more than its context has room for.
    TooLong {
        /// Tokens of both, at least.
        tokens: usize,
        /// Tokens that there is room for.
        limit: usize,
    },
    /// A model failed.
    Fault,
    /// Nothing failed: it was not made in time, because others were.
    Late,
}

impl Event {
    /// Whether a client that misses it can still be told the truth: the final text holds every
    /// delta, and what she does shows.
    pub(crate) const fn can_be_missed(&self) -> bool {
        matches!(
            self,
            Self::Transcript { .. }
                | Self::Delta { .. }
                | Self::Speaking { .. }
                | Self::Heard { .. }
                | Self::Acts { .. }
                | Self::Idle
        )
    }
}

/// A stage that a turn has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The end of the turn was decided.
    Decision,
    /// Smart Turn's answer was there.
    TurnScore,
    /// The final transcript was there.
    Transcript,
    /// The language model's first token.
    LlmFirst,
    /// The language model's last token.
    LlmLast,
    /// The first sound of the first phrase.
    TtsFirst,
    /// The first sample was handed to the transport.
    FirstAudio,
    /// The client reported it as played.
    FirstHeard,
}

/// When each stage of one turn was through: milliseconds from the true end of speech (negative:
/// before it, by speculation).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// Marks in the order in which they were passed.
    pub marks: Vec<(Mark, i64)>,
    /// How often a speculation was started for this turn.
    pub speculations: u32,
    /// Prompt tokens that were already in the cache, and those that were not.
    pub prompt_cached: u32,
    /// See `prompt_cached`.
    pub prompt_new: u32,
}

impl Mark {
    /// The name on the wire and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::TurnScore => "turn_score",
            Self::Transcript => "transcript",
            Self::LlmFirst => "llm_first",
            Self::LlmLast => "llm_last",
            Self::TtsFirst => "tts_first",
            Self::FirstAudio => "first_audio",
            Self::FirstHeard => "first_heard",
        }
    }

    /// The name for people; the page's drawing has the same.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Decision => "Decided to answer",
            Self::TurnScore => "End of turn judged",
            Self::Transcript => "Speech to text",
            Self::LlmFirst => "First word thought",
            Self::LlmLast => "Last word thought",
            Self::TtsFirst => "First sound made",
            Self::FirstAudio => "First sound sent",
            Self::FirstHeard => "First sound heard",
        }
    }
}

impl Ledger {
    /// When a stage was through, in ms from the end of speech.
    pub fn at(&self, mark: Mark) -> Option<i64> {
        self.marks
            .iter()
            .find(|(known, _)| *known == mark)
            .map(|(_, at)| *at)
    }

    /// Adds this turn to the metrics; what was done ahead of time counts as 0.
    pub(crate) fn measure(&self) {
        for (mark, at) in &self.marks {
            let seconds = (*at).max(0) as f64 / 1e3;
            metrics::histogram!("janet_turn_mark_seconds", "mark" => mark.name()).record(seconds);
        }
    }
}
