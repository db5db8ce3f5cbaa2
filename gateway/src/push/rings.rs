//! Rings that wait for a phone to wake up: who may answer which, until when, and what becomes of the
//! others.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use janet_protocol::CallState;
use janet_talk::Mono;
use tokio::sync::oneshot;

use crate::calls::{Action, End, Event, Machine};
use crate::conversations::{NotRung, Ring};
use crate::lock::DeviceId;

/// Rings by push at once.
pub(super) const MOST: usize = 16;

/// A ring that is kept for so long has lost its task.
const LOST: Duration = Duration::from_secs(120);

/// Who is rung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Whom {
    /// Its conversation, for the history.
    pub(super) client_id: String,
    /// The paired device that may answer; `None`: one that comes from this machine.
    pub(super) device: Option<DeviceId>,
}

/// A call that rings, for whoever goes on with it.
#[derive(Debug)]
pub(crate) struct Ringing {
    pub(crate) ring: Ring,
    pub(crate) machine: Machine,
    /// The machine's moment zero.
    pub(crate) began: Instant,
    /// The client that asked for a push and waits to hear what becomes of it; `None`: nobody does.
    pub(crate) asker: Option<String>,
}

/// A ring that nobody has answered.
#[derive(Debug)]
pub(super) struct Over {
    pub(super) whom: Whom,
    /// Who asked for it.
    pub(super) asker: Option<String>,
    pub(super) end: End,
    /// How long it rang.
    pub(super) lasted: Duration,
}

struct Waiting {
    ringing: Ringing,
    whom: Whom,
    /// Dropped once somebody has answered or declined.
    _waits: oneshot::Sender<()>,
}

/// All of them.
#[derive(Default)]
pub(super) struct Rings {
    /// Held for a few instructions only.
    waiting: Mutex<HashMap<String, Waiting>>,
}

impl Rings {
    /// Somebody is rung from now on, as this client asks: until when, and what resolves once it is answered
    /// or declined.
    pub(super) fn begin(
        &self,
        ring: Ring,
        whom: Whom,
        asker: &str,
        now: Instant,
    ) -> Result<(Instant, oneshot::Receiver<()>), NotRung> {
        let mut waiting = self.waiting();
        waiting.retain(|_, one| now.saturating_duration_since(one.ringing.began) < LOST);
        let is_rung = |other: &Waiting| other.whom.client_id == whom.client_id;
        if waiting.len() >= MOST || waiting.values().any(is_rung) {
            return Err(NotRung::Busy);
        }
        let mut machine = Machine::new();
        // Whom it is told to is what differs from a ring over a connection.
        let taken = machine.handle(Mono::ZERO, Event::Ring, &mut Vec::new());
        taken.expect("a call that is new can ring");
        let due = machine.poll_timeout().map(|(due, _)| due.since(Mono::ZERO));
        let until = now + due.unwrap_or(Duration::ZERO);
        let (waits, taken) = oneshot::channel();
        let ringing = Ringing {
            ring,
            machine,
            began: now,
            asker: Some(asker.to_owned()),
        };
        waiting.insert(
            ringing.ring.call_id.clone(),
            Waiting {
                ringing,
                whom,
                _waits: waits,
            },
        );
        Ok((until, taken))
    }

    /// Whether this client is rung.
    pub(super) fn rings(&self, client_id: &str) -> bool {
        let waiting = self.waiting();
        waiting.values().any(|one| one.whom.client_id == client_id)
    }

    /// The ring of this name, for this device, as long as it lasts.
    pub(super) fn take(
        &self,
        call_id: &str,
        device: Option<&DeviceId>,
        now: Instant,
    ) -> Option<Ringing> {
        let mut waiting = self.waiting();
        let one = waiting.get_mut(call_id)?;
        let at = at(&one.ringing, now);
        let is_over = one.ringing.machine.poll_timeout();
        let is_over = is_over.is_none_or(|(due, _)| due <= at);
        if is_over || one.whom.device.as_ref() != device {
            return None;
        }
        waiting.remove(call_id).map(|one| one.ringing)
    }

    /// A ring ends because of this, or because its time is over. `None`: somebody has taken it.
    pub(super) fn end(&self, call_id: &str, event: Event, now: Instant) -> Option<Over> {
        let mut one = self.waiting().remove(call_id)?;
        let (at, mut out) = (at(&one.ringing, now), Vec::new());
        // Behind the ring's time this is refused, and the end stands in `out` all the same.
        one.ringing.machine.handle(at, event, &mut out).ok();
        debug_assert_eq!(one.ringing.machine.state(), CallState::Ended);
        let end = out.into_iter().find_map(|action| match action {
            Action::End(end) => Some(end),
            _ => None,
        });
        end.map(|end| Over {
            whom: one.whom,
            asker: one.ringing.asker,
            end,
            lasted: at.since(Mono::ZERO),
        })
    }

    /// The names of all.
    pub(super) fn all(&self) -> Vec<String> {
        self.waiting().keys().cloned().collect()
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn at(ringing: &Ringing, now: Instant) -> Mono {
    Mono::ZERO + now.saturating_duration_since(ringing.began)
}

#[cfg(test)]
mod tests {
    use janet_protocol::EndReason;
    use tokio::sync::oneshot::error::TryRecvError;

    use super::*;

    fn ring(call_id: &str) -> Ring {
        Ring {
            call_id: call_id.to_owned(),
            caller: "Janet".to_owned(),
        }
    }

    fn whom(client_id: &str, device: Option<&str>) -> Whom {
        Whom {
            client_id: client_id.to_owned(),
            device: device.map(|id| DeviceId(id.to_owned())),
        }
    }

    #[test]
    fn the_device_that_is_rung_takes_its_ring_once_and_nobody_else_does() {
        let (rings, now) = (Rings::default(), Instant::now());
        let begun = rings.begin(ring("a"), whom("x", Some("phone")), "asker", now);
        let (until, mut taken) = begun.expect("free");
        assert!(rings.rings("x") && !rings.rings("y"));
        assert_eq!(until, now + Duration::from_secs(45));
        let (phone, other) = (DeviceId("phone".to_owned()), DeviceId("other".to_owned()));
        for who in [None, Some(&other)] {
            assert!(rings.take("a", who, now).is_none());
        }
        assert!(rings.take("b", Some(&phone), now).is_none());
        assert_eq!(taken.try_recv(), Err(TryRecvError::Empty));
        let last = until - Duration::from_millis(1);
        let ringing = rings.take("a", Some(&phone), last).expect("it rings");
        assert_eq!(ringing.machine.state(), CallState::Ringing);
        assert_eq!((ringing.began, ringing.ring), (now, ring("a")));
        assert_eq!(
            ringing.asker.as_deref(),
            Some("asker"),
            "who waits goes along"
        );
        assert_eq!(taken.try_recv(), Err(TryRecvError::Closed));
        assert!(rings.take("a", Some(&phone), now).is_none());
        assert!(rings.end("a", Event::Failed, now).is_none());
    }

    #[test]
    fn what_nobody_answers_in_time_is_missed_and_can_be_answered_no_more() {
        let (rings, now) = (Rings::default(), Instant::now());
        let (until, _) = rings
            .begin(ring("a"), whom("x", None), "asker", now)
            .expect("free");
        assert!(rings.take("a", None, until).is_none(), "too late");
        let over = rings.end("a", Event::Failed, until).expect("over");
        assert_eq!(over.whom, whom("x", None));
        assert_eq!(over.asker.as_deref(), Some("asker"));
        assert_eq!(over.lasted, Duration::from_secs(45));
        assert_eq!(
            (over.end.reason, over.end.missed),
            (EndReason::Missed, true)
        );
        assert!(!rings.rings("x"));
    }

    #[test]
    fn one_that_cannot_be_delivered_ends_at_once_and_is_missed() {
        for (event, reason) in [
            (Event::MediaLost, EndReason::Unreachable),
            (Event::ShuttingDown, EndReason::ShuttingDown),
        ] {
            let (rings, now) = (Rings::default(), Instant::now());
            rings
                .begin(ring("a"), whom("x", None), "asker", now)
                .expect("free");
            assert_eq!(rings.all(), ["a"]);
            let end = rings.end("a", event, now).expect("over").end;
            assert_eq!((end.reason, end.missed), (reason, true));
        }
    }

    #[test]
    fn nobody_is_rung_twice_at_once_and_not_everybody() {
        let (rings, now) = (Rings::default(), Instant::now());
        let mut begun = Vec::new();
        for number in 0..MOST {
            let name = number.to_string();
            begun.push(
                rings
                    .begin(ring(&name), whom(&name, None), "asker", now)
                    .expect("room"),
            );
            let again = rings.begin(ring("again"), whom(&name, None), "asker", now);
            assert_eq!(again.err(), Some(NotRung::Busy));
        }
        let more = rings.begin(ring("more"), whom("more", None), "asker", now);
        assert_eq!(more.err(), Some(NotRung::Busy));
        rings.end("3", Event::MediaLost, now).expect("over");
        assert!(
            rings
                .begin(ring("more"), whom("more", None), "asker", now)
                .is_ok()
        );
        // Should a task die, its ring goes all the same.
        let later = now + LOST;
        assert!(
            rings
                .begin(ring("later"), whom("0", None), "asker", later)
                .is_ok()
        );
        assert_eq!(rings.all(), ["later"]);
    }
}
