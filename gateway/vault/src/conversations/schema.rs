//! The shape of the database and how it grows.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::ConversationError;

/// Marks a SQLite file as ours (`PRAGMA application_id`): "JnCv".
const APPLICATION_ID: i64 = 0x4a6e_4376;

/// Step n leads from version n to n + 1. Released steps never change.
pub(super) const MIGRATIONS: &[&str] = &[
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
    migrations: &[&str],
    now_ms: i64,
) -> Result<Connection, ConversationError> {
    let sql = |source| ConversationError::sql(path, source);
    create_private(path)?;
    let mut db = Connection::open(path).map_err(sql)?;
    db.busy_timeout(busy).map_err(sql)?;
    configure(&db).map_err(sql)?;
    let health: String = db
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(sql)?;
    if health != "ok" {
        return Err(ConversationError::Damaged {
            path: path.into(),
            source: None,
        });
    }
    migrate(&mut db, path, migrations, now_ms)?;
    Ok(db)
}

/// SQLite gives its log the mode of the database file, so the file is made first, for us alone.
fn create_private(path: &Path) -> Result<(), ConversationError> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|source| ConversationError::io(path, source))
}

fn configure(db: &Connection) -> rusqlite::Result<()> {
    // Exclusive before WAL: the index of the log then lives in our memory, not in a shared file.
    for (pragma, value) in [
        ("locking_mode", "EXCLUSIVE"),
        ("journal_mode", "WAL"),
        ("synchronous", "FULL"),
        ("secure_delete", "ON"),
        ("foreign_keys", "ON"),
        ("temp_store", "MEMORY"),
        ("trusted_schema", "OFF"),
        ("cell_size_check", "ON"),
    ] {
        db.pragma_update(None, pragma, value)?;
    }
    Ok(())
}

fn migrate(
    db: &mut Connection,
    path: &Path,
    migrations: &[&str],
    now_ms: i64,
) -> Result<(), ConversationError> {
    let sql = |source| ConversationError::sql(path, source);
    let known = i64::try_from(migrations.len()).expect("there are a few migrations");
    let number = |db: &Connection, pragma: &str| {
        db.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0))
            .map_err(sql)
    };
    let found = number(db, "user_version")?;
    let tables: i64 = db
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(sql)?;
    let ours = number(db, "application_id")? == APPLICATION_ID;
    if found < 0 || (!ours && (tables > 0 || found > 0)) {
        return Err(ConversationError::Damaged {
            path: path.into(),
            source: None,
        });
    }
    if found > known {
        return Err(ConversationError::TooNew {
            path: path.into(),
            found,
            known,
        });
    }
    for version in found..known {
        let step = migrations[usize::try_from(version).expect("found is not negative")];
        let tx = db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sql)?;
        tx.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS migration (
                 version INTEGER PRIMARY KEY, applied_ms INTEGER NOT NULL) STRICT;
             {step}
             PRAGMA application_id = {APPLICATION_ID};
             PRAGMA user_version = {};",
            version + 1
        ))
        .map_err(sql)?;
        tx.execute(
            "INSERT INTO migration VALUES (?1, ?2)",
            (version + 1, now_ms),
        )
        .map_err(sql)?;
        tx.commit().map_err(sql)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::ZERO;

    #[test]
    fn an_old_database_grows_and_keeps_its_rows() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.db");
        let steps = [
            "CREATE TABLE a (x INTEGER);",
            "ALTER TABLE a ADD COLUMN y INTEGER;",
        ];
        {
            let db = open(&path, WAIT, &steps[..1], 10).expect("version 1");
            db.execute("INSERT INTO a VALUES (5)", []).expect("a row");
        }
        let db = open(&path, WAIT, &steps, 20).expect("version 2");
        let row: (i64, Option<i64>) = db
            .query_row("SELECT x, y FROM a", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .expect("the row");
        assert_eq!(row, (5, None));
        let applied: Vec<(i64, i64)> = db
            .prepare("SELECT version, applied_ms FROM migration ORDER BY version")
            .expect("a table")
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("rows")
            .collect::<Result<_, _>>()
            .expect("numbers");
        assert_eq!(applied, [(1, 10), (2, 20)]);
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.db");
        let broken = [
            "CREATE TABLE a (x INTEGER);",
            "CREATE TABLE b (x); SELECT nonsense;",
        ];
        assert!(open(&path, WAIT, &broken, 10).is_err());
        let db = open(&path, WAIT, &broken[..1], 10).expect("version 1 stands");
        let tables: i64 = db
            .query_row(
                "SELECT count(*) FROM sqlite_schema WHERE name = 'b'",
                [],
                |r| r.get(0),
            )
            .expect("a count");
        assert_eq!(tables, 0);
    }

    #[test]
    fn a_newer_database_and_a_foreign_one_are_refused_and_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.db");
        let steps = ["CREATE TABLE a (x INTEGER);", "CREATE TABLE b (x INTEGER);"];
        drop(open(&path, WAIT, &steps, 10).expect("version 2"));
        let error = open(&path, WAIT, &steps[..1], 10).expect_err("too new");
        assert!(
            matches!(
                error,
                ConversationError::TooNew {
                    found: 2,
                    known: 1,
                    ..
                }
            ),
            "{error}"
        );

        let foreign = folder.path().join("b.db");
        Connection::open(&foreign)
            .and_then(|db| db.execute_batch("CREATE TABLE theirs (x); PRAGMA user_version = 1"))
            .expect("a foreign database");
        let error = open(&foreign, WAIT, &steps, 10).expect_err("not ours");
        assert!(error.to_string().contains("b.db"), "{error}");
        let kept: i64 = Connection::open(&foreign)
            .and_then(|db| db.query_row("SELECT count(*) FROM theirs", [], |row| row.get(0)))
            .expect("their table");
        assert_eq!(kept, 0);
    }

    #[test]
    fn the_settings_that_the_promises_rest_on_are_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = open(&folder.path().join("a.db"), WAIT, MIGRATIONS, 10).expect("a database");
        let text = |pragma: &str| {
            db.query_row(&format!("PRAGMA {pragma}"), [], |row| {
                row.get_ref(0).map(|value| match value {
                    rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                    other => other.as_str().unwrap_or("?").to_owned(),
                })
            })
            .expect("a pragma")
        };
        assert_eq!(text("journal_mode"), "wal");
        assert_eq!(text("synchronous"), "2");
        assert_eq!(text("secure_delete"), "1");
        assert_eq!(text("foreign_keys"), "1");
        assert_eq!(text("locking_mode"), "exclusive");
    }
}
