use std::path::Path;

use serde_json::{Value, json};

use super::{PUSH_SCHEMA, SCHEMA, build};
use crate::catalogue::{Direction, MESSAGES};
use crate::push::tests::payload;

/// What to do when this test fails; see README.md.
const UPDATE: &str = "UPDATE_SCHEMA=1 cargo test -p janet-protocol checked_in";

#[test]
fn the_checked_in_schemas_are_what_the_types_give() {
    hold("janet-protocol.schema.json", &build::text(), SCHEMA);
    hold("push-payload.schema.json", &build::push_text(), PUSH_SCHEMA);
}

fn hold(file: &str, made: &str, checked_in: &str) {
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
        std::fs::write(folder.join(file), made).expect("the file can be written");
        return;
    }
    if made != checked_in {
        let line = made
            .lines()
            .zip(checked_in.lines())
            .position(|(made, checked_in)| made != checked_in)
            .map_or_else(|| "its end".to_owned(), |line| format!("line {}", line + 1));
        panic!(
            "schema/{file} differs from the types at {line}; run `{UPDATE}`, then `npm run types` in \
             gateway/web, and look at what changed"
        );
    }
}

#[test]
fn what_a_push_carries_is_as_described() {
    let schema: Value = serde_json::from_str(PUSH_SCHEMA).expect("JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("a schema of 2020-12");
    let judge = jsonschema::draft202012::new(&schema).expect("a schema");
    let payload = serde_json::to_value(payload("Janet")).expect("JSON");
    judge.validate(&payload).expect("as described");
    for name in payload.as_object().expect("an object").keys() {
        let mut without = payload.clone();
        without.as_object_mut().expect("an object").remove(name);
        assert!(!judge.is_valid(&without), "without {name}");
        let mut odd = payload.clone();
        odd[name] = json!([]);
        assert!(!judge.is_valid(&odd), "an odd {name}");
    }
}

#[test]
fn the_schema_is_a_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("a schema of 2020-12");
}

#[test]
fn the_schema_has_each_message_of_the_catalogue_with_its_fields() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
    for (root, direction) in [
        ("ClientMessage", Direction::ToServer),
        ("ServerMessage", Direction::ToClient),
    ] {
        let refs = schema["$defs"][root]["oneOf"].as_array().expect("a union");
        let mut seen = Vec::new();
        for link in refs {
            let pointer = link["$ref"]
                .as_str()
                .expect("a link")
                .trim_start_matches('#');
            let message = schema.pointer(pointer).expect("a definition");
            let name = message["properties"]["type"]["const"]
                .as_str()
                .expect("a type");
            let entry = MESSAGES
                .iter()
                .find(|entry| entry.name == name && entry.direction == direction);
            let entry = entry.unwrap_or_else(|| panic!("{name} is not in the catalogue"));
            let mut listed: Vec<String> = entry.fields.iter().map(ToString::to_string).collect();
            let required = message["required"].as_array().expect("at least the type");
            let mut said: Vec<String> = message["properties"]
                .as_object()
                .expect("fields")
                .keys()
                .filter(|field| *field != "type" && *field != "request_id")
                .map(|field| {
                    let optional = !required.iter().any(|name| name == field);
                    format!("{field}{}", if optional { "?" } else { "" })
                })
                .collect();
            listed.sort_unstable();
            said.sort_unstable();
            assert_eq!(listed, said, "{name}");
            assert_eq!(message["x-since"], entry.since, "{name}");
            assert_eq!(
                message.get("x-who").is_some(),
                direction == Direction::ToServer,
                "{name}"
            );
            for field in message["properties"].as_object().expect("fields").iter() {
                let said = field.1.get("description").or(field.1.get("$ref"));
                assert!(
                    said.is_some() || field.0 == "type",
                    "{name}.{} says nothing",
                    field.0
                );
            }
            seen.push(name);
        }
        let listed = MESSAGES.iter().filter(|entry| entry.direction == direction);
        assert_eq!(seen.len(), listed.count(), "{root}: {seen:?}");
    }
}
