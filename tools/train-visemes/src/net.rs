//! The network as it is trained: the same stack of causal convolutions as the kernels run.
//!
//! A layer is a product: what its taps see is laid side by side. Sequences are cut so long that nothing has to
//! be made up before their beginning, and what a sequence has left behind the last layer is what it is judged by.

use candle_core::{DType, Device, Result, Tensor, Var};
use janet_face::VISEMES;
use janet_kernels::signal::Activation;

use crate::features::FEATURES;

/// Channels out, taps, frames between two taps, activation.
///
/// Wide layers that look back, with narrow ones without a bend between them: for as many parameters that is more
/// often right than wide layers alone (Povey and others, *Semi-Orthogonal Low-Rank Matrix Factorization for Deep
/// Neural Networks*, 2018).
const SHAPE: [(usize, usize, usize, Activation); 8] = [
    (48, 1, 1, Activation::Linear),
    (160, 3, 1, Activation::Relu),
    (48, 1, 1, Activation::Linear),
    (160, 3, 2, Activation::Relu),
    (40, 1, 1, Activation::Linear),
    (160, 3, 4, Activation::Relu),
    (64, 1, 1, Activation::Relu),
    (VISEMES, 1, 1, Activation::Linear),
];
/// Frames before the current one that the stack looks at.
pub(crate) const MEMORY: usize = 14;

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
        for (outputs, taps, dilation, activation) in SHAPE {
            let rows = taps * inputs;
            // A rectifier lets half of the power through.
            let gain = match activation {
                Activation::Relu => 2.0,
                _ => 1.0,
            };
            let deviation = (gain / rows as f32).sqrt();
            // A sum of twelve is as good as a normal distribution here.
            let mut normal = || (0..12).map(|_| rng.f32()).sum::<f32>() - 6.0;
            let weight: Vec<f32> = (0..rows * outputs).map(|_| deviation * normal()).collect();
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
                activation,
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
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
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
            .map(|(_, taps, apart, _)| (taps - 1) * apart)
            .sum();
        assert_eq!(reach, MEMORY);
        let net = Net::new(1).expect("layers");
        let parameters: usize = net.variables().iter().map(|v| v.elem_count()).sum();
        assert!(parameters <= 100_000, "{parameters}");
        let x = Tensor::zeros((3, MEMORY + 5, FEATURES), DType::F32, &Device::Cpu).expect("zeros");
        let y = net.forward(&x).expect("logits");
        assert_eq!(y.dims(), [15, VISEMES]);
    }
}
