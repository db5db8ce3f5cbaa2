//! Convolution over time.

use candle_core::{Result, Tensor};

use crate::Exec;

/// A one-dimensional convolution with all channels in one group.
#[derive(Clone, Debug)]
pub struct Conv1d {
    weight: Tensor,
    bias: Option<Tensor>,
    padding: usize,
    stride: usize,
    dilation: usize,
}

impl Conv1d {
    /// Takes `weight` `[c_out, c_in, k]` and `bias` `[c_out]` as f32 on the CPU and lays them out
    /// for `exec`. `padding` zeros stand on both sides of the input.
    pub fn new(
        weight: &Tensor,
        bias: Option<&Tensor>,
        padding: usize,
        stride: usize,
        dilation: usize,
        exec: &Exec,
    ) -> Result<Self> {
        let channels = weight.dim(0)?;
        Ok(Self {
            weight: weight.to_device(&exec.device)?.contiguous()?,
            bias: bias
                .map(|b| b.to_device(&exec.device)?.reshape((1, channels, 1)))
                .transpose()?,
            padding,
            stride,
            dilation,
        })
    }

    /// Maps `x` `[b, c_in, t]`, f32, to `[b, c_out, t_out]` with
    /// `t_out = (t + 2 padding - dilation (k - 1) - 1) / stride + 1`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y =
            x.contiguous()?
                .conv1d(&self.weight, self.padding, self.stride, self.dilation, 1)?;
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }
}
