//! The sound of a reply in the fake room.

use std::collections::BTreeMap;

use crate::Mono;

/// The sound that a reply has made.
#[derive(Debug, Default)]
pub(super) struct Sounding {
    pub(super) made: u64,
    pub(super) played: u64,
    /// Where each spoken word ends.
    pub(super) ends: BTreeMap<String, u64>,
    /// Until when the voice is busy: it makes one phrase after the other.
    pub(super) busy_to: Mono,
    pub(super) spoken: bool,
    pub(super) released: Mono,
}

impl Sounding {
    /// Takes back what was not heard of the newest `most` samples, with which a phrase began, and
    /// says how many that are. The phrase is said again behind what was heard of it, from its first
    /// word, and all that follows is so much later; what was wholly heard stays so.
    pub(super) fn take_back(&mut self, most: u32) -> u32 {
        let began = self.made.saturating_sub(u64::from(most));
        let again = self.made.min(self.played.max(began));
        let taken = self.made - again;
        self.made = again;
        let played = self.played;
        for end in self.ends.values_mut().filter(|end| **end > played) {
            *end += again - began;
        }
        taken as u32
    }
}

#[test]
fn what_is_said_again_ends_later_unless_it_was_heard() {
    let ends = [
        ("a", 100_u64),
        ("b", 200),
        ("c", 300),
        ("d", 400),
        ("e", 500),
    ];
    // Phrases "a" and "b c d e", of which "b c d" is made.
    let cases: [(u64, u32, [u64; 5]); 3] = [
        (90, 300, [100, 200, 300, 400, 500]),
        (250, 150, [100, 200, 450, 550, 650]),
        (400, 0, [100, 200, 300, 400, 800]),
    ];
    for (played, taken, expected) in cases {
        let mut sound = Sounding {
            made: 400,
            played,
            ends: ends.map(|(word, end)| (word.to_owned(), end)).into(),
            ..Sounding::default()
        };
        assert_eq!(sound.take_back(300), taken, "after {played}");
        assert_eq!(sound.made, 400 - u64::from(taken));
        assert!(sound.ends.into_values().eq(expected), "after {played}");
    }
}
