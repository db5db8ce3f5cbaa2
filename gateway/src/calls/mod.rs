//! Calls: what a call is from its first ring to its end, without a network, a clock or a sound.
//!
//! ```text
//!  what the client says ─┐                       ┌─▶ what the client is told
//!  what Janet wants ─────┼─▶ Machine (one call) ─┼─▶ whether voice flows
//!  what becomes of media ┘     ▲ time            └─▶ how it ended, for the history
//! ```
//! Decides what each event means in each state, and what is refused; whoever owns a socket does it.
//! `gateway/protocol/schema/call-vectors.json` is the same as data, so that a client can hold its own machine
//! against it.

mod event;
mod machine;

pub(crate) use event::{Action, End, Event, Refusal};
pub(crate) use machine::Machine;
