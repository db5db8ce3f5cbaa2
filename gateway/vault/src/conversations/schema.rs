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
    // 4: two souls. What a conversation is called between them (its id is what lets clients in, and stays
    // here), the package by which it was given away, where a message was said, and packages under way.
    "ALTER TABLE conversation ADD COLUMN uuid BLOB;
     ALTER TABLE conversation ADD COLUMN given BLOB;  -- null: it lives here
     UPDATE conversation SET uuid = randomblob(16);
     CREATE UNIQUE INDEX conversation_uuid ON conversation (uuid);
     ALTER TABLE message ADD COLUMN origin INTEGER;  -- the soul that it was said in; null: this one
     CREATE TABLE parcel (
         package BLOB PRIMARY KEY NOT NULL CHECK (length(package) = 16),
         state INTEGER NOT NULL,
         conversation BLOB NOT NULL,
         header BLOB NOT NULL,  -- signed by who sends it; no content
         conclusion BLOB,
         outcome TEXT,
         touched_ms INTEGER NOT NULL,
         nonce BLOB,  -- of its key; null: nothing of it is left to read
         ciphertext BLOB
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE parcel_chunk (
         package BLOB NOT NULL REFERENCES parcel (package) ON DELETE CASCADE,
         number INTEGER NOT NULL,
         nonce BLOB NOT NULL,
         ciphertext BLOB NOT NULL,
         PRIMARY KEY (package, number)
     ) STRICT;",
    // 5: whose a conversation is; null: the operator's, as all of them were; '': a guest's without a key;
    // else the guest's device.
    "ALTER TABLE conversation ADD COLUMN owner TEXT;",
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
