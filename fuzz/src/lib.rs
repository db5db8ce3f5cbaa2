//! The gateway's code that reads what strangers send, compiled by itself: without the models behind it, a
//! build with coverage counters takes minutes.

#![allow(
    dead_code,
    unused_imports,
    reason = "the files are the gateway's, and only a part of them is driven"
)]

#[path = "../../gateway/src/media/mod.rs"]
mod media;

#[path = "../../gateway/src/webrtc"]
mod webrtc {
    pub(crate) mod candidates;
    pub(crate) mod channels;
    pub(crate) mod description;
    pub(crate) mod fuzz;
    pub(crate) mod peer;
    pub(crate) mod reports;
}

pub use webrtc::fuzz::{datagram, json, quic, rtp, sdp};
