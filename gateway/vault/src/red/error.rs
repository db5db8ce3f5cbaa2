//! What can go wrong with the red vault, and what the operator can do about it.

use crate::blue::{BlueError, Zeroed};
use crate::desk::ConsentError;
use crate::sqlite::SqliteError;

/// Too many wrong guesses: the next one has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many wrong safe words; try again in {} s", wait_ms.div_ceil(1000))]
pub struct Delayed {
    /// For how long.
    pub wait_ms: u64,
}

/// A failed call. Ends that call only.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedError {
    /// The one answer to a wrong word, a name that is not there, and a vault that is missing or damaged.
    #[error(
        "this does not open the vault: the safe word or a name is wrong, or the vault is damaged"
    )]
    Refused,
    /// It is not even tried yet.
    #[error(transparent)]
    Delayed(#[from] Delayed),
    /// What was asked for needs the vault unlocked.
    #[error("the vault is locked; unlock it with the safe word first")]
    Locked,
    /// There is no vault yet.
    #[error("there is no vault yet; make one with a safe word first")]
    Absent,
    /// There is one already.
    #[error("there is a vault already; its safe word can be changed")]
    Exists,
    /// The proof that the safe word was right is too old.
    #[error("the safe word was given too long ago; give it again")]
    Stale,
    /// The consent is not for this.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// Its value is with her other soul.
    #[error("only the name of this secret is here; its value is on the machine that it came from")]
    Stub,
    /// A field is longer than it may be.
    #[error("{field} is too long: {limit} bytes are possible")]
    TooLong {
        /// Which.
        field: &'static str,
        /// How long it may be.
        limit: usize,
    },
    /// A field has nothing in it.
    #[error("{field} is empty")]
    Empty {
        /// Which.
        field: &'static str,
    },
    /// The vault is full.
    #[error(
        "the vault holds {limit} secrets already; forget some, or unlock it once to merge them"
    )]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// The vault is as large as an export may be.
    #[error("all secrets together would have more than {limit} bytes; forget some")]
    TooMuch {
        /// How large all may be.
        limit: usize,
    },
    /// An export does not open.
    #[error("this file does not open: the password is wrong, or it is no whole export of a vault")]
    Export,
    /// The pages for unlocked secrets.
    #[error(transparent)]
    Blue(#[from] BlueError),
    /// There is no memory for the derivation of a key.
    #[error("{kib} KiB of memory for checking the safe word cannot be had")]
    Memory {
        /// How much is needed.
        kib: u32,
    },
    /// The operating system gives no random numbers.
    #[error("no random numbers from the operating system: {0}")]
    Random(getrandom::Error),
    /// The database.
    #[error(transparent)]
    Sqlite(#[from] SqliteError),
}

impl From<Zeroed> for RedError {
    fn from(_: Zeroed) -> Self {
        Self::Locked
    }
}
