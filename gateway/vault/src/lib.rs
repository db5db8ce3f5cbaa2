//! What Janet keeps, and what she must not.
//!
//! Decides how text lies on disk ([`conversations`]), which text may go anywhere at all ([`gate`]),
//! what the operator allowed ([`desk`]), what Janet lives by ([`constitution`]), what is written down of
//! all that ([`audit`]), who signs ([`identity`]), what stops everything ([`red_thread`]), and how a
//! conversation goes from one soul to the other ([`bridge`]). Never talks to a network, never reads a
//! clock, never logs content. The gateway calls it from tasks that may block.

// Locked pages need the system: `blue/pages.rs` alone allows it.
#![deny(unsafe_code)]

// What the fuzz targets drive is written as their crate sees this one.
#[cfg(test)]
extern crate self as janet_vault;

pub mod audit;
pub mod blue;
pub mod bridge;
pub mod constitution;
pub mod conversations;
pub mod desk;
mod failpoint;
#[cfg(test)]
#[allow(unreachable_pub, reason = "the crate of the fuzz targets reaches it")]
mod fuzz;
pub mod gate;
pub mod green;
mod hex;
pub mod identity;
pub mod persona;
pub mod red;
pub mod red_thread;
pub mod soul;
pub mod sqlite;
