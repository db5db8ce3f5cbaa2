//! One end of the bridge.

use super::{Party, Vaults};
use crate::conversations::Conversations;
use crate::identity::Identity;

/// What a soul brings to a transfer.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// Who it is.
    pub me: Party,
    /// Its conversations.
    pub store: &'a Conversations,
    /// Its vaults.
    pub vaults: &'a dyn Vaults,
    /// By what it signs.
    pub identity: &'a Identity,
}
