//! Attention over many positions, for the encoder (many queries) and the decoder (one query).
//!
//! On the CPU this is one fused pass: scores, softmax and weighted sum of eight query rows at a
//! time stay in the core's cache, where separate tensor operations would write and read a
//! `[heads, queries, keys]` tensor three times. On other devices it is plain tensor operations.
//! Never projects: queries, keys and values come ready.

use std::sync::{Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp3, D, Layout, Result, Shape, Tensor, bail};
use janet_kernels::{Exec, Pool, softmax_last_dim};

use super::tiles::{self, Job, Rows};

/// Up to so many queries the heads are shared out among the threads, beyond it the queries.
const FEW_ROWS: usize = 8;
/// Queries per task.
const TASK_ROWS: usize = 32;

/// Which keys a query may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// The first so many keys, for every query.
    First(usize),
    /// Query `i` sees the keys before `start + i` and its own.
    Causal {
        /// Position of the first query among the keys.
        start: usize,
    },
}

impl Sight {
    /// Keys that query `row` sees.
    fn keys(self, row: usize) -> usize {
        match self {
            Self::First(keys) => keys,
            Self::Causal { start } => start + row + 1,
        }
    }
}

/// Softmax(q · k / √d) · v, per head.
///
/// `queries` `[n, heads·d]`, `keys` transposed `[heads·d, capacity]`, `values`
/// `[capacity, heads·d]`; rows may have gaps between them, as views have. Gives `[n, heads·d]`.
pub fn attend(
    queries: &Tensor,
    keys: &Tensor,
    values: &Tensor,
    heads: usize,
    sight: Sight,
    exec: &Exec,
) -> Result<Tensor> {
    let (n, width) = queries.dims2()?;
    let size = width / heads;
    if queries.device().is_cpu() && size == tiles::HEAD {
        let op = Attend {
            heads,
            sight,
            pool: exec.pool.clone(),
        };
        return queries.apply_op3_no_bwd(keys, values, &op);
    }
    let seen = sight.keys(n.saturating_sub(1));
    let q = (queries.reshape((n, heads, size))?.transpose(0, 1)? * (size as f64).powf(-0.5))?;
    let k = keys.narrow(1, 0, seen)?.reshape((heads, size, seen))?;
    let v = values
        .narrow(0, 0, seen)?
        .reshape((seen, heads, size))?
        .transpose(0, 1)?;
    let mut scores = q.contiguous()?.matmul(&k.contiguous()?)?;
    if matches!(sight, Sight::Causal { .. }) && n > 1 {
        let mask: Vec<f32> = (0..n)
            .flat_map(|row| {
                (0..seen).map(move |key| {
                    if key < sight.keys(row) {
                        0.0
                    } else {
                        f32::NEG_INFINITY
                    }
                })
            })
            .collect();
        scores = scores.broadcast_add(&Tensor::from_vec(mask, (n, seen), queries.device())?)?;
    }
    softmax_last_dim(&scores.contiguous()?, exec)?
        .matmul(&v.contiguous()?)?
        .transpose(0, 1)?
        .reshape((n, width))
}

/// How much of head `head`'s attention each query gives to each of the first `positions` keys:
/// `[n, positions]`, rows that add up to one. Arguments as of [`attend`].
pub(super) fn attention(
    queries: &Tensor,
    keys: &Tensor,
    heads: usize,
    head: usize,
    positions: usize,
) -> Result<Tensor> {
    let size = queries.dim(1)? / heads;
    let q = (queries.narrow(1, head * size, size)? * (size as f64).powf(-0.5))?;
    let k = keys.narrow(0, head * size, size)?.narrow(1, 0, positions)?;
    let scores = q.contiguous()?.matmul(&k.contiguous()?)?;
    let highest = scores.max_keepdim(D::Minus1)?;
    let weights = scores.broadcast_sub(&highest)?.exp()?;
    weights.broadcast_div(&weights.sum_keepdim(D::Minus1)?)
}

struct Attend {
    heads: usize,
    sight: Sight,
    pool: Pool,
}

/// The rows of a tensor that may be a view of a wider one.
fn rows<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<Rows<'a>> {
    let CpuStorage::F32(values) = storage else {
        bail!("attention needs f32");
    };
    let (_, columns) = layout.shape().dims2()?;
    let stride = match *layout.stride() {
        [stride, next] if next == 1 || columns == 1 => stride,
        ref strides => bail!("attention needs dense rows, got strides {strides:?}"),
    };
    Ok(Rows {
        values: &values[layout.start_offset()..],
        stride,
    })
}

impl CustomOp3 for Attend {
    fn name(&self) -> &'static str {
        "attend"
    }

    fn cpu_fwd(
        &self,
        queries: &CpuStorage,
        queries_layout: &Layout,
        keys: &CpuStorage,
        keys_layout: &Layout,
        values: &CpuStorage,
        values_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (n, width) = queries_layout.shape().dims2()?;
        let (key_width, capacity) = keys_layout.shape().dims2()?;
        let (value_rows, value_width) = values_layout.shape().dims2()?;
        let most = self.sight.keys(n.saturating_sub(1));
        if key_width != width || value_width != width || most > capacity.min(value_rows) {
            bail!(
                "attention of {n} × {width} to {most} of {key_width} × {capacity} keys \
                 and {value_rows} × {value_width} values"
            );
        }
        let job = Job {
            queries: rows(queries, queries_layout)?,
            keys: rows(keys, keys_layout)?,
            values: rows(values, values_layout)?,
            heads: self.heads,
        };
        let mut out = vec![0.0f32; n * width];
        match self.sight {
            Sight::First(seen) if n > FEW_ROWS => {
                let parts: Vec<Mutex<&mut [f32]>> =
                    out.chunks_mut(TASK_ROWS * width).map(Mutex::new).collect();
                self.pool.run(parts.len(), &|part| {
                    let mut out = parts[part].lock().unwrap_or_else(PoisonError::into_inner);
                    tiles::attend_rows(job, part * TASK_ROWS, seen, &mut out);
                });
            }
            _ => {
                let parts: Vec<Mutex<&mut [f32]>> =
                    out.chunks_mut(tiles::HEAD).map(Mutex::new).collect();
                self.pool.run(parts.len(), &|part| {
                    let (row, head) = (part / self.heads, part % self.heads);
                    let mut out = parts[part].lock().unwrap_or_else(PoisonError::into_inner);
                    tiles::attend_one(job, row, head, self.sight.keys(row), &mut out);
                });
            }
        }
        Ok((CpuStorage::F32(out), Shape::from((n, width))))
    }
}

/// The transpose of `x` `[t, c]`, dense: keys as [`attend`] wants them.
pub fn transposed(x: &Tensor) -> Result<Tensor> {
    debug_assert_eq!(x.rank(), 2);
    x.transpose(D::Minus1, D::Minus2)?.contiguous()
}

#[cfg(test)]
#[path = "attention_test.rs"]
mod tests;
