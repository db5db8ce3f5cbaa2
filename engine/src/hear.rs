//! Sound straight to text, without a conversation: `janet listen`.

use janet_models::Step;
use janet_models::whisper::Options;

use crate::{EngineError, Models};

/// Transcribes a whole recording (mono, 16 kHz, any length); empty when nobody speaks. `step` is
/// called between two steps of work. Runs on the caller's thread.
pub fn hear(
    models: &Models,
    pcm_16k: Vec<f32>,
    step: &mut dyn FnMut(),
) -> Result<String, EngineError> {
    let failed = |source| EngineError::Model {
        role: "stt",
        source,
    };
    let mut job = models
        .stt
        .begin(pcm_16k, Options::default())
        .map_err(failed)?;
    loop {
        if let Step::Ready(heard) = job.step().map_err(failed)? {
            return Ok(heard.text.trim().to_owned());
        }
        step();
    }
}
