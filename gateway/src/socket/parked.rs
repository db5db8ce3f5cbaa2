//! Calls that survive the loss of their socket: media goes on, and the client may come back to it.
//!
//! A connection over which voice flows can be given another socket by whoever comes with its `client_id` and
//! its key, whether it has noticed already that the old one is dead or not. One that has noticed is parked:
//! for a while it keeps its place, its seat, its engine session and its call, and only what it read from and
//! wrote to is gone.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::carrier::{Carrier, Frames};
use super::outbound::Outbound;
use crate::lock::Access;

/// How long a client has to come back: a phone that changes networks takes seconds.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// Parked at once. Of more, the calls end.
const MOST: usize = 16;

/// Another socket for a connection.
pub(super) struct Comeback {
    pub(super) carrier: Carrier,
    pub(super) frames: Frames,
    pub(super) outbound: Outbound,
}

/// The connections over which voice flows, by the `client_id` that brings their client back.
#[derive(Default)]
pub(crate) struct Parked {
    calls: Mutex<HashMap<String, Call>>,
}

struct Call {
    access: Access,
    comes: oneshot::Sender<Comeback>,
    is_parked: bool,
}

impl Parked {
    /// Voice flows over a connection: what its client comes back with.
    pub(super) fn expect(&self, client_id: &str, access: Access) -> oneshot::Receiver<Comeback> {
        let (comes, comeback) = oneshot::channel();
        let call = Call {
            access,
            comes,
            is_parked: false,
        };
        let mut calls = self.calls();
        calls.insert(client_id.to_owned(), call);
        tell(&calls);
        comeback
    }

    /// Its socket broke; whether it may wait.
    pub(super) fn park(&self, client_id: &str) -> bool {
        let mut calls = self.calls();
        let parked = calls.values().filter(|call| call.is_parked).count();
        let may_wait = match calls.get_mut(client_id) {
            Some(call) if parked < MOST => {
                call.is_parked = true;
                true
            }
            _ => false,
        };
        tell(&calls);
        may_wait
    }

    /// Voice does not flow any more, or the connection ends.
    pub(super) fn forget(&self, client_id: &str) {
        let mut calls = self.calls();
        calls.remove(client_id);
        tell(&calls);
    }

    /// Whether this client comes back to a call, with the key that belongs to it.
    pub(super) fn knows(&self, client_id: &str, access: &Access) -> bool {
        let calls = self.calls();
        calls
            .get(client_id)
            .is_some_and(|call| call.access == *access && !call.comes.is_closed())
    }

    /// The client is back; `Err`: its call has just ended.
    pub(super) fn comes_back(&self, client_id: &str, comeback: Comeback) -> Result<(), Comeback> {
        let mut calls = self.calls();
        let found = calls.remove(client_id);
        tell(&calls);
        match found {
            Some(call) => call.comes.send(comeback),
            None => Err(comeback),
        }
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<String, Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell(calls: &HashMap<String, Call>) {
    let parked = calls.values().filter(|call| call.is_parked).count();
    metrics::gauge!("janet_calls_parked").set(parked as f64);
}

/// Resolves when the client is back; never for a connection over which no voice flows. May be cancelled.
pub(super) async fn comeback(expected: &mut Option<oneshot::Receiver<Comeback>>) -> Comeback {
    match expected {
        Some(comes) => match comes.await {
            Ok(comeback) => comeback,
            // It was forgotten, and is not asked again.
            Err(_) => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_waited_for(parked: &Parked, client_id: &str) -> bool {
        parked.knows(client_id, &Access::Here)
    }

    #[test]
    fn who_has_another_key_is_not_waited_for_and_nobody_is_twice() {
        let parked = Parked::default();
        assert!(!is_waited_for(&parked, "a"));
        assert!(!parked.park("a"), "no voice flows there");
        let comes = parked.expect("a", Access::Here);
        assert!(is_waited_for(&parked, "a") && !parked.knows("a", &Access::Guest));
        assert!(parked.park("a"));
        drop(comes);
        assert!(!is_waited_for(&parked, "a"), "its connection is gone");
        let _comes = parked.expect("a", Access::Here);
        parked.forget("a");
        assert!(!is_waited_for(&parked, "a"));
        assert_eq!(parked.calls().len(), 0);
    }

    #[test]
    fn few_are_parked_at_once() {
        let parked = Parked::default();
        let names: Vec<String> = (0..=MOST).map(|n| n.to_string()).collect();
        let expected: Vec<_> = names
            .iter()
            .map(|name| parked.expect(name, Access::Here))
            .collect();
        let waiting = names.iter().filter(|name| parked.park(name)).count();
        assert_eq!((waiting, expected.len()), (MOST, MOST + 1));
        parked.forget("0");
        assert!(parked.park(&names[MOST]));
    }
}
