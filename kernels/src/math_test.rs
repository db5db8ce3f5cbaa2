//! Each kernel against plain loops in f64, on every path that this machine has.

use super::*;
use crate::isa::Isa;

fn values(n: usize, scale: f32) -> Vec<f32> {
    let mut rng = fastrand::Rng::with_seed(n as u64);
    (0..n).map(|_| (rng.f32() * 2.0 - 1.0) * scale).collect()
}

/// The largest difference; NaN counts as infinite.
fn worst(got: &[f32], want: impl IntoIterator<Item = f64>) -> f64 {
    got.iter()
        .zip(want)
        .map(|(got, want)| (f64::from(*got) - want).abs())
        .fold(0.0, |a, b| {
            if b <= a {
                a
            } else if b.is_nan() {
                f64::INFINITY
            } else {
                b
            }
        })
}

/// The error function by its series; exact to 1e-14 for the arguments used here.
fn erf(x: f64) -> f64 {
    if x.abs() > 5.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

fn sigmoid_of(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[test]
fn activations_agree_with_plain_loops() {
    for isa in Isa::here() {
        for n in [1, 7, 16, 33, 1000] {
            for scale in [0.01, 3.0, 12.0, 200.0] {
                let (a, b) = (values(n, scale), values(n + 1, scale)[1..].to_vec());
                let mut out = vec![0.0; n];
                let gelu = |x: &f32| {
                    let x = f64::from(*x);
                    0.5 * x * (1.0 + erf(x / 2f64.sqrt()))
                };
                // SAFETY: `isa` is one that this machine has.
                unsafe { gelu_slice(isa, &a, &mut out) };
                // The approximation is good to 1.5e-7 / 2 |x| near 3; above that f32 itself.
                let limit = 1e-6f64.max(f64::from(scale) * 1e-7);
                assert!(
                    worst(&out, a.iter().map(gelu)) < limit,
                    "{isa:?} gelu {n} {scale}"
                );
                let pairs = || {
                    a.iter()
                        .zip(&b)
                        .map(|(a, b)| (f64::from(*a), f64::from(*b)))
                };
                // SAFETY: as above.
                unsafe { gated_slice(isa, &a, &b, &mut out) };
                let want = pairs().map(|(a, b)| a.tanh() * sigmoid_of(b));
                assert!(worst(&out, want) < 5e-7, "{isa:?} gated {n} {scale}");
                // SAFETY: as above.
                unsafe { silu_mul_slice(isa, &a, &b, &mut out) };
                let want = pairs().map(|(a, b)| a * sigmoid_of(a) * b);
                let limit = 1e-6 * f64::from(scale * scale).max(1.0);
                assert!(worst(&out, want) < limit, "{isa:?} silu {n} {scale}");
                // SAFETY: as above.
                unsafe { gelu_mul_slice(isa, &a, &b, &mut out) };
                let want = pairs().map(|(a, b)| {
                    let inner = (2.0 / std::f64::consts::PI).sqrt() * (a + 0.044_715 * a.powi(3));
                    0.5 * a * (1.0 + inner.tanh()) * b
                });
                assert!(
                    worst(&out, want) < limit,
                    "{isa:?} gelu by tanh {n} {scale}"
                );
            }
        }
    }
}

#[test]
fn norms_agree_with_plain_loops_even_far_from_zero() {
    for isa in Isa::here() {
        for n in [1, 5, 16, 100, 576] {
            let x: Vec<f32> = values(3 * n, 2.0).iter().map(|x| x + 100.0).collect();
            let (weight, bias) = (values(n, 1.0), values(n + 3, 1.0)[3..].to_vec());
            let mut out = vec![0.0; 3 * n];
            // SAFETY: `isa` is one that this machine has.
            unsafe { rms_norm_rows(isa, &x, &weight, 1e-5, &mut out) };
            let rows = || {
                x.chunks_exact(n)
                    .map(|row| row.iter().map(|x| f64::from(*x)))
            };
            let want = rows().flat_map(|row| {
                let scale = (row.clone().map(|x| x * x).sum::<f64>() / n as f64 + 1e-5).sqrt();
                row.zip(&weight)
                    .map(move |(x, w)| x / scale * f64::from(*w))
                    .collect::<Vec<_>>()
            });
            assert!(worst(&out, want) < 2e-6, "{isa:?} rms {n}");
            // SAFETY: as above.
            unsafe { layer_norm_rows(isa, &x, &weight, &bias, 1e-5, &mut out) };
            let want = rows().flat_map(|row| {
                let mean = row.clone().sum::<f64>() / n as f64;
                let variance = row.clone().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
                let scale = (variance + 1e-5).sqrt();
                row.zip(weight.iter().zip(&bias))
                    .map(move |(x, (w, b))| (x - mean) / scale * f64::from(*w) + f64::from(*b))
                    .collect::<Vec<_>>()
            });
            // The mean, near 100, is known to 1e-5 in f32; the spread is about 1.
            assert!(worst(&out, want) < 5e-5, "{isa:?} layer {n}");
        }
    }
}

#[test]
fn softmax_agrees_with_plain_loops_and_keeps_masked_values_at_nothing() {
    for isa in Isa::here() {
        for n in [1, 3, 16, 47, 300] {
            let mut x = values(4 * n, 20.0);
            x[n..]
                .iter_mut()
                .step_by(3)
                .for_each(|x| *x = f32::NEG_INFINITY);
            x[n] = 0.5;
            x[2 * n] = -3.0;
            x[3 * n] = 500.0;
            let mut out = vec![0.0; 4 * n];
            // SAFETY: `isa` is one that this machine has.
            unsafe { softmax_rows(isa, &x, n, &mut out) };
            let want = x.chunks_exact(n).flat_map(|row| {
                let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let row = row.iter().map(|x| f64::from(x - top).exp());
                let sum: f64 = row.clone().sum();
                row.map(|x| x / sum).collect::<Vec<_>>()
            });
            assert!(worst(&out, want) < 1e-6, "{isa:?} {n}");
            for (x, out) in x.iter().zip(&out) {
                assert!(
                    *x > f32::NEG_INFINITY || *out == 0.0,
                    "{isa:?} {n}: masked to {out}"
                );
            }
        }
        let mut out = [0.0; 3];
        // SAFETY: as above.
        unsafe { softmax_rows(isa, &[f32::NEG_INFINITY; 3], 3, &mut out) };
        assert!(
            out.iter().all(|x| x.is_nan()),
            "{isa:?}: nothing to choose from"
        );
    }
}
