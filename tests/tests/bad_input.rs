//! Frames that are wrong get an error that names what is wrong, and the connection stays.

use std::time::Duration;

use janet_tests::{Client, Frame, Server};
use serde_json::json;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

#[tokio::test]
async fn bad_json_gets_an_error_and_the_connection_stays() {
    let mut client = Client::connect(Server::shared()).await;
    for text in [
        "{",
        "",
        "[]",
        "42",
        "null",
        "{\"type\":\"ping\",}",
        "\u{1F600}",
    ] {
        client.send_text(text).await;
        let error = client.error().await;
        assert_eq!(error["code"], "bad_json", "{text:?}: {error}");
    }
    client.is_served().await;
}

#[tokio::test]
async fn an_unknown_type_is_quoted() {
    let mut client = Client::connect(Server::shared()).await;
    let error = client
        .refusal(json!({ "type": "make_coffee", "request_id": "r-1" }))
        .await;
    assert_eq!(
        (&error["code"], &error["field"]),
        (&json!("unknown_type"), &json!("type"))
    );
    assert_eq!(error["request_id"], "r-1");
    assert!(
        error["message"]
            .as_str()
            .expect("text")
            .contains("make_coffee"),
        "{error}"
    );
    client.is_served().await;
}

#[tokio::test]
async fn a_wrong_or_missing_field_is_named() {
    let mut client = Client::connect(Server::shared()).await;
    let cases = [
        (json!({ "text": "no type" }), "missing_field", "type"),
        (json!({ "type": "message" }), "missing_field", "text"),
        (
            json!({ "type": "message", "text": 7 }),
            "wrong_type",
            "text",
        ),
        (
            json!({ "type": "message", "text": "  " }),
            "empty_field",
            "text",
        ),
        (
            json!({ "type": "message", "text": "hi", "speak": "yes" }),
            "wrong_type",
            "speak",
        ),
        (json!({ "type": "ping" }), "missing_field", "timestamp"),
        (
            json!({ "type": "audio", "audio": "***" }),
            "bad_base64",
            "audio",
        ),
        (
            json!({ "type": "audio_start", "rate_hz": 44100, "play_rate_hz": 24000, "mode": "hands_free" }),
            "out_of_range",
            "rate_hz",
        ),
        (
            json!({ "type": "audio_start", "rate_hz": 16000, "play_rate_hz": 8000, "mode": "hands_free" }),
            "out_of_range",
            "play_rate_hz",
        ),
        (
            json!({ "type": "audio_start", "rate_hz": 16000, "play_rate_hz": 24000, "mode": "telepathy" }),
            "out_of_range",
            "mode",
        ),
        (
            json!({ "type": "playout", "played_sample": -1 }),
            "out_of_range",
            "played_sample",
        ),
    ];
    for (number, (mut message, code, field)) in cases.into_iter().enumerate() {
        message["request_id"] = json!(number);
        let error = client.refusal(message.clone()).await;
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!(code), &json!(field)),
            "{message}: {error}"
        );
        assert_eq!(error["request_id"], number, "{error}");
    }
    client.is_served().await;
}

#[tokio::test]
async fn an_error_never_quotes_what_the_user_wrote() {
    let mut client = Client::connect(Server::shared()).await;
    let error = client
        .refusal(json!({ "type": "message", "text": "zanzibar", "speak": "zanzibar" }))
        .await;
    assert!(!error.to_string().contains("zanzibar"), "{error}");
}

#[tokio::test]
async fn a_frame_over_the_limit_gets_an_error_and_the_connection_stays() {
    let server = Server::start(&["server.max_frame_bytes=65536"]);
    let mut client = Client::greet(&server, "/ws").await;
    let long = "x".repeat(100_000);
    let error = client
        .refusal(json!({ "type": "message", "text": long }))
        .await;
    assert_eq!(error["code"], "frame_too_large", "{error}");
    assert!(
        error["message"].as_str().expect("text").contains("65536"),
        "{error}"
    );
    client.is_served().await;
}

#[tokio::test]
async fn a_frame_beyond_every_limit_ends_the_connection_with_1009() {
    let server = Server::start(&["server.max_frame_bytes=65536"]);
    let mut client = Client::greet(&server, "/ws").await;
    client.send_text(&"x".repeat(400_000)).await;
    let (code, reason) = client.goodbye().await;
    assert_eq!((code, reason.as_str()), (1009, "the frame is too large"));
    Client::greet(&server, "/ws").await.is_served().await;
}

#[tokio::test]
async fn what_is_no_websocket_ends_the_connection_with_the_code_that_says_so() {
    let server = Server::shared();
    for (kind, payload, code, reason) in [
        (
            OpCode::Data(Data::Text),
            &b"\xff\xfe"[..],
            1007,
            "a text frame is not UTF-8",
        ),
        (
            OpCode::Data(Data::Reserved(3)),
            b"?",
            1002,
            "this is not the WebSocket protocol",
        ),
        (
            OpCode::Data(Data::Continue),
            b"of nothing",
            1002,
            "this is not the WebSocket protocol",
        ),
    ] {
        let mut client = Client::greet(server, "/ws").await;
        client.send_frame(kind, payload).await;
        assert_eq!(client.goodbye().await, (code, reason.to_owned()), "{kind}");
    }
}

#[tokio::test]
async fn a_message_that_no_model_can_take_in_is_refused_with_its_size() {
    let mut client = Client::connect(Server::shared()).await;
    let text = "Tell me of the sea. ".repeat(390);
    let asked = json!({ "type": "message", "text": text, "request_id": 9 });
    let error = client.refusal(asked).await;
    assert_eq!(
        (&error["code"], &error["field"], &error["request_id"]),
        (&json!("field_too_large"), &json!("text"), &json!(9)),
        "{error}"
    );
    let message = error["message"].as_str().expect("text");
    assert!(message.contains("1536 fit"), "{message}");
    client.is_served().await;
}

#[tokio::test]
async fn a_button_that_was_held_for_nothing_is_answered() {
    let mut client = Client::connect(Server::shared()).await;
    client.send(START.parse().expect("JSON")).await;
    client.until("audio_ready").await;
    client.send_mic(&[0; 3200]).await;
    let end = json!({ "type": "audio_end", "request_id": "held" });
    let error = client.refusal(end).await;
    assert_eq!(
        (&error["code"], &error["request_id"]),
        (&json!("no_speech"), &json!("held")),
        "{error}"
    );
    client.is_served().await;
}

#[tokio::test]
async fn sound_before_audio_start_is_refused_once_a_second() {
    let mut client = Client::connect(Server::shared()).await;
    for _ in 0..10 {
        client.send_mic(&[0; 320]).await;
    }
    assert_eq!(client.error().await["code"], "audio_not_started");
    client.send(json!({ "type": "ping", "timestamp": 1 })).await;
    match client.next().await {
        Frame::Text(pong) => {
            assert_eq!(pong["type"], "pong", "the other nine were refused silently")
        }
        other => panic!("{other:?} came instead of a pong"),
    }
    for kind in ["audio_end", "audio_stop"] {
        let error = client.refusal(json!({ "type": kind })).await;
        assert_eq!(error["code"], "audio_not_started", "{error}");
        assert!(
            error["message"].as_str().expect("text").contains(kind),
            "{error}"
        );
    }
    client.is_served().await;
}

#[tokio::test]
async fn half_a_sample_is_refused() {
    let mut client = Client::connect(Server::shared()).await;
    client.send(START.parse().expect("JSON")).await;
    client.until("audio_ready").await;
    client.send_bytes(&[1, 2, 3]).await;
    assert_eq!(client.error().await["code"], "odd_byte_count");
    let error = client
        .refusal(json!({ "type": "audio", "audio": "AQID" }))
        .await;
    assert_eq!(
        (&error["code"], &error["field"]),
        (&json!("odd_byte_count"), &json!("audio"))
    );
    client.is_served().await;
}

#[tokio::test]
async fn a_second_audio_start_is_refused_until_audio_stop() {
    let mut client = Client::connect(Server::shared()).await;
    let start = || START.parse::<serde_json::Value>().expect("JSON");
    client.send(start()).await;
    client.until("audio_ready").await;
    assert_eq!(
        client.refusal(start()).await["code"],
        "audio_already_started"
    );
    client.send(json!({ "type": "audio_stop" })).await;
    client.send(start()).await;
    assert_eq!(client.until("audio_ready").await["play_rate_hz"], 24_000);
}

#[tokio::test]
async fn a_flood_is_refused_and_the_client_recovers() {
    let server = Server::start(&["server.messages_per_second=20"]);
    let mut client = Client::greet(&server, "/ws").await;
    for n in 0..60 {
        client.send(json!({ "type": "ping", "timestamp": n })).await;
    }
    let error = client.error().await;
    assert_eq!(error["code"], "overloaded", "{error}");
    assert!(
        error["message"]
            .as_str()
            .expect("text")
            .contains("20 messages a second"),
        "{error}"
    );
    // The rate allows the next one before long.
    let served = async {
        loop {
            client
                .send(json!({ "type": "ping", "timestamp": "again" }))
                .await;
            let answer = client.next_within(Duration::from_millis(100)).await;
            if matches!(&answer, Some(Frame::Text(pong)) if pong["timestamp"] == "again") {
                return;
            }
        }
    };
    let recovered = tokio::time::timeout(Duration::from_secs(10), served).await;
    recovered.expect("the client is served again");
}

#[tokio::test]
async fn a_model_that_never_stops_is_stopped_at_its_limit() {
    let server = Server::start(&["engine.max_tokens=12"]).ready();
    let mut client = Client::connect(&server).await;
    let answer = client
        .ask("Count from one to one thousand without ever stopping.")
        .await;
    let words = answer["text"]
        .as_str()
        .expect("text")
        .split_whitespace()
        .count();
    assert!((1..=12).contains(&words), "{answer}");
    client.is_served().await;
}

const START: &str =
    r#"{"type":"audio_start","rate_hz":16000,"play_rate_hz":24000,"mode":"push_to_talk"}"#;
