//! `/healthz`: whether requests are served, for people and for what watches the process.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use janet_engine::{ModelChoice, VoiceChoice};
use serde_json::json;

use crate::app::{App, Phase};

/// 200 once requests are served, 503 while the models load; the body says more.
pub(super) fn health(app: &App) -> Response {
    let (code, status, loading) = match &*app.phase.borrow() {
        Phase::Ready => (StatusCode::OK, "ready", None),
        Phase::Loading { stage, done } => (
            StatusCode::SERVICE_UNAVAILABLE,
            "loading",
            Some(json!({ "stage": stage, "done": done })),
        ),
    };
    let body = json!({
        "status": status,
        "loading": loading,
        "version": env!("CARGO_PKG_VERSION"),
        "profile": app.profile,
        "models": app.models(&ModelChoice::default(), &VoiceChoice::default()),
        "clients": app.clients(),
        "load": app.engine.get().map_or(0.0, |engine| engine.stats().load),
        "sessions": app.engine.get().map_or(0, janet_engine::Engine::sessions),
    });
    (code, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
