//! The protocol as a JSON Schema, from which clients in other languages make their types.
//!
//! The checked-in file is the standard. It is made from the types of this crate and, for what a
//! client says, from the shapes in `client`, which the tests hold against the parser. Everything
//! that makes it is compiled for tests only: the product carries the text and nothing else.

/// JSON Schema (2020-12) of every text frame: `$defs/ClientMessage` is what a client may send,
/// `$defs/ServerMessage` what Janet sends. The binary frames are described in its `description`.
pub const SCHEMA: &str = include_str!("../../schema/janet-protocol.schema.json");

/// JSON Schema (2020-12) of what a VoIP push carries; see [`crate::PushPayload`].
pub const PUSH_SCHEMA: &str = include_str!("../../schema/push-payload.schema.json");

#[cfg(test)]
mod build;
#[cfg(test)]
pub(crate) mod check;
#[cfg(test)]
mod client;
#[cfg(test)]
pub(crate) mod values;

#[cfg(test)]
#[path = "drift_test.rs"]
mod drift;
#[cfg(test)]
#[path = "truth_properties.rs"]
mod truth;
