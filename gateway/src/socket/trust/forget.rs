//! A conversation that is to be forgotten, or was: its connection ends by it.

use std::time::Duration;

use janet_protocol::{Outgoing, Proof, RequestId, Role, ServerMessage, TrustEvent};
use tokio::time::timeout;

use super::carry_out::ended;
use crate::socket::connection::Connection;
use crate::trust::{forget_as_well, forget_conversation};

/// Why this connection's conversation goes.
pub(in crate::socket) enum Forgets {
    /// Whoever sits in it asked for it.
    Asked(Option<RequestId>),
    /// Everything was forgotten, of which this is the proof.
    Everything(Proof),
}

/// How long what is being remembered may take to end: it writes to the disk, if anything.
const LAST_WORK: Duration = Duration::from_secs(5);
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
                // One that began meanwhile was not there when all the others ended.
                let ended = forget_as_well(&self.app, self.seat.id()).await;
                (None, ended.map(|()| proof))
            }
            Some(Forgets::Asked(request_id)) => {
                // "Remember that", said just before, ends first: it would stay behind.
                let before = ended(self.trusted.take_back());
                timeout(LAST_WORK, before).await.ok();
                let (id, role) = (self.seat.id(), self.role);
                let forgotten = forget_conversation(&self.app, id, role, self.operator());
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
            // What was looked for is the operator's to know.
            _ if self.role == Role::Guest => {
                "This conversation is forgotten: its key and its words are deleted."
            }
            0 => "This conversation is forgotten: its key and its words are in no file any more.",
            _ => {
                "This conversation is forgotten, but a file still holds words like these, perhaps of something else."
            }
        };
        let forgotten = TrustEvent::ConversationForgotten {
            conversation_uuid: self.uuid(),
            message: message.to_owned(),
            // How much there is, of whom, and how long the log is: nothing of it is a guest's to know.
            proof: Some(proof).filter(|_| self.role == Role::Operator),
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
