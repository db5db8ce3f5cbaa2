//! Activation functions.

use candle_core::{D, Device, Error, Result, Tensor};

use crate::isa::Isa;
use crate::shared_out::SharedOut;
use crate::view::with_f32;
use crate::{Exec, math};

/// Values per task: about 20 µs of work, and a whole number of the longest vectors.
const TASK: usize = 16 * 1024;

/// The exact (error function) GELU, element by element; f32 in and out, any shape.
pub fn gelu_erf(x: &Tensor, exec: &Exec) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return x.gelu_erf();
    }
    let mut out = vec![0.0; x.elem_count()];
    with_f32(&x.contiguous()?, "gelu", |x| {
        in_parts(exec, &mut out, |from, out| {
            // SAFETY: the instructions were detected.
            unsafe { math::gelu_slice(Isa::best(), &x[from..from + out.len()], out) };
        });
        Ok(())
    })?;
    Tensor::from_vec(out, x.dims(), &Device::Cpu)
}

/// The gated activation of WaveNet: of `x` `[b, 2c, t]` gives `tanh(x[:, ..c]) * sigmoid(x[:, c..])`
/// `[b, c, t]`.
pub fn gated_tanh(x: &Tensor, exec: &Exec) -> Result<Tensor> {
    let (batch, channels, t) = x.dims3()?;
    if channels % 2 != 0 {
        return Err(Error::Msg(format!(
            "gated tanh: {channels} channels are not pairs"
        )));
    }
    let c = channels / 2;
    if !x.device().is_cpu() {
        let gate = (x.narrow(1, c, c)?.neg()?.exp()? + 1.0)?.recip()?;
        return x.narrow(1, 0, c)?.tanh()? * gate;
    }
    let size = c * t;
    let mut out = vec![0.0; batch * size];
    with_f32(&x.contiguous()?, "gated tanh", |x| {
        for (out, x) in out
            .chunks_exact_mut(size.max(1))
            .zip(x.chunks_exact(2 * size.max(1)))
        {
            let (a, b) = x.split_at(size);
            in_parts(exec, out, |from, out| {
                let part = from..from + out.len();
                // SAFETY: the instructions were detected.
                unsafe { math::gated_slice(Isa::best(), &a[part.clone()], &b[part], out) };
            });
        }
        Ok(())
    })?;
    Tensor::from_vec(out, (batch, c, t), &Device::Cpu)
}

/// `silu(gate) * up`, element by element, of two tensors of one shape.
pub fn silu_mul(gate: &Tensor, up: &Tensor, exec: &Exec) -> Result<Tensor> {
    if gate.dims() != up.dims() {
        let (gate, up) = (gate.dims(), up.dims());
        return Err(Error::Msg(format!("silu mul: {gate:?} and {up:?} differ")));
    }
    if !gate.device().is_cpu() {
        return gate.silu()? * up;
    }
    let mut out = vec![0.0; gate.elem_count()];
    let dims = gate.dims().to_vec();
    with_f32(&gate.contiguous()?, "silu mul", |gate| {
        with_f32(&up.contiguous()?, "silu mul", |up| {
            in_parts(exec, &mut out, |from, out| {
                let part = from..from + out.len();
                // SAFETY: the instructions were detected.
                unsafe { math::silu_mul_slice(Isa::best(), &gate[part.clone()], &up[part], out) };
            });
            Ok(())
        })
    })?;
    Tensor::from_vec(out, dims, &Device::Cpu)
}

/// `silu(x[..n]) * x[n..]` over the last dimension: `x` `[..., 2n]`, contiguous, gives `[..., n]`.
pub fn swiglu(x: &Tensor, exec: &Exec) -> Result<Tensor> {
    gate_halves(x, exec, "swiglu", Tensor::silu, |gate, up, out| {
        // SAFETY: the instructions were detected.
        unsafe { math::silu_mul_slice(Isa::best(), gate, up, out) };
    })
}

/// `gelu(x[..n]) * x[n..]` likewise, with the GELU by tanh (Gemma).
pub fn geglu_tanh(x: &Tensor, exec: &Exec) -> Result<Tensor> {
    gate_halves(x, exec, "geglu", Tensor::gelu, |gate, up, out| {
        // SAFETY: the instructions were detected.
        unsafe { math::gelu_mul_slice(Isa::best(), gate, up, out) };
    })
}

/// A gate over the two halves of the last dimension: `kernel` on a CPU, else `act(gate) * up`.
fn gate_halves(
    x: &Tensor,
    exec: &Exec,
    op: &'static str,
    act: impl Fn(&Tensor) -> Result<Tensor>,
    kernel: impl Fn(&[f32], &[f32], &mut [f32]) + Sync,
) -> Result<Tensor> {
    let width = x.dim(D::Minus1)?;
    if width % 2 != 0 || width == 0 {
        return Err(Error::Msg(format!("{op}: {width} values are not pairs")));
    }
    let n = width / 2;
    if !x.device().is_cpu() {
        let gate = act(&x.narrow(D::Minus1, 0, n)?.contiguous()?)?;
        return gate * x.narrow(D::Minus1, n, n)?;
    }
    let mut dims = x.dims().to_vec();
    *dims
        .last_mut()
        .expect("it has a last dimension, asked for above") = n;
    let mut out = vec![0.0; x.elem_count() / 2];
    with_f32(x, op, |x| {
        let rows = out.len() / n;
        let out = SharedOut::new(&mut out);
        let per_task = (TASK / n).max(1);
        exec.pool.run(rows.div_ceil(per_task), &|task| {
            for row in task * per_task..((task + 1) * per_task).min(rows) {
                let (gate, up) = x[row * width..][..width].split_at(n);
                // SAFETY: each row is written by one task, and `out` outlives the loop.
                kernel(gate, up, unsafe { out.part(row * n, n) });
            }
        });
        Ok(())
    })?;
    Tensor::from_vec(out, dims, &Device::Cpu)
}

/// Calls `f(from, part)` on parts of `out`, on all threads.
fn in_parts(exec: &Exec, out: &mut [f32], f: impl Fn(usize, &mut [f32]) + Sync) {
    let length = out.len();
    let out = SharedOut::new(out);
    exec.pool.run(length.div_ceil(TASK), &|task| {
        let from = task * TASK;
        // SAFETY: tasks have parts of their own, and `out` outlives the loop.
        f(from, unsafe { out.part(from, TASK.min(length - from)) });
    });
}
