use super::tests::{bad, good};
use super::*;
use crate::ErrorCode as Code;

#[test]
fn a_wrong_word_about_a_session_is_answered_with_its_code_and_its_field() {
    use Code::*;
    let long_id = format!(
        r#"{{"type":"vr_connect","session_id":"{}"}}"#,
        "a".repeat(129)
    );
    let rows = [
        (
            r#"{"type":"vr_connect","transport":"quick"}"#,
            OutOfRange,
            "transport",
        ),
        (
            r#"{"type":"vr_connect","transport":1}"#,
            WrongType,
            "transport",
        ),
        (r#"{"type":"vr_connect","sdp":""}"#, EmptyField, "sdp"),
        (r#"{"type":"vr_connect","sdp":["v=0"]}"#, WrongType, "sdp"),
        (
            r#"{"type":"vr_connect","sdp":"v=0","sdp_type":"answer"}"#,
            OutOfRange,
            "sdp_type",
        ),
        (
            r#"{"type":"vr_connect","session_id":" "}"#,
            EmptyField,
            "session_id",
        ),
        (long_id.as_str(), FieldTooLarge, "session_id"),
        (
            r#"{"type":"vr_audio","sdp":"v=0"}"#,
            MissingField,
            "session_id",
        ),
        (
            r#"{"type":"vr_audio","session_id":"s"}"#,
            MissingField,
            "sdp",
        ),
        (
            r#"{"type":"vr_audio","session_id":"s","sdp":null}"#,
            WrongType,
            "sdp",
        ),
        (
            r#"{"type":"vr_audio","session_id":"s","sdp":"v=0","sdp_type":"offer"}"#,
            OutOfRange,
            "sdp_type",
        ),
        (
            r#"{"type":"vr_ice","session_id":"s"}"#,
            MissingField,
            "candidate",
        ),
        (
            r#"{"type":"vr_ice","session_id":"s","candidate":"","sdp_mline_index":-1}"#,
            OutOfRange,
            "sdp_mline_index",
        ),
        (
            r#"{"type":"vr_ice","session_id":"s","candidate":"","sdp_mid":0}"#,
            WrongType,
            "sdp_mid",
        ),
    ];
    for (frame, code, field) in rows {
        let error = bad(frame);
        assert_eq!(
            (error.code, error.field.as_deref()),
            (code, Some(field)),
            "{frame}"
        );
        assert!(matches!(error.family, Family::Vr { .. }), "{frame}");
    }
}

#[test]
fn what_may_be_left_out_may_be_null() {
    let bare = good(r#"{"type":"vr_connect"}"#).message;
    let null =
        r#"{"type":"vr_connect","session_id":null,"transport":null,"sdp":null,"sdp_type":null}"#;
    assert_eq!(bare, good(null).message);
    let expected = ClientMessage::VrConnect {
        session_id: None,
        transport: Transport::Webrtc,
        sdp: None,
    };
    assert_eq!(bare, expected);
    let candidate = good(
        r#"{"type":"vr_ice","session_id":"s","candidate":"candidate:1","sdp_mid":null,"sdp_mline_index":1.0}"#,
    );
    let expected = ClientMessage::VrIce {
        session_id: "s".into(),
        candidate: "candidate:1".into(),
        sdp_mid: None,
        sdp_mline_index: Some(1),
    };
    assert_eq!(candidate.message, expected);
}

#[test]
fn neither_addresses_nor_keys_are_printed() {
    for frame in [
        r#"{"type":"vr_connect","sdp":"secret"}"#,
        r#"{"type":"vr_audio","session_id":"s","sdp":"secret"}"#,
        r#"{"type":"vr_ice","session_id":"s","candidate":"secret"}"#,
    ] {
        let shown = format!("{:?}", good(frame));
        assert!(!shown.contains("secret"), "{shown}");
    }
}
