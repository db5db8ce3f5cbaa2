//! One output written by several threads at places that do not overlap.

/// A mutable slice that the tasks of one parallel loop share.
#[derive(Clone, Copy)]
pub(crate) struct SharedOut<T> {
    start: *mut T,
    length: usize,
}

// SAFETY: it is only a pointer; whoever writes through it promises in `part` that no two threads
// hold overlapping parts.
unsafe impl<T: Send> Sync for SharedOut<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for SharedOut<T> {}

impl<T> SharedOut<T> {
    pub(crate) fn new(slice: &mut [T]) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            length: slice.len(),
        }
    }

    /// The values `at..at + length`.
    ///
    /// # Safety
    /// The slice it was made from outlives the result, and no other part that overlaps this one
    /// is alive.
    #[allow(
        clippy::mut_from_ref,
        reason = "the parts do not overlap; that is the contract"
    )]
    pub(crate) unsafe fn part(&self, at: usize, length: usize) -> &mut [T] {
        assert!(
            at.checked_add(length).is_some_and(|end| end <= self.length),
            "outside the output"
        );
        // SAFETY: inside the slice by the assertion; alive and unshared by the contract.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(at), length) }
    }
}
