//! Another vocal tract for the same voice: the envelope of the spectrum is moved and bent, the voice under it
//! stays.
//!
//! Over overlapping windows: the envelope is the spectrum smoothed by its cepstrum, each bin is multiplied by
//! what the moved envelope has there over what the old one had. Phases stay, so nothing is heard twice.

use std::f32::consts::TAU;

use rustfft::{FftPlanner, num_complex::Complex32};

const WINDOW: usize = 512;
const HOP: usize = WINDOW / 4;
/// Cepstral values that make an envelope: formants are broader than this, a voice's harmonics finer.
const SMOOTH: usize = 44;
/// No bin is changed by more than this factor: what is not there cannot be made loud.
const MOST: f32 = 16.0;

/// Moves the envelope's frequencies by `warp` and bends it by `bends_db` (dB at 0, 1, 2, … kHz as it will be
/// heard, when it is played `pitch` times as fast).
pub(super) fn change(
    samples: &[f32],
    rate_hz: u32,
    pitch: f32,
    warp: f32,
    bends_db: &[f32],
) -> Vec<f32> {
    let mut planner = FftPlanner::new();
    let forward = planner.plan_fft_forward(WINDOW);
    let back = planner.plan_fft_inverse(WINDOW);
    let window: Vec<f32> = (0..WINDOW)
        .map(|i| 0.5 - 0.5 * (TAU * i as f32 / WINDOW as f32).cos())
        .collect();
    let khz = rate_hz as f32 * pitch / WINDOW as f32 / 1000.0;
    let bends: Vec<f32> = (0..=WINDOW / 2)
        .map(|bin| 10f32.powf(between(bends_db, bin as f32 * khz) / 20.0))
        .collect();
    let mut out = vec![0.0; samples.len() + 2 * WINDOW];
    let mut spectrum = vec![Complex32::default(); WINDOW];
    let mut cepstrum = vec![Complex32::default(); WINDOW];
    let mut at = 0isize - (WINDOW - HOP) as isize;
    while at < samples.len() as isize {
        for (i, (z, w)) in spectrum.iter_mut().zip(&window).enumerate() {
            let sample = usize::try_from(at + i as isize)
                .ok()
                .and_then(|at| samples.get(at));
            *z = Complex32::new(w * sample.copied().unwrap_or(0.0), 0.0);
        }
        forward.process(&mut spectrum);
        for (c, z) in cepstrum.iter_mut().zip(&spectrum) {
            *c = Complex32::new((z.norm() + 1e-4).ln(), 0.0);
        }
        back.process(&mut cepstrum);
        for (i, c) in cepstrum.iter_mut().enumerate() {
            let quefrency = i.min(WINDOW - i);
            let keep = if quefrency < SMOOTH { 1.0 } else { 0.0 };
            *c *= keep / WINDOW as f32;
        }
        forward.process(&mut cepstrum);
        let envelope: Vec<f32> = cepstrum[..=WINDOW / 2].iter().map(|c| c.re).collect();
        for bin in 0..=WINDOW / 2 {
            let moved = between(&envelope, bin as f32 / warp);
            let gain = (moved - envelope[bin]).exp().clamp(1.0 / MOST, MOST) * bends[bin];
            spectrum[bin] *= gain;
            if bin > 0 && bin < WINDOW / 2 {
                spectrum[WINDOW - bin] *= gain;
            }
        }
        back.process(&mut spectrum);
        for (i, (z, w)) in spectrum.iter().zip(&window).enumerate() {
            // Four windows, squared, overlap to 1.5.
            let place = (at + (i + WINDOW) as isize) as usize;
            if let Some(x) = out.get_mut(place) {
                *x += z.re * w / (1.5 * WINDOW as f32);
            }
        }
        at += HOP as isize;
    }
    out[WINDOW..][..samples.len()].to_vec()
}

/// The value of `curve` at `at`, on a straight line between its points; the last one behind its end.
fn between(curve: &[f32], at: f32) -> f32 {
    let below = at.max(0.0) as usize;
    match (curve.get(below), curve.get(below + 1)) {
        (Some(a), Some(b)) => a + (b - a) * (at - below as f32),
        _ => curve.last().copied().unwrap_or(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pulses at 100 Hz through one resonance.
    fn buzz(resonance_hz: f32) -> Vec<f32> {
        let rate = 22_050.0;
        let (mut y1, mut y2) = (0.0, 0.0);
        let pole = 0.97f32;
        let turn = 2.0 * pole * (TAU * resonance_hz / rate).cos();
        (0..22_050)
            .map(|i| {
                let x = if i % 220 == 0 { 1.0 } else { 0.0 };
                let y = x + turn * y1 - pole * pole * y2;
                (y1, y2) = (y, y1);
                0.1 * y
            })
            .collect()
    }

    /// Where the spectrum is strongest, Hz.
    fn peak(samples: &[f32]) -> f32 {
        let mut spectrum: Vec<Complex32> = samples[4096..][..8192]
            .iter()
            .map(|x| Complex32::new(*x, 0.0))
            .collect();
        FftPlanner::new()
            .plan_fft_forward(8192)
            .process(&mut spectrum);
        // Broad bands, so that it is the resonance and not a harmonic.
        let bands: Vec<f32> = spectrum[..4096]
            .chunks(74)
            .map(|band| band.iter().map(Complex32::norm_sqr).sum())
            .collect();
        let best = (0..bands.len()).max_by(|a, b| bands[*a].total_cmp(&bands[*b]));
        (best.unwrap_or(0) as f32 + 0.5) * 74.0 * 22_050.0 / 8192.0
    }

    #[test]
    fn without_a_change_it_is_the_same_sound() {
        let sound = buzz(1500.0);
        let same = change(&sound, 22_050, 1.0, 1.0, &[0.0]);
        for (a, b) in sound.iter().zip(&same) {
            assert!((a - b).abs() < 1e-4);
        }
    }

    #[test]
    fn a_resonance_moves_and_the_pulses_stay() {
        let moved = change(&buzz(1500.0), 22_050, 1.0, 1.25, &[0.0]);
        let hz = peak(&moved);
        assert!((hz - 1875.0).abs() < 250.0, "{hz}");
        let likeness = |lag: usize| -> f32 {
            moved[4000..12_000]
                .iter()
                .zip(&moved[4000 + lag..])
                .map(|(a, b)| a * b)
                .sum()
        };
        assert!(likeness(220) > 0.8 * likeness(0));
    }

    #[test]
    fn bends_are_in_decibels_at_what_is_heard() {
        // Played twice as fast, 1500 Hz will be at 3 kHz.
        let quiet = change(
            &buzz(1500.0),
            22_050,
            2.0,
            1.0,
            &[0.0, 0.0, -20.0, -20.0, -20.0],
        );
        let power = |x: &[f32]| x.iter().map(|x| x * x).sum::<f32>();
        let ratio = power(&quiet) / power(&buzz(1500.0));
        assert!(ratio < 0.1, "{ratio}");
    }
}
