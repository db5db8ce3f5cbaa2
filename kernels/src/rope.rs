//! Rotary position embedding: the table of angles.

use candle_core::{Device, Result, Tensor};

/// Which two values of a head form a pair that is rotated together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RopePairs {
    /// `(0, 1), (2, 3), …`: Llama weights as GGUF stores them.
    Neighbours,
    /// `(0, d/2), (1, d/2 + 1), …`: Qwen and most other families.
    Halves,
}

/// Cosines and sines for every position up to a capacity.
#[derive(Clone, Debug)]
pub struct Rope {
    pub(crate) pairs: RopePairs,
    /// Values per head that are rotated; the rest of a head is left alone.
    pub(crate) dims: usize,
    pub(crate) cos: Vec<f32>,
    pub(crate) sin: Vec<f32>,
    /// `[capacity, dims / 2]`, for devices other than the CPU.
    pub(crate) tables: Option<(Tensor, Tensor)>,
}

impl Rope {
    /// Angles `position / base^(2i / dims) / factors[i]` for positions below `capacity`.
    ///
    /// `dims` is even; `factors` is empty or `[dims / 2]` long (Llama 3's stretched contexts).
    pub fn new(
        dims: usize,
        base: f32,
        factors: &[f32],
        pairs: RopePairs,
        capacity: usize,
        device: &Device,
    ) -> Result<Self> {
        let half = dims / 2;
        let mut cos = Vec::with_capacity(capacity * half);
        let mut sin = Vec::with_capacity(capacity * half);
        for position in 0..capacity {
            for i in 0..half {
                let factor = f64::from(factors.get(i).copied().unwrap_or(1.0));
                let exponent = -2.0 * i as f64 / dims as f64;
                let angle = position as f64 * f64::from(base).powf(exponent) / factor;
                cos.push(angle.cos() as f32);
                sin.push(angle.sin() as f32);
            }
        }
        let tables = match device {
            Device::Cpu => None,
            device => Some((
                Tensor::from_slice(&cos, (capacity, half), device)?,
                Tensor::from_slice(&sin, (capacity, half), device)?,
            )),
        };
        Ok(Self {
            pairs,
            dims,
            cos,
            sin,
            tables,
        })
    }

    /// Rotates one head's values at `position` in place.
    pub(crate) fn rotate(&self, head: &mut [f32], position: usize) {
        let half = self.dims / 2;
        let cos = &self.cos[position * half..][..half];
        let sin = &self.sin[position * half..][..half];
        match self.pairs {
            RopePairs::Neighbours => {
                for ((pair, c), s) in head[..self.dims].chunks_exact_mut(2).zip(cos).zip(sin) {
                    (pair[0], pair[1]) = (pair[0] * c - pair[1] * s, pair[0] * s + pair[1] * c);
                }
            }
            RopePairs::Halves => {
                let (low, high) = head[..self.dims].split_at_mut(half);
                for (((a, b), c), s) in low.iter_mut().zip(high).zip(cos).zip(sin) {
                    (*a, *b) = (*a * c - *b * s, *a * s + *b * c);
                }
            }
        }
    }
}
