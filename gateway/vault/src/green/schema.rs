//! The shape of the database and how it grows.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::sqlite::{self, SqliteError};

/// Marks a SQLite file as ours (`PRAGMA application_id`): "JnGr".
const APPLICATION_ID: i64 = 0x4a6e_4772;

/// Statements that stay prepared: all that there are.
const STATEMENTS: usize = 48;

/// Step n leads from version n to n + 1. Released steps never change.
const MIGRATIONS: &[&str] = &[
    // 1: entries, their vectors, the index of their words, what was forgotten, the count of changes.
    //
    // The word index is given words that are cut and folded already (`words`), so `ascii` only splits at the
    // spaces; it holds no text of its own, and `secure-delete` makes it forget at once what is deleted.
    "CREATE TABLE entry (
         n INTEGER PRIMARY KEY NOT NULL,
         id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
         soul TEXT NOT NULL,
         kind TEXT NOT NULL,
         text TEXT NOT NULL,
         text_hash INTEGER NOT NULL,
         conversation TEXT,
         description TEXT NOT NULL,
         created_ms INTEGER NOT NULL,
         edited_ms INTEGER,
         differs_from BLOB,
         receipt TEXT NOT NULL,
         changed INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX entry_by_time ON entry (created_ms, n);
     CREATE INDEX entry_by_hash ON entry (text_hash);
     CREATE INDEX entry_by_change ON entry (changed);
     CREATE INDEX entry_by_conversation ON entry (conversation) WHERE conversation IS NOT NULL;
     CREATE TABLE vector (
         n INTEGER PRIMARY KEY NOT NULL REFERENCES entry (n) ON DELETE CASCADE,
         space TEXT NOT NULL,
         value BLOB NOT NULL
     ) STRICT;
     CREATE TABLE forgotten (
         id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
         receipt BLOB NOT NULL REFERENCES forgetting (id)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE forgetting (
         id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
         receipt TEXT NOT NULL,
         entries INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE change (
         one INTEGER PRIMARY KEY CHECK (one = 1),
         last INTEGER NOT NULL
     ) STRICT;
     INSERT INTO change VALUES (1, 0);
     CREATE VIRTUAL TABLE entry_words USING fts5 (text, content = '', tokenize = 'ascii');
     INSERT INTO entry_words (entry_words, rank) VALUES ('secure-delete', 1);",
];

/// Opens the file, takes its lock, checks it whole, and brings it to our version.
pub(super) fn open(path: &Path, busy: Duration, now_ms: u64) -> Result<Connection, SqliteError> {
    let now_ms = sqlite::signed(now_ms);
    let db = sqlite::open(path, APPLICATION_ID, busy, MIGRATIONS, now_ms)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    db.execute_batch(
        "CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab ('main', 'entry_words', 'row');
         PRAGMA cache_size = -16384;  -- KiB: the upper pages of a hundred thousand entries",
    )
    .map_err(|source| SqliteError::sql(path, source))?;
    Ok(db)
}
