//! Noise of several colours.

use crate::variants::Noise;

/// Adds noise with this root of the mean square.
pub(super) fn add(samples: &mut [f32], noise: Noise, level: f32, rng: &mut fastrand::Rng) {
    let noise = colour(samples.len(), noise, rng);
    let power = noise.iter().map(|x| x * x).sum::<f32>() / noise.len().max(1) as f32;
    let gain = level / power.sqrt().max(1e-9);
    for (x, n) in samples.iter_mut().zip(&noise) {
        *x += gain * n;
    }
}

fn colour(count: usize, noise: Noise, rng: &mut fastrand::Rng) -> Vec<f32> {
    let mut white = || rng.f32() + rng.f32() + rng.f32() - 1.5;
    match noise {
        Noise::White => (0..count).map(|_| white()).collect(),
        Noise::Pink => {
            // Leaky sums whose corners lie two octaves apart: a straight slope to within a decibel.
            let parts: [_; 6] = std::array::from_fn(|at| {
                let leak = 0.25f32.powi(at as i32 + 1);
                (1.0 - leak, leak.sqrt(), 4.0 * leak.sqrt())
            });
            let mut sums = [0.0; 6];
            let mut next = || {
                let x = white();
                let mut total = 0.0;
                for (sum, (pole, own, share)) in sums.iter_mut().zip(parts) {
                    *sum = pole * *sum + own * x;
                    total += share * *sum;
                }
                total
            };
            (0..count).map(|_| next()).collect()
        }
        Noise::Dull | Noise::Brown => {
            let pole = if noise == Noise::Dull { 0.97 } else { 0.998 };
            let mut sum = 0.0;
            let mut next = || {
                sum = pole * sum + white();
                sum
            };
            (0..count).map(|_| next()).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Power of the differences over power: rises with the share of the highs.
    fn brightness(noise: Noise) -> f32 {
        let x = colour(48_000, noise, &mut fastrand::Rng::with_seed(1));
        let power: f32 = x.iter().map(|x| x * x).sum();
        let steps: f32 = x.windows(2).map(|w| (w[1] - w[0]).powi(2)).sum();
        steps / power
    }

    #[test]
    fn colours_differ_in_their_highs() {
        let (white, pink) = (brightness(Noise::White), brightness(Noise::Pink));
        let (dull, brown) = (brightness(Noise::Dull), brightness(Noise::Brown));
        assert!(white > 1.8 && white < 2.2, "{white}");
        assert!(
            pink < 0.7 * white && dull < 0.5 * pink && brown < 0.2 * dull,
            "{white} {pink} {dull} {brown}"
        );
    }

    #[test]
    fn noise_is_as_loud_as_was_asked_for() {
        for noise in [Noise::White, Noise::Pink, Noise::Dull, Noise::Brown] {
            let mut samples = vec![0.0; 48_000];
            add(&mut samples, noise, 0.01, &mut fastrand::Rng::with_seed(2));
            let power = samples.iter().map(|x| x * x).sum::<f32>() / 48_000.0;
            assert!((power.sqrt() - 0.01).abs() < 1e-4, "{noise:?}");
        }
    }
}
