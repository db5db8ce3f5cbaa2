//! A connection whose socket broke in the middle of a call waits for its client, and goes on over another.

use std::time::Instant;

use futures_util::StreamExt;
use janet_protocol::{ErrorCode, WireError};

use super::carrier::Frames;
use super::connection::{Connection, Leave};
use super::devices;
use super::outbound::Outbound;
use super::parked::{self, Comeback};
use super::realtime::{self, Realtime};
use crate::app::goes_down;
use crate::conversations::Summons;

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
        loop {
            let went_on = tokio::select! {
                comeback = parked::comeback(&mut self.comeback) => return Ok(self.go_on_over(comeback)),
                () = self.woken.notified() => self.pump().await,
                news = realtime::news(&mut self.realtime) => self.on_realtime(news).await,
                summons = self.seat.summons() => match summons {
                    Summons::Leave => Err(Leave::Superseded),
                    // It is in a call.
                    Summons::Ring(_) => Ok(()),
                    Summons::Unanswered(unanswered) => self.on_unanswered(unanswered),
                },
                () = devices::revoked(&app.lock, &self.access) => Err(Leave::NotPaired),
                () = goes_down(&mut self.leaving) => Err(Leave::Away),
                () = tokio::time::sleep_until(until) => Err(leave),
            };
            went_on?;
            self.expect_comeback();
            if self.comeback.is_none() {
                return Err(leave);
            }
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
