//! The red thread by message.

use std::sync::Arc;

use janet_protocol::{Private, RequestId, ServerMessage};
use tokio::task::JoinHandle;

use super::Answer;
use crate::socket::connection::{Connection, Leave};

impl Connection {
    /// `red_thread`: everybody may.
    pub(super) fn pull_by_message(&mut self, request_id: Option<RequestId>) -> Answer {
        let pulled = self.pull_red_thread();
        let trust = Arc::clone(&self.app.trust);
        // Everybody is told; the answer carries the request. Who has no room for one knows all the same.
        let answer = async move {
            pulled.await.ok();
            Ok(ServerMessage::Trust(trust.red_thread_state()))
        };
        self.trusted.pending.start(request_id, answer).ok();
        Ok(None)
    }

    /// Stops everything, here first.
    pub(in crate::socket) fn pull_red_thread(&mut self) -> JoinHandle<()> {
        self.stop().ok();
        self.app.trust.pull(self.operator())
    }

    /// `red_thread_clear`: the operator alone, by two clicks or the safe word.
    pub(super) async fn clear_red_thread(
        &mut self,
        safe_word: Option<Private<String>>,
        token: Option<Private<String>>,
        request_id: Option<RequestId>,
    ) -> Answer {
        let operator = self.operator().to_owned();
        match (safe_word, token) {
            (None, None) => {
                let token = self.app.trust.red_thread_token(&operator)?;
                Ok(Some(ServerMessage::Trust(token)))
            }
            (None, Some(token)) => {
                let trust = &self.app.trust;
                trust.red_thread_redeem(token.expose(), &operator).await?;
                Ok(Some(ServerMessage::Trust(trust.red_thread_state())))
            }
            (Some(word), _) => {
                let (trust, here) = (Arc::clone(&self.app.trust), self.seat.id());
                self.trusted.pending.start(request_id, async move {
                    let safe = trust.safe(trust.living_soul(here))?;
                    let proof = safe.prove(operator.clone(), word).await?;
                    trust.clear(proof.into(), &operator, "safe_word").await?;
                    Ok(ServerMessage::Trust(trust.red_thread_state()))
                })?;
                Ok(None)
            }
        }
    }

    /// She is silent at once, and nothing that was begun goes on.
    pub(super) fn stop(&mut self) -> Result<(), Leave> {
        if let Some(session) = &self.session {
            session.red_thread(true);
        }
        Ok(())
    }
}
