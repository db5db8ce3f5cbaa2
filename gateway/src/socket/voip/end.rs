//! How a call ends: what is let go of, what is kept of it, and who is told.

use std::time::Instant;

use janet_protocol::{EndReason, PastCall};

use super::Voip;
use crate::calls::End;
use crate::conversations::Unanswered;
use crate::push;
use crate::socket::connection::Connection;
use crate::socket::realtime::Realtime;

impl Connection {
    /// Lets everything go, and keeps the call in the history.
    pub(super) async fn ended(&mut self, end: &End) {
        let Some(Realtime::Voip(voip)) = self.realtime.take() else {
            return;
        };
        let age = voip.at(Instant::now()).since(end.began);
        let words = voip.words.clone();
        self.tell_asker(&voip, end);
        drop(voip);
        // An answer to a recording ends, too. A ring alone took nothing from anybody.
        let was_offered = !end.missed && end.reason != EndReason::Declined;
        if was_offered {
            // One that ends on hold has its microphone still.
            self.close_voice();
            if let Some(session) = &self.session {
                session.interrupt().ok();
            }
        }
        push::count(end);
        let call = PastCall {
            direction: end.direction,
            started_ms: self.seat.now_ms().saturating_sub(age.as_millis() as u64),
            duration_ms: end.duration_ms,
            reason: end.reason,
            missed: end.missed,
            words,
        };
        if let Err(error) = self.seat.keep_call(call).await {
            tracing::error!(%error, "a call was not kept in the history");
        }
    }

    /// Tells who had this device woken up that nobody talks there.
    fn tell_asker(&self, voip: &Voip, end: &End) {
        let is_another = |asker: &&String| asker.as_str() != self.seat.client_id();
        let asker = voip.asker.as_ref().filter(is_another);
        if let (Some(asker), false) = (asker, end.talked) {
            let unanswered = Unanswered {
                call_id: voip.call_id.clone(),
                reason: end.reason,
                words: voip.words.clone(),
            };
            self.app.conversations.tell(asker, unanswered);
        }
    }
}
