use serde_json::json;

use super::tests::one_of_each;
use super::*;
use crate::WireError;

#[test]
fn optional_fields_are_absent_when_there_is_nothing_to_say() {
    let error = WireError::new(ErrorCode::Internal, "it broke");
    assert_eq!(
        Outgoing::from(error).to_json(),
        r#"{"type":"error","code":"internal","message":"it broke"}"#
    );
}

#[test]
fn an_error_answers_the_request_that_it_refuses() {
    let error = crate::parse(
        r#"{"type":"x","request_id":"r9"}"#,
        &crate::Limits::default(),
    )
    .expect_err("an unknown type");
    let json: Value = serde_json::from_str(&Outgoing::from(error).to_json()).expect("JSON");
    assert_eq!(
        json,
        json!({"type": "error", "request_id": "r9", "code": "unknown_type", "field": "type",
            "message": "unknown type \"x\""})
    );
}

#[test]
fn what_is_wrong_with_a_session_is_told_in_its_family_s_type() {
    for (frame, session, field) in [
        (r#"{"type":"vr_audio","session_id":"s"}"#, Some("s"), "sdp"),
        (r#"{"type":"vr_ice","candidate":""}"#, None, "session_id"),
        (
            r#"{"type":"vr_connect","transport":"pigeon"}"#,
            None,
            "transport",
        ),
    ] {
        let error = crate::parse(frame, &crate::Limits::default()).expect_err("it is wrong");
        let json: Value = serde_json::from_str(&Outgoing::from(error).to_json()).expect("JSON");
        assert_eq!(
            (&json["type"], &json["field"]),
            (&json!("vr_error"), &json!(field))
        );
        assert_eq!(
            json.get("session_id").and_then(Value::as_str),
            session,
            "{json}"
        );
    }
}

#[test]
fn printing_a_message_shows_neither_words_nor_sound() {
    for (message, _) in one_of_each() {
        let shown = format!("{message:?}");
        assert!(
            !shown.contains("Hello") && !shown.contains("hi\""),
            "{shown}"
        );
    }
}
