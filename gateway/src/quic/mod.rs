//! QUIC: the same conversation as over a WebSocket, and voice in datagrams, on one UDP port.
//!
//! ```text
//!  UDP port ─▶ accept: how many, whose? ─▶ handshake ─▶ Control (JSON) ─▶ socket::Connection
//!                                                    └▶ Link ─ datagrams ─▶ Call task ─┬─ media::Up ─▶ samples ─▶ Connection
//!                                                                      ◀───────────────┴─ media::Down ◀─ her voice ◀─ Connection
//! ```
//! A connection belongs to one client and to one task of `socket`, which holds the engine session; a
//! voice session belongs to that connection and ends with it. The client may change networks: QUIC
//! moves the connection along (RFC 9000 §9), and nothing above it notices. What a datagram and a frame
//! look like is `janet_protocol::quic`'s.

mod accept;
mod call;
mod control;
mod endpoint;
mod handshakes;
mod link;
mod unsent;

pub(crate) use accept::accept;
pub(crate) use call::{Call, Told};
pub(crate) use control::{Broken, Control, ControlReader};
pub(crate) use endpoint::{hosts, open};
pub(crate) use link::Link;
