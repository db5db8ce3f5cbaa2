//! Convolution over time on the CPU, as a sum of shifted products.
//!
//! The time axis is cut into tiles. Of each tile the input is copied once, with its padding (and a
//! leaky ReLU if asked for), so that all output channels read it from the cache without looking
//! at borders; the weights are stored in the order in which they are read. No im2col matrix is
//! ever made. A transposed convolution is the same with one output channel per phase.

use std::cell::RefCell;

use crate::Pool;
use crate::aligned::Aligned;
use crate::isa::{Isa, for_each_isa};
use crate::shared_out::SharedOut;
use crate::simd::Simd;

/// Output channels that are computed together.
const ROWS: usize = 8;
/// Most vectors along time that are computed together.
const WIDE: usize = 3;
/// Most values in a vector.
const LANES: usize = 16;
/// Outputs along time per tile: four times the widest step of the inner loop. With 128 channels
/// the input tile takes 100 KiB, which leaves room in a 1 MiB second-level cache.
const TILE: usize = 4 * WIDE * LANES;
/// Fewer multiplications than this are not worth waking a thread: about 5 µs.
const WORTH_A_TASK: usize = 1 << 18;

/// Where a convolution's result goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layout {
    /// One row per output channel.
    Plain,
    /// Row `channel * stride + phase` holds every `stride`th output of `channel`, beginning
    /// `padding` before the first that is wanted.
    Interleaved { stride: usize, padding: usize },
}

/// Weights and sizes, laid out once.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    c_in: usize,
    /// Rows that are computed, before rounding up to [`ROWS`].
    rows: usize,
    /// Distance of each tap from the first, in inputs.
    taps: Vec<usize>,
    stride: usize,
    /// Zeros in front of the input.
    before: usize,
    layout: Layout,
    /// `[rows / ROWS][c_in][taps][ROWS]`.
    weights: Aligned<f32>,
    /// Per output channel; empty means zero.
    bias: Vec<f32>,
}

/// What happens beside the convolution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extras<'a> {
    /// The input is passed through a leaky ReLU with this slope; 1 leaves it alone.
    pub(crate) slope: f32,
    /// Added to the output, in its shape.
    pub(crate) add: Option<&'a [f32]>,
}

impl Plan {
    /// A plain convolution; `weight` is `[c_out][c_in][k]`.
    pub(crate) fn plain(
        weight: &[f32],
        [c_out, c_in, k]: [usize; 3],
        bias: Vec<f32>,
        padding: usize,
        stride: usize,
        dilation: usize,
    ) -> Self {
        let taps: Vec<usize> = (0..k).map(|j| j * dilation).collect();
        let weights = pack(c_out, c_in, k, |row, ci, tap| {
            weight[(row * c_in + ci) * k + tap]
        });
        let layout = Layout::Plain;
        Self {
            c_in,
            rows: c_out,
            taps,
            stride,
            before: padding,
            layout,
            weights,
            bias,
        }
    }

    /// A transposed convolution; `weight` is `[c_in][c_out][k]`.
    pub(crate) fn transposed(
        weight: &[f32],
        [c_in, c_out, k]: [usize; 3],
        bias: Vec<f32>,
        padding: usize,
        stride: usize,
    ) -> Self {
        let count = k.div_ceil(stride);
        let rows = c_out * stride;
        // Output q * stride + phase takes input q - m with weight phase + m * stride.
        let weights = pack(rows, c_in, count, |row, ci, tap| {
            let (co, phase) = (row / stride, row % stride);
            let j = phase + (count - 1 - tap) * stride;
            if j < k {
                weight[(ci * c_out + co) * k + j]
            } else {
                0.0
            }
        });
        let taps = (0..count).collect();
        let layout = Layout::Interleaved { stride, padding };
        Self {
            c_in,
            rows,
            taps,
            stride: 1,
            before: count - 1,
            layout,
            weights,
            bias,
        }
    }

    /// Computes `[channels][t_out]` of one batch item into `out` from `x` `[c_in][t]`.
    pub(crate) fn run(
        &self,
        isa: Isa,
        x: &[f32],
        extras: Extras<'_>,
        t_out: usize,
        out: &mut [f32],
        pool: &Pool,
    ) {
        let t = x.len() / self.c_in.max(1);
        // Positions along time that are computed per row.
        let steps = match self.layout {
            Layout::Plain => t_out,
            Layout::Interleaved { stride, padding } => (t_out + padding).div_ceil(stride),
        };
        if steps == 0 {
            return;
        }
        let blocks = self.rows.div_ceil(ROWS);
        let work = steps * blocks * ROWS * self.c_in * self.taps.len();
        let wanted = if work < 2 * WORTH_A_TASK {
            1
        } else {
            4 * pool.threads()
        };
        // Tiles of equal length, each a whole number of vectors where there is more than one.
        let tiles = steps
            .div_ceil(TILE)
            .max(wanted.min(steps / (WIDE * LANES)).max(1));
        let tile = steps.div_ceil(tiles).next_multiple_of(LANES);
        let tiles = steps.div_ceil(tile);
        // Short inputs are shared out by channels instead, which copies the tile more than once.
        let parts = wanted.div_ceil(tiles).min(blocks);
        let shared = SharedOut::new(out);
        pool.run(tiles * parts, &|task| {
            let (tile_index, part) = (task % tiles, task / tiles);
            let from = tile_index * tile;
            let job = Job {
                plan: self,
                x,
                t,
                extras,
                t_out,
                from,
                to: (from + tile).min(steps),
                blocks: (blocks * part / parts, blocks * (part + 1) / parts),
            };
            SCRATCH.with_borrow_mut(|scratch| {
                // SAFETY: `isa` comes from detection; tasks differ in their steps or rows, so
                // the places they write do not overlap, and `out` outlives the loop.
                unsafe { run_tile(isa, &job, shared, scratch) };
            });
        });
    }
}

thread_local! {
    /// The input tile; kept because its size hardly changes from call to call.
    static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

fn pack(
    rows: usize,
    c_in: usize,
    taps: usize,
    weight: impl Fn(usize, usize, usize) -> f32,
) -> Aligned<f32> {
    let blocks = rows.div_ceil(ROWS);
    let mut packed = Aligned::zeroed(blocks * c_in * taps * ROWS);
    let mut to = packed.iter_mut();
    for block in 0..blocks {
        for ci in 0..c_in {
            for tap in 0..taps {
                for (row, to) in (block * ROWS..(block + 1) * ROWS).zip(&mut to) {
                    if row < rows {
                        *to = weight(row, ci, tap);
                    }
                }
            }
        }
    }
    packed
}

/// One tile of the time axis for some of the channels.
struct Job<'a> {
    plan: &'a Plan,
    x: &'a [f32],
    t: usize,
    extras: Extras<'a>,
    t_out: usize,
    from: usize,
    to: usize,
    blocks: (usize, usize),
}

for_each_isa! {
    fn run_tile(job: &Job<'_>, out: SharedOut<f32>, scratch: &mut Vec<f32>) = tile
}

/// # Safety
/// The instructions of `S` exist, and no other thread writes this job's part of `out`.
#[inline(always)]
unsafe fn tile<S: Simd>(job: &Job<'_>, out: SharedOut<f32>, scratch: &mut Vec<f32>) {
    let plan = job.plan;
    let count = job.to - job.from;
    // Inner loops read whole vectors, so every row has that much to spare.
    let phase_length = count.next_multiple_of(LANES)
        + WIDE * LANES
        + plan.taps.last().map_or(0, |last| last / plan.stride);
    let row_length = phase_length * plan.stride;
    scratch.clear();
    scratch.resize(plan.c_in * row_length, 0.0);
    for (ci, row) in scratch.chunks_exact_mut(row_length).enumerate() {
        copy_row(job, &job.x[ci * job.t..][..job.t], row, phase_length);
    }
    let mut offsets = [0usize; 64];
    let taps = plan.taps.len();
    let heap;
    let offsets = if taps <= offsets.len() {
        for (offset, tap) in offsets.iter_mut().zip(&plan.taps) {
            *offset = tap % plan.stride * phase_length + tap / plan.stride;
        }
        &offsets[..taps]
    } else {
        let offset = |tap: &usize| tap % plan.stride * phase_length + tap / plan.stride;
        heap = plan.taps.iter().map(offset).collect::<Vec<_>>();
        &heap
    };
    let mut result = [0.0f32; ROWS * WIDE * LANES];
    for block in job.blocks.0..job.blocks.1 {
        let weights = &plan.weights[block * plan.c_in * taps * ROWS..][..plan.c_in * taps * ROWS];
        let mut done = 0;
        while done < count {
            let vectors = (count - done).div_ceil(S::LANES).min(WIDE);
            let input = Input {
                x: &scratch[done..],
                row_length,
                offsets,
                weights,
            };
            // SAFETY: the rows of `scratch` reach `WIDE` vectors beyond `count`, so all reads of
            // up to `WIDE` vectors from `done` lie inside; `result` holds ROWS x WIDE vectors.
            unsafe {
                match vectors {
                    1 => rows::<S, 1>(&input, &mut result),
                    2 => rows::<S, 2>(&input, &mut result),
                    _ => rows::<S, 3>(&input, &mut result),
                }
            }
            let width = vectors * S::LANES;
            let good = width.min(count - done);
            // SAFETY: passed on from the caller.
            unsafe { put(job, block, done, &result, width, good, out) };
            done += good;
        }
    }
}

/// Copies what a tile needs of one input channel: zeros outside, every `stride`th value together.
#[inline(always)]
fn copy_row(job: &Job<'_>, x: &[f32], row: &mut [f32], phase_length: usize) {
    let plan = job.plan;
    let slope = job.extras.slope;
    for (phase, row) in row.chunks_exact_mut(phase_length).enumerate() {
        // Value i of this row is input (from + i) * stride + phase - before.
        let origin = job.from * plan.stride + phase;
        let first = plan
            .before
            .saturating_sub(origin)
            .div_ceil(plan.stride)
            .min(row.len());
        let start = (origin + first * plan.stride).saturating_sub(plan.before);
        let row = &mut row[first..];
        if plan.stride == 1 {
            let length = row.len().min(x.len().saturating_sub(start));
            for (to, from) in row.iter_mut().zip(&x[x.len().min(start)..][..length]) {
                *to = if *from < 0.0 { *from * slope } else { *from };
            }
        } else {
            for (to, from) in row
                .iter_mut()
                .zip(x.iter().skip(start).step_by(plan.stride))
            {
                *to = if *from < 0.0 { *from * slope } else { *from };
            }
        }
    }
}

/// What the inner loop reads.
struct Input<'a> {
    x: &'a [f32],
    row_length: usize,
    offsets: &'a [usize],
    weights: &'a [f32],
}

/// All rows of a block; with few registers in two halves.
#[inline(always)]
unsafe fn rows<S: Simd, const NR: usize>(input: &Input<'_>, out: &mut [f32]) {
    // SAFETY: passed on from the caller; the second half begins at row 4 of 8.
    unsafe {
        if S::LANES == LANES {
            sum::<S, 8, NR>(input, 0, out);
        } else {
            sum::<S, 4, NR>(input, 0, out);
            sum::<S, 4, NR>(input, 4, out);
        }
    }
}

/// `MR` output channels by `NR` vectors of time, kept in registers over all inputs and taps.
///
/// # Safety
/// From every offset in every row of `x`, `NR` vectors can be read; `out` holds 8 x NR vectors.
#[inline(always)]
unsafe fn sum<S: Simd, const MR: usize, const NR: usize>(
    input: &Input<'_>,
    first: usize,
    out: &mut [f32],
) {
    debug_assert!(out.len() >= ROWS * NR * S::LANES);
    // SAFETY: reads stay inside by the contract; `weights` holds `ROWS` values per tap and input
    // channel; writes stay inside `out` by the contract.
    unsafe {
        let mut sums = [[S::splat(0.0); NR]; MR];
        let mut row = input.x.as_ptr();
        let mut weight = input.weights.as_ptr().add(first);
        let channels = input.weights.len() / (ROWS * input.offsets.len().max(1));
        for _ in 0..channels {
            for offset in input.offsets {
                let from = row.add(*offset);
                let mut x = [S::splat(0.0); NR];
                for (n, x) in x.iter_mut().enumerate() {
                    *x = S::load(from.add(n * S::LANES));
                }
                for (m, sums) in sums.iter_mut().enumerate() {
                    let w = S::splat(*weight.add(m));
                    for (sum, x) in sums.iter_mut().zip(x) {
                        *sum = w.mul_add(x, *sum);
                    }
                }
                weight = weight.add(ROWS);
            }
            row = row.wrapping_add(input.row_length);
        }
        for (m, sums) in sums.into_iter().enumerate() {
            for (n, sum) in sums.into_iter().enumerate() {
                sum.store(out.as_mut_ptr().add(((first + m) * NR + n) * S::LANES));
            }
        }
    }
}

/// Writes one block's sums where they belong, with bias and residual.
///
/// # Safety
/// No other thread writes these rows at these steps of `out`.
#[inline(always)]
unsafe fn put(
    job: &Job<'_>,
    block: usize,
    done: usize,
    sums: &[f32],
    width: usize,
    good: usize,
    out: SharedOut<f32>,
) {
    let plan = job.plan;
    let rows = ROWS.min(plan.rows - block * ROWS);
    for (m, sums) in sums.chunks_exact(width).take(rows).enumerate() {
        let row = block * ROWS + m;
        let step = job.from + done;
        match plan.layout {
            Layout::Plain => {
                let at = row * job.t_out + step;
                let bias = plan.bias.get(row).copied().unwrap_or(0.0);
                // SAFETY: this task's rows and steps are its own.
                let to = unsafe { out.part(at, good) };
                match job.extras.add {
                    Some(add) => {
                        for ((to, sum), add) in to.iter_mut().zip(sums).zip(&add[at..at + good]) {
                            *to = sum + bias + add;
                        }
                    }
                    None => {
                        for (to, sum) in to.iter_mut().zip(sums) {
                            *to = sum + bias;
                        }
                    }
                }
            }
            Layout::Interleaved { stride, padding } => {
                let (channel, phase) = (row / stride, row % stride);
                let bias = plan.bias.get(channel).copied().unwrap_or(0.0);
                for (n, sum) in sums[..good].iter().enumerate() {
                    let at = ((step + n) * stride + phase).wrapping_sub(padding);
                    if at < job.t_out {
                        // SAFETY: this phase of this channel at this step is this task's own.
                        unsafe { out.part(channel * job.t_out + at, 1)[0] = sum + bias };
                    }
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "conv_cpu_test.rs"]
mod tests;
