//! A conversation that is to be forgotten, or was: its connection ends by it.

use std::time::Duration;

use janet_protocol::{Outgoing, Proof, RequestId, ServerMessage, TrustEvent};
use tokio::time::timeout;

use crate::socket::connection::Connection;
use crate::trust::forget_conversation;

/// Why this connection's conversation goes.
pub(in crate::socket) enum Forgets {
    /// Whoever sits in it asked for it.
    Asked(Option<RequestId>),
    /// Everything was forgotten, of which this is the proof.
    Everything(Proof),
}

/// How long whoever asked for it may take to be told.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

impl Connection {
    /// Whoever had everything forgotten is told so first.
    async fn last_answers(&mut self) {
        let answers = async {
            while !self.trusted.pending.is_empty() {
                let done = self.trusted.pending.next().await;
                self.on_done(done).ok();
            }
        };
        timeout(LAST_ANSWERS, answers).await.ok();
    }

    /// Forgets the conversation, once nobody says anything in it any more, and tells the client. False: it is
    /// still there.
    pub(in crate::socket) async fn forget(&mut self) -> bool {
        let (request_id, proof) = match self.trusted.forgets.take() {
            Some(Forgets::Everything(proof)) => {
                self.last_answers().await;
                (None, Ok(proof))
            }
            Some(Forgets::Asked(request_id)) => {
                let forgotten = forget_conversation(&self.app, self.seat.id(), self.operator());
                (request_id, forgotten.await)
            }
            None => return false,
        };
        let proof = match proof {
            Ok(proof) => proof,
            Err(error) => {
                self.outbound.text(error.with_request(request_id)).ok();
                return false;
            }
        };
        let message = match proof.traces {
            0 => "This conversation is forgotten: its key and its words are in no file any more.",
            _ => {
                "This conversation is forgotten, but a file still holds words like these, perhaps of something else."
            }
        };
        let forgotten = TrustEvent::ConversationForgotten {
            conversation_uuid: self.uuid(),
            message: message.to_owned(),
            proof,
        };
        // Who does not read any more leaves all the same.
        let told = self.outbound.text(Outgoing {
            request_id,
            message: ServerMessage::Trust(forgotten),
        });
        told.ok();
        true
    }
}
