//! Rings: how somebody is rung from this connection, and how this one is.

use janet_protocol::{CallState, ErrorCode, Private, Role, ServerMessage, WireError};
use janet_vault::conversations::PushToken;

use super::connection::{Connection, Leave};
use super::realtime::{Realtime, new_id};
use super::voip::{CALLER, Voip, of_call};
use crate::calls::Event;
use crate::conversations::{NotRung, Ring, Unanswered};
use crate::push;

impl Connection {
    /// `voip_ring`.
    pub(super) async fn voip_ring(
        &mut self,
        client_id: Option<String>,
        caller: Option<String>,
    ) -> Result<ServerMessage, WireError> {
        let call_id = new_id();
        let ring = Ring {
            call_id: call_id.clone(),
            caller: caller.unwrap_or_else(|| CALLER.to_owned()),
        };
        let client_id = client_id.unwrap_or_else(|| self.seat.client_id().to_owned());
        let rung = self.ring(&client_id, ring).await;
        rung.map_err(|not| {
            let error = match not {
                NotRung::Away => {
                    let message = "field \"client_id\": no client of this name is connected, and \
                                   none can be woken up";
                    WireError::in_field(ErrorCode::UnknownClient, "client_id", message)
                }
                NotRung::Busy => WireError::new(ErrorCode::Busy, not.to_string()),
            };
            of_call(None, error)
        })?;
        let state = CallState::Ringing;
        Ok(ServerMessage::VoipState { call_id, state })
    }

    /// Over its connection, or by a push to who has none.
    async fn ring(&mut self, client_id: &str, ring: Ring) -> Result<(), NotRung> {
        let Some(push) = &self.app.push else {
            return self.app.conversations.ring(client_id, ring);
        };
        if push.rings(client_id) {
            return Err(NotRung::Busy);
        }
        match self.app.conversations.ring(client_id, ring.clone()) {
            Err(NotRung::Away) => push.ring(client_id, ring, self.seat.client_id()).await,
            rung => rung,
        }
    }

    /// Somebody wants this connection to be rung.
    pub(super) async fn on_ring(&mut self, ring: Ring) -> Result<(), Leave> {
        self.realtime = Some(Realtime::Voip(Voip::new(ring)));
        self.tell_of_call(Event::Ring).await
    }

    /// A ring that was asked for here has ended before anybody talked.
    pub(super) fn on_unanswered(&self, unanswered: Unanswered) -> Result<(), Leave> {
        Ok(self.outbound.text(ServerMessage::VoipEnded {
            call_id: unanswered.call_id,
            reason: unanswered.reason,
            duration_ms: 0,
            words: unanswered.words,
        })?)
    }

    /// Voice in real time is about to begin: from here on nobody rings, and a ring that came before is
    /// heard before.
    pub(super) async fn engage(&mut self) {
        if let Some(ring) = self.seat.engage() {
            // A queue that is full shows at the answer behind it.
            self.on_ring(ring).await.ok();
        }
    }

    /// Goes on with a ring by which this device was woken up.
    pub(super) fn adopt(&mut self, call_id: Option<&str>) {
        let (Some(push), Some(call_id), None) = (&self.app.push, call_id, &self.realtime) else {
            return;
        };
        if self.role == Role::Operator
            && let Some(ringing) = push.take(call_id, self.access.device())
        {
            self.realtime = Some(Realtime::Voip(Voip::rung(ringing)));
        }
    }

    /// Keeps by what this device can be rung, if it is the operator's and anybody would ring it.
    pub(super) async fn keep_push_token(&mut self, token: Option<Private<String>>) {
        let (Some(token), Some(_), Role::Operator) = (token, &self.app.push, self.role) else {
            return;
        };
        let device = self.access.device().map(|id| id.0.clone());
        let kept = self.seat.keep_push_token(PushToken { token, device });
        if let Err(error) = kept.await {
            tracing::error!(%error, "a push token was not kept");
        }
        // It was revoked a moment ago: what was forgotten then came back.
        let lock = &self.app.lock;
        let is_revoked = |id| !lock.devices.is_paired(id);
        if self.access.device().is_some_and(is_revoked) {
            push::forget_revoked(&self.app.conversations, lock).await;
        }
    }
}
