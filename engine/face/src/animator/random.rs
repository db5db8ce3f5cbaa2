//! Chance that is the same in every language: integers of 32 bits, then divisions.

use super::table::Spread;

/// The generator mulberry32 (Tommy Ettinger): every step is one multiplication that JavaScript has as
/// `Math.imul`.
#[derive(Clone, Debug)]
pub(super) struct Random {
    state: u32,
}

impl Random {
    /// One of several independent ones of the same seed.
    pub(super) fn new(seed: u32, channel: u32) -> Self {
        let mut random = Self {
            state: seed ^ channel.wrapping_mul(0x9E37_79B9),
        };
        // Neighbouring seeds would begin alike.
        random.bits();
        random
    }

    /// 32 random bits.
    pub(super) fn bits(&mut self) -> u32 {
        self.state = self.state.wrapping_add(0x6D2B_79F5);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 15)).wrapping_mul(mixed | 1);
        mixed ^= mixed.wrapping_add((mixed ^ (mixed >> 7)).wrapping_mul(mixed | 61));
        mixed ^ (mixed >> 14)
    }

    /// Evenly from 0, inclusive, to 1, exclusive.
    pub(super) fn unit(&mut self) -> f64 {
        f64::from(self.bits()) / 4_294_967_296.0
    }

    /// Evenly from `low` to `high`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// −1 or 1.
    pub(super) fn side(&mut self) -> f64 {
        if self.unit() < 0.5 { -1.0 } else { 1.0 }
    }

    /// Normal, with mean 0 and deviation 1 (Box and Muller).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// A time of this spread, in microseconds.
    pub(super) fn time(&mut self, spread: &Spread) -> u64 {
        let ratio = spread.deviation_s / spread.mean_s;
        let variance = (ratio * ratio + 1.0).ln();
        let logarithm = spread.mean_s.ln() - variance / 2.0 + variance.sqrt() * self.normal();
        micros(logarithm.exp().clamp(spread.min_s, spread.max_s))
    }

    /// A place in `shares`, by their size.
    pub(super) fn choice(&mut self, shares: &[f64; 8]) -> usize {
        let mut left = self.unit() * shares.iter().sum::<f64>();
        for (at, share) in shares.iter().enumerate() {
            left -= share;
            if left < 0.0 {
                return at;
            }
        }
        shares.len() - 1
    }
}

/// Seconds as whole microseconds.
pub(super) fn micros(seconds: f64) -> u64 {
    (seconds * 1e6 + 0.5).floor() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_mulberry32() {
        // The first numbers of the seed 1, as the reference in JavaScript gives them.
        let mut random = Random { state: 1 };
        assert_eq!(
            [random.bits(), random.bits(), random.bits()],
            [2693262067, 11749833, 2265367787]
        );
    }

    #[test]
    fn times_have_the_mean_they_were_asked_for() {
        let spread = Spread {
            mean_s: 3.0,
            deviation_s: 1.0,
            min_s: 0.1,
            max_s: 30.0,
        };
        let mut random = Random::new(7, 1);
        let draws: Vec<f64> = (0..20_000)
            .map(|_| random.time(&spread) as f64 / 1e6)
            .collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance =
            draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        assert!((mean - 3.0).abs() < 0.03, "{mean}");
        assert!((variance.sqrt() - 1.0).abs() < 0.05, "{}", variance.sqrt());
    }

    #[test]
    fn channels_and_seeds_differ() {
        let mut first: Vec<u32> = (0..64).map(|seed| Random::new(seed, 1).bits()).collect();
        first.extend((2..66).map(|channel| Random::new(0, channel).bits()));
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), 128);
    }
}
