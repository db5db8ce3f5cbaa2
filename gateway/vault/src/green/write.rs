//! Remembering, changing, forgetting: each with a consent for exactly that.

use janet_protocol::Private;
use rusqlite::{OptionalExtension as _, Transaction};

use super::load::written_vector;
use super::matrix::dot_f32;
use super::store::{Green, Inner, Result};
use super::words::{self, Counts};
use super::{EntryId, GreenError, NewEntry, subject};
use crate::desk::{Action, Consent, Receipt, subject_of};
use crate::failpoint::failpoint;
use crate::gate::{Class, Gate};
use crate::red_thread::Pass;
use crate::sqlite::signed;

/// Most entries of one call: what holds a red thread up stays short.
pub const MOST_AT_ONCE: usize = 1000;
/// Longest text of an entry.
const MOST_TEXT_BYTES: usize = 4000;
/// Longest description of a source.
const MOST_DESCRIPTION_BYTES: usize = 300;
/// A vector that is shorter than this has no direction.
const LEAST_LENGTH: f32 = 1e-6;
/// Row of the word index that holds no entry; see [`forget_words`].
const NO_ENTRY: i64 = 0;

/// That something was forgotten: the receipt stays, the entry does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// How many entries went by it.
    pub entries: u64,
    /// Who wanted it, when and how.
    pub receipt: Receipt,
}

/// What is written of an entry, besides its id and its vector.
pub(super) struct Written<'a> {
    pub(super) id: EntryId,
    pub(super) new: &'a NewEntry,
    pub(super) soul: &'a str,
    pub(super) edited_ms: Option<u64>,
    pub(super) differs_from: Option<EntryId>,
    pub(super) receipt: &'a Receipt,
}

impl Green {
    /// Remembers. A vector may come later ([`Green::reembed`]): until then the entry is found by its words.
    /// What is remembered already, in the same words and as the same kind, is not remembered twice.
    pub fn remember(
        &self,
        pass: &Pass<'_>,
        consent: Consent,
        new: NewEntry,
        vector: Option<Vec<f32>>,
    ) -> Result<EntryId> {
        let ids = self.remember_all(pass, consent, &[new], vec![vector])?;
        Ok(*ids.first().expect("one entry has one id"))
    }

    /// Remembers several at once, all or none: what one consent to all of them allows.
    pub fn remember_all(
        &self,
        pass: &Pass<'_>,
        consent: Consent,
        new: &[NewEntry],
        vectors: Vec<Option<Vec<f32>>>,
    ) -> Result<Vec<EntryId>> {
        self.remember_noted(pass, consent, new, vectors, |_| true)
    }

    /// The same, if `noted` can write down these ids: what stands in no log is undone.
    pub fn remember_noted(
        &self,
        pass: &Pass<'_>,
        consent: Consent,
        new: &[NewEntry],
        vectors: Vec<Option<Vec<f32>>>,
        noted: impl FnOnce(&[EntryId]) -> bool,
    ) -> Result<Vec<EntryId>> {
        if new.len() > MOST_AT_ONCE {
            return Err(GreenError::TooMany {
                found: new.len(),
                most: MOST_AT_ONCE,
            });
        }
        if new.len() != vectors.len() {
            return Err(GreenError::Count {
                texts: new.len(),
                vectors: vectors.len(),
            });
        }
        new.iter().try_for_each(check)?;
        let vectors = self.units(vectors)?;
        let texts: Vec<&str> = new.iter().map(|new| new.text.expose().as_str()).collect();
        let receipt = consent.spend(pass, &Action::Remember, &subject::remember(&texts))?;
        let mut guard = self.lock();
        let inner = &mut *guard;
        let tx = self.begin(&mut inner.db)?;
        let mut added = Vec::with_capacity(new.len());
        let mut ids = Vec::with_capacity(new.len());
        for (new, vector) in new.iter().zip(&vectors) {
            if let Some(id) = same(&tx, new).map_err(|source| self.sql(source))? {
                ids.push(id);
                continue;
            }
            let id = EntryId::random().map_err(GreenError::Random)?;
            let written = Written {
                id,
                new,
                soul: self.soul.name(),
                edited_ms: None,
                differs_from: None,
                receipt: &receipt,
            };
            let n = insert(&tx, &written)
                .and_then(|n| {
                    failpoint("remember: an entry has no vector yet");
                    self.insert_vector(&tx, n, vector.as_deref())?;
                    Ok(n)
                })
                .map_err(|source| self.sql(source))?;
            added.push((n, new.text.expose(), vector.as_deref()));
            ids.push(id);
            failpoint("remember: an entry is written");
        }
        failpoint("remember: before it is committed");
        if !noted(&ids) {
            return Err(GreenError::Unlogged);
        }
        tx.commit().map_err(|source| self.sql(source))?;
        failpoint("remember: committed");
        for (n, text, vector) in added {
            inner.words.add(text);
            if let Some(vector) = vector {
                inner.matrix.set(n, vector);
            }
        }
        Ok(ids)
    }

    /// Puts this text in place of what an entry says. No file holds the former one when this returns.
    pub fn edit(
        &self,
        pass: &Pass<'_>,
        consent: Consent,
        id: EntryId,
        text: Private<String>,
        vector: Option<Vec<f32>>,
    ) -> Result<()> {
        self.edit_noted(pass, consent, id, text, vector, || true)
    }

    /// The same, if `noted` can write it down: what stands in no log is undone.
    pub fn edit_noted(
        &self,
        pass: &Pass<'_>,
        consent: Consent,
        id: EntryId,
        text: Private<String>,
        vector: Option<Vec<f32>>,
        noted: impl FnOnce() -> bool,
    ) -> Result<()> {
        let edit = subject::edit(id, text.expose());
        self.check_edit(&text, &vector)?;
        let receipt = consent.spend(pass, &Action::Edit, &edit)?;
        self.edit_for(receipt, id, text.expose(), vector, noted)
    }

    /// Before a consent is spent on it.
    pub(super) fn check_edit(
        &self,
        text: &Private<String>,
        vector: &Option<Vec<f32>>,
    ) -> Result<()> {
        check_text(text.expose())?;
        self.units(vec![vector.clone()]).map(drop)
    }

    pub(super) fn edit_for(
        &self,
        receipt: Receipt,
        id: EntryId,
        text: &str,
        vector: Option<Vec<f32>>,
        noted: impl FnOnce() -> bool,
    ) -> Result<()> {
        let vector = self.units(vec![vector])?.pop().flatten();
        let mut guard = self.lock();
        let inner = &mut *guard;
        let tx = self.begin(&mut inner.db)?;
        let work = || -> rusqlite::Result<Option<(i64, String)>> {
            let Some((n, old)) = found(&tx, id)? else {
                return Ok(None);
            };
            let changed = next_change(&tx)?;
            tx.execute(
                "UPDATE entry SET text = ?2, text_hash = ?3, edited_ms = ?4, receipt = ?5, changed = ?6
                 WHERE n = ?1",
                (n, text, text_hash(text), signed(receipt.at_ms), json(&receipt), changed),
            )?;
            failpoint("edit: the words are the former ones");
            index(&tx, "delete", n, &old)?;
            tx.execute(
                "INSERT INTO entry_words (rowid, text) VALUES (?1, ?2)",
                (n, words::indexed(text)),
            )?;
            forget_words(&tx, &inner.words, &inner.words.gone(&old, Some(text)))?;
            tx.execute("DELETE FROM vector WHERE n = ?1", [n])?;
            failpoint("edit: there is no vector");
            self.insert_vector(&tx, n, vector.as_deref())?;
            Ok(Some((n, old)))
        };
        let (n, old) = work()
            .map_err(|source| self.sql(source))?
            .ok_or(GreenError::Unknown(id))?;
        failpoint("edit: before it is committed");
        if !noted() {
            return Err(GreenError::Unlogged);
        }
        tx.commit().map_err(|source| self.sql(source))?;
        failpoint("edit: committed");
        inner.words.remove(&old);
        inner.words.add(text);
        match &vector {
            Some(vector) => inner.matrix.set(n, vector),
            None => inner.matrix.remove(n),
        }
        inner.scrub_pending = true;
        self.scrub(inner)
    }

    /// Forgets an entry: its text, its words, its vector. No file holds any of it when this returns. What
    /// was forgotten before gives the same proof again.
    pub fn forget(&self, pass: &Pass<'_>, consent: Consent, id: EntryId) -> Result<Proof> {
        let receipt = consent.spend(pass, &Action::Forget, &subject::forget(id))?;
        self.forget_for(receipt, id)
    }

    pub(super) fn forget_for(&self, receipt: Receipt, id: EntryId) -> Result<Proof> {
        let mut guard = self.lock();
        let inner = &mut *guard;
        let tx = self.begin(&mut inner.db)?;
        let work = || -> rusqlite::Result<Option<(i64, String)>> {
            let Some((n, old)) = found(&tx, id)? else {
                return Ok(None);
            };
            tx.execute("DELETE FROM entry WHERE n = ?1", [n])?;
            failpoint("forget: the words are still there");
            index(&tx, "delete", n, &old)?;
            forget_words(&tx, &inner.words, &inner.words.gone(&old, None))?;
            failpoint("forget: there is no receipt yet");
            keep_receipt(&tx, &receipt, 1)?;
            tx.execute(
                "INSERT OR REPLACE INTO forgotten VALUES (?1, ?2)",
                (id.0, receipt.id),
            )?;
            Ok(Some((n, old)))
        };
        let Some((n, old)) = work().map_err(|source| self.sql(source))? else {
            drop(tx);
            self.scrub(inner)?;
            return self.forgotten_before(inner, id);
        };
        failpoint("forget: before it is committed");
        tx.commit().map_err(|source| self.sql(source))?;
        failpoint("forget: the log still holds it");
        inner.matrix.remove(n);
        inner.words.remove(&old);
        inner.scrub_pending = true;
        self.scrub(inner)?;
        failpoint("forget: the log is cut");
        self.nothing_left(inner, "entry WHERE id = ?1", [id.0])?;
        self.nothing_left(inner, "vector WHERE n = ?1", [n])?;
        Ok(Proof {
            entries: 1,
            receipt,
        })
    }

    /// Forgets everything. The database is written anew, so that it takes no more room than an empty one.
    pub fn forget_all(&self, pass: &Pass<'_>, consent: Consent) -> Result<Proof> {
        let all = subject::of_all(&consent.receipt().subject);
        let receipt = consent.spend(pass, &Action::ForgetAll, &all)?;
        self.forget_all_for(receipt)
    }

    pub(super) fn forget_all_for(&self, receipt: Receipt) -> Result<Proof> {
        let mut guard = self.lock();
        let inner = &mut *guard;
        let tx = self.begin(&mut inner.db)?;
        let work = || -> rusqlite::Result<u64> {
            let entries: i64 = tx.query_row("SELECT count(*) FROM entry", [], |row| row.get(0))?;
            keep_receipt(&tx, &receipt, entries)?;
            tx.execute(
                "INSERT OR REPLACE INTO forgotten SELECT id, ?1 FROM entry",
                [receipt.id],
            )?;
            tx.execute_batch(
                "DELETE FROM vector; DELETE FROM entry;
                 INSERT INTO entry_words (entry_words) VALUES ('delete-all');",
            )?;
            Ok(entries.unsigned_abs())
        };
        let entries = work().map_err(|source| self.sql(source))?;
        failpoint("forget all: before it is committed");
        tx.commit().map_err(|source| self.sql(source))?;
        failpoint("forget all: the log still holds it");
        inner.matrix.clear();
        inner.words.clear();
        inner.scrub_pending = true;
        inner
            .db
            .execute_batch("VACUUM")
            .map_err(|source| self.sql(source))?;
        failpoint("forget all: written anew");
        self.scrub(inner)?;
        for table in ["entry", "vector", "temp.vocabulary"] {
            self.nothing_left(inner, table, [])?;
        }
        Ok(Proof { entries, receipt })
    }

    fn forgotten_before(&self, inner: &Inner, id: EntryId) -> Result<Proof> {
        let found: Option<(String, i64)> = inner
            .db
            .query_row(
                "SELECT forgetting.receipt, entries FROM forgotten JOIN forgetting
                 ON forgotten.receipt = forgetting.id WHERE forgotten.id = ?1",
                [id.0],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(|source| self.sql(source))?;
        let (receipt, entries) = found.ok_or(GreenError::Unknown(id))?;
        Ok(Proof {
            entries: entries.unsigned_abs(),
            receipt: serde_json::from_str(&receipt).map_err(|_| GreenError::Malformed {
                path: self.path.clone(),
                id,
                column: "receipt",
            })?,
        })
    }

    fn nothing_left(&self, inner: &Inner, of: &str, params: impl rusqlite::Params) -> Result<()> {
        let left: i64 = inner
            .db
            .query_row(&format!("SELECT count(*) FROM {of}"), params, |row| {
                row.get(0)
            })
            .map_err(|source| self.sql(source))?;
        match left {
            0 => Ok(()),
            _ => Err(GreenError::Left {
                path: self.path.clone(),
                left: left.unsigned_abs(),
            }),
        }
    }

    /// Vectors of our space, of length 1.
    pub(super) fn units(&self, vectors: Vec<Option<Vec<f32>>>) -> Result<Vec<Option<Vec<f32>>>> {
        vectors
            .into_iter()
            .map(|vector| {
                vector
                    .map(|vector| unit(vector, self.space.dimensions))
                    .transpose()
            })
            .collect()
    }

    pub(super) fn insert_vector(
        &self,
        tx: &Transaction<'_>,
        n: i64,
        vector: Option<&[f32]>,
    ) -> rusqlite::Result<()> {
        if let Some(vector) = vector {
            tx.prepare_cached("INSERT OR REPLACE INTO vector VALUES (?1, ?2, ?3)")?
                .execute((n, &self.space.name, written_vector(vector)))?;
        }
        Ok(())
    }
}

/// The vector at length 1, if it has as many numbers as it should and a direction.
pub(super) fn unit(mut vector: Vec<f32>, dimensions: usize) -> Result<Vec<f32>> {
    let usable = vector.iter().filter(|value| value.is_finite()).count();
    let length = dot_f32(&vector, &vector).sqrt();
    let directed = length.is_finite() && length > LEAST_LENGTH;
    if vector.len() != dimensions || usable != dimensions || !directed {
        return Err(GreenError::Vector {
            expected: dimensions,
            found: if directed { usable } else { 0 },
        });
    }
    vector.iter_mut().for_each(|value| *value /= length);
    Ok(vector)
}

/// Whether it may be kept at all.
pub(super) fn check(new: &NewEntry) -> Result<()> {
    check_text(new.text.expose())?;
    let description = new.source.description.expose();
    if description.len() > MOST_DESCRIPTION_BYTES {
        return Err(GreenError::TooLong {
            field: "description",
            found: description.len(),
            most: MOST_DESCRIPTION_BYTES,
        });
    }
    match Gate::new().classify(description).class {
        Class::Discard | Class::Normal => Ok(()),
        class => Err(GreenError::Class {
            field: "description",
            class,
        }),
    }
}

fn check_text(text: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Err(GreenError::Empty);
    }
    if text.len() > MOST_TEXT_BYTES {
        return Err(GreenError::TooLong {
            field: "text",
            found: text.len(),
            most: MOST_TEXT_BYTES,
        });
    }
    match Gate::new().classify(text).class {
        Class::Normal => Ok(()),
        class => Err(GreenError::Class {
            field: "text",
            class,
        }),
    }
}

/// The entry that says the same already.
fn same(tx: &Transaction<'_>, new: &NewEntry) -> rusqlite::Result<Option<EntryId>> {
    let text = new.text.expose();
    tx.prepare_cached("SELECT id FROM entry WHERE text_hash = ?1 AND text = ?2 AND kind = ?3")?
        .query_row((text_hash(text), text, new.kind.name()), |row| {
            row.get(0).map(EntryId)
        })
        .optional()
}

fn found(tx: &Transaction<'_>, id: EntryId) -> rusqlite::Result<Option<(i64, String)>> {
    tx.query_row("SELECT n, text FROM entry WHERE id = ?1", [id.0], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
    .optional()
}

/// Writes an entry and its words; gives its number.
pub(super) fn insert(tx: &Transaction<'_>, it: &Written<'_>) -> rusqlite::Result<i64> {
    let changed = next_change(tx)?;
    let text = it.new.text.expose();
    tx.prepare_cached(
        "INSERT INTO entry (id, soul, kind, text, text_hash, conversation, description, created_ms,
             edited_ms, differs_from, receipt, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(rusqlite::params![
        it.id.0,
        it.soul,
        it.new.kind.name(),
        text,
        text_hash(text),
        it.new.source.conversation.map(|id| id.to_string()),
        it.new.source.description.expose(),
        signed(it.new.created_ms),
        it.edited_ms.map(signed),
        it.differs_from.map(|id| id.0),
        json(it.receipt),
        changed,
    ])?;
    let n = tx.last_insert_rowid();
    tx.prepare_cached("INSERT INTO entry_words (rowid, text) VALUES (?1, ?2)")?
        .execute((n, words::indexed(text)))?;
    Ok(n)
}

fn next_change(tx: &Transaction<'_>) -> rusqlite::Result<i64> {
    tx.prepare_cached("UPDATE change SET last = last + 1 RETURNING last")?
        .query_row([], |row| row.get(0))
}

fn keep_receipt(tx: &Transaction<'_>, receipt: &Receipt, entries: i64) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO forgetting VALUES (?1, ?2, ?3)",
        (receipt.id, json(receipt), entries),
    )?;
    Ok(())
}

fn json(receipt: &Receipt) -> String {
    serde_json::to_string(receipt).expect("a receipt has no map with keys that are no text")
}

/// Finds equal texts fast; says nothing more than the text beside it.
fn text_hash(text: &str) -> i64 {
    let hash = subject_of(&[b"green text", text.as_bytes()]);
    let (first, _) = hash.split_first_chunk().expect("32 bytes have 8");
    i64::from_le_bytes(*first)
}

/// A command of the word index about one row: it keeps no text, so it is told what it was given.
fn index(tx: &Transaction<'_>, command: &str, n: i64, text: &str) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO entry_words (entry_words, rowid, text) VALUES (?1, ?2, ?3)",
        (command, n, words::indexed(text)),
    )?;
    Ok(())
}

/// Makes sure that the word index keeps no trace of words that are gone.
///
/// `secure-delete` takes a word from its page at once. But for each page the index also keeps a beginning
/// that tells the page's first word from the last one before it, and that stays when the word goes and
/// others of the page do not. It happens to one word in some hundreds, and the index is then written anew:
/// a row of a word without meaning makes sure that there is something to merge, which is what makes it.
fn forget_words(tx: &Transaction<'_>, counts: &Counts, gone: &[String]) -> rusqlite::Result<()> {
    let flush = || tx.execute("INSERT INTO entry_words (entry_words) VALUES ('flush')", []);
    flush()?;
    if gone.is_empty() || !separates(tx, counts, gone)? {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO entry_words (rowid, text) VALUES (?1, 'a')",
        [NO_ENTRY],
    )?;
    flush()?;
    tx.execute(
        "INSERT INTO entry_words (entry_words) VALUES ('optimize')",
        [],
    )?;
    index(tx, "delete", NO_ENTRY, "a")?;
    flush()?;
    Ok(())
}

/// Whether a page's beginning was made of a word that is gone, and of no other.
fn separates(tx: &Transaction<'_>, counts: &Counts, gone: &[String]) -> rusqlite::Result<bool> {
    let mut query = tx.prepare_cached("SELECT term FROM entry_words_idx")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        // A term's first byte is the number of its index.
        let Some((_, beginning)) = row.get_ref(0)?.as_bytes()?.split_first() else {
            continue;
        };
        let made_of_gone = !beginning.is_empty()
            && gone
                .iter()
                .any(|word| word.as_bytes().starts_with(beginning));
        if made_of_gone
            && !std::str::from_utf8(beginning).is_ok_and(|it| counts.begins_another(it, gone))
        {
            return Ok(true);
        }
    }
    Ok(false)
}
