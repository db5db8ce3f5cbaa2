//! Whose a conversation is.
//!
//! The operator is one person, however many devices there are: what one of them began, the others go on
//! with, and it stays the operator's when a device is shut out. A guest's conversation is its device's. The
//! owner is part of what the conversation's key is sealed for: who changes it on the disk has a conversation
//! that nobody can read.

use rusqlite::OptionalExtension as _;
use sha2::{Digest as _, Sha256};

use super::cipher::Place;
use super::store::{Conversations, Result, signed};
use super::{ConversationError, ConversationId, ConversationUuid};

/// Who may come back to a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The operator, from whichever device.
    Operator,
    /// The guest with this paired device.
    Guest(String),
    /// A guest without a key, who has nothing to be known by but the conversation's id.
    Keyless,
}

impl Owner {
    /// As it stands in the database. What came before there were owners is the operator's.
    pub(super) fn column(&self) -> Option<&str> {
        match self {
            Self::Operator => None,
            Self::Guest(device) => Some(device),
            Self::Keyless => Some(""),
        }
    }

    /// What the key of its conversation of this id is sealed for.
    pub(super) fn place(column: Option<&str>, id: ConversationId) -> Place {
        match column {
            None => Place::Key(id.0),
            Some(owner) => Place::GuestsKey(id.0, Sha256::digest(owner).into()),
        }
    }
}

impl Conversations {
    /// Begins a conversation of this one's, with a client present.
    pub fn create_for(&self, owner: &Owner, now_ms: u64) -> Result<ConversationId> {
        let uuid = ConversationUuid::random().map_err(ConversationError::Random)?;
        let mut inner = self.lock();
        let tx = self.begin(&mut inner.db)?;
        let id = self.create_in(&tx, uuid, owner, signed(now_ms), None)?;
        tx.commit().map_err(|source| self.sql(source))?;
        Ok(id)
    }

    /// Whether there is such a conversation and it is this one's.
    pub fn belongs_to(&self, id: ConversationId, owner: &Owner) -> Result<bool> {
        let found: Option<Option<String>> = self
            .lock()
            .db
            .prepare_cached("SELECT owner FROM conversation WHERE id = ?1")
            .and_then(|mut query| query.query_row([id.0], |row| row.get(0)).optional())
            .map_err(|source| self.sql(source))?;
        Ok(found.is_some_and(|found| found.as_deref() == owner.column()))
    }
}

#[cfg(test)]
#[path = "owner_test.rs"]
mod tests;
