//! The schema tells the truth: what the parser takes it takes, what it refuses the parser refuses,
//! and what is really sent is what it describes.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::check::{CLIENT, SERVER, says};
use crate::parse::properties::incoming;
use crate::server::tests::one_of_each;
use crate::{Incoming, Limits, Outgoing, RequestId, parse};

/// Values of every type, and those at the edges of some field.
fn any_value() -> impl Strategy<Value = Value> {
    let chosen = vec![
        json!(null),
        json!(true),
        json!(false),
        json!([]),
        json!([1]),
        json!({}),
        json!({ "text": "a" }),
        json!({ "platform": "ios", "device": "phone", "push_token": null }),
        json!({ "platform": "ios", "device": " " }),
        json!({ "platform": 1, "device": "phone" }),
        json!({ "platform": "ios", "device": "phone", "push_token": [] }),
        json!({ "platform": "ios", "device": "phone", "push_token": "" }),
        json!({ "platform": "ios", "device": "phone", "push_token": "0a".repeat(31) }),
        json!({ "platform": "ios", "device": "phone", "push_token": "0A".repeat(32) }),
        json!({ "platform": "ios", "device": "phone", "push_token": "0g".repeat(32) }),
        json!({ "platform": "ios", "device": "phone", "push_token": "0".repeat(65) }),
        json!(0),
        json!(-0.0),
        json!(-1),
        json!(1.5),
        json!(2.0),
        json!(16_000),
        json!(16_000.0),
        json!(24_000),
        json!(u32::MAX),
        json!(1_u64 << 32),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e19),
        json!(1e20),
        json!(-1e300),
        json!(""),
        json!(" \n\u{85}\u{3000}"),
        json!("\u{feff}"),
        json!("hands_free"),
        json!("webrtc"),
        json!("offer"),
        json!("answer"),
        json!("incoming"),
        json!("ping"),
        json!("response"),
        json!("AAAA"),
        json!(" AA\r\nEC Aw = ="),
        json!("AAE="),
        json!("a\u{7}b"),
        json!("a\u{202e}b"),
        json!("guest"),
        json!("0123456789abcdef"),
        json!("0123456789ABCDEF"),
        json!("0".repeat(64)),
        json!("0".repeat(66)),
        json!("=AAE"),
        json!(["green"]),
        json!(["blue"]),
        json!(["a", " "]),
        json!(["a", 1]),
        json!("constitutional"),
        json!(100),
        json!(101),
    ];
    prop_oneof![
        4 => proptest::sample::select(chosen),
        1 => any::<f64>().prop_filter_map("finite", |float| {
            serde_json::Number::from_f64(float).map(Value::from)
        }),
        1 => any::<i64>().prop_map(Value::from),
        1 => "\\PC{0,20}".prop_map(Value::from),
        1 => "[A-Za-z0-9+/= \n]{0,12}".prop_map(Value::from),
    ]
}

/// One thing that is done to a message.
#[derive(Clone, Debug)]
enum Change {
    /// The field of this number, modulo their count, is left out.
    Drop(usize),
    /// It holds something else.
    Put(usize, Value),
    /// A field that a message may have, or that nobody knows, comes to it.
    Add(&'static str, Value),
}

fn change() -> impl Strategy<Value = Change> {
    let name = proptest::sample::select(vec![
        "request_id",
        "speak",
        "remember",
        "text",
        "sdp",
        "sdp_type",
        "transport",
        "sdp_mline_index",
        "call_id",
        "direction",
        "device_info",
        "reason",
        "caller",
        "consent_id",
        "conversation_uuid",
        "include_vaults",
        "names",
        "tags",
        "limit",
        "soul",
        "everything",
        "safe_word",
        "exported_context",
        "mood",
        "__proto__",
    ]);
    prop_oneof![
        any::<usize>().prop_map(Change::Drop),
        (any::<usize>(), any_value()).prop_map(|(at, value)| Change::Put(at, value)),
        (name, any_value()).prop_map(|(name, value)| Change::Add(name, value)),
    ]
}

fn value(incoming: &Incoming) -> Value {
    serde_json::from_str(&incoming.to_json()).expect("JSON")
}

fn changed(mut frame: Value, changes: Vec<Change>) -> Value {
    let fields = frame.as_object_mut().expect("an object");
    for change in changes {
        let nth = |at: usize| fields.keys().nth(at % fields.len().max(1)).cloned();
        match change {
            Change::Drop(at) => {
                nth(at).and_then(|name| fields.remove(&name));
            }
            Change::Put(at, value) => {
                nth(at).and_then(|name| fields.insert(name, value));
            }
            Change::Add(name, value) => {
                fields.insert(name.to_owned(), value);
            }
        }
    }
    frame
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_a_client_writes_is_what_the_schema_describes(sent in incoming()) {
        let frame = value(&sent);
        prop_assert!(CLIENT.is_valid(&frame), "the schema refuses {frame}");
    }

    #[test]
    fn the_schema_and_the_parser_agree_on_what_was_changed(
        sent in incoming(),
        changes in proptest::collection::vec(change(), 1..4),
    ) {
        let frame = changed(value(&sent), changes);
        let takes = CLIENT.is_valid(&frame);
        match parse(&frame.to_string(), &Limits::default()) {
            Ok(_) => prop_assert!(takes, "the parser takes {frame}, the schema does not"),
            Err(error) if says(error.code) => {
                prop_assert!(!takes, "the parser refuses {frame}, the schema does not: {error}");
            }
            Err(_) => {}
        }
    }
}

#[test]
fn every_message_that_janet_sends_is_as_described_and_no_field_may_change_its_type() {
    for (message, _) in one_of_each() {
        for request_id in [
            None,
            Some(RequestId::Unsigned(u64::MAX)),
            Some(RequestId::Text("r".into())),
        ] {
            let sent = Outgoing {
                request_id,
                message: message.clone(),
            }
            .to_json();
            let frame: Value = serde_json::from_str(&sent).expect("JSON");
            if let Err(error) = SERVER.validate(&frame) {
                panic!("{sent}: {error}");
            }
            // Some have the same words both ways.
            let both = ["voip_audio", "vr_ice", "voip_ice"];
            let is_said_by_both = both.iter().any(|name| frame["type"] == *name);
            assert_eq!(CLIENT.is_valid(&frame), is_said_by_both, "{sent}");
            for name in frame.as_object().expect("an object").keys() {
                let mut other = frame.clone();
                // No field of a message may hold this, nor anything below it.
                other[name] = json!([{ "odd": [null] }]);
                let free = ["images", "actions"].contains(&name.as_str());
                assert_eq!(SERVER.is_valid(&other), free, "{name} in {sent}");
            }
        }
    }
}

#[test]
fn a_message_without_a_field_is_as_described_only_where_the_serializer_leaves_it_out() {
    for (message, _) in one_of_each() {
        let frame: Value = serde_json::from_str(&Outgoing::from(message).to_json()).expect("JSON");
        for name in frame.as_object().expect("an object").keys() {
            let mut without = frame.clone();
            without.as_object_mut().expect("an object").remove(name);
            let may_lack = matches!(
                (frame["type"].as_str(), name.as_str()),
                (Some("assistant_message"), "audio" | "audio_format")
                    | (Some("error" | "vr_error" | "voip_error"), "field")
                    | (Some("vr_error"), "session_id")
                    | (Some("voip_error"), "call_id")
                    | (Some("connected" | "vr_offer" | "voip_offer"), "ice_servers")
                    | (Some("vr_response"), "text" | "audio")
                    | (Some("voip_ended"), "words")
                    | (Some("pair_opened"), "quic_port")
                    | (Some("transfer_error"), "conversation_uuid" | "field")
                    | (Some("memory_result"), "id" | "receipt_id" | "proof")
                    | (Some("conversation_forgotten"), "proof")
                    | (Some("privacy"), "memories")
                    | (Some("vault_result"), "items" | "value" | "retry_after_ms")
            );
            assert_eq!(SERVER.is_valid(&without), may_lack, "{name} of {frame}");
        }
    }
}

#[test]
fn answers_without_sound_are_as_described() {
    let mut seen = 0;
    for (mut message, _) in one_of_each() {
        match &mut message {
            crate::ServerMessage::AssistantMessage {
                audio,
                audio_format,
                ..
            } => {
                (*audio, *audio_format) = (None, None);
            }
            crate::ServerMessage::Response { audio, .. } => *audio = None,
            crate::ServerMessage::Error { field, .. } => *field = None,
            _ => continue,
        }
        seen += 1;
        let sent = Outgoing::from(message).to_json();
        let frame = serde_json::from_str(&sent).expect("JSON");
        if let Err(error) = SERVER.validate(&frame) {
            panic!("{sent}: {error}");
        }
    }
    assert_eq!(seen, 3);
}
