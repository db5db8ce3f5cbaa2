//! Why a language server has not answered.

use std::time::Duration;

use crate::elsewhere::Fault;

/// Holds nothing of what was said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LlmError {
    #[error("it cannot be reached")]
    Unreachable,
    #[error("it did not answer within {} ms", .0.as_millis())]
    Late(Duration),
    #[error("it answered with HTTP status {0}")]
    Status(u16),
    #[error("it sent {0}")]
    Nonsense(&'static str),
    #[error("it refused with an error of its own")]
    Refused,
    #[error("it broke off in the middle")]
    BrokeOff,
    #[error("it sent an answer without text")]
    Empty,
    #[error("it has no model {wanted}; it has {has}")]
    NoSuchModel { wanted: String, has: String },
    #[error("it has no model that can chat; `ollama pull` fetches one")]
    NoModel,
}

impl LlmError {
    /// Whether it lies at this question, or at the model that was asked it, and not at the server.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Status(400 | 404 | 413 | 422))
    }
}

impl From<Fault> for LlmError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unreachable => Self::Unreachable,
            Fault::Late(within) => Self::Late(within),
            Fault::Status(status) => Self::Status(status),
            Fault::BrokeOff => Self::BrokeOff,
            Fault::Endless => Self::Nonsense("a list without an end"),
            Fault::NotJson => Self::Nonsense("a list that is no JSON"),
        }
    }
}
