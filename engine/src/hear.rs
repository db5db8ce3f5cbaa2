//! Sound straight to text, without a conversation: `janet listen`.

use janet_models::whisper::{Options, Transcription};
use janet_models::{Step, silero};

use crate::{EngineError, Models};

/// A recording up to this long is heard as it is; of a longer one the VAD finds the speech first, so
/// that it is cut in its pauses and silence is not listened to. In samples.
const SHORT_SAMPLES: usize = 28 * 16_000;

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
    let job = if samples <= SHORT_SAMPLES {
        models.stt.begin(pcm_16k, options)
    } else {
        let speech = silero::speech(&models.vad, &pcm_16k);
        models.stt.begin_speech(pcm_16k, &speech, options)
    };
    let mut job = job.map_err(failed)?;
    loop {
        if let Step::Ready(heard) = job.step().map_err(failed)? {
            return Ok(heard);
        }
        progress(job.done_samples() as f32 / samples as f32);
    }
}
