//! A connection whose socket broke in the middle of a call waits for its client, and goes on over another.

use std::time::Instant;

use futures_util::StreamExt;
use janet_protocol::{ErrorCode, ServerMessage, TrustEvent, WireError};
use tokio::task::JoinError;

use super::carrier::Frames;
use super::connection::{Connection, Leave};
use super::devices;
use super::outbound::Outbound;
use super::parked::{self, Comeback};
use super::realtime::{self, Realtime};
use super::trust::Done;
use crate::app::goes_down;
use crate::conversations::Summons;
use crate::trust::Told;

/// What a client is told once it is back: as much of each as it may be behind. What holds is told anew.
const MOST_MISSED: usize = 64;

/// What came while nobody read.
#[derive(Default)]
struct Missed {
    told: Vec<TrustEvent>,
    done: Vec<Result<Done, JoinError>>,
}

impl Missed {
    fn told(&mut self, event: &TrustEvent) {
        if self.told.len() < MOST_MISSED {
            self.told.push(event.clone());
        }
    }

    fn done(&mut self, done: Result<Done, JoinError>) -> Result<(), Leave> {
        if self.done.len() < MOST_MISSED {
            self.done.push(done);
        }
        Ok(())
    }
}

impl Connection {
    /// Waits for a client whose socket broke in the middle of a call, which goes on meanwhile: what it comes
    /// back with, or why the connection ends.
    pub(super) async fn park(
        &mut self,
        leave: Leave,
        frames: &mut Frames,
    ) -> Result<Frames, Leave> {
        let is_broken = matches!(leave, Leave::Lost | Leave::Silent | Leave::Stalled);
        let app = self.app.clone();
        if let (true, Some(comes)) = (is_broken, &mut self.comeback)
            && let Ok(comeback) = comes.try_recv()
        {
            // It came back before the old socket had ended.
            return Ok(self.go_on_over(comeback));
        }
        if !is_broken || self.comeback.is_none() || !app.parked.park(self.seat.client_id()) {
            return Err(leave);
        }
        // Both halves of the old socket go, so that a client that is still there sees that it is closed.
        self.outbound = Outbound::nowhere();
        *frames = futures_util::stream::empty().boxed();
        let until = tokio::time::Instant::now() + parked::PATIENCE;
        let mut missed = Missed::default();
        loop {
            let went_on = tokio::select! {
                comeback = parked::comeback(&mut self.comeback) => {
                    let back = self.go_on_over(comeback);
                    self.catch_up(missed);
                    return Ok(back);
                }
                () = self.woken.notified() => self.pump().await,
                news = realtime::news(&mut self.realtime) => self.on_realtime(news).await,
                summons = self.seat.summons() => match summons {
                    Summons::Leave => Err(Leave::Superseded),
                    // It is in a call.
                    Summons::Ring(_) => Ok(()),
                    Summons::Unanswered(unanswered) => self.on_unanswered(unanswered),
                },
                // What stops everything, and what ends this conversation, does not wait for its client.
                told = self.told.recv() => {
                    if let Ok(Told::Event(to, event)) = &told && self.is_for_us(to) {
                        missed.told(event);
                    }
                    self.on_told(told)
                }
                done = self.trusted.pending.next() => match done {
                    // She says what became of it.
                    Ok(Done::Carried(_)) => self.on_done(done),
                    done => missed.done(done),
                },
                () = devices::revoked(&app.lock, &self.access) => Err(Leave::NotPaired),
                () = goes_down(&mut self.leaving) => Err(Leave::Away),
                () = tokio::time::sleep_until(until) => Err(leave),
            };
            went_on?;
            if self.trusted.forgets.is_some() {
                return Err(Leave::Forgotten);
            }
            self.expect_comeback();
            if self.comeback.is_none() {
                return Err(leave);
            }
        }
    }

    /// Tells a client that is back what it did not hear. One that is gone again shows at its next frame.
    fn catch_up(&mut self, missed: Missed) {
        if self.app.trust.may_act().is_err() {
            let state = self.app.trust.red_thread_state();
            self.outbound.text(ServerMessage::Trust(state)).ok();
        }
        for event in missed.told {
            self.outbound.text(ServerMessage::Trust(event)).ok();
        }
        for done in missed.done {
            self.on_done(done).ok();
        }
    }

    /// Goes on over another socket.
    pub(super) fn go_on_over(&mut self, comeback: Comeback) -> Frames {
        let Comeback {
            carrier,
            frames,
            outbound,
        } = comeback;
        self.limits.frame_bytes = carrier.largest(self.app.config.server.max_frame_bytes);
        self.carrier = carrier;
        let old = std::mem::replace(&mut self.outbound, outbound);
        let leave = Leave::Superseded;
        let told = WireError::new(ErrorCode::Superseded, leave.reason());
        // Most often nobody reads it.
        old.text(told).ok();
        old.say_goodbye(leave.code(), leave.reason());
        self.pairing = None;
        self.comeback = None;
        self.heard = Instant::now();
        metrics::counter!("janet_calls_taken_up_total").increment(1);
        self.expect_comeback();
        // One that is gone again shows at its next frame.
        self.tell_status().ok();
        frames
    }

    /// While voice flows the client may come back to it by another socket.
    pub(super) fn expect_comeback(&mut self) {
        let flows = self.realtime.as_ref().is_some_and(Realtime::is_connected);
        let client_id = self.seat.client_id();
        match (flows, &self.comeback) {
            (true, None) => {
                let comes = self.app.parked.expect(client_id, self.access.clone());
                self.comeback = Some(comes);
            }
            (false, Some(_)) => {
                self.app.parked.forget(client_id);
                self.comeback = None;
            }
            _ => {}
        }
    }
}
