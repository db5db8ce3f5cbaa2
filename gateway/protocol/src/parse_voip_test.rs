use super::tests::{bad, good};
use super::*;
use crate::parse_voip::{PUSH_TOKEN_BYTES, REASON_BYTES};
use crate::{CallDirection, DeviceInfo, ErrorCode as Code};

const DEVICE: &str = r#""device_info":{"platform":"ios","device":"phone"}"#;

#[test]
fn a_wrong_word_about_a_call_is_answered_with_its_code_and_its_field() {
    use Code::*;
    let call = |rest: &str| format!(r#"{{"type":"voip_call",{rest}}}"#);
    let device = |inner: &str| {
        call(&format!(
            r#""direction":"outgoing","device_info":{{{inner}}}"#
        ))
    };
    let token = |token: &str| {
        device(&format!(
            r#""platform":"ios","device":"phone","push_token":"{token}""#
        ))
    };
    let long = |limit: usize| "a".repeat(limit + 1);
    let rows = [
        (call(DEVICE), MissingField, "direction"),
        (
            call(&format!(r#""direction":"sideways",{DEVICE}"#)),
            OutOfRange,
            "direction",
        ),
        (
            call(&format!(r#""direction":true,{DEVICE}"#)),
            WrongType,
            "direction",
        ),
        (
            call(r#""direction":"incoming""#),
            MissingField,
            "device_info",
        ),
        (
            call(r#""direction":"incoming","device_info":"phone""#),
            WrongType,
            "device_info",
        ),
        (
            call(&format!(
                r#""direction":"outgoing","call_id":"\t",{DEVICE}"#
            )),
            EmptyField,
            "call_id",
        ),
        (
            device(r#""device":"phone""#),
            MissingField,
            "device_info.platform",
        ),
        (
            device(r#""platform":"ios","device":7"#),
            WrongType,
            "device_info.device",
        ),
        (
            device(r#""platform":"ios","device":"""#),
            EmptyField,
            "device_info.device",
        ),
        (
            device(r#""platform":"ios","platform":"x","device":"phone""#),
            DuplicateField,
            "device_info.platform",
        ),
        (
            device(&format!(
                r#""platform":"ios","device":"phone","push_token":"{}""#,
                long(PUSH_TOKEN_BYTES)
            )),
            FieldTooLarge,
            "device_info.push_token",
        ),
        (
            token(&"0a".repeat(31)),
            OutOfRange,
            "device_info.push_token",
        ),
        (token(&"0".repeat(65)), OutOfRange, "device_info.push_token"),
        (
            token(&"0g".repeat(32)),
            OutOfRange,
            "device_info.push_token",
        ),
        (
            token(&"0a".repeat(101)),
            OutOfRange,
            "device_info.push_token",
        ),
        (
            r#"{"type":"voip_answer","sdp":"v=0","sdp_type":"answer"}"#.into(),
            MissingField,
            "call_id",
        ),
        (
            r#"{"type":"voip_answer","call_id":"c","sdp_type":"answer"}"#.into(),
            MissingField,
            "sdp",
        ),
        (
            r#"{"type":"voip_answer","call_id":"c","sdp":"v=0"}"#.into(),
            MissingField,
            "sdp_type",
        ),
        (
            r#"{"type":"voip_answer","call_id":"c","sdp":"v=0","sdp_type":"offer"}"#.into(),
            OutOfRange,
            "sdp_type",
        ),
        (
            r#"{"type":"voip_ice","call_id":"c"}"#.into(),
            MissingField,
            "candidate",
        ),
        (
            format!(
                r#"{{"type":"voip_ice","call_id":"{}","candidate":""}}"#,
                long(SESSION_ID_BYTES)
            ),
            FieldTooLarge,
            "call_id",
        ),
        (
            r#"{"type":"voip_audio","call_id":"c"}"#.into(),
            MissingField,
            "audio",
        ),
        (
            r#"{"type":"voip_audio","call_id":"c","audio":"AAAA"}"#.into(),
            OddByteCount,
            "audio",
        ),
        (
            r#"{"type":"voip_audio","call_id":"c","audio":"?"}"#.into(),
            BadBase64,
            "audio",
        ),
        (
            r#"{"type":"voip_hold","call_id":"c"}"#.into(),
            MissingField,
            "on",
        ),
        (
            r#"{"type":"voip_hold","call_id":"c","on":null}"#.into(),
            WrongType,
            "on",
        ),
        (
            r#"{"type":"voip_end","call_id":null}"#.into(),
            WrongType,
            "call_id",
        ),
        (
            format!(
                r#"{{"type":"voip_end","call_id":"c","reason":"{}"}}"#,
                long(REASON_BYTES)
            ),
            FieldTooLarge,
            "reason",
        ),
        (
            r#"{"type":"voip_ring","caller":""}"#.into(),
            EmptyField,
            "caller",
        ),
        (
            r#"{"type":"voip_ring","client_id":1}"#.into(),
            WrongType,
            "client_id",
        ),
    ];
    for (frame, code, field) in rows {
        let error = bad(&frame);
        assert_eq!(
            (error.code, error.field.as_deref()),
            (code, Some(field)),
            "{frame}"
        );
        assert!(
            error.message.contains(&format!("\"{field}\"")),
            "{}",
            error.message
        );
        assert!(matches!(error.family, Family::Voip { .. }), "{frame}");
    }
}

#[test]
fn an_error_about_a_call_says_which() {
    let error = bad(r#"{"type":"voip_hold","call_id":"c","on":1}"#);
    let expected = Family::Voip {
        call_id: Some("c".into()),
    };
    assert_eq!(error.family, expected);
}

#[test]
fn what_may_be_left_out_of_a_call_may_be_null() {
    let bare = format!(r#"{{"type":"voip_call","direction":"incoming",{DEVICE}}}"#);
    let null = r#"{"type":"voip_call","call_id":null,"direction":"incoming","device_info":{"platform":"ios","device":"phone","push_token":null,"mood":[{}]}}"#;
    let expected = ClientMessage::VoipCall {
        call_id: None,
        direction: CallDirection::Incoming,
        device_info: DeviceInfo {
            platform: "ios".into(),
            device: "phone".into(),
            push_token: None,
        },
    };
    assert_eq!(good(&bare).message, expected);
    assert_eq!(good(null).message, expected);
    let end = good(r#"{"type":"voip_end","call_id":"c","reason":null}"#);
    let expected = ClientMessage::VoipEnd {
        call_id: "c".into(),
        reason: None,
    };
    assert_eq!(end.message, expected);
    let ring = good(r#"{"type":"voip_ring","client_id":null,"caller":null}"#);
    assert_eq!(ring.message, good(r#"{"type":"voip_ring"}"#).message);
}

#[test]
fn a_push_token_is_taken_in_lower_case_and_an_empty_one_is_none() {
    for (written, read) in [
        ("".to_owned(), None),
        ("aB".repeat(32), Some("ab".repeat(32))),
    ] {
        let frame = format!(
            r#"{{"type":"voip_call","direction":"outgoing","device_info":{{"platform":"ios","device":"phone","push_token":"{written}"}}}}"#
        );
        let ClientMessage::VoipCall { device_info, .. } = good(&frame).message else {
            panic!("it is a call");
        };
        assert_eq!(device_info.push_token.map(Private::into_exposed), read);
    }
}

#[test]
fn neither_addresses_nor_tokens_nor_words_are_printed() {
    for frame in [
        r#"{"type":"voip_call","direction":"outgoing","device_info":{"platform":"ios","device":"phone","push_token":"5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75e00"}}"#,
        r#"{"type":"voip_answer","call_id":"c","sdp":"secret","sdp_type":"answer"}"#,
        r#"{"type":"voip_ice","call_id":"c","candidate":"secret"}"#,
        r#"{"type":"voip_end","call_id":"c","reason":"secret"}"#,
    ] {
        let shown = format!("{:?}", good(frame));
        assert!(
            !shown.contains("secret") && !shown.contains("5ec2e7"),
            "{shown}"
        );
    }
}
