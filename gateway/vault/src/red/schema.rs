//! The shape of the database.

use rusqlite::{Connection, OptionalExtension as _, Transaction};
use x25519_dalek::PublicKey;

use super::cipher::{Kind, Place, Sealed};
use super::key::{Cost, SALT_BYTES};

/// Marks a SQLite file as a red vault (`PRAGMA application_id`): "JnRd".
pub(super) const APPLICATION_ID: i64 = 0x4a6e_5264;

/// Step n leads from version n to n + 1. Released steps never change.
pub(super) const MIGRATIONS: &[&str] = &[
    // 1: the vault's keys and what its word costs; items; wrong guesses.
    "CREATE TABLE vault (
         one INTEGER PRIMARY KEY CHECK (one = 1),
         id BLOB NOT NULL,
         memory_kib INTEGER NOT NULL,
         passes INTEGER NOT NULL,
         lanes INTEGER NOT NULL,
         salt BLOB NOT NULL,
         public_key BLOB NOT NULL,
         nonce BLOB NOT NULL,
         private_key BLOB NOT NULL,  -- sealed under the word's key
         last_version INTEGER NOT NULL,
         created_ms INTEGER NOT NULL
     ) STRICT;
     CREATE TABLE item (
         version INTEGER PRIMARY KEY,  -- grows with every write; never comes back
         id BLOB NOT NULL,
         kind INTEGER NOT NULL,
         nonce BLOB NOT NULL,
         ciphertext BLOB NOT NULL
     ) STRICT;
     CREATE TABLE guess (
         who BLOB PRIMARY KEY NOT NULL,
         failures INTEGER NOT NULL,
         last_ms INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;",
];

/// What the vault's row says in the clear, and the private key as it is sealed.
#[derive(Clone)]
pub(super) struct Header {
    pub(super) id: [u8; 16],
    pub(super) cost: Cost,
    pub(super) salt: [u8; SALT_BYTES],
    pub(super) public: PublicKey,
    pub(super) private: Sealed,
}

/// An item as it lies there.
pub(super) struct Row {
    pub(super) version: u64,
    pub(super) id: [u8; 16],
    pub(super) kind: Kind,
    pub(super) sealed: Sealed,
}

impl Header {
    /// What the private key is sealed for.
    pub(super) fn place(&self) -> Place<'_> {
        Place::PrivateKey(&self.id, self.cost, &self.salt, &self.public)
    }
}

/// Whether there is a vault, however damaged its row may be.
pub(super) fn exists(db: &Connection) -> rusqlite::Result<bool> {
    let row = db.query_row("SELECT 1 FROM vault", [], |_| Ok(()));
    row.optional().map(|found| found.is_some())
}

/// The vault's row; none if there is none, or if it cannot be one of ours.
pub(super) fn header(db: &Connection) -> rusqlite::Result<Option<Header>> {
    let row = db
        .query_row(
            "SELECT id, memory_kib, passes, lanes, salt, public_key, nonce, private_key FROM vault",
            [],
            |row| {
                let cost = Cost {
                    memory_kib: row.get(1)?,
                    passes: row.get(2)?,
                    lanes: row.get(3)?,
                };
                Ok(Header {
                    id: row.get(0)?,
                    cost,
                    salt: row.get(4)?,
                    public: PublicKey::from(row.get::<_, [u8; 32]>(5)?),
                    private: Sealed {
                        nonce: row.get(6)?,
                        ciphertext: row.get(7)?,
                    },
                })
            },
        )
        .optional();
    match row {
        Ok(header) => Ok(header.filter(|header| header.cost.is_sane())),
        // A number out of range, a key of another length: it was changed.
        Err(
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..),
        ) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the row anew, all but what the items count by.
pub(super) fn set_header(
    tx: &Transaction<'_>,
    header: &Header,
    now_ms: i64,
) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO vault VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9)
         ON CONFLICT (one) DO UPDATE SET memory_kib = ?2, passes = ?3, lanes = ?4, salt = ?5,
             nonce = ?7, private_key = ?8",
        (
            header.id,
            header.cost.memory_kib,
            header.cost.passes,
            header.cost.lanes,
            header.salt,
            header.public.as_bytes(),
            &header.private.nonce,
            &header.private.ciphertext,
            now_ms,
        ),
    )
    .map(drop)
}

/// All items that can be ones of ours, the oldest first, and how many rows cannot.
pub(super) fn rows(db: &Connection) -> rusqlite::Result<(Vec<Row>, usize)> {
    let mut query = db
        .prepare_cached("SELECT version, id, kind, nonce, ciphertext FROM item ORDER BY version")?;
    let rows = query.query_map([], |row| {
        let whole = || {
            Ok::<_, rusqlite::Error>(Row {
                version: row.get::<_, i64>(0)?.unsigned_abs(),
                id: row.get(1)?,
                kind: Kind::from_code(row.get(2)?).ok_or(rusqlite::Error::InvalidQuery)?,
                sealed: Sealed {
                    nonce: row.get(3)?,
                    ciphertext: row.get(4)?,
                },
            })
        };
        Ok(whole().ok())
    })?;
    let (mut whole, mut damaged) = (Vec::new(), 0);
    for row in rows {
        match row? {
            Some(row) => whole.push(row),
            None => damaged += 1,
        }
    }
    Ok((whole, damaged))
}

pub(super) fn count(db: &Connection) -> rusqlite::Result<usize> {
    db.query_row("SELECT count(*) FROM item", [], |row| row.get::<_, i64>(0))
        .map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}

/// The next version; it is used up even if its item is forgotten.
pub(super) fn next_version(tx: &Transaction<'_>) -> rusqlite::Result<u64> {
    let next: i64 = tx.query_row(
        "SELECT max(last_version, coalesce((SELECT max(version) FROM item), 0)) + 1 FROM vault",
        [],
        |row| row.get(0),
    )?;
    tx.execute("UPDATE vault SET last_version = ?1", [next])?;
    Ok(next.unsigned_abs())
}

pub(super) fn set_item(tx: &Transaction<'_>, row: &Row) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO item VALUES (?1, ?2, ?3, ?4, ?5)",
        (
            row.version.cast_signed(),
            row.id,
            row.kind.code(),
            &row.sealed.nonce,
            &row.sealed.ciphertext,
        ),
    )
    .map(drop)
}

pub(super) fn delete_item(tx: &Transaction<'_>, version: u64) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM item WHERE version = ?1",
        [version.cast_signed()],
    )
    .map(drop)
}
