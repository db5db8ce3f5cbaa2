//! Sessions, the pacer and the arbiter: what turns the pure conversation into sound.
//!
//! Joins `talk` (every policy), `audio` (rings and clocks) and `models` (work in steps). Knows no
//! socket and no async runtime: a transport pushes microphone samples into a ring, pops playout
//! chunks from another, and reads [`Event`]s when its waker was called.

#![forbid(unsafe_code)]

pub mod event;
pub mod ports;

pub use event::{Event, Ledger, Mark};
