//! Transposed convolution over time: upsampling.

use std::sync::Arc;

use candle_core::{Device, Error, Result, Tensor};

use crate::Exec;
use crate::conv_cpu::{Extras, Plan};
use crate::isa::Isa;
use crate::view::{to_values, with_f32};

/// A one-dimensional transposed convolution with all channels in one group. Clones share the
/// weights.
#[derive(Clone, Debug)]
pub struct ConvTranspose1d {
    weight: Weight,
    /// `[c_in, c_out, k]`.
    shape: [usize; 3],
    padding: usize,
    stride: usize,
    exec: Exec,
}

#[derive(Clone, Debug)]
enum Weight {
    Cpu(Arc<Plan>),
    Device {
        weight: Tensor,
        bias: Option<Tensor>,
    },
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
        let (c_in, c_out, k) = weight.dims3()?;
        let shape = [c_in, c_out, k];
        if stride == 0 || shape.contains(&0) {
            let given = format!("weight {shape:?}, stride {stride}");
            return Err(Error::Msg(format!(
                "conv transpose: {given}: none may be 0"
            )));
        }
        if let Some(bias) = bias
            && bias.dims() != [c_out]
        {
            return Err(Error::Msg(format!(
                "conv transpose: bias {:?} for {c_out}",
                bias.dims()
            )));
        }
        let weight = match &exec.device {
            Device::Cpu => {
                let bias = bias.map(to_values).transpose()?.unwrap_or_default();
                let values = to_values(weight)?;
                Weight::Cpu(Arc::new(Plan::transposed(
                    &values, shape, bias, padding, stride,
                )))
            }
            device => Weight::Device {
                weight: weight.to_device(device)?.contiguous()?,
                bias: bias
                    .map(|bias| bias.to_device(device)?.reshape((1, c_out, 1)))
                    .transpose()?,
            },
        };
        Ok(Self {
            weight,
            shape,
            padding,
            stride,
            exec: exec.clone(),
        })
    }

    /// Maps `x` `[b, c_in, t]`, f32, to `[b, c_out, (t - 1) stride - 2 padding + k]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_leaky(x, 1.0)
    }

    /// The transposed convolution of `leaky_relu(x, slope)`.
    pub fn forward_leaky(&self, x: &Tensor, slope: f32) -> Result<Tensor> {
        let [c_in, c_out, k] = self.shape;
        let (batch, channels, t) = x.dims3()?;
        let whole = t.saturating_sub(1) * self.stride + k;
        if channels != c_in || t == 0 || whole <= 2 * self.padding {
            return Err(Error::Msg(format!(
                "conv transpose: input {:?} for {c_in} channels, kernel {k} and padding {}",
                x.dims(),
                self.padding
            )));
        }
        let t_out = whole - 2 * self.padding;
        match &self.weight {
            Weight::Device { weight, bias } => {
                let x = if slope == 1.0 {
                    x.clone()
                } else {
                    let negative = (x.relu()? - x)?;
                    (x.relu()? - (negative * f64::from(slope))?)?
                };
                let x = x.contiguous()?;
                let y = x.conv_transpose1d(weight, self.padding, 0, self.stride, 1, 1)?;
                match bias {
                    Some(bias) => y.broadcast_add(bias),
                    None => Ok(y),
                }
            }
            Weight::Cpu(plan) => {
                let mut out = vec![0.0; batch * c_out * t_out];
                with_f32(&x.contiguous()?, "conv transpose", |x| {
                    for (n, out) in out.chunks_exact_mut(c_out * t_out).enumerate() {
                        let x = &x[n * c_in * t..][..c_in * t];
                        let extras = Extras { slope, add: None };
                        plan.run(Isa::best(), x, extras, t_out, out, &self.exec.pool);
                    }
                    Ok(())
                })?;
                Tensor::from_vec(out, (batch, c_out, t_out), &Device::Cpu)
            }
        }
    }
}
