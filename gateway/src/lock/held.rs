//! How many connections each machine elsewhere has at once: none may take the places of all others.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::peers::machine;

/// Most of one machine: a browser opens half a dozen for a page, and a socket.
const MOST: usize = 32;

/// The counts of those that have any.
#[derive(Debug, Default)]
pub(crate) struct Held {
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Holding {
    held: Arc<Held>,
    machine: IpAddr,
}

impl Held {
    /// One more connection of this machine's; `None`: it has enough.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Holding> {
        let machine = machine(address);
        let mut counts = self.counts();
        let count = counts.entry(machine).or_default();
        if *count == MOST {
            return None;
        }
        *count += 1;
        Some(Holding {
            held: self.clone(),
            machine,
        })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        let mut counts = self.held.counts();
        if let Some(count) = counts.get_mut(&self.machine) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.machine);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_machine_has_so_many_and_another_has_its_own() {
        let held = Arc::new(Held::default());
        let at = |text: &str| text.parse::<IpAddr>().expect("an address");
        let mut mine: Vec<_> = (0..MOST)
            .map(|n| {
                held.take(at(&format!("2001:db8::{n:x}")))
                    .expect("there is room")
            })
            .collect();
        assert!(
            held.take(at("2001:db8::ffff")).is_none(),
            "the same network"
        );
        let other = held.take(at("192.168.1.7")).expect("another machine");
        mine.pop();
        let again = held.take(at("2001:db8::1")).expect("one was given back");
        drop((mine, other, again));
        assert!(held.counts().is_empty());
    }
}
