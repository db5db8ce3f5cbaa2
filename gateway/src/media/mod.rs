//! Voice as packets, without a network and without a clock: what every realtime transport shares.
//!
//! ```text
//!  packets ─▶ Up: jitter buffer ─▶ Opus, losses mended ─▶ 16 kHz for the engine
//!  packets ◀─ Down: a packet each 20 ms ◀─ Opus or silence ◀─ her voice, 48 kHz
//! ```
//! Her face goes along: each frame when its sound is sent. Decides what stands in for a lost packet, when
//! the next packet is due and which of her samples is in it. Time is an argument, in microseconds. Whoever
//! owns a socket drives all of it and does the rest.

mod down;
mod face;
#[cfg(test)]
mod network_test;
mod up;

pub(crate) use down::{Clock, Down};
pub(crate) use face::Face;
pub(crate) use up::Up;

/// Rate of her voice on these transports, and of all timestamps (RFC 7587 §4.1).
pub(crate) const PLAY_RATE_HZ: u32 = janet_audio::opus::RATE_HZ;
/// Sound in a packet of hers, in µs.
pub(crate) const FRAME_US: u64 = 20_000;
