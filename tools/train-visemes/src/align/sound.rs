//! What the aligner hears: cepstra of a take as it was spoken, and how they change.

use std::f64::consts::PI;
use std::sync::Arc;

use rustfft::{Fft, FftPlanner, num_complex::Complex32};

/// Steps in a second.
pub(super) const STEPS_HZ: f64 = 200.0;
/// Values of a step.
pub(super) const VALUES: usize = 3 * CEPSTRA;

/// A window: two periods of a deep voice, and no longer than a burst's neighbours allow.
const WINDOW_S: f64 = 0.02;
const TRANSFORM: usize = 512;
const BANDS: usize = 30;
const CEPSTRA: usize = 14;
/// Where the bands begin and end.
const HZ: (f64, f64) = (60.0, 10_000.0);
/// Steps to each side over which a change is taken, and over which the change of that is.
const CHANGE: usize = 2;
const BEND: usize = 4;

/// Hears takes of one rate.
pub(super) struct Ear {
    rate_hz: u32,
    transform: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
    /// For each band its first bin and what each bin from there on counts.
    bands: Vec<(usize, Vec<f32>)>,
    /// `CEPSTRA × BANDS`.
    cosines: Vec<f32>,
}

impl Ear {
    pub(super) fn new(rate_hz: u32) -> Self {
        let length = ((f64::from(rate_hz) * WINDOW_S) as usize).clamp(2, TRANSFORM);
        let turn = |i: usize| 2.0 * PI * i as f64 / (length - 1) as f64;
        let scale = |at: usize| if at == 0 { 1.0f64 } else { 2.0 };
        let cosine = |at: usize| {
            let (order, band) = (at / BANDS, at % BANDS);
            let angle = PI * order as f64 * (band as f64 + 0.5) / BANDS as f64;
            ((scale(order) / BANDS as f64).sqrt() * angle.cos()) as f32
        };
        Self {
            rate_hz,
            transform: FftPlanner::new().plan_fft_forward(TRANSFORM),
            window: (0..length)
                .map(|i| (0.5 - 0.5 * turn(i).cos()) as f32)
                .collect(),
            bands: bands(rate_hz),
            cosines: (0..CEPSTRA * BANDS).map(cosine).collect(),
        }
    }

    /// [`VALUES`] for each step of `samples`; step `n` is what lies around `n / STEPS_HZ` seconds.
    pub(super) fn hear(&self, samples: &[f32]) -> Vec<f32> {
        let step = f64::from(self.rate_hz) / STEPS_HZ;
        let steps = (samples.len() as f64 / step) as usize + 1;
        let mut cepstra = Vec::with_capacity(steps * CEPSTRA);
        let mut spectrum = vec![Complex32::default(); TRANSFORM];
        for at in 0..steps {
            let middle = (at as f64 * step) as usize;
            self.spectrum(samples, middle, &mut spectrum);
            let loud = |(first, weights): &(usize, Vec<f32>)| {
                let bins = spectrum[*first..].iter().zip(weights);
                let power: f32 = bins.map(|(z, weight)| weight * z.norm_sqr()).sum();
                (power + 1e-7).ln()
            };
            let bands: Vec<f32> = self.bands.iter().map(loud).collect();
            let dot = |row: &[f32]| row.iter().zip(&bands).map(|(a, b)| a * b).sum::<f32>();
            cepstra.extend(self.cosines.chunks_exact(BANDS).map(dot));
        }
        let row = |at: usize| &cepstra[at.min(steps - 1) * CEPSTRA..][..CEPSTRA];
        let mut out = Vec::with_capacity(steps * VALUES);
        for at in 0..steps {
            let sides = |reach: usize| row(at.saturating_sub(reach)).iter().zip(row(at + reach));
            out.extend_from_slice(row(at));
            out.extend(sides(CHANGE).map(|(before, behind)| behind - before));
            let bend = sides(BEND).zip(row(at));
            out.extend(bend.map(|((before, behind), here)| before + behind - 2.0 * here));
        }
        out
    }

    /// The window around sample `middle`, its highs raised.
    fn spectrum(&self, samples: &[f32], middle: usize, out: &mut [Complex32]) {
        let half = self.window.len() / 2;
        let sample = |at: usize| {
            let at = at.checked_sub(half)?;
            samples.get(at).copied()
        };
        out.fill(Complex32::default());
        for (i, (z, weight)) in out.iter_mut().zip(&self.window).enumerate() {
            let at = middle + i;
            let before = at.checked_sub(1).and_then(sample).unwrap_or(0.0);
            z.re = weight * (sample(at).unwrap_or(0.0) - 0.97 * before);
        }
        self.transform.process(out);
    }
}

/// Triangles of one height, as far apart as the ear tells them apart.
fn bands(rate_hz: u32) -> Vec<(usize, Vec<f32>)> {
    let mel = |hz: f64| (1.0 + hz / 700.0).ln();
    let (low, high) = (mel(HZ.0), mel(HZ.1.min(0.45 * f64::from(rate_hz))));
    let corner = |i: usize| low + (high - low) * i as f64 / (BANDS + 1) as f64;
    let band = |at: usize| {
        let (low, peak, high) = (corner(at), corner(at + 1), corner(at + 2));
        let weight = |bin: usize| {
            let mel = mel(bin as f64 * f64::from(rate_hz) / TRANSFORM as f64);
            ((mel - low) / (peak - low)).min((high - mel) / (high - peak)) as f32
        };
        let bins: Vec<usize> = (0..=TRANSFORM / 2)
            .filter(|bin| weight(*bin) > 0.0)
            .collect();
        let first = bins.first().copied().unwrap_or(0);
        (first, bins.into_iter().map(weight).collect())
    };
    (0..BANDS).map(band).collect()
}
