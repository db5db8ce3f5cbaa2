//! The checked-in schema as a judge, for the tests of this crate.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::SCHEMA;
use crate::ErrorCode;

/// Judges what a client says.
pub(crate) static CLIENT: LazyLock<Validator> = LazyLock::new(|| validator("ClientMessage"));
/// Judges what Janet says.
pub(crate) static SERVER: LazyLock<Validator> = LazyLock::new(|| validator("ServerMessage"));

fn validator(root: &str) -> Validator {
    let mut schema: Value = serde_json::from_str(SCHEMA).expect("the checked-in schema is JSON");
    let fields = schema.as_object_mut().expect("an object");
    fields.remove("anyOf");
    fields.insert("$ref".into(), json!(format!("#/$defs/{root}")));
    jsonschema::draft202012::new(&schema).expect("the checked-in schema is one")
}

/// Whether a schema can say what this refusal is about. It cannot speak of the frame's bytes: of a
/// field that stands twice, of lengths in bytes, of base64 that does not decode.
pub(crate) fn says(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::MissingField
            | ErrorCode::WrongType
            | ErrorCode::OutOfRange
            | ErrorCode::EmptyField
            | ErrorCode::UnknownType
    )
}
