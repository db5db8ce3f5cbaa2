//! Sound straight to text, without a conversation: `janet listen`.

use std::ops::Range;

use janet_models::whisper::{Options, Transcription, Word};
use janet_models::{Step, silero};

use crate::{EngineError, Models};

/// A recording up to this long is heard as it is; of a longer one the VAD finds the speech first, so
/// that it is cut in its pauses and silence is not listened to. In samples.
const SHORT_SAMPLES: usize = 28 * RATE_HZ;
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
    let options = Options {
        language: models.language,
        words,
        ..Options::default()
    };
    let samples = pcm_16k.len().max(1);
    let is_short = samples <= SHORT_SAMPLES;
    let speech = if is_short && !words {
        Vec::new()
    } else {
        silero::speech(&models.vad, &pcm_16k)
    };
    let job = if is_short {
        models.stt.begin(pcm_16k, options)
    } else {
        models.stt.begin_speech(pcm_16k, &speech, options)
    };
    let mut job = job.map_err(failed)?;
    loop {
        if let Step::Ready(mut heard) = job.step().map_err(failed)? {
            begin_in_speech(&mut heard.words, &speech);
            return Ok(heard);
        }
        progress(job.done_samples() as f32 / samples as f32);
    }
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
