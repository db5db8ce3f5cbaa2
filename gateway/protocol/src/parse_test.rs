use super::*;
use crate::ErrorCode as Code;
use crate::Private;
use crate::schema::check as schema;

/// Small enough that a test row can exceed each.
const LIMITS: Limits = Limits {
    frame_bytes: 4096,
    text_bytes: 64,
    audio_bytes: 64,
    binary_bytes: 64,
};

/// Every example of what is refused is one for the schema too, as far as a schema can say it.
pub(super) fn bad(frame: &str) -> WireError {
    let error = match parse(frame, &LIMITS) {
        Err(error) => error,
        Ok(good) => panic!("{frame} was read as {good:?}"),
    };
    if schema::says(error.code)
        && let Ok(value) = serde_json::from_str(frame)
    {
        assert!(!schema::CLIENT.is_valid(&value), "the schema takes {frame}");
    }
    error
}

/// Every example of what is read is one for the schema too.
pub(super) fn good(frame: &str) -> Incoming {
    let read = parse(frame, &LIMITS).unwrap_or_else(|error| panic!("{frame}: {error:?}"));
    // What nests deeper than serde_json's own values can is for the parser alone.
    if let Ok(value) = serde_json::from_str(frame)
        && let Err(error) = schema::CLIENT.validate(&value)
    {
        panic!("the schema refuses {frame}: {error}");
    }
    read
}

#[test]
fn every_bad_frame_is_answered_with_its_code_and_its_field() {
    use Code::*;
    let long_text = format!(r#"{{"type":"message","text":"{}"}}"#, "a".repeat(65));
    let escaped = format!(r#"{{"type":"message","text":"{}"}}"#, r"\u0061".repeat(65));
    let very_long = format!(r#"{{"type":"message","text":"{}"}}"#, "a".repeat(1000));
    let too_large = format!(
        r#"{{"type":"ping","timestamp":1,"x":"{}"}}"#,
        "a".repeat(4096)
    );
    let long_audio = format!(r#"{{"type":"audio","audio":"{}"}}"#, "AAAA".repeat(22));
    let longer_audio = format!(r#"{{"type":"audio","audio":"{}"}}"#, "AAAA".repeat(800));
    let long_id = format!(
        r#"{{"type":"interrupt","request_id":"{}"}}"#,
        "a".repeat(257)
    );
    let long_stamp = format!(r#"{{"type":"ping","timestamp":"{}"}}"#, "a".repeat(257));
    let long_type = format!(r#"{{"type":"{}"}}"#, "a".repeat(1025));
    let deep = format!(
        r#"{{"type":"message","text":{}1{}}}"#,
        "[".repeat(900),
        "]".repeat(900)
    );
    let deep_cut = format!(r#"{{"type":{}"#, r#"{"a":"#.repeat(700));
    let rows: &[(&str, Code, Option<&str>)] = &[
        // Settings.
        (
            r#"{"type":"settings_set","voice_speed":0.4}"#,
            OutOfRange,
            Some("voice_speed"),
        ),
        (
            r#"{"type":"settings_set","voice_speed":1e300}"#,
            OutOfRange,
            Some("voice_speed"),
        ),
        (
            r#"{"type":"settings_set","voice_speed":[1]}"#,
            WrongType,
            Some("voice_speed"),
        ),
        (
            r#"{"type":"settings_set","sensitivity":"High"}"#,
            OutOfRange,
            Some("sensitivity"),
        ),
        (
            r#"{"type":"settings_set","voice":" "}"#,
            EmptyField,
            Some("voice"),
        ),
        (
            r#"{"type":"settings_set","model":""}"#,
            EmptyField,
            Some("model"),
        ),
        (
            r#"{"type":"settings_set","model":["own"]}"#,
            WrongType,
            Some("model"),
        ),
        (
            r#"{"type":"settings_set","sensitivity":true}"#,
            WrongType,
            Some("sensitivity"),
        ),
        // Not a frame at all.
        ("", BadJson, None),
        ("   ", BadJson, None),
        ("hello", BadJson, None),
        ("{", BadJson, None),
        ("{}garbage", BadJson, None),
        (r#"{"type":"ping","timestamp":1}}"#, BadJson, None),
        (r#"{"type":"ping" "timestamp":1}"#, BadJson, None),
        (r#"{"type":"ping","timestamp":}"#, BadJson, None),
        (r#"{type:"ping"}"#, BadJson, None),
        (r#"{"type":"ping","timestamp":NaN}"#, BadJson, None),
        (r#"{"type":"ping","timestamp":01}"#, BadJson, None),
        ("{\"type\":\"message\",\"text\":\"a\nb\"}", BadJson, None),
        ("\u{feff}{\"type\":\"interrupt\"}", BadJson, None),
        (r#"[{"type":"ping"}]"#, BadJson, None),
        (r#""ping""#, BadJson, None),
        ("null", BadJson, None),
        ("42", BadJson, None),
        (&too_large, FrameTooLarge, None),
        (&deep_cut, BadJson, None),
        // The type.
        ("{}", MissingField, Some("type")),
        (r#"{"text":"hello"}"#, MissingField, Some("type")),
        (r#"{"type":null}"#, WrongType, Some("type")),
        (r#"{"type":7}"#, WrongType, Some("type")),
        (r#"{"type":["ping"]}"#, WrongType, Some("type")),
        (r#"{"type":"frobnicate"}"#, UnknownType, Some("type")),
        (r#"{"type":""}"#, UnknownType, Some("type")),
        (
            r#"{"type":"Ping","timestamp":1}"#,
            UnknownType,
            Some("type"),
        ),
        (r#"{"type":"connected"}"#, UnknownType, Some("type")),
        (
            r#"{"type":"ping\u0000","timestamp":1}"#,
            UnknownType,
            Some("type"),
        ),
        (
            r#"{"type":"ping","type":"interrupt"}"#,
            DuplicateField,
            Some("type"),
        ),
        (r#"{"type":"\ud800"}"#, BadJson, Some("type")),
        (&long_type, FieldTooLarge, Some("type")),
        // request_id.
        (
            r#"{"type":"interrupt","request_id":1.5}"#,
            WrongType,
            Some("request_id"),
        ),
        (
            r#"{"type":"interrupt","request_id":18446744073709551616}"#,
            OutOfRange,
            Some("request_id"),
        ),
        (
            r#"{"type":"interrupt","request_id":true}"#,
            WrongType,
            Some("request_id"),
        ),
        (
            r#"{"type":"interrupt","request_id":{}}"#,
            WrongType,
            Some("request_id"),
        ),
        (
            r#"{"type":"interrupt","request_id":1e999}"#,
            OutOfRange,
            Some("request_id"),
        ),
        (
            r#"{"type":"interrupt","request_id":1,"request_id":2}"#,
            DuplicateField,
            Some("request_id"),
        ),
        (&long_id, FieldTooLarge, Some("request_id")),
        // message, text_input.
        (r#"{"type":"message"}"#, MissingField, Some("text")),
        (r#"{"type":"text_input"}"#, MissingField, Some("text")),
        (r#"{"type":"message","text":null}"#, WrongType, Some("text")),
        (r#"{"type":"message","text":5}"#, WrongType, Some("text")),
        (
            r#"{"type":"message","text":{"text":"hi"}}"#,
            WrongType,
            Some("text"),
        ),
        (&deep, WrongType, Some("text")),
        (r#"{"type":"message","text":""}"#, EmptyField, Some("text")),
        (
            r#"{"type":"message","text":" \n\t "}"#,
            EmptyField,
            Some("text"),
        ),
        (
            r#"{"type":"message","text":"a","text":"b"}"#,
            DuplicateField,
            Some("text"),
        ),
        (&long_text, FieldTooLarge, Some("text")),
        (&escaped, FieldTooLarge, Some("text")),
        (&very_long, FieldTooLarge, Some("text")),
        (
            r#"{"type":"message","text":"hi","speak":"yes"}"#,
            WrongType,
            Some("speak"),
        ),
        (
            r#"{"type":"message","text":"hi","speak":1}"#,
            WrongType,
            Some("speak"),
        ),
        (
            r#"{"type":"message","text":"hi","remember":[]}"#,
            WrongType,
            Some("remember"),
        ),
        // audio, audio_chunk.
        (r#"{"type":"audio"}"#, MissingField, Some("audio")),
        (
            r#"{"type":"audio_chunk","audio":null}"#,
            WrongType,
            Some("audio"),
        ),
        (
            r#"{"type":"audio","audio":[0,1]}"#,
            WrongType,
            Some("audio"),
        ),
        (r#"{"type":"audio","audio":""}"#, EmptyField, Some("audio")),
        (
            r#"{"type":"audio","audio":" \n"}"#,
            EmptyField,
            Some("audio"),
        ),
        (
            r#"{"type":"audio","audio":"****"}"#,
            BadBase64,
            Some("audio"),
        ),
        (
            r#"{"type":"audio","audio":"AAA=A"}"#,
            BadBase64,
            Some("audio"),
        ),
        (r#"{"type":"audio","audio":"A"}"#, BadBase64, Some("audio")),
        (
            r#"{"type":"audio","audio":"data:audio/wav;base64,AAAA"}"#,
            BadBase64,
            Some("audio"),
        ),
        (
            r#"{"type":"audio","audio":"AAAA"}"#,
            OddByteCount,
            Some("audio"),
        ),
        (&long_audio, FieldTooLarge, Some("audio")),
        (&longer_audio, FieldTooLarge, Some("audio")),
        // audio_start.
        (r#"{"type":"audio_start"}"#, MissingField, Some("rate_hz")),
        (
            r#"{"type":"audio_start","rate_hz":16000}"#,
            MissingField,
            Some("play_rate_hz"),
        ),
        (
            r#"{"type":"audio_start","rate_hz":16000,"play_rate_hz":24000}"#,
            MissingField,
            Some("mode"),
        ),
        (
            r#"{"type":"audio_start","rate_hz":"16000"}"#,
            WrongType,
            Some("rate_hz"),
        ),
        (
            r#"{"type":"audio_start","rate_hz":null}"#,
            WrongType,
            Some("rate_hz"),
        ),
        (
            r#"{"type":"audio_start","rate_hz":16000.5}"#,
            WrongType,
            Some("rate_hz"),
        ),
        (
            r#"{"type":"audio_start","rate_hz":44100}"#,
            OutOfRange,
            Some("rate_hz"),
        ),
        (
            r#"{"type":"audio_start","rate_hz":0}"#,
            OutOfRange,
            Some("rate_hz"),
        ),
        (
            r#"{"type":"audio_start","rate_hz":16000,"play_rate_hz":22050}"#,
            OutOfRange,
            Some("play_rate_hz"),
        ),
        (
            r#"{"type":"audio_start","rate_hz":16000,"play_rate_hz":24000,"mode":"open"}"#,
            OutOfRange,
            Some("mode"),
        ),
        (
            r#"{"type":"audio_start","rate_hz":16000,"play_rate_hz":24000,"mode":1}"#,
            WrongType,
            Some("mode"),
        ),
        // playout, ping.
        (r#"{"type":"playout"}"#, MissingField, Some("played_sample")),
        (
            r#"{"type":"playout","played_sample":-1}"#,
            OutOfRange,
            Some("played_sample"),
        ),
        (
            r#"{"type":"playout","played_sample":4294967296}"#,
            OutOfRange,
            Some("played_sample"),
        ),
        (
            r#"{"type":"playout","played_sample":1e300}"#,
            OutOfRange,
            Some("played_sample"),
        ),
        (
            r#"{"type":"playout","played_sample":1e999}"#,
            OutOfRange,
            Some("played_sample"),
        ),
        (
            r#"{"type":"playout","played_sample":99999999999999999999999}"#,
            OutOfRange,
            Some("played_sample"),
        ),
        (
            r#"{"type":"playout","played_sample":"7"}"#,
            WrongType,
            Some("played_sample"),
        ),
        (r#"{"type":"ping"}"#, MissingField, Some("timestamp")),
        (
            r#"{"type":"ping","timestamp":null}"#,
            WrongType,
            Some("timestamp"),
        ),
        (
            r#"{"type":"ping","timestamp":[1]}"#,
            WrongType,
            Some("timestamp"),
        ),
        (
            r#"{"type":"ping","timestamp":1e999}"#,
            OutOfRange,
            Some("timestamp"),
        ),
        (&long_stamp, FieldTooLarge, Some("timestamp")),
    ];
    assert!(rows.len() >= 40);
    for (frame, code, field) in rows {
        let error = bad(frame);
        assert_eq!(
            (error.code, error.field.as_deref()),
            (*code, *field),
            "{frame}"
        );
        match field {
            Some(field) => assert!(error.message.contains(field), "{error:?}"),
            None => assert!(!error.message.is_empty()),
        }
    }
}

#[test]
fn messages_name_what_was_expected_and_found_and_quote_the_unknown_type() {
    for (frame, message) in [
        (r#"{"type":"frobnicate"}"#, r#"unknown type "frobnicate""#),
        (
            r#"{"type":"message","text":7}"#,
            r#"field "text": expected string, found number"#,
        ),
        (
            r#"{"type":"message","text":"a","speak":"x"}"#,
            r#"field "speak": expected boolean, found string"#,
        ),
        (
            r#"{"type":"playout"}"#,
            r#"field "played_sample" is missing"#,
        ),
        (
            r#"{"type":"audio_start","rate_hz":44100}"#,
            r#"field "rate_hz": 44100 is not offered, only 16000"#,
        ),
        ("[]", "expected a JSON object, found array"),
        ("{", "the frame ends too early at line 1 column 1"),
    ] {
        assert_eq!(bad(frame).message, message);
    }
    let long = bad(&format!(r#"{{"type":"{}"}}"#, "é\\\"".repeat(200))).message;
    assert!(long.chars().count() < 100, "{long}");
}

#[test]
fn no_error_and_no_debug_output_quotes_what_a_user_said() {
    for frame in [
        r#"{"type":"message","text":"zanzibar","speak":"zanzibar"}"#,
        r#"{"type":"message","text":"zanzibar"#,
        r#"{"type":"message","text":"zanzibar"}zanzibar"#,
        r#"{"type":"message","text":"zanzibar","text":"zanzibar"}"#,
        r#"{"type":"audio","audio":"zanzibar?"}"#,
        r#""zanzibar""#,
        "zanzibar",
    ] {
        let error = bad(frame);
        assert!(
            !format!("{error} {error:?}").contains("zanzibar"),
            "{error:?}"
        );
    }
    let read = good(r#"{"type":"message","text":"zanzibar"}"#);
    assert!(!format!("{read:?}").contains("zanzibar"));
}

#[test]
fn the_request_id_comes_back_whatever_else_is_wrong() {
    let text = |id: &str| Some(RequestId::Text(id.into()));
    for (frame, id) in [
        (r#"{"request_id":"r1","type":"nope"}"#, text("r1")),
        (r#"{"type":"nope","request_id":"r1"}"#, text("r1")),
        (r#"{"request_id":7}"#, Some(RequestId::Unsigned(7))),
        (r#"{"request_id":-7,"type":1}"#, Some(RequestId::Signed(-7))),
        (
            r#"{"request_id":18446744073709551615,"type":1}"#,
            Some(RequestId::Unsigned(u64::MAX)),
        ),
        (r#"{"request_id":"7","type":"message"}"#, text("7")),
        (r#"{"request_id":7.0}"#, Some(RequestId::Unsigned(7))),
        (r#"{"request_id":-7e0}"#, Some(RequestId::Signed(-7))),
        (r#"{"request_id":"cut","type":"mess"#, text("cut")),
        (r#"{"request_id":null,"type":"message"}"#, None),
        (r#"{"type":"message"}"#, None),
    ] {
        assert_eq!(bad(frame).request_id, id, "{frame}");
    }
}

#[test]
fn both_dialects_are_read_and_told_apart() {
    let message = |text: &str, speak, remember| ClientMessage::Message {
        text: Private::from(text),
        speak,
        remember,
    };
    for (frame, dialect, expected) in [
        (
            r#"{"type":"message","text":"hi"}"#,
            Dialect::Canonical,
            message("hi", false, None),
        ),
        (
            r#"{"type":"text_input","text":"hi"}"#,
            Dialect::Older,
            message("hi", true, None),
        ),
        (
            r#"{"type":"text_input","text":"hi","speak":false,"remember":null,"mood":[1]}"#,
            Dialect::Older,
            message("hi", false, None),
        ),
        (
            r#" {"text":"\u00e9\n","remember":true,"speak":true,"type":"message"} "#,
            Dialect::Canonical,
            message("é\n", true, Some(true)),
        ),
        (
            r#"{"type":"audio_chunk","audio":"AAEC\r\nAw=="}"#,
            Dialect::Older,
            ClientMessage::Audio {
                audio: Sound::S16le(Base64(vec![0, 1, 2, 3])),
            },
        ),
        (
            r#"{"type":"audio","audio":"AAECAw"}"#,
            Dialect::Canonical,
            ClientMessage::Audio {
                audio: Sound::S16le(Base64(vec![0, 1, 2, 3])),
            },
        ),
        (
            r#"{"type":"playout","played_sample":4294967295}"#,
            Dialect::Canonical,
            ClientMessage::Playout {
                played_sample: u32::MAX,
            },
        ),
    ] {
        assert_eq!(
            good(frame),
            Incoming {
                request_id: None,
                dialect,
                message: expected
            }
        );
    }
    let wav = Base64(b"RIFF\x04\0\0\0WAVE!".to_vec());
    let read = good(&format!(r#"{{"type":"audio","audio":"{}"}}"#, wav.encode()));
    assert_eq!(
        read.message,
        ClientMessage::Audio {
            audio: Sound::Wav(wav)
        }
    );
}

#[test]
fn unknown_fields_are_ignored_even_twice_huge_or_deep() {
    let deep = format!("{}{}", "[".repeat(1500), "]".repeat(1500));
    for extra in [
        r#""x":1,"x":2"#.to_owned(),
        r#""x":1e999"#.into(),
        format!(r#""x":{deep}"#),
    ] {
        assert_eq!(
            good(&format!(r#"{{{extra},"type":"interrupt"}}"#)).message,
            ClientMessage::Interrupt
        );
    }
}

#[test]
fn a_ping_keeps_its_timestamp_digit_for_digit() {
    for stamp in [
        "0",
        "-5",
        "18446744073709551615",
        "1732281600.123456",
        "0.1",
        r#""noon""#,
    ] {
        let read = good(&format!(r#"{{"type":"ping","timestamp":{stamp}}}"#));
        let ClientMessage::Ping { timestamp } = read.message else {
            panic!("{read:?}")
        };
        let pong = crate::ServerMessage::Pong { timestamp };
        let json = crate::Outgoing::from(pong).to_json();
        assert_eq!(json, format!(r#"{{"type":"pong","timestamp":{stamp}}}"#));
    }
}

#[test]
fn a_million_brackets_are_refused_without_recursion() {
    let limits = Limits::default();
    for bomb in [
        "[".repeat(1 << 20),
        format!(r#"{{"type":{}"#, "[".repeat(1 << 20)),
    ] {
        let error = parse(&bomb, &limits).expect_err("a bomb");
        assert_eq!(error.code, Code::BadJson);
    }
    let closed = format!(
        r#"{{"request_id":1,"type":"message","text":{}{}}}"#,
        "[".repeat(1 << 20),
        "]".repeat(1 << 20)
    );
    let error = parse(&closed, &limits).expect_err("a bomb");
    assert_eq!(
        (error.code, error.request_id),
        (Code::WrongType, Some(RequestId::Unsigned(1)))
    );
}
