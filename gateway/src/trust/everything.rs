//! Forgetting more than a memory: a conversation, or everything.
//!
//! Everything is what she remembers in all souls of this process, every conversation with its key, and what
//! lies unlocked in memory. What stays is what the question says: the secrets in the vaults, standing
//! consents, paired devices and souls, personas, and the log of what was decided.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use janet_protocol::{ErrorCode, MemoryVerb, Proof, Role, TrustEvent, WireError};
use janet_vault::audit::{Event, Id, Name};
use janet_vault::conversations::ConversationId;
use janet_vault::desk::{Consent, Request};
use janet_vault::green::subject;

use super::{Asker, Told, Trust, receipt, traces};
use crate::app::App;
use crate::conversations::{Gone, StoreError, now_ms};

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
                 from every file. The secrets in the vaults, standing consents, paired devices and souls, \
                 personas and the audit log stay."
            )
            .into(),
            prompt: format!("Forget everything: {memories}, {conversations} and what is unlocked?")
                .into(),
            subject: subject::forget_everything(),
            ..request
        })
    }

    /// Tells whoever sits in a conversation that it is gone.
    fn tell_forgotten(&self, proof: Proof) {
        self.forgettings.happened(proof.clone());
        self.told.send(Told::Forgotten(proof)).ok();
    }

    /// How often everything was forgotten.
    pub(crate) fn forgettings(&self) -> u64 {
        self.forgettings.lock().0
    }

    /// The proof, if everything was forgotten since it was so often: for whoever missed that it was told.
    pub(crate) fn forgotten_since(&self, times: u64) -> Option<Proof> {
        self.forgettings.since(times)
    }
}

/// How often everything was forgotten in this process, and the newest proof of it.
#[derive(Default)]
pub(super) struct Forgettings(Mutex<(u64, Option<Proof>)>);

impl Forgettings {
    fn happened(&self, proof: Proof) {
        let mut known = self.lock();
        *known = (known.0 + 1, Some(proof));
    }

    fn since(&self, times: u64) -> Option<Proof> {
        let known = self.lock();
        known.1.clone().filter(|_| known.0 > times)
    }

    fn lock(&self) -> MutexGuard<'_, (u64, Option<Proof>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
    let app = Arc::clone(app);
    // A task of its own: what was consented to is carried through, whoever hangs up meanwhile.
    let carried_out = tokio::spawn(async move { carry_out(&app, consent).await });
    let died = |_| WireError::new(ErrorCode::Internal, "forgetting everything died");
    carried_out.await.map_err(died)?
}

async fn carry_out(app: &App, consent: Consent) -> Result<TrustEvent, WireError> {
    let trust = &app.trust;
    let by = receipt(consent.receipt());
    let given = Id(consent.receipt().id);
    let forgotten = trust.forget_all(consent).await?;
    let locking = Arc::clone(trust);
    let locked = tokio::task::spawn_blocking(move || {
        let were_open = locking.lock_vaults(None);
        locking.note_locked(&were_open, "forgotten").ok();
    });
    // They lock themselves in their time, should this have died.
    locked.await.ok();
    // Whoever pulled the red thread meanwhile keeps the conversations.
    trust.may_act()?;
    let gone = app.conversations.forget_all().await.map_err(failed)?;
    // Also of what was said while that took its time.
    trust.marks().everything_forgotten(now_ms());
    let number = trust.note(&Event::ConversationsForgotten {
        conversations: gone.conversations,
        receipt: given,
    });
    let traces = trust.traces(gone.texts).await;
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
///
/// A guest's is neither in the log nor looked for: whoever may ask for it without end would fill the one and
/// keep the disk busy with the other.
pub(crate) async fn forget_conversation(
    app: &App,
    id: ConversationId,
    role: Role,
    operator: &str,
) -> Result<Proof, WireError> {
    let Gone {
        conversations,
        messages,
        texts,
    } = app.conversations.forget(id).await.map_err(failed)?;
    let (mut number, mut traces) = (0, traces::Found::default());
    if role == Role::Operator {
        let event = Event::ConversationForgotten {
            operator: Name::new(operator),
        };
        number = app.trust.note(&event).unwrap_or_default();
        traces = app.trust.traces(texts).await;
    }
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

/// Everything was forgotten: this conversation, too, if it began while that took its time.
pub(crate) async fn forget_as_well(app: &App, id: ConversationId) -> Result<(), WireError> {
    app.conversations.forget(id).await.map(drop).map_err(failed)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_missed_it_is_told_the_newest_proof_and_who_came_later_is_not() {
        let forgettings = Forgettings::default();
        assert_eq!(forgettings.since(0), None);
        let proof = |entries| Proof {
            entries,
            vectors: 0,
            bytes_searched: 0,
            traces: 0,
            audit_number: 0,
            conversations: None,
            messages: None,
        };
        forgettings.happened(proof(1));
        let later = forgettings.lock().0;
        assert_eq!(forgettings.since(0), Some(proof(1)));
        assert_eq!(forgettings.since(later), None);
        forgettings.happened(proof(2));
        assert_eq!(forgettings.since(later), Some(proof(2)));
    }
}
