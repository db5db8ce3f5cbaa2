//! Why a model could not be loaded or could not go on.

use std::path::PathBuf;

/// A model's failure. None of them ends the process.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A file could not be read.
    #[error("cannot read {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file is not what its name says, or is damaged.
    #[error("{path}: {reason}")]
    Format {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it, in words.
        reason: String,
    },
    /// A weight is missing or has another shape.
    #[error("weight {name}: {reason}")]
    Weight {
        /// The weight's name in the file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The input cannot be worked on.
    #[error("{what}: {reason}")]
    Input {
        /// Which argument.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// More than the language model can take in, whatever else is left out.
    #[error("{tokens} tokens at least, {limit} fit")]
    TooLong {
        /// What has to be taken in takes so many, at least.
        tokens: usize,
        /// What its context has room for, beside an answer.
        limit: usize,
    },
    /// The tensor library failed.
    #[error("tensor operation failed")]
    Tensor(#[from] candle_core::Error),
}
