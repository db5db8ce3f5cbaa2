//! The vault itself.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use zeroize::Zeroizing;

use super::key::{Key, random, scrub_stack};
use super::keys::{Contents, Keys, seal_to};
use super::record::Record;
use super::schema;
use super::unlock::{Derived, Fresh, Guess, Verified};
use super::{RedError, guesses};
use crate::blue::{Blue, Secret, Shelf};
use crate::red_thread::Pass;
use crate::sqlite::{self, SqliteError, signed};

/// File name of the database; its log has `-wal` behind it.
pub(super) const DATABASE: &str = "red.db";
/// Items that there may be.
pub const MOST_ITEMS: usize = 1024;

type Result<T, E = RedError> = std::result::Result<T, E>;

/// An item as the list shows it.
pub struct Listed {
    /// Its name.
    pub name: Zeroizing<String>,
    /// Its tags.
    pub tags: Vec<Zeroizing<String>>,
    /// When it was put, in ms since 1970.
    pub changed_ms: u64,
    /// Whether its value is here; if not, it is with her other soul.
    pub here: bool,
}

/// What an unlocked vault has.
pub struct Listing {
    /// By name.
    pub items: Vec<Listed>,
    /// How many were changed on disk and do not open any more.
    pub damaged: usize,
}

/// Secrets at rest. Calls block on the disk; share it by reference, one call runs at a time.
pub struct Red {
    pub(super) path: PathBuf,
    pub(super) blue: Blue,
    inner: Mutex<Inner>,
}

pub(super) struct Inner {
    pub(super) file: File,
    /// The keys, while it is unlocked: they lie in blue, and are zeroed there.
    session: Option<Secret>,
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

impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listed([private])")
    }
}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listing({} items)", self.items.len())
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

    /// Whether this guess may be made, which counts as a wrong one from here on.
    pub fn begin_unlock(&self, _pass: &Pass<'_>, who: &str, now_ms: u64) -> Result<Guess> {
        self.begin(who, now_ms)
    }

    /// As [`Self::begin_unlock`], and only to find out whether the word is right. The one door that stays
    /// open behind a pulled red thread, because the safe word is what clears it; no item is read.
    pub fn begin_check(&self, who: &str, now_ms: u64) -> Result<Guess> {
        self.begin(who, now_ms)
    }

    /// Unlocks it if the word was right and all these names are there, and copies their values into blue.
    /// The first unlocking merges what was put meanwhile: of items with the same name the last one stays.
    pub fn finish_unlock(
        &self,
        _pass: &Pass<'_>,
        guess: Derived,
        names: &[&str],
        now_ms: u64,
    ) -> Result<Verified> {
        let mut inner = self.lock_inner();
        let found = self.look(&mut inner, &guess);
        scrub_stack();
        let Ok((Some(keys), mut contents)) = found else {
            return Err(RedError::Refused);
        };
        let wanted: Vec<_> = names.iter().map(|name| contents.position(name)).collect();
        let Some(wanted) = wanted.into_iter().collect::<Option<Vec<_>>>() else {
            return Err(RedError::Refused);
        };
        self.settle(&mut inner, &keys, &mut contents)?;
        let verified = self.right(&mut inner, guess.who, now_ms)?;
        // A session that is there already stays until this one is held.
        inner.session = Some(keys.hold(&self.blue)?);
        self.blue.touch(now_ms);
        for at in wanted {
            let record = contents.items[at].record();
            // A stub has nothing to copy.
            if let Some(value) = record.value {
                self.blue.put_item(record.name, value, now_ms)?;
            }
        }
        scrub_stack();
        Ok(verified)
    }

    /// Whether the word was right; nothing is unlocked.
    pub fn finish_check(&self, guess: Derived, now_ms: u64) -> Result<Verified> {
        let mut inner = self.lock_inner();
        self.opened(&mut inner, &guess)
            .ok()
            .flatten()
            .ok_or(RedError::Refused)?;
        scrub_stack();
        self.right(&mut inner, guess.who, now_ms)
    }

    /// Gives the vault another safe word, if the old one was right. Copies of the file that were made
    /// before still open with the old one.
    pub fn change_word(
        &self,
        _pass: &Pass<'_>,
        old: Derived,
        new: &Fresh,
        now_ms: u64,
    ) -> Result<Verified> {
        let mut inner = self.lock_inner();
        let keys = self.opened(&mut inner, &old).ok().flatten();
        let keys = keys.ok_or(RedError::Refused)?;
        let header = keys.wrapped(new)?;
        scrub_stack();
        let db = inner.whole(&self.path)?;
        self.write(db, |tx| {
            schema::set_header(tx, &header, signed(now_ms)).map_err(|e| self.error(e))
        })?;
        sqlite::scrub(db, &self.path)?;
        self.right(&mut inner, old.who, now_ms)
    }

    /// Puts an item, in place of one with this name. While it is locked the item is sealed to it and can
    /// be read by nobody until it is unlocked.
    pub fn put(
        &self,
        _pass: &Pass<'_>,
        name: &str,
        tags: &[&str],
        value: &[u8],
        now_ms: u64,
    ) -> Result<()> {
        let record = Record {
            changed_ms: now_ms,
            name,
            tags: tags.to_vec(),
            value: Some(value),
        };
        record.check()?;
        let mut inner = self.lock_inner();
        let put = match inner.keys() {
            Ok(keys) => self.put_all(&mut inner, &keys, &[record]),
            Err(_) => self.put_sealed(&mut inner, &record),
        };
        scrub_stack();
        put?;
        // One that is unlocked already has the new value from here on.
        if self.blue.names(Shelf::Items).iter().any(|n| **n == *name) {
            self.blue.put_item(name, value, now_ms)?;
        }
        Ok(())
    }

    /// A secret of an unlocked vault, if there is one of this name.
    pub fn get(&self, _pass: &Pass<'_>, name: &str, now_ms: u64) -> Result<Option<Secret>> {
        let inner = self.lock_inner();
        let keys = inner.keys()?;
        let contents = self.contents(&inner, &keys)?;
        self.blue.touch(now_ms);
        let secret = match contents.position(name) {
            None => None,
            Some(at) => {
                let value = contents.items[at].record().value;
                Some(self.blue.hold(value.ok_or(RedError::Stub)?)?)
            }
        };
        scrub_stack();
        Ok(secret)
    }

    /// What an unlocked vault has, by name.
    pub fn list(&self, _pass: &Pass<'_>, now_ms: u64) -> Result<Listing> {
        let inner = self.lock_inner();
        let contents = self.contents(&inner, &inner.keys()?)?;
        self.blue.touch(now_ms);
        let own = |text: &str| Zeroizing::new(text.to_owned());
        let mut items: Vec<_> = contents
            .items
            .iter()
            .map(|item| {
                let record = item.record();
                Listed {
                    name: own(record.name),
                    tags: record.tags.iter().copied().map(own).collect(),
                    changed_ms: record.changed_ms,
                    here: record.value.is_some(),
                }
            })
            .collect();
        items.sort_unstable_by(|one, other| one.name.as_str().cmp(other.name.as_str()));
        scrub_stack();
        Ok(Listing {
            items,
            damaged: contents.damaged,
        })
    }

    /// Forgets an item of an unlocked vault; whether there was one. No file holds it when this returns,
    /// sealed or not.
    pub fn forget(&self, _pass: &Pass<'_>, name: &str) -> Result<bool> {
        let mut inner = self.lock_inner();
        let contents = self.contents(&inner, &inner.keys()?)?;
        scrub_stack();
        self.blue.forget(Shelf::Items, name);
        let Some(at) = contents.position(name) else {
            return Ok(false);
        };
        let version = contents.items[at].row.version;
        let db = inner.whole(&self.path)?;
        self.write(db, |tx| {
            schema::delete_item(tx, version).map_err(|e| self.error(e))
        })?;
        sqlite::scrub(db, &self.path)?;
        Ok(true)
    }

    /// Puts items into an unlocked vault, each in place of one with its name, all or none.
    pub(super) fn put_all(
        &self,
        inner: &mut Inner,
        keys: &Keys,
        records: &[Record<'_>],
    ) -> Result<()> {
        let contents = self.contents(inner, keys)?;
        let replaced: Vec<_> = records
            .iter()
            .filter_map(|record| contents.position(record.name))
            .map(|at| contents.items[at].row.version)
            .collect();
        let db = inner.whole(&self.path)?;
        let room = MOST_ITEMS.saturating_sub(self.sql(schema::count(db))?);
        if records.len() > room + replaced.len() {
            return Err(RedError::TooMany { limit: MOST_ITEMS });
        }
        self.write(db, |tx| {
            for record in records {
                let version = schema::next_version(tx).map_err(|e| self.error(e))?;
                let row = keys.keep(version, record)?;
                schema::set_item(tx, &row).map_err(|e| self.error(e))?;
            }
            for version in &replaced {
                schema::delete_item(tx, *version).map_err(|e| self.error(e))?;
            }
            Ok(())
        })?;
        if !replaced.is_empty() {
            sqlite::scrub(db, &self.path)?;
        }
        Ok(())
    }

    fn put_sealed(&self, inner: &mut Inner, record: &Record<'_>) -> Result<()> {
        let db = inner.whole(&self.path)?;
        let header = match self.sql(schema::header(db))? {
            Some(header) => header,
            None if self.sql(schema::exists(db))? => return Err(self.damaged()),
            None => return Err(RedError::Absent),
        };
        if self.sql(schema::count(db))? >= MOST_ITEMS {
            return Err(RedError::TooMany { limit: MOST_ITEMS });
        }
        self.write(db, |tx| {
            let version = schema::next_version(tx).map_err(|e| self.error(e))?;
            let row = seal_to(&header, version, record)?;
            schema::set_item(tx, &row).map_err(|e| self.error(e))
        })
    }

    fn begin(&self, who: &str, now_ms: u64) -> Result<Guess> {
        let mut inner = self.lock_inner();
        let (File::Whole(db) | File::Damaged(db)) = &mut inner.file;
        self.sql(guesses::begin(db, who, signed(now_ms)))??;
        let header = match &inner.file {
            // What cannot be read is guessed at like a vault that is not there.
            File::Whole(db) => schema::header(db).ok().flatten(),
            File::Damaged(_) => None,
        };
        Ok(Guess {
            who: who.to_owned(),
            header: header.map(Box::new),
        })
    }

    /// The keys, if the word was right.
    fn opened(&self, inner: &mut Inner, guess: &Derived) -> Result<Option<Keys>> {
        let Some(header) = &guess.header else {
            return Ok(None);
        };
        // Somebody may have changed the word since the guess began: then it is the old one.
        let current = self.sql(schema::header(inner.whole(&self.path)?))?;
        let same = current.is_some_and(|current| current.salt == header.salt);
        Ok(Keys::unwrapped(header, &guess.key).filter(|_| same))
    }

    /// The keys and the contents. A wrong guess goes through the contents as well, with keys of nobody:
    /// it takes as long as a right one that asked for a name that is not there.
    fn look(&self, inner: &mut Inner, guess: &Derived) -> Result<(Option<Keys>, Contents)> {
        let keys = self.opened(inner, guess)?;
        let nobody = Keys::of_nobody([0; 16])?;
        let contents = self.contents(inner, keys.as_ref().unwrap_or(&nobody))?;
        Ok((keys, contents))
    }

    fn settle(&self, inner: &mut Inner, keys: &Keys, contents: &mut Contents) -> Result<()> {
        let replaced = std::mem::take(&mut contents.replaced);
        let rows = keys.settle(contents)?;
        if rows.is_empty() && replaced.is_empty() {
            return Ok(());
        }
        let db = inner.whole(&self.path)?;
        self.write(db, |tx| {
            for version in &replaced {
                schema::delete_item(tx, *version).map_err(|e| self.error(e))?;
            }
            for row in rows {
                schema::set_item(tx, row).map_err(|e| self.error(e))?;
            }
            Ok(())
        })?;
        Ok(sqlite::scrub(db, &self.path)?)
    }

    /// A right guess: what was counted against this device goes, durably, before anybody is told.
    fn right(&self, inner: &mut Inner, who: String, now_ms: u64) -> Result<Verified> {
        self.sql(guesses::right(inner.whole(&self.path)?, &who))?;
        Ok(Verified::new(who, now_ms))
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

    fn error(&self, source: rusqlite::Error) -> RedError {
        SqliteError::sql(&self.path, source).into()
    }

    fn damaged(&self) -> RedError {
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
#[path = "kill_test.rs"]
mod kill_tests;
