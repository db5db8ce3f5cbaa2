//! Convolution over time.

use std::sync::Arc;

use candle_core::{Device, Error, Result, Tensor};

use crate::Exec;
use crate::conv_cpu::{Extras, Plan};
use crate::isa::Isa;
use crate::view::{to_values, with_f32};

/// A one-dimensional convolution with all channels in one group. Clones share the weights.
#[derive(Clone, Debug)]
pub struct Conv1d {
    weight: Weight,
    /// `[c_out, c_in, k]`.
    shape: [usize; 3],
    padding: usize,
    stride: usize,
    dilation: usize,
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
        let (c_out, c_in, k) = weight.dims3()?;
        let shape = [c_out, c_in, k];
        if stride == 0 || dilation == 0 || shape.contains(&0) {
            let given = format!("weight {shape:?}, stride {stride}, dilation {dilation}");
            return Err(Error::Msg(format!("conv1d: {given}: none may be 0")));
        }
        if let Some(bias) = bias
            && bias.dims() != [c_out]
        {
            return Err(Error::Msg(format!(
                "conv1d: bias {:?} for {c_out}",
                bias.dims()
            )));
        }
        let weight = match &exec.device {
            Device::Cpu => {
                let bias = bias.map(to_values).transpose()?.unwrap_or_default();
                let values = to_values(weight)?;
                Weight::Cpu(Arc::new(Plan::plain(
                    &values, shape, bias, padding, stride, dilation,
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
            dilation,
            exec: exec.clone(),
        })
    }

    /// Maps `x` `[b, c_in, t]`, f32, to `[b, c_out, t_out]` with
    /// `t_out = (t + 2 padding - dilation (k - 1) - 1) / stride + 1`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.compute(x, 1.0, None)
    }

    /// The convolution of `leaky_relu(x, slope)`, without making that tensor on a CPU.
    pub fn forward_leaky(&self, x: &Tensor, slope: f32) -> Result<Tensor> {
        self.compute(x, slope, None)
    }

    /// `add` plus the convolution of `leaky_relu(x, slope)`; `add` has the output's shape. A
    /// slope of 1 leaves `x` alone.
    pub fn forward_add(&self, x: &Tensor, slope: f32, add: &Tensor) -> Result<Tensor> {
        self.compute(x, slope, Some(add))
    }

    fn compute(&self, x: &Tensor, slope: f32, add: Option<&Tensor>) -> Result<Tensor> {
        let [c_out, c_in, k] = self.shape;
        let (batch, channels, t) = x.dims3()?;
        let span = self.dilation * (k - 1) + 1;
        let padded = t + 2 * self.padding;
        if channels != c_in || padded < span {
            return Err(Error::Msg(format!(
                "conv1d: input {:?} for {c_in} channels and a span of {span} with padding {}",
                x.dims(),
                self.padding
            )));
        }
        let t_out = (padded - span) / self.stride + 1;
        if let Some(add) = add
            && add.dims() != [batch, c_out, t_out]
        {
            let shape = add.dims();
            return Err(Error::Msg(format!(
                "conv1d: add {shape:?} to {batch}x{c_out}x{t_out}"
            )));
        }
        match &self.weight {
            Weight::Device { weight, bias } => {
                let x = if slope == 1.0 {
                    x.clone()
                } else {
                    leaky(x, slope)?
                };
                let y =
                    x.contiguous()?
                        .conv1d(weight, self.padding, self.stride, self.dilation, 1)?;
                let y = match bias {
                    Some(bias) => y.broadcast_add(bias)?,
                    None => y,
                };
                add.map_or(Ok(y.clone()), |add| y + add)
            }
            Weight::Cpu(plan) => {
                let mut out = vec![0.0; batch * c_out * t_out];
                let run = |x: &[f32], add: Option<&[f32]>, out: &mut [f32]| {
                    let size = c_out * t_out;
                    for (n, out) in out.chunks_exact_mut(size).enumerate() {
                        let x = &x[n * c_in * t..][..c_in * t];
                        let add = add.map(|add| &add[n * size..][..size]);
                        let extras = Extras { slope, add };
                        plan.run(Isa::best(), x, extras, t_out, out, &self.exec.pool);
                    }
                };
                with_f32(&x.contiguous()?, "conv1d", |x| {
                    match add {
                        None => run(x, None, &mut out),
                        Some(add) => with_f32(&add.contiguous()?, "conv1d", |add| {
                            run(x, Some(add), &mut out);
                            Ok(())
                        })?,
                    }
                    Ok(())
                })?;
                Tensor::from_vec(out, (batch, c_out, t_out), &Device::Cpu)
            }
        }
    }
}

/// `max(x, slope x)` for slopes below 1.
fn leaky(x: &Tensor, slope: f32) -> Result<Tensor> {
    let negative = (x.relu()? - x)?;
    x.relu()? - (negative * f64::from(slope))?
}
