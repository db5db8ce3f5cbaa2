//! One piece of sound on its way to text.
//!
//! Gives the encoder no more context than the sound needs, decodes greedily, listens again with
//! more context when the result looks unsound, and draws a text anew when even that is no good.

use std::mem;
use std::ops::Range;
use std::time::Instant;

use candle_core::Tensor;

use super::choose::{best, draw, probability, suppress};
use super::decoder::Context as Seen;
use super::encoder::Encoding;
use super::fallback::{self, TEMPERATURES};
use super::judge::{self, Hypothesis, Look};
use super::language::Language;
use super::loudness::Loudness;
use super::model::Whisper;
use super::options::{Context, Options, Pass, Transcription};
use super::timing::{Times, Timing};
use super::{text, windows, words};
use crate::mel::HOP_SAMPLES;
use crate::{ModelError, Step};

/// A transcription under way.
#[derive(Debug)]
pub struct TranscribeJob {
    whisper: Whisper,
    pcm: Vec<f32>,
    options: Options,
    judged: bool,
    windows: Vec<Range<usize>>,
    window: usize,
    loudness: Loudness,
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
    Attune {
        sound: Tensor,
        seen: Seen,
    },
    Decode {
        seen: Seen,
        so_far: Hypothesis,
        /// Present while a text is drawn anew.
        drawing: Option<Drawing>,
    },
    Time {
        timing: Box<Timing>,
        tokens: Vec<u32>,
        spaced: bool,
    },
    Over,
}

/// A text that is drawn anew.
#[derive(Debug)]
struct Drawing {
    /// Which of the temperatures.
    at: usize,
    random: fastrand::Rng,
    /// What was tried before, with its text.
    tries: Vec<(Hypothesis, String)>,
}

impl TranscribeJob {
    pub(super) fn new(
        whisper: &Whisper,
        pcm: Vec<f32>,
        windows: Vec<Range<usize>>,
        options: Options,
    ) -> Self {
        Self {
            windows,
            whisper: whisper.clone(),
            pcm,
            options,
            judged: true,
            window: 0,
            loudness: Loudness::default(),
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
        let windows = windows::whole(&pcm);
        Self {
            judged: false,
            ..Self::new(whisper, pcm, windows, options)
        }
    }

    /// Up to where the sound is done with, in samples.
    pub fn done_samples(&self) -> usize {
        let window = self.windows.get(self.window);
        window.map_or(self.pcm.len(), |window| window.start)
    }

    /// Goes one step further.
    pub fn step(&mut self) -> Result<Step<Transcription>, ModelError> {
        self.step_at(Instant::now())
    }

    /// Goes one step further at the moment `now`, which is compared with the deadline alone.
    pub fn step_at(&mut self, now: Instant) -> Result<Step<Transcription>, ModelError> {
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
                        drawing: None,
                    }
                } else {
                    Stage::Attune { sound, seen }
                };
            }
            Stage::Decode {
                seen,
                so_far,
                drawing,
            } => self.decode(seen, so_far, drawing, now)?,
            Stage::Time {
                mut timing,
                tokens,
                spaced,
            } => match timing.step(&self.whisper.parts)? {
                Step::More => {
                    self.stage = Stage::Time {
                        timing,
                        tokens,
                        spaced,
                    };
                }
                Step::Ready(times) => self.time(&tokens, spaced, &times)?,
            },
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

    /// Tokens that the decoder must have room for: start, language, task and "no times" before the
    /// text, the end behind it.
    fn token_room(&self) -> usize {
        4 + self.token_limit() + 1
    }

    fn token_limit(&self) -> usize {
        judge::most_tokens(self.sound().len()).min(self.options.max_tokens)
    }

    fn next_window(&mut self) {
        self.look = Look::Short;
        self.window += 1;
        self.stage = Stage::Listen;
    }

    fn listen(&mut self) -> Result<(), ModelError> {
        let sound = self.sound();
        if self.judged && judge::is_silent(sound) {
            self.heard.no_speech = 1.0;
            self.next_window();
            return Ok(());
        }
        let loudness = Loudness::of(sound);
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
        self.loudness = loudness;
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

    fn decode(
        &mut self,
        mut seen: Seen,
        mut so_far: Hypothesis,
        mut drawing: Option<Drawing>,
        now: Instant,
    ) -> Result<(), ModelError> {
        if let Some(drawing) = drawing.take_if(|_| self.is_late(now)) {
            return self.settle(seen, fallback::best(drawing.tries).unwrap_or(so_far));
        }
        let Some(mut scores) = self.scores(&mut seen, &mut so_far)? else {
            self.stage = Stage::Decode {
                seen,
                so_far,
                drawing,
            };
            return Ok(());
        };
        let vocabulary = &self.whisper.parts.vocabulary;
        if so_far.tokens.is_empty() {
            so_far.end_first = probability(&scores, vocabulary.end);
            suppress(&mut scores, &vocabulary.suppressed_first);
        }
        suppress(&mut scores, &vocabulary.suppressed);
        scores.truncate(vocabulary.end as usize + 1);
        let (token, logprob) = match &mut drawing {
            None => best(&scores),
            Some(drawing) => draw(&scores, TEMPERATURES[drawing.at], &mut drawing.random),
        };
        so_far.logprob_sum += logprob;
        if token == vocabulary.end {
            so_far.ended = true;
        } else {
            so_far.tokens.push(token);
            so_far.looping = judge::looping(&so_far.tokens);
        }
        let full = so_far.tokens.len() >= self.token_limit() || !seen.has_room(1);
        if !so_far.ended && so_far.looping.is_none() && !full {
            self.stage = Stage::Decode {
                seen,
                so_far,
                drawing,
            };
            return Ok(());
        }
        match drawing {
            None => self.conclude(seen, so_far, now),
            Some(drawing) => self.drawn(seen, so_far, drawing, now),
        }
    }

    /// The scores of the next token; `None` after a step that found out the language.
    fn scores(
        &self,
        seen: &mut Seen,
        so_far: &mut Hypothesis,
    ) -> Result<Option<Vec<f32>>, ModelError> {
        let vocabulary = &self.whisper.parts.vocabulary;
        let no_speech = |scores: &[f32]| {
            let id = vocabulary.no_speech;
            id.map_or(0.0, |id| probability(scores, id))
        };
        let scores = match (seen.len(), so_far.tokens.last()) {
            (0, _) if vocabulary.has_to_detect(self.options.language) => {
                let scores: Vec<f32> = seen.advance(&[vocabulary.start()])?.get(0)?.to_vec1()?;
                so_far.no_speech = no_speech(&scores);
                so_far.language = vocabulary.languages.detect(&scores);
                return Ok(None);
            }
            (0, _) => {
                so_far.language = self.options.language.0.map(|token| (token, 1.0));
                let mut opening = vec![vocabulary.start()];
                opening.extend(vocabulary.opening(self.options.language));
                let scores = seen.advance(&opening)?;
                so_far.no_speech = no_speech(&scores.get(0)?.to_vec1::<f32>()?);
                scores
            }
            (_, None) => seen.advance(&vocabulary.opening(language_of(so_far)))?,
            (_, Some(last)) => seen.advance(&[*last])?,
        };
        Ok(Some(scores.get(scores.dim(0)? - 1)?.to_vec1()?))
    }

    fn text_of(&self, hypothesis: &Hypothesis) -> Result<String, ModelError> {
        self.whisper.parts.vocabulary.text(&hypothesis.tokens)
    }

    fn is_late(&self, now: Instant) -> bool {
        self.options
            .deadline
            .is_some_and(|deadline| now >= deadline)
    }

    fn somebody_speaks(&self, hypothesis: &Hypothesis, text: &str) -> bool {
        judge::somebody_speaks(hypothesis, text, &self.loudness, self.options.voiced)
    }

    /// Decides about a window's hypothesis: take it, drop it, listen again, or draw another.
    fn conclude(
        &mut self,
        seen: Seen,
        hypothesis: Hypothesis,
        now: Instant,
    ) -> Result<(), ModelError> {
        let text = self.text_of(&hypothesis)?;
        let next = self
            .look
            .next(&hypothesis, &text, &self.loudness, self.options.voiced);
        let best = match self.best.take() {
            Some(before) => judge::better(before, hypothesis),
            None => hypothesis,
        };
        if self.options.pass != Pass::Final || self.options.context != Context::Auto {
            return self.settle(seen, best);
        }
        if let Some(next) = next {
            self.heard.more_looks += 1;
            self.look = next;
            self.best = Some(best);
            self.stage = Stage::Listen;
            return Ok(());
        }
        let text = self.text_of(&best)?;
        // Where nobody speaks a draw would only find other words that nobody said.
        if fallback::is_due(&best, &text)
            && self.somebody_speaks(&best, &text::clean(&text))
            && !self.is_late(now)
        {
            self.draw_next(seen, 0, vec![(best, text)]);
            return Ok(());
        }
        self.settle(seen, best)
    }

    fn draw_next(&mut self, mut seen: Seen, at: usize, tries: Vec<(Hypothesis, String)>) {
        seen.rewind();
        self.heard.draws += 1;
        let run = (self.window * TEMPERATURES.len() + at) as u64;
        self.stage = Stage::Decode {
            seen,
            so_far: Hypothesis::default(),
            drawing: Some(Drawing {
                at,
                random: fastrand::Rng::with_seed(self.options.seed.wrapping_add(run)),
                tries,
            }),
        };
    }

    /// A drawn text is there: it is good enough, or the next one is drawn, or there is none left.
    fn drawn(
        &mut self,
        seen: Seen,
        hypothesis: Hypothesis,
        drawing: Drawing,
        now: Instant,
    ) -> Result<(), ModelError> {
        let text = self.text_of(&hypothesis)?;
        if !fallback::is_due(&hypothesis, &text) {
            return self.settle(seen, hypothesis);
        }
        let mut tries = drawing.tries;
        tries.push((hypothesis, text));
        if drawing.at + 1 < TEMPERATURES.len() && !self.is_late(now) {
            self.draw_next(seen, drawing.at + 1, tries);
            return Ok(());
        }
        let best = fallback::best(tries).expect("a try was just added");
        self.settle(seen, best)
    }

    /// The window's text is decided: keeps it if somebody spoke.
    fn settle(&mut self, seen: Seen, hypothesis: Hypothesis) -> Result<(), ModelError> {
        let vocabulary = &self.whisper.parts.vocabulary;
        self.heard.no_speech = self.heard.no_speech.max(hypothesis.no_speech);
        self.heard.repeated |= hypothesis.looping.is_some();
        let tokens = hypothesis.without_loop().to_vec();
        let text = text::clean(&vocabulary.text(&tokens)?);
        self.logprob_sum += hypothesis.logprob_sum;
        self.heard.tokens.extend(&tokens);
        let kept = !text.is_empty() && self.somebody_speaks(&hypothesis, &text);
        if let Some((token, chance)) = hypothesis.language
            && (self.heard.language.is_none() || kept && self.parts.is_empty())
        {
            self.heard.language = vocabulary.spoken(token, chance);
        }
        if !kept {
            self.next_window();
            return Ok(());
        }
        self.parts.push(text);
        let language = language_of(&hypothesis);
        // What was spoken once is spoken in the next windows, too.
        if language != Language::AUTO {
            self.options.language = language;
        }
        if !self.options.words {
            self.next_window();
            return Ok(());
        }
        let positions = self.sound().len() / HOP_SAMPLES / 2;
        let timing = Timing::begin(&self.whisper.parts, seen, &tokens, language, positions);
        self.stage = Stage::Time {
            timing: Box::new(timing),
            tokens,
            spaced: vocabulary.has_spaces(language),
        };
        Ok(())
    }

    /// The window's times are there.
    fn time(&mut self, tokens: &[u32], spaced: bool, times: &Times) -> Result<(), ModelError> {
        let vocabulary = &self.whisper.parts.vocabulary;
        let offset_s = self.windows[self.window].start as f32 / windows::RATE_HZ as f32;
        let words = words::words(vocabulary, tokens, spaced, times, offset_s)?;
        self.heard.words.extend(words);
        self.next_window();
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

/// The language that a text was made in.
fn language_of(hypothesis: &Hypothesis) -> Language {
    Language(hypothesis.language.map(|(token, _)| token))
}
