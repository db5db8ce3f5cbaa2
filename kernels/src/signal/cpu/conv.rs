//! One step of a causal convolution: all channels of one frame.

use crate::aligned::Aligned;
use crate::isa::{Isa, for_each_isa};
use crate::signal::Activation;
use crate::signal::model::{Layer, SATURATION};
use crate::simd::Simd;

/// Outputs are padded to a multiple of this: the longest vector.
const PAD: usize = 16;

/// A layer with its weights laid out for vectors over the outputs.
#[derive(Clone, Debug)]
pub(crate) struct Conv {
    inputs: usize,
    outputs: usize,
    padded: usize,
    taps: usize,
    dilation: usize,
    ring: usize,
    relu: bool,
    /// `taps × inputs × padded`, tap 0 the newest frame.
    weight: Aligned<f32>,
    bias: Aligned<f32>,
}

impl Conv {
    pub(crate) fn new(layer: &Layer) -> Self {
        let padded = layer.outputs.next_multiple_of(PAD);
        let mut weight = Aligned::zeroed(layer.taps * layer.inputs * padded);
        for back in 0..layer.taps {
            for input in 0..layer.inputs {
                let row = &mut weight[(back * layer.inputs + input) * padded..];
                for (output, slot) in row[..layer.outputs].iter_mut().enumerate() {
                    *slot = layer.weight(output, input, back);
                }
            }
        }
        let mut bias = Aligned::zeroed(padded);
        bias[..layer.outputs].copy_from_slice(&layer.bias);
        Self {
            inputs: layer.inputs,
            outputs: layer.outputs,
            padded,
            taps: layer.taps,
            dilation: layer.dilation,
            ring: layer.ring(),
            relu: layer.activation == Activation::Relu,
            weight,
            bias,
        }
    }

    /// Values that its ring of inputs takes.
    pub(crate) fn ring_len(&self) -> usize {
        self.ring * self.inputs
    }

    /// Values that its padded outputs take.
    pub(crate) fn padded(&self) -> usize {
        self.padded
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Puts `input` into the ring as frame `frame` and writes the outputs, padded ones included.
    pub(crate) fn step(
        &self,
        isa: Isa,
        frame: u32,
        input: &[f32],
        ring: &mut [f32],
        out: &mut [f32],
    ) {
        let at = |frame: usize| (frame & (self.ring - 1)) * self.inputs;
        let frame = frame as usize;
        ring[at(frame)..][..self.inputs].copy_from_slice(input);
        let out = &mut out[..self.padded];
        out.copy_from_slice(&self.bias);
        for back in 0..self.taps.min(frame / self.dilation + 1) {
            let x = &ring[at(frame - back * self.dilation)..][..self.inputs];
            let weight = &self.weight[back * self.inputs * self.padded..];
            // SAFETY: an `Isa` is only made where the machine has it; `multiply` checks its slices.
            unsafe { multiply(isa, x, weight, out) };
        }
        let low = if self.relu { 0.0 } else { -SATURATION };
        for value in &mut *out {
            *value = value.clamp(low, SATURATION);
        }
        out[self.outputs..].fill(0.0);
    }
}

for_each_isa! {
    /// Adds `x` times the matrix `weight` (a row for each `x`) to `out`, whose length is a multiple of 16.
    ///
    /// # Safety
    /// The machine has the instructions of `isa`.
    fn multiply(x: &[f32], weight: &[f32], out: &mut [f32]) = multiply_with
}

#[inline(always)]
unsafe fn multiply_with<S: Simd>(x: &[f32], weight: &[f32], out: &mut [f32]) {
    let width = out.len();
    assert!(width.is_multiple_of(PAD) && weight.len() >= x.len() * width);
    let mut at = 0;
    while at < width {
        // SAFETY: whole vectors inside of `out`, whose length no vector's fails to divide, and of rows of
        // `weight` by the assertion; the instructions are the caller's promise.
        at += unsafe {
            if width - at >= 4 * S::LANES {
                columns::<S, 4>(x, weight, width, &mut out[at..], at)
            } else if width - at >= 2 * S::LANES {
                columns::<S, 2>(x, weight, width, &mut out[at..], at)
            } else {
                columns::<S, 1>(x, weight, width, &mut out[at..], at)
            }
        };
    }
}

/// The columns `at..at + N * LANES`; gives their number.
///
/// # Safety
/// There are as many columns, in `out` as well, and `weight` has a row for each `x`.
#[inline(always)]
unsafe fn columns<S: Simd, const N: usize>(
    x: &[f32],
    weight: &[f32],
    width: usize,
    out: &mut [f32],
    at: usize,
) -> usize {
    // SAFETY: as the caller promises.
    unsafe {
        let mut sums = [S::splat(0.0); N];
        for (j, sum) in sums.iter_mut().enumerate() {
            *sum = S::load(out.as_ptr().add(j * S::LANES));
        }
        let mut row = weight.as_ptr().add(at);
        for x in x {
            let x = S::splat(*x);
            for (j, sum) in sums.iter_mut().enumerate() {
                *sum = x.mul_add(S::load(row.add(j * S::LANES)), *sum);
            }
            row = row.wrapping_add(width);
        }
        for (j, sum) in sums.iter().enumerate() {
            sum.store(out.as_mut_ptr().add(j * S::LANES));
        }
    }
    N * S::LANES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_of_instructions_gives_the_plain_loops_sums() {
        let mut rng = fastrand::Rng::with_seed(3);
        for (inputs, outputs, taps, dilation) in
            [(1, 1, 1, 1), (5, 10, 3, 2), (60, 33, 9, 1), (17, 130, 2, 8)]
        {
            let mut draw =
                |count: usize| -> Vec<f32> { (0..count).map(|_| rng.f32() - 0.5).collect() };
            let layer = Layer {
                inputs,
                outputs,
                taps,
                dilation,
                weight: draw(inputs * outputs * taps),
                bias: draw(outputs),
                activation: Activation::Linear,
            };
            let frames: Vec<Vec<f32>> = (0..40).map(|_| draw(inputs)).collect();
            let conv = Conv::new(&layer);
            for isa in Isa::here() {
                let mut ring = vec![0.0; conv.ring_len()];
                let mut out = vec![f32::NAN; conv.padded()];
                for (frame, input) in frames.iter().enumerate() {
                    conv.step(isa, frame as u32, input, &mut ring, &mut out);
                    for (output, found) in out.iter().enumerate() {
                        let mut sum = layer.bias.get(output).copied().map_or(0.0, f64::from);
                        for back in (0..taps).filter(|k| k * dilation <= frame && output < outputs)
                        {
                            for (input, x) in frames[frame - back * dilation].iter().enumerate() {
                                sum += f64::from(layer.weight(output, input, back)) * f64::from(*x);
                            }
                        }
                        // Some hundred terms of at most a quarter, each rounded to 6e-8.
                        assert!(
                            (f64::from(*found) - sum).abs() < 2e-5,
                            "{isa:?}: {found} for {sum}"
                        );
                    }
                }
            }
        }
    }
}
