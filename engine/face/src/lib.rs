//! Janet's face as pure functions of time: what her mouth does with each sound, what her face says
//! beside it, and what other people's faces call all of that.
//!
//! Knows no clock, no network and no model. Positions are samples of her voice stream, times are
//! arguments.

#![forbid(unsafe_code)]

pub mod animator;
pub mod mapping;
mod named;
mod phoneme;
pub mod tone;
mod track;
mod viseme;

pub use phoneme::{Gesture, Phoneme};
pub use tone::Tone;
pub use track::{LOOK_AHEAD, TimedPhoneme, Track};
pub use viseme::{VISEMES, Viseme, Weights};

/// Samples per second of all positions.
pub const RATE_HZ: u32 = 48_000;

/// Samples from one face frame to the next: 60 in a second.
pub const FRAME_SAMPLES: u32 = 800;

#[cfg(test)]
mod export_test;
