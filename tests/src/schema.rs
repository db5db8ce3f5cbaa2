//! The protocol's schema as the judge of every frame that the tests see.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

static SERVER: LazyLock<Validator> = LazyLock::new(|| validator("ServerMessage"));

fn validator(root: &str) -> Validator {
    let mut schema: Value =
        serde_json::from_str(janet_protocol::SCHEMA).expect("the schema is JSON");
    let fields = schema.as_object_mut().expect("an object");
    fields.remove("anyOf");
    fields.insert("$ref".into(), json!(format!("#/$defs/{root}")));
    jsonschema::draft202012::new(&schema).expect("a schema of 2020-12")
}

/// Fails where a frame of the server is not as the schema describes it.
pub fn check_server(frame: &Value) {
    if let Err(error) = SERVER.validate(frame) {
        panic!(
            "the schema has no such message: {error} at {:?} in {frame}",
            error.instance_path().to_string()
        );
    }
}

/// The `type`s that the schema has for the server.
pub fn server_types() -> Vec<String> {
    let schema: Value = serde_json::from_str(janet_protocol::SCHEMA).expect("the schema is JSON");
    let messages = schema["$defs"]["ServerMessage"]["oneOf"].as_array();
    messages
        .expect("a union")
        .iter()
        .map(|message| {
            let pointer = message["$ref"].as_str().expect("a reference");
            let message = schema.pointer(pointer.trim_start_matches('#'));
            let kind = &message.expect("what is referred to")["properties"]["type"]["const"];
            kind.as_str().expect("a type").to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "the schema has no such message")]
    fn a_frame_that_the_schema_does_not_know_fails_its_test() {
        check_server(&json!({ "type": "pong" }));
    }

    #[test]
    fn a_frame_that_the_schema_knows_passes() {
        check_server(&json!({ "type": "pong", "timestamp": 1, "new": true }));
    }
}
