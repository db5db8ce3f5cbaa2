//! What is wanted of a transcription, and what comes of it.

use std::time::Instant;

use super::language::{Language, Spoken};

/// How much trouble to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pass {
    /// The best text that the model can give.
    #[default]
    Final,
    /// A first glimpse while somebody still speaks: less context, no second look.
    Partial,
}

/// How much silence the encoder sees after the sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Context {
    /// As little as serves, and more where the result looks unsound.
    #[default]
    Auto,
    /// Up to so many frames of 10 ms in all, and no second look: to measure with.
    Frames(usize),
}

/// What is wanted of a transcription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How much trouble to take.
    pub pass: Pass,
    /// Most tokens per window; the length of the sound bounds them too.
    pub max_tokens: usize,
    /// How much context the encoder gets.
    pub context: Context,
    /// Somebody who listened (a VAD) is sure that this is speech: then only strong evidence
    /// against a text drops it.
    pub voiced: bool,
    /// The language; by default the model finds out.
    pub language: Language,
    /// Whether the words' times are wanted, too: one more pass of the decoder per window.
    pub words: bool,
    /// Until when a text that is no good may be drawn anew with rising temperatures: no draw begins
    /// later, and one under way is given up then. `None`: until all are tried.
    pub deadline: Option<Instant>,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pass: Pass::Final,
            max_tokens: 220,
            context: Context::Auto,
            voiced: false,
            language: Language::AUTO,
            words: false,
            deadline: None,
            seed: 0,
        }
    }
}

impl Options {
    /// A glimpse of at most `max_tokens` tokens.
    pub fn partial(max_tokens: usize) -> Self {
        Self {
            pass: Pass::Partial,
            max_tokens,
            ..Self::default()
        }
    }
}

/// A word and when it is said.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// With its punctuation, without spaces around it.
    pub text: String,
    /// Where it begins, in seconds from the beginning of the sound.
    pub start_s: f32,
    /// Where it ends, in seconds from the beginning of the sound.
    pub end_s: f32,
    /// Mean probability of its tokens.
    pub probability: f32,
}

/// What was heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcription {
    /// The text; empty when nobody spoke.
    pub text: String,
    /// Its tokens, as the model gave them.
    pub tokens: Vec<u32>,
    /// Mean natural logarithm of the chosen tokens' probabilities; 0 without tokens.
    pub avg_logprob: f32,
    /// The highest probability, over the windows, that nobody speaks.
    pub no_speech: f32,
    /// The model fell into a loop, which was cut off.
    pub repeated: bool,
    /// How often a window was listened to once more, with more context.
    pub more_looks: usize,
    /// How often a window's text was drawn anew with a higher temperature.
    pub draws: usize,
    /// The language; `None` for a model that takes none, and where nothing was listened to.
    pub language: Option<Spoken>,
    /// The words with their times, where they were asked for.
    pub words: Vec<Word>,
}

/// With a higher chance that nobody speaks and a lower mean logarithm than these, a text is
/// doubtful. Whisper's own rule for silence is 0.6 and −1.0; hums that read as words lie at 0.54 to
/// 0.76 and −0.85 to −1.2, single words that are words at 0.2 to 0.45.
const DOUBT_NO_SPEECH: f32 = 0.5;
/// See [`DOUBT_NO_SPEECH`].
const DOUBT_LOGPROB: f32 = -0.8;

impl Transcription {
    /// Whether the text may well be made of a sound that is no word.
    pub fn is_doubtful(&self) -> bool {
        !self.text.is_empty()
            && self.no_speech >= DOUBT_NO_SPEECH
            && self.avg_logprob <= DOUBT_LOGPROB
    }
}
