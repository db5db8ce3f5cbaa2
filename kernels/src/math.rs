//! Functions of vectors, and the element-wise and row-wise kernels made of them.

use crate::isa::for_each_isa;
use crate::simd::Simd;

/// `e^x`, relative error below 2e-7; results below 1e-38 may come out as 1e-38.
#[inline(always)]
pub(crate) unsafe fn exp<S: Simd>(x: S) -> S {
    // SAFETY: passed on from the caller.
    unsafe {
        let x = x.max(S::splat(-87.3)).min(S::splat(88.3));
        let n = x.mul(S::splat(std::f32::consts::LOG2_E)).round();
        // ln 2 in two parts, so that nothing is lost in the subtraction.
        let r = n.mul_add(S::splat(-0.693_359_4), x);
        let r = n.mul_add(S::splat(2.121_944_4e-4), r);
        let p = S::splat(1.987_569_1e-4);
        let p = p.mul_add(r, S::splat(1.398_199_9e-3));
        let p = p.mul_add(r, S::splat(8.333_452e-3));
        let p = p.mul_add(r, S::splat(4.166_579_6e-2));
        let p = p.mul_add(r, S::splat(1.666_666_5e-1));
        let p = p.mul_add(r, S::splat(0.5));
        let p = p.mul_add(r.mul(r), r).add(S::splat(1.0));
        p.mul(n.exp2_whole())
    }
}

/// The same with exactly 0 where [`exp`] would give the least that it can.
#[inline(always)]
unsafe fn exp_or_nothing<S: Simd>(x: S) -> S {
    // SAFETY: passed on from the caller.
    unsafe {
        let least = S::splat(-87.3);
        if x.max(least).sub(x).largest() <= 0.0 {
            exp(x)
        } else {
            exp(x).sub(exp(least)).max(S::splat(0.0))
        }
    }
}

/// `1 / (1 + e^-x)`, error below 2e-7.
#[inline(always)]
pub(crate) unsafe fn sigmoid<S: Simd>(x: S) -> S {
    // SAFETY: passed on from the caller.
    unsafe {
        let one = S::splat(1.0);
        one.div(one.add(exp(S::splat(0.0).sub(x))))
    }
}

/// Error below 3e-7.
#[inline(always)]
unsafe fn tanh<S: Simd>(x: S) -> S {
    // SAFETY: passed on from the caller.
    unsafe {
        let one = S::splat(1.0);
        let e = exp(x.add(x));
        one.sub(S::splat(2.0).div(e.add(one)))
    }
}

/// `x / 2 (1 + erf(x / √2))`, error below 1e-6: Abramowitz and Stegun 7.1.26, which is good to
/// 1.5e-7 for the error function.
#[inline(always)]
unsafe fn gelu<S: Simd>(x: S) -> S {
    // SAFETY: passed on from the caller.
    unsafe {
        let zero = S::splat(0.0);
        let one = S::splat(1.0);
        let z = x.mul(S::splat(std::f32::consts::FRAC_1_SQRT_2));
        let z = z.max(zero.sub(z));
        let t = one.div(z.mul_add(S::splat(0.327_591_1), one));
        let p = S::splat(1.061_405_4);
        let p = p.mul_add(t, S::splat(-1.453_152));
        let p = p.mul_add(t, S::splat(1.421_413_7));
        let p = p.mul_add(t, S::splat(-0.284_496_74));
        let p = p.mul_add(t, S::splat(0.254_829_6)).mul(t);
        // Half of what is missing to 1 (x > 0) or to 0 (x < 0). Beyond e^-60 nothing changes for
        // f32, but the result would be subnormal and slow every product with it down manyfold.
        let power = zero.sub(z.mul(z)).max(S::splat(-60.0));
        let rest = p.mul(exp(power)).mul(S::splat(0.5));
        // max(x, 0) - |x| rest
        let size = x.max(zero.sub(x));
        zero.sub(size).mul_add(rest, x.max(zero))
    }
}

/// Fills `$out` with an expression of the values beside it in equally long slices, the last
/// vector padded. A macro, because a closure would not take on the caller's instructions.
macro_rules! map {
    ($S:ident, $out:ident = [$($x:ident),+] => $value:expr) => {{
        let length = $out.len();
        let whole = length - length % $S::LANES;
        for at in (0..whole).step_by($S::LANES) {
            let to = $out[at..at + $S::LANES].as_mut_ptr();
            $(let $x = $S::load($x[at..at + $S::LANES].as_ptr());)+
            $value.store(to);
        }
        if whole < length {
            // No vector is longer than 16 values.
            let mut padded = [0.0f32; 16];
            $(
                padded[..length - whole].copy_from_slice(&$x[whole..length]);
                let $x = $S::load(padded.as_ptr());
            )+
            $value.store(padded.as_mut_ptr());
            $out[whole..].copy_from_slice(&padded[..length - whole]);
        }
    }};
}

/// The sum of an expression over a slice.
macro_rules! total {
    ($S:ident, $x:ident => $value:expr) => {{
        let mut sum = $S::splat(0.0);
        let chunks = $x.chunks_exact($S::LANES);
        let mut rest = 0.0;
        for $x in chunks.remainder() {
            // The same expression on one value in all lanes, of which one counts.
            let $x = $S::splat(*$x);
            let mut lanes = [0.0f32; 16];
            $value.store(lanes.as_mut_ptr());
            rest += lanes[0];
        }
        for chunk in chunks {
            let $x = $S::load(chunk.as_ptr());
            sum = sum.add($value);
        }
        sum.sum() + rest
    }};
}

for_each_isa! {
    /// `gelu(x)`.
    pub(crate) fn gelu_slice(x: &[f32], out: &mut [f32]) = gelu_body
}
#[inline(always)]
unsafe fn gelu_body<S: Simd>(x: &[f32], out: &mut [f32]) {
    // SAFETY: passed on from the caller.
    unsafe { map!(S, out = [x] => gelu(x)) }
}

for_each_isa! {
    /// `tanh(a) sigmoid(b)`.
    pub(crate) fn gated_slice(a: &[f32], b: &[f32], out: &mut [f32]) = gated_body
}
#[inline(always)]
unsafe fn gated_body<S: Simd>(a: &[f32], b: &[f32], out: &mut [f32]) {
    // SAFETY: passed on from the caller.
    unsafe { map!(S, out = [a, b] => tanh(a).mul(sigmoid(b))) }
}

for_each_isa! {
    /// `gate sigmoid(gate) up`.
    pub(crate) fn silu_mul_slice(gate: &[f32], up: &[f32], out: &mut [f32]) = silu_mul_body
}
#[inline(always)]
unsafe fn silu_mul_body<S: Simd>(gate: &[f32], up: &[f32], out: &mut [f32]) {
    // SAFETY: passed on from the caller.
    unsafe { map!(S, out = [gate, up] => gate.mul(sigmoid(gate)).mul(up)) }
}

/// `x / 2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`: tanh of half of something is its sigmoid.
#[inline(always)]
unsafe fn gelu_tanh<S: Simd>(x: S) -> S {
    // SAFETY: passed on from the caller.
    unsafe {
        let twice = S::splat(1.595_769);
        let inner = x.mul(x).mul_add(S::splat(0.044_715), S::splat(1.0));
        x.mul(sigmoid(x.mul(inner).mul(twice)))
    }
}

for_each_isa! {
    /// `gelu(gate) up`, the GELU by tanh.
    pub(crate) fn gelu_mul_slice(gate: &[f32], up: &[f32], out: &mut [f32]) = gelu_mul_body
}
#[inline(always)]
unsafe fn gelu_mul_body<S: Simd>(gate: &[f32], up: &[f32], out: &mut [f32]) {
    // SAFETY: passed on from the caller.
    unsafe { map!(S, out = [gate, up] => gelu_tanh(gate).mul(up)) }
}

/// Replaces each value by `cap tanh(value / cap)`.
///
/// # Safety
/// The instructions of `S` exist, and `row` is whole vectors.
#[inline(always)]
pub(crate) unsafe fn cap_row<S: Simd>(row: &mut [f32], cap: f32) {
    // SAFETY: passed on from the caller; chunks are whole vectors.
    unsafe {
        let (cap, inverse) = (S::splat(cap), S::splat(1.0 / cap));
        for chunk in row.chunks_exact_mut(S::LANES) {
            let x = S::load(chunk.as_ptr());
            tanh(x.mul(inverse)).mul(cap).store(chunk.as_mut_ptr());
        }
    }
}

for_each_isa! {
    /// Root-mean-square norm of each row as long as `weight`.
    pub(crate) fn rms_norm_rows(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) = rms_body
}
#[inline(always)]
unsafe fn rms_body<S: Simd>(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    let n = weight.len();
    for (x, out) in x.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
        // SAFETY: passed on from the caller; all slices are rows of `n`.
        unsafe {
            let square = total!(S, x => x.mul(x));
            let scale = S::splat(1.0 / (square / n as f32 + eps).sqrt());
            map!(S, out = [x, weight] => x.mul(scale).mul(weight));
        }
    }
}

for_each_isa! {
    /// Layer norm of each row as long as `weight`.
    pub(crate) fn layer_norm_rows(
        x: &[f32],
        weight: &[f32],
        bias: &[f32],
        eps: f32,
        out: &mut [f32],
    ) = layer_body
}
#[inline(always)]
unsafe fn layer_body<S: Simd>(x: &[f32], weight: &[f32], bias: &[f32], eps: f32, out: &mut [f32]) {
    let n = weight.len();
    for (x, out) in x.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
        // SAFETY: passed on from the caller; all slices are rows of `n`.
        unsafe {
            let mean = total!(S, x => x) / n as f32;
            let middle = S::splat(mean);
            // In two passes: the difference of two large sums would lose the variance.
            let square = total!(S, x => x.sub(middle).mul(x.sub(middle)));
            let scale = S::splat(1.0 / (square / n as f32 + eps).sqrt());
            map!(S, out = [x, weight, bias] => x.sub(middle).mul(scale).mul_add(weight, bias));
        }
    }
}

for_each_isa! {
    /// Softmax of each row of `n`. A row of nothing but -inf becomes NaN, as everywhere.
    pub(crate) fn softmax_rows(x: &[f32], n: usize, out: &mut [f32]) = softmax_body
}
#[inline(always)]
unsafe fn softmax_body<S: Simd>(x: &[f32], n: usize, out: &mut [f32]) {
    for (x, out) in x.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
        // SAFETY: passed on from the caller; both slices are rows of `n`.
        unsafe {
            out.copy_from_slice(x);
            let sum = exp_of_row::<S>(out);
            let scale = S::splat(1.0 / sum);
            let whole = n - n % S::LANES;
            for at in (0..whole).step_by(S::LANES) {
                let to = out[at..at + S::LANES].as_mut_ptr();
                S::load(to).mul(scale).store(to);
            }
            for x in &mut out[whole..] {
                *x /= sum;
            }
        }
    }
}

/// Replaces each value by `e^(value - largest)`; returns their sum.
#[inline(always)]
pub(crate) unsafe fn exp_of_row<S: Simd>(row: &mut [f32]) -> f32 {
    let n = row.len();
    let whole = n - n % S::LANES;
    // SAFETY: passed on from the caller; whole vectors below `whole` lie inside the row, and
    // none is longer than 16 values.
    unsafe {
        let mut top = S::splat(f32::NEG_INFINITY);
        for at in (0..whole).step_by(S::LANES) {
            top = S::load(row[at..at + S::LANES].as_ptr()).max(top);
        }
        let top = row[whole..]
            .iter()
            .fold(top.largest(), |a, b| if *b > a { *b } else { a });
        if top == f32::NEG_INFINITY {
            row.fill(f32::NAN);
            return f32::NAN;
        }
        let shift = S::splat(top);
        let mut sum = S::splat(0.0);
        for at in (0..whole).step_by(S::LANES) {
            let to = row[at..at + S::LANES].as_mut_ptr();
            let e = exp_or_nothing(S::load(to).sub(shift));
            e.store(to);
            sum = sum.add(e);
        }
        let mut sum = sum.sum();
        if whole < n {
            let mut rest = [f32::NEG_INFINITY; 16];
            rest[..n - whole].copy_from_slice(&row[whole..]);
            let e = exp_or_nothing(S::load(rest.as_ptr()).sub(shift));
            e.store(rest.as_mut_ptr());
            row[whole..].copy_from_slice(&rest[..n - whole]);
            sum += row[whole..].iter().sum::<f32>();
        }
        sum
    }
}

#[cfg(test)]
#[path = "math_test.rs"]
mod tests;
