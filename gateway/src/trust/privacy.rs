//! What is kept, what leaves, who listens: told to the operator at any time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use janet_protocol::{OpenMicrophone, SoulKept, TrustEvent, WireError};
use janet_vault::conversations::ConversationId;

use crate::app::App;
use crate::conversations::now_ms;
use crate::souls::soul_name;

/// The open microphones, by the conversation that each belongs to. Held for a few instructions only.
#[derive(Default)]
pub(crate) struct Microphones(Mutex<HashMap<ConversationId, (String, u64)>>);

impl Microphones {
    /// A microphone was opened, or closed.
    pub(crate) fn set(&self, conversation: ConversationId, device: &str, is_open: bool) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_open {
            open.insert(conversation, (device.to_owned(), now_ms()));
        } else {
            open.remove(&conversation);
        }
    }

    fn list(&self, yours: ConversationId) -> Vec<OpenMicrophone> {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list: Vec<_> = open
            .iter()
            .map(|(conversation, (device, since_ms))| OpenMicrophone {
                device: device.clone(),
                since_ms: *since_ms,
                is_yours: *conversation == yours,
            })
            .collect();
        list.sort_by_key(|microphone| microphone.since_ms);
        list
    }
}

/// `privacy_read`, from this conversation.
pub(crate) async fn read(app: &App, yours: ConversationId) -> Result<TrustEvent, WireError> {
    let counts = app.conversations.counts().await;
    let counts = counts.map_err(|error| {
        tracing::error!(%error, "conversations cannot be counted");
        WireError::new(
            janet_protocol::ErrorCode::Internal,
            "the conversations cannot be counted now",
        )
    })?;
    let keep = app.config.conversation.keep.as_millis();
    let llm = app.llm.as_ref().map(|server| server.left());
    let tts = app.tts.as_ref().map(|server| server.left());
    let push = app.push.as_ref().map(|push| push.left());
    // Who is paired is read from a file, and noted on the disk.
    let transfers = app.souls.clone();
    let left = tokio::task::spawn_blocking(move || transfers.left());
    let left = left.await.map_err(|_| {
        WireError::new(
            janet_protocol::ErrorCode::Internal,
            "what left the machine cannot be read now",
        )
    })?;
    let mut souls = Vec::new();
    for (soul, counts) in &counts {
        let (vault_exists, vault_locked) = app.trust.vault_state(*soul).await;
        souls.push(SoulKept {
            soul: soul_name(*soul),
            memories: app.trust.memory_count(Some(*soul)).await,
            conversations: counts.conversations,
            messages: counts.messages,
            vault_exists,
            vault_locked,
        });
    }
    Ok(TrustEvent::Privacy {
        memories: app.trust.memory_count(None).await,
        conversations: souls.iter().map(|soul| soul.conversations).sum(),
        messages: souls.iter().map(|soul| soul.messages).sum(),
        keep_ms: u64::try_from(keep).unwrap_or(u64::MAX),
        vault_exists: souls.iter().any(|soul| soul.vault_exists),
        vault_locked: souls.iter().all(|soul| soul.vault_locked),
        microphones: app.trust.microphones.list(yours),
        left_machine: llm.into_iter().chain(tts).chain(push).chain(left).collect(),
        audit_entries: app.trust.audit_entries(),
        souls,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_microphone_is_told_while_it_is_open() {
        let microphones = Microphones::default();
        let ids = ["0".repeat(32), "1".repeat(32)].map(|id| id.parse().expect("an id"));
        microphones.set(ids[0], "here", true);
        microphones.set(ids[1], "phone", true);
        let told = microphones.list(ids[1]);
        let yours: Vec<_> = told.iter().filter(|told| told.is_yours).collect();
        assert_eq!(
            (told.len(), yours.len(), &*yours[0].device),
            (2, 1, "phone")
        );
        microphones.set(ids[1], "phone", false);
        assert_eq!(microphones.list(ids[1]).len(), 1);
    }
}
