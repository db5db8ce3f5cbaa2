//! What a client asks of Janet's conscience, and what it is told of it.

mod aloud;
mod carry_out;
mod consent;
mod distil;
mod forget;
mod memory;
mod orders;
mod pending;
mod persona;
mod red_thread;
mod state;
mod transfer;
mod vault;

use std::sync::Arc;

use janet_protocol::{
    ErrorCode, Outgoing, RequestId, Role, ServerMessage, TrustEvent, TrustRequest, WireError,
};
use tokio::sync::broadcast::error::RecvError;

use super::connection::{Connection, Leave};
use crate::lock::Access;
pub(super) use forget::Forgets;
pub(super) use pending::{Done, Pending};
pub(super) use state::Trusted;

use crate::souls::Wanted;
use crate::trust::{To, Told, forget_everything, privacy};

/// Entries of the audit log where nobody says how many.
const AUDIT_PAGE: u32 = 50;

/// What comes of a request.
type Answer = Result<Option<ServerMessage>, WireError>;

impl Connection {
    /// One request.
    pub(super) async fn trust(
        &mut self,
        request: TrustRequest,
        request_id: Option<RequestId>,
    ) -> Result<Option<Outgoing>, WireError> {
        let answer = match request {
            TrustRequest::RedThread { .. } => self.pull_by_message(request_id.clone()),
            TrustRequest::RedThreadClear { safe_word, token } => {
                self.clear_red_thread(safe_word, token, request_id.clone())
                    .await
            }
            TrustRequest::ConsentResponse {
                consent_id,
                conversation_uuid,
                granted,
            } => self.answer_consent(consent_id, conversation_uuid, granted),
            TrustRequest::ConversationForget {} => {
                self.is_to_be_forgotten(request_id.clone());
                Ok(None)
            }
            TrustRequest::MemoryForgetAll { everything: true } => {
                let (app, asker) = (self.app.clone(), self.asker());
                let work = async move {
                    let forgotten = forget_everything(&app, asker).await?;
                    Ok(ServerMessage::Trust(forgotten))
                };
                self.trusted.pending.start(request_id.clone(), work)?;
                Ok(None)
            }
            request @ (TrustRequest::MemorySearch { .. }
            | TrustRequest::MemoryList { .. }
            | TrustRequest::MemoryRemember { .. }
            | TrustRequest::MemoryEdit { .. }
            | TrustRequest::MemoryForget { .. }
            | TrustRequest::MemoryForgetAll { .. }) => {
                let work = memory::memory(self.app.trust.clone(), self.asker(), request);
                self.trusted.pending.start(request_id.clone(), work)?;
                Ok(None)
            }
            TrustRequest::MemoryDistil {} => {
                self.distil(request_id.clone())?;
                Ok(None)
            }
            TrustRequest::TransferContext {
                source_soul,
                target_soul,
                conversation_uuid,
                include_vaults,
                auto_consent,
                safe_word,
                exported_context,
            } => {
                let wanted = Wanted {
                    source: source_soul,
                    target: target_soul,
                    conversation: conversation_uuid,
                    vaults: include_vaults,
                    auto_consent,
                    safe_word,
                    exported: exported_context,
                };
                self.transfer(wanted, request_id.clone())?;
                Ok(None)
            }
            TrustRequest::SoulList {} => {
                let souls = self.app.souls.clone();
                let work = async move {
                    let listed = consent::blocking(move || souls.listed()).await?;
                    Ok(ServerMessage::Trust(listed))
                };
                self.trusted.pending.start(request_id.clone(), work)?;
                Ok(None)
            }
            TrustRequest::AuditRead { limit, before } => {
                let trust = self.app.trust.clone();
                let work = async move {
                    let limit = limit.unwrap_or(AUDIT_PAGE) as usize;
                    let page = trust.audit_page(limit, before.map(u64::from)).await?;
                    Ok(ServerMessage::Trust(page))
                };
                self.trusted.pending.start(request_id.clone(), work)?;
                Ok(None)
            }
            TrustRequest::PrivacyRead {} => {
                let event = privacy::read(&self.app, self.seat.id()).await?;
                Ok(Some(ServerMessage::Trust(event)))
            }
            TrustRequest::GrantList {} => self.list_grants(),
            TrustRequest::GrantRevoke { grant_id } => self.revoke_grant(&grant_id).await,
            TrustRequest::GrantAdd { action } => {
                let (action, request) = self.grant_request(&action)?;
                let (trust, uuid) = (self.app.trust.clone(), self.uuid());
                let work = consent::add_grant(trust, action, request, uuid);
                self.trusted.pending.start(request_id.clone(), work)?;
                Ok(None)
            }
            TrustRequest::PersonaList {} => persona::list(Arc::clone(&self.app.who)).await,
            TrustRequest::PersonaSet { persona_id } => {
                let request = self.persona_request(&persona_id)?;
                let work = persona::set(self.app.clone(), persona_id, request, self.uuid());
                self.trusted.pending.start(request_id.clone(), work)?;
                Ok(None)
            }
            other => match vault::verb(&other) {
                Some(verb) => self.vault(verb, other, request_id.clone()).await,
                None => {
                    let message = format!("\"{}\" is not served yet", other.type_name());
                    Err(WireError::in_field(ErrorCode::Unexpected, "type", message))
                }
            },
        };
        Ok(answer?.map(|message| Outgoing {
            request_id,
            message,
        }))
    }

    /// What this conversation is called where its `client_id` would let somebody in.
    pub(super) fn uuid(&self) -> String {
        self.seat.uuid().to_owned()
    }

    /// Who listens is told to the operator.
    pub(super) fn note_microphone(&mut self) {
        let session = self.session.as_ref();
        let listens = session.is_some_and(|session| session.mic_is_open());
        if listens != self.trusted.listens {
            self.trusted.listens = listens;
            let microphones = &self.app.trust.microphones;
            microphones.set(self.seat.id(), self.operator(), listens);
        }
    }

    /// Who this is to the log and to receipts: a paired device's id, or `here`.
    pub(super) fn operator(&self) -> &str {
        match &self.access {
            Access::Device(id, _) => &id.0,
            _ if self.role == Role::Guest => "guest",
            _ => "here",
        }
    }

    /// Whether an event is told here.
    pub(super) fn is_for_us(&self, to: &To) -> bool {
        match to {
            To::Everybody => true,
            To::Operator => self.role == Role::Operator,
            To::Device(id) => self.role == Role::Operator && id == self.operator(),
        }
    }

    /// What all connections have to know.
    pub(super) fn on_told(&mut self, told: Result<Told, RecvError>) -> Result<(), Leave> {
        match told {
            Ok(Told::Stop) => self.stop(),
            Ok(Told::Forgotten(proof)) => {
                self.trusted.forgets = Some(Forgets::Everything(proof));
                Ok(())
            }
            Ok(Told::Locked) if self.role == Role::Operator => self.overwrite_input(),
            Ok(Told::Locked) => Ok(()),
            Ok(Told::Event(to, event)) => {
                let is_for_us = self.is_for_us(&to);
                if let (TrustEvent::RedThreadState { active, .. }, Some(session)) =
                    (&event, &self.session)
                {
                    session.red_thread(*active);
                }
                if let TrustEvent::ConsentClosed { consent_id, .. } = &event {
                    self.ask_no_more(consent_id);
                }
                if is_for_us {
                    self.outbound.text(ServerMessage::Trust(event))?;
                }
                Ok(())
            }
            Ok(Told::Ask {
                id,
                conversation,
                prompt,
                again,
            }) => {
                if conversation == self.seat.id() && self.role == Role::Operator {
                    self.ask_aloud(id, prompt.expose(), again);
                }
                Ok(())
            }
            // Whatever was missed, this is what holds.
            Err(RecvError::Lagged(_)) => {
                let forgotten = self.app.trust.forgotten_since(self.trusted.forgettings);
                if let Some(proof) = forgotten {
                    self.trusted.forgets = Some(Forgets::Everything(proof));
                }
                if self.app.trust.may_act().is_err() {
                    self.stop()?;
                }
                let state = self.app.trust.red_thread_state();
                Ok(self.outbound.text(ServerMessage::Trust(state))?)
            }
            Err(RecvError::Closed) => Err(Leave::Away),
        }
    }
}
