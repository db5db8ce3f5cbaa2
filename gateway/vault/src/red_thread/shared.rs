//! What nodes tell each other of the red thread, and how two such tales become one.
//!
//! Each node counts its own pulls, and a clearing names the pulls that it has seen. The thread is pulled
//! while there is a pull that no clearing has seen: of a pull and a clearing that did not know of each
//! other, the pull wins, in whatever order and however often the tales arrive.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How many nodes are told apart. A tale of more is not believed, but that it is pulled is.
pub(super) const MOST_NODES: usize = 64;
/// Bytes of a node's name.
pub(super) const LONGEST_NODE: usize = 64;

/// The pulls and the clearings that a node knows of. Take it from a node that has proved who it is, and
/// from nobody else: it can clear.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    /// The last pull of each node.
    pulls: BTreeMap<String, u64>,
    /// The last pull of each node that was cleared.
    cleared: BTreeMap<String, u64>,
}

impl Shared {
    /// Whether there is a pull that was not cleared.
    pub fn active(&self) -> bool {
        let cleared = |node| self.cleared.get(node).copied().unwrap_or(0);
        self.pulls
            .iter()
            .any(|(node, &number)| number > cleared(node))
    }

    /// One more pull. Its number is beyond what was and beyond the clock, so that a node which has lost its
    /// file does not begin below what others have seen cleared.
    pub(super) fn pull(&mut self, node: &str, now_ms: u64) {
        let node = cut(node);
        let known = [&self.pulls, &self.cleared]
            .map(|map| map.get(node).copied().unwrap_or(0))
            .into_iter()
            .max()
            .unwrap_or(0);
        let number = known.saturating_add(1).max(now_ms);
        self.pulls.insert(node.to_owned(), number);
    }

    /// Every pull in it is cleared.
    pub(super) fn clear(&mut self) {
        self.cleared = self.pulls.clone();
    }

    /// What both know. A tale that is too long to keep is taken as a pull of whoever tells it, if it is
    /// one, and else as nothing.
    pub(super) fn merge(&mut self, other: &Self, now_ms: u64) {
        let named = |map: &BTreeMap<String, u64>| map.keys().all(|node| node.len() <= LONGEST_NODE);
        let mut both = self.clone();
        for (into, from) in [
            (&mut both.pulls, &other.pulls),
            (&mut both.cleared, &other.cleared),
        ] {
            for (node, &number) in from.iter().take(MOST_NODES + 1) {
                let known = into.entry(node.clone()).or_default();
                *known = number.max(*known);
            }
        }
        let fits = both.pulls.len() <= MOST_NODES && both.cleared.len() <= MOST_NODES;
        if fits && named(&other.pulls) && named(&other.cleared) {
            *self = both;
        } else if other.active() {
            self.pull("?", now_ms);
        }
    }
}

/// A name is ours to choose; a longer one is not worth a refusal to latch.
fn cut(node: &str) -> &str {
    &node[..node.floor_char_boundary(LONGEST_NODE)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pulled(node: &str) -> Shared {
        let mut shared = Shared::default();
        shared.pull(node, 1);
        shared
    }

    #[test]
    fn a_clearing_clears_what_it_has_seen_and_no_more() {
        let (mut a, mut b) = (pulled("a"), Shared::default());
        b.merge(&a, 2);
        assert!(b.active());
        b.clear();
        a.merge(&b, 3);
        assert!(!a.active(), "cleared for both");
        // Pulled on one while the other clears: it stays pulled on both.
        a.pull("a", 4);
        b.merge(&a, 4);
        a.pull("a", 4);
        b.clear();
        assert!(!b.active());
        b.merge(&a, 5);
        a.merge(&b, 5);
        assert!(a.active() && b.active());
    }

    #[test]
    fn a_node_that_lost_its_file_is_believed_again() {
        let mut others = pulled("a");
        for _ in 0..9 {
            others.pull("a", 100);
        }
        others.clear();
        let mut fresh = Shared::default();
        fresh.pull("a", 2000);
        others.merge(&fresh, 2000);
        assert!(others.active());
    }

    #[test]
    fn a_tale_without_measure_latches_and_is_not_kept() {
        let mut long = Shared::default();
        for n in 0..=MOST_NODES {
            long.pull(&format!("node {n}"), 1);
        }
        let mut here = Shared::default();
        here.merge(&long, 9);
        assert!(here.active());
        assert_eq!(here.pulls.len(), 1);
        long.clear();
        let mut here = Shared::default();
        here.merge(&long, 9);
        assert_eq!(here, Shared::default());
    }

    #[derive(Clone, Debug)]
    enum Step {
        Pull(usize),
        Clear(usize),
        Tell(usize, usize),
    }

    proptest! {
        /// Three nodes, any steps: whatever way they tell each other in the end, all know the same, and a
        /// pull that no clearing had heard of holds.
        #[test]
        fn whoever_hears_of_everything_knows_the_same(steps in proptest::collection::vec(
            prop_oneof![
                (0..3_usize).prop_map(Step::Pull),
                (0..3_usize).prop_map(Step::Clear),
                (0..3_usize, 0..3_usize).prop_map(|(a, b)| Step::Tell(a, b)),
            ], 0..40)) {
            let mut nodes = [const { Shared { pulls: BTreeMap::new(), cleared: BTreeMap::new() } }; 3];
            // The model: which pulls each node has heard of, and which it has heard cleared.
            let mut heard: [(u64, u64); 3] = [(0, 0); 3];
            let mut pulls = 0;
            for step in steps {
                match step {
                    Step::Pull(n) => {
                        nodes[n].pull(&n.to_string(), 5);
                        heard[n].0 |= 1 << pulls;
                        pulls += 1;
                    }
                    Step::Clear(n) => {
                        nodes[n].clear();
                        heard[n].1 |= heard[n].0;
                    }
                    Step::Tell(a, b) => {
                        let told = nodes[a].clone();
                        nodes[b].merge(&told, 5);
                        heard[b].0 |= heard[a].0;
                        heard[b].1 |= heard[a].1;
                    }
                }
                for (node, (pulled, cleared)) in nodes.iter().zip(heard) {
                    prop_assert_eq!(node.active(), pulled & !cleared != 0);
                }
            }
            let mut forwards = nodes[0].clone();
            forwards.merge(&nodes[1], 5);
            forwards.merge(&nodes[2], 5);
            let mut backwards = nodes[2].clone();
            backwards.merge(&nodes[1], 5);
            backwards.merge(&nodes[0], 5);
            backwards.merge(&nodes[1], 5);
            prop_assert_eq!(&forwards, &backwards);
        }
    }
}
