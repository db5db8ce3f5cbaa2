//! Self-attention with learnt relative positions within a small window.

use candle_core::{D, Tensor};
use janet_kernels::{Exec, Linear, softmax_last_dim};

use super::ops::{Result, with_slice};

/// One attention layer over `[t, hidden]`.
pub(super) struct Attention {
    /// Query (scaled), key and value in one product: `[3 · hidden, hidden]`.
    pub(super) qkv: Linear,
    pub(super) out: Linear,
    /// What a key at each distance −window…window adds: `[2 · window + 1, d]`, row by row.
    pub(super) near_keys: Vec<f32>,
    /// The same for values.
    pub(super) near_values: Vec<f32>,
    pub(super) heads: usize,
    pub(super) width: usize,
}

impl Attention {
    /// Maps `x` `[t, hidden]` to `[t, hidden]`.
    pub(super) fn forward(&self, x: &Tensor, exec: &Exec) -> Result<Tensor> {
        let time = x.dim(0)?;
        let (heads, width) = (self.heads, self.width);
        let qkv = self.qkv.forward(x)?.reshape((time, 3, heads, width))?;
        let qkv = qkv.permute((1, 2, 0, 3))?.contiguous()?;
        let (q, k, v) = (qkv.get(0)?, qkv.get(1)?, qkv.get(2)?);
        let scores = q.matmul(&k.transpose(D::Minus1, D::Minus2)?.contiguous()?)?;
        let scores = self.add_near_keys(&scores, &q)?;
        let shares = softmax_last_dim(&scores, exec)?;
        let mixed = self.add_near_values(&shares.matmul(&v)?, &shares)?;
        self.out.forward(
            &mixed
                .transpose(0, 1)?
                .contiguous()?
                .reshape((time, heads * width))?,
        )
    }

    /// `scores[h, i, j] += q[h, i] · near_keys[j − i]` within the window.
    fn add_near_keys(&self, scores: &Tensor, q: &Tensor) -> Result<Tensor> {
        let time = scores.dim(1)?;
        let mut sums = with_slice(scores, <[f32]>::to_vec)?;
        with_slice(q, |q| {
            let rows = sums.chunks_exact_mut(time).zip(q.chunks_exact(self.width));
            for (index, (row, q)) in rows.enumerate() {
                for (j, key) in self.near(index % time, time, &self.near_keys) {
                    row[j] += q.iter().zip(key).map(|(a, b)| a * b).sum::<f32>();
                }
            }
        })?;
        Tensor::from_vec(sums, scores.shape(), scores.device())
    }

    /// `mixed[h, i] += shares[h, i, j] · near_values[j − i]` within the window.
    fn add_near_values(&self, mixed: &Tensor, shares: &Tensor) -> Result<Tensor> {
        let time = shares.dim(1)?;
        let mut sums = with_slice(mixed, <[f32]>::to_vec)?;
        with_slice(shares, |shares| {
            let rows = sums
                .chunks_exact_mut(self.width)
                .zip(shares.chunks_exact(time));
            for (index, (row, shares)) in rows.enumerate() {
                for (j, value) in self.near(index % time, time, &self.near_values) {
                    for (sum, value) in row.iter_mut().zip(value) {
                        *sum += shares[j] * value;
                    }
                }
            }
        })?;
        Tensor::from_vec(sums, mixed.shape(), mixed.device())
    }

    /// The places `j` around `i` that lie within the window, each with its row of `table`.
    fn near<'a>(
        &'a self,
        i: usize,
        time: usize,
        table: &'a [f32],
    ) -> impl Iterator<Item = (usize, &'a [f32])> {
        let rows = table.chunks_exact(self.width);
        let window = rows.len() / 2;
        rows.enumerate().filter_map(move |(offset, row)| {
            let j = (i + offset).checked_sub(window)?;
            (j < time).then_some((j, row))
        })
    }
}
