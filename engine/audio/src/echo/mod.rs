//! How much of what a microphone hears is the voice that is being played.
//!
//! Finds the delay at which the two are most alike, fits a short filter for the way through the
//! room and tells what share of the newest window the filter does not explain. Only measures: the
//! samples that go to the models stay as they are, since a speech recogniser suffers more from a
//! canceller's artefacts than from an echo 20 dB down.

mod decimate;
mod room;

use std::sync::Arc;
use std::time::Duration;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use self::decimate::Decimator;
use self::room::{EARLY, TAPS};

/// Everything is compared at this rate: above 4 kHz a loudspeaker's echo says nothing new.
const RATE_HZ: u32 = 8000;
/// The most microphone samples that are looked at: half a second.
const MIC: usize = 4096;
/// Played samples that are looked at; delays reach over the difference.
const PLAYED: usize = 8192;
/// The newest samples, on which the verdict is given: one window of the VAD (32 ms).
const NEWEST: usize = 256;
/// A stretch of played sound this much quieter than all of it (energy) was silence.
const SILENT: f64 = 1e-6;

/// How much played sound [`EchoMeter::hear_played`] wants before the sample that is at the ear now.
pub const BEFORE: Duration = Duration::from_millis(824);
/// And after it: the ear may be further than anybody knows.
pub const AFTER: Duration = Duration::from_millis(200);

/// Compares a microphone with what is played.
pub struct EchoMeter {
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
    decimator: Decimator,
    /// What was played, at [`RATE_HZ`]; nothing or [`PLAYED`] samples.
    played: Vec<f32>,
    /// The same, sharpened.
    sharp: Vec<f32>,
}

impl Default for EchoMeter {
    fn default() -> Self {
        let mut planner = FftPlanner::new();
        let forward = planner.plan_fft_forward(PLAYED);
        let inverse = planner.plan_fft_inverse(PLAYED);
        let scratch = forward
            .get_inplace_scratch_len()
            .max(inverse.get_inplace_scratch_len());
        Self {
            forward,
            inverse,
            spectrum: vec![Complex32::default(); PLAYED],
            scratch: vec![Complex32::default(); scratch],
            decimator: Decimator::default(),
            played: Vec::new(),
            sharp: Vec::new(),
        }
    }
}

impl EchoMeter {
    /// Takes in what was played around the ear, from [`BEFORE`] to [`AFTER`], at `rate_hz`.
    pub fn hear_played(&mut self, played: &[i16], rate_hz: u32) {
        let played: Vec<f32> = played.iter().map(|&s| f32::from(s) / 32768.0).collect();
        let mut played = self.decimator.run(&played, rate_hz);
        self.played.clear();
        if played.len() < PLAYED / 2 {
            return;
        }
        // The newest end counts: that is where the ear is.
        played.drain(..played.len().saturating_sub(PLAYED));
        self.played.resize(PLAYED - played.len(), 0.0);
        self.played.append(&mut played);
        self.sharp = sharpened(&self.played);
    }

    /// The share (0 to 1, of energy) of the newest 32 ms of `mic` that what was played does not
    /// explain.
    ///
    /// `mic` is at 16 kHz, ends now and begins where the voice began to sound or later; what is
    /// older than half a second is not looked at. 1 when there is too little of either.
    pub fn unexplained(&mut self, mic: &[f32]) -> f32 {
        let newest = &mic[mic.len().saturating_sub(2 * MIC)..];
        let mic = self.decimator.run(newest, 2 * RATE_HZ);
        if mic.len() < NEWEST || self.played.is_empty() {
            return 1.0;
        }
        let Some(delay) = self.best_delay(&sharpened(&mic)) else {
            return 1.0;
        };
        // The correlations are in the transform already.
        let alike = std::array::from_fn(|k| {
            let shift = (delay + EARLY).checked_sub(k);
            shift.map_or(0.0, |shift| self.spectrum[shift].re / PLAYED as f32)
        });
        let begin = (delay + EARLY).saturating_sub(TAPS);
        let end = (delay + EARLY + mic.len()).min(PLAYED);
        let room = room::fit(&self.sharp[begin..end], &alike);
        let (mut heard, mut rest) = (0.0, 0.0);
        for (n, sample) in mic.iter().enumerate().skip(mic.len() - NEWEST) {
            let echo: f32 = room
                .iter()
                .enumerate()
                .map(|(k, tap)| tap * at(&self.played, n + delay + EARLY, k))
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

    /// The shift of what was played at which a single tap explains the most of `mic`.
    fn best_delay(&mut self, mic: &[f32]) -> Option<usize> {
        // Both real signals in one transform: the even part of its spectrum is one's, the odd the
        // other's.
        for (n, bin) in self.spectrum.iter_mut().enumerate() {
            *bin = Complex32::new(mic.get(n).copied().unwrap_or(0.0), self.sharp[n]);
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
        let square = |sample: &f32| f64::from(*sample) * f64::from(*sample);
        let floor = self.sharp.iter().map(square).sum::<f64>() * SILENT;
        let mut energy: f64 = self.sharp[..mic.len()].iter().map(square).sum();
        let mut best = (0.0, None);
        for delay in 0..=PLAYED - mic.len() {
            let alike = f64::from(self.spectrum[delay].re);
            if energy > floor {
                let explained = alike * alike / energy;
                if explained > best.0 {
                    best = (explained, Some(delay));
                }
            }
            if let Some(next) = self.sharp.get(delay + mic.len()) {
                energy += square(next) - square(&self.sharp[delay]);
            }
        }
        best.1
    }
}

/// Differences of neighbours: without them a voice's low harmonics are alike at every pitch period.
fn sharpened(samples: &[f32]) -> Vec<f32> {
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

#[cfg(test)]
mod tests;
