//! Where a conversation lives: here, or with the other soul, to which it was given.
//!
//! A soul gives a conversation away in the transaction in which the package that takes it along is
//! concluded, and takes one in in the transaction in which its messages are merged. So at most one soul has
//! it as its own at any moment; between the two it lives nowhere. Where it does not live it can be read, and
//! nothing is said in it.

use rusqlite::{Connection, OptionalExtension};

use super::store::{Conversations, Result};
use super::{ConversationError, ConversationId, ConversationUuid};

/// Where a conversation lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In this soul.
    Here,
    /// Not in this soul; it was given to the other one.
    Elsewhere,
}

impl Conversations {
    /// What this conversation is called between souls, and where it lives.
    pub fn standing(&self, id: ConversationId) -> Result<(ConversationUuid, Standing)> {
        self.standing_in(&self.lock().db, id)
    }

    /// The conversation that is called so, if it is known in this soul.
    pub fn find(&self, uuid: ConversationUuid) -> Result<Option<ConversationId>> {
        find(&self.lock().db, uuid).map_err(|source| self.sql(source))
    }

    /// The conversations that are known here, the newest first, `limit` of them.
    pub fn known(&self, limit: usize) -> Result<Vec<(ConversationUuid, Standing)>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.lock()
            .db
            .prepare_cached(
                "SELECT uuid, given IS NULL FROM conversation ORDER BY created_ms DESC, uuid LIMIT ?1",
            )
            .and_then(|mut query| {
                let rows = query.query_map([limit], |row| {
                    Ok((ConversationUuid(row.get(0)?), standing_of(row.get(1)?)))
                })?;
                rows.collect()
            })
            .map_err(|source| self.sql(source))
    }

    /// What no call does, for tests of what must not depend on that.
    #[cfg(test)]
    pub(crate) fn execute_for_tests(&self, sql: &str) {
        let changed = self.lock().db.execute(sql, []).expect("our tables");
        assert!(changed > 0, "nothing was changed");
    }

    pub(super) fn standing_in(
        &self,
        db: &Connection,
        id: ConversationId,
    ) -> Result<(ConversationUuid, Standing)> {
        db.prepare_cached("SELECT uuid, given IS NULL FROM conversation WHERE id = ?1")
            .and_then(|mut query| {
                let row = query.query_row([id.0], |row| {
                    Ok((ConversationUuid(row.get(0)?), standing_of(row.get(1)?)))
                });
                row.optional()
            })
            .map_err(|source| self.sql(source))?
            .ok_or(ConversationError::Unknown(id))
    }

    /// Nothing is said in a conversation that lives elsewhere.
    pub(super) fn lives_here(&self, db: &Connection, id: ConversationId) -> Result<()> {
        match self.standing_in(db, id)?.1 {
            Standing::Here => Ok(()),
            Standing::Elsewhere => Err(ConversationError::Elsewhere(id)),
        }
    }
}

pub(super) fn find(
    db: &Connection,
    uuid: ConversationUuid,
) -> rusqlite::Result<Option<ConversationId>> {
    db.prepare_cached("SELECT id FROM conversation WHERE uuid = ?1")?
        .query_row([uuid.0], |row| row.get(0).map(ConversationId))
        .optional()
}

const fn standing_of(here: bool) -> Standing {
    if here {
        Standing::Here
    } else {
        Standing::Elsewhere
    }
}
