//! The gateway: one binary that serves the page and the socket, and the commands beside it.
//!
//! Joins the engine (sound in, sound out) to the network, the vault and the command line. Decides
//! who may connect, what is answered to bad input, and in which order things are stored and told.
//! Holds no policy of the conversation and no model.
//!
//! ```text
//!  cli ─▶ config ─▶ server ─▶ socket ─▶ janet-engine
//!                      │         ├────▶ conversations ─▶ janet-vault
//!                      │         ├────▶ calls ◀─ push ─▶ phones that are not connected
//!                      │         └────▶ webrtc ─▶ media
//!                      ├─ api ─▶ janet-engine (requests of other software)
//!                      └─ page, healthz, metrics
//! ```

#![forbid(unsafe_code)]

mod address;
mod api;
mod app;
mod calls;
pub mod cli;
pub mod config;
mod conversations;
mod elsewhere;
mod face;
mod gate;
mod hangup;
#[cfg(feature = "hf")]
mod hub;
mod llm;
mod lock;
mod logging;
mod media;
mod node;
mod persona;
mod playing;
mod push;
mod quic;
mod reexec;
pub mod server;
mod socket;
mod souls;
mod trust;
mod tts;
mod vault;
mod voice;
mod webrtc;
mod weights;
