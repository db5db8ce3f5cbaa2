//! A fully connected layer.

use std::sync::Arc;

use candle_core::{Device, Error, Result, Tensor};

use crate::gemm::Panels;
use crate::isa::Isa;
use crate::q8::{BLOCK, Panels8};
use crate::view::{to_values, with_f32};
use crate::{Exec, Precision};

/// `y = x · weightᵀ + bias`, with the weights laid out for the device when built. Clones share
/// them.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Weight,
    n: usize,
    k: usize,
    exec: Exec,
}

#[derive(Clone, Debug)]
enum Weight {
    Cpu(Arc<Panels>),
    Cpu8(Arc<Panels8>),
    Device {
        weight: Tensor,
        bias: Option<Tensor>,
    },
}

impl Linear {
    /// Takes `weight` `[n, k]` and `bias` `[n]` as f32 on the CPU and lays them out for `exec`.
    ///
    /// [`Precision::Q8`] is for the CPU and for `k` that are multiples of 32; elsewhere the
    /// weights stay exact.
    pub fn new(
        weight: &Tensor,
        bias: Option<&Tensor>,
        precision: Precision,
        exec: &Exec,
    ) -> Result<Self> {
        let (n, k) = weight.dims2()?;
        if let Some(bias) = bias
            && bias.dims() != [n]
        {
            return Err(Error::Msg(format!(
                "linear: bias {:?} for {n} outputs",
                bias.dims()
            )));
        }
        let weight = match &exec.device {
            Device::Cpu => {
                let values = to_values(weight)?;
                let bias = bias.map(to_values).transpose()?.unwrap_or_default();
                if precision == Precision::Q8 && k % BLOCK == 0 {
                    Weight::Cpu8(Arc::new(Panels8::new(&values, n, k, bias)))
                } else {
                    Weight::Cpu(Arc::new(Panels::new(&values, n, k, bias)))
                }
            }
            device => Weight::Device {
                weight: weight.to_device(device)?.contiguous()?,
                bias: bias.map(|bias| bias.to_device(device)).transpose()?,
            },
        };
        Ok(Self {
            weight,
            n,
            k,
            exec: exec.clone(),
        })
    }

    /// Maps `x` `[..., k]`, contiguous f32, to `[..., n]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (n, k) = (self.n, self.k);
        let mut dims = x.dims().to_vec();
        let width = dims.last_mut().filter(|width| **width == k);
        let Some(width) = width else {
            return Err(Error::Msg(format!(
                "linear: {:?} does not end in {k}",
                x.dims()
            )));
        };
        *width = n;
        let rows = x.elem_count() / k.max(1);
        match &self.weight {
            Weight::Device { weight, bias } => {
                let y = x.reshape((rows, k))?.matmul(&weight.t()?)?;
                let y = match bias {
                    Some(bias) => y.broadcast_add(bias)?,
                    None => y,
                };
                y.reshape(dims)
            }
            Weight::Cpu(panels) => {
                let mut out = vec![0.0; rows * n];
                with_f32(x, "linear", |x| {
                    panels.run(Isa::best(), x, &mut out, &self.exec.pool);
                    Ok(())
                })?;
                Tensor::from_vec(out, dims, &Device::Cpu)
            }
            Weight::Cpu8(panels) => {
                let mut out = vec![0.0; rows * n];
                with_f32(x, "linear", |x| {
                    panels.run(Isa::best(), x, &mut out, &self.exec.pool);
                    Ok(())
                })?;
                Tensor::from_vec(out, dims, &Device::Cpu)
            }
        }
    }
}

#[cfg(test)]
#[path = "linear_test.rs"]
mod tests;
