//! Normalisations over the last dimension.

use candle_core::{D, Result, Tensor};

use crate::Exec;

/// `(x - mean) / sqrt(variance + eps) * weight + bias` over the last dimension of `x` `[..., n]`;
/// `weight` and `bias` `[n]`.
pub fn layer_norm(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    eps: f32,
    _exec: &Exec,
) -> Result<Tensor> {
    let x = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = x.sqr()?.mean_keepdim(D::Minus1)?;
    x.broadcast_div(&(variance + f64::from(eps))?.sqrt()?)?
        .broadcast_mul(weight)?
        .broadcast_add(bias)
}

/// `x / sqrt(mean(x²) + eps) * weight` over the last dimension of `x` `[..., n]`; `weight` `[n]`.
pub fn rms_norm(x: &Tensor, weight: &Tensor, eps: f32, _exec: &Exec) -> Result<Tensor> {
    let square = x.sqr()?.mean_keepdim(D::Minus1)?;
    x.broadcast_div(&(square + f64::from(eps))?.sqrt()?)?
        .broadcast_mul(weight)
}

/// The softmax over the last dimension.
pub fn softmax_last_dim(x: &Tensor, _exec: &Exec) -> Result<Tensor> {
    let x = x.broadcast_sub(&x.max_keepdim(D::Minus1)?)?.exp()?;
    x.broadcast_div(&x.sum_keepdim(D::Minus1)?)
}
