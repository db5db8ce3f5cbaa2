//! Sound straight to text, without a conversation: `janet listen`, and what other software sends.

use std::ops::Range;

use janet_models::whisper::{Language, Options, TranscribeJob, Transcription, Word};
use janet_models::{ModelError, Step, silero};

use crate::{EngineError, Models};

/// A recording up to this long is heard as it is; of a longer one the VAD finds the speech first, so
/// that it is cut in its pauses and silence is not listened to. In samples.
const SHORT_SAMPLES: usize = 28 * RATE_HZ;
/// Windows of the VAD in one step: about 10 ms of work.
const WINDOWS: usize = 150;
/// Samples per second.
const RATE_HZ: usize = 16_000;
/// No word is made shorter than this, in seconds: the times that words are laid at are not exact.
const LEAST_WORD_S: f32 = 0.1;

/// Transcribes a whole recording (mono, 16 kHz, any length) in the language that the configuration
/// names; the text is empty when nobody speaks. `words`: with the words' times.
///
/// `progress` is called between two steps of work with how much of the sound is done (0–1). Runs on
/// the caller's thread.
pub fn hear(
    models: &Models,
    pcm_16k: Vec<f32>,
    words: bool,
    progress: &mut dyn FnMut(f32),
) -> Result<Transcription, EngineError> {
    let failed = |source| EngineError::Model {
        role: "stt",
        source,
    };
    let samples = pcm_16k.len().max(1);
    let mut hearing = Hearing::new(models, pcm_16k, models.language, words);
    loop {
        if let Step::Ready(heard) = hearing.step(models).map_err(failed)? {
            return Ok(heard);
        }
        progress(hearing.done_samples() as f32 / samples as f32);
    }
}

/// A whole recording on its way to text, in bounded steps.
pub(crate) struct Hearing {
    options: Options,
    /// Where somebody speaks in it, as far as that was looked for.
    speech: Vec<Range<usize>>,
    stage: Stage,
}

enum Stage {
    Find(Vec<f32>, Box<silero::Finder>),
    Begin(Vec<f32>),
    Going(Box<TranscribeJob>),
    Over,
}

impl Hearing {
    pub(crate) fn new(models: &Models, pcm_16k: Vec<f32>, language: Language, words: bool) -> Self {
        let options = Options {
            language,
            words,
            ..Options::default()
        };
        let stage = if is_short(&pcm_16k) && !words {
            Stage::Begin(pcm_16k)
        } else {
            Stage::Find(pcm_16k, Box::new(silero::Finder::new(&models.vad)))
        };
        Self {
            options,
            speech: Vec::new(),
            stage,
        }
    }

    /// Goes one step further; not after the end, nor after an error.
    pub(crate) fn step(&mut self, models: &Models) -> Result<Step<Transcription>, ModelError> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Find(pcm, mut finder) => {
                if finder.advance(&pcm, WINDOWS) {
                    self.speech = finder.found;
                    Stage::Begin(pcm)
                } else {
                    Stage::Find(pcm, finder)
                }
            }
            Stage::Begin(pcm) => {
                let options = self.options.clone();
                let job = if is_short(&pcm) {
                    models.stt.begin(pcm, options)?
                } else {
                    models.stt.begin_speech(pcm, &self.speech, options)?
                };
                Stage::Going(Box::new(job))
            }
            Stage::Going(mut job) => match job.step()? {
                Step::Ready(mut heard) => {
                    begin_in_speech(&mut heard.words, &self.speech);
                    return Ok(Step::Ready(heard));
                }
                Step::More => Stage::Going(job),
            },
            Stage::Over => {
                return Err(ModelError::Input {
                    what: "recording",
                    reason: "heard to its end already".to_owned(),
                });
            }
        };
        Ok(Step::More)
    }

    /// Up to where the sound is done with, in samples.
    fn done_samples(&self) -> usize {
        match &self.stage {
            Stage::Going(job) => job.done_samples(),
            Stage::Find(..) | Stage::Begin(_) | Stage::Over => 0,
        }
    }
}

fn is_short(pcm_16k: &[f32]) -> bool {
    pcm_16k.len() <= SHORT_SAMPLES
}

/// Lets words that begin in silence begin where the speech in them does.
///
/// Words are laid over all of a window, one after the other: the first of each would begin with the
/// window, and the one after a pause may begin with the pause.
fn begin_in_speech(words: &mut [Word], speech: &[Range<usize>]) {
    let second = |sample: usize| sample as f32 / RATE_HZ as f32;
    for word in words {
        // The first stretch that is not over when the word begins.
        let stretch = speech
            .iter()
            .find(|stretch| second(stretch.end) > word.start_s);
        let Some(begins) = stretch.map(|stretch| second(stretch.start)) else {
            return;
        };
        if begins < word.end_s {
            let latest = begins.min(word.end_s - LEAST_WORD_S);
            word.start_s = word.start_s.max(latest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_where_somebody_speaks() {
        let word = |start_s, end_s| Word {
            text: "word".into(),
            start_s,
            end_s,
            probability: 1.0,
        };
        let mut words = [
            word(0.0, 1.5),
            word(1.5, 2.0),
            word(2.0, 4.0),
            // The speech begins with its end, and behind its end.
            word(4.0, 6.05),
            word(6.05, 6.5),
            word(6.5, 7.0),
            word(9.0, 9.5),
        ];
        let speech = [
            16_000..33_600,
            48_000..64_000,
            96_000..100_000,
            120_000..128_000,
        ];
        begin_in_speech(&mut words, &speech);
        let begins: Vec<f32> = words.iter().map(|word| word.start_s).collect();
        let expected = [1.0, 1.5, 2.0, 5.95, 6.05, 6.5, 9.0];
        for (found, expected) in begins.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-4, "{begins:?}");
        }
        begin_in_speech(&mut words, &[]);
        assert!((words[0].start_s - 1.0).abs() < 1e-6);
    }
}
