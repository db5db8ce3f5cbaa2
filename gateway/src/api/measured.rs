//! What is counted of a request: how it ended, and how long it took.

use std::sync::Arc;
use std::time::Instant;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;

/// One request from its beginning to its very end: an answer in pieces keeps a copy.
#[derive(Clone)]
pub(super) struct Measured(Arc<Span>);

struct Span {
    endpoint: &'static str,
    began: Instant,
}

impl Measured {
    pub(super) fn begin(endpoint: &'static str) -> Self {
        Self(Arc::new(Span {
            endpoint,
            began: Instant::now(),
        }))
    }

    /// Counts what a request is answered.
    pub(super) fn answer(&self, result: Result<Response, ApiError>) -> Response {
        let response = result.unwrap_or_else(IntoResponse::into_response);
        let outcome = match response.status() {
            StatusCode::TOO_MANY_REQUESTS => "busy",
            status if status.is_server_error() => "failed",
            status if status.is_client_error() => "refused",
            _ => "served",
        };
        let endpoint = self.0.endpoint;
        metrics::counter!("janet_api_requests_total", "endpoint" => endpoint, "outcome" => outcome)
            .increment(1);
        response
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        metrics::histogram!("janet_api_request_seconds", "endpoint" => self.endpoint)
            .record(self.began.elapsed().as_secs_f64());
    }
}
