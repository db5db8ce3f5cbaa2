//! Items: put at any time, read and forgotten while the vault is unlocked.

use std::fmt;

use zeroize::Zeroizing;

use super::key::scrub_stack;
use super::keys::{Keys, seal_to};
use super::record::Record;
use super::vault::{Inner, Red, Result};
use super::{RedError, schema};
use crate::blue::{Secret, Shelf};
use crate::red_thread::Pass;
use crate::sqlite;

/// Items that there may be.
pub const MOST_ITEMS: usize = 1024;
/// Bytes of all of them together, so that an export is a file of a few megabytes.
pub const MOST_TOTAL: usize = (3 << 20) - 4;

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
        let kept = contents
            .items
            .iter()
            .filter(|item| !replaced.contains(&item.row.version));
        let kept: usize = kept.map(|item| item.record().length()).sum();
        if kept + records.iter().map(Record::length).sum::<usize>() > MOST_TOTAL {
            return Err(RedError::TooMuch { limit: MOST_TOTAL });
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
}
