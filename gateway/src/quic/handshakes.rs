//! Handshakes under way: how many there are, and whose. Other machines never take all of the places, and
//! no machine takes those of all others.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::lock::machine;

/// At once.
const MOST: usize = 64;
/// Of those, by other machines: whoever fills them keeps nobody out who comes from this one.
const ELSEWHERE: usize = MOST / 2;
/// Of those, by one machine: all devices behind one router come back at once when Janet was away.
const OF_ONE: usize = ELSEWHERE / 2;

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Handshakes {
    /// Held for a few instructions only.
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    /// Of the machines elsewhere that have any.
    elsewhere: HashMap<IpAddr, usize>,
}

/// One of them; over when it is dropped.
#[derive(Debug)]
pub(super) struct UnderWay {
    of: Arc<Handshakes>,
    /// `None`: this machine.
    machine: Option<IpAddr>,
}

impl Handshakes {
    /// One more from there; `None`: there are enough.
    pub(super) fn begin(self: &Arc<Self>, address: IpAddr) -> Option<UnderWay> {
        let is_here = address.to_canonical().is_loopback();
        let machine = (!is_here).then(|| machine(address));
        let mut counts = self.counts();
        if counts.all == MOST {
            return None;
        }
        if let Some(machine) = machine {
            let elsewhere: usize = counts.elsewhere.values().sum();
            let of_one = counts.elsewhere.get(&machine).copied().unwrap_or_default();
            if elsewhere == ELSEWHERE || of_one == OF_ONE {
                return None;
            }
            counts.elsewhere.insert(machine, of_one + 1);
        }
        counts.all += 1;
        let of = self.clone();
        Some(UnderWay { of, machine })
    }

    /// How many there are.
    pub(super) fn under_way(&self) -> usize {
        self.counts().all
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut counts = self.of.counts();
        counts.all -= 1;
        if let Some(machine) = self.machine
            && let Some(count) = counts.elsewhere.get_mut(&machine)
        {
            *count -= 1;
            if *count == 0 {
                counts.elsewhere.remove(&machine);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn begin(handshakes: &Arc<Handshakes>, addresses: &[String]) -> Vec<UnderWay> {
        let begun = addresses.iter();
        begun
            .filter_map(|address| handshakes.begin(at(address)))
            .collect()
    }

    #[test]
    fn other_machines_never_take_the_places_of_this_one() {
        let handshakes = Arc::new(Handshakes::default());
        let strangers: Vec<String> = (0..200).map(|n| format!("192.0.2.{n}")).collect();
        let theirs = begin(&handshakes, &strangers);
        assert_eq!(theirs.len(), ELSEWHERE);
        let here: Vec<String> = (0..200)
            .map(|n| ["127.0.0.1", "::1", "::ffff:127.0.0.1"][n % 3].to_owned())
            .collect();
        let ours = begin(&handshakes, &here);
        assert_eq!(ours.len(), MOST - ELSEWHERE);
        assert_eq!(handshakes.under_way(), MOST);
        drop(theirs);
        // Places that nobody elsewhere wants are anybody's.
        let more = begin(&handshakes, &here);
        assert_eq!(more.len(), ELSEWHERE);
        assert!(handshakes.begin(at("192.0.2.1")).is_none());
        drop((ours, more));
        assert_eq!(handshakes.under_way(), 0);
        assert!(handshakes.counts().elsewhere.is_empty());
    }

    #[test]
    fn one_machine_takes_a_part_of_them_however_many_addresses_it_has() {
        let handshakes = Arc::new(Handshakes::default());
        let network: Vec<String> = (0..100).map(|n| format!("2001:db8:1:2::{n:x}")).collect();
        let mut theirs = begin(&handshakes, &network);
        assert_eq!(theirs.len(), OF_ONE);
        let other = handshakes.begin(at("2001:db8:1:3::1"));
        assert!(other.is_some(), "the next network");
        assert!(handshakes.begin(at("192.0.2.1")).is_some());
        theirs.pop();
        assert!(handshakes.begin(at(&network[0])).is_some(), "one is over");
    }
}
