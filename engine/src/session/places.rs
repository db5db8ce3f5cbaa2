//! Places among the conversations that may have an answer on at the same time: as many as the
//! language model has slots.
//!
//! Sessions look once per tick whether one is free, and always in the same order; so whoever waits
//! has a number, and a free place belongs to the lowest.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All places.
#[derive(Debug)]
pub(crate) struct Places(Mutex<State>);

#[derive(Debug)]
struct State {
    free: usize,
    next: u64,
    /// The numbers of those who wait.
    waiting: BTreeSet<u64>,
}

/// A place. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Places>);

/// A number in the line. Given up when dropped.
#[derive(Debug)]
pub(crate) struct Number {
    number: u64,
    places: Arc<Places>,
}

impl Places {
    pub(crate) fn new(count: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            free: count,
            next: 0,
            waiting: BTreeSet::new(),
        })))
    }

    /// Draws a number: from now on this is waited for.
    pub(crate) fn line_up(self: &Arc<Self>) -> Number {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.waiting.insert(number);
        drop(state);
        Number {
            number,
            places: Arc::clone(self),
        }
    }

    /// Takes a place for work that nobody waits for: only if nobody waits for one, and `spare`
    /// others stay free.
    pub(crate) fn take_spare(self: &Arc<Self>, spare: usize) -> Option<Place> {
        let mut state = self.state();
        let is_spare = state.waiting.is_empty() && state.free > spare;
        if is_spare {
            state.free -= 1;
        }
        drop(state);
        is_spare.then(|| Place(Arc::clone(self)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Number {
    /// Takes a place, if one is left for this number.
    pub(crate) fn take(&self) -> Option<Place> {
        let mut state = self.places.state();
        let before = state.waiting.range(..self.number).count();
        let is_mine = before < state.free;
        if is_mine {
            state.free -= 1;
            state.waiting.remove(&self.number);
        }
        drop(state);
        is_mine.then(|| Place(Arc::clone(&self.places)))
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        self.places.state().waiting.remove(&self.number);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.state().free += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_place_belongs_to_who_has_waited_longest_whoever_asks_first() {
        let places = Places::new(2);
        let [a, b, c, d] = std::array::from_fn(|_| places.line_up());
        assert!(d.take().is_none() && c.take().is_none());
        let (first, second) = (b.take(), a.take());
        assert!(first.is_some() && second.is_some());
        assert!(c.take().is_none(), "none is free");
        drop(first);
        assert!(d.take().is_none(), "it is the other's");
        drop(c);
        assert!(d.take().is_some(), "who gave up is not waited for");
    }

    #[test]
    fn work_that_nobody_waits_for_takes_no_place_from_who_waits() {
        let places = Places::new(2);
        let ahead = places.take_spare(1);
        assert!(ahead.is_some() && places.take_spare(1).is_none());
        drop(ahead);
        let number = places.line_up();
        assert!(places.take_spare(0).is_none());
        let place = number.take();
        assert!(place.is_some() && places.take_spare(1).is_none());
        assert!(places.take_spare(0).is_some());
    }
}
