//! What the bridge takes out and puts in.
//!
//! Entries travel with all that is known of them, their vectors too, so that the other side need not make
//! them again. Nothing that was forgotten here comes back from there.

use std::fmt;

use rusqlite::{OptionalExtension as _, Transaction};

use super::load::read_vector;
use super::store::{COLUMNS, Green, Result};
use super::write::{self, Written, unit};
use super::{Entry, EntryId, GreenError, NewEntry};
use crate::conversations::ConversationId;
use crate::desk::{Receipt, subject_of};
use crate::red_thread::Pass;

/// Which entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All that were written or changed after this change; 0: all.
    Since(u64),
    /// All that were made from this conversation.
    Of(ConversationId),
}

/// An entry that is to leave, and its vector.
#[derive(Clone, PartialEq)]
pub struct Exported {
    /// The entry.
    pub entry: Entry,
    /// The change that wrote it last: where the next page begins.
    pub changed: u64,
    /// Its vector, if it has one of our space.
    pub vector: Option<Vec<f32>>,
}

/// An entry that came.
#[derive(Clone, PartialEq)]
pub struct Imported {
    /// The entry, with its receipt as it came: whoever brings it has checked whose that is.
    pub entry: Entry,
    /// Its vector, if it is of our space.
    pub vector: Option<Vec<f32>>,
}

/// Without the vector: a text can be guessed from it.
impl fmt::Debug for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exported({:?} at {})", self.entry.id, self.changed)
    }
}

/// See [`Exported`]'s.
impl fmt::Debug for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Imported({:?})", self.entry.id)
    }
}

/// What became of a batch. They add up to its length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imports {
    /// New here.
    pub added: u64,
    /// Here already, in the same words.
    pub duplicates: u64,
    /// Here already, in other words: both are kept, and the one that came names the one that it differs from.
    pub conflicts: u64,
    /// Forgotten here, and not taken back.
    pub forgotten: u64,
    /// Not what the gate lets in here.
    pub refused: u64,
}

enum Fate {
    New(EntryId, Option<EntryId>),
    Duplicate,
    Forgotten,
}

impl Green {
    /// Up to `limit` entries, in the order of their changes.
    pub fn exported(&self, _pass: &Pass<'_>, which: Which, limit: usize) -> Result<Vec<Exported>> {
        let (condition, value): (_, rusqlite::types::Value) = match which {
            Which::Since(change) => ("changed > ?1", crate::sqlite::signed(change).into()),
            Which::Of(conversation) => ("conversation = ?1", conversation.to_string().into()),
        };
        let sql = |source| self.sql(source);
        let inner = self.lock();
        let query = format!(
            "SELECT {COLUMNS}, changed, (SELECT value FROM vector WHERE vector.n = entry.n AND space = ?2)
             FROM entry WHERE {condition} ORDER BY changed LIMIT ?3"
        );
        let mut query = inner.db.prepare_cached(&query).map_err(sql)?;
        let params = (value, &self.space.name, limit as i64);
        let mut rows = query.query(params).map_err(sql)?;
        let mut exported = Vec::new();
        while let Some(row) = rows.next().map_err(sql)? {
            let vector = row
                .get_ref(12)
                .and_then(|value| Ok(value.as_blob_or_null()?))
                .map_err(sql)?;
            exported.push(Exported {
                entry: self.read(row)?.1,
                changed: row.get::<_, i64>(11).map_err(sql)?.unsigned_abs(),
                vector: vector.map(|bytes| {
                    let mut vector = Vec::with_capacity(self.space.dimensions);
                    read_vector(bytes, &mut vector);
                    vector
                }),
            });
        }
        Ok(exported)
    }

    /// Takes a batch in, in one transaction. Taken in again, it changes nothing. The bridge alone calls it,
    /// which has spent a consent to all of it.
    pub(crate) fn import(&self, _pass: &Pass<'_>, batch: &[Imported]) -> Result<Imports> {
        let mut guard = self.lock();
        let inner = &mut *guard;
        let tx = self.begin(&mut inner.db)?;
        let mut imports = Imports::default();
        let mut added = Vec::new();
        for it in batch {
            let entry = &it.entry;
            let new = NewEntry {
                kind: entry.kind,
                text: entry.text.clone(),
                source: entry.source.clone(),
                created_ms: entry.created_ms,
            };
            let vector = it.vector.clone();
            let vector = vector.and_then(|vector| unit(vector, self.space.dimensions).ok());
            if write::check(&new).is_err() {
                imports.refused += 1;
                continue;
            }
            match fate(&tx, entry).map_err(|source| self.sql(source))? {
                Fate::Duplicate => imports.duplicates += 1,
                Fate::Forgotten => imports.forgotten += 1,
                Fate::New(id, other) => {
                    let written = Written {
                        id,
                        new: &new,
                        soul: entry.soul.name(),
                        edited_ms: entry.edited_ms,
                        differs_from: other.or(entry.differs_from),
                        receipt: &entry.receipt,
                    };
                    let n = write::insert(&tx, &written)
                        .and_then(|n| {
                            self.insert_vector(&tx, n, vector.as_deref())?;
                            Ok(n)
                        })
                        .map_err(|source| self.sql(source))?;
                    added.push((n, entry.text.expose(), vector));
                    match other {
                        Some(_) => imports.conflicts += 1,
                        None => imports.added += 1,
                    }
                }
            }
        }
        tx.commit().map_err(|source| self.sql(source))?;
        for (n, text, vector) in added {
            inner.words.add(text);
            if let Some(vector) = vector {
                inner.matrix.set(n, &vector);
            }
        }
        Ok(imports)
    }

    /// The receipts by which entries were forgotten: for the panel that shows them.
    pub fn forgettings(&self, _pass: &Pass<'_>, limit: usize) -> Result<Vec<(Receipt, u64)>> {
        let inner = self.lock();
        let rows: Vec<([u8; 16], String, i64)> = inner
            .db
            .prepare_cached(
                "SELECT id, receipt, entries FROM forgetting
                 ORDER BY json_extract(receipt, '$.at_ms') DESC LIMIT ?1",
            )
            .and_then(|mut query| {
                query
                    .query_map([limit as i64], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                    })?
                    .collect()
            })
            .map_err(|source| self.sql(source))?;
        rows.into_iter()
            .map(|(id, receipt, entries)| {
                let receipt =
                    serde_json::from_str(&receipt).map_err(|_| GreenError::Malformed {
                        path: self.path.clone(),
                        id: EntryId(id),
                        column: "receipt",
                    })?;
                Ok((receipt, entries.unsigned_abs()))
            })
            .collect()
    }
}

/// What to do with an entry that came.
fn fate(tx: &Transaction<'_>, entry: &Entry) -> rusqlite::Result<Fate> {
    let text_of = |id: EntryId| {
        tx.prepare_cached("SELECT text FROM entry WHERE id = ?1")?
            .query_row([id.0], |row| row.get::<_, String>(0))
            .optional()
    };
    let forgotten = |id: EntryId| {
        tx.prepare_cached("SELECT 1 FROM forgotten WHERE id = ?1")?
            .exists([id.0])
    };
    if forgotten(entry.id)? {
        return Ok(Fate::Forgotten);
    }
    match text_of(entry.id)? {
        None => Ok(Fate::New(entry.id, None)),
        Some(text) if text == *entry.text.expose() => Ok(Fate::Duplicate),
        Some(_) => {
            // The same two give the same third: an import that is run again finds its own.
            let id = differing(entry);
            if forgotten(id)? {
                Ok(Fate::Forgotten)
            } else if text_of(id)?.is_some() {
                Ok(Fate::Duplicate)
            } else {
                Ok(Fate::New(id, Some(entry.id)))
            }
        }
    }
}

/// The id of an entry that came with the id of one that says something else. Another text has another
/// receipt, so its id stands for the text, and is random.
fn differing(entry: &Entry) -> EntryId {
    let hash = subject_of(&[b"green differs", &entry.id.0, &entry.receipt.id]);
    let (first, _) = hash.split_first_chunk().expect("32 bytes have 16");
    EntryId(*first)
}
