//! Guesses at the safe word, and what a right one does.

use super::key::scrub_stack;
use super::keys::{Contents, Keys};
use super::unlock::{Derived, Fresh, Guess};
use super::vault::{File, Inner, Red, Result};
use super::{RedError, guesses, schema};
use crate::red_thread::{Pass, SafeWordProof};
use crate::sqlite::{self, signed};

impl Red {
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
    ) -> Result<SafeWordProof> {
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
    pub fn finish_check(&self, guess: Derived, now_ms: u64) -> Result<SafeWordProof> {
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
    ) -> Result<SafeWordProof> {
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
    fn right(&self, inner: &mut Inner, who: String, now_ms: u64) -> Result<SafeWordProof> {
        self.sql(guesses::right(inner.whole(&self.path)?, &who))?;
        Ok(SafeWordProof::new(&who, now_ms))
    }
}
