//! The store itself.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use janet_protocol::Private;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use zeroize::Zeroizing;

use super::cipher::{Key, Place, Sealed};
use super::{ConversationError, ConversationId, Owner, key_file, parcels, schema};
use crate::sqlite;
pub(super) use crate::sqlite::signed;

pub(super) type Result<T, E = ConversationError> = std::result::Result<T, E>;

/// File name of the database; its log has `-wal` behind it.
const DATABASE: &str = "conversations.db";
/// File name of the machine key.
const MACHINE_KEY: &str = "conversations.key";

/// How long things last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// How long a conversation is kept after its last client left.
    pub keep_after_left: Duration,
    /// How long `open` waits for another process to let go of the database.
    pub wait_for_lock: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            keep_after_left: Duration::from_secs(30 * 60),
            wait_for_lock: Duration::from_secs(3),
        }
    }
}

/// Who said a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The person.
    User,
    /// Janet; only what was heard.
    Assistant,
    /// Janet, who did not come to her end; only what was heard.
    AssistantCut,
}

/// A message as it was appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its number in the conversation, from 1 without gaps.
    pub seq: u64,
    /// Who said it.
    pub role: Role,
    /// The words.
    pub text: Private<String>,
    /// When it was appended, in ms since 1970.
    pub created_ms: u64,
}

/// How much there is; no content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All conversations that can be read.
    pub conversations: u64,
    /// Those with no client now.
    pub waiting: u64,
    /// Messages in all of them.
    pub messages: u64,
}

/// Every conversation that a client may come back to. Calls block on the disk; share it by
/// reference, one call runs at a time.
pub struct Conversations {
    path: PathBuf,
    pub(super) machine_key: Key,
    keep_ms: i64,
    inner: Mutex<Inner>,
}

pub(super) struct Inner {
    pub(super) db: Connection,
    /// Something was deleted, and the log that still holds it could not be cut yet.
    scrub_pending: bool,
}

impl fmt::Debug for Conversations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversations")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Conversations {
    /// Opens the store in this folder, makes what is missing, and ends what has expired.
    ///
    /// No client is connected to a process that starts, so every conversation counts as left at
    /// the last sign of life of the process before.
    pub fn open(folder: &Path, config: Config, now_ms: u64) -> Result<Self> {
        sqlite::create_folder(folder)?;
        let path = folder.join(DATABASE);
        let key_path = folder.join(MACHINE_KEY);
        let machine_key = key_file::load_or_create(&key_path, &path)?;
        let db = schema::open(&path, config.wait_for_lock, signed(now_ms))?;
        let keep_ms = i64::try_from(config.keep_after_left.as_millis()).unwrap_or(i64::MAX);
        // Pending until proven otherwise: the process before may have died while scrubbing.
        let inner = Mutex::new(Inner {
            db,
            scrub_pending: true,
        });
        let store = Self {
            path,
            machine_key,
            keep_ms,
            inner,
        };
        store.check_machine_key(&key_path)?;
        store.write(|tx| {
            tx.execute(
                "UPDATE conversation SET left_ms = max(created_ms, coalesce(
                     (SELECT at_ms FROM sign_of_life), ?1)) WHERE left_ms IS NULL",
                [signed(now_ms)],
            )?;
            parcels::forget_half_packed(tx)
        })?;
        store.expire(now_ms)?;
        Ok(store)
    }

    /// Begins a conversation of the operator's, with a client present.
    pub fn create(&self, now_ms: u64) -> Result<ConversationId> {
        self.create_for(&Owner::Operator, now_ms)
    }

    /// Adds a message and returns its number. It is on disk when this returns.
    pub fn append(&self, id: ConversationId, role: Role, text: &str, now_ms: u64) -> Result<u64> {
        let mut inner = self.lock();
        let tx = self.begin(&mut inner.db)?;
        let key = self.conversation_key(&tx, id)?;
        self.lives_here(&tx, id)?;
        let sql = |source| ConversationError::sql(&self.path, source);
        let seq: i64 = tx
            .prepare_cached("SELECT coalesce(max(seq), 0) + 1 FROM message WHERE conversation = ?1")
            .and_then(|mut query| query.query_row([id.0], |row| row.get(0)))
            .map_err(sql)?;
        let place = Place::Message(id.0, seq.unsigned_abs(), role.code());
        let sealed = self.seal(&key, place, text.as_bytes())?;
        tx.prepare_cached("INSERT INTO message VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL)")
            .and_then(|mut insert| {
                let row = (
                    id.0,
                    seq,
                    role.code(),
                    sealed.nonce,
                    sealed.ciphertext,
                    signed(now_ms),
                );
                insert.execute(row)
            })
            .map_err(sql)?;
        tx.commit().map_err(sql)?;
        Ok(seq.unsigned_abs())
    }

    /// All messages, first to last.
    pub fn messages(&self, id: ConversationId) -> Result<Vec<Stored>> {
        type Row = (i64, u8, Sealed, i64);
        let inner = self.lock();
        let key = self.conversation_key(&inner.db, id)?;
        let rows: Vec<Row> = inner
            .db
            .prepare_cached(
                "SELECT seq, role, nonce, ciphertext, created_ms FROM message
                 WHERE conversation = ?1 ORDER BY seq",
            )
            .and_then(|mut query| {
                query
                    .query_map([id.0], |row| {
                        let sealed = Sealed {
                            nonce: row.get(2)?,
                            ciphertext: row.get(3)?,
                        };
                        Ok((row.get(0)?, row.get(1)?, sealed, row.get(4)?))
                    })?
                    .collect()
            })
            .map_err(|source| ConversationError::sql(&self.path, source))?;
        drop(inner);
        let mut messages = Vec::with_capacity(rows.len());
        for (expected, (seq, role, sealed, created_ms)) in (1..).zip(rows) {
            let changed = || ConversationError::Sealed { id, seq: expected };
            let plain = key
                .open(Place::Message(id.0, expected, role), &sealed)
                .map_err(|_| changed())?;
            let text = String::from_utf8(plain).map_err(|_| changed())?;
            let role = Role::from_code(role).ok_or_else(changed)?;
            if seq.unsigned_abs() != expected {
                return Err(changed());
            }
            messages.push(Stored {
                seq: expected,
                role,
                text: text.into(),
                created_ms: created_ms.unsigned_abs(),
            });
        }
        Ok(messages)
    }

    /// The last client left: the time until the end runs.
    pub fn left(&self, id: ConversationId, now_ms: u64) -> Result<()> {
        let set = "UPDATE conversation SET left_ms = ?2 WHERE id = ?1";
        match self.write(|tx| tx.execute(set, (id.0, signed(now_ms))))? {
            0 => Err(ConversationError::Unknown(id)),
            _ => Ok(()),
        }
    }

    /// A client came (back): true if the conversation goes on, false if it has ended or expired.
    pub fn resume(&self, id: ConversationId, now_ms: u64) -> Result<bool> {
        self.expire(now_ms)?;
        let set = "UPDATE conversation SET left_ms = NULL WHERE id = ?1";
        Ok(self.write(|tx| tx.execute(set, [id.0]))? == 1)
    }

    /// Ends a conversation: its time is over, or somebody said "forget this". No file holds its
    /// key, its words or their sealed form when this returns. False if there was none.
    pub fn end(&self, id: ConversationId) -> Result<bool> {
        let existed = self.write(|tx| delete(tx, id))?;
        if existed {
            self.lock().scrub_pending = true;
        }
        self.scrub()?;
        Ok(existed)
    }

    /// Ends every conversation whose last client left too long ago and returns them. To be called
    /// every minute or so: it is also the sign of life that the next start counts from.
    pub fn expire(&self, now_ms: u64) -> Result<Vec<ConversationId>> {
        let now = signed(now_ms);
        let ended = self.write(|tx| {
            // A clock that was set back must not keep a conversation for years.
            tx.execute(
                "UPDATE conversation SET left_ms = ?1 WHERE left_ms > ?1",
                [now],
            )?;
            let ids: Vec<[u8; 16]> = tx
                .prepare_cached("SELECT id FROM conversation WHERE left_ms <= ?1")?
                .query_map([now.saturating_sub(self.keep_ms)], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let ids: Vec<_> = ids.into_iter().map(ConversationId).collect();
            for id in &ids {
                delete(tx, *id)?;
            }
            tx.execute("INSERT OR REPLACE INTO sign_of_life VALUES (1, ?1)", [now])?;
            Ok(ids)
        })?;
        if !ended.is_empty() {
            tracing::info!(conversations = ended.len(), "conversations expired");
            self.lock().scrub_pending = true;
        }
        self.scrub()?;
        Ok(ended)
    }

    /// How much there is.
    pub fn counts(&self) -> Result<Counts> {
        let count = |row: &rusqlite::Row<'_>, at| row.get::<_, i64>(at).map(i64::unsigned_abs);
        self.lock()
            .db
            .query_row(
                "SELECT (SELECT count(*) FROM conversation), (SELECT count(*) FROM conversation
                     WHERE left_ms IS NOT NULL), (SELECT count(*) FROM message)",
                [],
                |row| {
                    Ok(Counts {
                        conversations: count(row, 0)?,
                        waiting: count(row, 1)?,
                        messages: count(row, 2)?,
                    })
                },
            )
            .map_err(|source| ConversationError::sql(&self.path, source))
    }

    /// How many messages a conversation has.
    pub fn message_count(&self, id: ConversationId) -> Result<u64> {
        self.lock()
            .db
            .query_row(
                "SELECT (SELECT count(*) FROM message WHERE conversation = id)
                 FROM conversation WHERE id = ?1",
                [id.0],
                |row| row.get::<_, i64>(0).map(i64::unsigned_abs),
            )
            .optional()
            .map_err(|source| ConversationError::sql(&self.path, source))?
            .ok_or(ConversationError::Unknown(id))
    }

    /// Something was deleted: empties the log.
    pub(super) fn scrub_now(&self) -> Result<()> {
        self.lock().scrub_pending = true;
        self.scrub()
    }

    /// Empties the log, if anything that was deleted may still be in it.
    fn scrub(&self) -> Result<()> {
        let mut inner = self.lock();
        if !inner.scrub_pending {
            return Ok(());
        }
        // Rows that SQLite moves from page to page leave copies where they were, also with `secure_delete`,
        // which overwrites what is deleted and no more. Writing the file anew leaves none; it is small,
        // for conversations do not stay.
        inner
            .db
            .execute_batch("VACUUM")
            .map_err(|source| self.sql(source))?;
        sqlite::scrub(&inner.db, &self.path)?;
        inner.scrub_pending = false;
        Ok(())
    }

    /// Makes sure that the machine key is the one that this database was made with.
    fn check_machine_key(&self, key_path: &Path) -> Result<()> {
        let sql = |source| ConversationError::sql(&self.path, source);
        let stored = self
            .lock()
            .db
            .query_row(
                "SELECT nonce, ciphertext FROM machine_key_check",
                [],
                |row| {
                    Ok(Sealed {
                        nonce: row.get(0)?,
                        ciphertext: row.get(1)?,
                    })
                },
            )
            .optional()
            .map_err(sql)?;
        if let Some(stored) = stored {
            return self
                .machine_key
                .open(Place::Check, &stored)
                .map(drop)
                .map_err(|_| ConversationError::WrongKey {
                    key: key_path.into(),
                    database: self.path.clone(),
                });
        }
        let sealed = self.seal(&self.machine_key, Place::Check, &[])?;
        self.write(|tx| {
            tx.execute(
                "INSERT INTO machine_key_check VALUES (1, ?1, ?2)",
                (&sealed.nonce, &sealed.ciphertext),
            )
        })?;
        Ok(())
    }

    pub(super) fn conversation_key(&self, db: &Connection, id: ConversationId) -> Result<Key> {
        let (sealed, owner): (_, Option<String>) = db
            .prepare_cached(
                "SELECT nonce, ciphertext, owner FROM conversation_key
                 JOIN conversation ON id = conversation WHERE conversation = ?1",
            )
            .and_then(|mut query| {
                query.query_row([id.0], |row| {
                    let sealed = Sealed {
                        nonce: row.get(0)?,
                        ciphertext: row.get(1)?,
                    };
                    Ok((sealed, row.get(2)?))
                })
            })
            .optional()
            .map_err(|source| ConversationError::sql(&self.path, source))?
            .ok_or(ConversationError::Unknown(id))?;
        self.machine_key
            .open(Owner::place(owner.as_deref(), id), &sealed)
            .ok()
            .and_then(|bytes| Key::from_slice(&Zeroizing::new(bytes)))
            .ok_or(ConversationError::Sealed { id, seq: 0 })
    }

    pub(super) fn seal(&self, key: &Key, place: Place, plain: &[u8]) -> Result<Sealed> {
        key.seal(place, plain).map_err(ConversationError::Random)
    }

    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let sql = |source| ConversationError::sql(&self.path, source);
        let mut inner = self.lock();
        let tx = self.begin(&mut inner.db)?;
        let result = work(&tx).map_err(sql)?;
        tx.commit().map_err(sql)?;
        Ok(result)
    }

    pub(super) fn sql(&self, source: rusqlite::Error) -> ConversationError {
        ConversationError::sql(&self.path, source)
    }

    pub(super) fn begin<'db>(&self, db: &'db mut Connection) -> Result<Transaction<'db>> {
        db.transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|source| ConversationError::sql(&self.path, source))
    }

    /// A panic while the lock was held rolled its transaction back, so the store is still whole.
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Role {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::User => 0,
            Self::Assistant => 1,
            Self::AssistantCut => 2,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::User),
            1 => Some(Self::Assistant),
            2 => Some(Self::AssistantCut),
            _ => None,
        }
    }
}

/// The key first: should anything stop here, the words are unreadable already.
pub(super) fn delete(tx: &Transaction<'_>, id: ConversationId) -> rusqlite::Result<bool> {
    tx.execute(
        "DELETE FROM conversation_key WHERE conversation = ?1",
        [id.0],
    )?;
    parcels::forget(tx, id)?;
    tx.execute("DELETE FROM message WHERE conversation = ?1", [id.0])?;
    tx.execute("DELETE FROM call WHERE conversation = ?1", [id.0])?;
    Ok(tx.execute("DELETE FROM conversation WHERE id = ?1", [id.0])? == 1)
}

#[cfg(test)]
#[path = "store_test.rs"]
mod tests;

#[cfg(test)]
#[path = "kill_test.rs"]
mod kill_tests;
