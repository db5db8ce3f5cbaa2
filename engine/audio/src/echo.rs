//! How much of what a microphone hears is the voice that is being played.
//!
//! Finds the delay at which the two are most alike, fits a short filter for the way through the
//! room (least squares, Levinson's recursion; Haykin, *Adaptive Filter Theory*, ch. 3) and tells
//! what share of the newest window the filter does not explain. Only measures: the samples that
//! go to the models stay as they are, since a speech recogniser suffers more from a canceller's
//! artefacts than from an echo 20 dB down.

use std::f32::consts::PI;
use std::sync::Arc;
use std::time::Duration;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

/// Everything is compared at this rate: above 4 kHz a loudspeaker's echo says nothing new.
const RATE_HZ: u32 = 8000;
/// The most microphone samples that are looked at: half a second.
const MIC: usize = 4096;
/// Played samples that are looked at; delays reach over the difference.
const PLAYED: usize = 8192;
/// The newest samples, on which the verdict is given: one window of the VAD (32 ms).
const NEWEST: usize = 256;
/// Length of the room's filter: 12 ms, the direct sound and the first reflections.
const TAPS: usize = 96;
/// Taps before the best delay: its neighbours may carry the real onset.
const EARLY: usize = 16;
/// Share of white noise that keeps the fit stable: an echo 40 dB under this is not resolved.
const RIDGE: f32 = 1e-4;
/// Zero crossings of the decimation filter on each side, and steps between two of them.
const LOBES: usize = 8;
const STEPS: usize = 64;

/// The length of played sound that [`EchoMeter::unexplained`] wants, before and after the sample
/// that.
pub const BEFORE: Duration = Duration::from_millis(824);
/// See [`BEFORE`].
pub const AFTER: Duration = Duration::from_millis(200);

/// Compares a microphone with what is played. Holds plans and buffers, no state.
pub struct EchoMeter {
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// Half of a windowed sinc, [`STEPS`] per zero crossing.
    sinc: Vec<f32>,
}

impl Default for EchoMeter {
    fn default() -> Self {
        let mut planner = FftPlanner::new();
        let forward = planner.plan_fft_forward(PLAYED);
        let inverse = planner.plan_fft_inverse(PLAYED);
        let scratch = forward
            .get_inplace_scratch_len()
            .max(inverse.get_inplace_scratch_len());
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
        Self {
            forward,
            inverse,
            spectrum: vec![Complex32::default(); PLAYED],
            scratch: vec![Complex32::default(); scratch],
            sinc,
        }
    }
}

impl EchoMeter {
    /// The share (0 to 1, of energy) of the newest 32 ms of `mic` that `played` does not explain.
    ///
    /// `mic` is at 16 kHz and begins where the voice began to sound or later; what is older than
    /// half a second is not looked at. `played` is at `played_hz` and reaches from [`BEFORE`]
    /// before to [`AFTER`] after the sample that is at the ear now. 1 when there is too little
    /// of either.
    pub fn unexplained(&mut self, mic: &[f32], played: &[i16], played_hz: u32) -> f32 {
        let mic = self.decimated(&mic[mic.len().saturating_sub(2 * MIC)..], 16_000);
        let played: Vec<f32> = played.iter().map(|&s| f32::from(s) / 32768.0).collect();
        let mut played = self.decimated(&played, played_hz);
        if mic.len() < NEWEST || played.len() < PLAYED / 2 {
            return 1.0;
        }
        // The newest end counts: that is where the ear is.
        let missing = PLAYED.saturating_sub(played.len());
        played.drain(..played.len().saturating_sub(PLAYED));
        played.splice(0..0, std::iter::repeat_n(0.0, missing));

        let (sharp_mic, sharp_played) = (emphasised(&mic), emphasised(&played));
        let Some(delay) = self.best_delay(&sharp_mic, &sharp_played) else {
            return 1.0;
        };
        let room = fitted(&sharp_mic, &sharp_played, delay);
        let (mut heard, mut rest) = (0.0, 0.0);
        for (n, sample) in mic.iter().enumerate().skip(mic.len() - NEWEST) {
            let echo: f32 = room
                .iter()
                .enumerate()
                .map(|(k, tap)| tap * at(&played, n + delay + EARLY, k))
                .sum();
            heard += sample * sample;
            rest += (sample - echo) * (sample - echo);
        }
        // So many free choices explain a part of anything; the less was heard, the more.
        let chance = 2.0 * TAPS as f32 / mic.len() as f32;
        if heard > 0.0 {
            (rest / heard + chance).min(1.0)
        } else {
            1.0
        }
    }

    /// The shift of `played` at which a single tap explains the most of `mic`.
    fn best_delay(&mut self, mic: &[f32], played: &[f32]) -> Option<usize> {
        // Both real signals in one transform: the even part of its spectrum is one's, the odd the
        // other's.
        for (n, bin) in self.spectrum.iter_mut().enumerate() {
            *bin = Complex32::new(mic.get(n).copied().unwrap_or(0.0), played[n]);
        }
        self.forward
            .process_with_scratch(&mut self.spectrum, &mut self.scratch);
        for low in 0..=PLAYED / 2 {
            let high = (PLAYED - low) % PLAYED;
            let (a, b) = (self.spectrum[low], self.spectrum[high].conj());
            let of_mic = (a + b) * 0.5;
            let of_played = (a - b) * Complex32::new(0.0, -0.5);
            let cross = of_mic.conj() * of_played;
            self.spectrum[low] = cross;
            self.spectrum[high] = cross.conj();
        }
        self.inverse
            .process_with_scratch(&mut self.spectrum, &mut self.scratch);
        let mut energy: f32 = played[..mic.len()].iter().map(|s| s * s).sum();
        let mut best = (0.0, None);
        for delay in 0..=played.len() - mic.len() {
            let alike = self.spectrum[delay].re;
            let explained = alike * alike / energy.max(1e-9);
            if explained > best.0 {
                best = (explained, Some(delay));
            }
            if let Some(next) = played.get(delay + mic.len()) {
                energy += next * next - played[delay] * played[delay];
            }
        }
        best.1
    }

    /// The samples at [`RATE_HZ`], low-passed.
    fn decimated(&self, samples: &[f32], rate_hz: u32) -> Vec<f32> {
        let ratio = rate_hz as f32 / RATE_HZ as f32;
        // Zero crossings of the filter lie one output sample apart, or one input sample when the
        // input is the slower.
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

/// Differences of neighbours: without them a voice's low harmonics are alike at every pitch period.
fn emphasised(samples: &[f32]) -> Vec<f32> {
    let mut before = 0.0;
    samples
        .iter()
        .map(|&sample| sample - 0.9 * std::mem::replace(&mut before, sample))
        .collect()
}

/// `samples[n - k]`, silence outside.
fn at(samples: &[f32], n: usize, k: usize) -> f32 {
    n.checked_sub(k)
        .and_then(|n| samples.get(n))
        .copied()
        .unwrap_or(0.0)
}

/// The taps `h` with `mic[n] ≈ Σ h[k] · played[n + delay + EARLY − k]`.
fn fitted(mic: &[f32], played: &[f32], delay: usize) -> [f32; TAPS] {
    let begin = (delay + EARLY).saturating_sub(TAPS);
    let end = (delay + EARLY + mic.len()).min(played.len());
    let stretch = &played[begin..end];
    let mut own: [f32; TAPS] = std::array::from_fn(|k| {
        stretch[k.min(stretch.len())..]
            .iter()
            .zip(stretch)
            .map(|(a, b)| a * b)
            .sum()
    });
    let cross: [f32; TAPS] = std::array::from_fn(|k| {
        mic.iter()
            .enumerate()
            .map(|(n, sample)| sample * at(played, n + delay + EARLY, k))
            .sum()
    });
    own[0] = own[0] * (1.0 + RIDGE) + 1e-9;
    levinson(&own, &cross)
}

/// Solves the Toeplitz system of an autocorrelation: Σ_j own[|k−j|] h[j] = cross[k].
fn levinson(own: &[f32; TAPS], cross: &[f32; TAPS]) -> [f32; TAPS] {
    let mut taps = [0.0; TAPS];
    let mut predictor = [0.0; TAPS];
    let mut left = own[0];
    predictor[0] = 1.0;
    taps[0] = cross[0] / left;
    for order in 1..TAPS {
        let reflection: f32 = -(0..order)
            .map(|k| predictor[k] * own[order - k])
            .sum::<f32>()
            / left;
        let before = predictor;
        for k in 1..=order {
            predictor[k] = before[k] + reflection * before[order - k];
        }
        left *= 1.0 - reflection * reflection;
        if left <= own[0] * 1e-7 {
            break;
        }
        let missing = cross[order] - (0..order).map(|k| taps[k] * own[order - k]).sum::<f32>();
        let gain = missing / left;
        for k in 0..=order {
            taps[k] += gain * predictor[order - k];
        }
    }
    taps
}

#[cfg(test)]
#[path = "echo_test.rs"]
mod tests;
