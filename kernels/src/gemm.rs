//! `y = x · wᵀ + bias` in f32 on the CPU.
//!
//! The weights are stored in panels of 32 outputs in the order in which they are read; a tile of
//! rows of `x` by one panel is summed in registers. Few rows are shared out by panels, many by
//! rows.

use crate::Pool;
use crate::aligned::Aligned;
use crate::isa::{Isa, for_each_isa};
use crate::shared_out::SharedOut;
use crate::simd::Simd;

/// Outputs in a panel.
const PANEL: usize = 32;
/// Most rows in a tile of registers.
const ROWS: usize = 12;
/// Rows of one task: with 512 inputs 192 KiB, which stays in a 1 MiB second-level cache.
const TASK_ROWS: usize = 8 * ROWS;
/// Fewer multiplications than this are not worth waking a thread: about 5 µs.
const WORTH_A_TASK: usize = 1 << 17;

/// Weights `[n][k]` in panels.
#[derive(Clone, Debug)]
pub(crate) struct Panels {
    n: usize,
    k: usize,
    /// `[n / PANEL][k][PANEL]`.
    weights: Aligned<f32>,
    /// Empty means zero.
    bias: Vec<f32>,
}

impl Panels {
    pub(crate) fn new(weight: &[f32], n: usize, k: usize, bias: Vec<f32>) -> Self {
        let mut weights = Aligned::zeroed(n.div_ceil(PANEL) * k * PANEL);
        for (row, values) in weight.chunks_exact(k.max(1)).enumerate() {
            let base = row / PANEL * k * PANEL + row % PANEL;
            for (i, value) in values.iter().enumerate() {
                weights[base + i * PANEL] = *value;
            }
        }
        Self {
            n,
            k,
            weights,
            bias,
        }
    }

    /// Computes `[m][n]` into `out` from `x` `[m][k]`.
    pub(crate) fn run(&self, isa: Isa, x: &[f32], out: &mut [f32], pool: &Pool) {
        let m = out.len() / self.n.max(1);
        debug_assert_eq!(x.len(), m * self.k);
        let panels = self.n.div_ceil(PANEL);
        let row_tasks = m.div_ceil(TASK_ROWS);
        let worth = (m * self.n * self.k / WORTH_A_TASK).max(1);
        let parts = (4 * pool.threads())
            .min(worth)
            .div_ceil(row_tasks.max(1))
            .min(panels)
            .max(1);
        let shared = SharedOut::new(out);
        pool.run(row_tasks * parts, &|task| {
            let (rows, part) = (task / parts, task % parts);
            let from = rows * TASK_ROWS;
            let to = (from + TASK_ROWS).min(m);
            let panels = (panels * part / parts, panels * (part + 1) / parts);
            // SAFETY: `isa` comes from detection; tasks differ in their rows or panels, so the
            // places they write do not overlap, and `out` outlives the loop.
            unsafe { run_rows(isa, self, x, (from, to), panels, shared) };
        });
    }
}

for_each_isa! {
    fn run_rows(
        w: &Panels,
        x: &[f32],
        rows: (usize, usize),
        panels: (usize, usize),
        out: SharedOut<f32>,
    ) = walk
}

/// # Safety
/// The instructions of `S` exist, and no other thread writes these rows and panels of `out`.
#[inline(always)]
unsafe fn walk<S: Simd>(
    w: &Panels,
    x: &[f32],
    (from, to): (usize, usize),
    (first, last): (usize, usize),
    out: SharedOut<f32>,
) {
    let mut sums = [0.0f32; ROWS * PANEL];
    for panel in first..last {
        let weights = &w.weights[panel * w.k * PANEL..][..w.k * PANEL];
        let column = panel * PANEL;
        let width = PANEL.min(w.n - column);
        let mut row = from;
        while row < to {
            let x = &x[row * w.k..to * w.k];
            // SAFETY: `x` holds at least as many rows as are summed, `weights` a whole panel.
            let count = unsafe {
                if S::LANES == 16 {
                    match to - row {
                        12.. => sum::<S, 12, 2>(x, w.k, weights, &mut sums),
                        8.. => sum::<S, 8, 2>(x, w.k, weights, &mut sums),
                        4.. => sum::<S, 4, 2>(x, w.k, weights, &mut sums),
                        2.. => sum::<S, 2, 2>(x, w.k, weights, &mut sums),
                        _ => sum::<S, 1, 2>(x, w.k, weights, &mut sums),
                    }
                } else {
                    match to - row {
                        3.. => sum::<S, 3, 4>(x, w.k, weights, &mut sums),
                        2 => sum::<S, 2, 4>(x, w.k, weights, &mut sums),
                        _ => sum::<S, 1, 4>(x, w.k, weights, &mut sums),
                    }
                }
            };
            for (r, sums) in sums.chunks_exact(PANEL).take(count).enumerate() {
                // SAFETY: this task's rows and panels are its own.
                let out = unsafe { out.part((row + r) * w.n + column, width) };
                match w.bias.get(column..column + width) {
                    Some(bias) => {
                        for ((to, sum), bias) in out.iter_mut().zip(sums).zip(bias) {
                            *to = sum + bias;
                        }
                    }
                    None => out.copy_from_slice(&sums[..width]),
                }
            }
            row += count;
        }
    }
}

/// `MR` rows by one panel; returns `MR`.
///
/// # Safety
/// `x` holds `MR` rows of `k`, `weights` `k` rows of a panel, and `NR` vectors make a panel.
#[inline(always)]
unsafe fn sum<S: Simd, const MR: usize, const NR: usize>(
    x: &[f32],
    k: usize,
    weights: &[f32],
    out: &mut [f32],
) -> usize {
    debug_assert!(x.len() >= MR * k && weights.len() >= k * PANEL && NR * S::LANES == PANEL);
    // SAFETY: inside by the contract; `out` holds at least `MR` panels' rows.
    unsafe {
        let mut sums = [[S::splat(0.0); NR]; MR];
        let (x, weights) = (x.as_ptr(), weights.as_ptr());
        for i in 0..k {
            let mut w = [S::splat(0.0); NR];
            for (n, w) in w.iter_mut().enumerate() {
                *w = S::load(weights.add(i * PANEL + n * S::LANES));
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                let x = S::splat(*x.add(r * k + i));
                for (sum, w) in sums.iter_mut().zip(w) {
                    *sum = x.mul_add(w, *sum);
                }
            }
        }
        for (r, sums) in sums.into_iter().enumerate() {
            for (n, sum) in sums.into_iter().enumerate() {
                sum.store(out.as_mut_ptr().add(r * PANEL + n * S::LANES));
            }
        }
    }
    MR
}
