//! Refusals in the shape that OpenAI's clients read: `{"error": {message, type, param, code}}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use janet_engine::EngineError;
use janet_models::ModelError;
use serde_json::{Value, json};

/// Who is told that she is busy may come back after so many seconds.
const COME_BACK_S: u16 = 2;

/// Why a request is not carried out. Ends that request and nothing else.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    /// The field that it is about.
    param: Option<String>,
    code: Option<&'static str>,
    message: String,
}

impl ApiError {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            param: None,
            code: None,
            message: message.into(),
        }
    }

    /// A field that is missing, malformed, out of range, or asks for what there is not.
    pub(super) fn field(param: &str, why: impl std::fmt::Display) -> Self {
        Self {
            param: Some(param.to_owned()),
            ..Self::new(StatusCode::BAD_REQUEST, format!("`{param}`: {why}"))
        }
    }

    /// The body as a whole cannot be read.
    pub(super) fn body(why: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, why)
    }

    /// A model that was asked for by its name and that there is not.
    pub(super) fn no_model(id: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: Some("model_not_found"),
            ..Self::field(
                "model",
                format!("there is no {id:?}; `GET /v1/models` lists those that there are"),
            )
        }
    }

    /// No such endpoint, or not with this method.
    pub(super) fn nothing_here(status: StatusCode) -> Self {
        Self::new(
            status,
            "there are GET /v1/models, POST /v1/chat/completions, POST /v1/audio/transcriptions and POST /v1/audio/speech",
        )
    }

    /// More bytes than are read.
    pub(super) fn too_large(limit: usize) -> Self {
        Self {
            code: Some("request_too_large"),
            ..Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the request has more than {limit} bytes"),
            )
        }
    }

    /// The body did not come in time.
    pub(super) fn slow() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "the request did not come in time",
        )
    }

    /// The models are not loaded yet.
    pub(super) fn not_ready() -> Self {
        Self {
            code: Some("not_ready"),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the models are still loading",
            )
        }
    }

    /// The red thread was pulled.
    pub(super) fn stopped() -> Self {
        Self {
            code: Some("red_thread"),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the red thread was pulled; the operator has to clear it first",
            )
        }
    }

    /// Conversations left no time for it.
    pub(super) fn late() -> Self {
        Self {
            code: Some("busy"),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "there was no time for it: conversations go first; try again in a moment",
            )
        }
    }

    /// What an answer that has begun holds instead of its rest.
    pub(super) fn value(&self) -> Value {
        json!({ "error": {
            "message": self.message,
            "type": self.kind(),
            "param": self.param,
            "code": self.code,
        }})
    }

    fn kind(&self) -> &'static str {
        match self.status {
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            status if status.is_server_error() => "server_error",
            _ => "invalid_request_error",
        }
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        match error {
            EngineError::Overloaded { .. }
            | EngineError::Crowded { .. }
            | EngineError::QueueFull => Self {
                code: Some("busy"),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, message)
            },
            EngineError::Refused { field, source } => Self {
                code: matches!(*source, ModelError::TooLong { .. })
                    .then_some("context_length_exceeded"),
                ..Self::field(field, source)
            },
            EngineError::GaveWay => Self {
                code: Some("busy"),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
            },
            EngineError::Ended => Self::new(StatusCode::SERVICE_UNAVAILABLE, "Janet goes down"),
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, message),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.value())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let comes_back = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ];
        if comes_back.contains(&self.status) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(COME_BACK_S));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_is_429_and_says_when_to_come_back() {
        let busy = EngineError::Crowded { open: 8, limit: 8 };
        let error = ApiError::from(busy);
        let value = error.value();
        assert_eq!(value["error"]["type"], "rate_limit_error");
        assert_eq!(value["error"]["param"], Value::Null);
        let response = error.into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
    }

    #[test]
    fn a_refusal_names_its_field_and_a_long_conversation_has_its_code() {
        let source = Box::new(ModelError::TooLong {
            tokens: 1600,
            limit: 1536,
        });
        let field = "messages";
        let value = ApiError::from(EngineError::Refused { field, source }).value();
        assert_eq!(
            value["error"],
            json!({
                "message": "`messages`: 1600 tokens at least, 1536 fit",
                "type": "invalid_request_error",
                "param": "messages",
                "code": "context_length_exceeded",
            })
        );
        let failed = ApiError::from(EngineError::Failed { role: "tts" });
        assert_eq!(failed.value()["error"]["type"], "server_error");
    }
}
