//! Why a speech server has not spoken.

use std::time::Duration;

use crate::elsewhere::Fault;

/// Holds nothing of what was to be said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TtsError {
    #[error("it cannot be reached")]
    Unreachable,
    #[error("it did not answer within {} ms", .0.as_millis())]
    Late(Duration),
    #[error("it answered with HTTP status {0}")]
    Status(u16),
    #[error("it sent {0} instead of sound")]
    Nonsense(&'static str),
    #[error("it sent {0} instead of a list")]
    NoList(&'static str),
    #[error("it sent {0}, which is neither PCM nor WAV (`tts.format` says what it is asked for)")]
    Format(&'static str),
    #[error("it sent a WAV file with {0}")]
    Wav(&'static str),
    #[error("it broke off in the middle")]
    BrokeOff,
    #[error("it sent an answer without sound")]
    Empty,
    #[error("it sent silence")]
    Silent,
    #[error("it sent far less sound than the text has")]
    TooShort,
    #[error("it sent more sound than the text can have")]
    TooLong,
}

impl From<Fault> for TtsError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unreachable => Self::Unreachable,
            Fault::Late(within) => Self::Late(within),
            Fault::Status(status) => Self::Status(status),
            Fault::BrokeOff => Self::BrokeOff,
            Fault::Endless => Self::NoList("something without an end"),
            Fault::NotJson => Self::NoList("something that is no JSON"),
        }
    }
}
