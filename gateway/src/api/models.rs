//! `GET /v1/models`: what can be named in a request.
//!
//! `auto` is what is configured, `own` is her own language model, `server:NAME` one of the language
//! server's; her ears and her voice are listed by their names.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use janet_engine::{ModelChoice, ModelInfo, VoiceChoice};
use serde_json::{Value, json};

use super::error::ApiError;
use crate::app::App;
use crate::socket::choices;

/// All of them.
pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    Json(json!({ "object": "list", "data": all(&app) })).into_response()
}

/// One of them.
pub(super) async fn one(State(app): State<Arc<App>>, Path(id): Path<String>) -> Response {
    match all(&app).into_iter().find(|model| model["id"] == id) {
        Some(model) => Json(model).into_response(),
        None => ApiError::no_model(&id).into_response(),
    }
}

/// Who answers a chat: `auto`, and everything that is not known, is what is configured, because
/// clients name models that are OpenAI's.
pub(super) fn chat_model(app: &App, id: &str) -> Result<ModelChoice, ApiError> {
    let is_own = app.config.models.shown().contains(&("llm", id.to_owned()));
    if is_own {
        return Ok(ModelChoice::Own);
    }
    let choice = choices::model(id);
    let listed = || choices::models(app).iter().any(|known| known.id == id);
    match choice {
        ModelChoice::Server(_) if !listed() => Err(ApiError::no_model(id)),
        choice => Ok(choice),
    }
}

/// Who speaks, in the same way.
pub(super) fn voice(app: &App, id: &str) -> Result<VoiceChoice, ApiError> {
    let choice = choices::voice(id);
    let listed = || choices::voices(app).iter().any(|known| known.id == id);
    match choice {
        VoiceChoice::Server(_) if !listed() => {
            let why = format!(
                "there is no {id:?}; there are auto, own, and server:NAME for each of the speech server's"
            );
            Err(ApiError::field("voice", why))
        }
        choice => Ok(choice),
    }
}

/// The name of the language model that answers whoever chose this.
pub(super) fn name_of(app: &App, choice: &ModelChoice) -> String {
    let models = app.models(choice, &VoiceChoice::default());
    let mut llm = models.into_iter().filter(|model| model.role == "llm");
    llm.next().map(|model| model.name).unwrap_or_default()
}

fn all(app: &App) -> Vec<Value> {
    let mut models: Vec<Value> = choices::models(app)
        .iter()
        .map(|choice| entry("llm", &choice.id, &choice.name))
        .collect();
    if !models.iter().any(|model| model["id"] == "own") {
        let name = name_of(app, &ModelChoice::Own);
        models.push(entry("llm", "own", &name));
    }
    let others = app.models(&ModelChoice::Own, &VoiceChoice::Configured);
    let others = others
        .iter()
        .filter(|model| ["stt", "tts"].contains(&model.role));
    models.extend(others.map(|ModelInfo { role, name, .. }| entry(role, name, name)));
    models
}

/// `created` is a field that clients want; nobody knows when a model was.
fn entry(role: &str, id: &str, name: &str) -> Value {
    json!({
        "id": id, "object": "model", "created": 0, "owned_by": "janet", "role": role, "name": name,
    })
}
