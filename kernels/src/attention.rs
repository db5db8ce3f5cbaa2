//! Causal attention of grouped query heads over f16 keys and values, on the CPU.
//!
//! Keys are stored with time as the inner dimension, values with the head's, so that both sums
//! run along vectors and nothing is added up across one. Query heads that share keys read them
//! together.

use std::cell::RefCell;

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::isa::{Isa, for_each_isa};
use crate::kv_cache::Look;
use crate::math::{cap_row, exp_of_row};
use crate::shared_out::SharedOut;
use crate::simd::Simd;
use crate::{Pool, Rope};

/// Most values in a vector.
const LANES: usize = 16;
/// Most query heads that read one key together.
const TOGETHER: usize = 4;
/// Query tokens per task.
const TASK_TOKENS: usize = 8;
/// Fewer multiplications than this are not worth waking a thread: about 5 µs.
const WORTH_A_TASK: usize = 1 << 17;

/// The sizes of one layer's cache.
#[derive(Clone, Copy)]
pub(crate) struct Heads {
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    /// A multiple of [`LANES`].
    pub(crate) head_dim: usize,
    pub(crate) capacity: usize,
}

impl Heads {
    /// Distance of two rows of keys: not a multiple of 4096 bytes, or all rows would want the
    /// same lines of the first-level cache.
    pub(crate) fn key_stride(self) -> usize {
        self.capacity.next_multiple_of(2 * LANES) + 2 * LANES
    }

    /// Values in one layer's keys, `[kv_heads][head_dim][key_stride]`.
    pub(crate) fn keys(self) -> usize {
        self.kv_heads * self.head_dim * self.key_stride()
    }

    /// Values in one layer's values, `[kv_heads][capacity][head_dim]`.
    pub(crate) fn values(self) -> usize {
        self.kv_heads * self.capacity * self.head_dim
    }
}

/// See [`crate::KvCache::attend`]; `keys` and `values` are one layer's.
#[allow(
    clippy::too_many_arguments,
    reason = "a kernel takes what its loops need"
)]
pub(crate) fn attend(
    isa: Isa,
    shape: Heads,
    look: Look,
    start: usize,
    qkv: &[f32],
    rope: &Rope,
    keys: &mut [u16],
    values: &mut [u16],
    pool: &Pool,
) -> Vec<f32> {
    let Heads {
        heads,
        kv_heads,
        head_dim: d,
        ..
    } = shape;
    let width = (heads + 2 * kv_heads) * d;
    let tokens = qkv.len() / width;
    let mut queries = vec![0.0; tokens * heads * d];
    for t in 0..tokens {
        let row = &qkv[t * width..][..width];
        let queries = &mut queries[t * heads * d..][..heads * d];
        queries.copy_from_slice(&row[..heads * d]);
        for head in queries.chunks_exact_mut(d) {
            rope.rotate(head, start + t);
        }
        append(shape, start + t, &row[heads * d..], rope, keys, values);
    }
    let mut out = vec![0.0; tokens * heads * d];
    let shared = SharedOut::new(&mut out);
    let work = tokens * heads * (start + tokens) * d * 2;
    let groups = tokens.div_ceil(TASK_TOKENS);
    let compute = |task: usize| {
        let (head, group) = (task % kv_heads, task / kv_heads);
        let from = group * TASK_TOKENS;
        let job = Job {
            shape,
            look,
            start,
            head,
            tokens: (from, (from + TASK_TOKENS).min(tokens)),
            queries: &queries,
            keys: &*keys,
            values: &*values,
        };
        SCRATCH.with_borrow_mut(|scratch| {
            // SAFETY: `isa` comes from detection; tasks differ in their tokens or heads, so the
            // places they write do not overlap, and `out` outlives the loop.
            unsafe { run_job(isa, &job, scratch, shared) };
        });
    };
    if work < WORTH_A_TASK {
        (0..kv_heads * groups).for_each(compute);
    } else {
        pool.run(kv_heads * groups, &compute);
    }
    out
}

thread_local! {
    /// The weights of up to [`TOGETHER`] heads.
    static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Rotates one token's keys and stores them with its values.
fn append(shape: Heads, at: usize, kv: &[f32], rope: &Rope, keys: &mut [u16], values: &mut [u16]) {
    let Heads {
        kv_heads,
        head_dim: d,
        capacity,
        ..
    } = shape;
    let stride = shape.key_stride();
    let mut head = vec![0.0; d];
    let mut bits = vec![f16::ZERO; d];
    for (h, key) in kv[..kv_heads * d].chunks_exact(d).enumerate() {
        head.copy_from_slice(key);
        rope.rotate(&mut head, at);
        bits.convert_from_f32_slice(&head);
        let rows = keys[h * d * stride..][..d * stride].chunks_exact_mut(stride);
        for (row, bits) in rows.zip(&bits) {
            row[at] = bits.to_bits();
        }
    }
    for (h, value) in kv[kv_heads * d..].chunks_exact(d).enumerate() {
        bits.convert_from_f32_slice(value);
        let to = &mut values[(h * capacity + at) * d..][..d];
        for (to, bits) in to.iter_mut().zip(&bits) {
            *to = bits.to_bits();
        }
    }
}

/// Some tokens' queries of the heads that share one head of keys.
struct Job<'a> {
    shape: Heads,
    look: Look,
    start: usize,
    head: usize,
    tokens: (usize, usize),
    /// `[tokens][heads][head_dim]`, rotated.
    queries: &'a [f32],
    keys: &'a [u16],
    values: &'a [u16],
}

for_each_isa! {
    fn run_job(job: &Job<'_>, scratch: &mut Vec<f32>, out: SharedOut<f32>) = walk
}

/// # Safety
/// The instructions of `S` exist, and no other thread writes these tokens and heads of `out`.
#[inline(always)]
unsafe fn walk<S: Simd>(job: &Job<'_>, scratch: &mut Vec<f32>, out: SharedOut<f32>) {
    let Heads {
        heads,
        kv_heads,
        head_dim: d,
        ..
    } = job.shape;
    let group = heads / kv_heads;
    for t in job.tokens.0..job.tokens.1 {
        let seen = job.start + t + 1;
        let room = seen.next_multiple_of(2 * LANES);
        let mut first = 0;
        while first < group {
            let count = (group - first).min(TOGETHER);
            let at = (t * heads + job.head * group + first) * d;
            let queries = &job.queries[at..at + count * d];
            if scratch.len() < count * room {
                scratch.resize(count * room, 0.0);
            }
            // SAFETY: this token's heads are this task's own.
            let out = unsafe { out.part(at, count * d) };
            // SAFETY: `queries` and `out` hold `count` heads, `scratch` `count` rows of `room`.
            unsafe {
                match count {
                    1 => heads_at::<S, 1>(job, queries, seen, room, scratch, out),
                    2 => heads_at::<S, 2>(job, queries, seen, room, scratch, out),
                    3 => heads_at::<S, 3>(job, queries, seen, room, scratch, out),
                    _ => heads_at::<S, 4>(job, queries, seen, room, scratch, out),
                }
            }
            first += count;
        }
    }
}

/// `G` heads of one token over the first `seen` tokens, or those of them in the layer's window.
///
/// # Safety
/// `queries` and `out` hold `G` heads, `scratch` `G` rows of `room`, which is `seen` rounded up
/// to two of the longest vectors.
#[inline(always)]
unsafe fn heads_at<S: Simd, const G: usize>(
    job: &Job<'_>,
    queries: &[f32],
    seen: usize,
    room: usize,
    scratch: &mut [f32],
    out: &mut [f32],
) {
    let Heads {
        head_dim: d,
        capacity,
        ..
    } = job.shape;
    let stride = job.shape.key_stride();
    let keys = &job.keys[job.head * d * stride..][..d * stride];
    let values = &job.values[job.head * capacity * d..][..seen * d];
    let scale = job.look.scale;
    let from = job.look.from(seen);
    // Scores are made in whole vectors from here on; those before `from` are not used.
    let begin = from / (2 * LANES) * (2 * LANES);
    let mut inverse = [0.0; G];
    // SAFETY: reads of keys go to at most `room`, which a row of `stride` holds; the rest is
    // inside by the contract.
    unsafe {
        for at in (begin..room).step_by(2 * S::LANES) {
            let mut sums = [[S::splat(0.0); 2]; G];
            for i in 0..d {
                let row = keys.as_ptr().add(i * stride + at);
                let key = [S::load_f16(row), S::load_f16(row.add(S::LANES))];
                for (g, sums) in sums.iter_mut().enumerate() {
                    let query = S::splat(*queries.as_ptr().add(g * d + i));
                    sums[0] = query.mul_add(key[0], sums[0]);
                    sums[1] = query.mul_add(key[1], sums[1]);
                }
            }
            for (g, sums) in sums.into_iter().enumerate() {
                let to = scratch.as_mut_ptr().add(g * room + at);
                sums[0].mul(S::splat(scale)).store(to);
                sums[1].mul(S::splat(scale)).store(to.add(S::LANES));
            }
        }
        for (g, inverse) in inverse.iter_mut().enumerate() {
            if let Some(cap) = job.look.cap {
                cap_row::<S>(&mut scratch[g * room + begin..(g + 1) * room], cap);
            }
            *inverse = 1.0 / exp_of_row::<S>(&mut scratch[g * room + from..g * room + seen]);
        }
        let mut column = 0;
        while column < d {
            if column + 4 * S::LANES <= d {
                weigh::<S, G, 4>(
                    &values[column..],
                    d,
                    scratch,
                    room,
                    (from, seen),
                    &inverse,
                    &mut out[column..],
                );
                column += 4 * S::LANES;
            } else {
                weigh::<S, G, 1>(
                    &values[column..],
                    d,
                    scratch,
                    room,
                    (from, seen),
                    &inverse,
                    &mut out[column..],
                );
                column += S::LANES;
            }
        }
    }
}

/// `NV` vectors of the weighted sum of the values of the tokens `between`, for `G` heads.
///
/// # Safety
/// From every row of `values` and of `out` on, `NV` vectors lie inside; `weights` holds `G` rows
/// of `room`.
#[inline(always)]
unsafe fn weigh<S: Simd, const G: usize, const NV: usize>(
    values: &[u16],
    d: usize,
    weights: &[f32],
    room: usize,
    between: (usize, usize),
    inverse: &[f32; G],
    out: &mut [f32],
) {
    // SAFETY: inside by the contract.
    unsafe {
        let mut sums = [[S::splat(0.0); NV]; G];
        for at in between.0..between.1 {
            let from = values.as_ptr().add(at * d);
            let mut value = [S::splat(0.0); NV];
            for (n, value) in value.iter_mut().enumerate() {
                *value = S::load_f16(from.add(n * S::LANES));
            }
            for (g, sums) in sums.iter_mut().enumerate() {
                let weight = S::splat(*weights.as_ptr().add(g * room + at));
                for (sum, value) in sums.iter_mut().zip(value) {
                    *sum = weight.mul_add(value, *sum);
                }
            }
        }
        for (g, sums) in sums.into_iter().enumerate() {
            for (n, sum) in sums.into_iter().enumerate() {
                let to = out.as_mut_ptr().add(g * d + n * S::LANES);
                sum.mul(S::splat(inverse[g])).store(to);
            }
        }
    }
}

#[cfg(test)]
#[path = "attention_test.rs"]
mod tests;
