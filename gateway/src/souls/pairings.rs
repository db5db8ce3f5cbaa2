//! Which souls elsewhere were paired, and what went to them: for the log and for the operator.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use janet_protocol::LeftMachine;
use janet_vault::audit::{Event, Name};
use janet_vault::bridge::Party;

use super::{Peer, Souls};
use crate::conversations::now_ms;
use crate::elsewhere::Left;
use crate::trust::Trust;

/// Addresses whose traffic is told; there are a few at a time.
const MOST_ADDRESSES: usize = 64;

/// A soul elsewhere and its key, as the log names them.
type Names = (Name, Name);

/// What the process knows of it.
#[derive(Debug, Default)]
pub(super) struct Pairings {
    /// Those that are paired, by the log.
    known: Mutex<Vec<Names>>,
    left: Mutex<BTreeMap<String, Arc<Left>>>,
}

impl Pairings {
    /// By what the log says: whatever was paired or parted with behind it is news, also while no Janet ran or
    /// none looked. Blocks on the disk.
    pub(super) fn in_log_of(trust: &Trust) -> Self {
        let mut logged = Logged::default();
        if let Err(error) = trust.look_back(|event| logged.look(event)) {
            tracing::warn!(%error, "which souls were paired is not known from the log");
        }
        Self {
            known: Mutex::new(logged.paired),
            left: Mutex::default(),
        }
    }

    fn left(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Left>>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the log says of souls elsewhere, read backwards: the newest entry of each counts.
#[derive(Default)]
struct Logged {
    seen: HashSet<Names>,
    paired: Vec<Names>,
}

impl Logged {
    fn look(&mut self, event: &Event) {
        let (names, is_paired) = match event {
            Event::SoulPaired { soul, key } => ((soul.clone(), key.clone()), true),
            Event::SoulParted { soul, key } => ((soul.clone(), key.clone()), false),
            _ => return,
        };
        if self.seen.insert(names.clone()) && is_paired {
            self.paired.push(names);
        }
    }
}

impl Souls {
    /// Those of these that count: what changed since the last look is in the log when this returns, and a
    /// pairing that cannot be written there counts for nothing.
    pub(super) fn in_log(&self, mut peers: Vec<Peer>) -> Vec<Peer> {
        let known = &self.pairings.known;
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(soul, key)| {
            let there = (soul.clone(), key.clone());
            let is_there = peers.iter().any(|peer| names(peer.party) == there);
            let (soul, key) = there;
            is_there || self.trust.note(&Event::SoulParted { soul, key }).is_err()
        });
        peers.retain(|peer| {
            let named = names(peer.party);
            if known.contains(&named) {
                return true;
            }
            let noted = self.trust.note(&paired(peer.party)).is_ok();
            if noted {
                known.push(named);
            }
            noted
        });
        peers
    }

    /// A conversation goes to this address.
    pub(super) fn goes_to(&self, address: &str) {
        let mut left = self.pairings.left();
        if left.len() < MOST_ADDRESSES || left.contains_key(address) {
            left.entry(address.to_owned()).or_default().goes(now_ms());
        }
    }

    /// What went to souls elsewhere since the start, and to which it could.
    pub(crate) fn left(&self) -> Vec<LeftMachine> {
        let mut left = self.pairings.left().clone();
        for address in self.paired().into_iter().filter_map(|peer| peer.address) {
            left.entry(address).or_default();
        }
        left.iter()
            .map(|(address, left)| left.told("soul", address))
            .collect()
    }
}

/// That a soul elsewhere was paired.
pub(crate) fn paired(party: Party) -> Event {
    let (soul, key) = names(party);
    Event::SoulPaired { soul, key }
}

/// That it was parted with.
pub(crate) fn parted(party: Party) -> Event {
    let (soul, key) = names(party);
    Event::SoulParted { soul, key }
}

fn names(party: Party) -> Names {
    let key = format!("{:?}", party.key);
    (Name::new(party.soul.name()), Name::new(&key))
}

#[cfg(test)]
mod tests {
    use janet_vault::identity::PublicKey;
    use janet_vault::soul::Soul;

    use super::*;

    #[test]
    fn the_newest_entry_says_who_is_paired() {
        let party = |n| Party {
            soul: Soul::Constitutional,
            key: PublicKey([n; 32]),
        };
        let happened = [
            paired(party(1)),
            paired(party(2)),
            parted(party(1)),
            paired(party(3)),
            parted(party(3)),
            paired(party(3)),
        ];
        let mut logged = Logged::default();
        for event in happened.iter().rev() {
            logged.look(event);
        }
        assert_eq!(logged.paired, [names(party(3)), names(party(2))]);
    }
}
