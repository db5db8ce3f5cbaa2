//! `/v1`: endpoints for other software, in the shapes of OpenAI's API.
//!
//! ```text
//!  request ─▶ seat (or 429) ─▶ body (limits) ─▶ fields ─▶ engine::oneshot ─▶ pieces ─▶ answer
//! ```
//! Adapters over the engine's requests, no pipeline of their own: conversations go first, and what a
//! request may not have is refused by the name of its field. From this machine no key
//! is needed and an `Authorization` header is not looked at; from another one it holds a device's key
//! (`server::entry` has seen to it). Nothing is stored, and nothing of what is said
//! is logged. Closing the connection is how a request is called off.

mod body;
mod chat;
mod chat_request;
mod error;
mod fields;
mod form;
mod measured;
mod models;
mod segments;
mod speech;
mod transcript;
mod transcriptions;
mod wav;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use futures_util::StreamExt as _;
use janet_engine::oneshot::Seat;
use tokio::time::{Instant, timeout_at};

use crate::app::App;
use error::ApiError;

/// A request is over by then, whatever it is at.
const LIMIT: Duration = Duration::from_secs(600);
/// Something of it has to come by then: the first words, the first sound.
const PATIENCE: Duration = Duration::from_secs(60);

/// All of `/v1`.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(app: Arc<App>) -> Router<S> {
    Router::new()
        .route("/models", get(models::list))
        .route("/models/{*id}", get(models::one))
        .route("/chat/completions", post(chat::complete))
        .route("/audio/transcriptions", post(transcriptions::transcribe))
        .route("/audio/speech", post(speech::speak))
        .method_not_allowed_fallback(|| async {
            ApiError::nothing_here(StatusCode::METHOD_NOT_ALLOWED)
        })
        .fallback(|| async { ApiError::nothing_here(StatusCode::NOT_FOUND) })
        .layer(middleware::from_fn_with_state(app.clone(), stop))
        .with_state(app)
}

/// While the red thread is pulled nothing is made, and what is under way ends at once. To look stays
/// possible.
async fn stop(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if request.method() == Method::GET {
        return next.run(request).await;
    }
    // First the ear, then the look: a pull in between is heard.
    let mut told = app.trust.listen();
    if app.trust.may_act().is_err() {
        return ApiError::stopped().into_response();
    }
    let response = tokio::select! {
        () = app.trust.pulled(&mut told) => return ApiError::stopped().into_response(),
        response = next.run(request) => response,
    };
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    // One that is streamed ends in the middle: dropping it calls its job off.
    let (parts, body) = response.into_parts();
    let until = Box::pin(async move { app.trust.pulled(&mut told).await });
    let body = Body::from_stream(body.into_data_stream().take_until(until));
    Response::from_parts(parts, body)
}

/// A place for a request, or why there is none.
fn seat(app: &App) -> Result<Seat, ApiError> {
    let engine = app.engine.get().ok_or_else(ApiError::not_ready)?;
    Ok(engine.request()?)
}

/// What comes of this by then, or that there was no time for it.
async fn until<T>(limit: Instant, work: impl Future<Output = T>) -> Result<T, ApiError> {
    timeout_at(limit, work).await.map_err(|_| ApiError::late())
}
