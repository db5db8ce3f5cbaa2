use crate::ErrorCode::{
    self, DuplicateField, EmptyField, FieldTooLarge, MissingField, OutOfRange, WrongType,
};
use crate::schema::check as schema;
use crate::{ClientMessage, Limits, Role, parse};

fn pair_start(name: &str, message: &str) -> String {
    format!(r#"{{"type":"pair_start","name":"{name}","message":"{message}"}}"#)
}

#[test]
fn every_bad_frame_is_answered_with_its_code_and_its_field_and_the_schema_agrees() {
    let zeros = "0".repeat(66);
    let long_name = "a".repeat(129);
    let rows: &[(String, ErrorCode, &str)] = &[
        (r#"{"type":"pair_open"}"#.into(), MissingField, "role"),
        (
            r#"{"type":"pair_open","role":"node"}"#.into(),
            OutOfRange,
            "role",
        ),
        (r#"{"type":"pair_open","role":1}"#.into(), WrongType, "role"),
        (
            r#"{"type":"pair_open","role":"guest","role":"operator"}"#.into(),
            DuplicateField,
            "role",
        ),
        (pair_start("", &zeros), EmptyField, "name"),
        (pair_start(" \u{3000}", &zeros), EmptyField, "name"),
        (pair_start(r"\n", &zeros), EmptyField, "name"),
        (pair_start(r"a\u001b[2J", &zeros), OutOfRange, "name"),
        (pair_start("a\u{202e}b", &zeros), OutOfRange, "name"),
        (pair_start(&long_name, &zeros), FieldTooLarge, "name"),
        (pair_start("phone", &zeros[1..]), OutOfRange, "message"),
        (pair_start("phone", &"A".repeat(66)), OutOfRange, "message"),
        (pair_start("phone", &"é".repeat(33)), OutOfRange, "message"),
        (
            r#"{"type":"pair_start","name":"phone"}"#.into(),
            MissingField,
            "message",
        ),
        (
            r#"{"type":"pair_finish","proof":"00"}"#.into(),
            OutOfRange,
            "proof",
        ),
        (
            r#"{"type":"pair_finish","proof":[0]}"#.into(),
            WrongType,
            "proof",
        ),
        (
            r#"{"type":"client_connect","key":1}"#.into(),
            WrongType,
            "key",
        ),
        (
            r#"{"type":"client_connect","key":" "}"#.into(),
            EmptyField,
            "key",
        ),
        (
            format!(r#"{{"type":"client_connect","client_id":"{long_name}"}}"#),
            FieldTooLarge,
            "client_id",
        ),
        (
            r#"{"type":"device_revoke"}"#.into(),
            MissingField,
            "device_id",
        ),
        (
            r#"{"type":"device_revoke","device_id":"../devices.json"}"#.into(),
            OutOfRange,
            "device_id",
        ),
    ];
    for (frame, code, field) in rows {
        let error = parse(frame, &Limits::default()).expect_err(frame);
        assert_eq!(
            (error.code, error.field.as_deref()),
            (*code, Some(*field)),
            "{frame}"
        );
        assert!(error.message.contains(field), "{frame}: {error}");
        if schema::says(*code) {
            let value = serde_json::from_str(frame).expect("JSON");
            assert!(!schema::CLIENT.is_valid(&value), "the schema takes {frame}");
        }
    }
}

#[test]
fn who_comes_over_quic_says_so_first_and_its_key_is_not_printed() {
    let parsed = |frame: &str| parse(frame, &Limits::default()).expect(frame);
    let bare = parsed(r#"{"type":"client_connect"}"#);
    assert_eq!(
        bare,
        parsed(r#"{"type":"client_connect","client_id":null,"key":null}"#)
    );
    let whole = parsed(r#"{"type":"client_connect","client_id":"c","key":"secret"}"#);
    assert_eq!(
        whole.message,
        ClientMessage::ClientConnect {
            client_id: Some("c".into()),
            key: Some("secret".into()),
        }
    );
    assert!(!format!("{whole:?}").contains("secret"));
}

#[test]
fn a_device_says_its_name_and_its_side_of_the_exchange() {
    let frame = pair_start("Ada's phone 📱", &format!("41{}", "0f".repeat(32)));
    let mut message = [0x0f; crate::PAIR_MESSAGE_BYTES];
    message[0] = b'A';
    let name = "Ada's phone 📱".to_owned();
    let proof = format!(r#"{{"type":"pair_finish","proof":"{}"}}"#, "ab".repeat(32));
    for (frame, expected) in [
        (frame, ClientMessage::PairStart { name, message }),
        (
            proof,
            ClientMessage::PairFinish {
                proof: [0xab; 32].into(),
            },
        ),
        (
            r#"{"type":"pair_open","role":"operator"}"#.into(),
            ClientMessage::PairOpen {
                role: Role::Operator,
            },
        ),
        (
            r#"{"type":"device_list"}"#.into(),
            ClientMessage::DeviceList,
        ),
        (
            r#"{"type":"device_revoke","device_id":"0123456789abcdef"}"#.into(),
            ClientMessage::DeviceRevoke {
                device_id: "0123456789abcdef".into(),
            },
        ),
    ] {
        let read = parse(&frame, &Limits::default()).expect("well formed");
        assert_eq!(read.message, expected, "{frame}");
        assert!(
            !format!("{read:?}").contains("171"),
            "a proof is not printed: {read:?}"
        );
        let value = serde_json::from_str(&frame).expect("JSON");
        assert!(
            schema::CLIENT.is_valid(&value),
            "the schema refuses {frame}"
        );
    }
}
