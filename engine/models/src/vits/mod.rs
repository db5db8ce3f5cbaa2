//! Speech from phonemes: a VITS voice in Piper's format, run natively and in small pieces.
//!
//! Decides how a phrase sounds and when each phoneme is heard. Never decides what is said, never
//! starts a thread and never waits: a [`SpeakJob`] goes forward in bounded steps and hands out
//! sound as soon as the first frames are through, because every layer behind the durations is a
//! convolution that can go on where it stopped. Sits behind the phrase cutter and before playout.

mod attention;
mod config;
mod decoder;
mod durations;
mod encoder;
mod flow;
mod job;
mod noise;
mod ops;
mod resblock;
mod spline;
mod stream;
mod timing;
mod voice;
mod weights;

pub use config::VoiceConfig;
pub use job::{SpeakJob, SpeakStep};
pub use timing::PhonemeTime;
pub use voice::{SpeakOptions, Voice};
