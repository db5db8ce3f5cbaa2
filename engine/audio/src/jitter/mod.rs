//! Jitter buffers: packets of a real network, in order and in time.
//!
//! ```text
//!  push(now, packet) ─▶ Order: numbers, duplicates, late ones ─┬─▶ Hearing: at once, gaps waited for ─▶ a recogniser
//!                       Delay: how late packets come ──────────┴─▶ Playing: on a beat, a target delay ─▶ an ear
//! ```
//!
//! Sans-IO: time is an argument, in microseconds; payloads are never looked into. An ear must get a
//! frame on every beat, so its buffer holds back as much as the network's jitter asks for. A
//! recogniser only needs every sample once and in order: nothing is held back but what comes behind
//! a gap, for as long as the missing packet may still come.
//!
//! Sources: RFC 3550 §6.4.1, A.1 and A.8 (numbers, restarts, jitter); the target delay is a quantile
//! of relative delays with forgetting, as in WebRTC's NetEq; loss is mended by the next packet's
//! in-band FEC (RFC 6716 §2.1.7), which is why one packet of look-ahead is told apart.

mod counter;
mod delay;
mod hearing;
#[cfg(test)]
mod network_test;
mod order;
mod playing;

pub use hearing::{Heard, Hearing};
pub use order::{Filed, Packet, Stats};
pub use playing::{Played, Playing};

/// What both buffers are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Ticks of timestamps in a second; 48,000 for Opus whatever its rate (RFC 7587 §4.1).
    pub clock_hz: u32,
    /// Sound in one packet, in microseconds.
    pub frame_us: u64,
    /// Most sound that is held, in packets. What is more is dropped, the oldest first.
    pub capacity: usize,
    /// A packet that did not come is waited for by a recogniser, and sound is held back for an ear,
    /// no longer than this.
    pub longest_us: u64,
}

impl Default for Options {
    /// Opus in packets of 20 ms; at most a second is held, and 250 ms waited for.
    fn default() -> Self {
        Self {
            clock_hz: 48_000,
            frame_us: 20_000,
            capacity: 50,
            longest_us: 250_000,
        }
    }
}

/// One of a sender of Opus, for tests: it carries its number.
#[cfg(test)]
fn packet(sequence: u16) -> Packet<u16> {
    Packet {
        sequence,
        timestamp: u32::from(sequence) * 960,
        payload: sequence,
    }
}
