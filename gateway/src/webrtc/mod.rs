//! WebRTC: voice and JSON between Janet and a browser, a headset or a phone, over one UDP port.
//!
//! ```text
//!  UDP port ─▶ Door: whose is it? ─▶ a queue per call ─▶ call task ─┬─ Peer: ICE, DTLS, SRTP, SCTP
//!      ▲                                                            ├─ media::Up ─▶ samples ─▶ connection
//!      └──────────────────── datagrams ◀────────────────────────────┴─ media::Down ◀─ her voice ◀─ connection
//! ```
//! A call belongs to the WebSocket connection over which it was set up, and ends with it: that one holds
//! the engine session and says what was agreed. A call's task owns everything that the network can
//! break; whatever breaks in it ends this call and no other.

mod call;
mod candidates;
mod channels;
mod description;
mod door;
mod early;
#[cfg(test)]
#[allow(unreachable_pub, reason = "the crate of the fuzz targets reaches it")]
mod fuzz;
mod measured;
mod mux;
mod nack;
mod peer;
mod probe;
mod relays;
mod reports;
mod servers;
mod stun;
mod turn;

pub(crate) use call::{Again, Call, State, Told};
pub(crate) use description::PeerError;
pub(crate) use door::{Description, Door};
pub(crate) use probe::{Probed, probe};
pub(crate) use servers::told as told_servers;
