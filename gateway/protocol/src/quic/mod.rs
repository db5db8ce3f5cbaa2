//! What QUIC carries: the framing of its control stream, its datagrams, and the codes by which it ends.
//!
//! ```text
//!  control stream (one, both ways): u32 LE length | JSON, the messages of this crate; `client_connect` first
//!  datagrams: kind u8 | session u16 | sequence u16 | timestamp u32 | payload, all little endian
//! ```
//! Pure and the same on both sides; every function here takes bytes of anybody's and never panics.

mod datagram;
mod framing;
mod send_buffer;

pub use datagram::{BadDatagram, HEADER_BYTES, Header, Kind, LARGEST_DATAGRAM};
pub use framing::{FrameReader, LARGEST_FRAME, TooLong, frame};
pub use send_buffer::{SEND_FRAMES, SendBuffer};

/// What a client and Janet agree on in the handshake (RFC 7301).
pub const ALPN: &[u8] = b"janet-vr/1";

/// Silence after which a sign of life is sent, in seconds.
pub const KEEP_ALIVE_S: u64 = 5;

/// Error code of a stream that Janet does not take (RFC 9000 §19.5): there is no such request.
pub const NO_SUCH_STREAM: u32 = 1;

/// The `session` of a datagram: the session's number as `vr_opened` tells it, in two bytes.
pub fn short_session(session_no: u32) -> u16 {
    (session_no & 0xFFFF) as u16
}
