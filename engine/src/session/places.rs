//! Places among the conversations that may have an answer on at the same time: as many as the
//! language model has slots.
//!
//! Sessions look once per tick whether one is free, and always in the same order; so whoever waits
//! has a number, and a free place belongs to the lowest. Requests of other software (`oneshot`) have
//! no tick: they are told when one is theirs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Tells somebody who waits that a place is free for it. Must not block.
pub(crate) type Tell = Arc<dyn Fn() + Send + Sync>;

/// All places.
pub(crate) struct Places(Mutex<State>);

struct State {
    free: usize,
    next: u64,
    /// The numbers of those who wait, and how they are told; `None`: a session, which looks.
    waiting: BTreeMap<u64, Option<Tell>>,
}

impl State {
    /// Those who wait for a place that is free now, as far as they want to be told.
    fn served(&self) -> Vec<Tell> {
        let first = self.waiting.values().take(self.free);
        first.flatten().map(Arc::clone).collect()
    }
}

/// A place. Given back when dropped.
pub(crate) struct Place(Arc<Places>);

/// A number in the line. Given up when dropped.
pub(crate) struct Number {
    number: u64,
    places: Arc<Places>,
}

impl Places {
    pub(crate) fn new(count: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            free: count,
            next: 0,
            waiting: BTreeMap::new(),
        })))
    }

    /// Draws a number: from now on this is waited for.
    pub(crate) fn line_up(self: &Arc<Self>) -> Number {
        self.draw(None)
    }

    /// The same for somebody who does not look by itself: `tell` is called whenever a place may be
    /// this number's.
    pub(crate) fn line_up_told(self: &Arc<Self>, tell: Tell) -> Number {
        self.draw(Some(tell))
    }

    /// Whether a session waits for a place.
    pub(crate) fn sessions_wait(&self) -> bool {
        self.state().waiting.values().any(Option::is_none)
    }

    fn draw(self: &Arc<Self>, tell: Option<Tell>) -> Number {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.waiting.insert(number, tell);
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
        let mut state = self.places.state();
        // Nobody's place changes where this one has taken its own.
        let told = match state.waiting.remove(&self.number) {
            Some(_) => state.served(),
            None => Vec::new(),
        };
        drop(state);
        told.iter().for_each(|tell| tell());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.free += 1;
        let told = state.served();
        drop(state);
        told.iter().for_each(|tell| tell());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

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

    #[test]
    fn who_does_not_look_is_told_when_a_place_is_its_own_and_not_before() {
        let places = Places::new(1);
        let told = Arc::new(AtomicUsize::new(0));
        let tell = {
            let told = Arc::clone(&told);
            Arc::new(move || {
                told.fetch_add(1, Ordering::Relaxed);
            })
        };
        let holder = places.line_up().take();
        let session = places.line_up();
        let request = places.line_up_told(tell);
        assert!(places.sessions_wait());
        drop(holder);
        assert_eq!(told.load(Ordering::Relaxed), 0, "it is the session's");
        drop(session);
        assert_eq!(told.load(Ordering::Relaxed), 1, "the session gave up");
        assert!(!places.sessions_wait());
        let place = request.take();
        assert!(place.is_some() && request.take().is_none());
        drop(place);
        assert_eq!(told.load(Ordering::Relaxed), 1, "nobody waits any more");
    }
}
