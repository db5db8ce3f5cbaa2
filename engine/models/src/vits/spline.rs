//! The inverse of a rational-quadratic spline (Durkan et al. 2019), as VITS uses it for durations.

/// Outside of ±`BOUND` the spline is the identity.
const BOUND: f32 = 5.0;
/// Smallest width, height and slope.
const LEAST: f32 = 1e-3;

/// Where `y` came from, for the spline given by unnormalised `widths` and `heights` (n each) and
/// inner `slopes` (n − 1).
pub(super) fn inverse(y: f32, widths: &[f32], heights: &[f32], slopes: &[f32]) -> f32 {
    if !(-BOUND..=BOUND).contains(&y) {
        return y;
    }
    let bins = widths.len();
    let heights = knots(heights);
    let widths = knots(widths);
    let bin = (0..bins - 1)
        .take_while(|&bin| y >= heights[bin + 1])
        .count();
    let slope = |knot: usize| {
        // At both ends the slope is 1, to meet the identity.
        let inner = knot.checked_sub(1).and_then(|index| slopes.get(index));
        inner.map_or(1.0, |&value| LEAST + softplus(value))
    };
    let width = widths[bin + 1] - widths[bin];
    let height = heights[bin + 1] - heights[bin];
    let mean = height / width;
    let (left, right) = (slope(bin), slope(bin + 1));
    let above = y - heights[bin];
    let bend = left + right - 2.0 * mean;
    let a = above * bend + height * (mean - left);
    let b = height * left - above * bend;
    let c = -mean * above;
    let root = 2.0 * c / (-b - (b * b - 4.0 * a * c).max(0.0).sqrt());
    root * width + widths[bin]
}

/// Bin borders from unnormalised sizes: −[`BOUND`] … [`BOUND`].
fn knots(sizes: &[f32]) -> Vec<f32> {
    let top = sizes.iter().copied().fold(f32::MIN, f32::max);
    let shares: Vec<f32> = sizes.iter().map(|size| (size - top).exp()).collect();
    let total: f32 = shares.iter().sum();
    let free = 1.0 - LEAST * sizes.len() as f32;
    let mut sum = 0.0;
    let mut knots = vec![-BOUND];
    for share in shares {
        sum += LEAST + free * share / total;
        knots.push(2.0 * BOUND * sum - BOUND);
    }
    if let Some(last) = knots.last_mut() {
        *last = BOUND;
    }
    knots
}

fn softplus(value: f32) -> f32 {
    // For large values exp would overflow, and the function is the identity to f32's precision.
    if value > 20.0 {
        value
    } else {
        value.exp().ln_1p()
    }
}

#[cfg(test)]
mod tests {
    use super::{BOUND, inverse};

    #[test]
    fn the_spline_is_the_identity_at_and_beyond_its_ends() {
        let (sizes, slopes) = ([0.3, -1.0, 2.0, 0.1], [0.5, -0.5, 1.0]);
        for y in [-7.0, -BOUND, BOUND, 6.5] {
            assert!(
                (inverse(y, &sizes, &sizes, &slopes) - y).abs() < 1e-4,
                "{y}"
            );
        }
    }

    #[test]
    fn the_spline_rises_without_jumps() {
        let (widths, heights, slopes) = (
            [0.3, -1.0, 2.0, 0.1],
            [1.0, 0.2, -0.4, 0.9],
            [0.5, -0.5, 1.0],
        );
        let values: Vec<f32> = (-500..=500)
            .map(|i| inverse(i as f32 / 100.0, &widths, &heights, &slopes))
            .collect();
        for pair in values.windows(2) {
            let step = pair[1] - pair[0];
            assert!(step > 0.0 && step < 0.5, "a step of {step}");
        }
    }
}
