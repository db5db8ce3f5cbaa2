//! Seeded normal noise: the same seed gives the same voice, in whatever pieces it is drawn.

/// A stream of normally distributed numbers.
pub(super) struct Noise {
    random: fastrand::Rng,
    spare: Option<f32>,
}

impl Noise {
    /// A stream that depends on `seed` only.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            spare: None,
        }
    }

    /// The next number: mean 0, variance 1 (Box-Muller).
    pub(super) fn next(&mut self) -> f32 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        // 1 - u is in (0, 1], so the logarithm is finite.
        let radius = (-2.0 * (1.0 - self.random.f32()).ln()).sqrt();
        let angle = std::f32::consts::TAU * self.random.f32();
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }
}

#[cfg(test)]
mod tests {
    use super::Noise;

    #[test]
    fn noise_is_normal_and_repeats_with_its_seed() {
        let draw = |seed| {
            let mut noise = Noise::new(seed);
            (0..20_000).map(|_| noise.next()).collect::<Vec<f32>>()
        };
        let values = draw(3);
        assert_eq!(values, draw(3));
        assert_ne!(values, draw(4));
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let variance = values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32;
        assert!(
            mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05,
            "{mean} {variance}"
        );
    }
}
