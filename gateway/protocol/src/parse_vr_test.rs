use super::tests::{bad, good};
use super::*;
use crate::{ErrorCode as Code, Hands, Pose, Transport};

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
            r#"{"type":"vr_audio","session_id":"s","sdp":null,"audio":null}"#,
            MissingField,
            "sdp",
        ),
        (
            r#"{"type":"vr_audio","session_id":"s","sdp":1}"#,
            WrongType,
            "sdp",
        ),
        (
            r#"{"type":"vr_audio","session_id":"s","sdp":"v=0","audio":"AAAA"}"#,
            OutOfRange,
            "audio",
        ),
        (
            r#"{"type":"vr_audio","session_id":"s","audio":"*"}"#,
            BadBase64,
            "audio",
        ),
        (
            r#"{"type":"vr_audio","session_id":"s","audio":""}"#,
            EmptyField,
            "audio",
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
        head_pose: None,
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

const FINE: &str = r#"{"position":[0,1.6,-0.5],"rotation":[0,0,0,1]}"#;

#[test]
fn a_pose_is_read_with_or_without_hands() {
    let head = Pose {
        position: [0.0, 1.6, -0.5],
        rotation: [0.0, 0.0, 0.0, 1.0],
    };
    let read = |hands: &str| {
        let frame = format!(r#"{{"type":"vr_pose","session_id":"s","head":{FINE}{hands}}}"#);
        match good(&frame).message {
            ClientMessage::VrPose { head, hands, .. } => (head, hands),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(read(""), (head, Hands::default()));
    assert_eq!(read(r#","hands":null"#), (head, Hands::default()));
    let (_, hands) = read(&format!(r#","hands":{{"left":null,"right":{FINE}}}"#));
    assert_eq!((hands.left, hands.right), (None, Some(head)));
    let connect = good(&format!(r#"{{"type":"vr_connect","head_pose":{FINE}}}"#));
    let is_there = matches!(connect.message, ClientMessage::VrConnect { head_pose: Some(pose), .. } if pose == head);
    assert!(is_there);
}

#[test]
fn what_is_wrong_with_a_pose_is_named_with_its_place() {
    use Code::*;
    let pose = |position: &str, rotation: &str| {
        format!(r#"{{"position":{position},"rotation":{rotation}}}"#)
    };
    let fine = "[0,0,0,1]";
    let rows = [
        (pose("[0,0]", fine), OutOfRange, "position"),
        (pose("[0,0,0,0]", fine), OutOfRange, "position"),
        (pose("[0,0,1001]", fine), OutOfRange, "position"),
        (pose("[0,0,1e300]", fine), OutOfRange, "position"),
        (pose("[0,0,1e999]", fine), OutOfRange, "position"),
        (pose(r#"[0,0,"1"]"#, fine), WrongType, "position"),
        (pose("[0,0,null]", fine), WrongType, "position"),
        (pose("{}", fine), WrongType, "position"),
        (pose("[0,0,0]", "[0,0,0,0]"), BadPose, "rotation"),
        (pose("[0,0,0]", "[0,0,0,1.02]"), BadPose, "rotation"),
        (pose("[0,0,0]", "[1,1,1,1]"), BadPose, "rotation"),
        (pose("[0,0,0]", "[1e30,0,0,0]"), BadPose, "rotation"),
        (pose("[0,0,0]", "[0,0,1]"), OutOfRange, "rotation"),
        (
            r#"{"rotation":[0,0,0,1]}"#.to_owned(),
            MissingField,
            "position",
        ),
        (
            r#"{"position":[0,0,0]}"#.to_owned(),
            MissingField,
            "rotation",
        ),
    ];
    for (bad_pose, code, field) in rows {
        let frames = [
            (
                format!(r#"{{"type":"vr_pose","session_id":"s","head":{bad_pose}}}"#),
                "head",
            ),
            (
                format!(
                    r#"{{"type":"vr_pose","session_id":"s","head":{FINE},"hands":{{"left":{bad_pose}}}}}"#
                ),
                "hands.left",
            ),
            (
                format!(r#"{{"type":"vr_connect","head_pose":{bad_pose}}}"#),
                "head_pose",
            ),
        ];
        for (frame, place) in frames {
            let error = bad(&frame);
            let path = format!("{place}.{field}");
            assert_eq!(
                (error.code, error.field.as_deref()),
                (code, Some(path.as_str())),
                "{frame}"
            );
            assert!(
                error.message.contains(&format!("\"{path}\"")),
                "{}",
                error.message
            );
            assert!(matches!(error.family, Family::Vr { .. }), "{frame}");
        }
    }
    for (frame, code, field) in [
        (
            r#"{"type":"vr_pose","session_id":"s"}"#,
            MissingField,
            "head",
        ),
        (
            r#"{"type":"vr_pose","session_id":"s","head":[]}"#,
            WrongType,
            "head",
        ),
        (
            r#"{"type":"vr_connect","head_pose":1}"#,
            WrongType,
            "head_pose",
        ),
    ] {
        let error = bad(frame);
        assert_eq!(
            (error.code, error.field.as_deref()),
            (code, Some(field)),
            "{frame}"
        );
    }
}
