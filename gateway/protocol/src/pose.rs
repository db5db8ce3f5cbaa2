//! Where a head and hands are: the pose of a client in a room.

use serde::{Deserialize, Serialize};

/// How far from the middle of the room anything may be, in metres.
pub(crate) const FARTHEST_M: f32 = 1000.0;
/// How far a rotation's length may be from 1: what sensors round away, and no more.
pub(crate) const ROTATION_TOLERANCE: f32 = 0.01;

/// Where something is and where it points, right-handed with y up, as in WebXR.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Pose {
    /// x, y, z in metres, each within 1000 of the middle of the room.
    #[cfg_attr(test, schemars(inner(range(min = -FARTHEST_M, max = FARTHEST_M))))]
    pub position: [f32; 3],
    /// A unit quaternion: x, y, z, w. Its length is 1 within one hundredth.
    pub rotation: [f32; 4],
}

/// Both hands, as far as they are seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Hands {
    /// The left one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<Pose>,
    /// The right one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right: Option<Pose>,
}
