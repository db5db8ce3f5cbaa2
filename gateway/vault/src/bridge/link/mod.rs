//! What two souls say to each other about one package.
//!
//! ```text
//!  source                              target
//!  hello ─────────────────────────────▶
//!        ◀───────────────────────────── hello
//!  offer (signed header) ─────────────▶ paired? for us? allowed? what is here already?
//!        ◀───────────────────────────── wanted
//!  chunk … (8 at once) ───────────────▶ on the disk
//!        ◀───────────────────────────── kept
//!  conversation given up
//!  end (signed) ──────────────────────▶ all here, all right; merged, and lives here
//!        ◀───────────────────────────── over
//! ```
//! The target may say `refused` instead of any of its lines, and `over` instead of `wanted`. A source that
//! has ended a package and had no answer offers it again, to the end of days; one that is refused for now
//! asks to have it called off, and hears `over` or `refused … never`.
//!
//! [`Giving`] and [`Taking`] are given messages and give messages: no socket, no clock. [`carry`] has both
//! in one process. Each message has a bound, and each step of the work a pass of its own.

mod error;
mod frame;
mod giving;
mod memory;
mod taking;

pub use error::LinkError;
pub use frame::{About, Frame, Hello, LINK_VERSION, MOST_FRAME_BYTES, Reason, Refused, Wanted};
pub use giving::{Given, Giving};
pub use memory::carry;
pub use taking::{Taking, finish_unfinished};

use super::Party;

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The target is asked.
    Offering,
    /// Pieces are on their way.
    Sending,
    /// The target merges.
    Merging,
    /// It is over.
    Done,
}

impl Stage {
    /// On the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Offering => "offering",
            Self::Sending => "sending",
            Self::Merging => "merging",
            Self::Done => "done",
        }
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Of all of it, from 0 to 1.
    pub fraction: f64,
}

/// Whoever is there has to be whose key was shown.
fn hello(said: &Hello, peer: Party) -> Result<(), LinkError> {
    if said.version != LINK_VERSION {
        return Err(LinkError::Version(said.version));
    }
    if said.party != peer {
        return Err(LinkError::Stranger);
    }
    Ok(())
}

#[cfg(test)]
#[path = "link_test.rs"]
mod tests;
