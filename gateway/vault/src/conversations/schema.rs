//! The shape of the database and how it grows.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::ConversationError;
use crate::sqlite;

/// Marks a SQLite file as ours (`PRAGMA application_id`): "JnCv".
const APPLICATION_ID: i64 = 0x4a6e_4376;

/// Step n leads from version n to n + 1. Released steps never change.
const MIGRATIONS: &[&str] = &[
    // 1: conversations, their keys, their messages; the key's proof; the last sign of life.
    "CREATE TABLE conversation (
         id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
         created_ms INTEGER NOT NULL,
         left_ms INTEGER  -- when its last client left; null while one is there
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE conversation_key (
         conversation BLOB PRIMARY KEY NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
         nonce BLOB NOT NULL,
         ciphertext BLOB NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE message (
         conversation BLOB NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
         seq INTEGER NOT NULL,
         role INTEGER NOT NULL,
         nonce BLOB NOT NULL,
         ciphertext BLOB NOT NULL,
         created_ms INTEGER NOT NULL,
         PRIMARY KEY (conversation, seq)
     ) STRICT;
     CREATE TABLE machine_key_check (
         one INTEGER PRIMARY KEY CHECK (one = 1),
         nonce BLOB NOT NULL,
         ciphertext BLOB NOT NULL
     ) STRICT;
     CREATE TABLE sign_of_life (
         one INTEGER PRIMARY KEY CHECK (one = 1),
         at_ms INTEGER NOT NULL
     ) STRICT;",
    // 2: the history of calls.
    "CREATE TABLE call (
         conversation BLOB NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
         seq INTEGER NOT NULL,
         nonce BLOB NOT NULL,
         ciphertext BLOB NOT NULL,
         PRIMARY KEY (conversation, seq)
     ) STRICT;",
    // 3: by what clients are rung that are not connected. No reference: it outlives the conversation.
    "CREATE TABLE push_token (
         conversation BLOB PRIMARY KEY NOT NULL CHECK (length(conversation) = 16),
         device TEXT,  -- the paired device; null: one that came from this machine
         set_ms INTEGER NOT NULL,
         nonce BLOB NOT NULL,
         ciphertext BLOB NOT NULL
     ) STRICT, WITHOUT ROWID;",
];

/// Opens the file, takes its lock, checks it whole, and brings it to our version.
pub(super) fn open(
    path: &Path,
    busy: Duration,
    now_ms: i64,
) -> Result<Connection, ConversationError> {
    Ok(sqlite::open(
        path,
        APPLICATION_ID,
        busy,
        MIGRATIONS,
        now_ms,
    )?)
}
