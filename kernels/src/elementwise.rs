//! Activation functions.

use candle_core::{D, Result, Tensor};

use crate::Exec;

/// The exact (error function) GELU, element by element; f32 in and out, any shape.
pub fn gelu_erf(x: &Tensor, _exec: &Exec) -> Result<Tensor> {
    x.gelu_erf()
}

/// The gated activation of WaveNet: of `x` `[b, 2c, t]` gives `tanh(x[:, ..c]) * sigmoid(x[:, c..])`
/// `[b, c, t]`.
pub fn gated_tanh(x: &Tensor, _exec: &Exec) -> Result<Tensor> {
    let c = x.dim(1)? / 2;
    let gate = (x.narrow(1, c, c)?.neg()?.exp()? + 1.0)?.recip()?;
    x.narrow(1, 0, c)?.tanh()? * gate
}

/// `silu(gate) * up`, element by element, of two tensors of one shape.
pub fn silu_mul(gate: &Tensor, up: &Tensor, _exec: &Exec) -> Result<Tensor> {
    gate.silu()? * up
}

/// `silu(x[..n]) * x[n..]` over the last dimension: `x` `[..., 2n]`, contiguous, gives `[..., n]`.
pub fn swiglu(x: &Tensor, exec: &Exec) -> Result<Tensor> {
    let n = x.dim(D::Minus1)? / 2;
    silu_mul(
        &x.narrow(D::Minus1, 0, n)?,
        &x.narrow(D::Minus1, n, n)?,
        exec,
    )
}
