//! The red vault: secrets at rest, which the safe word alone opens.
//!
//! **Keys.** The safe word becomes a key by Argon2id ([`Cost::DEFAULT`]), which opens the vault's
//! private key (X25519) and nothing else; a new word seals the same private key anew. From the private
//! key comes the key of the items (HKDF). Each item is sealed by XChaCha20-Poly1305, name, tags and value
//! in one, bound to the vault, the item, its version and how it was sealed; nothing can be moved,
//! swapped or brought back under another version. What is put while the vault is locked is sealed to the
//! public key, with a key pair of its own for each item, and becomes like the others when the vault is
//! unlocked next. Of several items with one name the newest stays then.
//!
//! **Unlocking** has three steps, so that whoever calls decides where the slow one runs:
//! [`Red::begin_unlock`] asks whether this device may guess and counts the guess as a wrong one, on the
//! disk; [`Guess::derive`] is the slow step; [`Red::finish_unlock`] copies the chosen items into
//! [`Blue`](crate::blue::Blue). While the vault is unlocked its keys lie there too, and nowhere else: when
//! blue is zeroed, for whatever reason, the vault is locked.
//!
//! **A wrong word, a name that is not there, a vault that is damaged and one that is missing** are one
//! path: one derivation, one look through the items, one error ([`RedError::Refused`]), one guess counted.
//!
//! **What this protects against**: whoever has the file, or a backup of it, and not the word, learns how
//! many items there are, in which order they were put, which were put while it was locked and, to a power
//! of two, how long they are. **What it does not**: whoever can write the file can take items away, put
//! back a whole older file, and seal items of his own to the public key as anybody can; whoever sets
//! the machine's clock forward waits less between guesses; whoever reads this process's memory as an
//! administrator while the vault is unlocked has it.

mod cipher;
mod error;
mod export;
mod guesses;
mod items;
mod key;
mod keys;
mod opening;
mod record;
mod schema;
mod spoken;
mod stubs;
mod unlock;
mod vault;
mod word;

/// Proof that the safe word was right, a moment ago.
pub use crate::red_thread::SafeWordProof as Verified;
pub use error::{Delayed, RedError};
pub use export::{Imported, MOST_EXPORT, OpenPackage, Package};
pub use items::{Listed, Listing, MOST_ITEMS, MOST_TOTAL};
pub use key::Cost;
pub use record::{MOST_NAME, MOST_TAG, MOST_TAGS, MOST_VALUE};
pub use spoken::sounds_like_the_safe_word;
pub use unlock::{Derived, Fresh, Guess};
pub use vault::Red;
pub use word::{LEAST_CHARACTERS, MOST_BYTES, SafeWord, WeakWord};
