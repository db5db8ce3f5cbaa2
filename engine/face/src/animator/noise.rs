//! Slow, smooth chance: a value for every moment, without a state.

use super::Micros;

/// Between −1 and 1, for a wave of `period_s` seconds. The same seed, channel and moment give the same.
pub(super) fn drift(seed: u32, channel: u32, period_s: f64, now: Micros) -> f64 {
    let place = now as f64 / 1e6 / period_s;
    let before = place.floor();
    let point = before as u64 as u32;
    let (left, right) = (
        lattice(seed, channel, point),
        lattice(seed, channel, point.wrapping_add(1)),
    );
    let x = place - before;
    // Quintic, so that the head's acceleration has no jumps.
    let blend = x * x * x * (x * (x * 6.0 - 15.0) + 10.0);
    left + (right - left) * blend
}

/// A number from −1 to 1 for each whole point.
fn lattice(seed: u32, channel: u32, point: u32) -> f64 {
    let mut mixed = seed ^ channel.wrapping_mul(0x85EB_CA6B) ^ point.wrapping_mul(0x9E37_79B1);
    mixed = (mixed ^ (mixed >> 16)).wrapping_mul(0x7FEB_352D);
    mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x846C_A68B);
    mixed ^= mixed >> 16;
    f64::from(mixed) / 2_147_483_648.0 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_smooth_and_within_its_bounds() {
        let values: Vec<f64> = (0..20_000)
            .map(|step| drift(9, 1, 2.0, step * 5_000))
            .collect();
        assert!(values.iter().all(|value| (-1.0..=1.0).contains(value)));
        let largest = values
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .fold(0.0, f64::max);
        // The steepest quintic rises 1.875 times as fast as a line, over a height of 2 at most.
        assert!(largest <= 2.0 * 1.875 * 0.005 / 2.0 + 1e-9, "{largest}");
        assert!(
            values.iter().any(|value| *value > 0.5) && values.iter().any(|value| *value < -0.5)
        );
    }

    #[test]
    fn the_end_of_time_is_a_moment_like_any_other() {
        assert!(drift(9, 1, 2.0, u64::MAX).is_finite());
    }
}
