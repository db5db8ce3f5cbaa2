//! How many connections each machine elsewhere, or each device, has at once: none may take the places of all
//! others.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The counts of those that have any.
#[derive(Debug)]
pub(crate) struct Held<Who> {
    most: usize,
    /// Held for a few instructions only.
    counts: Mutex<HashMap<Who, usize>>,
}

/// One connection; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Holding<Who: Eq + Hash> {
    held: Arc<Held<Who>>,
    who: Who,
}

impl<Who: Clone + Eq + Hash> Held<Who> {
    /// So many of each.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        let counts = Mutex::default();
        Arc::new(Self { most, counts })
    }

    /// One more connection of this one's; `None`: it has enough.
    pub(crate) fn take(self: &Arc<Self>, who: Who) -> Option<Holding<Who>> {
        let mut counts = self.counts();
        let count = counts.entry(who.clone()).or_default();
        if *count == self.most {
            return None;
        }
        *count += 1;
        let held = self.clone();
        Some(Holding { held, who })
    }
}

impl<Who> Held<Who> {
    fn counts(&self) -> MutexGuard<'_, HashMap<Who, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Who: Eq + Hash> Drop for Holding<Who> {
    fn drop(&mut self) {
        let mut counts = self.held.counts();
        if let Some(count) = counts.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_so_many_and_another_has_its_own() {
        let held = Held::new(3);
        let mut mine: Vec<_> = (0..3)
            .map(|_| held.take("phone").expect("there is room"))
            .collect();
        assert!(held.take("phone").is_none());
        let other = held.take("tablet").expect("another one");
        mine.pop();
        let again = held.take("phone").expect("one was given back");
        drop((mine, other, again));
        assert!(held.counts().is_empty());
    }
}
