//! Two histories of one conversation become one: nothing lost, nothing twice.
//!
//! A message is known by its moment, its speaker and its words. What both have is there once (as often as
//! whoever has it more often has it); what one has is there, with the soul that it was said in. What both
//! have pins the two together; between two pins each keeps its own order, and the earlier message comes
//! first. Only where both have the same messages in different orders is everything sorted by its moment.
//! No timestamp is touched.
//!
//! Which of the two comes in makes no difference to what comes out, and merging again changes nothing.

use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};

use crate::conversations::Said;
use crate::soul::Soul;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// First to last.
    pub messages: Vec<Said>,
    /// Of those that came, how many were not here.
    pub added: u64,
    /// Of those that came, how many were here.
    pub known: u64,
    /// How often both sides have other words of the same speaker at the same moment. Both are kept.
    pub conflicts: u64,
}

/// Merges what came (`there`) into what is in the database of `soul` (`here`).
pub fn merge(soul: Soul, here: &[Said], there: &[Said]) -> Merged {
    let pins = pins(here, there);
    let known = pins.len() as u64;
    let mut merging = Merging {
        soul,
        messages: Vec::with_capacity(here.len() + there.len() - pins.len()),
        conflicts: 0,
    };
    if pins.is_sorted_by(|a, b| a.0 < b.0) {
        let (mut h, mut t) = (0, 0);
        for (at_here, at_there) in pins {
            merging.between(&here[h..at_here], &there[t..at_there]);
            merging.messages.push(here[at_here].clone());
            (h, t) = (at_here + 1, at_there + 1);
        }
        merging.between(&here[h..], &there[t..]);
    } else {
        let mut pinned = vec![false; there.len()];
        for (_, at) in pins {
            pinned[at] = true;
        }
        let mut ours: Vec<&Said> = here.iter().collect();
        let new = there.iter().zip(pinned).filter(|(_, pinned)| !pinned);
        let mut theirs: Vec<&Said> = new.map(|(said, _)| said).collect();
        ours.sort_by(|a, b| order(a, b));
        theirs.sort_by(|a, b| order(a, b));
        let owned = |list: Vec<&Said>| list.into_iter().cloned().collect::<Vec<_>>();
        merging.between(&owned(ours), &owned(theirs));
    }
    Merged {
        messages: merging.messages,
        added: there.len() as u64 - known,
        known,
        conflicts: merging.conflicts,
    }
}

/// Places of the same message in both, by its place in `there`.
fn pins(here: &[Said], there: &[Said]) -> Vec<(usize, usize)> {
    let mut places: HashMap<(u64, u8, &str), VecDeque<usize>> = HashMap::new();
    for (at, said) in here.iter().enumerate() {
        places.entry(key(said)).or_default().push_back(at);
    }
    let mut pins = Vec::new();
    for (at_there, said) in there.iter().enumerate() {
        let at_here = places.get_mut(&key(said)).and_then(VecDeque::pop_front);
        pins.extend(at_here.map(|at_here| (at_here, at_there)));
    }
    pins
}

fn key(said: &Said) -> (u64, u8, &str) {
    (said.created_ms, said.role.code(), said.text.expose())
}

/// By moment; what decides between two at the same moment does not depend on who has which.
fn order(a: &Said, b: &Said) -> Ordering {
    key(a).cmp(&key(b))
}

struct Merging {
    soul: Soul,
    messages: Vec<Said>,
    conflicts: u64,
}

impl Merging {
    /// Two stretches that have nothing in common.
    fn between(&mut self, here: &[Said], there: &[Said]) {
        let (mut here, mut there) = (here.iter().peekable(), there.iter().peekable());
        loop {
            let next = match (here.peek(), there.peek()) {
                (Some(ours), Some(theirs)) => {
                    if ours.created_ms == theirs.created_ms && ours.role == theirs.role {
                        self.conflicts += 1;
                    }
                    if order(ours, theirs).is_lt() {
                        here.next().cloned()
                    } else {
                        there.next().map(|said| self.taken_in(said))
                    }
                }
                (Some(_), None) => here.next().cloned(),
                (None, Some(_)) => there.next().map(|said| self.taken_in(said)),
                (None, None) => return,
            };
            self.messages.extend(next);
        }
    }

    /// What was said here once and comes back is ours.
    fn taken_in(&self, said: &Said) -> Said {
        Said {
            origin: said.origin.filter(|origin| *origin != self.soul),
            ..said.clone()
        }
    }
}

#[cfg(test)]
#[path = "reconcile_test.rs"]
mod tests;
