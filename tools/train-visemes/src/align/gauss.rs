//! Normal distributions, each with all of its covariances.

use super::sound::VALUES;

/// So many steps' worth of what all have in common each has, too: a rare sound has too few of its own.
const COMMON: f64 = 200.0;
/// Added to each variance.
const LEAST: f64 = 1e-4;

/// Sums over what belongs to one distribution.
#[derive(Clone)]
pub(super) struct Sums {
    count: f64,
    first: Vec<f64>,
    /// The lower triangle, row by row.
    second: Vec<f64>,
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            count: 0.0,
            first: vec![0.0; VALUES],
            second: vec![0.0; VALUES * (VALUES + 1) / 2],
        }
    }
}

impl Sums {
    pub(super) fn add(&mut self, row: &[f32]) {
        self.count += 1.0;
        let mut second = self.second.iter_mut();
        for (i, (sum, x)) in self.first.iter_mut().zip(row).enumerate() {
            let x = f64::from(*x);
            *sum += x;
            for (sum, y) in second.by_ref().take(i + 1).zip(row) {
                *sum += x * f64::from(*y);
            }
        }
    }

    /// The covariances times the count.
    fn scatter(&self) -> Vec<f64> {
        let mut second = self.second.iter();
        let mut out = Vec::with_capacity(self.second.len());
        for i in 0..VALUES {
            for j in 0..=i {
                let product = self.first[i] * self.first[j] / self.count.max(1.0);
                out.push(second.next().map_or(0.0, |sum| sum - product));
            }
        }
        out
    }
}

/// A distribution.
pub(super) struct Gaussian {
    mean: Vec<f64>,
    /// The lower triangle that makes the covariance one, row by row.
    whitening: Vec<f64>,
    /// The logarithm of its density at the mean, but for what all have in common.
    height: f64,
}

impl Gaussian {
    /// One for each of `sums`; `None` for those that have seen nothing.
    pub(super) fn of(sums: &[Sums]) -> Vec<Option<Self>> {
        let all: f64 = sums.iter().map(|sums| sums.count).sum();
        let mut common = vec![0.0; VALUES * (VALUES + 1) / 2];
        for sums in sums {
            let scatter = sums.scatter();
            common
                .iter_mut()
                .zip(scatter)
                .for_each(|(a, b)| *a += b / all.max(1.0));
        }
        let one = |sums: &Sums| {
            let mut covariance = sums.scatter();
            for (own, common) in covariance.iter_mut().zip(&common) {
                *own = (*own + COMMON * common) / (sums.count + COMMON);
            }
            let whitening = whitening(&covariance);
            Self {
                mean: sums.first.iter().map(|sum| sum / sums.count).collect(),
                height: (0..VALUES).map(|i| whitening[row(i) + i].ln()).sum(),
                whitening,
            }
        };
        sums.iter()
            .map(|sums| (sums.count > 0.0).then(|| one(sums)))
            .collect()
    }

    /// The logarithm of the density at `x`.
    pub(super) fn score(&self, x: &[f32]) -> f64 {
        let mut apart = [0.0; VALUES];
        for ((apart, x), mean) in apart.iter_mut().zip(x).zip(&self.mean) {
            *apart = f64::from(*x) - mean;
        }
        let white = |i: usize| -> f64 {
            let weights = &self.whitening[row(i)..=row(i) + i];
            weights.iter().zip(&apart).map(|(a, b)| a * b).sum()
        };
        self.height - 0.5 * (0..VALUES).map(|i| white(i).powi(2)).sum::<f64>()
    }
}

/// Where row `i` of a lower triangle begins.
fn row(i: usize) -> usize {
    i * (i + 1) / 2
}

/// The inverse of the lower triangle whose product with itself is `covariance` (Cholesky).
fn whitening(covariance: &[f64]) -> Vec<f64> {
    let mut root = covariance.to_vec();
    for i in 0..VALUES {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| root[row(i) + k] * root[row(j) + k]).sum();
            let rest = root[row(i) + j] - dot;
            root[row(i) + j] = if i == j {
                (rest + LEAST).max(LEAST).sqrt()
            } else {
                rest / root[row(j) + j]
            };
        }
    }
    let mut inverse = vec![0.0; root.len()];
    for j in 0..VALUES {
        inverse[row(j) + j] = 1.0 / root[row(j) + j];
        for i in j + 1..VALUES {
            let dot: f64 = (j..i).map(|k| root[row(i) + k] * inverse[row(k) + j]).sum();
            inverse[row(i) + j] = -dot / root[row(i) + i];
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_density_is_highest_at_the_mean_and_falls_as_the_values_that_vary_together_say() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut sums = Sums::default();
        let mut normal = || (0..12).map(|_| rng.f32()).sum::<f32>() - 6.0;
        for _ in 0..20_000 {
            let mut x: Vec<f32> = (0..VALUES).map(|_| normal()).collect();
            // The second goes with the first.
            x[1] = 3.0 + 2.0 * x[0] + 0.5 * x[1];
            sums.add(&x);
        }
        let found = Gaussian::of(&[sums, Sums::default()]);
        let gaussian = found[0].as_ref().expect("it has seen something");
        assert!(found[1].is_none());
        let at = |first: f32, second: f32| {
            let mut x = vec![0.0; VALUES];
            (x[0], x[1]) = (first, second);
            gaussian.score(&x)
        };
        let middle = at(0.0, 3.0);
        // One deviation of what is left of the second, and of the first with the second beside it.
        assert!((middle - at(0.0, 3.5) - 0.5).abs() < 0.05);
        assert!((middle - at(1.0, 5.0) - 0.5).abs() < 0.05);
        assert!(middle - at(1.0, 1.0) > 20.0);
    }
}
