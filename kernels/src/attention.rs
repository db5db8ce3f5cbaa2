//! Causal attention of grouped query heads over f16 keys and values.

use half::f16;

use crate::{Pool, Rope};

/// The sizes of one layer's cache.
#[derive(Clone, Copy)]
pub(crate) struct Heads {
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head_dim: usize,
    pub(crate) capacity: usize,
}

/// See [`crate::KvCache::attend`]; `keys` and `values` are `[kv_heads][capacity][head_dim]`.
pub(crate) fn attend(
    shape: Heads,
    start: usize,
    qkv: &[f32],
    rope: &Rope,
    keys: &mut [u16],
    values: &mut [u16],
    _pool: &Pool,
) -> Vec<f32> {
    let Heads {
        heads,
        kv_heads,
        head_dim: d,
        capacity,
    } = shape;
    let width = (heads + 2 * kv_heads) * d;
    let tokens = qkv.len() / width;
    let mut qkv = qkv.to_vec();
    for (t, row) in qkv.chunks_exact_mut(width).enumerate() {
        for head in row[..(heads + kv_heads) * d].chunks_exact_mut(d) {
            rope.rotate(head, start + t);
        }
        for h in 0..kv_heads {
            let at = (h * capacity + start + t) * d;
            for i in 0..d {
                keys[at + i] = f16::from_f32(row[(heads + h) * d + i]).to_bits();
                values[at + i] = f16::from_f32(row[(heads + kv_heads + h) * d + i]).to_bits();
            }
        }
    }
    let scale = 1.0 / (d as f32).sqrt();
    let mut out = vec![0.0; tokens * heads * d];
    let mut scores = vec![0.0f32; start + tokens];
    for t in 0..tokens {
        for h in 0..heads {
            let q = &qkv[t * width + h * d..][..d];
            let base = h / (heads / kv_heads) * capacity * d;
            let seen = start + t + 1;
            for (at, score) in scores[..seen].iter_mut().enumerate() {
                let k = &keys[base + at * d..][..d];
                *score = q
                    .iter()
                    .zip(k)
                    .map(|(a, b)| a * f16::from_bits(*b).to_f32())
                    .sum::<f32>()
                    * scale;
            }
            let top = scores[..seen]
                .iter()
                .copied()
                .fold(f32::NEG_INFINITY, f32::max);
            let mut sum = 0.0;
            for score in &mut scores[..seen] {
                *score = (*score - top).exp();
                sum += *score;
            }
            let to = &mut out[(t * heads + h) * d..][..d];
            for (at, score) in scores[..seen].iter().enumerate() {
                let v = &values[base + at * d..][..d];
                for (o, v) in to.iter_mut().zip(v) {
                    *o += score / sum * f16::from_bits(*v).to_f32();
                }
            }
        }
    }
    out
}
