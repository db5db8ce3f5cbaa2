//! Janet's face as pure functions of time: what her mouth does with each sound.
//!
//! Knows no clock, no network and no model. Positions are samples of her voice stream.

#![forbid(unsafe_code)]

mod phoneme;
mod track;
mod viseme;

pub use phoneme::{Gesture, Phoneme};
pub use track::{LOOK_AHEAD, TimedPhoneme, Track};
pub use viseme::{VISEMES, Viseme, Weights};

/// Samples per second of all positions.
pub const RATE_HZ: u32 = 48_000;

/// Samples from one face frame to the next: 60 in a second.
pub const FRAME_SAMPLES: u32 = 800;
