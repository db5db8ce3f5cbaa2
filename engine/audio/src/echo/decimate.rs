//! Low-passes sound and brings it to the rate at which echoes are looked for.

use std::f32::consts::PI;

use super::RATE_HZ;

/// Zero crossings of the filter on each side, and steps between two of them.
const LOBES: usize = 8;
const STEPS: usize = 64;
/// Sums run side by side, so that the compiler may use vectors.
const LANES: usize = 8;

/// A windowed sinc whose zero crossings lie one output sample apart.
pub(super) struct Decimator {
    /// Half of it, [`STEPS`] per zero crossing.
    sinc: Vec<f32>,
}

impl Default for Decimator {
    fn default() -> Self {
        let sinc = (0..=LOBES * STEPS)
            .map(|n| {
                let x = n as f32 / STEPS as f32;
                let window = 0.5 + 0.5 * (PI * x / LOBES as f32).cos();
                let sinc = if n == 0 {
                    1.0
                } else {
                    (PI * x).sin() / (PI * x)
                };
                window * sinc
            })
            .collect();
        Self { sinc }
    }
}

impl Decimator {
    /// The samples at [`RATE_HZ`].
    pub(super) fn run(&self, samples: &[f32], rate_hz: u32) -> Vec<f32> {
        if rate_hz.is_multiple_of(RATE_HZ) {
            self.by_whole(samples, (rate_hz / RATE_HZ) as usize)
        } else {
            self.by_any(samples, rate_hz as f32 / RATE_HZ as f32)
        }
    }

    /// Every output sample has the same filter.
    fn by_whole(&self, samples: &[f32], ratio: usize) -> Vec<f32> {
        let reach = LOBES * ratio;
        let taps: Vec<f32> = (0..2 * reach)
            .map(|n| self.sinc[n.abs_diff(reach) * STEPS / ratio] / ratio as f32)
            .collect();
        let mut padded = vec![0.0; reach];
        padded.extend_from_slice(samples);
        padded.resize(samples.len() + 2 * reach, 0.0);
        (0..samples.len() / ratio)
            .map(|n| dot(&taps, &padded[n * ratio..]))
            .collect()
    }

    fn by_any(&self, samples: &[f32], ratio: f32) -> Vec<f32> {
        // When the input is the slower, the crossings lie one input sample apart.
        let reach = ratio.max(1.0);
        let taps = (LOBES as f32 * reach) as isize;
        let step = STEPS as f32 / reach;
        let count = (samples.len() as f32 / ratio) as usize;
        (0..count)
            .map(|n| {
                let centre = n as f32 * ratio;
                let middle = centre as isize;
                let first = (middle - taps + 1).max(0);
                let last = (middle + taps).min(samples.len() as isize - 1);
                let sum: f32 = (first..=last)
                    .map(|m| {
                        let away = ((m as f32 - centre).abs() * step) as usize;
                        let tap = self.sinc.get(away).copied().unwrap_or(0.0);
                        samples[m as usize] * tap
                    })
                    .sum();
                sum / reach
            })
            .collect()
    }
}

/// The sum of products, as far as both reach.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let length = a.len().min(b.len());
    let (a, b) = (&a[..length], &b[..length]);
    let mut sums = [0.0f32; LANES];
    let (blocks_a, rest_a) = a.as_chunks::<LANES>();
    let (blocks_b, rest_b) = b.as_chunks::<LANES>();
    for (x, y) in blocks_a.iter().zip(blocks_b) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = rest_a.iter().zip(rest_b).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + rest
}
