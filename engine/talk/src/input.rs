//! Everything the conversation can be told.

use std::time::Duration;

use crate::{Mono, PhraseId, ReplyId, UtteranceId};

/// How the microphone is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MicMode {
    /// The end of a turn is found by listening.
    HandsFree,
    /// The client says where a turn ends ([`Input::Commit`]); pauses inside it never end it.
    PushToTalk,
}

/// Which stage of a reply's work could not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Stage {
    /// End-of-turn score.
    Turn,
    /// Speech to text.
    Transcribe,
    /// Language model.
    Generate,
    /// Text to speech.
    Speak,
}

/// Why a language model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Finish {
    /// It said all it had to say.
    Complete,
    /// Its token limit was reached; the text may end in mid-sentence.
    Length,
}

/// Whose voice a window of the microphone holds, told by comparing it with what was played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Whose {
    /// It was not compared.
    #[default]
    Unknown,
    /// Mostly her own.
    Hers,
    /// Not hers, or hardly.
    NotHers,
}

/// One thing that happened. `now` beside it is the session's clock; an `at` inside it is the
/// moment of the audio sample it speaks of, which is earlier.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Input {
    /// The microphone was opened (`audio_start`).
    MicOpen(MicMode),
    /// The microphone was closed (`audio_stop`) or its client went away. An open turn is
    /// committed if it holds speech.
    MicClose,
    /// One 32 ms window of the microphone was judged.
    Vad {
        /// The moment of the window's last sample.
        at: Mono,
        /// Probability of speech, 0 to 1. Windows under the energy gate come as 0.
        speech: f32,
        /// Level of the window in dBFS (−120 for digital silence); where it was compared with her
        /// voice and is not hers, less what of it is.
        level_db: f32,
        /// What comparing it with her voice said.
        #[cfg_attr(feature = "serde", serde(default))]
        whose: Whose,
    },
    /// From here on windows count as speech by these thresholds instead of the configuration's
    /// ([`crate::Config::speech_on`], [`crate::Config::speech_off`]). Without effect unless
    /// `off` is under `on`.
    Thresholds {
        /// A window at or over this probability is speech.
        on: f32,
        /// A window under this is not speech any more.
        off: f32,
    },
    /// Push-to-talk: the turn ends here (`audio_end`).
    Commit,
    /// A whole utterance was uploaded; never endpointed.
    Utterance {
        /// Under which the engine keeps its samples.
        id: UtteranceId,
        /// Whether the answer is spoken as well as written.
        speak: bool,
        /// The engine's name for this request; comes back in `Release`, `Command` or `Disregard`.
        tag: u32,
    },
    /// The user typed a message. Already gated.
    Text {
        /// What was typed.
        text: String,
        /// Whether the answer is spoken as well as written.
        speak: bool,
        /// The engine's name for this request; comes back in `Release`, `Command` or `Disregard`.
        tag: u32,
        /// Somebody else takes these words: they are no question to her.
        #[cfg_attr(feature = "serde", serde(default))]
        taken: bool,
    },
    /// A text that she is to say, in turn with everything else. Refused where too many wait.
    Announce {
        /// Comes back in `Announce` and `AnnouncementOver`.
        id: u32,
        /// What she says.
        text: String,
    },
    /// An announcement is of no use any more, whether it waits or is being said.
    Retract {
        /// Which.
        id: u32,
    },
    /// Smart Turn's answer to [`crate::Action::ScoreTurn`].
    TurnScore {
        /// The attempt it belongs to.
        reply: ReplyId,
        /// Probability that the turn is complete, 0 to 1.
        complete: f32,
    },
    /// A partial transcript of the running turn. Already gated. Empty: no speech heard yet.
    Partial {
        /// The attempt it belongs to.
        reply: ReplyId,
        /// All words of the turn so far.
        text: String,
        /// The recogniser itself doubts that these are words: a hum or a sigh often reads as some.
        #[cfg_attr(feature = "serde", serde(default))]
        doubtful: bool,
    },
    /// The transcript of a whole turn. Already gated. Empty: no speech in it.
    Transcript {
        /// The attempt it belongs to.
        reply: ReplyId,
        /// All words of the turn.
        text: String,
        /// Somebody else takes these words, if they are all that was said.
        #[cfg_attr(feature = "serde", serde(default))]
        taken: bool,
    },
    /// The language model went on by some text (never empty).
    Token {
        /// The attempt it belongs to.
        reply: ReplyId,
        /// Text that follows what came before.
        text: String,
    },
    /// The language model has ended.
    Generated {
        /// The attempt it belongs to.
        reply: ReplyId,
        /// Why.
        finish: Finish,
    },
    /// Sound of a phrase was made and lies in the staging buffer or behind what plays.
    Voiced {
        /// The attempt it belongs to.
        reply: ReplyId,
        /// Which phrase; phrases come in order.
        phrase: PhraseId,
        /// Samples added at the play rate.
        samples: u32,
        /// The phrase's text is spoken up to this byte once these samples were heard.
        upto_byte: usize,
        /// Whether the phrase is complete with these samples.
        last: bool,
    },
    /// The newest sound of the phrase at the voice will not be played after all: the phrase is
    /// made anew, from its first word.
    TakenBack {
        /// The attempt it belongs to.
        reply: ReplyId,
        /// Which phrase; the one that is not complete.
        phrase: PhraseId,
        /// Samples taken away at the play rate.
        samples: u32,
    },
    /// The ear has heard this reply's sound up to `sample` (counted from 0 within the reply).
    Heard {
        /// The reply that plays.
        reply: ReplyId,
        /// Samples of this reply heard so far; never goes back.
        sample: u64,
    },
    /// Core time that jobs of this attempt have taken since the last report.
    Spent {
        /// The attempt.
        reply: ReplyId,
        /// Whether the work was a partial transcript (its own budget) or speculation.
        partial: bool,
        /// Core time.
        core: Duration,
    },
    /// A stage failed; the reply it belongs to cannot go on with it.
    Failed {
        /// The attempt it belongs to.
        reply: ReplyId,
        /// Where.
        stage: Stage,
    },
    /// The client asks her to be silent at once (`interrupt`).
    Interrupt,
    /// The conversation is put on hold: her voice stays where it is, the microphone is not heard until
    /// [`Input::GoOn`]. An open turn is committed if it holds speech.
    Hold,
    /// The conversation goes on, her voice from where it was held. So it does when the microphone is
    /// opened or closed.
    GoOn,
    /// The red thread, pulled from outside: everything stops and nothing leaves until
    /// [`Input::RedThreadCleared`]. The user's own words pull it as well, wherever they come in
    /// ([`crate::red_thread::pulls`]).
    RedThread,
    /// The operator cleared the red thread.
    RedThreadCleared,
    /// The last client of the session went away; speech stops, history stays.
    Gone,
}
