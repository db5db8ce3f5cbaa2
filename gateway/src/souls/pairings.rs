//! Which souls elsewhere were paired, and what went to them: for the log and for the operator.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use janet_protocol::LeftMachine;
use janet_vault::audit::{Event, Name};
use janet_vault::bridge::Party;

use super::{Peer, Souls};
use crate::conversations::now_ms;
use crate::elsewhere::Left;

/// Addresses whose traffic is told; there are a few at a time.
const MOST_ADDRESSES: usize = 64;

/// What the process knows of it.
#[derive(Debug, Default)]
pub(super) struct Pairings {
    /// Those that are in the log.
    known: Mutex<Vec<Party>>,
    left: Mutex<BTreeMap<String, Arc<Left>>>,
}

impl Pairings {
    /// What was paired before the start is in the log.
    pub(super) fn new(paired: &[Peer]) -> Self {
        let known = paired.iter().map(|peer| peer.party).collect();
        Self {
            known: Mutex::new(known),
            left: Mutex::default(),
        }
    }

    fn left(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Left>>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Souls {
    /// Those of these that count: what changed since the last look is in the log when this returns, and a
    /// pairing that cannot be written there counts for nothing.
    pub(super) fn in_log(&self, mut peers: Vec<Peer>) -> Vec<Peer> {
        let known = &self.pairings.known;
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|party| {
            let is_there = peers.iter().any(|peer| peer.party == *party);
            is_there || self.trust.note(&parted(*party)).is_err()
        });
        peers.retain(|peer| {
            if known.contains(&peer.party) {
                return true;
            }
            let noted = self.trust.note(&paired(peer.party)).is_ok();
            if noted {
                known.push(peer.party);
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

fn names(party: Party) -> (Name, Name) {
    let key = format!("{:?}", party.key);
    (Name::new(party.soul.name()), Name::new(&key))
}
