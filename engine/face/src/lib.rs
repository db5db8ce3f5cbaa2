//! Janet's face as pure functions of time: what her mouth does with each sound.
//!
//! Knows no clock, no network and no model. Positions are samples of her voice stream.

#![forbid(unsafe_code)]

mod viseme;

pub use viseme::{VISEMES, Viseme, Weights};
