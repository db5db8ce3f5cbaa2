//! The network as it is trained: the same stack of causal convolutions as the kernels run.
//!
//! A layer is a product: what its taps see is laid side by side. Sequences are cut so long that nothing has to
//! be made up before their beginning, and what a sequence has left behind the last layer is what it is judged by.

use candle_core::{DType, Device, Result, Tensor, Var};
use janet_face::VISEMES;
use janet_kernels::signal::Activation;

use crate::features::FEATURES;

/// Channels out, taps, frames between two taps.
const SHAPE: [(usize, usize, usize); 5] = [
    (96, 3, 1),
    (96, 3, 2),
    (96, 3, 4),
    (96, 1, 1),
    (VISEMES, 1, 1),
];
/// Frames before the current one that the stack looks at.
pub(crate) const MEMORY: usize = 14;
/// Share of a hidden layer's values that is left out while training.
const DROPPED: f32 = 0.1;

/// A layer that is fitted.
pub(crate) struct Dense {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) taps: usize,
    pub(crate) dilation: usize,
    /// `taps · inputs × outputs`, the oldest tap first.
    pub(crate) weight: Var,
    pub(crate) bias: Var,
    pub(crate) activation: Activation,
}

/// The stack.
pub(crate) struct Net {
    pub(crate) layers: Vec<Dense>,
}

impl Net {
    /// Random weights, as He and others draw them before rectifiers.
    pub(crate) fn new(seed: u64) -> Result<Self> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut inputs = FEATURES;
        let mut layers = Vec::new();
        for (at, (outputs, taps, dilation)) in SHAPE.into_iter().enumerate() {
            let rows = taps * inputs;
            let deviation = (2.0 / rows as f32).sqrt();
            // A sum of twelve is as good as a normal distribution here.
            let mut normal = || (0..12).map(|_| rng.f32()).sum::<f32>() - 6.0;
            let weight: Vec<f32> = (0..rows * outputs).map(|_| deviation * normal()).collect();
            let last = at + 1 == SHAPE.len();
            layers.push(Dense {
                inputs,
                outputs,
                taps,
                dilation,
                weight: Var::from_tensor(&Tensor::from_vec(
                    weight,
                    (rows, outputs),
                    &Device::Cpu,
                )?)?,
                bias: Var::zeros(outputs, DType::F32, &Device::Cpu)?,
                activation: if last {
                    Activation::Linear
                } else {
                    Activation::Relu
                },
            });
            inputs = outputs;
        }
        Ok(Self { layers })
    }

    /// All that is fitted.
    pub(crate) fn variables(&self) -> Vec<Var> {
        let layers = self.layers.iter();
        layers
            .flat_map(|layer| [layer.weight.clone(), layer.bias.clone()])
            .collect()
    }

    /// Logits of `[sequences, frames, features]`: those of all frames but the first [`MEMORY`], each row a
    /// frame.
    pub(crate) fn forward(&self, x: &Tensor, dropping: bool) -> Result<Tensor> {
        let (sequences, mut frames, _) = x.dims3()?;
        let mut x = x.clone();
        for layer in &self.layers {
            frames -= (layer.taps - 1) * layer.dilation;
            let taps: Vec<Tensor> = (0..layer.taps)
                .map(|tap| x.narrow(1, tap * layer.dilation, frames))
                .collect::<Result<_>>()?;
            let seen = if layer.taps == 1 {
                x.clone()
            } else {
                Tensor::cat(&taps, 2)?
            };
            let rows = seen.reshape((sequences * frames, layer.taps * layer.inputs))?;
            let mut y = rows
                .matmul(layer.weight.as_tensor())?
                .broadcast_add(layer.bias.as_tensor())?;
            if layer.activation == Activation::Relu {
                y = y.relu()?;
                if dropping {
                    y = candle_nn::ops::dropout(&y, DROPPED)?;
                }
            }
            x = y.reshape((sequences, frames, layer.outputs))?;
        }
        x.reshape((sequences * frames, VISEMES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stack_looks_back_as_far_as_is_said_and_fits_into_the_limits() {
        let reach: usize = SHAPE
            .iter()
            .map(|(_, taps, apart)| (taps - 1) * apart)
            .sum();
        assert_eq!(reach, MEMORY);
        let net = Net::new(1).expect("layers");
        let parameters: usize = net.variables().iter().map(|v| v.elem_count()).sum();
        assert!(parameters <= 100_000, "{parameters}");
        let x = Tensor::zeros((3, MEMORY + 5, FEATURES), DType::F32, &Device::Cpu).expect("zeros");
        let y = net.forward(&x, false).expect("logits");
        assert_eq!(y.dims(), [15, VISEMES]);
    }
}
