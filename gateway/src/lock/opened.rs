//! A pairing as its opener holds it: dropping it takes it back.

use std::sync::Arc;
use std::time::Instant;

use super::Lock;
use super::code::Code;
use super::pairing::{Desk, LIFE, Over, Ticket};
use super::registry::Device;

/// The desk, and who was paired at it last (`None`: it could not be kept).
#[derive(Debug)]
pub(super) struct Room {
    pub(super) desk: Desk,
    pub(super) paired: Option<(Ticket, Option<Device>)>,
}

/// What became of a pairing.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Paired(Device),
    Late,
    WornOut,
    Withdrawn,
    /// The proof was right, and the device could not be kept.
    Failed,
}

/// An open pairing.
#[derive(Debug)]
pub(crate) struct Opened {
    lock: Arc<Lock>,
    ticket: Ticket,
    pub(crate) code: Code,
}

impl Opened {
    pub(super) fn new(lock: Arc<Lock>, ticket: Ticket, code: Code) -> Self {
        Self { lock, ticket, code }
    }

    /// How long the code is good for, from the beginning.
    pub(crate) const LIFE_MS: u64 = LIFE.as_millis() as u64;

    /// Resolves when it is over. May be dropped and asked for again.
    pub(crate) async fn outcome(&self) -> Outcome {
        let mut over = self.lock.over.subscribe();
        loop {
            let until = match self.look() {
                Ok(outcome) => return outcome,
                Err(until) => until,
            };
            // Either way the next look tells; the sender lives as long as the lock.
            match until {
                Some(until) => {
                    tokio::time::timeout_at(until.into(), over.changed())
                        .await
                        .ok();
                }
                None => {
                    over.changed().await.ok();
                }
            }
        }
    }

    /// The outcome, or when to look again besides when something changes.
    fn look(&self) -> Result<Outcome, Option<Instant>> {
        let mut room = self.lock.room();
        room.desk.handle_timeout(Instant::now());
        match room.desk.over(self.ticket) {
            None => Err(room.desk.poll_timeout()),
            Some(Over::Late) => Ok(Outcome::Late),
            Some(Over::WornOut) => Ok(Outcome::WornOut),
            Some(Over::Withdrawn) => Ok(Outcome::Withdrawn),
            Some(Over::Used) => match &room.paired {
                Some((ticket, device)) if *ticket == self.ticket => {
                    Ok(device.clone().map_or(Outcome::Failed, Outcome::Paired))
                }
                // It is being written down.
                _ => Err(None),
            },
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.lock.room().desk.withdraw(self.ticket);
    }
}
