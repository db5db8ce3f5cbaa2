//! The vault itself.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::RedError;
use super::key::{Key, random, scrub_stack};
use super::keys::{Contents, Keys};
use super::schema;
use super::unlock::Fresh;
use crate::blue::{Blue, Secret};
use crate::red_thread::Pass;
use crate::sqlite::{self, SqliteError, signed};

/// File name of the database; its log has `-wal` behind it.
pub(super) const DATABASE: &str = "red.db";

pub(super) type Result<T, E = RedError> = std::result::Result<T, E>;

/// Secrets at rest. Calls block on the disk; share it by reference, one call runs at a time.
pub struct Red {
    pub(super) path: PathBuf,
    pub(super) blue: Blue,
    inner: Mutex<Inner>,
}

pub(super) struct Inner {
    pub(super) file: File,
    /// The keys, while it is unlocked: they lie in blue, and are zeroed there.
    pub(super) session: Option<Secret>,
}

/// What was found at the start.
pub(super) enum File {
    Whole(Connection),
    /// Nothing in it can be used. Guesses at it are counted all the same, in memory: whoever guesses is
    /// not told by their speed.
    Damaged(Connection),
}

impl fmt::Debug for Red {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Red")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Red {
    /// Opens the vault's file in this folder, or makes one without a vault in it. A damaged file is told
    /// in the log and by [`Self::is_damaged`], and is left as it is.
    pub fn open(folder: &Path, blue: Blue, wait: Duration, now_ms: u64) -> Result<Self> {
        sqlite::create_folder(folder)?;
        let path = folder.join(DATABASE);
        let steps = schema::MIGRATIONS;
        let file = match sqlite::open(&path, schema::APPLICATION_ID, wait, steps, signed(now_ms)) {
            Ok(db) => {
                // The process before may have died while it deleted something.
                sqlite::scrub(&db, &path)?;
                File::Whole(db)
            }
            Err(error @ SqliteError::Damaged { .. }) => {
                tracing::error!(%error, "the vault cannot be used");
                File::Damaged(in_memory(&path)?)
            }
            Err(error) => return Err(error.into()),
        };
        let inner = Mutex::new(Inner {
            file,
            session: None,
        });
        Ok(Self { path, blue, inner })
    }

    /// Whether there is a vault.
    pub fn exists(&self) -> Result<bool> {
        match &self.lock_inner().file {
            File::Whole(db) => self.sql(schema::exists(db)),
            File::Damaged(_) => Ok(true),
        }
    }

    /// Whether its file cannot be used.
    pub fn is_damaged(&self) -> bool {
        matches!(self.lock_inner().file, File::Damaged(_))
    }

    /// Whether it needs the safe word.
    pub fn is_locked(&self) -> bool {
        self.lock_inner().keys().is_err()
    }

    /// How many items there are, whether it is locked or not. Nothing else of them can be seen.
    pub fn count(&self, _pass: &Pass<'_>) -> Result<usize> {
        self.sql(schema::count(self.lock_inner().whole(&self.path)?))
    }

    /// Makes a vault whose safe word this is. It is locked.
    pub fn create(&self, _pass: &Pass<'_>, word: &Fresh, now_ms: u64) -> Result<()> {
        let keys = Keys::new(random()?, Key::random()?.bytes());
        let header = keys.wrapped(word)?;
        scrub_stack();
        let mut inner = self.lock_inner();
        let db = inner.whole(&self.path)?;
        if self.sql(schema::exists(db))? {
            return Err(RedError::Exists);
        }
        self.write(db, |tx| {
            schema::set_header(tx, &header, signed(now_ms)).map_err(|e| self.error(e))
        })
    }

    /// Locks it: the keys and all that was unlocked are zeroed, in here and in blue. Asks for no pass:
    /// it works after the red thread was pulled. Call it once more when the pull has returned, for a step
    /// that had its pass before.
    pub fn lock(&self) {
        // At once, whoever is busy with the database.
        self.blue.zeroize_all();
        let mut inner = self.lock_inner();
        inner.session = None;
        self.blue.zeroize_all();
    }

    pub(super) fn contents(&self, inner: &Inner, keys: &Keys) -> Result<Contents> {
        let File::Whole(db) = &inner.file else {
            return Err(self.damaged());
        };
        Ok(keys.contents(self.sql(schema::rows(db))?))
    }

    pub(super) fn write<T>(
        &self,
        db: &mut Connection,
        work: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let tx = self.sql(db.transaction_with_behavior(TransactionBehavior::Immediate))?;
        let result = work(&tx)?;
        self.sql(tx.commit())?;
        Ok(result)
    }

    pub(super) fn sql<T>(&self, result: rusqlite::Result<T>) -> Result<T> {
        result.map_err(|source| self.error(source))
    }

    pub(super) fn error(&self, source: rusqlite::Error) -> RedError {
        SqliteError::sql(&self.path, source).into()
    }

    pub(super) fn damaged(&self) -> RedError {
        let path = self.path.clone();
        SqliteError::Damaged { path, source: None }.into()
    }

    /// A panic while the lock was held rolled its transaction back, so the vault is still whole.
    pub(super) fn lock_inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The keys, while it is unlocked.
    pub(super) fn keys(&self) -> Result<Keys> {
        let session = self.session.as_ref().ok_or(RedError::Locked)?;
        Keys::held(session).ok_or(RedError::Locked)
    }

    pub(super) fn whole(&mut self, path: &Path) -> Result<&mut Connection> {
        match &mut self.file {
            File::Whole(db) => Ok(db),
            File::Damaged(_) => Err(SqliteError::Damaged {
                path: path.into(),
                source: None,
            }
            .into()),
        }
    }
}

/// Where guesses at a damaged vault are counted.
fn in_memory(path: &Path) -> Result<Connection> {
    let db = Connection::open_in_memory().and_then(|db| {
        db.execute_batch(schema::MIGRATIONS[0])?;
        Ok(db)
    });
    db.map_err(|source| SqliteError::sql(path, source).into())
}

#[cfg(test)]
#[path = "vault_test.rs"]
pub(super) mod tests;

#[cfg(test)]
#[path = "damage_test.rs"]
mod damage_tests;

#[cfg(all(test, target_os = "linux"))]
#[path = "canary_test.rs"]
mod canary_tests;

#[cfg(test)]
#[path = "pages_test.rs"]
mod pages_tests;

#[cfg(test)]
#[path = "kill_test.rs"]
mod kill_tests;
