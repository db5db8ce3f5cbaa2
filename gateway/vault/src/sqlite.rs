//! What every database of the vaults has in common: how it is opened, how it grows, how its log is cut.
//!
//! One process holds a database, exclusively: a reader beside it could keep the log from being cut. What is
//! deleted is overwritten (`secure_delete`), what is committed is on the disk (`synchronous=FULL`), and a
//! file that a newer janet or somebody else has written is refused and left alone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

/// What can go wrong with a database, and what the operator can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// A file or folder could not be made or read.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process has the database.
    #[error("{} is in use by another process; is janet running already?", path.display())]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// The file is not a database of this kind, or is damaged.
    #[error(
        "{} is damaged or not a database of its kind; move it away to start with an empty one",
        path.display()
    )]
    Damaged {
        /// The database; left as it is.
        path: PathBuf,
        /// What SQLite said.
        source: Option<rusqlite::Error>,
    },
    /// A newer janet has written the database.
    #[error(
        "{} has schema version {found}, this janet knows {known}; use a newer one, or move the \
         file away",
        path.display()
    )]
    TooNew {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Something was deleted, but the log that may still hold it could not be cut.
    #[error("the log of {} could not be emptied yet", path.display())]
    NotScrubbed {
        /// The database.
        path: PathBuf,
    },
    /// SQLite failed in another way (a full disk, for example).
    #[error("{}: {source}", path.display())]
    Sql {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

impl SqliteError {
    /// Sorts what SQLite says into what an operator can do.
    pub(crate) fn sql(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Damaged {
                path,
                source: Some(source),
            },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse { path },
            _ => Self::Sql { path, source },
        }
    }

    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

/// Opens the file, takes its lock, checks it whole, and brings it to our version.
///
/// `application_id` marks the file as this kind of database (`PRAGMA application_id`); step n of `migrations`
/// leads from version n to n + 1, and released steps never change.
pub(crate) fn open(
    path: &Path,
    application_id: i64,
    busy: Duration,
    migrations: &[&str],
    now_ms: i64,
) -> Result<Connection, SqliteError> {
    let sql = |source| SqliteError::sql(path, source);
    create_private(path)?;
    let mut db = Connection::open(path).map_err(sql)?;
    db.busy_timeout(busy).map_err(sql)?;
    configure(&db).map_err(sql)?;
    let health: String = db
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(sql)?;
    if health != "ok" {
        return Err(SqliteError::Damaged {
            path: path.into(),
            source: None,
        });
    }
    migrate(&mut db, path, application_id, migrations, now_ms)?;
    Ok(db)
}

/// SQLite gives its log the mode of the database file, so the file is made first, for us alone.
fn create_private(path: &Path) -> Result<(), SqliteError> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|source| SqliteError::io(path, source))
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
    application_id: i64,
    migrations: &[&str],
    now_ms: i64,
) -> Result<(), SqliteError> {
    let sql = |source| SqliteError::sql(path, source);
    let known = i64::try_from(migrations.len()).expect("there are a few migrations");
    let number = |db: &Connection, pragma: &str| {
        db.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0))
            .map_err(sql)
    };
    let found = number(db, "user_version")?;
    let tables: i64 = db
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(sql)?;
    let ours = number(db, "application_id")? == application_id;
    if found < 0 || (!ours && (tables > 0 || found > 0)) {
        return Err(SqliteError::Damaged {
            path: path.into(),
            source: None,
        });
    }
    if found > known {
        return Err(SqliteError::TooNew {
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
             PRAGMA application_id = {application_id};
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

/// Copies the write-ahead log into the database and cuts it to nothing: what was deleted is in no file then.
pub(crate) fn scrub(db: &Connection, path: &Path) -> Result<(), SqliteError> {
    let busy: i64 = db
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(|source| SqliteError::sql(path, source))?;
    if busy != 0 {
        return Err(SqliteError::NotScrubbed { path: path.into() });
    }
    Ok(())
}

/// Makes the folder of the databases, for us alone.
pub(crate) fn create_folder(folder: &Path) -> Result<(), SqliteError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|source| SqliteError::io(folder, source))
}

/// SQLite's integers are signed.
pub(crate) fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::ZERO;
    const OURS: i64 = 0x4a6e_4376;

    #[test]
    fn an_old_database_grows_and_keeps_its_rows() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.db");
        let steps = [
            "CREATE TABLE a (x INTEGER);",
            "ALTER TABLE a ADD COLUMN y INTEGER;",
        ];
        {
            let db = open(&path, OURS, WAIT, &steps[..1], 10).expect("version 1");
            db.execute("INSERT INTO a VALUES (5)", []).expect("a row");
        }
        let db = open(&path, OURS, WAIT, &steps, 20).expect("version 2");
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
        assert!(open(&path, OURS, WAIT, &broken, 10).is_err());
        let db = open(&path, OURS, WAIT, &broken[..1], 10).expect("version 1 stands");
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
        drop(open(&path, OURS, WAIT, &steps, 10).expect("version 2"));
        let error = open(&path, OURS, WAIT, &steps[..1], 10).expect_err("too new");
        assert!(
            matches!(
                error,
                SqliteError::TooNew {
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
        let error = open(&foreign, OURS, WAIT, &steps, 10).expect_err("not ours");
        assert!(error.to_string().contains("b.db"), "{error}");
        let kept: i64 = Connection::open(&foreign)
            .and_then(|db| db.query_row("SELECT count(*) FROM theirs", [], |row| row.get(0)))
            .expect("their table");
        assert_eq!(kept, 0);
    }

    #[test]
    fn the_settings_that_the_promises_rest_on_are_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = open(&folder.path().join("a.db"), OURS, WAIT, &[], 10).expect("a database");
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
