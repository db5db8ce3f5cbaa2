//! Transposed convolution over time: upsampling.

use candle_core::{Result, Tensor};

use crate::Exec;

/// A one-dimensional transposed convolution with all channels in one group.
#[derive(Clone, Debug)]
pub struct ConvTranspose1d {
    weight: Tensor,
    bias: Option<Tensor>,
    padding: usize,
    stride: usize,
}

impl ConvTranspose1d {
    /// Takes `weight` `[c_in, c_out, k]` and `bias` `[c_out]` as f32 on the CPU and lays them out
    /// for `exec`. `padding` values are cut from both ends of the output.
    pub fn new(
        weight: &Tensor,
        bias: Option<&Tensor>,
        padding: usize,
        stride: usize,
        exec: &Exec,
    ) -> Result<Self> {
        let channels = weight.dim(1)?;
        Ok(Self {
            weight: weight.to_device(&exec.device)?.contiguous()?,
            bias: bias
                .map(|b| b.to_device(&exec.device)?.reshape((1, channels, 1)))
                .transpose()?,
            padding,
            stride,
        })
    }

    /// Maps `x` `[b, c_in, t]`, f32, to `[b, c_out, (t - 1) stride - 2 padding + k]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y =
            x.contiguous()?
                .conv_transpose1d(&self.weight, self.padding, 0, self.stride, 1, 1)?;
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }
}
