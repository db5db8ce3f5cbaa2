//! Answers to the desk's questions, and standing grants.

use std::sync::Arc;

use janet_protocol::{ErrorCode, Grant, ServerMessage, TrustEvent, WireError};
use janet_vault::audit::{Event, Id, Name};
use janet_vault::desk::{
    self, Action, AddGrantError, Answer as Reply, By, ConsentId, GrantError, GrantId, Grants,
    Needs, Request, Standing,
};
use tokio::task::spawn_blocking;

use super::Answer;
use crate::socket::connection::Connection;
use crate::trust::Trust;

impl Connection {
    /// `consent_response`: a click on the question that is shown.
    pub(super) fn answer_consent(
        &self,
        consent_id: Option<String>,
        conversation_uuid: Option<String>,
        granted: bool,
    ) -> Answer {
        let (id, by) = match (consent_id, conversation_uuid) {
            (Some(text), _) => {
                let id: ConsentId = text.parse().map_err(|error: desk::NotAnId| {
                    WireError::in_field(ErrorCode::OutOfRange, "consent_id", error.to_string())
                })?;
                (id, By::Click)
            }
            // Who names the conversation alone was shown no question.
            (None, uuid) => {
                let open = uuid.map(|uuid| self.app.trust.open_in(&uuid));
                match open.unwrap_or_default()[..] {
                    [id] => (id, By::Message),
                    [] => {
                        let message = "no question is open in this conversation";
                        let (code, field) = (ErrorCode::NotFound, "conversation_uuid");
                        return Err(WireError::in_field(code, field, message));
                    }
                    _ => {
                        let message = "field \"consent_id\": more than one question is open in this conversation; say which one is answered";
                        let (code, field) = (ErrorCode::MissingField, "consent_id");
                        return Err(WireError::in_field(code, field, message));
                    }
                }
            }
        };
        let operator = self.operator().to_owned();
        let reply = Reply {
            operator,
            granted,
            by,
        };
        self.app.trust.answer(id, reply)?;
        // `consent_closed` is told to all of the operator's connections.
        Ok(None)
    }

    /// `grant_list`.
    pub(super) fn list_grants(&self) -> Answer {
        let grants = self.app.trust.with_desk(|desk| {
            let grants = desk.grants().iter();
            grants.map(told).collect()
        });
        Ok(Some(ServerMessage::Trust(TrustEvent::GrantsListed {
            grants,
        })))
    }

    /// `grant_revoke`: needs no consent.
    pub(super) async fn revoke_grant(&mut self, text: &str) -> Answer {
        let unknown = |why: String| WireError::in_field(ErrorCode::NotFound, "grant_id", why);
        let id: GrantId = text
            .parse()
            .map_err(|error: desk::NotAGrant| unknown(error.to_string()))?;
        let trust = Arc::clone(&self.app.trust);
        let operator = Name::new(self.operator());
        let revoked = blocking(move || {
            let revoked = trust.with_desk(|desk| desk.revoke_grant(id));
            if let Ok(grant) = &revoked {
                let event = Event::GrantRevoked {
                    grant: Id(id.0),
                    action: Name::new(&grant.action),
                    operator,
                };
                // What is taken back stays so, whatever the log says of it.
                trust.note(&event).ok();
            }
            revoked
        });
        let revoked = revoked.await?;
        match revoked {
            Ok(_) => Ok(Some(ServerMessage::Trust(TrustEvent::GrantRevoked {
                grant_id: id.to_string(),
            }))),
            Err(error @ GrantError::Unknown(_)) => Err(unknown(error.to_string())),
            Err(error) => Err(WireError::new(ErrorCode::Internal, error.to_string())),
        }
    }

    /// What the question for a standing grant is.
    pub(super) fn grant_request(&self, key: &str) -> Result<(Action, Request), WireError> {
        let action = Action::from_key(key).filter(Action::may_stand);
        let action = action.ok_or_else(|| {
            let message = "field \"action\": only remember, transfer and delegations can have a standing consent";
            WireError::in_field(ErrorCode::OutOfRange, "action", message)
        })?;
        let request = Request {
            operator: self.operator().to_owned(),
            action: Action::NewGrant,
            conversation: None,
            impact: format!("From now on `{key}` is not asked for any more, until you revoke it.")
                .into(),
            prompt: format!("Allow `{key}` once and for all?").into(),
            subject: Grants::subject(&action),
            needs: Needs::ClickOrSafeWord,
            standing: Standing::Suspended,
        };
        Ok((action, request))
    }
}

/// `grant_add`, once it was asked.
pub(super) async fn add_grant(
    trust: Arc<Trust>,
    action: Action,
    request: Request,
    uuid: String,
) -> Result<ServerMessage, WireError> {
    let consent = trust.ask(request, uuid).await?;
    let added = blocking(move || {
        let grant = trust.with_desk(|desk| desk.add_grant(consent, &action))?;
        let event = Event::GrantAdded {
            grant: Id(grant.id.0),
            action: Name::new(&grant.action),
        };
        // What is not in the log does not stand.
        if trust.note(&event).is_err() {
            trust.with_desk(|desk| desk.revoke_grant(grant.id))?;
            return Ok(Err(WireError::new(
                ErrorCode::Internal,
                "the audit log cannot be written, so nothing stands consented to",
            )));
        }
        Ok::<_, AddGrantError>(Ok(grant))
    });
    let added = match added.await? {
        Ok(granted) => Ok(granted?),
        Err(error) => Err(error),
    };
    match added {
        Ok(grant) => Ok(ServerMessage::Trust(TrustEvent::GrantAdded {
            grant: told(&grant),
        })),
        Err(AddGrantError::Pulled(pulled)) => {
            Err(WireError::new(ErrorCode::RedThread, pulled.to_string()))
        }
        Err(error) => Err(WireError::new(ErrorCode::Internal, error.to_string())),
    }
}

fn told(grant: &desk::Grant) -> Grant {
    Grant {
        grant_id: grant.id.to_string(),
        action: grant.action.clone(),
        since_ms: grant.receipt.at_ms,
    }
}

/// Runs what blocks on the disk where it may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, WireError> {
    let died = |_| {
        WireError::new(
            ErrorCode::Internal,
            "a request died of a fault of Janet's own",
        )
    };
    spawn_blocking(work).await.map_err(died)
}
