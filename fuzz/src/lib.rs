//! The gateway's and the vault's code that reads what strangers send, compiled by itself: without the models behind it, a
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
    pub(crate) mod early;
    pub(crate) mod fuzz;
    pub(crate) mod nack;
    pub(crate) mod peer;
    pub(crate) mod reports;
}

// What reads files of strangers, by itself: without the database that the rest of the vault needs.
#[path = "../../gateway/vault/src/gate/mod.rs"]
mod gate;
#[path = "../../gateway/vault/src/persona/mod.rs"]
mod persona;
#[path = "../../gateway/vault/src/persona/fuzz.rs"]
mod persona_fuzz;

// The vault's files, through what the crate gives to everybody.
#[path = "../../gateway/vault/src/fuzz.rs"]
mod vault_fuzz;

pub use persona_fuzz::{persona_json, persona_png};
pub use vault_fuzz::{audit, grants, green_file, red_export, red_file, red_thread};
pub use webrtc::fuzz::{datagram, json, quic, rtp, sdp};
