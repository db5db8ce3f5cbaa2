//! Opus, the codec of realtime voice (RFC 6716; as RTP payload RFC 7587).
//!
//! Wraps libopus for the one way in which voice travels here: 48 kHz mono in packets of 20 ms. Both
//! halves keep their buffers, so a packet costs no allocation. Never knows a network: which packet
//! comes next, is lost or can be recovered is the jitter buffer's word ([`crate::jitter`]).

mod decoder;
mod encoder;
#[cfg(test)]
mod tests;

pub use decoder::{Decoder, has_copy};
pub use encoder::{Encoder, START_LOSS_PERCENT};

/// Rate of what is encoded, and of the timestamps whatever the rate (RFC 7587 §4.1).
pub const RATE_HZ: u32 = 48_000;
/// Samples at [`RATE_HZ`] in a packet of ours: 20 ms.
pub const FRAME_SAMPLES: usize = 960;
/// The longest sound of one packet, in ms (RFC 6716 §2.1.4).
const LONGEST_MS: u32 = 120;

/// What libopus refused. The encoder or decoder lives on.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpusError {
    /// Decoders run at five rates (RFC 6716 §2.1.2).
    #[error("an Opus decoder runs at 8000, 12000, 16000, 24000 or 48000 Hz, not at {0}")]
    Rate(u32),
    /// A packet has one byte at least (RFC 6716 §3.1).
    #[error("the Opus packet is empty")]
    Empty,
    /// The bytes are no Opus packet.
    #[error("not an Opus packet: {0}")]
    Malformed(&'static str),
    /// A fault of the library's.
    #[error("libopus: {0}")]
    Library(&'static str),
}

impl From<::opus::Error> for OpusError {
    fn from(error: ::opus::Error) -> Self {
        match error.code() {
            ::opus::ErrorCode::InvalidPacket | ::opus::ErrorCode::BufferTooSmall => {
                Self::Malformed(error.description())
            }
            _ => Self::Library(error.description()),
        }
    }
}
