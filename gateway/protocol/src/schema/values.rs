//! Schemas of the values whose form on the wire is not the form of a Rust type.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::parse::{CANDIDATE_BYTES, NAME_BYTES, SDP_BYTES, SESSION_ID_BYTES};
use crate::parse_voip::{PUSH_TOKEN_DIGITS, REASON_BYTES};
use crate::trust::parse::{FILE_BYTES, SAFE_WORD_BYTES, SECRET_BYTES};
use crate::{Base64, Limits, RequestId, Timestamp};

/// Anything but Unicode's white space, in a form that every dialect of regular expressions reads.
const NOT_BLANK: &str =
    r"[^\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]";

/// Base64 as it is accepted: padding may lack, ASCII's blanks and line breaks may stand anywhere.
const LENIENT_BASE64: &str =
    r"^[\t\n\f\r ]*[A-Za-z0-9+/][A-Za-z0-9+/\t\n\f\r ]*(=[\t\n\f\r ]*){0,2}$";

/// A named schema for a type.
macro_rules! schema {
    ($type:ty, $name:expr, $schema:expr) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

/// The words of a typed message.
pub(crate) struct Words;

schema!(
    Words,
    "Words",
    json_schema!({
        "description": format!(
            "A text that is not blank, of at most {} bytes in UTF-8.", Limits::default().text_bytes
        ),
        "type": "string",
        "minLength": 1,
        "maxLength": Limits::default().text_bytes,
        "pattern": NOT_BLANK,
    })
);

/// Names that somebody gave something.
macro_rules! names {
    ($($(#[$doc:meta])* $type:ident)*) => {$(
        $(#[$doc])*
        pub(crate) struct $type;

        schema!($type, stringify!($type), name());
    )*};
}

names! {
    /// The name of a session.
    SessionId
    /// The name of a call.
    CallId
    /// What people, or servers, call somebody or something.
    Label
}

fn name() -> Schema {
    json_schema!({
        "description": format!("Not blank, at most {SESSION_ID_BYTES} bytes in UTF-8."),
        "type": "string",
        "minLength": 1,
        "maxLength": SESSION_ID_BYTES,
        "pattern": NOT_BLANK,
    })
}

/// A push service's name for a device.
pub(super) struct PushToken;

schema!(PushToken, "PushToken", {
    let (least, most) = (PUSH_TOKEN_DIGITS.start(), PUSH_TOKEN_DIGITS.end());
    json_schema!({
        "description": format!("Bytes, in {least} to {most} hexadecimal digits; empty: none yet."),
        "type": "string",
        "pattern": format!("^(([0-9A-Fa-f]{{2}}){{{},{}}})?$", least / 2, most / 2),
    })
});

/// Why a client ends a call.
pub(crate) struct EndWords;

schema!(
    EndWords,
    "EndWords",
    json_schema!({
        "description": format!("Of at most {REASON_BYTES} bytes in UTF-8."),
        "type": "string",
        "maxLength": REASON_BYTES,
    })
);

/// What is typed and never shown.
pub(crate) struct SafeWord;

schema!(SafeWord, "SafeWord", secret(SAFE_WORD_BYTES));

/// A secret.
pub(crate) struct SecretValue;

schema!(SecretValue, "SecretValue", secret(SECRET_BYTES));

fn secret(most: usize) -> Schema {
    json_schema!({
        "description": format!("Not blank, at most {most} bytes in UTF-8; blanks belong to it."),
        "type": "string",
        "minLength": 1,
        "maxLength": most,
        "pattern": NOT_BLANK,
    })
}

/// What another soul has exported.
pub(crate) struct Object;

schema!(
    Object,
    "ExportedContext",
    json_schema!({ "description": "As `transfer_context` of the other soul gave it.", "type": "object" })
);

/// A file of secrets.
pub(crate) struct File;

schema!(
    File,
    "SecretsFile",
    json_schema!({
        "description": format!(
            "Base64 (standard alphabet; padding may lack, blanks and line breaks are skipped) of at most {FILE_BYTES} \
            bytes once decoded."
        ),
        "type": "string",
        "contentEncoding": "base64",
        "minLength": 2,
        "maxLength": (FILE_BYTES * 3 + 8) / 2,
        "pattern": LENIENT_BASE64,
    })
);

/// A session description.
pub(super) struct Description;

schema!(
    Description,
    "Description",
    json_schema!({
        "description": format!("A session description (RFC 8866) of at most {SDP_BYTES} bytes."),
        "type": "string",
        "minLength": 1,
        "maxLength": SDP_BYTES,
        "pattern": NOT_BLANK,
    })
);

/// An ICE candidate.
pub(super) struct Candidate;

schema!(
    Candidate,
    "Candidate",
    json_schema!({
        "description": format!(
            "An ICE candidate (RFC 8839 §5.1) of at most {CANDIDATE_BYTES} bytes; empty: there are no more."
        ),
        "type": "string",
        "maxLength": CANDIDATE_BYTES,
    })
);

/// The name of a media section.
pub(super) struct Mid;

schema!(
    Mid,
    "Mid",
    json_schema!({
        "description": format!("Of at most {SESSION_ID_BYTES} bytes in UTF-8."),
        "type": "string",
        "maxLength": SESSION_ID_BYTES,
    })
);

/// What a device is called.
pub(super) struct DeviceName;

/// Characters that move the cursor, break the line or turn the direction of writing.
const CONTROL: &str = r"\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069";
/// White space that is none of them.
const BLANK: &str = r"\u0020\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000";

schema!(
    DeviceName,
    "DeviceName",
    json_schema!({
        "description": format!(
            "A text that is not blank, without control characters, of at most {NAME_BYTES} bytes in UTF-8."
        ),
        "type": "string",
        "minLength": 1,
        "maxLength": NAME_BYTES,
        "pattern": format!("^[^{CONTROL}]*[^{CONTROL}{BLANK}][^{CONTROL}]*$"),
    })
);

/// One whole utterance.
pub(super) struct Recording;

schema!(
    Recording,
    "Recording",
    json_schema!({
        "description": format!(
            "Base64 (standard alphabet; padding may lack, blanks and line breaks are skipped) of a WAV file, or of \
            s16le mono at {} Hz. At most {} bytes once decoded; without a WAV header an even number of them.",
            crate::MIC_RATE_HZ, Limits::default().audio_bytes
        ),
        "type": "string",
        "contentEncoding": "base64",
        "minLength": 3,
        "maxLength": (Limits::default().audio_bytes * 3 + 8) / 2,
        "pattern": LENIENT_BASE64,
    })
);

schema!(
    Base64,
    "Base64",
    json_schema!({
        "description": "Base64: standard alphabet, padded, in one line.",
        "type": "string",
        "contentEncoding": "base64",
        "pattern": "^[A-Za-z0-9+/]*={0,2}$",
    })
);

schema!(
    RequestId,
    "RequestId",
    json_schema!({
        "description": format!(
            "Name that a client gives its request, echoed in everything that answers it: a string of at most {} \
            bytes in UTF-8, or an integer of 64 bits.", Self::MAX_BYTES
        ),
        "anyOf": [
            { "type": "string", "maxLength": Self::MAX_BYTES },
            { "type": "integer", "minimum": i64::MIN, "maximum": u64::MAX },
        ],
    })
);

schema!(
    Timestamp,
    "Timestamp",
    json_schema!({
        "description": format!(
            "In whatever unit the client likes; comes back as it was sent. A number, or a string of at most {} \
            bytes in UTF-8.", Self::MAX_BYTES
        ),
        "anyOf": [
            { "type": "string", "maxLength": Self::MAX_BYTES },
            { "type": "number" },
        ],
    })
);
