//! Eyes without bones: how far they look which way, as weights.

use crate::named::named;

named! {
    /// Where eyes can be turned to; left and right are her own.
    Looking {
        Up = "up",
        Down = "down",
        Left = "left",
        Right = "right",
    }
}

impl Looking {
    /// The angle at which a shape's weight is 1, in radians: 30° for the ARKit and VRM faces that
    /// were looked at.
    pub const FULL_RAD: f64 = std::f64::consts::FRAC_PI_6;
}

/// Weights of up, down, left and right for eyes turned by `pitch` (positive looks down) and `yaw`
/// (positive to her left), both in radians; 0 where they are no numbers.
pub fn looking(pitch: f64, yaw: f64) -> [f32; Looking::COUNT] {
    let share = |angle: f64| {
        let share = (angle / Looking::FULL_RAD).clamp(0.0, 1.0);
        if share.is_nan() { 0.0 } else { share as f32 }
    };
    [share(-pitch), share(pitch), share(yaw), share(-yaw)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eyes_look_one_way_at_a_time_and_no_further_than_they_can() {
        assert_eq!(looking(0.0, 0.0), [0.0; 4]);
        let [up, down, left, right] = looking(-0.1, 10.0);
        assert!((up - 0.191).abs() < 0.001);
        assert_eq!((down, left, right), (0.0, 1.0, 0.0));
        assert_eq!(looking(f64::NAN, f64::NEG_INFINITY), [0.0, 0.0, 0.0, 1.0]);
    }
}
