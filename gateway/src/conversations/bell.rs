//! How somebody who sits in a conversation is rung from elsewhere in the process.
//!
//! A ring that was taken is never lost: whoever begins something else meanwhile finds it first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use janet_protocol::{EndReason, Private};
use tokio::sync::Notify;

/// Ends of rings that somebody may have unheard; of more, the newest are not told.
const UNHEARD: usize = 8;

/// A ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ring {
    /// What the call is called.
    pub(crate) call_id: String,
    /// Who calls, for people.
    pub(crate) caller: String,
}

/// A ring by push that somebody here had asked for has ended before anybody talked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unanswered {
    /// The call.
    pub(crate) call_id: String,
    /// Why.
    pub(crate) reason: EndReason,
    /// The same in the words of who was rung, if there were any.
    pub(crate) words: Option<Private<String>>,
}

/// Why nobody was rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotRung {
    /// No client is connected there.
    #[error("nobody is connected there")]
    Away,
    /// There is a call already, or it rings.
    #[error("whoever is connected there is in a call, or rung already")]
    Busy,
}

/// What is heard at the door.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sound {
    /// Somebody rings.
    Ring(Ring),
    /// A ring elsewhere has ended.
    Unanswered(Unanswered),
}

#[derive(Debug)]
enum State {
    /// Whoever sits here can be rung.
    Free,
    /// It is rung, and has not heard it yet.
    Rung(Ring),
    /// It has something else to do.
    Engaged,
    /// Nobody sits here any more.
    Left,
}

#[derive(Debug)]
struct Shared {
    state: State,
    unanswered: VecDeque<Unanswered>,
}

/// At the door of one connection.
#[derive(Clone, Debug)]
pub(super) struct Bell {
    /// Held for a few instructions only.
    shared: Arc<Mutex<Shared>>,
    heard: Arc<Notify>,
}

/// The bell from inside. Nobody sits here any more once it is dropped.
#[derive(Debug)]
pub(super) struct Ear(Bell);

impl Bell {
    /// A bell, and where it is heard. One ring at a time.
    pub(super) fn new() -> (Self, Ear) {
        let bell = Self {
            shared: Arc::new(Mutex::new(Shared {
                state: State::Free,
                unanswered: VecDeque::new(),
            })),
            heard: Arc::default(),
        };
        (bell.clone(), Ear(bell))
    }

    /// Rings.
    pub(super) fn ring(&self, ring: Ring) -> Result<(), NotRung> {
        let mut shared = self.shared();
        match shared.state {
            State::Free => {
                shared.state = State::Rung(ring);
                self.heard.notify_one();
                Ok(())
            }
            State::Rung(_) | State::Engaged => Err(NotRung::Busy),
            State::Left => Err(NotRung::Away),
        }
    }

    /// Tells that a ring has ended.
    pub(super) fn tell(&self, unanswered: Unanswered) {
        let mut shared = self.shared();
        if shared.unanswered.len() < UNHEARD {
            shared.unanswered.push_back(unanswered);
            self.heard.notify_one();
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ear {
    /// What is heard next. Whoever hears a ring is engaged. May be cancelled.
    pub(super) async fn hear(&mut self) -> Sound {
        loop {
            if let Some(sound) = self.heard() {
                return sound;
            }
            self.0.heard.notified().await;
        }
    }

    fn heard(&mut self) -> Option<Sound> {
        if matches!(self.0.shared().state, State::Rung(_)) {
            return self.engage().map(Sound::Ring);
        }
        let unanswered = self.0.shared().unanswered.pop_front();
        unanswered.map(Sound::Unanswered)
    }

    /// From here on nobody rings. A ring that is not heard yet came first.
    #[must_use = "a ring must not be lost"]
    pub(super) fn engage(&mut self) -> Option<Ring> {
        self.go(State::Engaged)
    }

    /// Whoever sits here is about to leave: from here on it is away. A ring that is not heard yet came
    /// first.
    #[must_use = "a ring must not be lost"]
    pub(super) fn leave(&mut self) -> Option<Ring> {
        self.go(State::Left)
    }

    fn go(&mut self, next: State) -> Option<Ring> {
        let mut shared = self.0.shared();
        if matches!(shared.state, State::Left) {
            return None;
        }
        match std::mem::replace(&mut shared.state, next) {
            State::Rung(ring) => Some(ring),
            State::Free | State::Engaged | State::Left => None,
        }
    }

    /// Whether there is a call or a session.
    pub(super) fn set_engaged(&mut self, is_engaged: bool) {
        let mut shared = self.0.shared();
        match (&shared.state, is_engaged) {
            (State::Free, true) => shared.state = State::Engaged,
            (State::Engaged, false) => shared.state = State::Free,
            // Whoever has not heard a ring yet will.
            _ => {}
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.0.shared().state = State::Left;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(call_id: &str) -> Ring {
        Ring {
            call_id: call_id.to_owned(),
            caller: "Janet".to_owned(),
        }
    }

    #[test]
    fn one_ring_is_heard_and_a_second_or_one_in_a_call_is_refused() {
        let (bell, mut ear) = Bell::new();
        assert_eq!(bell.ring(ring("a")), Ok(()));
        assert_eq!(bell.ring(ring("b")), Err(NotRung::Busy));
        assert_eq!(ear.heard(), Some(Sound::Ring(ring("a"))));
        assert_eq!(bell.ring(ring("b")), Err(NotRung::Busy), "it rings");
        ear.set_engaged(false);
        assert_eq!(bell.ring(ring("b")), Ok(()));
        ear.set_engaged(true);
        assert_eq!(ear.heard(), Some(Sound::Ring(ring("b"))));
    }

    #[test]
    fn whoever_begins_something_else_finds_a_ring_that_came_before_it_and_none_after_it() {
        let (bell, mut ear) = Bell::new();
        bell.ring(ring("a")).expect("free");
        // The connection has woken up for something else meanwhile.
        ear.set_engaged(false);
        assert_eq!(ear.engage(), Some(ring("a")));
        assert_eq!(bell.ring(ring("b")), Err(NotRung::Busy));
        assert_eq!((ear.engage(), ear.heard()), (None, None));
    }

    #[test]
    fn who_has_left_is_not_rung() {
        let (bell, mut ear) = Bell::new();
        bell.ring(ring("a")).expect("free");
        assert_eq!(ear.leave(), Some(ring("a")));
        ear.set_engaged(false);
        assert_eq!((ear.engage(), ear.leave()), (None, None));
        assert_eq!(bell.ring(ring("b")), Err(NotRung::Away));
        let (bell, ear) = Bell::new();
        drop(ear);
        assert_eq!(bell.ring(ring("a")), Err(NotRung::Away));
    }

    #[test]
    fn ends_of_rings_are_told_behind_a_ring_and_not_without_end() {
        let (bell, mut ear) = Bell::new();
        let unanswered = |number: usize| Unanswered {
            call_id: number.to_string(),
            reason: EndReason::Missed,
            words: None,
        };
        for number in 0..2 * UNHEARD {
            bell.tell(unanswered(number));
        }
        bell.ring(ring("a")).expect("free");
        assert_eq!(ear.heard(), Some(Sound::Ring(ring("a"))));
        for number in 0..UNHEARD {
            assert_eq!(ear.heard(), Some(Sound::Unanswered(unanswered(number))));
        }
        assert_eq!(ear.heard(), None);
    }
}
