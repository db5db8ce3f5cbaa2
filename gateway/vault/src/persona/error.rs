//! What can be wrong with a persona, said so that it can be put right, and without repeating a text.

use std::path::PathBuf;

/// Why a persona cannot be used, read or kept.
#[derive(Debug, thiserror::Error)]
pub enum PersonaError {
    /// A field that is not as it must be.
    #[error("`{field}` must be {wanted}, found {found}")]
    Field {
        /// Which, as the file calls it.
        field: String,
        /// What it must be.
        wanted: String,
        /// What stands there, told without its text.
        found: String,
    },
    /// A key that no persona has.
    #[error("unknown key `{key}`; there are {known}")]
    UnknownKey {
        /// Which.
        key: String,
        /// Those that exist.
        known: String,
    },
    /// No TOML, or no JSON.
    #[error("not valid {kind}: line {line}, column {column}")]
    Syntax {
        /// Which of both.
        kind: &'static str,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// Nothing that a persona can be read from.
    #[error("no persona in this file: {0}")]
    Kind(String),
    /// A PNG that is damaged.
    #[error("a damaged PNG: {0}")]
    Png(String),
    /// Too much of something.
    #[error("{what} is too large: {found}, at most {most}")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// How much there is.
        found: usize,
        /// How much may be.
        most: usize,
    },
    /// The file cannot be read or written.
    #[error("the persona file {} cannot be used: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is there, and something is wrong with it.
    #[error("the persona file {}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What.
        source: Box<Self>,
    },
    /// There is one of that id.
    #[error(
        "there is a persona `{id}` already; --replace puts this one in its place, --as ID keeps both"
    )]
    Exists {
        /// Its id.
        id: String,
    },
    /// One of those that are built in.
    #[error("`{id}` is built in and stays as it is; give this one another id with --as")]
    BuiltIn {
        /// Its id.
        id: String,
    },
    /// None of that id.
    #[error("there is no persona `{id}`; there are {known}")]
    Unknown {
        /// What was asked for.
        id: String,
        /// Those that exist.
        known: String,
    },
}

impl PersonaError {
    /// A field that is not as it must be.
    pub(super) fn field(field: &str, wanted: &str, found: impl Into<String>) -> Self {
        Self::Field {
            field: field.to_owned(),
            wanted: wanted.to_owned(),
            found: found.into(),
        }
    }
}
