//! What state a file of the store is in.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::catalogue::WeightFile;
use super::digest::{CopyError, Hasher};
use super::progress::Progress;
use super::stamps::Stamps;

/// The state of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// Whole, and its hash was checked (now, or before and it has not changed since).
    Sound,
    /// There, of the right size, not checked yet.
    Unchecked,
    /// Not there.
    Missing,
    /// Truncated, or too long.
    WrongSize {
        /// What the catalogue says.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// Of the right size, but other bytes (found now, or before and it has not changed since).
    WrongHash {
        /// What the catalogue says.
        expected: String,
        /// What is there.
        found: String,
    },
}

impl Condition {
    /// The same without hashes, which no table has room for.
    pub fn in_short(&self) -> String {
        match self {
            Self::WrongHash { .. } => "damaged".to_owned(),
            other => other.to_string(),
        }
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sound => write!(f, "ok"),
            Self::Unchecked => write!(f, "not checked yet"),
            Self::Missing => write!(f, "missing"),
            Self::WrongSize { expected, found } if found < expected => {
                write!(f, "truncated: {found} of {expected} bytes")
            }
            Self::WrongSize { expected, found } => {
                write!(f, "too long: {found} bytes and not {expected}")
            }
            Self::WrongHash { expected, found } => {
                write!(f, "wrong: SHA-256 {found} and not {expected}")
            }
        }
    }
}

/// The state of `file` by its size and its stamp alone.
pub(super) fn glance(folder: &Path, file: &WeightFile, stamps: &Stamps) -> io::Result<Condition> {
    let metadata = match fs::metadata(folder.join(&file.name)) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Condition::Missing),
        Err(e) => return Err(e),
    };
    if metadata.len() != file.bytes {
        return Ok(Condition::WrongSize {
            expected: file.bytes,
            found: metadata.len(),
        });
    }
    Ok(match stamps.found(&file.name, &metadata) {
        None => Condition::Unchecked,
        Some(found) => by_hash(file, found),
    })
}

/// The state of `file` by its bytes.
pub(super) fn hash(
    folder: &Path,
    file: &WeightFile,
    progress: &mut dyn Progress,
) -> io::Result<Condition> {
    let quick = glance(folder, file, &Stamps::default())?;
    if quick != Condition::Unchecked {
        return Ok(quick);
    }
    let mut hasher = Hasher::default();
    progress.begin(&format!("checking {}", file.name), Some(file.bytes));
    let copied = File::open(folder.join(&file.name)).and_then(|mut from| {
        let copied = hasher.copy(&mut from, &mut io::sink(), u64::MAX, progress);
        copied.map_err(CopyError::either)
    });
    progress.end();
    copied?;
    Ok(by_hash(file, &hasher.finish()))
}

/// The state of a file of the right size that has this hash.
fn by_hash(file: &WeightFile, found: &str) -> Condition {
    if found == file.sha256 {
        return Condition::Sound;
    }
    Condition::WrongHash {
        expected: file.sha256.clone(),
        found: found.to_owned(),
    }
}
