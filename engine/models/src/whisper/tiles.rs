//! The inner loops of attention on the CPU, for heads of 64 columns.
//!
//! Written once over [`Lanes`] and plain loops, and compiled three times: AVX-512, AVX2 with FMA,
//! and the machine's baseline. The best one that the machine has is chosen at each call, which
//! costs one load and a compare.

#![expect(
    clippy::needless_range_loop,
    reason = "an index over registers runs through several arrays at once"
)]

#[cfg(target_arch = "x86_64")]
use super::lanes::{Avx2, Avx512};
use super::lanes::{Lanes, Scalar};

/// Columns of a head: 64 in every Whisper.
pub(super) const HEAD: usize = 64;

/// A row-major matrix inside a tensor's memory.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    /// The memory from the first row on.
    pub values: &'a [f32],
    /// Values from one row's beginning to the next one's.
    pub stride: usize,
}

impl<'a> Rows<'a> {
    #[inline(always)]
    fn part(&self, row: usize, first: usize, len: usize) -> &'a [f32] {
        let start = row * self.stride + first;
        &self.values[start..start + len]
    }

    #[inline(always)]
    fn array<const N: usize>(&self, row: usize, first: usize) -> &'a [f32; N] {
        self.part(row, first, N)
            .try_into()
            .expect("part() gives as many values as asked for")
    }
}

/// Queries, transposed keys and values of one attention.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub queries: Rows<'a>,
    pub keys: Rows<'a>,
    pub values: Rows<'a>,
    pub heads: usize,
}

/// Attends from query rows `first_row ..` to the first `seen` keys, all heads; `out` holds whole
/// rows.
pub(super) fn attend_rows(job: Job<'_>, first_row: usize, seen: usize, out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
            // SAFETY: the machine has the features that the function is compiled for; every
            // x86-64 machine with AVX-512F has FMA.
            return unsafe { rows_avx512(job, first_row, seen, out) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the machine has the features that the function is compiled for.
            return unsafe { rows_avx2(job, first_row, seen, out) };
        }
    }
    rows::<Scalar, false, 4, 2, 2>(job, first_row, seen, out);
}

/// Attends from one query row in one head to the first `seen` keys; `out` holds one head.
pub(super) fn attend_one(job: Job<'_>, row: usize, head: usize, seen: usize, out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
            // SAFETY: as in attend_rows.
            return unsafe { one_avx512(job, row, head, seen, out) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the machine has the features that the function is compiled for.
            return unsafe { one_avx2(job, row, head, seen, out) };
        }
    }
    one::<false>(job, row, head, seen, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,fma")]
fn rows_avx512(job: Job<'_>, first_row: usize, seen: usize, out: &mut [f32]) {
    rows::<Avx512, true, 8, 2, 4>(job, first_row, seen, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn rows_avx2(job: Job<'_>, first_row: usize, seen: usize, out: &mut [f32]) {
    rows::<Avx2, true, 4, 2, 2>(job, first_row, seen, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,fma")]
fn one_avx512(job: Job<'_>, row: usize, head: usize, seen: usize, out: &mut [f32]) {
    one::<true>(job, row, head, seen, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn one_avx2(job: Job<'_>, row: usize, head: usize, seen: usize, out: &mut [f32]) {
    one::<true>(job, row, head, seen, out);
}

/// Works on `R` query rows at a time (a multiple of 4), with score tiles of `K` registers of keys
/// and sums of `C` registers of columns.
#[inline(always)]
fn rows<L: Lanes, const FMA: bool, const R: usize, const K: usize, const C: usize>(
    job: Job<'_>,
    first_row: usize,
    seen: usize,
    out: &mut [f32],
) {
    let width = job.heads * HEAD;
    let count = out.len() / width;
    let mut scores = vec![0.0f32; R * seen];
    for block in (0..count).step_by(R) {
        let present = R.min(count - block);
        for head in 0..job.heads {
            let first = head * HEAD;
            // Rows past the end repeat the last one, so that the tile is always full.
            let mut query = [[0.0f32; R]; HEAD];
            for r in 0..R {
                let row = first_row + block + r.min(present - 1);
                for (d, q) in job.queries.part(row, first, HEAD).iter().enumerate() {
                    query[d][r] = q * SCALE;
                }
            }
            score_tiles::<L, FMA, R, K>(&query, job.keys, first, seen, &mut scores);
            let mut inverse = [0.0f32; R];
            for (r, inverse) in inverse.iter_mut().enumerate() {
                *inverse = 1.0 / exponentials::<FMA>(&mut scores[r * seen..(r + 1) * seen]);
            }
            for r0 in (0..present).step_by(4) {
                let mut sums = [[0.0f32; HEAD]; 4];
                let share = &scores[r0 * seen..(r0 + 4) * seen];
                weighted::<L, C>(share, seen, job.values, first, &mut sums);
                for (r, sums) in sums.iter().enumerate().take(present - r0) {
                    let at = (block + r0 + r) * width + first;
                    for (out, sum) in out[at..at + HEAD].iter_mut().zip(sums) {
                        *out = sum * inverse[r0 + r];
                    }
                }
            }
        }
    }
}

/// One over the square root of the head's width.
const SCALE: f32 = 0.125;

#[inline(always)]
fn score_tiles<L: Lanes, const FMA: bool, const R: usize, const K: usize>(
    query: &[[f32; R]; HEAD],
    keys: Rows<'_>,
    first: usize,
    seen: usize,
    scores: &mut [f32],
) {
    let tile = K * L::WIDTH;
    let whole = seen / tile * tile;
    for t in (0..whole).step_by(tile) {
        // SAFETY: the callers of `rows` have made sure of the extension. A tile's keys and scores
        // are slices of `tile` values, of which register `k` takes its part.
        unsafe {
            let mut sums = [[L::splat(0.0); K]; R];
            for (d, query) in query.iter().enumerate() {
                let row = keys.part(first + d, t, tile).as_ptr();
                let mut key = [L::splat(0.0); K];
                for k in 0..K {
                    key[k] = L::load(row.add(k * L::WIDTH));
                }
                for r in 0..R {
                    let q = L::splat(query[r]);
                    for k in 0..K {
                        sums[r][k] = q.madd(key[k], sums[r][k]);
                    }
                }
            }
            for (r, sums) in sums.iter().enumerate() {
                let row = scores[r * seen + t..r * seen + t + tile].as_mut_ptr();
                for (k, sum) in sums.iter().enumerate() {
                    sum.store(row.add(k * L::WIDTH));
                }
            }
        }
    }
    for t in whole..seen {
        let mut column = [0.0f32; R];
        for (d, query) in query.iter().enumerate() {
            let key = keys.part(first + d, t, 1)[0];
            for r in 0..R {
                column[r] = madd::<FMA>(query[r], key, column[r]);
            }
        }
        for (r, score) in column.iter().enumerate() {
            scores[r * seen + t] = *score;
        }
    }
}

/// Four rows of `seen` probabilities times the values of one head.
#[inline(always)]
fn weighted<L: Lanes, const C: usize>(
    probabilities: &[f32],
    seen: usize,
    values: Rows<'_>,
    first: usize,
    out: &mut [[f32; HEAD]; 4],
) {
    let (p0, rest) = probabilities.split_at(seen);
    let (p1, rest) = rest.split_at(seen);
    let (p2, p3) = rest.split_at(seen);
    let part = C * L::WIDTH;
    for column in (0..HEAD).step_by(part) {
        // SAFETY: the callers of `rows` have made sure of the extension. A part's values and sums
        // are slices of `part` values, of which register `c` takes its share.
        unsafe {
            let mut sums = [[L::splat(0.0); C]; 4];
            for t in 0..seen {
                let row = values.part(t, first + column, part).as_ptr();
                let mut value = [L::splat(0.0); C];
                for c in 0..C {
                    value[c] = L::load(row.add(c * L::WIDTH));
                }
                let share = [p0[t], p1[t], p2[t], p3[t]];
                for r in 0..4 {
                    let p = L::splat(share[r]);
                    for c in 0..C {
                        sums[r][c] = p.madd(value[c], sums[r][c]);
                    }
                }
            }
            for (out, sums) in out.iter_mut().zip(&sums) {
                let row = out[column..column + part].as_mut_ptr();
                for (c, sum) in sums.iter().enumerate() {
                    sum.store(row.add(c * L::WIDTH));
                }
            }
        }
    }
}

#[inline(always)]
fn one<const FMA: bool>(job: Job<'_>, row: usize, head: usize, seen: usize, out: &mut [f32]) {
    let first = head * HEAD;
    let query = job.queries.array::<HEAD>(row, first);
    let mut scores = vec![0.0f32; seen];
    for (d, q) in query.iter().enumerate() {
        let q = q * SCALE;
        for (score, key) in scores.iter_mut().zip(job.keys.part(first + d, 0, seen)) {
            *score = madd::<FMA>(q, *key, *score);
        }
    }
    let inverse = 1.0 / exponentials::<FMA>(&mut scores);
    let mut sums = [0.0f32; HEAD];
    for (t, p) in scores.iter().enumerate() {
        let value = job.values.array::<HEAD>(t, first);
        for j in 0..HEAD {
            sums[j] = madd::<FMA>(*p, value[j], sums[j]);
        }
    }
    for (out, sum) in out.iter_mut().zip(&sums) {
        *out = sum * inverse;
    }
}

/// Replaces scores by exp(score − highest) and gives their sum.
#[inline(always)]
fn exponentials<const FMA: bool>(scores: &mut [f32]) -> f32 {
    const LANES: usize = 16;
    let mut highest = [f32::NEG_INFINITY; LANES];
    let mut chunks = scores.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (h, s) in highest.iter_mut().zip(chunk) {
            *h = if *s > *h { *s } else { *h };
        }
    }
    let rest = chunks.remainder().iter();
    let highest = highest
        .iter()
        .chain(rest)
        .copied()
        .fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [0.0f32; LANES];
    let mut chunks = scores.chunks_exact_mut(LANES);
    for chunk in &mut chunks {
        for (sum, s) in sums.iter_mut().zip(chunk) {
            *s = exp::<FMA>(*s - highest);
            *sum += *s;
        }
    }
    let mut total: f32 = sums.iter().sum();
    for s in chunks.into_remainder() {
        *s = exp::<FMA>(*s - highest);
        total += *s;
    }
    total
}

/// e to the power of `x` ≤ 0, within 2e-7 of the value: 2ⁿ by the exponent's bits, the rest by a
/// polynomial. The standard library's would be called one value at a time.
#[inline(always)]
fn exp<const FMA: bool>(x: f32) -> f32 {
    // Adding and subtracting 1.5 · 2²³ rounds to whole numbers.
    const ROUND: f32 = 12_582_912.0;
    let x = if x > -87.0 { x } else { -87.0 };
    let n = madd::<FMA>(x, std::f32::consts::LOG2_E, ROUND);
    let power = (n.to_bits() << 23).wrapping_add(0x3f80_0000);
    let n = n - ROUND;
    // ln 2 in two parts, so that the remainder keeps all its digits.
    let r = madd::<FMA>(n, -0.693_359_4, x);
    let r = madd::<FMA>(n, 2.121_944_4e-4, r);
    let mut p = 1.987_569_1e-4;
    for c in [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        0.166_666_65,
        0.5,
    ] {
        p = madd::<FMA>(p, r, c);
    }
    let e = madd::<FMA>(p, r * r, r) + 1.0;
    e * f32::from_bits(power)
}

/// a · b + c, in one rounding where the machine has it.
#[inline(always)]
fn madd<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}
