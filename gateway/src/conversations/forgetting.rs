//! Conversations that are forgotten before their time, in every soul of this process.

use janet_protocol::Private;
use janet_vault::conversations::{ConversationError, ConversationId, Conversations as Store};

use super::{Conversations, StoreError, Stores, blocking};

/// Conversations whose words are looked for afterwards, and words of them: the newest.
const MOST_LOOKED_FOR: usize = 64;

/// What is gone.
#[derive(Debug, Default)]
pub(crate) struct Gone {
    /// Conversations; one that had moved was kept in both souls and counts once.
    pub(crate) conversations: u64,
    pub(crate) messages: u64,
    /// Words of them, by which files are searched.
    pub(crate) texts: Vec<Private<String>>,
}

impl Gone {
    fn read(&mut self, store: &Store, id: ConversationId) -> Result<(), ConversationError> {
        let messages = store.messages(id)?;
        self.messages = self.messages.max(messages.len() as u64);
        self.texts.extend(messages.into_iter().map(|it| it.text));
        Ok(())
    }
}

impl Conversations {
    /// Ends this conversation. Nothing: it has ended before.
    pub(crate) async fn forget(&self, id: ConversationId) -> Result<Gone, StoreError> {
        let stores = self.stores.clone();
        blocking(move || stores.forget(id)).await
    }

    /// Ends every conversation.
    pub(crate) async fn forget_all(&self) -> Result<Gone, StoreError> {
        let stores = self.stores.clone();
        blocking(move || stores.forget_all()).await
    }
}

impl Stores {
    fn forget(&self, id: ConversationId) -> Result<Gone, ConversationError> {
        let mut gone = Gone::default();
        if let Some((second, there)) = self.twin(id)? {
            // What cannot be read any more goes all the same.
            if let Err(error) = gone.read(second, there) {
                tracing::warn!(%error, "a conversation is forgotten unread");
            }
            second.end(there)?;
        }
        match gone.read(self.first(), id) {
            Ok(()) => gone.conversations = 1,
            Err(ConversationError::Unknown(_)) => return Ok(gone),
            Err(error) => tracing::warn!(%error, "a conversation is forgotten unread"),
        }
        self.first().end(id)?;
        Ok(gone)
    }

    fn forget_all(&self) -> Result<Gone, ConversationError> {
        let mut gone = Gone::default();
        let stores: Vec<_> = self.here().map(|(_, store)| store).collect();
        for store in &stores {
            for (uuid, _) in store.known(MOST_LOOKED_FOR)? {
                if let Some(id) = store.find(uuid)?
                    && let Err(error) = gone.read(store, id)
                {
                    tracing::warn!(%error, "a conversation is forgotten unread");
                }
            }
        }
        gone.messages = 0;
        for store in &stores {
            let ended = store.end_all()?;
            gone.conversations += ended.conversations;
            gone.messages += ended.messages;
        }
        Ok(gone)
    }
}
