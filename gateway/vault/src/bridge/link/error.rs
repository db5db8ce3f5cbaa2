//! Why a link ends without an answer.

use super::super::BridgeError;
use super::frame::LINK_VERSION;
use crate::red_thread::Pulled;

/// The connection is over. What was kept is kept; it can be gone on with over another one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// A message of this length is none.
    #[error("the other soul announces a message of {0} bytes")]
    Length(u32),
    /// A message that cannot be read.
    #[error("the other soul sends a malformed {0}")]
    Malformed(&'static str),
    /// A message out of its turn.
    #[error("the other soul says `{0}` out of turn")]
    OutOfTurn(&'static str),
    /// Another version.
    #[error(
        "the other soul speaks version {0} of the bridge, this one {LINK_VERSION}; update the older one"
    )]
    Version(u32),
    /// Whoever is there is somebody else than whose key was shown.
    #[error("the other soul is not the one that is paired")]
    Stranger,
    /// The red thread.
    #[error(transparent)]
    Pulled(#[from] Pulled),
    /// This side's own half.
    #[error(transparent)]
    Bridge(#[from] BridgeError),
}
