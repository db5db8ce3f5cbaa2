//! Plays a stream a little faster or slower, sample for sample: the sender's clock is not the ear's.
//!
//! Two crystals of the same nominal rate differ by up to some hundred millionths. Whoever plays on his own
//! device's beat and neither drops nor doubles a sample has to stretch the sound by that much, and by a
//! little more while a jitter buffer has too much or too little. The ratio is free and may change at any
//! moment: it goes there by and by, so that no change clicks or is a step of the pitch.
//!
//! A windowed sinc between the samples (Smith, "Digital Audio Resampling", 2002), its phases in a table and
//! a straight line between two of them. For fixed ratios there is [`Resampler`](crate::Resampler), which is
//! sharper; here the ratio is so near to 1 that nothing folds back but what lies within 2 % of the highest
//! frequency.

use std::f64::consts::PI;

/// Samples of the input in each of the output: with 48 a tone below 15 kHz (of 48) keeps 100 dB of distance
/// to what the filter makes wrong (pinned by the tests).
const TAPS: usize = 48;
/// Places between two samples for which the filter is known: a straight line between two of them is off by
/// less than −100 dB.
const PHASES: usize = 512;
/// A change of speed is made exponentially: after so many samples, half a second of 48 kHz, a share of 1/e of it
/// is left.
const EASE: f64 = 24_000.0;
/// Sound is stretched by no more than so much.
pub const MOST_STRETCH: f64 = 0.02;

/// One stream of mono samples.
pub struct Drift {
    /// `PHASES + 1` filters of `TAPS`, the last one of which is the first one sample later.
    table: Vec<[f32; TAPS]>,
    /// Input from the first sample on that is still needed.
    waiting: Vec<f32>,
    /// Where in `waiting` the next output's filter begins.
    at: f64,
    /// Samples of input for one of output: now, and where that goes.
    speed: f64,
    wanted: f64,
    pushed: u64,
}

impl Default for Drift {
    fn default() -> Self {
        Self::new()
    }
}

impl Drift {
    /// Nothing has been pushed, and what comes is played as fast as it was made.
    pub fn new() -> Self {
        Self {
            table: (0..=PHASES).map(filter).collect(),
            // The filter looks ahead: the first sample is played as if silence had gone before it.
            waiting: vec![0.0; TAPS],
            at: 0.0,
            speed: 1.0,
            wanted: 1.0,
            pushed: 0,
        }
    }

    /// Plays so much faster than it was made, within [`MOST_STRETCH`]. It goes there exponentially: after half a
    /// second a third of the way is left, after two seconds a fiftieth.
    pub fn set_speed(&mut self, speed: f64) {
        if speed.is_finite() {
            self.wanted = speed.clamp(1.0 - MOST_STRETCH, 1.0 + MOST_STRETCH);
        }
    }

    /// How many samples have to be pushed before so many can be pulled.
    pub fn needs(&self, samples: usize) -> usize {
        // As in `pull_into`: the speed goes evenly from one to the other.
        let (count, rise) = (samples as f64, self.rise(samples));
        let ends_at = self.at + count * self.speed + rise * (count + 1.0) / 2.0;
        // One more for what is lost by adding up.
        (ends_at.ceil() as usize + TAPS + 1).saturating_sub(self.waiting.len())
    }

    /// Takes samples at the sender's rate.
    pub fn push(&mut self, samples: &[f32]) {
        self.waiting.extend_from_slice(samples);
        self.pushed += samples.len() as u64;
    }

    /// The next samples at the ear's rate. Where too few were pushed, silence follows them.
    pub fn pull_into(&mut self, out: &mut [f32]) {
        let missing = self.needs(out.len());
        self.waiting.resize(self.waiting.len() + missing, 0.0);
        self.pushed += missing as u64;
        let rise = self.rise(out.len());
        let (end, step) = (self.speed + rise, rise / out.len().max(1) as f64);
        for sample in &mut *out {
            let (first, between) = (self.at as usize, self.at.fract() * PHASES as f64);
            let (phase, share) = (between as usize, between.fract() as f32);
            let (here, next) = (&self.table[phase], &self.table[phase + 1]);
            let input = &self.waiting[first..first + TAPS];
            let mut sums = [0.0_f32; 2];
            for ((input, here), next) in input.iter().zip(here).zip(next) {
                sums[0] += input * here;
                sums[1] += input * next;
            }
            *sample = sums[0] + (sums[1] - sums[0]) * share;
            self.speed += step;
            self.at += self.speed;
        }
        self.speed = end;
        let used = self.at as usize;
        self.waiting.drain(..used);
        self.at -= used as f64;
    }

    /// Samples that were pushed so far.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// Of these, how many were heard: the rest waits, half a filter of it because the filter looks ahead.
    pub fn heard(&self) -> u64 {
        self.pushed.saturating_sub(self.held() as u64)
    }

    /// Samples that wait to be heard.
    pub fn held(&self) -> usize {
        (self.waiting.len() as f64 - self.at) as usize - TAPS / 2
    }

    /// Of what waits, only the next `kept` samples are heard, the last `fade` of which fade away.
    pub fn cut(&mut self, kept: usize, fade: usize) {
        let first = self.waiting.len() - self.held();
        let end = self.waiting.len().min(first + kept);
        self.waiting[end..].fill(0.0);
        let fading = self.waiting[first.max(end.saturating_sub(fade))..end].iter_mut();
        for (left, sample) in fading.rev().enumerate() {
            *sample *= left as f32 / fade as f32;
        }
    }

    /// By how much the speed changes over so many samples.
    fn rise(&self, samples: usize) -> f64 {
        (self.wanted - self.speed) * (samples as f64 / EASE).min(1.0)
    }
}

/// The filter for this share of a sample: a sinc under a Blackman-Harris window, of which what is constant
/// stays as loud as it is.
fn filter(phase: usize) -> [f32; TAPS] {
    let share = phase as f64 / PHASES as f64;
    let half = TAPS as f64 / 2.0;
    let tap = |n: usize| {
        let x = n as f64 - (half - 1.0) - share;
        let sinc = if x == 0.0 {
            1.0
        } else {
            (PI * x).sin() / (PI * x)
        };
        // Its middle lies where the sinc's does.
        let turn = (x / half).clamp(-1.0, 1.0) * PI;
        let window = 0.35875
            + 0.48829 * turn.cos()
            + 0.14128 * (2.0 * turn).cos()
            + 0.01168 * (3.0 * turn).cos();
        sinc * window
    };
    let taps: [f64; TAPS] = std::array::from_fn(tap);
    let sum: f64 = taps.iter().sum();
    taps.map(|tap| (tap / sum) as f32)
}

#[cfg(test)]
#[path = "drift_test.rs"]
mod tests;
