//! The bridge between the two souls: how a conversation goes from one to the other, and back.
//!
//! Decides what may go ([`Survey`], by the operator's leave), how it is written ([`package`]), how it is made
//! ([`Export`]), how it is taken in ([`Import`]), how two histories become one ([`reconcile`]), and what two
//! souls say to each other about it ([`link`]). Knows no socket and no clock.
//!
//! What holds at any moment, also when either process dies:
//! - A conversation lives in one soul at most. The source gives it up in the transaction that ends the
//!   package, the target takes it in in the transaction that merges it, and what the target was not given
//!   by then, it never is.
//! - Before that transaction nothing is changed in the target.
//! - A package counts once, however often it comes.
//! - Blue never goes; of Red, names alone, with the safe word.

mod error;
mod export;
mod foreign;
mod import;
mod keeping;
pub mod link;
pub mod package;
mod receipts;
pub mod reconcile;
mod side;
mod survey;
#[cfg(test)]
pub(crate) mod testing;
mod vaults;

pub use error::BridgeError;
pub use export::{Concluded, Export, Leave, Packed, Released, drop_unconcluded};
pub use foreign::{Admitted, admit};
pub use import::{
    Begun, Committed, Fate, Import, MOST_CHUNKS, Outcome, Step, Trust, call_off, expire,
};
pub use keeping::{Kept, Vector};
pub(crate) use package::CHUNK_BYTES;
pub use package::{
    Chunk, Conclusion, Counts, Header, PackageError, PackageId, Party, Section, Tally, VERSION,
    is_of,
};
pub use side::Side;
pub use survey::{Survey, Wish};
pub use vaults::{Inserted, RedStub, Summary, Vaults, VaultsError};

#[cfg(test)]
mod kill_test;
