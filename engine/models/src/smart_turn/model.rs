//! The model, loaded and ready.

use std::path::Path;
use std::sync::Arc;

use candle_core::{D, Tensor};
use janet_kernels::{Exec, Linear, Precision, gelu_erf, layer_norm, softmax_last_dim};

use super::job::TurnJob;
use super::weights;
use crate::mel::LogMel;
use crate::whisper::encoder::{Affine, Encoder};
use crate::{ModelError, Step};

/// End-of-turn detection; clones share the weights.
#[derive(Clone, Debug)]
pub struct SmartTurn {
    pub(super) parts: Arc<Parts>,
}

/// What all jobs share.
#[derive(Debug)]
pub(super) struct Parts {
    pub mel: LogMel,
    pub encoder: Arc<Encoder>,
    pool: [Linear; 2],
    classifier: [Linear; 3],
    norm: (Tensor, Tensor),
    exec: Exec,
}

impl SmartTurn {
    /// Loads the ONNX file, with 8-bit weights.
    pub fn load(path: &Path, exec: &Exec) -> Result<Self, ModelError> {
        Self::load_with(path, Precision::Q8, exec)
    }

    /// Loads with the encoder's weights in this precision; the little that follows it stays in
    /// floats.
    pub fn load_with(path: &Path, precision: Precision, exec: &Exec) -> Result<Self, ModelError> {
        let weights = weights::read(path)?;
        let linear = |of: &Affine| {
            Linear::new(&of.weight, of.bias.as_ref(), Precision::F32, exec)
                .map_err(ModelError::from)
        };
        let [pool_in, pool_out] = &weights.pool;
        let [first, second, third] = &weights.classifier;
        let norm = &weights.classifier_norm;
        let bias = match &norm.bias {
            Some(bias) => bias.clone(),
            None => norm.weight.zeros_like()?,
        };
        Ok(Self {
            parts: Arc::new(Parts {
                mel: LogMel::new(weights.encoder.conv1.weight.dim(1)?),
                encoder: Arc::new(Encoder::new(&weights.encoder, precision, exec)?),
                pool: [linear(pool_in)?, linear(pool_out)?],
                classifier: [linear(first)?, linear(second)?, linear(third)?],
                norm: (
                    norm.weight.to_device(&exec.device)?,
                    bias.to_device(&exec.device)?,
                ),
                exec: exec.clone(),
            }),
        })
    }

    /// Runs once over silence, so that the first real job finds memory and caches ready.
    pub fn warm_up(&self) -> Result<(), ModelError> {
        let mut job = self.begin(&[])?;
        while job.step()? == Step::More {}
        Ok(())
    }

    /// Begins to judge what was said so far (16 kHz, mono, ±1); only the last 8 s count, and
    /// shorter sound is taken to begin after silence.
    ///
    /// Values that are no numbers, or infinite, are an error. Dropping the job cancels it.
    pub fn begin(&self, pcm: &[f32]) -> Result<TurnJob, ModelError> {
        let pcm = &pcm[pcm.len().saturating_sub(super::job::HEARD_SAMPLES)..];
        if let Some(at) = pcm.iter().position(|v| !v.is_finite()) {
            return Err(ModelError::Input {
                what: "pcm",
                reason: format!("sample {at} is {}", pcm[at]),
            });
        }
        Ok(TurnJob::new(self, pcm))
    }
}

impl Parts {
    /// From the encoder's vectors `[positions, width]` to a probability.
    pub(super) fn classify(&self, x: &Tensor) -> Result<f32, ModelError> {
        let scores = self.pool[1].forward(&self.pool[0].forward(x)?.tanh()?)?;
        let share = softmax_last_dim(&scores.reshape((1, ()))?, &self.exec)?;
        let pooled = share.matmul(x)?;
        let y = self.classifier[0].forward(&pooled)?;
        let (weight, bias) = &self.norm;
        let y = gelu_erf(&layer_norm(&y, weight, bias, 1e-5, &self.exec)?, &self.exec)?;
        let y = gelu_erf(&self.classifier[1].forward(&y)?, &self.exec)?;
        let logit = self.classifier[2].forward(&y)?.sum(D::Minus1)?.get(0)?;
        let logit: f32 = logit.to_scalar()?;
        Ok(1.0 / (1.0 + (-logit).exp()))
    }
}
