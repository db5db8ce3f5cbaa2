//! Handles to what is held, and the lock behind which it lies.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use zeroize::Zeroizing;

use super::arena::{Arena, SlotId};
use super::{Entry, Shelf};

/// What the handle was for is zeroed: the vault was locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the vault was locked meanwhile; unlock it first")]
pub struct Zeroed;

/// Bytes in locked pages, zeroed when this is dropped and no longer there when the vault was locked.
pub struct Secret {
    shared: Arc<Shared>,
    slot: SlotId,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([private])")
    }
}

impl Secret {
    pub(super) const fn new(shared: Arc<Shared>, slot: SlotId) -> Self {
        Self { shared, slot }
    }

    /// Looks at the bytes where they lie. Nothing can zero them meanwhile, so this must be short, and
    /// it must not ask this vault for anything else: it would wait for itself.
    pub fn with<T>(&self, look: impl FnOnce(&[u8]) -> T) -> Result<T, Zeroed> {
        let inner = self.shared.lock();
        inner.arena.get(self.slot).map(look).ok_or(Zeroed)
    }

    /// A copy outside of the pages, for what has to go on a wire; zeroed when it is dropped.
    pub fn copy(&self) -> Result<Zeroizing<Vec<u8>>, Zeroed> {
        self.with(|bytes| Zeroizing::new(bytes.to_vec()))
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.shared.lock().arena.free(self.slot);
    }
}

pub(super) struct Shared {
    inner: Mutex<Inner>,
    /// A panic wants it zeroed and could not get the lock: whoever has it does that.
    wanted: AtomicBool,
}

pub(super) struct Inner {
    pub(super) arena: Arena,
    pub(super) entries: Vec<Entry>,
    /// When somebody used it last.
    pub(super) used_ms: u64,
}

/// The lock, while it is held.
pub(super) struct Held<'a> {
    shared: &'a Shared,
    /// Only [`Drop`] takes it out.
    inner: Option<MutexGuard<'a, Inner>>,
}

impl Shared {
    pub(super) const fn new(arena: Arena) -> Self {
        Self {
            inner: Mutex::new(Inner {
                arena,
                entries: Vec::new(),
                used_ms: 0,
            }),
            wanted: AtomicBool::new(false),
        }
    }

    pub(super) fn lock(&self) -> Held<'_> {
        // Poisoned: somebody panicked with it, and everything is zeroed by then.
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if self.wanted.swap(false, Ordering::SeqCst) {
            inner.wipe();
        }
        Held {
            shared: self,
            inner: Some(inner),
        }
    }

    /// Zeroes everything without ever waiting: the thread that panics may be the one with the lock.
    pub(super) fn zeroize_in_panic(&self) {
        self.wanted.store(true, Ordering::SeqCst);
        self.zeroize_if_wanted();
    }

    /// Whoever cannot have the lock here leaves it to the one who has it, who looks once more after he
    /// has let go: one of the two always sees the wish.
    fn zeroize_if_wanted(&self) {
        if !self.wanted.load(Ordering::SeqCst) {
            return;
        }
        let mut inner = match self.inner.try_lock() {
            Ok(inner) => inner,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        inner.wipe();
        self.wanted.store(false, Ordering::SeqCst);
    }
}

impl Inner {
    pub(super) fn wipe(&mut self) {
        self.arena.wipe();
        self.entries.clear();
    }

    pub(super) fn is_at(&self, at: usize, shelf: Shelf, name: &str) -> bool {
        let entry = &self.entries[at];
        entry.shelf == shelf && self.arena.get(entry.name) == Some(name.as_bytes())
    }

    pub(super) fn position(&self, shelf: Shelf, name: &str) -> Option<usize> {
        (0..self.entries.len()).find(|at| self.is_at(*at, shelf, name))
    }

    pub(super) fn remove(&mut self, at: usize) {
        let Entry { name, value, .. } = self.entries.remove(at);
        self.arena.free(name);
        self.arena.free(value);
    }
}

impl Deref for Held<'_> {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        self.inner.as_ref().expect("taken when it is dropped")
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Inner {
        self.inner.as_mut().expect("taken when it is dropped")
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // A panic of ours began while the lock was held: the hook could not have it.
        if std::thread::panicking() {
            self.wipe();
        }
        drop(self.inner.take());
        self.shared.zeroize_if_wanted();
    }
}
