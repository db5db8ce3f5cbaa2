//! One piece of sound on its way to text.
//!
//! Cuts long sound into windows, gives the encoder no more context than the sound needs, decodes
//! greedily, and listens again with more context when the result looks unsound.

use std::mem;
use std::ops::Range;

use candle_core::Tensor;

use super::decoder::Context as Seen;
use super::encoder::Encoding;
use super::judge::{self, Hypothesis, Look};
use super::model::Whisper;
use super::text;
use crate::mel::HOP_SAMPLES;
use crate::{ModelError, Step};

/// Samples per second.
const RATE_HZ: usize = 16_000;
/// Most sound per window; the model was trained on 30 s.
const WINDOW_SAMPLES: usize = 28 * RATE_HZ;
/// A longer sound is cut at its quietest moment in this last part of a window.
const CUT_SEARCH_SAMPLES: usize = 8 * RATE_HZ;
/// Sound shorter than this cannot hold a word.
const LEAST_SAMPLES: usize = RATE_HZ / 20;

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
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pass: Pass::Final,
            max_tokens: 220,
            context: Context::Auto,
            voiced: false,
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

/// A transcription under way.
#[derive(Debug)]
pub struct TranscribeJob {
    whisper: Whisper,
    pcm: Vec<f32>,
    options: Options,
    judged: bool,
    windows: Vec<Range<usize>>,
    window: usize,
    /// What the looks before gave, while the next is on.
    best: Option<Hypothesis>,
    look: Look,
    stage: Stage,
    heard: Transcription,
    parts: Vec<String>,
    logprob_sum: f32,
}

#[derive(Debug)]
enum Stage {
    Listen,
    Encode(Encoding),
    Attune { sound: Tensor, seen: Seen },
    Decode { seen: Seen, so_far: Hypothesis },
    Over,
}

impl TranscribeJob {
    pub(super) fn new(whisper: &Whisper, pcm: Vec<f32>, options: Options) -> Self {
        Self {
            windows: windows(&pcm),
            whisper: whisper.clone(),
            pcm,
            options,
            judged: true,
            window: 0,
            best: None,
            look: Look::Short,
            stage: Stage::Listen,
            heard: Transcription::default(),
            parts: Vec::new(),
            logprob_sum: 0.0,
        }
    }

    /// A job that runs all its parts whatever the sound is.
    pub(super) fn unjudged(whisper: &Whisper, pcm: Vec<f32>, options: Options) -> Self {
        Self {
            judged: false,
            ..Self::new(whisper, pcm, options)
        }
    }

    /// Goes one step further.
    pub fn step(&mut self) -> Result<Step<Transcription>, ModelError> {
        match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Listen if self.windows.is_empty() => {}
            Stage::Listen => self.listen()?,
            Stage::Encode(mut encoding) => {
                self.stage = match encoding.step()? {
                    Step::More => Stage::Encode(encoding),
                    Step::Ready(sound) => Stage::Attune {
                        sound: self.with_quiet(sound)?,
                        seen: Seen::begin(&self.whisper.parts.decoder, self.token_room())?,
                    },
                };
            }
            Stage::Attune { sound, mut seen } => {
                self.stage = if seen.listen(&sound)? {
                    Stage::Decode {
                        seen,
                        so_far: Hypothesis::default(),
                    }
                } else {
                    Stage::Attune { sound, seen }
                };
            }
            Stage::Decode { seen, so_far } => self.decode(seen, so_far)?,
            Stage::Over => {
                return Err(ModelError::Input {
                    what: "transcription",
                    reason: "stepped after its end".to_owned(),
                });
            }
        }
        if self.window < self.windows.len() {
            return Ok(Step::More);
        }
        self.stage = Stage::Over;
        Ok(Step::Ready(self.finish()))
    }

    /// The sound of the window at hand.
    fn sound(&self) -> &[f32] {
        &self.pcm[self.windows[self.window].clone()]
    }

    /// Tokens that the decoder must have room for.
    fn token_room(&self) -> usize {
        self.whisper.parts.vocabulary.prompt.len() + self.token_limit() + 1
    }

    fn token_limit(&self) -> usize {
        judge::most_tokens(self.sound().len()).min(self.options.max_tokens)
    }

    fn listen(&mut self) -> Result<(), ModelError> {
        let sound = self.sound();
        if self.judged && judge::is_silent(sound) {
            self.heard.no_speech = 1.0;
            self.window += 1;
            self.stage = Stage::Listen;
            return Ok(());
        }
        let parts = &self.whisper.parts;
        let full = 2 * parts.encoder.positions();
        // Two more frames: the last samples reach into the windows of the next ones.
        let real = (sound.len() / HOP_SAMPLES + 2).min(full);
        let context = match self.options.context {
            Context::Frames(frames) => frames,
            Context::Auto => self.look.frames(real, full),
        };
        let context = context.max(real).next_multiple_of(2).min(full);
        let mel = parts.mel.spectrogram(sound, real);
        let mut frames = mel.values;
        frames.resize(context * mel.bands, mel.silence);
        self.stage = Stage::Encode(Encoding::begin(&parts.encoder, &frames)?);
        Ok(())
    }

    /// What the encoder made of the sound, with what it makes of silence behind it.
    fn with_quiet(&self, sound: Tensor) -> Result<Tensor, ModelError> {
        let quiet = &self.whisper.parts.quiet;
        let (heard, all) = (sound.dim(0)?, quiet.dim(0)?);
        if self.options.context != Context::Auto || heard >= all {
            return Ok(sound);
        }
        let rest = quiet.narrow(0, heard, all - heard)?;
        Ok(Tensor::cat(&[sound, rest], 0)?)
    }

    fn decode(&mut self, mut seen: Seen, mut so_far: Hypothesis) -> Result<(), ModelError> {
        let vocabulary = &self.whisper.parts.vocabulary;
        let scores = if seen.is_empty() {
            let scores = seen.advance(&vocabulary.prompt)?;
            if let Some(id) = vocabulary.no_speech {
                so_far.no_speech = probability(&scores.get(0)?.to_vec1()?, id);
            }
            scores
        } else {
            let last = so_far.tokens.last().copied();
            seen.advance(&[last.expect("every step but the first has chosen a token")])?
        };
        let mut scores: Vec<f32> = scores.get(scores.dim(0)? - 1)?.to_vec1()?;
        if so_far.tokens.is_empty() {
            so_far.end_first = probability(&scores, vocabulary.end);
            suppress(&mut scores, &vocabulary.suppressed_first);
        }
        suppress(&mut scores, &vocabulary.suppressed);
        scores.truncate(vocabulary.end as usize + 1);
        let (token, logprob) = best(&scores);
        so_far.logprob_sum += logprob;
        if token == vocabulary.end {
            so_far.ended = true;
        } else {
            so_far.tokens.push(token);
            so_far.looping = judge::looping(&so_far.tokens);
        }
        let full = so_far.tokens.len() >= self.token_limit() || !seen.has_room(1);
        if so_far.ended || so_far.looping.is_some() || full {
            self.conclude(so_far)
        } else {
            self.stage = Stage::Decode { seen, so_far };
            Ok(())
        }
    }

    /// Decides about a window's hypothesis: take it, drop it, or listen again.
    fn conclude(&mut self, hypothesis: Hypothesis) -> Result<(), ModelError> {
        self.stage = Stage::Listen;
        let text = self.whisper.parts.vocabulary.text(&hypothesis.tokens)?;
        let next = self.look.next(&hypothesis, &text, self.options.voiced);
        let best = match self.best.take() {
            Some(before) => judge::better(before, hypothesis),
            None => hypothesis,
        };
        let final_auto = self.options.pass == Pass::Final && self.options.context == Context::Auto;
        match next {
            Some(next) if final_auto => {
                self.heard.more_looks += 1;
                self.look = next;
                self.best = Some(best);
            }
            _ => {
                self.take(&best)?;
                self.look = Look::Short;
                self.window += 1;
            }
        }
        Ok(())
    }

    fn take(&mut self, hypothesis: &Hypothesis) -> Result<(), ModelError> {
        self.heard.no_speech = self.heard.no_speech.max(hypothesis.no_speech);
        self.heard.repeated |= hypothesis.looping.is_some();
        let tokens = hypothesis.without_loop();
        let text = self.whisper.parts.vocabulary.text(tokens)?;
        self.logprob_sum += hypothesis.logprob_sum;
        let text = text::clean(&text);
        if !text.is_empty() && judge::somebody_speaks(hypothesis, &text, self.options.voiced) {
            self.parts.push(text);
        }
        self.heard.tokens.extend(tokens);
        Ok(())
    }

    fn finish(&mut self) -> Transcription {
        let mut heard = mem::take(&mut self.heard);
        heard.text = self.parts.join(" ");
        if !heard.tokens.is_empty() {
            heard.avg_logprob = self.logprob_sum / (heard.tokens.len() + 1) as f32;
        }
        heard
    }
}

/// Cuts sound into windows that the model can take, at quiet moments.
fn windows(pcm: &[f32]) -> Vec<Range<usize>> {
    let mut windows = Vec::new();
    let mut start = 0;
    while pcm.len() - start > WINDOW_SAMPLES {
        let search = start + WINDOW_SAMPLES - CUT_SEARCH_SAMPLES;
        let end = search + quietest(&pcm[search..start + WINDOW_SAMPLES]);
        windows.push(start..end);
        start = end;
    }
    if pcm.len() - start >= LEAST_SAMPLES {
        windows.push(start..pcm.len());
    }
    windows
}

/// The middle of the quietest 200 ms.
fn quietest(pcm: &[f32]) -> usize {
    const SPAN: usize = RATE_HZ / 5;
    const HOP: usize = RATE_HZ / 50;
    let energy = |at: usize| pcm[at..at + SPAN].iter().map(|v| v * v).sum::<f32>();
    (0..pcm.len() - SPAN)
        .step_by(HOP)
        .min_by(|a, b| energy(*a).total_cmp(&energy(*b)))
        .map_or(pcm.len(), |at| at + SPAN / 2)
}

fn suppress(scores: &mut [f32], ids: &[u32]) {
    for id in ids {
        if let Some(score) = scores.get_mut(*id as usize) {
            *score = f32::NEG_INFINITY;
        }
    }
}

/// The best token and the natural logarithm of its probability.
fn best(scores: &[f32]) -> (u32, f32) {
    let (mut token, mut highest) = (0, f32::NEG_INFINITY);
    for (id, score) in scores.iter().enumerate() {
        if *score > highest {
            (token, highest) = (id as u32, *score);
        }
    }
    (token, -sum_above(scores, highest).ln())
}

fn probability(scores: &[f32], id: u32) -> f32 {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    scores
        .get(id as usize)
        .map_or(0.0, |s| (s - highest).exp() / sum_above(scores, highest))
}

/// The sum of exp(score − highest), without what lies more than 17 below: 2⁻²⁴ each.
fn sum_above(scores: &[f32], highest: f32) -> f32 {
    scores
        .iter()
        .map(|s| s - highest)
        .filter(|d| *d > -17.0)
        .map(f32::exp)
        .sum()
}
