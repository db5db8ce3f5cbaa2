//! Remembers what checked files were found to be, so that start-up need not hash hundreds of
//! megabytes, and so that a damaged file stays known as one.
//!
//! A stamp holds only while size and modification time are what they were. It guards against
//! accidents, not against somebody who forges times; `janet models verify` hashes everything.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

const FILE: &str = ".stamps.json";

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    bytes: u64,
    modified_ns: u64,
    sha256: String,
}

/// The stamps of one model's folder.
#[derive(Debug, Default)]
pub(super) struct Stamps(BTreeMap<String, Stamp>);

impl Stamps {
    /// Reads a folder's stamps; none or unreadable ones only mean that files are hashed again.
    pub(super) fn read(folder: &Path) -> Self {
        let text = fs::read(folder.join(FILE)).unwrap_or_default();
        Self(serde_json::from_slice(&text).unwrap_or_default())
    }

    /// The hash that `name` was found to have, if it has been hashed since it was changed.
    pub(super) fn found(&self, name: &str, metadata: &Metadata) -> Option<&str> {
        let stamp = self.0.get(name)?;
        let holds = *stamp == stamp_of(metadata, &stamp.sha256);
        holds.then_some(&stamp.sha256)
    }

    /// Notes that `name` was found to have this hash, and keeps that on disk.
    pub(super) fn put(&mut self, folder: &Path, name: &str, sha256: &str) -> io::Result<()> {
        let stamp = stamp_of(&fs::metadata(folder.join(name))?, sha256);
        self.0.insert(name.to_owned(), stamp);
        self.write(folder)
    }

    /// Forgets what was noted about `name`.
    pub(super) fn remove(&mut self, folder: &Path, name: &str) -> io::Result<()> {
        match self.0.remove(name) {
            Some(_) => self.write(folder),
            None => Ok(()),
        }
    }

    fn write(&self, folder: &Path) -> io::Result<()> {
        let part = folder.join(format!("{FILE}.part"));
        fs::write(&part, serde_json::to_vec_pretty(&self.0)?)?;
        fs::rename(part, folder.join(FILE))
    }
}

fn stamp_of(metadata: &Metadata, sha256: &str) -> Stamp {
    let modified = metadata
        .modified()
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let modified_ns = modified.map_or(0, |since| since.as_nanos() as u64);
    Stamp {
        bytes: metadata.len(),
        modified_ns,
        sha256: sha256.to_owned(),
    }
}
