//! What is said to a client that was not understood or cannot be served.
//!
//! A [`WireError`] ends one request, never the connection. Its message quotes the offending type
//! or field name and what was expected, never the content of a text or of a recording.

use serde::{Deserialize, Serialize};

use crate::{Outgoing, RequestId, ServerMessage, TrustEvent};

/// Machine-readable reason of an `error`. A newer server may send others; take them like `internal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum ErrorCode {
    /// The frame is not JSON, or not a JSON object.
    BadJson,
    /// The `type` is not one that Janet knows.
    UnknownType,
    /// A field that the type needs is not there.
    MissingField,
    /// A field holds another JSON type than expected.
    WrongType,
    /// A field has the right type and an impossible value.
    OutOfRange,
    /// A field that counts stands twice in the frame.
    DuplicateField,
    /// A field that must hold something is empty.
    EmptyField,
    /// A field is larger than its limit.
    FieldTooLarge,
    /// The frame is larger than its limit.
    FrameTooLarge,
    /// A field is not base64.
    BadBase64,
    /// The sound could not be read (an unknown WAV encoding, a truncated header, …).
    BadAudio,
    /// 16-bit sound with half a sample at its end.
    OddByteCount,
    /// A binary frame, `audio_end` or `audio_stop` before `audio_start`.
    AudioNotStarted,
    /// `audio_start` while streaming voice already runs.
    AudioAlreadyStarted,
    /// The `client_id` of the connection is not one that Janet gave to this client, or it has expired.
    UnknownClient,
    /// The same `client_id` connected elsewhere; this connection ends.
    Superseded,
    /// The sender's role does not allow this.
    NotPermitted,
    /// The device key that was shown is not known (any more); this connection ends. Pair again.
    NotPaired,
    /// The pairing came to nothing: no code is good any more, or this one is wrong.
    PairFailed,
    /// The models are not loaded yet; `connected` said `models_loading`.
    NotReady,
    /// Too much at once (sessions, requests in flight); try again later.
    Overloaded,
    /// The client reads too slowly and lost messages.
    TooSlow,
    /// Nothing was said in an utterance that was sent whole.
    NoSpeech,
    /// A newer request or the client's own `interrupt` ended the answer.
    Interrupted,
    /// There is no session of this name.
    UnknownSession,
    /// There is no call of this name, or not any more.
    UnknownCall,
    /// There is a call, or voice in real time, already: one at a time.
    Busy,
    /// A session description that cannot be read, or that asks for what cannot be.
    BadDescription,
    /// An ICE candidate that cannot be read, or one too many.
    BadCandidate,
    /// A rotation that is no unit quaternion.
    BadPose,
    /// The red thread was pulled: nothing is done until the operator clears it.
    RedThread,
    /// Consent is needed and was not given.
    NotConsented,
    /// The safe word is wrong, there is no such secret, or the vault is damaged: nobody is told which.
    VaultRefused,
    /// The vault is locked.
    VaultLocked,
    /// There is nothing of this name.
    NotFound,
    /// The gate does not let this in: it is a secret, or too private to be kept.
    NotKept,
    /// Nothing waits for this: an answer where nothing was offered, or a second one.
    Unexpected,
    /// The other side could not be reached.
    Unreachable,
    /// The server is going down.
    ShuttingDown,
    /// A fault of Janet's own.
    Internal,
    /// A code of a newer server, seen by an older client.
    #[serde(other)]
    #[cfg_attr(test, schemars(skip))]
    Unrecognised,
}

/// In whose error type a refusal is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// `error`.
    #[default]
    General,
    /// `vr_error`.
    Vr {
        /// The session it is about, as far as it could be read.
        session_id: Option<String>,
    },
    /// `voip_error`.
    Voip {
        /// The call it is about, as far as it could be read.
        call_id: Option<String>,
    },
    /// `transfer_error`.
    Transfer {
        /// The conversation it is about, as far as it could be read.
        conversation_uuid: Option<String>,
    },
}

/// Why a frame was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WireError {
    /// The reason for programs.
    pub code: ErrorCode,
    /// The reason for people.
    pub message: String,
    /// The offending field, if one is to blame.
    pub field: Option<String>,
    /// The `request_id` of the refused frame, as far as it could be read.
    pub request_id: Option<RequestId>,
    /// In whose type it is told.
    pub family: Family,
}

impl WireError {
    /// An error that no single field is to blame for.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: None,
            request_id: None,
            family: Family::General,
        }
    }

    /// An error of one field.
    pub fn in_field(code: ErrorCode, field: &str, message: impl Into<String>) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new(code, message)
        }
    }

    /// The same error of a field inside this one.
    #[must_use]
    pub(crate) fn within(mut self, parent: &str) -> Self {
        if let Some(name) = self.field.take() {
            let path = format!("{parent}.{name}");
            let (inner, outer) = (format!("\"{name}\""), format!("\"{path}\""));
            self.message = self.message.replacen(&inner, &outer, 1);
            self.field = Some(path);
        }
        self
    }

    /// The same error as an answer to this request.
    #[must_use]
    pub fn with_request(mut self, request_id: Option<RequestId>) -> Self {
        self.request_id = request_id;
        self
    }

    /// The same error in the type of a family.
    #[must_use]
    pub fn in_family(mut self, family: Family) -> Self {
        self.family = family;
        self
    }
}

impl From<WireError> for Outgoing {
    fn from(error: WireError) -> Self {
        let WireError {
            code,
            message,
            field,
            request_id,
            family,
        } = error;
        let message = match family {
            Family::General => ServerMessage::Error {
                code,
                message,
                field,
            },
            Family::Vr { session_id } => ServerMessage::VrError {
                session_id,
                code,
                message,
                field,
            },
            Family::Voip { call_id } => ServerMessage::VoipError {
                call_id,
                code,
                message,
                field,
            },
            Family::Transfer { conversation_uuid } => {
                ServerMessage::Trust(TrustEvent::TransferError {
                    conversation_uuid,
                    code,
                    message,
                    field,
                })
            }
        };
        Self {
            request_id,
            message,
        }
    }
}
