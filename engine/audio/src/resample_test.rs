use std::f64::consts::TAU;

use super::*;

const PAIRS: [(u32, u32); 8] = [
    (22_050, 24_000),
    (22_050, 48_000),
    (48_000, 16_000),
    (44_100, 16_000),
    (8_000, 16_000),
    (16_000, 24_000),
    (24_000, 48_000),
    (16_000, 16_000),
];

fn sine(rate_hz: u32, freq_hz: f64, len: usize) -> Vec<f32> {
    (0..len)
        .map(|i| (0.5 * (TAU * freq_hz * i as f64 / f64::from(rate_hz)).sin()) as f32)
        .collect()
}

/// Level of `heard − expected` in dB below `expected`, past the edges.
fn error_db(heard: &[f32], expected: &[f32]) -> f64 {
    let edge = heard.len() / 10;
    let inner = edge..heard.len() - edge;
    let power = |x: f64| x * x;
    let error: f64 = inner
        .clone()
        .map(|i| power(f64::from(heard[i]) - f64::from(expected[i])))
        .sum();
    let signal: f64 = inner.map(|i| power(f64::from(expected[i]))).sum();
    10.0 * (error / signal).log10()
}

#[test]
fn the_output_has_the_exact_length_whatever_the_pieces() {
    let mut rng = fastrand::Rng::with_seed(7);
    for (from, to) in PAIRS {
        for len in [0, 1, 2, 17, 159, 160, 161, 4410, 22_051] {
            let input = sine(from, 300.0, len);
            let mut resampler = Resampler::new(from, to).expect("rates are valid");
            let mut out = Vec::new();
            let mut rest = &input[..];
            while !rest.is_empty() {
                let (head, tail) = rest.split_at(rng.usize(1..=rest.len().min(700)));
                resampler.process_into(head, &mut out);
                rest = tail;
            }
            resampler.flush_into(&mut out);
            let exact = len as f64 * f64::from(to) / f64::from(from);
            assert!(
                (out.len() as f64 - exact).abs() <= 0.5,
                "{from}->{to} {len}: {}",
                out.len()
            );
            let whole = resample(&input, from, to).expect("rates are valid");
            assert_eq!(
                whole, out,
                "{from}->{to} {len}: pieces must not change the sound"
            );
        }
    }
}

#[test]
fn a_tone_in_the_pass_band_keeps_its_phase_and_level() {
    for (from, to) in PAIRS {
        let top = 0.85 * f64::from(from.min(to)) / 2.0;
        for freq in [100.0, 440.0, 1000.0, top.min(6500.0)] {
            let out = resample(&sine(from, freq, from as usize / 2), from, to).expect("valid");
            let expected = sine(to, freq, out.len());
            // The delay is whole samples, so up to one sample of phase may be left.
            let db = error_db(&out, &expected);
            let one_sample = 20.0 * (TAU * freq / f64::from(to)).log10();
            assert!(
                db < one_sample.max(-70.0) + 0.5,
                "{from}->{to} {freq} Hz: {db} dB"
            );
            let level = |x: &[f32]| -> f64 {
                let inner = &x[x.len() / 10..x.len() * 9 / 10];
                inner.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / inner.len() as f64
            };
            let gain_db = 10.0 * (level(&out) / level(&expected)).log10();
            assert!(gain_db.abs() < 0.2, "{from}->{to} {freq} Hz: {gain_db} dB");
        }
    }
}

#[test]
fn what_the_new_rate_cannot_carry_does_not_fold_back() {
    for (from, to) in [(48_000, 16_000), (44_100, 16_000), (48_000, 24_000)] {
        let freq = 0.62 * f64::from(to);
        let out = resample(&sine(from, freq, from as usize / 2), from, to).expect("valid");
        let inner = &out[out.len() / 10..out.len() * 9 / 10];
        let peak = inner.iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
        assert!(20.0 * (peak / 0.5).log10() < -80.0, "{from}->{to}: {peak}");
    }
}

#[test]
fn the_sound_comes_out_within_the_stated_lag() {
    for (from, to) in PAIRS {
        let mut resampler = Resampler::new(from, to).expect("rates are valid");
        let mut out = Vec::new();
        for fed in 1..=from as usize / 10 {
            resampler.process_into(&[0.1], &mut out);
            let due = fed.saturating_sub(resampler.lag_samples()) as f64 * f64::from(to)
                / f64::from(from);
            assert!(
                out.len() as f64 >= due.floor() - 1.0,
                "{from}->{to}: {} of {due}",
                out.len()
            );
        }
        assert!(
            resampler.lag_samples() as f64 / f64::from(from) < 0.0105,
            "{from}->{to}"
        );
    }
}

#[test]
fn after_a_flush_the_next_stream_starts_clean() {
    let mut resampler = Resampler::new(22_050, 24_000).expect("rates are valid");
    let input = sine(22_050, 440.0, 3000);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    resampler.process_into(&input, &mut first);
    resampler.flush_into(&mut first);
    resampler.process_into(&input, &mut second);
    resampler.flush_into(&mut second);
    assert_eq!(first, second);
    resampler.process_into(&input[..100], &mut Vec::new());
    resampler.reset();
    let mut third = Vec::new();
    resampler.process_into(&input, &mut third);
    resampler.flush_into(&mut third);
    assert_eq!(first, third);
}

#[test]
fn an_impossible_rate_is_refused_by_name() {
    let refused = Resampler::new(0, 16_000).err().expect("0 Hz is refused");
    assert_eq!(
        refused.to_string(),
        "sample rate 0 Hz is outside 1000 to 384000 Hz"
    );
    assert_eq!(
        resample(&[], 16_000, 999_999),
        Err(RateError::OutOfRange(999_999))
    );
}
