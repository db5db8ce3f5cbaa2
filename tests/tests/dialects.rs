//! Both dialects of the protocol, each answered in its own words.

use janet_tests::sound::{self, Format, RATE_HZ, base64, wav_file};
use janet_tests::{Client, Frame, Server};
use serde_json::json;

#[tokio::test]
async fn a_typed_message_is_answered_by_deltas_and_then_the_whole() {
    let mut client = Client::connect(Server::shared()).await;
    client.send(json!({ "type": "message", "text": "What is the capital of France?", "request_id": "q1" })).await;
    let (mut streamed, mut reply) = (String::new(), None);
    let last = loop {
        match client.next().await {
            Frame::Text(frame) if frame["type"] == "assistant_delta" => {
                assert_eq!(frame["request_id"], "q1");
                streamed += frame["text"].as_str().expect("text");
                reply.get_or_insert(frame["reply_id"].clone());
            }
            Frame::Text(frame) if frame["type"] == "assistant_message" => break frame,
            Frame::Text(frame) => panic!("unexpected {frame}"),
            other => panic!("{other:?} came while text was awaited"),
        }
    };
    assert!(!streamed.trim().is_empty());
    assert_eq!(last["text"].as_str().expect("text").trim(), streamed.trim());
    assert_eq!(Some(&last["reply_id"]), reply.as_ref());
    assert_eq!(last["request_id"], "q1");
    assert_eq!(last["user_text"], "What is the capital of France?");
    assert_eq!(last["client_id"], client.client_id.as_str());
    assert!(last["audio"].is_null(), "nobody asked for sound: {last}");
    assert!(last["latency"]["llm_first"].is_i64(), "{last}");
    for field in ["images", "actions"] {
        assert_eq!(last[field], json!([]));
    }
    // What the small model says, and so how it is meant, nobody knows beforehand.
    let tone = last["tone"].as_str().expect("a word");
    assert!(
        ["happy", "thinking", "neutral", "concerned"].contains(&tone),
        "{tone}"
    );
}

#[tokio::test]
async fn a_typed_message_can_be_answered_aloud() {
    let mut client = Client::connect(Server::shared()).await;
    client
        .send(json!({ "type": "message", "text": "Say hello to me.", "speak": true }))
        .await;
    let answer = client.until("assistant_message").await;
    assert_eq!(answer["audio_format"], "wav");
    let (rate_hz, samples) = sound::decode(answer["audio"].as_str().expect("a recording"));
    assert!([22_050, 24_000, 48_000].contains(&rate_hz), "{rate_hz}");
    assert!(
        samples.len() > rate_hz as usize / 4 && sound::level(&samples) > 0.005,
        "that is no speech"
    );
}

#[tokio::test]
async fn an_older_client_gets_one_response_with_sound() {
    let mut client = Client::connect(Server::shared()).await;
    client
        .send(json!({ "type": "text_input", "text": "Say good morning." }))
        .await;
    let Frame::Text(answer) = client.next().await else {
        panic!("a text frame is awaited")
    };
    assert_eq!(
        answer["type"], "response",
        "one frame and no other: {answer}"
    );
    assert_eq!(answer["user_text"], "Say good morning.");
    assert_eq!(answer["client_id"], client.client_id.as_str());
    let (_, samples) = sound::decode(answer["audio"].as_str().expect("a recording"));
    assert!(sound::level(&samples) > 0.005);
}

#[tokio::test]
async fn an_older_client_that_wants_no_sound_gets_null() {
    let mut client = Client::connect(Server::shared()).await;
    client
        .send(json!({ "type": "text_input", "text": "Hello.", "speak": false }))
        .await;
    let answer = client.until("response").await;
    assert!(
        answer["audio"].is_null() && !answer["text"].as_str().expect("text").is_empty(),
        "{answer}"
    );
}

#[tokio::test]
async fn an_older_client_can_speak_a_whole_utterance() {
    let speech = wav_file(
        &sound::clip("goforward"),
        Format {
            rate_hz: RATE_HZ,
            channels: 1,
            bits: 16,
        },
    );
    let mut client = Client::connect(Server::shared()).await;
    client
        .send(json!({ "type": "audio_chunk", "audio": base64(&speech) }))
        .await;
    let answer = client.until("response").await;
    assert!(
        answer["user_text"]
            .as_str()
            .expect("text")
            .to_lowercase()
            .contains("forward"),
        "{answer}"
    );
    assert!(answer["audio"].is_string(), "{answer}");
}

#[tokio::test]
async fn the_greeting_names_what_a_client_needs_to_know() {
    let client = Client::connect(Server::shared()).await;
    assert_eq!(client.client_id.len(), 32);
    assert!(
        client
            .client_id
            .bytes()
            .all(|digit| digit.is_ascii_hexdigit())
    );
    assert_eq!(client.connected["role"], "operator");
    assert_eq!(client.connected["protocol"], 1);
    let nodes = client.connected["nodes"].as_array().expect("a list");
    assert_eq!(nodes.len(), 1, "this machine");
    let capabilities = client.connected["capabilities"].as_array().expect("a list");
    assert!(capabilities.contains(&json!("voice")) && capabilities.contains(&json!("text")));
    let other = Client::connect_to(Server::shared(), "/").await;
    assert_ne!(
        other.client_id, client.client_id,
        "both paths upgrade, to clients of their own"
    );
}

#[tokio::test]
async fn a_ping_comes_back_as_it_was_sent() {
    let mut client = Client::connect(Server::shared()).await;
    for timestamp in [
        json!(1_700_000_000_123_u64),
        json!(0.25),
        json!("noon"),
        json!(-5),
    ] {
        client
            .send(json!({ "type": "ping", "timestamp": timestamp, "request_id": 8 }))
            .await;
        let pong = client.until("pong").await;
        assert_eq!(
            (&pong["timestamp"], &pong["request_id"]),
            (&timestamp, &json!(8))
        );
    }
}

#[tokio::test]
async fn the_context_tells_messages_models_and_when_it_ends() {
    let mut client = Client::connect(Server::shared()).await;
    let answer = client.ask("Is the sky blue?").await;
    client
        .send(json!({ "type": "get_context", "request_id": "c" }))
        .await;
    let context = client.until("context").await;
    assert_eq!(context["request_id"], "c");
    let data = &context["data"];
    assert_eq!(
        data["messages"],
        json!([
            { "role": "user", "text": "Is the sky blue?" },
            { "role": "assistant", "text": answer["text"] },
        ])
    );
    for role in ["vad", "turn", "stt", "llm", "tts"] {
        assert!(data["models"][role]["name"].is_string(), "{role}: {data}");
    }
    assert_eq!(data["profile"], "cpu");
    assert_eq!(data["conversation"]["expires_after_s"], 1800);
    assert!(
        data["version"].is_string() && data["conversation"]["id"].is_string(),
        "{data}"
    );
}

#[tokio::test]
async fn an_interrupt_with_nothing_to_interrupt_is_no_error() {
    let mut client = Client::connect(Server::shared()).await;
    client.send(json!({ "type": "interrupt" })).await;
    client
        .send(json!({ "type": "playout", "played_sample": 0 }))
        .await;
    client.is_served().await;
}

#[tokio::test]
async fn an_interrupted_answer_ends_and_the_next_is_given() {
    let mut client = Client::connect(Server::shared()).await;
    client.send(json!({ "type": "message", "text": "Tell me a long story about a fox.", "request_id": 1 })).await;
    let first = client.until("assistant_delta").await;
    client.send(json!({ "type": "interrupt" })).await;
    let ended = client.until("assistant_message").await;
    assert_eq!(
        (&ended["reply_id"], &ended["request_id"]),
        (&first["reply_id"], &json!(1))
    );
    let next = client.ask("What is two plus two?").await;
    assert_ne!(next["reply_id"], ended["reply_id"]);
    assert_eq!(next["user_text"], "What is two plus two?");
}
