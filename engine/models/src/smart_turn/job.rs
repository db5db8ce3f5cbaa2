//! One judgement under way.

use std::mem;

use candle_core::Tensor;

use super::model::SmartTurn;
use crate::whisper::encoder::Encoding;
use crate::{ModelError, Step};

/// What the model hears: 8 s at 16 kHz.
pub(super) const HEARD_SAMPLES: usize = 8 * 16_000;
/// Keeps digital silence from being divided by zero, as in the original.
const VARIANCE_EPSILON: f64 = 1e-7;

/// A judgement in bounded steps; its result is the probability that the speaker has finished.
#[derive(Debug)]
pub struct TurnJob {
    model: SmartTurn,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The last 8 s, silence first.
    Listen(Vec<f32>),
    Encode(Encoding),
    Classify(Tensor),
    Over,
}

impl TurnJob {
    pub(super) fn new(model: &SmartTurn, pcm: &[f32]) -> Self {
        let mut heard = vec![0.0; HEARD_SAMPLES - pcm.len()];
        heard.extend_from_slice(pcm);
        Self {
            model: model.clone(),
            stage: Stage::Listen(heard),
        }
    }

    /// Goes one step further.
    pub fn step(&mut self) -> Result<Step<f32>, ModelError> {
        let parts = &self.model.parts;
        self.stage = match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Listen(mut pcm) => {
                normalise(&mut pcm);
                let mel = parts.mel.spectrogram_mirrored(&pcm);
                Stage::Encode(Encoding::begin(&parts.encoder, &mel.values)?)
            }
            Stage::Encode(mut encoding) => match encoding.step()? {
                Step::More => Stage::Encode(encoding),
                Step::Ready(x) => Stage::Classify(x),
            },
            Stage::Classify(x) => return Ok(Step::Ready(parts.classify(&x)?)),
            Stage::Over => {
                return Err(ModelError::Input {
                    what: "judgement",
                    reason: "stepped after its end".to_owned(),
                });
            }
        };
        Ok(Step::More)
    }
}

/// To mean 0 and variance 1.
fn normalise(pcm: &mut [f32]) {
    let count = pcm.len() as f64;
    let mean = pcm.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
    let variance = pcm
        .iter()
        .map(|v| (f64::from(*v) - mean).powi(2))
        .sum::<f64>()
        / count;
    let scale = 1.0 / (variance + VARIANCE_EPSILON).sqrt();
    for v in pcm {
        *v = ((f64::from(*v) - mean) * scale) as f32;
    }
}
