//! What can go wrong with Green.

use std::path::PathBuf;

use super::{EmbedError, EntryId};
use crate::desk::ConsentError;
use crate::gate::Class;
use crate::sqlite::SqliteError;

/// A failed call. Ends that call only; at [`super::Green::open`] it ends the process.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GreenError {
    /// The database cannot be used.
    #[error(transparent)]
    Sqlite(#[from] SqliteError),
    /// The consent is not for this.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// The gate does not let it in here.
    #[error("`{field}` is {}: it is not kept here", class_name(*class))]
    Class {
        /// Which field.
        field: &'static str,
        /// What the gate made of it.
        class: Class,
    },
    /// There is nothing to remember.
    #[error("`text` is empty")]
    Empty,
    /// It is no memory any more but a document.
    #[error("`{field}` has {found} bytes; {most} may be remembered")]
    TooLong {
        /// Which field.
        field: &'static str,
        /// Its length.
        found: usize,
        /// What it may have.
        most: usize,
    },
    /// There is no such entry (any more).
    #[error("memory {0:?} is not known; it was forgotten or never there")]
    Unknown(EntryId),
    /// The vector is of another model, or is none.
    #[error("the vector has {found} usable numbers instead of {expected}")]
    Vector {
        /// Dimensions of the space.
        expected: usize,
        /// What came.
        found: usize,
    },
    /// Two lists that belong together have other lengths.
    #[error("{vectors} vectors came for {texts} texts")]
    Count {
        /// How many texts.
        texts: usize,
        /// How many vectors.
        vectors: usize,
    },
    /// More than one call may write.
    #[error("{found} memories at once; {most} may be")]
    TooMany {
        /// How many came.
        found: usize,
        /// How many may.
        most: usize,
    },
    /// The model gave no vectors.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// A row holds what was never written.
    #[error("{}: memory {id:?} has a malformed `{column}`", path.display())]
    Malformed {
        /// The database.
        path: PathBuf,
        /// Whose row.
        id: EntryId,
        /// Where.
        column: &'static str,
    },
    /// Something was to go and has not.
    #[error("{}: {left} rows are left of what was to be forgotten", path.display())]
    Left {
        /// The database.
        path: PathBuf,
        /// How many.
        left: u64,
    },
    /// What cannot be written down is not done.
    #[error("the audit log cannot be written, so nothing was changed")]
    Unlogged,
    /// The operating system gives no random numbers.
    #[error("no random numbers from the operating system: {0}")]
    Random(getrandom::Error),
}

const fn class_name(class: Class) -> &'static str {
    match class {
        Class::Discard => "nothing to keep",
        Class::Normal => "normal",
        Class::Sensitive => "sensitive",
        Class::Secret => "a secret",
    }
}
