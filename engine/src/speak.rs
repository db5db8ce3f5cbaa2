//! Text straight to sound, without a conversation: `janet say` and the benches.

use janet_models::vits::{SpeakOptions, SpeakStep};

use crate::{EngineError, Models};

/// Speaks a text, phrase by phrase; `sound` is handed every chunk as soon as it is made (mono, at
/// [`Models::voice_rate_hz`]). Runs on the caller's thread.
pub fn speak(
    models: &Models,
    text: &str,
    options: &SpeakOptions,
    sound: &mut dyn FnMut(&[f32]),
) -> Result<(), EngineError> {
    let failed = |source| EngineError::Model {
        role: "tts",
        source,
    };
    for phrase in janet_talk::phrases(text) {
        let mut job = models
            .voice
            .begin(&phrase, options.clone())
            .map_err(failed)?;
        loop {
            match job.step().map_err(failed)? {
                SpeakStep::More => {}
                SpeakStep::Sound { samples, .. } => sound(&samples),
                SpeakStep::Done => break,
            }
        }
    }
    Ok(())
}
