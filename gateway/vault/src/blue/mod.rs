//! The blue vault: what is in RAM only. Session notes, unlocked secrets, the keys that unlocked them.
//!
//! All of it, names too, lies in a fixed run of pages of its own ([`Limits::bytes`]): locked into RAM, so
//! that they are never swapped; left out of core dumps; zero in a child process; between two guard pages.
//! There is no way to write it, and nothing here can be printed.
//!
//! **It is zeroed** slot by slot when a [`Secret`] is dropped, and whole by [`Blue::zeroize_all`] (the
//! vault is locked, the red thread is pulled, Janet ends), by [`Blue::expire`] (nobody used it for a
//! while) and when any thread panics ([`zeroize_on_panic`]). From then on every handle answers
//! [`Zeroed`]: whoever holds one has nothing.
//!
//! None of these asks for a pass of the red thread: they have to work after it was pulled.

mod arena;
#[allow(
    unsafe_code,
    reason = "the system calls behind locked pages; each has its argument"
)]
mod pages;
mod panic;
mod process;
mod secret;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

pub use panic::zeroize_on_panic;
pub use process::{HardenError, harden_process};
pub use secret::{Secret, Zeroed};

use arena::{Arena, SlotId};
use secret::{Inner, Shared};

/// How much may be held, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all that is held. Each user may lock 8 MiB on most systems.
    pub bytes: usize,
    /// Items and notes.
    pub entries: usize,
    /// How long nobody has to use it until it is zeroed.
    pub lock_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 1 << 20,
            entries: 4096,
            lock_after: Duration::from_secs(10 * 60),
        }
    }
}

/// Why something is not held.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlueError {
    /// The system has no pages.
    #[error("{bytes} bytes of memory for secrets cannot be had: {source}")]
    Map {
        /// How many.
        bytes: usize,
        /// Why.
        source: std::io::Error,
    },
    /// The system does not lock so many pages.
    #[error(
        "{bytes} bytes cannot be locked into memory: {source}; raise the limit (ulimit -l, \
         LimitMEMLOCK=)"
    )]
    Lock {
        /// How many.
        bytes: usize,
        /// Why.
        source: std::io::Error,
    },
    /// What is held already leaves no room.
    #[error("the memory for unlocked secrets and notes ({budget} bytes) is full; lock the vault")]
    Full {
        /// All that there is.
        budget: usize,
    },
    /// There are too many items and notes.
    #[error("{limit} secrets and notes are unlocked already; lock the vault")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// Unlocked secrets, one for each name.
    Items,
    /// Session notes, any number for each name (a conversation's).
    Notes,
}

/// What is in RAM only. A clone is the same vault.
#[derive(Clone)]
pub struct Blue {
    shared: Arc<Shared>,
    limits: Limits,
}

/// A name and what stands under it. The names lie in the pages too.
struct Entry {
    shelf: Shelf,
    name: SlotId,
    value: SlotId,
}

impl fmt::Debug for Blue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blue")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Blue {
    /// Takes and locks the pages, all at once: what is promised here does not fail later.
    pub fn new(limits: Limits) -> Result<Self, BlueError> {
        let arena = Arena::new(limits.bytes)?;
        Ok(Self {
            shared: Arc::new(Shared::new(arena)),
            limits,
        })
    }

    /// Holds bytes that have no name, for as long as the handle lives.
    pub fn hold(&self, bytes: &[u8]) -> Result<Secret, BlueError> {
        let slot = self.shared.lock().arena.put(bytes)?;
        Ok(Secret::new(Arc::clone(&self.shared), slot))
    }

    /// Puts an item under its name, in place of one that is there.
    pub fn put_item(&self, name: &str, value: &[u8], now_ms: u64) -> Result<(), BlueError> {
        let mut inner = self.shared.lock();
        let before = inner.position(Shelf::Items, name);
        // The new one first: a full vault keeps what it has.
        self.add(&mut inner, Shelf::Items, name, value, now_ms)?;
        if let Some(before) = before {
            inner.remove(before);
        }
        Ok(())
    }

    /// Adds a note to a conversation.
    pub fn note(&self, conversation: &str, text: &str, now_ms: u64) -> Result<(), BlueError> {
        let mut inner = self.shared.lock();
        self.add(
            &mut inner,
            Shelf::Notes,
            conversation,
            text.as_bytes(),
            now_ms,
        )
    }

    /// A handle of its own to what stands under the name, the oldest first.
    pub fn get(&self, shelf: Shelf, name: &str) -> Result<Vec<Secret>, BlueError> {
        let mut inner = self.shared.lock();
        let mut slots = Vec::new();
        for at in 0..inner.entries.len() {
            if inner.is_at(at, shelf, name) {
                let value = inner.entries[at].value;
                // A copy, within the pages: the handle outlives the entry.
                match inner.arena.duplicate(value) {
                    Ok(slot) => slots.extend(slot),
                    Err(full) => {
                        slots.into_iter().for_each(|slot| inner.arena.free(slot));
                        return Err(full);
                    }
                }
            }
        }
        drop(inner);
        let secret = |slot| Secret::new(Arc::clone(&self.shared), slot);
        Ok(slots.into_iter().map(secret).collect())
    }

    /// Which names there are, in the order in which they came; a name with several notes once for each.
    pub fn names(&self, shelf: Shelf) -> Vec<Zeroizing<String>> {
        let inner = self.shared.lock();
        let names = inner.entries.iter().filter(|entry| entry.shelf == shelf);
        names
            .filter_map(|entry| inner.arena.get(entry.name))
            .map(|name| Zeroizing::new(String::from_utf8_lossy(name).into_owned()))
            .collect()
    }

    /// Zeroes all that stands under a name; how much that was.
    pub fn forget(&self, shelf: Shelf, name: &str) -> usize {
        let mut inner = self.shared.lock();
        let before = inner.entries.len();
        while let Some(at) = inner.position(shelf, name) {
            inner.remove(at);
        }
        before - inner.entries.len()
    }

    /// Somebody used it: the time until it is zeroed begins anew.
    pub fn touch(&self, now_ms: u64) {
        self.shared.lock().used_ms = now_ms;
    }

    /// Zeroes everything if nobody used it for [`Limits::lock_after`]; whether it did.
    pub fn expire(&self, now_ms: u64) -> bool {
        let mut inner = self.shared.lock();
        // A clock that was set back must not keep it open for years.
        inner.used_ms = inner.used_ms.min(now_ms);
        let over = !inner.arena.is_empty() && now_ms >= self.end(&inner);
        if over {
            inner.wipe();
        }
        over
    }

    /// When [`Self::expire`] would zero it, in ms since 1970; none while nothing is held.
    pub fn poll_timeout(&self) -> Option<u64> {
        let inner = self.shared.lock();
        (!inner.arena.is_empty()).then(|| self.end(&inner))
    }

    /// Zeroes everything, now. Every handle has nothing from here on. Whether there was anything.
    pub fn zeroize_all(&self) -> bool {
        let mut inner = self.shared.lock();
        let was_held = !inner.arena.is_empty();
        inner.wipe();
        was_held
    }

    /// How many bytes are taken, of [`Limits::bytes`].
    pub fn used_bytes(&self) -> usize {
        self.shared.lock().arena.used()
    }

    fn end(&self, inner: &Inner) -> u64 {
        let after = u64::try_from(self.limits.lock_after.as_millis()).unwrap_or(u64::MAX);
        inner.used_ms.saturating_add(after)
    }

    fn add(
        &self,
        inner: &mut Inner,
        shelf: Shelf,
        name: &str,
        value: &[u8],
        now_ms: u64,
    ) -> Result<(), BlueError> {
        let limit = self.limits.entries;
        if inner.entries.len() >= limit {
            return Err(BlueError::TooMany { limit });
        }
        let name = inner.arena.put(name.as_bytes())?;
        let value = match inner.arena.put(value) {
            Ok(value) => value,
            Err(full) => {
                inner.arena.free(name);
                return Err(full);
            }
        };
        inner.entries.push(Entry { shelf, name, value });
        inner.used_ms = now_ms;
        Ok(())
    }
}

#[cfg(test)]
#[path = "blue_test.rs"]
mod tests;

#[cfg(all(test, target_os = "linux"))]
mod memory_search;

#[cfg(all(test, target_os = "linux"))]
#[path = "memory_test.rs"]
pub(crate) mod memory_tests;

#[cfg(all(test, target_os = "linux"))]
#[path = "dump_test.rs"]
mod dump_tests;
