//! Pages that are never swapped out, never dumped and never inherited.
//!
//! The one file of this crate with unsafe code: what the operating system is asked for, and the view of
//! it as a slice. Everything else goes through [`Pages::bytes`] and [`Pages::bytes_mut`].

use std::ptr::{self, NonNull};

use rustix::mm::{self, MapFlags, MprotectFlags, ProtFlags};
use zeroize::Zeroize as _;

use super::BlueError;

/// A run of pages between two that nobody can touch: what runs over its end dies at once.
pub(super) struct Pages {
    /// Of the whole mapping, the first guard page included.
    base: NonNull<u8>,
    whole: usize,
    /// Of what is usable.
    first: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping belongs to this value alone; a pointer to it is good in every thread.
unsafe impl Send for Pages {}

impl Pages {
    /// Maps and locks at least so many bytes, all of them 0.
    pub(super) fn new(bytes: usize) -> Result<Self, BlueError> {
        let page = rustix::param::page_size();
        let map = |source: rustix::io::Errno| BlueError::Map {
            bytes,
            source: source.into(),
        };
        let no_room = || map(rustix::io::Errno::NOMEM);
        let len = bytes
            .max(1)
            .checked_next_multiple_of(page)
            .ok_or_else(no_room)?;
        let whole = len.checked_add(2 * page).ok_or_else(no_room)?;
        // SAFETY: a new anonymous mapping at an address of the system's choice replaces nothing.
        let base = unsafe {
            let access = ProtFlags::READ | ProtFlags::WRITE;
            mm::mmap_anonymous(ptr::null_mut(), whole, access, MapFlags::PRIVATE)
        }
        .map_err(map)?;
        let base = NonNull::new(base.cast::<u8>()).ok_or_else(no_room)?;
        // SAFETY: one page into a mapping that is longer than two.
        let first = unsafe { base.add(page) };
        // From here on dropping it unmaps it.
        let pages = Self {
            base,
            whole,
            first,
            len,
        };
        let at = first.as_ptr().cast();
        for edge in [0, page + len] {
            // SAFETY: the mapping's first and last page, to which nobody ever makes a reference.
            unsafe {
                let guard = pages.base.add(edge).as_ptr().cast();
                mm::mprotect(guard, page, MprotectFlags::empty())
            }
            .map_err(map)?;
        }
        // SAFETY: as above; locking changes nothing that a reference could see.
        unsafe { mm::mlock(at, len) }.map_err(|source| BlueError::Lock {
            bytes: len,
            source: source.into(),
        })?;
        #[cfg(target_os = "linux")]
        {
            // SAFETY: the advice says what dumps leave out; it changes no byte of ours.
            unsafe { mm::madvise(at, len, mm::Advice::LinuxDontDump) }.map_err(map)?;
            // SAFETY: the advice says what a child process sees (zeros); it changes no byte of ours.
            unsafe { mm::madvise(at, len, mm::Advice::LinuxWipeOnFork) }
                // SAFETY: as above; kernels before 4.14 can leave the pages out of the child.
                .or_else(|_| unsafe { mm::madvise(at, len, mm::Advice::LinuxDontFork) })
                .map_err(map)?;
        }
        Ok(pages)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: `len` bytes from `first` are mapped readable as long as `self` lives; who writes has `&mut self`.
        unsafe { std::slice::from_raw_parts(self.first.as_ptr(), self.len) }
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`, writable, and `&mut self` is the only way to them now.
        unsafe { std::slice::from_raw_parts_mut(self.first.as_ptr(), self.len) }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.bytes_mut().zeroize();
        // SAFETY: the whole mapping is ours and nobody can hold a reference into it any more.
        let unmapped = unsafe { mm::munmap(self.base.as_ptr().cast(), self.whole) };
        if let Err(error) = unmapped {
            tracing::error!(%error, "locked pages cannot be given back; they are zeroed");
        }
    }
}
