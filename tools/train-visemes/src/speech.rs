//! A sentence, spoken by Janet's voice, with the times of its phonemes.

use std::path::Path;

use anyhow::Context;
use janet_kernels::Exec;
use janet_models::vits::{PhonemeTime, SpeakOptions, SpeakStep, Voice};

/// Sound with what is said in it.
pub(crate) struct Spoken {
    pub(crate) samples: Vec<f32>,
    pub(crate) rate_hz: u32,
    pub(crate) phonemes: Vec<PhonemeTime>,
}

/// Loads the voice at `onnx`, whose JSON file lies beside it.
pub(crate) fn load(onnx: &Path, threads: usize) -> anyhow::Result<Voice> {
    let mut json = onnx.as_os_str().to_owned();
    json.push(".json");
    Voice::load(onnx, Path::new(&json), &Exec::cpu(threads))
        .with_context(|| format!("the voice {}", onnx.display()))
}

/// Speaks `text`, `stretch` times as long as the voice would by itself.
pub(crate) fn speak(voice: &Voice, text: &str, stretch: f32, seed: u64) -> anyhow::Result<Spoken> {
    let options = SpeakOptions {
        seed,
        length_scale: stretch,
        ..SpeakOptions::default()
    };
    let mut job = voice.begin(text, options)?;
    let mut spoken = Spoken {
        samples: Vec::new(),
        rate_hz: voice.sample_rate_hz(),
        phonemes: Vec::new(),
    };
    loop {
        match job.step()? {
            SpeakStep::More => {}
            SpeakStep::Done => return Ok(spoken),
            SpeakStep::Sound {
                samples, phonemes, ..
            } => {
                spoken.samples.extend(samples);
                spoken.phonemes.extend(phonemes);
            }
        }
    }
}
