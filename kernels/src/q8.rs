//! `y = x · wᵀ + bias` with 8-bit weights and inputs on the CPU.
//!
//! Both are quantised in blocks of 32 values along the inner dimension, each block with its own
//! scale, so that one large value spoils 31 others at most. One row of `x` (a token being
//! generated) is bound by reading the weights: 8.5 bits each. Several rows read the weights once
//! for every 4 rows, from the first-level cache.

use std::cell::RefCell;

use crate::Pool;
use crate::aligned::Aligned;
use crate::dot8::{self, Dot8};
use crate::isa::Isa;
use crate::shared_out::SharedOut;

/// 1.5 * 2^23: adding it rounds to a whole number, which then stands in the low bits.
const SHIFT: f32 = 12_582_912.0;
/// Values that share a scale.
pub(crate) const BLOCK: usize = 32;
/// Outputs that are computed together.
const PANEL: usize = 16;
/// Bytes of a block of a panel.
const BYTES: usize = BLOCK * PANEL;
/// Most rows that are computed together.
const ROWS: usize = 4;
/// Most panels that are computed together.
const PANELS: usize = 4;
/// Rows of one task: their 8-bit form stays in the second-level cache.
const TASK_ROWS: usize = 128;
/// Fewer weights than this are not worth waking a thread: about 5 µs.
const WORTH_A_TASK: usize = 1 << 16;

/// Weights `[n][k]` in 8 bits.
#[derive(Clone, Debug)]
pub(crate) struct Panels8 {
    n: usize,
    k: usize,
    /// `[n / PANEL][k / BLOCK][BLOCK / 4][PANEL][4]`, 128 added.
    weights: Aligned<u8>,
    /// f16, `[n / PANEL][k / BLOCK][PANEL]`, relative to the row's.
    scales: Aligned<u16>,
    /// Per output, so that the blocks' scales use f16's precise range whatever the weights' size.
    row_scales: Vec<f32>,
    /// Empty means zero.
    bias: Vec<f32>,
}

impl Panels8 {
    /// Quantises `weight` `[n][k]`; `k` is a multiple of [`BLOCK`].
    pub(crate) fn new(weight: &[f32], n: usize, k: usize, bias: Vec<f32>) -> Self {
        debug_assert_eq!(k % BLOCK, 0);
        let (panels, blocks) = (n.div_ceil(PANEL), k / BLOCK);
        let mut weights = Aligned::zeroed(panels * blocks * BYTES);
        weights.fill(128);
        let mut scales: Aligned<u16> = Aligned::zeroed(panels * blocks * PANEL);
        let mut row_scales = vec![0.0; panels * PANEL];
        for (row, values) in weight.chunks_exact(k.max(1)).enumerate() {
            let (panel, lane) = (row / PANEL, row % PANEL);
            let top = largest(values) / 127.0;
            row_scales[row] = top;
            for (block, values) in values.chunks_exact(BLOCK).enumerate() {
                let at = panel * blocks + block;
                let relative = if top > 0.0 {
                    largest(values) / 127.0 / top
                } else {
                    0.0
                };
                let scale = half::f16::from_f32(relative);
                scales[at * PANEL + lane] = scale.to_bits();
                let scale = scale.to_f32() * top;
                let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
                for (i, value) in values.iter().enumerate() {
                    // f16 may round the scale down: hence the clamp.
                    let whole = (value * inverse).clamp(-127.0, 127.0) + SHIFT - SHIFT;
                    weights[at * BYTES + (i / 4 * PANEL + lane) * 4 + i % 4] =
                        (whole as i32 + 128) as u8;
                }
            }
        }
        Self {
            n,
            k,
            weights,
            scales,
            row_scales,
            bias,
        }
    }

    /// Computes `[m][n]` into `out` from `x` `[m][k]`.
    pub(crate) fn run(&self, isa: Isa, x: &[f32], out: &mut [f32], pool: &Pool) {
        let m = out.len() / self.n.max(1);
        debug_assert_eq!(x.len(), m * self.k);
        SCRATCH.with_borrow_mut(|inputs| {
            inputs.quantise(isa, x, self.k);
            let inputs = &*inputs;
            let panels = self.n.div_ceil(PANEL);
            let row_tasks = m.div_ceil(TASK_ROWS);
            let worth = (self.n * self.k / WORTH_A_TASK).max(1) * m.div_ceil(ROWS);
            let wanted = if pool.threads() > 1 {
                4 * pool.threads()
            } else {
                1
            };
            let parts = wanted
                .min(worth)
                .div_ceil(row_tasks.max(1))
                .min(panels)
                .max(1);
            let shared = SharedOut::new(out);
            pool.run(row_tasks * parts, &|task| {
                let (rows, part) = (task / parts, task % parts);
                let from = rows * TASK_ROWS;
                let job = Job {
                    w: self,
                    inputs,
                    rows: (from, (from + TASK_ROWS).min(m)),
                    panels: (panels * part / parts, panels * (part + 1) / parts),
                };
                // SAFETY: `isa` comes from detection; tasks differ in their rows or panels, so
                // the places they write do not overlap, and `out` outlives the loop.
                unsafe { run_job(isa, &job, shared) };
            });
        });
    }
}

thread_local! {
    /// The quantised input; kept because its size hardly changes from call to call.
    static SCRATCH: RefCell<Inputs> = RefCell::default();
}

/// Rows of `x` in 8 bits.
#[derive(Debug, Default)]
struct Inputs {
    /// `[m][k]`.
    values: Vec<i8>,
    /// `[m][k / BLOCK]`.
    scales: Vec<f32>,
    /// `[m][k / BLOCK]`.
    sums: Vec<i32>,
}

impl Inputs {
    fn quantise(&mut self, isa: Isa, x: &[f32], k: usize) {
        debug_assert_eq!(x.len() % k.max(1), 0);
        self.values.resize(x.len(), 0);
        self.scales.resize(x.len() / BLOCK, 0.0);
        self.sums.resize(x.len() / BLOCK, 0);
        #[cfg(target_arch = "x86_64")]
        {
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
            fn avx512(inputs: &mut Inputs, x: &[f32]) {
                inputs.quantise_blocks(x);
            }
            #[target_feature(enable = "avx2,fma")]
            fn avx2(inputs: &mut Inputs, x: &[f32]) {
                inputs.quantise_blocks(x);
            }
            match isa {
                // SAFETY: an `Isa` is only made where the machine has it.
                Isa::Avx512 | Isa::Avx512Vnni => return unsafe { avx512(self, x) },
                // SAFETY: as above.
                Isa::Avx2 | Isa::AvxVnni => return unsafe { avx2(self, x) },
                Isa::Portable => {}
            }
        }
        let _ = isa;
        self.quantise_blocks(x);
    }

    #[inline(always)]
    fn quantise_blocks(&mut self, x: &[f32]) {
        let blocks = x.as_chunks::<BLOCK>().0.iter();
        let values = self.values.as_chunks_mut::<BLOCK>().0;
        for (((x, values), scale), sum) in
            blocks.zip(values).zip(&mut self.scales).zip(&mut self.sums)
        {
            let mut top = [0.0f32; 16];
            for half in x.as_chunks::<16>().0 {
                for (top, x) in top.iter_mut().zip(half) {
                    *top = if x.abs() > *top { x.abs() } else { *top };
                }
            }
            let top = top.iter().fold(0.0f32, |a, b| if *b > a { *b } else { a });
            *scale = top / 127.0;
            let inverse = if top > 0.0 { 127.0 / top } else { 0.0 };
            // An infinite value makes the block's scale infinite and so the output; an
            // infinite inverse (of a subnormal) would make NaN: such a block counts as zero.
            let inverse = if inverse.is_finite() { inverse } else { 0.0 };
            let mut total = 0;
            for (value, x) in values.iter_mut().zip(x) {
                let whole = (x * inverse + SHIFT).to_bits() as i32 - SHIFT.to_bits() as i32;
                *value = whole as i8;
                total += i32::from(*value);
            }
            *sum = total;
        }
    }
}

fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |top, value| value.abs().max(top))
}

/// Some rows by some panels.
struct Job<'a> {
    w: &'a Panels8,
    inputs: &'a Inputs,
    rows: (usize, usize),
    panels: (usize, usize),
}

/// # Safety
/// `isa` comes from detection; no other thread writes these rows and panels of `out`.
unsafe fn run_job(isa: Isa, job: &Job<'_>, out: SharedOut<f32>) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
        unsafe fn avx512vnni(job: &Job<'_>, out: SharedOut<f32>) {
            // SAFETY: this function has the features; the rest is the caller's promise.
            unsafe { rows::<dot8::Avx512Vnni, 4, 3, 4>(job, out) }
        }
        #[target_feature(enable = "avxvnni,avx2,fma,f16c")]
        unsafe fn avxvnni(job: &Job<'_>, out: SharedOut<f32>) {
            // SAFETY: as above.
            unsafe { rows::<dot8::AvxVnni, 2, 1, 2>(job, out) }
        }
        #[target_feature(enable = "avx2,fma,f16c")]
        unsafe fn avx2(job: &Job<'_>, out: SharedOut<f32>) {
            // SAFETY: as above.
            unsafe { rows::<dot8::Avx2, 2, 1, 1>(job, out) }
        }
        match isa {
            // SAFETY: an `Isa` is only made where the machine has it.
            Isa::Avx512Vnni => return unsafe { avx512vnni(job, out) },
            // SAFETY: as above.
            Isa::AvxVnni => return unsafe { avxvnni(job, out) },
            // SAFETY: as above; AVX-512 here includes AVX2.
            Isa::Avx2 | Isa::Avx512 => return unsafe { avx2(job, out) },
            Isa::Portable => {}
        }
    }
    let _ = isa;
    // SAFETY: the portable path needs no features; the rest is the caller's promise.
    unsafe { rows::<dot8::Portable, 2, 1, 1>(job, out) }
}

/// Walks over panels and rows in tiles of `MR` rows by `NR` panels; a single row takes `NR1`
/// panels at once, so that the processor has that many streams of weights to fetch.
///
/// # Safety
/// The instructions of `D` exist, and no other thread writes these rows and panels of `out`.
#[inline(always)]
unsafe fn rows<D: Dot8, const MR: usize, const NR: usize, const NR1: usize>(
    job: &Job<'_>,
    out: SharedOut<f32>,
) {
    let (from, to) = job.rows;
    let single = to - from == 1;
    let step = if single { NR1 } else { NR };
    let mut sums = [0.0f32; ROWS * PANELS * PANEL];
    let mut panel = job.panels.0;
    while panel < job.panels.1 {
        let width = if panel + step <= job.panels.1 {
            step
        } else {
            1
        };
        let mut row = from;
        while row < to {
            let height = if row + MR <= to { MR } else { 1 };
            // SAFETY: rows and panels lie inside the job's; `sums` holds ROWS x PANELS panels.
            unsafe {
                match (height, width) {
                    (1, 1) => tile::<D, 1, 1>(job, row, panel, &mut sums),
                    (1, width) if width == NR1 => tile::<D, 1, NR1>(job, row, panel, &mut sums),
                    (1, _) => tile::<D, 1, NR>(job, row, panel, &mut sums),
                    (_, 1) => tile::<D, MR, 1>(job, row, panel, &mut sums),
                    _ => tile::<D, MR, NR>(job, row, panel, &mut sums),
                }
            }
            for (r, sums) in sums.chunks_exact(width * PANEL).take(height).enumerate() {
                // SAFETY: passed on from the caller.
                unsafe { put(job.w, row + r, panel * PANEL, sums, out) };
            }
            row += height;
        }
        panel += width;
    }
}

/// # Safety
/// No other thread writes this part of `out`.
#[inline(always)]
unsafe fn put(w: &Panels8, row: usize, column: usize, sums: &[f32], out: SharedOut<f32>) {
    let width = sums.len().min(w.n - column);
    // SAFETY: passed on from the caller.
    let out = unsafe { out.part(row * w.n + column, width) };
    let scales = &w.row_scales[column..column + width];
    match w.bias.get(column..column + width) {
        Some(bias) => {
            for (((to, sum), scale), bias) in out.iter_mut().zip(sums).zip(scales).zip(bias) {
                *to = sum * scale + bias;
            }
        }
        None => {
            for ((to, sum), scale) in out.iter_mut().zip(sums).zip(scales) {
                *to = sum * scale;
            }
        }
    }
}

/// `MR` rows by `NR` panels.
///
/// # Safety
/// Rows and panels exist; `out` holds MR x NR panels.
#[inline(always)]
unsafe fn tile<D: Dot8, const MR: usize, const NR: usize>(
    job: &Job<'_>,
    row: usize,
    panel: usize,
    out: &mut [f32],
) {
    let blocks = job.w.k / BLOCK;
    debug_assert!(out.len() >= MR * NR * PANEL);
    // SAFETY: all reads lie inside the panels and rows named, which exist by the contract;
    // writes stay inside `out` by the contract.
    unsafe {
        let weights = job.w.weights.as_ptr().add(panel * blocks * BYTES);
        let scales = job.w.scales.as_ptr().add(panel * blocks * PANEL);
        let inputs = job.inputs.values.as_ptr().add(row * job.w.k);
        let input_scales = job.inputs.scales.as_ptr().add(row * blocks);
        let input_sums = job.inputs.sums.as_ptr().add(row * blocks);
        let mut totals = [[D::zero(); NR]; MR];
        for block in 0..blocks {
            let mut sums = [[D::splat(0); NR]; MR];
            for (r, sums) in sums.iter_mut().enumerate() {
                let start = -D::OFFSET * *input_sums.add(r * blocks + block);
                *sums = [D::splat(start); NR];
            }
            for quad in 0..BLOCK / 4 {
                for (r, sums) in sums.iter_mut().enumerate() {
                    let inputs = inputs.add(r * job.w.k + block * BLOCK + quad * 4);
                    for (n, sum) in sums.iter_mut().enumerate() {
                        let at = (n * blocks + block) * BYTES + quad * 4 * PANEL;
                        *sum = D::dot(*sum, weights.add(at), inputs);
                    }
                }
            }
            for n in 0..NR {
                let scales = D::scales(scales.add((n * blocks + block) * PANEL));
                for r in 0..MR {
                    let scale = *input_scales.add(r * blocks + block);
                    totals[r][n] = D::add(totals[r][n], sums[r][n], scales, scale);
                }
            }
        }
        for (r, totals) in totals.into_iter().enumerate() {
            for (n, total) in totals.into_iter().enumerate() {
                D::store(total, out.as_mut_ptr().add((r * NR + n) * PANEL));
            }
        }
    }
}
