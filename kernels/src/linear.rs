//! A fully connected layer.

use candle_core::{Result, Tensor};

use crate::{Exec, Precision};

/// `y = x · weightᵀ + bias`, with the weights laid out for the device when built.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    /// Takes `weight` `[n, k]` and `bias` `[n]` as f32 on the CPU and lays them out for `exec`.
    pub fn new(
        weight: &Tensor,
        bias: Option<&Tensor>,
        _precision: Precision,
        exec: &Exec,
    ) -> Result<Self> {
        Ok(Self {
            weight: weight.to_device(&exec.device)?.contiguous()?,
            bias: bias.map(|b| b.to_device(&exec.device)).transpose()?,
        })
    }

    /// Maps `x` `[..., k]`, contiguous f32, to `[..., n]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (n, k) = self.weight.dims2()?;
        let mut dims = x.dims().to_vec();
        let y = x.reshape(((), k))?.matmul(&self.weight.t()?)?;
        let y = match &self.bias {
            Some(bias) => y.broadcast_add(bias)?,
            None => y,
        };
        *dims.last_mut().expect("reshape above refuses a scalar") = n;
        y.reshape(dims)
    }
}
