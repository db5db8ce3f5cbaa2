//! A face at one moment.

use super::gesture::Gesture;
use crate::tone::Tone;
use crate::viseme::Weights;

/// All that a figure needs to draw her. Angles are radians about the axes of glTF, see [the
/// module](super).
#[derive(Clone, Debug, PartialEq)]
pub struct Pose {
    /// Her mouth.
    pub weights: Weights,
    /// The tone that shows most.
    pub tone: Tone,
    /// How much, 0..=1.
    pub tone_intensity: f64,
    /// How much of each tone shows, in the order of [`Tone::ALL`]: one may come while another goes.
    pub tones: [f64; Tone::COUNT],
    /// How far her eyes are shut, 0..=1.
    pub blink: f64,
    /// Where her eyes are turned in the head: positive down.
    pub eye_pitch: f64,
    /// Positive to her left.
    pub eye_yaw: f64,
    /// Where she looks, as a unit vector in the figure's own axes, head and eyes together.
    pub gaze: [f64; 3],
    /// Positive down.
    pub head_pitch: f64,
    /// Positive to her left.
    pub head_yaw: f64,
    /// Positive lowers her right ear.
    pub head_roll: f64,
    /// How full her chest is, 0..=1.
    pub breath: f64,
    /// A smile beside her tone, 0..=1.
    pub smile: f64,
    /// Raised brows beside her tone, 0..=1.
    pub brow: f64,
    /// The gesture under way that began last; its movement is in the angles and weights already.
    pub gesture: Option<Gesture>,
}
