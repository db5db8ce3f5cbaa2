//! Two souls in two processes: the bridge's messages over TLS.
//!
//! Both ends show the key that they sign by (RFC 7250: no certificate around it, TLS 1.3 alone), and each
//! takes the one that it is paired with and no other. So whoever is at the other end is known before the
//! first byte of a message, and it is the same key that packages are signed with.
//!
//! What is said is [`janet_vault::bridge::link`]'s; here it is carried. The disk is worked on where that may
//! block, every wait has an end, and a message has a bound before it is read.

mod carry;
mod home;
mod listen;
mod tls;

pub(crate) use carry::{CarryError, give};
pub(crate) use home::{Home, Keeper};
pub(crate) use listen::{Answering, connect, listen};
