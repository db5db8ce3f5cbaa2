//! The definitions as plain loops, in double precision.

use std::f64::consts::{PI, TAU};

use janet_kernels::signal::{Activation, Clip, FaceModel, Head, Layer, Tail};

const BINS: usize = 201;

/// What a value should be, and how far off single precision may put it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    pub(crate) value: f64,
    pub(crate) tolerance: f64,
}

/// Holds values to what they should be; prints the worst, as a share of its tolerance.
#[track_caller]
pub(crate) fn compare(what: &str, found: &[f32], expected: &[Expected]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let share = |(found, expected): (&f32, &Expected)| {
        (f64::from(*found) - expected.value).abs() / expected.tolerance
    };
    let shares: Vec<f64> = found.iter().zip(expected).map(share).collect();
    let worst = (0..shares.len()).max_by(|a, b| shares[*a].total_cmp(&shares[*b]));
    let Some(worst) = worst else { return };
    let line = format!(
        "{what}: worst of {} at {worst}: {} for {:.7}, {:.3} of the tolerance {:.1e}",
        found.len(),
        found[worst],
        expected[worst].value,
        shares[worst],
        expected[worst].tolerance
    );
    println!("{line}");
    assert!(shares[worst] <= 1.0, "{line}");
}

/// The powers of 201 bins of 40 Hz under a Hann window as long as `samples`.
fn power(samples: &[f64]) -> Vec<f64> {
    let length = samples.len();
    let window = |n: usize| 0.5 - 0.5 * (TAU * n as f64 / length as f64).cos();
    let windowed: Vec<f64> = samples
        .iter()
        .enumerate()
        .map(|(n, x)| window(n) * x)
        .collect();
    let turn: Vec<(f64, f64)> = (0..length)
        .map(|i| (2.0 * PI * i as f64 / length as f64).sin_cos())
        .collect();
    (0..BINS)
        .map(|k| {
            let (mut re, mut im) = (0.0, 0.0);
            for (n, x) in windowed.iter().enumerate() {
                let (sin, cos) = turn[k * n % length];
                re += x * cos;
                im -= x * sin;
            }
            re * re + im * im
        })
        .collect()
}

/// The power under Slaney's triangle number `band` of `bands`.
fn band_power(power: &[f64], band: usize, bands: usize) -> f64 {
    let mel_of_hz = |hz: f64| match hz {
        hz if hz < 1000.0 => hz * 3.0 / 200.0,
        hz => 15.0 + 27.0 * (hz / 1000.0).ln() / 6.4f64.ln(),
    };
    let hz_of_mel = |mel: f64| match mel {
        mel if mel < 15.0 => mel * 200.0 / 3.0,
        mel => 1000.0 * (6.4f64.ln() * (mel - 15.0) / 27.0).exp(),
    };
    let corner = |i: usize| hz_of_mel(mel_of_hz(8000.0) * (band + i) as f64 / (bands + 1) as f64);
    let (low, peak, high) = (corner(0), corner(1), corner(2));
    let mut sum = 0.0;
    for (bin, power) in power.iter().enumerate() {
        let hz = 40.0 * bin as f64;
        let height = match hz {
            hz if hz <= low || hz >= high => 0.0,
            hz if hz <= peak => (hz - low) / (peak - low),
            hz => (high - hz) / (high - peak),
        };
        sum += power * height * 2.0 / (high - low);
    }
    sum
}

/// The decimal logarithms of a spectrum's bands, with what single precision may do to them.
///
/// Each bin carries the rounding of a few hundred terms, which is noise of about 1e-7 of the loudest bin's
/// amplitude. A band `d` decades of power below the loudest is off by 10^(d/2) times as much; the logarithm of
/// a power is off by 0.87 times that.
fn band_logs(samples: &[f64], bands: usize, scale: f64) -> Vec<Expected> {
    let power = power(samples);
    let loudest = power.iter().copied().fold(0.0, f64::max) * scale;
    (0..bands)
        .map(|band| {
            let power = (band_power(&power, band, bands) * scale).max(1e-10);
            // A triangle's weights sum up to 1 in 40 Hz.
            let depth = (loudest / 40.0 / power).max(1.0).sqrt();
            Expected {
                value: power.log10(),
                tolerance: 2e-6 + 5e-7 * depth,
            }
        })
        .collect()
}

/// Whisper's spectrogram.
pub(crate) fn log_mel(clip: &Clip<'_>, bands: usize) -> (Vec<Expected>, Expected) {
    let length = clip.pcm.len() as i64;
    let sample = |at: i64| -> f64 {
        let at = at.abs();
        let at = match clip.tail {
            Tail::Mirror if at >= length => 2 * (length - 1) - at,
            _ => at,
        };
        if at < 0 || at >= length {
            0.0
        } else {
            f64::from(clip.pcm[at as usize])
        }
    };
    let mut logs = Vec::new();
    for frame in 0..clip.frames as i64 {
        let samples: Vec<f64> = (0..400).map(|i| sample(160 * frame + i - 200)).collect();
        logs.extend(band_logs(&samples, bands, 1.0));
    }
    let floor = Expected {
        value: -10.0,
        tolerance: 2e-6,
    };
    let most = logs
        .iter()
        .fold(floor, |a, b| if b.value > a.value { *b } else { a });
    let map = |cell: &Expected| {
        let lowest = most.value - 8.0;
        // What lies about the clamp may come out on either side of it.
        let above = (cell.value - lowest).max(0.0);
        let tolerance = if cell.value + cell.tolerance < lowest {
            most.tolerance
        } else {
            cell.tolerance
                .min(above + cell.tolerance)
                .max(most.tolerance)
        };
        Expected {
            value: (cell.value.max(lowest) + 4.0) / 4.0,
            tolerance: tolerance / 4.0,
        }
    };
    (logs.iter().map(map).collect(), map(&floor))
}

/// The features of the frame that ends `samples`.
pub(crate) fn features(model: &FaceModel, samples: &[f32]) -> Vec<Expected> {
    let (bands, spectra) = (model.spec().bands, model.spec().spectra);
    let mut all = Vec::new();
    for spectrum in 1..=spectra {
        let end = samples.len() as i64 - 800 + (800 / spectra * spectrum) as i64;
        let at = |i: i64| {
            if i < 0 {
                0.0
            } else {
                f64::from(samples[i as usize])
            }
        };
        let window: Vec<f64> = (end - 1200..end).map(at).collect();
        all.extend(
            band_logs(&window, bands, 1.0 / 9.0)
                .into_iter()
                .map(|cell| Expected {
                    value: (cell.value + 4.0) / 4.0,
                    tolerance: cell.tolerance / 4.0,
                }),
        );
    }
    all
}

/// A layer's answer to the last of `frames`.
fn layer(layer: &Layer, frames: &[Vec<f64>]) -> Vec<f64> {
    (0..layer.outputs)
        .map(|o| {
            let mut sum = f64::from(layer.bias[o]);
            for tap in 0..layer.taps {
                let back = (layer.taps - 1 - tap) * layer.dilation;
                let Some(at) = frames.len().checked_sub(1 + back) else {
                    continue;
                };
                for (c, x) in frames[at].iter().enumerate() {
                    sum += x * f64::from(layer.weight[(o * layer.inputs + c) * layer.taps + tap]);
                }
            }
            let sum = sum.clamp(-10_000.0, 10_000.0);
            match layer.activation {
                Activation::Linear => sum,
                Activation::Relu => sum.max(0.0),
            }
        })
        .collect()
}

/// The network's targets for each of `frames`.
pub(crate) fn targets(model: &FaceModel, frames: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut values = frames.to_vec();
    for next in &model.spec().layers {
        values = (1..=values.len())
            .map(|end| layer(next, &values[..end]))
            .collect();
    }
    values
        .into_iter()
        .map(|x| match model.spec().head {
            Head::Linear => x.iter().map(|x| x.clamp(0.0, 1.0)).collect(),
            Head::Sigmoid => x.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect(),
            Head::Softmax => {
                let largest = x.iter().copied().fold(f64::MIN, f64::max);
                let sum: f64 = x.iter().map(|x| (x - largest).exp()).sum();
                x.iter().map(|x| (x - largest).exp() / sum).collect()
            }
        })
        .collect()
}

/// Levels and weights for each of `targets`.
pub(crate) fn smooth(model: &FaceModel, targets: &[Vec<f64>]) -> Vec<(Vec<f64>, Vec<f64>)> {
    let smoothing = &model.spec().smoothing;
    let pole = |ms: f32| match ms {
        0.0 => 1.0,
        ms => 1.0 - (-(1000.0 / 60.0) / f64::from(ms)).exp(),
    };
    let weights = |levels: &[f64]| -> Vec<f64> {
        let dominance = smoothing.dominance.iter().map(|d| f64::from(*d));
        let product: Vec<f64> = dominance.zip(levels).map(|(d, s)| d * s).collect();
        let sum: f64 = product.iter().sum();
        product.iter().map(|x| x / sum).collect()
    };
    let rest: Vec<f64> = smoothing.rest.iter().map(|x| f64::from(*x)).collect();
    let mut levels = rest.clone();
    targets
        .iter()
        .map(|targets| {
            let mut sum = 0.0;
            for (i, level) in levels.iter_mut().enumerate() {
                let ms = if targets[i] > *level {
                    smoothing.attack_ms[i]
                } else {
                    smoothing.release_ms[i]
                };
                *level += pole(ms) * (targets[i] - *level);
                sum += *level * f64::from(smoothing.dominance[i]);
            }
            let weights = if sum < 1e-6 {
                weights(&rest)
            } else {
                weights(&levels)
            };
            (levels.clone(), weights)
        })
        .collect()
}

/// The same tolerance for all.
pub(crate) fn within(values: &[f64], tolerance: f64) -> Vec<Expected> {
    values
        .iter()
        .map(|value| Expected {
            value: *value,
            tolerance,
        })
        .collect()
}
