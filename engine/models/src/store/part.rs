//! What is there of a file that is not whole yet, and what it is the beginning of.
//!
//! Beside `<file>.part` lies `<file>.part.from`: the source, and the entity tag that its bytes came
//! with. Bytes of another source, or of another version, are never continued.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::catalogue::WeightFile;
use super::source::Source;

/// A file's beginning.
pub(super) struct Part {
    path: PathBuf,
    note: PathBuf,
    source: Source,
    /// The tag of what is there now.
    etag: RefCell<Option<String>>,
}

#[derive(Serialize, Deserialize)]
struct From {
    source: String,
    etag: Option<String>,
}

impl Part {
    pub(super) fn of(folder: &Path, file: &WeightFile, source: &Source) -> Self {
        let note = folder.join(format!("{}.part.from", file.name));
        let from = fs::read(&note).unwrap_or_default();
        let from: Option<From> = serde_json::from_slice(&from).ok();
        let etag = from
            .filter(|from| from.source == source.to_string())
            .and_then(|from| from.etag);
        Self {
            path: folder.join(format!("{}.part", file.name)),
            note,
            source: source.clone(),
            etag: RefCell::new(etag),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes can be continued. For a local file that is only a guess, which its hash
    /// confirms; packed bytes cannot be entered in the middle.
    pub(super) fn kept(&self) -> u64 {
        let can_continue = match self.source {
            Source::File(_) => true,
            Source::Hf(_) => self.etag.borrow().is_some(),
            Source::Pip { .. } | Source::Parts(_) => false,
        };
        if can_continue {
            fs::metadata(&self.path).map_or(0, |m| m.len())
        } else {
            0
        }
    }

    /// Whether the source gives the whole file, and not a piece of it.
    pub(super) fn is_whole(&self) -> bool {
        !matches!(self.source, Source::Parts(_))
    }

    /// The tag that the bytes that are there came with.
    pub(super) fn etag(&self) -> Option<String> {
        self.etag.borrow().clone()
    }

    /// Notes with which tag the bytes come from now on.
    pub(super) fn came_with(&self, etag: Option<&str>) {
        self.etag.replace(etag.map(str::to_owned));
        if !self.is_whole() {
            return;
        }
        let from = From {
            source: self.source.to_string(),
            etag: etag.map(str::to_owned),
        };
        // Before the bytes: a note that is not written means that they are fetched again.
        fs::remove_file(&self.note).ok();
        let written = serde_json::to_vec(&from)
            .map_err(io::Error::from)
            .and_then(|text| fs::write(&self.note, text));
        if let Err(error) = written {
            tracing::debug!(%error, "a broken transfer of this file starts anew");
        }
    }

    /// Removes all of it.
    pub(super) fn remove(&self) -> io::Result<()> {
        self.forget();
        fs::remove_file(&self.path)
    }

    /// Removes the note, when the part is whole and has got its name.
    pub(super) fn forget(&self) {
        fs::remove_file(&self.note).ok();
    }
}

/// Removes what is left of other attempts, once the model is whole.
pub(super) fn sweep(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".part") || name.ends_with(".part.from") {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
