//! Why something does not pass over the bridge.

use super::{PackageError, VaultsError};
use crate::conversations::ConversationError;
use crate::desk::ConsentError;

/// A transfer that does not go on. What the target has is as it was, unless it says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BridgeError {
    /// The conversations' database.
    #[error(transparent)]
    Store(#[from] ConversationError),
    /// A vault.
    #[error(transparent)]
    Vaults(#[from] VaultsError),
    /// The operator's yes is for something else.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// The bytes.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// There is no conversation of this name here.
    #[error("there is no conversation with this conversation_uuid in this soul")]
    NoConversation,
    /// A package from somebody who is not paired.
    #[error("the package is not signed by a soul that is paired with this one")]
    NotPaired,
    /// A package for somebody else.
    #[error("the package is for another soul")]
    NotForUs,
    /// The receipt in it is not one for this transfer.
    #[error("the package carries no consent to this transfer")]
    NoConsent,
    /// It was refused or called off before.
    #[error("this package was called off; transfer again")]
    CalledOff,
    /// Too many are under way.
    #[error("{0} transfers are under way already")]
    Busy(usize),
    /// A piece is there already, and is another one.
    #[error("a piece of the package came twice, and not the same")]
    Mismatch,
    /// A piece is not there.
    #[error("a piece of the package is missing")]
    Missing,
    /// The operating system gives no random numbers.
    #[error("no random numbers from the operating system: {0}")]
    Random(getrandom::Error),
}
