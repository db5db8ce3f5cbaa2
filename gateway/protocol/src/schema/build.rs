//! Puts the schema together: one definition per message, with what the catalogue knows of it.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::client::FromClient;
use crate::catalogue::{Direction, MESSAGES};
use crate::quic::{LARGEST_DATAGRAM, LARGEST_FRAME};
use crate::{
    KEY_SUBPROTOCOL, Limits, MIC_RATE_HZ, PLAY_RATES_HZ, PROTOCOL, SUBPROTOCOL, ServerMessage,
    TrustEvent, TrustRequest,
};

/// The schema's text, as it is checked in.
pub(super) fn text() -> String {
    let mut schema = schema();
    // Whatever order the features of serde_json keep: the text is the same.
    schema.sort_all_objects();
    format!("{schema:#}\n")
}

/// The text of the schema of what a VoIP push carries.
pub(super) fn push_text() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let generator = settings.into_generator();
    let mut schema = generator
        .into_root_schema_for::<crate::PushPayload>()
        .to_value();
    schema["$id"] = json!(format!("urn:janet:push:{PROTOCOL}"));
    tidy(&mut schema);
    schema.sort_all_objects();
    format!("{schema:#}\n")
}

fn schema() -> Value {
    let mut defs = Map::new();
    family::<FromClient, TrustRequest>(
        "ClientMessage",
        Direction::ToServer,
        SchemaSettings::draft2020_12().for_deserialize(),
        &mut defs,
    );
    family::<ServerMessage, TrustEvent>(
        "ServerMessage",
        Direction::ToClient,
        SchemaSettings::draft2020_12().for_serialize(),
        &mut defs,
    );
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:janet:protocol:{PROTOCOL}"),
        "title": "Frame",
        "description": description(),
        "anyOf": [{ "$ref": "#/$defs/ClientMessage" }, { "$ref": "#/$defs/ServerMessage" }],
        "$defs": defs,
    });
    tidy(&mut schema);
    schema
}

/// Adds the messages of one direction, each under a name of its own, and their union. Those about trust
/// are an enum of their own.
fn family<T: JsonSchema, Trust: JsonSchema>(
    union: &str,
    direction: Direction,
    settings: SchemaSettings,
    defs: &mut Map<String, Value>,
) {
    let mut generator = settings.into_generator();
    generator.subschema_for::<crate::RequestId>();
    let root = generator.root_schema_for::<T>();
    let trust = generator.root_schema_for::<Trust>();
    defs.extend(generator.take_definitions(true));
    let variants = |schema| {
        // With an untagged variant, left out here, it is an `anyOf`.
        match (member(schema, "oneOf"), member(schema, "anyOf")) {
            (Value::Array(variants), _) | (_, Value::Array(variants)) => variants,
            _ => panic!("an enum tagged by `type` is a union"),
        }
    };
    let mut refs = Vec::new();
    for mut variant in variants(&root).into_iter().chain(variants(&trust)) {
        let name = variant["properties"]["type"]["const"].clone();
        let name = name.as_str().expect("each message has its type");
        annotate(&mut variant, name, direction);
        let key = format!("{}{}", camel(name), suffix(direction));
        refs.push(json!({ "$ref": format!("#/$defs/{key}") }));
        assert!(defs.insert(key, variant).is_none(), "{name} stands twice");
    }
    defs.insert(
        union.to_owned(),
        json!({ "description": member(&root, "description"), "oneOf": refs }),
    );
}

/// `request_id`, and what the catalogue knows.
fn annotate(message: &mut Value, name: &str, direction: Direction) {
    let id = json!({ "$ref": "#/$defs/RequestId" });
    message["properties"]["request_id"] = match direction {
        Direction::ToServer => json!({
            "description": "Echoed in everything that answers this; null counts as absent.",
            "anyOf": [id, { "type": "null" }],
        }),
        Direction::ToClient => json!({
            "description": "The `request_id` of what this answers, if it had one.",
            "$ref": id["$ref"],
        }),
    };
    if direction == Direction::ToClient {
        never_null(message);
    }
    let entry = MESSAGES
        .iter()
        .find(|entry| entry.name == name && entry.direction == direction)
        .unwrap_or_else(|| panic!("{name} is not in the catalogue"));
    message["x-since"] = entry.since.into();
    if let Some(who) = entry.who {
        message["x-who"] = json!(who.as_str());
        let mut answers: Vec<&str> = entry.answered_by.to_vec();
        answers.push("error");
        message["x-answered-by"] = json!(answers);
    }
}

/// What the server may leave out it does leave out: an optional field is absent, never null.
fn never_null(message: &mut Value) {
    let required = message["required"].clone();
    let required = required.as_array().expect("at least the type");
    for (name, field) in message["properties"].as_object_mut().expect("fields") {
        if required.contains(&json!(name)) {
            continue;
        }
        if let Some(kinds) = field.get_mut("type").and_then(Value::as_array_mut) {
            kinds.retain(|kind| kind != "null");
            let only = kinds.first().cloned().expect("a kind besides null");
            field["type"] = only;
        }
        if let Some(Value::Array(mut forms)) = field.as_object_mut().and_then(|f| f.remove("anyOf"))
        {
            forms.retain(|form| form["type"] != "null");
            let only = forms.pop().expect("a form besides null");
            assert!(forms.is_empty(), "{name}: one form besides null");
            field["$ref"] = only["$ref"].clone();
        }
    }
}

/// Text from documentation comments without rustdoc's links and line ends; the range of a u32, but
/// not where its values are listed.
fn tidy(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(tidy),
        Value::Object(fields) => {
            if fields.get("format") == Some(&json!("uint32")) {
                // What says less of its own keeps it.
                fields.entry("maximum").or_insert(json!(u32::MAX));
            }
            if fields.contains_key("const") || fields.contains_key("enum") {
                fields.retain(|name, _| !["format", "minimum", "maximum"].contains(&name.as_str()));
            }
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "description" => {
                        *text = text
                            .replace("[`", "`")
                            .replace("`]", "`")
                            .replace("crate::", "")
                            .replace('\n', " ");
                    }
                    _ => tidy(value),
                }
            }
        }
        _ => {}
    }
}

fn member(schema: &Schema, name: &str) -> Value {
    schema.get(name).cloned().unwrap_or_default()
}

const fn suffix(direction: Direction) -> &'static str {
    match direction {
        Direction::ToServer => "Request",
        Direction::ToClient => "Event",
    }
}

/// `audio_start` → `AudioStart`.
fn camel(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    };
    name.split('_').map(word).collect()
}

/// What a schema of JSON cannot say.
fn description() -> String {
    let limits = Limits::default();
    let [low, high] = PLAY_RATES_HZ;
    format!(
        "Text frames over the WebSocket at `/ws` and `/`, version {PROTOCOL}. `$defs/ClientMessage` is what a client may \
        send, `$defs/ServerMessage` what Janet sends; both are told apart by `type`. `x-since` is the first version that \
        speaks a message, `x-who` who may send it (`anybody`, `guest`, `operator`, each and who comes behind it), `x-answered-by` the types that answer it. Unknown \
        fields are ignored in both directions, and a client passes over a `type` that it does not know. \
        From another machine only TLS is served, and who comes without a device key gets `pair_wanted` in place of \
        `connected`. A program shows its key at the upgrade, in `Authorization: Bearer KEY`; a page, which cannot set \
        headers, offers the subprotocols `{SUBPROTOCOL}` and `{KEY_SUBPROTOCOL}KEY`, of which the first is chosen. \
        Beyond this schema: a text frame has at most {frame} bytes (the server's `server.max_frame_bytes` may say \
        otherwise); no field of a message stands twice; the limits in bytes count UTF-8, and `maxLength`, which counts \
        characters, is their upper bound; base64 has to decode. What is refused is answered by `error`, with the \
        `request_id` where it could be read, and the connection stays. \
        Whatever is asked while she speaks (`message`, `audio`) interrupts her. \
        Binary frames up, after `audio_start`: s16le mono at {MIC_RATE_HZ} Hz, at most {binary} bytes each, sent as fast \
        as they are spoken: of what comes more than 2 s ahead the rest is dropped. What is wrong with binary frames is \
        told by `error` at most once a second. Binary frames \
        down: u32 little-endian number of the first sample, then s16le mono at the `play_rate_hz` of `audio_start` ({low} \
        or {high} Hz). Samples are counted from 0 per connection and wrap at 2^32. \
        Over QUIC (UDP port 8767, ALPN `janet-vr/1`) the same text frames travel on the first bidirectional stream that the \
        client opens, each behind its length as u32 little-endian, at most {largest} bytes; the first one is \
        `client_connect`. After `vr_opened` voice travels in datagrams of at most {datagram} bytes, little-endian: kind u8 \
        (1 Opus, 2 face), session u16 (`session_no` modulo 2^16), sequence u16 (counts per session, kind and direction), \
        timestamp u32 (position of the first sample at 48 kHz), payload: one packet of Opus, 20 ms, mono. Janet's \
        positions are counted from 0 at `vr_opened`, silence included, and `face_clock` says which of her samples is at \
        which. A face datagram's timestamp is a position in her voice, as `at_sample` in `viseme`, and its payload is a \
        frame of the face from its `count` on: count u8, then count × (viseme u8, weight u8), visemes by number in the \
        order {visemes}. The connection ends with the close codes of the WebSocket (RFC 6455); a further stream is refused by error \
        code 1. \
        The WebRTC data channel `face` carries the same frames, each behind its timestamp u32.",
        visemes = crate::VISEMES.join(" "),
        largest = LARGEST_FRAME,
        datagram = LARGEST_DATAGRAM,
        frame = limits.frame_bytes,
        binary = limits.binary_bytes,
    )
}
