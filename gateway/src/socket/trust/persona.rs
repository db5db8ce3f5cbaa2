//! Who she is: looked at, and changed by a soul check.

use std::sync::Arc;

use janet_protocol::{ErrorCode, ServerMessage, TrustEvent, WireError};
use janet_vault::audit::Event;
use janet_vault::desk::{Action, Needs, Request, Standing};
use janet_vault::persona::PersonaError;

use super::Answer;
use super::consent::blocking;
use crate::app::App;
use crate::persona::{Who, WhoError};
use crate::socket::connection::Connection;

impl Connection {
    /// What the operator is asked before she is somebody else.
    pub(super) fn persona_request(&self, id: &str) -> Result<Request, WireError> {
        let ask = self.app.who.ask(id).map_err(refused)?;
        Ok(Request {
            operator: self.operator().to_owned(),
            action: Action::PersonaChange,
            conversation: Some(self.seat.id()),
            impact: ask.impact.into(),
            prompt: ask.prompt.into(),
            subject: ask.subject,
            needs: Needs::AnyAnswer,
            standing: Standing::Suspended,
        })
    }
}

/// `persona_list`: all that she can be, and which of them she is.
pub(super) async fn list(who: Arc<Who>) -> Answer {
    let active = who.active().to_string();
    let personas = blocking(move || who.list()).await?.map_err(refused)?;
    Ok(Some(ServerMessage::Trust(TrustEvent::PersonasListed {
        personas,
        active,
    })))
}

/// `persona_set`, once it was asked. What begins from then on is told of it.
pub(super) async fn set(
    app: Arc<App>,
    persona_id: String,
    request: Request,
    uuid: String,
) -> Result<ServerMessage, WireError> {
    let consent = app.trust.ask(request, uuid).await?;
    let id = persona_id.clone();
    blocking(move || {
        let pass = app.trust.red_thread.pass();
        let pass =
            pass.map_err(|pulled| WireError::new(ErrorCode::RedThread, pulled.to_string()))?;
        let note = |event: &Event| app.trust.note(event);
        app.who.choose(&pass, consent, &id, note).map_err(refused)?;
        // One that is still being loaded is told when it is there.
        if let Some(engine) = app.engine.get() {
            app.who.tell(|prompt| engine.set_system_prompt(prompt));
        }
        Ok::<_, WireError>(())
    })
    .await??;
    Ok(ServerMessage::Trust(TrustEvent::PersonaChanged {
        persona_id,
    }))
}

fn refused(error: WhoError) -> WireError {
    let code = match &error {
        WhoError::Persona(PersonaError::Unknown { .. } | PersonaError::Field { .. }) => {
            ErrorCode::NotFound
        }
        WhoError::Consent(_) => ErrorCode::NotConsented,
        WhoError::Persona(_) | WhoError::Audit(_) | WhoError::Io { .. } => ErrorCode::Internal,
    };
    match code {
        ErrorCode::NotFound => WireError::in_field(code, "persona_id", error.to_string()),
        _ => WireError::new(code, error.to_string()),
    }
}
