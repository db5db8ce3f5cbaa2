//! Green: what Janet remembers for good, because the operator said so.
//!
//! Holds distilled entries, never a transcript: summaries, facts, notes. Every one carries who allowed it,
//! when, how, and from what it comes. Only what the gate calls normal is taken; every write takes a consent
//! for exactly that write, and every call a [`crate::red_thread::Pass`].
//!
//! **On disk**: one SQLite file, set up as [`crate::sqlite`] says. Entries, their vectors and a word index
//! (FTS5 with `secure-delete`). When `forget` or `edit` returns, no file holds a word, a vector or a hash
//! of what went: rows are overwritten, the word index keeps no separator that was made of a word that is
//! gone, the log is cut. What stays of a forgotten entry is its random id and the receipt of the
//! forgetting, so that no import brings it back.
//!
//! **In memory**: every vector in eight bits, for a search that reads them all, and how many entries hold
//! each word. Both are made anew at every start.
//!
//! **What this does not protect from**: somebody who runs as the same user; a backup or a file system
//! snapshot from before; blocks that a solid-state disk keeps after a file was overwritten. The file is
//! readable without a key: what is in it is what the gate calls normal.
//!
//! Never talks to a model: vectors come ready, and so do the answers that
//! [`distill`] reads. How memories come into a prompt is [`recall`]'s.

mod day;
pub mod distill;
mod embedder;
mod entry;
mod error;
mod exchange;
mod load;
mod matrix;
pub mod recall;
mod reembed;
mod schema;
mod search;
mod store;
pub mod subject;
mod twin;
mod words;
mod write;

pub use embedder::{EmbedError, Embedder, Space};
pub use entry::{Entry, EntryId, Kind, NewEntry, NotAnEntry, Source};
pub use error::GreenError;
pub use exchange::{Exported, Imported, Imports, Which};
pub use reembed::Reembedded;
pub use search::{Hit, MOST_HITS, Parts};
pub use store::{Config, Counts, Green, MOST_LISTED};
pub use write::{MOST_AT_ONCE, Proof};

#[cfg(test)]
#[path = "world_test.rs"]
mod world;

#[cfg(test)]
#[path = "green_test.rs"]
mod tests;

#[cfg(test)]
#[path = "find_test.rs"]
mod find_tests;

#[cfg(test)]
#[path = "real_test.rs"]
mod real_tests;

#[cfg(test)]
#[path = "trace_test.rs"]
mod trace_tests;

#[cfg(test)]
#[path = "pages_test.rs"]
mod pages_tests;

#[cfg(test)]
#[path = "kill_test.rs"]
mod kill_tests;
