//! What the store refuses, and what a person can do about it.

use std::io;
use std::path::{Path, PathBuf};

use super::condition::Condition;
use super::hub::HubError;

/// The store could not make a model ready. Ends what wanted the model, nothing else.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No such model in the catalogue.
    #[error("no model is called {name:?}; there are {known}")]
    UnknownModel {
        /// What was asked for.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// A file of the store cannot be read or written.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file is not sound, and no source gave a sound one.
    #[error(transparent)]
    Refused(Box<Refused>),
    /// The disk has no room for what is to be fetched. Nothing was fetched.
    #[error(
        "{what} needs {} of room in {}, where {} are free: {} are missing",
        megabytes(*needed),
        folder.display(),
        megabytes(*free),
        megabytes(needed.saturating_sub(*free))
    )]
    NoRoom {
        /// One model, or several.
        what: String,
        /// Bytes that are needed, packages under way and a margin included.
        needed: u64,
        /// Bytes that are free.
        free: u64,
        /// The store.
        folder: PathBuf,
    },
    /// A model that is to be removed is in use.
    #[error("{model} is used by {by}; end that first")]
    InUse {
        /// Which model.
        model: String,
        /// Which processes.
        by: String,
    },
    /// A file or folder that is to be taken into the store holds nothing of the model.
    #[error("{} is nothing of model {model}: {reason}", path.display())]
    NotPartOf {
        /// What was given.
        path: PathBuf,
        /// Which model.
        model: String,
        /// What is missing or different.
        reason: String,
    },
}

impl StoreError {
    /// Whether a file cannot be written because nothing can be written there.
    pub(super) fn is_read_only(&self) -> bool {
        let denied = [
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::ReadOnlyFilesystem,
        ];
        matches!(self, Self::Io { source, .. } if denied.contains(&source.kind()))
    }
}

/// As people read sizes.
fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// Ties a system's error to what was done with which file.
pub(super) fn io_error(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> StoreError + use<> {
    let path = path.to_path_buf();
    move |source| StoreError::Io {
        action,
        path,
        source,
    }
}

/// A file that no source gave.
#[derive(Debug, thiserror::Error)]
#[error(
    "model {model}: file {file} is {condition}{}\nBy hand: put it at {} ({bytes} bytes, SHA-256 {sha256}) \
     and run `janet models verify {model}`, or `janet models pull {model} --from FILE`",
    told(attempts),
    path.display()
)]
pub struct Refused {
    /// Which model.
    pub model: String,
    /// Which file.
    pub file: String,
    /// Where it belongs.
    pub path: PathBuf,
    /// Its size by the catalogue.
    pub bytes: u64,
    /// Its hash by the catalogue.
    pub sha256: String,
    /// What is there now.
    pub condition: Condition,
    /// What each source gave.
    pub attempts: Vec<Attempt>,
}

/// One source that was tried in vain.
#[derive(Debug)]
pub struct Attempt {
    /// The source as it is written in the catalogue.
    pub source: String,
    /// Why it did not do.
    pub error: FetchError,
}

fn told(attempts: &[Attempt]) -> String {
    attempts
        .iter()
        .map(|a| format!("\n  {}: {}", a.source, a.error))
        .collect()
}

/// Why a source gave no sound file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// There is no pip client.
    #[error(
        "no pip client was found (tried {tried}); install one, or run\n    {command}\n  on a machine \
         that has one, bring the folder here, and pull again"
    )]
    NoPip {
        /// What was tried.
        tried: String,
        /// What to run by hand.
        command: String,
    },
    /// The pip client failed.
    #[error("{command} failed ({status}): {said}")]
    PipFailed {
        /// What was run.
        command: String,
        /// How it ended.
        status: String,
        /// The end of what it wrote.
        said: String,
    },
    /// The pip client took too long and was stopped.
    #[error("{command} was stopped after {seconds} s; run it by hand and pull again")]
    PipTimedOut {
        /// What was run.
        command: String,
        /// The time it was given.
        seconds: u64,
    },
    /// The package is no wheel that can be read.
    #[error("wheel {path} cannot be read: {reason}")]
    Wheel {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Nothing is fetched from the network in this process.
    #[error("not asked: offline ({0})")]
    Offline(String),
    /// This program cannot fetch from a hub.
    #[error("not asked: this janet was built without the feature `hf`")]
    NoHub,
    /// The hub gave nothing.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// The disk is full, or writing is limited. What was written of `file` is kept for the next try
    /// unless that has to start anew.
    #[error(
        "there was no room to write {path} beyond {written} of {expected} bytes ({source}); \
         `janet models rm MODEL` removes what is not needed, then pull again"
    )]
    Full {
        /// Which file.
        path: PathBuf,
        /// Bytes of it that are there.
        written: u64,
        /// Its size.
        expected: u64,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The wrong number of bytes.
    #[error("gave {found} bytes and not {expected}; nothing of it was kept")]
    Size {
        /// What the catalogue says.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// Other bytes than the catalogue says.
    #[error(
        "gave SHA-256 {found} and not {expected}; nothing of it was kept. The source holds another \
         version than the catalogue means: take the file from elsewhere, or correct the catalogue if \
         you trust this one"
    )]
    Hash {
        /// What the catalogue says.
        expected: String,
        /// What came.
        found: String,
    },
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl FetchError {
    /// Ties a system's error to the file it speaks of.
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        |source| Self::Io { path, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_be_written_is_read_only() {
        for (kind, expected) in [
            (io::ErrorKind::PermissionDenied, true),
            (io::ErrorKind::ReadOnlyFilesystem, true),
            (io::ErrorKind::StorageFull, false),
            (io::ErrorKind::NotFound, false),
        ] {
            let error = io_error("open", Path::new(".lock"))(kind.into());
            assert_eq!(error.is_read_only(), expected, "{kind:?}");
        }
    }
}
