//! Forgetting more than a memory: a conversation, or everything.
//!
//! Everything is what she remembers in all souls of this process, every conversation with its key, and what
//! lies unlocked in memory. What stays is what the question says: the secrets in the vaults, paired devices
//! and souls, personas, and the log of what was decided.

use std::sync::Arc;

use janet_protocol::{ErrorCode, MemoryVerb, Proof, TrustEvent, WireError};
use janet_vault::audit::{Event, Id, Name};
use janet_vault::conversations::ConversationId;
use janet_vault::desk::Request;

use super::{Asker, Told, Trust, receipt};
use crate::app::App;
use crate::conversations::{Gone, StoreError};

impl Trust {
    /// The question for forgetting everything: what goes, and what stays.
    async fn everything_request(
        self: &Arc<Self>,
        app: &App,
        asker: &Asker,
    ) -> Result<Request, WireError> {
        let counts = app.conversations.counts().await.map_err(failed)?;
        let conversations: u64 = counts.iter().map(|(_, counts)| counts.conversations).sum();
        let messages: u64 = counts.iter().map(|(_, counts)| counts.messages).sum();
        let request = self.forget_all_request(asker).await?;
        let memories = self.memory_words().await?;
        let conversations = number(conversations, "conversation");
        let messages = number(messages, "message");
        Ok(Request {
            impact: format!(
                "{memories}, {conversations} with {messages} and whatever is unlocked will be gone for ever, \
                 from every file. The vaults' secrets, paired devices and souls, personas and the audit log \
                 stay."
            )
            .into(),
            prompt: format!("Forget everything: {memories}, {conversations} and what is unlocked?")
                .into(),
            ..request
        })
    }

    /// Tells whoever sits in a conversation that it is gone.
    fn tell_forgotten(&self, proof: Proof) {
        self.told.send(Told::Forgotten(proof)).ok();
    }
}

/// `memory_forget_all {everything}`: asked first. Whoever is connected is told to begin anew, once this has
/// returned.
pub(crate) async fn forget_everything(
    app: &Arc<App>,
    asker: Asker,
) -> Result<TrustEvent, WireError> {
    let trust = &app.trust;
    let request = trust.everything_request(app, &asker).await?;
    let consent = trust.ask(request, asker.uuid.clone()).await?;
    let by = receipt(consent.receipt());
    let given = Id(consent.receipt().id);
    let forgotten = trust.forget_all(consent).await?;
    let locking = Arc::clone(trust);
    let was_open = tokio::task::spawn_blocking(move || locking.lock_vaults(None));
    if was_open.await.unwrap_or(true) {
        let why = Name::new("forgotten");
        // It is locked, whatever the log says of it.
        trust.note(&Event::VaultLocked { why }).ok();
    }
    let gone = app.conversations.forget_all().await.map_err(failed)?;
    let number = trust.note(&Event::ConversationsForgotten {
        conversations: gone.conversations,
        receipt: given,
    });
    let traces = trust.traces(gone.texts).await?;
    let proof = Proof {
        entries: forgotten.proof.entries,
        vectors: forgotten.proof.entries,
        bytes_searched: forgotten.traces.bytes + traces.bytes,
        traces: forgotten.traces.files + traces.files,
        audit_number: number.unwrap_or_default(),
        conversations: Some(gone.conversations),
        messages: Some(gone.messages),
    };
    let message = match proof.traces {
        0 => "Everything is forgotten: no file holds any of it any more.",
        _ => {
            "Everything is forgotten, but a file still holds words like these, perhaps of something else."
        }
    };
    trust.tell_forgotten(proof.clone());
    Ok(TrustEvent::MemoryResult {
        action: MemoryVerb::ForgetAll,
        success: true,
        message: message.to_owned(),
        id: None,
        receipt_id: Some(by.receipt_id),
        proof: Some(proof),
    })
}

/// `conversation_forget`: this conversation goes, with its key. Whoever sits in it says nothing more in it.
pub(crate) async fn forget_conversation(
    app: &App,
    id: ConversationId,
    operator: &str,
) -> Result<Proof, WireError> {
    let gone = app.conversations.forget(id).await.map_err(failed)?;
    let Gone {
        conversations,
        messages,
        texts,
    } = gone;
    let event = Event::ConversationForgotten {
        operator: Name::new(operator),
    };
    let number = app.trust.note(&event).unwrap_or_default();
    let traces = app.trust.traces(texts).await?;
    Ok(Proof {
        entries: 0,
        vectors: 0,
        bytes_searched: traces.bytes,
        traces: traces.files,
        audit_number: number,
        conversations: Some(conversations),
        messages: Some(messages),
    })
}

fn number(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

fn failed(error: StoreError) -> WireError {
    tracing::error!(%error, "conversations cannot be forgotten");
    WireError::new(
        ErrorCode::Internal,
        "the conversations cannot be forgotten now; try again",
    )
}
