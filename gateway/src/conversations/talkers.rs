//! Who was talking when the connection ended: whoever comes back soon goes on, however busy the
//! machine is by then.
//!
//! The newest few are kept, and only for as long as pages try to come back.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use janet_vault::conversations::ConversationId;

/// Who stays away longer begins anew.
const RETURN: Duration = Duration::from_secs(120);
/// The oldest is forgotten for the next: it is asked like a newcomer, no worse.
const MOST: usize = 256;

/// Conversations that were cut in the middle of talking.
#[derive(Debug, Default)]
pub(super) struct Talkers {
    /// Oldest first.
    left: VecDeque<(ConversationId, Instant)>,
}

impl Talkers {
    /// This conversation's client has left with its microphone open.
    pub(super) fn left(&mut self, id: ConversationId, now: Instant) {
        self.left.retain(|(other, _)| *other != id);
        if self.left.len() == MOST {
            self.left.pop_front();
        }
        self.left.push_back((id, now));
    }

    /// Whether this conversation's client was talking until a moment ago.
    pub(super) fn knows(&mut self, id: ConversationId, now: Instant) -> bool {
        let is_over = |at: &Instant| now.saturating_duration_since(*at) >= RETURN;
        self.left.retain(|(_, at)| !is_over(at));
        self.left.iter().any(|(other, _)| *other == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> ConversationId {
        format!("{number:032x}").parse().expect("32 digits")
    }

    #[test]
    fn who_comes_back_in_time_is_known_and_nobody_else() {
        let (mut talkers, now) = (Talkers::default(), Instant::now());
        talkers.left(id(1), now);
        assert!(talkers.knows(id(1), now + RETURN / 2));
        assert!(!talkers.knows(id(2), now + RETURN / 2));
        // Cut once more: the time begins anew.
        talkers.left(id(1), now + RETURN / 2);
        assert!(talkers.knows(id(1), now + RETURN));
        assert!(!talkers.knows(id(1), now + RETURN * 3 / 2));
        assert!(talkers.left.is_empty(), "nothing is kept for ever");
    }

    #[test]
    fn a_crowd_that_is_cut_off_takes_little_memory() {
        let (mut talkers, now) = (Talkers::default(), Instant::now());
        for number in 0..=MOST {
            talkers.left(id(number), now);
        }
        assert_eq!(talkers.left.len(), MOST);
        assert!(!talkers.knows(id(0), now) && talkers.knows(id(MOST), now));
    }
}
