//! Activation functions.

use candle_core::{Result, Tensor};

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
