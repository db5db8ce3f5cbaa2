//! By what those are rung who are not connected, and what is kept of it.

use janet_protocol::{PastCall, Private};
use janet_vault::conversations::{ConversationError, ConversationId, PushToken};

use super::{Conversations, StoreError, blocking, now_ms};

impl Conversations {
    /// By what the client of this name is rung; `None`: it never said, or is none.
    pub(crate) async fn push_token(
        &self,
        client_id: &str,
    ) -> Result<Option<PushToken>, StoreError> {
        let Ok(id) = client_id.parse::<ConversationId>() else {
            return Ok(None);
        };
        let stores = self.stores.clone();
        blocking(move || stores.first().push_token(id)).await
    }

    /// A push service does not know this token (any more).
    pub(crate) async fn forget_push_token(&self, token: Private<String>) -> Result<(), StoreError> {
        let stores = self.stores.clone();
        blocking(move || stores.first().forget_push_token(&token)).await
    }

    /// Forgets the tokens of all paired devices but these.
    pub(crate) async fn keep_push_tokens_of(&self, devices: Vec<String>) -> Result<(), StoreError> {
        let stores = self.stores.clone();
        blocking(move || stores.first().keep_push_tokens_of(&devices)).await
    }

    /// Adds a call that nobody answered to the history of the client that was rung, if its
    /// conversation goes on.
    pub(crate) async fn keep_missed(
        &self,
        client_id: &str,
        call: PastCall,
    ) -> Result<(), StoreError> {
        let Ok(id) = client_id.parse::<ConversationId>() else {
            return Ok(());
        };
        let stores = self.stores.clone();
        match blocking(move || stores.first().keep_call(id, &call)).await {
            Err(StoreError::Store(ConversationError::Unknown(_))) => Ok(()),
            kept => kept,
        }
    }

    /// The time of the history, in ms since 1970.
    pub(crate) fn now_ms(&self) -> u64 {
        now_ms()
    }
}
