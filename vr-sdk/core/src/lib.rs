//! Janet's client for headsets and other programs: a conversation over QUIC, voice included.
//!
//! ```text
//!            ┌───────────── Core (sans-IO) ─────────────┐
//!  frames ──▶│ who we are, the session, playout reports │──▶ frames
//!  packets ─▶│ Voice: jitter buffer, Opus ─▶ her sound  │
//!  samples ─▶│ Microphone: Opus ─▶ send buffer          │──▶ datagrams
//!            └───────────────────────────────────────────┘
//!  Client: the same over quinn: the certificate pinned, one task, every queue bounded
//! ```
//! [`Core`] decides everything and knows neither a socket nor a clock: time is an argument, in
//! microseconds. [`Client`] is for programs that have Tokio; another engine drives [`Core`] itself.
//! [`pair`] gets a device its key.
//! Knows of Janet what `janet-protocol` says, and nothing of the server.

#![forbid(unsafe_code)]

mod client;
mod conversation;
mod microphone;
mod pairing;
mod pake;
mod pin;
mod stats;
mod transport;
mod voice;

pub use client::{Client, Ended, Next};
pub use conversation::{Core, Event, Hello};
pub use microphone::Microphone;
pub use pairing::{NoPairCode, PairCode, PairError, Paired, pair};
pub use pin::{Fingerprint, NoFingerprint, Trust};
pub use stats::Stats;
pub use transport::{ConnectError, Options};
pub use voice::Voice;

/// Rate of sound in both directions, in Hz; mono.
pub const RATE_HZ: u32 = janet_audio::opus::RATE_HZ;

/// Samples of one beat: 20 ms.
pub const FRAME_SAMPLES: usize = janet_audio::opus::FRAME_SAMPLES;

/// One beat, in microseconds.
pub const FRAME_US: u64 = 20_000;
