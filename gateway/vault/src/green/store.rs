//! The store itself: opening, reading, and what every write goes through.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior};

use super::embedder::Space;
use super::matrix::Matrix;
use super::words::Counts as WordCounts;
use super::{Entry, EntryId, GreenError, Kind, Source, load, schema};
use crate::red_thread::Pass;
use crate::soul::Soul;
use crate::sqlite::{self, SqliteError};

pub(super) type Result<T, E = GreenError> = std::result::Result<T, E>;

/// Most entries of one page of [`Green::list`].
pub const MOST_LISTED: usize = 500;

/// The columns that `read` reads, in its order.
pub(super) const COLUMNS: &str = "n, id, soul, kind, text, conversation, description, created_ms, \
                                  edited_ms, differs_from, receipt";

/// What a store is opened with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whose memories.
    pub soul: Soul,
    /// The model whose vectors are searched; those of another wait for [`Green::reembed`].
    pub space: Space,
    /// How long `open` waits for another process to let go of the database.
    pub wait_for_lock: Duration,
}

/// How much there is; no content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All entries.
    pub entries: u64,
    /// Those that have a vector that can be searched.
    pub searchable: u64,
    /// Those that were forgotten one by one or all at once.
    pub forgotten: u64,
}

/// Everything that one soul remembers. Calls block on the disk; share it by reference, one call runs at a
/// time.
pub struct Green {
    pub(super) path: PathBuf,
    pub(super) soul: Soul,
    pub(super) space: Space,
    inner: Mutex<Inner>,
}

pub(super) struct Inner {
    pub(super) db: Connection,
    pub(super) matrix: Matrix,
    pub(super) words: WordCounts,
    /// Something was deleted, and the log that still holds it could not be cut yet.
    pub(super) scrub_pending: bool,
}

impl fmt::Debug for Green {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Green")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Green {
    /// The model whose vectors are searched.
    pub const fn space(&self) -> &Space {
        &self.space
    }

    /// Opens what this soul remembers in this folder, or begins with nothing. Reads every vector once.
    pub fn open(folder: &Path, config: Config, now_ms: u64) -> Result<Self> {
        sqlite::create_folder(folder)?;
        let path = folder.join(format!("green-{}.db", config.soul));
        let db = schema::open(&path, config.wait_for_lock, now_ms)?;
        let sql = |source| SqliteError::sql(&path, source);
        let matrix = load::matrix(&db, &config.space).map_err(sql)?;
        let words = load::counts(&db).map_err(sql)?;
        let store = Self {
            soul: config.soul,
            space: config.space,
            // Pending until proven otherwise: the process before may have died while scrubbing.
            inner: Mutex::new(Inner {
                db,
                matrix,
                words,
                scrub_pending: true,
            }),
            path,
        };
        store.scrub(&mut store.lock())?;
        Ok(store)
    }

    /// One entry.
    pub fn get(&self, _pass: &Pass<'_>, id: EntryId) -> Result<Entry> {
        let inner = self.lock();
        let found = inner
            .db
            .prepare_cached(&format!("SELECT {COLUMNS} FROM entry WHERE id = ?1"))
            .and_then(|mut query| query.query_row([id.0], |row| Ok(self.read(row))).optional())
            .map_err(|source| self.sql(source))?;
        found
            .ok_or(GreenError::Unknown(id))?
            .map(|(_, entry)| entry)
    }

    /// Entries, newest first; `before` is the last of the page before.
    pub fn list(
        &self,
        pass: &Pass<'_>,
        before: Option<EntryId>,
        limit: usize,
    ) -> Result<Vec<Entry>> {
        let end = before.map(|id| self.place(pass, id)).transpose()?;
        self.page(end.unwrap_or((i64::MAX, i64::MAX)), limit)
    }

    /// Entries, newest first, that were made before that moment; `at_it`: or at that very moment.
    pub fn list_before(
        &self,
        _pass: &Pass<'_>,
        moment_ms: u64,
        at_it: bool,
        limit: usize,
    ) -> Result<Vec<Entry>> {
        let n = if at_it { i64::MAX } else { i64::MIN };
        self.page((sqlite::signed(moment_ms), n), limit)
    }

    /// The names of all entries.
    pub fn ids(&self, _pass: &Pass<'_>) -> Result<Vec<EntryId>> {
        let inner = self.lock();
        inner
            .db
            .prepare_cached("SELECT id FROM entry")
            .and_then(|mut query| {
                let ids = query.query_map([], |row| row.get(0).map(EntryId))?;
                ids.collect()
            })
            .map_err(|source| self.sql(source))
    }

    fn page(&self, (created_ms, n): (i64, i64), limit: usize) -> Result<Vec<Entry>> {
        let query = format!(
            "SELECT {COLUMNS} FROM entry WHERE (created_ms, n) < (?1, ?2)
             ORDER BY created_ms DESC, n DESC LIMIT ?3"
        );
        let limit = limit.min(MOST_LISTED) as i64;
        self.entries(&self.lock().db, &query, (created_ms, n, limit))
    }

    /// How much there is.
    pub fn counts(&self, _pass: &Pass<'_>) -> Result<Counts> {
        let inner = self.lock();
        let count = |table: &str| {
            inner
                .db
                .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                    row.get::<_, i64>(0).map(i64::unsigned_abs)
                })
                .map_err(|source| self.sql(source))
        };
        Ok(Counts {
            entries: count("entry")?,
            searchable: inner.matrix.len() as u64,
            forgotten: count("forgotten")?,
        })
    }

    fn place(&self, _pass: &Pass<'_>, id: EntryId) -> Result<(i64, i64)> {
        self.lock()
            .db
            .query_row(
                "SELECT created_ms, n FROM entry WHERE id = ?1",
                [id.0],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(|source| self.sql(source))?
            .ok_or(GreenError::Unknown(id))
    }

    /// Every entry that a query of [`COLUMNS`] gives.
    pub(super) fn entries(
        &self,
        db: &Connection,
        query: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<Entry>> {
        let sql = |source| self.sql(source);
        let mut query = db.prepare_cached(query).map_err(sql)?;
        let mut rows = query.query(params).map_err(sql)?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next().map_err(sql)? {
            entries.push(self.read(row)?.1);
        }
        Ok(entries)
    }

    /// A row of [`COLUMNS`].
    pub(super) fn read(&self, row: &Row<'_>) -> Result<(i64, Entry)> {
        let sql = |source| self.sql(source);
        let id = EntryId(row.get(1).map_err(sql)?);
        let malformed = |column| GreenError::Malformed {
            path: self.path.clone(),
            id,
            column,
        };
        let text = |at| row.get::<_, String>(at).map_err(sql);
        let conversation: Option<String> = row.get(5).map_err(sql)?;
        let conversation = conversation
            .map(|text| text.parse().map_err(|_| malformed("conversation")))
            .transpose()?;
        let entry = Entry {
            id,
            soul: text(2)?.parse().map_err(|_| malformed("soul"))?,
            kind: Kind::named(&text(3)?).ok_or_else(|| malformed("kind"))?,
            text: text(4)?.into(),
            source: Source {
                conversation,
                description: text(6)?.into(),
            },
            created_ms: row.get::<_, i64>(7).map_err(sql)?.unsigned_abs(),
            edited_ms: row
                .get::<_, Option<i64>>(8)
                .map_err(sql)?
                .map(i64::unsigned_abs),
            differs_from: row.get::<_, Option<[u8; 16]>>(9).map_err(sql)?.map(EntryId),
            receipt: serde_json::from_str(&text(10)?).map_err(|_| malformed("receipt"))?,
        };
        Ok((row.get(0).map_err(sql)?, entry))
    }

    /// Empties the log, if anything that was deleted may still be in it.
    pub(super) fn scrub(&self, inner: &mut Inner) -> Result<()> {
        if inner.scrub_pending {
            sqlite::scrub(&inner.db, &self.path)?;
            inner.scrub_pending = false;
        }
        Ok(())
    }

    pub(super) fn begin<'db>(&self, db: &'db mut Connection) -> Result<Transaction<'db>> {
        db.transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|source| self.sql(source))
    }

    pub(super) fn sql(&self, source: rusqlite::Error) -> GreenError {
        SqliteError::sql(&self.path, source).into()
    }

    /// A panic while the lock was held rolled its transaction back. What lies in memory is changed after
    /// the commit only, without anything that can fail between.
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
