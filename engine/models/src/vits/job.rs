//! One phrase on its way from phonemes to sound.

use std::collections::VecDeque;
use std::sync::Arc;

use candle_core::Tensor;

use super::decoder::DecoderState;
use super::durations::Prediction;
use super::flow::FlowState;
use super::noise::Noise;
use super::ops::{Result, with_slice};
use super::stream::{Line, More};
use super::timing::{PhonemeTime, Timing};
use super::voice::{Inner, SpeakOptions};
use crate::ModelError;
use crate::phonemes::{Sentence, Symbol};

/// Latent frames that go through the flow in one step.
const FLOW_FRAMES: usize = 20;
/// Latent frames that go through the decoder in one step.
const DECODER_FRAMES: usize = 10;
/// Frames of sound in a sentence's first piece: few, so that it is heard early.
const FIRST_FRAMES: usize = 5;
/// No phoneme lasts longer than this (5.8 s), whatever a strange input makes of the durations.
const MOST_FRAMES: f32 = 500.0;

/// What one step of speaking has given.
#[derive(Clone, Debug, PartialEq)]
pub enum SpeakStep {
    /// There is more to do; call again.
    More,
    /// The next piece of sound.
    Sound {
        /// Mono samples, −1 … 1, at the voice's rate.
        samples: Vec<f32>,
        /// The text up to this byte has been said when this piece has been heard; only whole
        /// words count.
        upto_byte: usize,
        /// With the first piece of a sentence: all its phonemes, so that whoever draws a mouth sees
        /// what comes.
        phonemes: Vec<PhonemeTime>,
    },
    /// All has been said.
    Done,
}

/// A phrase being spoken. It owns its state and can be dropped between any two steps.
pub struct SpeakJob {
    voice: Arc<Inner>,
    waiting: VecDeque<Sentence>,
    noise: Noise,
    scales: Scales,
    stage: Stage,
    /// Samples given out so far.
    sounded: u64,
    upto_byte: usize,
    text_bytes: usize,
}

struct Scales {
    noise: f32,
    durations: f32,
    length: f32,
}

enum Stage {
    Next,
    Encode {
        symbols: Vec<Symbol>,
        x: Tensor,
        step: usize,
    },
    Last {
        symbols: Vec<Symbol>,
        x: Tensor,
    },
    Predict {
        symbols: Vec<Symbol>,
        statistics: Vec<f32>,
        prediction: Prediction,
    },
    Sound(Box<Sounding>),
}

/// A sentence whose durations are known.
struct Sounding {
    /// Mean and log deviation per id, `[ids, 2 · latent]`.
    statistics: Vec<f32>,
    /// Which id each frame belongs to.
    frames: Vec<u32>,
    /// Frames that the flow has taken.
    flowed: usize,
    flow: FlowState,
    /// What the flow has given and the decoder not taken.
    latents: Line,
    decoder: DecoderState,
    /// Frames that the decoder has taken.
    decoded: usize,
    timing: Timing,
}

impl SpeakJob {
    pub(super) fn new(
        voice: Arc<Inner>,
        sentences: Vec<Sentence>,
        text_bytes: usize,
        options: &SpeakOptions,
    ) -> Self {
        let config = &voice.config;
        let scales = Scales {
            noise: options.noise.unwrap_or(config.noise_scale),
            durations: options
                .duration_noise
                .unwrap_or(config.duration_noise_scale),
            length: config.length_scale * options.length_scale.clamp(0.25, 4.0),
        };
        Self {
            voice,
            waiting: sentences.into(),
            noise: Noise::new(options.seed),
            scales,
            stage: Stage::Next,
            sounded: 0,
            upto_byte: 0,
            text_bytes,
        }
    }

    /// Goes on by one bounded piece of work.
    ///
    /// # Errors
    /// When the model cannot run; the job is then over.
    pub fn step(&mut self) -> Result<SpeakStep, ModelError> {
        let stage = std::mem::replace(&mut self.stage, Stage::Next);
        let (stage, given) = match stage {
            Stage::Next => match self.waiting.pop_front() {
                None => return Ok(SpeakStep::Done),
                Some(sentence) => (self.embed(sentence)?, SpeakStep::More),
            },
            Stage::Encode { symbols, x, step } => {
                let x = self.voice.encoder.step(&x, step, &self.voice.exec)?;
                let step = step + 1;
                let stage = if step < self.voice.encoder.steps() {
                    Stage::Encode { symbols, x, step }
                } else {
                    Stage::Last { symbols, x }
                };
                (stage, SpeakStep::More)
            }
            Stage::Last { symbols, x } => (self.condition(symbols, &x)?, SpeakStep::More),
            Stage::Predict {
                symbols,
                statistics,
                mut prediction,
            } => {
                let voice = &self.voice;
                let stage = match voice.durations.step(&mut prediction, &voice.exec)? {
                    None => Stage::Predict {
                        symbols,
                        statistics,
                        prediction,
                    },
                    Some(logs) => self.schedule(&symbols, statistics, &logs),
                };
                (stage, SpeakStep::More)
            }
            Stage::Sound(mut sounding) => {
                let given = self.sound(&mut sounding)?;
                let over = sounding.decoded == sounding.frames.len();
                (
                    if over {
                        Stage::Next
                    } else {
                        Stage::Sound(sounding)
                    },
                    given,
                )
            }
        };
        self.stage = stage;
        Ok(given)
    }

    fn embed(&self, sentence: Sentence) -> Result<Stage> {
        let ids = &self.voice.config.phoneme_ids;
        let mut symbols = sentence.symbols;
        symbols.retain(|symbol| ids.contains_key(&symbol.phoneme));
        let pad = &ids[&'_'];
        let mut sequence = [ids[&'^'].as_slice(), pad].concat();
        for symbol in &symbols {
            sequence.extend(&ids[&symbol.phoneme]);
            sequence.extend(pad);
        }
        sequence.extend(&ids[&'$']);
        let x = self.voice.encoder.embed(&sequence)?;
        Ok(Stage::Encode {
            symbols,
            x,
            step: 0,
        })
    }

    fn condition(&mut self, symbols: Vec<Symbol>, x: &Tensor) -> Result<Stage> {
        let statistics = self.voice.encoder.statistics(x)?;
        let statistics = with_slice(&statistics, <[f32]>::to_vec)?;
        let voice = &self.voice;
        let prediction =
            voice
                .durations
                .begin(x, &mut self.noise, self.scales.durations, &voice.exec)?;
        Ok(Stage::Predict {
            symbols,
            statistics,
            prediction,
        })
    }

    /// Turns log durations per id into frames and the sentence's schedule.
    fn schedule(&self, symbols: &[Symbol], statistics: Vec<f32>, logs: &[f32]) -> Stage {
        let counts: Vec<usize> = logs
            .iter()
            .map(|log| (log.exp() * self.scales.length).ceil().min(MOST_FRAMES) as usize)
            .collect();
        let mut frames: Vec<u32> = counts
            .iter()
            .enumerate()
            .flat_map(|(id, &count)| std::iter::repeat_n(id as u32, count))
            .collect();
        if frames.is_empty() {
            frames.push(0);
        }
        let ids = &self.voice.config.phoneme_ids;
        let rate = self.voice.decoder.samples_per_frame();
        let mut rest = counts.iter();
        let mut samples = |ids: usize| rest.by_ref().take(ids).sum::<usize>() as u64 * rate as u64;
        let pad = ids[&'_'].len();
        let before = samples(ids[&'^'].len());
        let timed: Vec<(Symbol, u64)> = symbols
            .iter()
            .map(|&symbol| (symbol, samples(pad + ids[&symbol.phoneme].len())))
            .collect();
        let after = samples(usize::MAX);
        Stage::Sound(Box::new(Sounding {
            timing: Timing::plan(self.sounded, before, &timed, after),
            statistics,
            frames,
            flowed: 0,
            flow: self.voice.flow.begin(),
            latents: Line::default(),
            decoder: self.voice.decoder.begin(),
            decoded: 0,
        }))
    }

    fn sound(&mut self, sounding: &mut Sounding) -> Result<SpeakStep> {
        let total = sounding.frames.len();
        let lookahead = self.voice.decoder.lookahead();
        // The first piece needs the decoder's look-ahead too: in two steps of about one size.
        let first = (lookahead + FIRST_FRAMES).div_ceil(2);
        let wanted = if sounding.decoded < 2 * first {
            first
        } else {
            DECODER_FRAMES
        };
        let wanted = wanted.min(DECODER_FRAMES).min(total - sounding.decoded);
        if sounding.latents.frames()? < wanted {
            self.flow(sounding)?;
            return Ok(SpeakStep::More);
        }
        let latents = sounding.latents.take(wanted)?;
        sounding.decoded += wanted;
        let more = if sounding.decoded == total {
            More::Ended
        } else {
            More::Follows
        };
        let samples = sounding.decoder.push(latents.as_ref(), more)?;
        if samples.is_empty() {
            return Ok(SpeakStep::More);
        }
        self.sounded += samples.len() as u64;
        let reached = sounding.timing.reached_by(self.sounded);
        self.upto_byte = self.upto_byte.max(reached.unwrap_or(0));
        if more == More::Ended && self.waiting.is_empty() {
            self.upto_byte = self.text_bytes;
        }
        Ok(SpeakStep::Sound {
            samples,
            upto_byte: self.upto_byte.min(self.text_bytes),
            phonemes: sounding.timing.take_phonemes(),
        })
    }

    /// Sends the next frames through the flow.
    fn flow(&mut self, sounding: &mut Sounding) -> Result<()> {
        let latent = self.voice.latent;
        let from = sounding.flowed;
        let to = (from + FLOW_FRAMES).min(sounding.frames.len());
        let count = to - from;
        let mut z = vec![0.0; latent * count];
        for (column, &id) in sounding.frames[from..to].iter().enumerate() {
            let row = &sounding.statistics[id as usize * 2 * latent..][..2 * latent];
            let (means, logs) = row.split_at(latent);
            for (channel, (mean, log)) in means.iter().zip(logs).enumerate() {
                z[channel * count + column] =
                    mean + log.exp() * self.noise.next() * self.scales.noise;
            }
        }
        let z = Tensor::from_vec(z, (1, latent, count), &self.voice.exec.device)?;
        sounding.flowed = to;
        let more = if to == sounding.frames.len() {
            More::Ended
        } else {
            More::Follows
        };
        if let Some(latents) = sounding.flow.push(Some(&z), more)? {
            sounding.latents.push(&latents)?;
        }
        Ok(())
    }
}
