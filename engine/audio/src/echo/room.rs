//! The way from the loudspeaker through the room to the microphone, as a short filter.
//!
//! Least squares by Levinson's recursion (Haykin, *Adaptive Filter Theory*, ch. 3).

use super::decimate::dot;

/// Length of the filter: 12 ms, the direct sound and the first reflections.
pub(super) const TAPS: usize = 96;
/// Taps before the best delay: its neighbours may carry the real onset.
pub(super) const EARLY: usize = 16;
/// Share of white noise that keeps the fit stable: an echo 40 dB under this is not resolved.
const RIDGE: f32 = 1e-4;

/// The taps `h` with `mic[n] ≈ Σ h[k] · played[n + delay + EARLY − k]`.
///
/// `stretch` is what of `played` the fit may touch, `alike[k]` the sum over n of
/// `mic[n] · played[n + delay + EARLY − k]`.
pub(super) fn fit(stretch: &[f32], alike: &[f32; TAPS]) -> [f32; TAPS] {
    let mut own: [f32; TAPS] =
        std::array::from_fn(|k| dot(&stretch[k.min(stretch.len())..], stretch));
    own[0] = own[0] * (1.0 + RIDGE) + 1e-9;
    levinson(&own, alike)
}

/// Solves the Toeplitz system of an autocorrelation: `Σ_j own[|k−j|] h[j] = cross[k]`.
fn levinson(own: &[f32; TAPS], cross: &[f32; TAPS]) -> [f32; TAPS] {
    let mut taps = [0.0; TAPS];
    let mut predictor = [0.0; TAPS];
    let mut left = own[0];
    predictor[0] = 1.0;
    taps[0] = cross[0] / left;
    for order in 1..TAPS {
        let reflection: f32 = -(0..order)
            .map(|k| predictor[k] * own[order - k])
            .sum::<f32>()
            / left;
        let before = predictor;
        for k in 1..=order {
            predictor[k] = before[k] + reflection * before[order - k];
        }
        left *= 1.0 - reflection * reflection;
        if left <= own[0] * 1e-7 {
            break;
        }
        let missing = cross[order] - (0..order).map(|k| taps[k] * own[order - k]).sum::<f32>();
        let gain = missing / left;
        for k in 0..=order {
            taps[k] += gain * predictor[order - k];
        }
    }
    taps
}
