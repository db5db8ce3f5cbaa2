//! What the end-to-end tests stand on: a real `janet serve` in a process of its own, a client over
//! real sockets, and sound to speak with.
//!
//! Nothing here is faked: the weights are the real ones (`janet models pull` fetches them), and a
//! test that needs them fails where they are missing.

#![forbid(unsafe_code)]

pub mod canary;
pub mod client;
pub mod elsewhere;
pub mod far;
pub mod http;
pub mod hub;
pub mod language_server;
pub mod netns;
pub mod over_quic;
pub mod push_service;
pub mod relay;
pub mod schema;
pub mod server;
pub mod sound;
pub mod speech_server;
mod stand_in;
pub mod turn;

pub use client::{Client, Frame};
pub use server::Server;
