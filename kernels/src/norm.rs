//! Normalisations over the last dimension.

use candle_core::{D, Device, Error, Result, Tensor};

use crate::isa::Isa;
use crate::shared_out::SharedOut;
use crate::view::with_f32;
use crate::{Exec, math};

/// Values per task: about 10 µs of work.
const TASK: usize = 16 * 1024;

/// `(x - mean) / sqrt(variance + eps) * weight + bias` over the last dimension of `x` `[..., n]`;
/// `weight` and `bias` `[n]`.
pub fn layer_norm(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    eps: f32,
    exec: &Exec,
) -> Result<Tensor> {
    if !x.device().is_cpu() {
        let x = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
        let variance = x.sqr()?.mean_keepdim(D::Minus1)?;
        return x
            .broadcast_div(&(variance + f64::from(eps))?.sqrt()?)?
            .broadcast_mul(weight)?
            .broadcast_add(bias);
    }
    with_f32(weight, "layer norm", |weight| {
        with_f32(bias, "layer norm", |bias| {
            if bias.len() != weight.len() {
                let (weight, bias) = (weight.len(), bias.len());
                return Err(Error::Msg(format!(
                    "layer norm: weight {weight}, bias {bias}"
                )));
            }
            in_rows(x, weight.len(), "layer norm", exec, |x, out| {
                // SAFETY: the instructions were detected.
                unsafe { math::layer_norm_rows(Isa::best(), x, weight, bias, eps, out) };
            })
        })
    })
}

/// `x / sqrt(mean(x²) + eps) * weight` over the last dimension of `x` `[..., n]`; `weight` `[n]`.
pub fn rms_norm(x: &Tensor, weight: &Tensor, eps: f32, exec: &Exec) -> Result<Tensor> {
    if !x.device().is_cpu() {
        let square = x.sqr()?.mean_keepdim(D::Minus1)?;
        return x
            .broadcast_div(&(square + f64::from(eps))?.sqrt()?)?
            .broadcast_mul(weight);
    }
    with_f32(weight, "rms norm", |weight| {
        in_rows(x, weight.len(), "rms norm", exec, |x, out| {
            // SAFETY: the instructions were detected.
            unsafe { math::rms_norm_rows(Isa::best(), x, weight, eps, out) };
        })
    })
}

/// The softmax over the last dimension.
pub fn softmax_last_dim(x: &Tensor, exec: &Exec) -> Result<Tensor> {
    if !x.device().is_cpu() {
        let x = x.broadcast_sub(&x.max_keepdim(D::Minus1)?)?.exp()?;
        return x.broadcast_div(&x.sum_keepdim(D::Minus1)?);
    }
    let n = x.dim(D::Minus1)?;
    in_rows(x, n, "softmax", exec, |x, out| {
        // SAFETY: the instructions were detected.
        unsafe { math::softmax_rows(Isa::best(), x, n, out) };
    })
}

/// Calls `f(x, out)` on groups of whole rows of `n`, on all threads.
fn in_rows(
    x: &Tensor,
    n: usize,
    op: &'static str,
    exec: &Exec,
    f: impl Fn(&[f32], &mut [f32]) + Sync,
) -> Result<Tensor> {
    if n == 0 || x.dim(D::Minus1)? != n {
        return Err(Error::Msg(format!(
            "{op}: {:?} does not end in {n}",
            x.dims()
        )));
    }
    let mut out = vec![0.0; x.elem_count()];
    with_f32(&x.contiguous()?, op, |x| {
        let per_task = (TASK / n).max(1) * n;
        let shared = SharedOut::new(&mut out);
        exec.pool.run(x.len().div_ceil(per_task), &|task| {
            let from = task * per_task;
            let length = per_task.min(x.len() - from);
            // SAFETY: tasks have rows of their own, and `out` outlives the loop.
            f(&x[from..from + length], unsafe {
                shared.part(from, length)
            });
        });
        Ok(())
    })?;
    Tensor::from_vec(out, x.dims(), &Device::Cpu)
}
