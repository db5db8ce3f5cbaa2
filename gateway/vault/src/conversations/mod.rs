//! Conversations at rest: encrypted while they live, unreadable when they end.
//!
//! One SQLite file holds every conversation that a client may come back to. Each message is sealed
//! (XChaCha20-Poly1305) under a random key of its conversation; the sealed form is bound to the
//! conversation, its place and its speaker, so nothing can be moved or swapped unnoticed. The
//! conversation's key lies in the same file, sealed under the machine key: 32 random bytes in a
//! file of mode 0600 beside it, made once. Both are needed to read anything.
//!
//! **When a conversation ends**, its key row and its messages are deleted with `secure_delete`
//! (SQLite overwrites them with zeros), the write-ahead log is copied back and cut to nothing, and
//! only then `end` returns. From then on no file holds the key or a word.
//!
//! **Durability.** WAL with `synchronous=FULL`: when `append` returns, the message is on disk, be
//! it a kill −9 or a power cut that follows. A few syncs per turn are no cost beside a language
//! model; `NORMAL` would survive the kill alone.
//!
//! **What this protects against**: a stolen or copied database without its key file; a backup of
//! the database alone; anybody who reads the disk after the end of a conversation; swapped,
//! truncated or edited rows. **What it does not**: somebody who runs as the same user now; a backup
//! or a file system snapshot that holds both files from a time when the conversation lived; blocks
//! that a solid-state disk keeps after a file was overwritten. Visible without a key: how many
//! conversations there are, when, how long the messages are, whose turn it was, and how many calls.
//!
//! **Calls** of a conversation are sealed like its messages, under the same key, and end with it.
//!
//! **Push tokens**, by which a phone is rung that is not connected, are sealed under the machine key and
//! outlive their conversation; they go with the device, without a trace.
//!
//! **Whose it is.** Each conversation has an owner (`owner`): who comes with its id and is somebody else is
//! told what one is told who comes with an id of nothing.
//!
//! **Two souls.** Between souls a conversation goes by a uuid of its own, because its id lets clients in. It
//! lives in one soul at most; in the other one it can be read and nothing is said in it. Packages
//! under way lie here, sealed under a key that is destroyed with them.
//!
//! The database is locked by its one process: a reader beside it could keep the log from being
//! cut. Time is always an argument, in milliseconds since 1970.

mod calls;
mod cipher;
mod ending;
mod error;
mod graft;
mod id;
mod key_file;
mod owner;
mod parcels;
mod push_tokens;
mod schema;
mod standing;
mod store;
mod uuid;

pub use calls::MOST_CALLS;
pub use error::ConversationError;
pub use graft::Said;
pub use id::ConversationId;
pub use owner::Owner;
pub(crate) use parcels::{GivenUp, Parcel, State};
pub use push_tokens::{MOST_PUSH_TOKENS, PushToken};
pub use standing::Standing;
pub use store::{Config, Conversations, Counts, Role, Stored};
pub use uuid::{ConversationUuid, NotAUuid};
