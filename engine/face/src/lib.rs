//! Janet's face as pure functions of time: what her mouth does with each sound, what her face says
//! beside it, and what other people's faces call all of that.
//!
//! Knows no clock, no network and no model. Positions are samples of her voice stream, times are
//! arguments.

#![forbid(unsafe_code)]

pub mod animator;
pub mod mapping;
mod named;
pub mod tone;
mod viseme;

pub use tone::Tone;
pub use viseme::{VISEMES, Viseme, Weights};

#[cfg(test)]
mod export_test;
