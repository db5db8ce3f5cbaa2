//! What can go wrong with the store, and what the operator can do about it.

use std::path::{Path, PathBuf};

use super::ConversationId;
use crate::sqlite::SqliteError;

/// A failed call. Ends that call only; at [`super::Conversations::open`] it ends the process.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConversationError {
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
    /// The file is not a database of ours, or is damaged.
    #[error(
        "{} is damaged or not a conversation database; move it away to start with an empty one",
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
    /// There is a database but no key for it.
    #[error(
        "{} is missing but {} needs it; restore it, or move the database away to start with an \
         empty one",
        key.display(),
        database.display()
    )]
    KeyMissing {
        /// The key file.
        key: PathBuf,
        /// The database.
        database: PathBuf,
    },
    /// The key file is not 32 bytes long.
    #[error(
        "{} has {found} bytes instead of 32; restore it, or move it and the database away",
        path.display()
    )]
    KeyLength {
        /// The key file.
        path: PathBuf,
        /// Its length.
        found: u64,
    },
    /// Others could read the key file.
    #[error("{} has mode {mode:o}, others could read it; run chmod 600 on it", path.display())]
    KeyMode {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key file belongs to another database.
    #[error(
        "{} does not open {}; restore the key file that was made with it, or move both away",
        key.display(),
        database.display()
    )]
    WrongKey {
        /// The key file.
        key: PathBuf,
        /// The database.
        database: PathBuf,
    },
    /// There is no such conversation (any more).
    #[error("conversation {0:?} is not known; it has ended or never began")]
    Unknown(ConversationId),
    /// The conversation was given to the other soul.
    #[error("conversation {0:?} lives in the other soul; transfer it back to go on with it here")]
    Elsewhere(ConversationId),
    /// A package under way does not match its seal, or has no key any more.
    #[error("a package under way was changed on disk, or is over; transfer again")]
    SealedParcel,
    /// A stored text does not match its seal.
    #[error("message {seq} of conversation {id:?} was changed on disk; end the conversation")]
    Sealed {
        /// The conversation.
        id: ConversationId,
        /// The message, from 1; 0: the conversation's key.
        seq: u64,
    },
    /// A stored call does not match its seal.
    #[error("call {seq} of conversation {id:?} was changed on disk; end the conversation")]
    SealedCall {
        /// The conversation.
        id: ConversationId,
        /// The call, from 1.
        seq: u64,
    },
    /// A stored push token does not match its seal.
    #[error("the push token of conversation {id:?} was changed on disk")]
    SealedPushToken {
        /// The conversation.
        id: ConversationId,
    },
    /// A conversation has ended, but the log could not be cut; the next `expire` tries again.
    #[error("the log of {} could not be emptied yet", path.display())]
    NotScrubbed {
        /// The database.
        path: PathBuf,
    },
    /// The operating system gives no random numbers.
    #[error("no random numbers from the operating system: {0}")]
    Random(getrandom::Error),
    /// SQLite failed in another way (a full disk, for example).
    #[error("{}: {source}", path.display())]
    Sql {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

impl ConversationError {
    /// Sorts what SQLite says into what an operator can do.
    pub(super) fn sql(path: &Path, source: rusqlite::Error) -> Self {
        SqliteError::sql(path, source).into()
    }

    pub(super) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

impl From<SqliteError> for ConversationError {
    fn from(error: SqliteError) -> Self {
        match error {
            SqliteError::Io { path, source } => Self::Io { path, source },
            SqliteError::InUse { path } => Self::InUse { path },
            SqliteError::Damaged { path, source } => Self::Damaged { path, source },
            SqliteError::TooNew { path, found, known } => Self::TooNew { path, found, known },
            SqliteError::NotScrubbed { path } => Self::NotScrubbed { path },
            SqliteError::Sql { path, source } => Self::Sql { path, source },
        }
    }
}
