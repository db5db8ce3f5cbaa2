//! What there are no recordings of, said by her own kind of voice.

use janet_engine::Models;
use janet_engine::speak::speak;
use janet_models::vits::SpeakOptions;

use crate::weights::{SYSTEM, Weights};

/// How somebody says something.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    /// Factor on how long it takes.
    pub(crate) pace: f32,
    /// Factor on every frequency, of the mouth as well as of the voice: another one's.
    pub(crate) pitch: f32,
    /// The voice has noise of its own: every seed is another way to say it.
    pub(crate) seed: u64,
}

/// The voice.
pub(crate) struct Saying(Models);

impl Saying {
    pub(crate) fn load(weights: &Weights) -> anyhow::Result<Self> {
        let config = weights.config(SYSTEM, 8);
        Ok(Self(Models::load(
            &weights.paths(),
            &config,
            &mut |_, _| {},
        )?))
    }

    /// These words, at 16 kHz.
    pub(crate) fn say(&self, text: &str, way: Way) -> anyhow::Result<Vec<f32>> {
        let options = SpeakOptions {
            seed: way.seed,
            // What is played faster to be higher is said slower.
            length_scale: way.pace * way.pitch,
            ..SpeakOptions::default()
        };
        let mut sound = Vec::new();
        speak(&self.0, text, &options, &mut |chunk| {
            sound.extend_from_slice(chunk)
        })?;
        let rate_hz = self.0.voice_rate_hz() as f32 * way.pitch;
        Ok(janet_audio::resample(&sound, rate_hz as u32, 16_000)?)
    }
}
