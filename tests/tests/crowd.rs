//! A full house: 200 people who are only there, and 20 who talk.

use std::time::Duration;

use futures_util::future::join_all;
use janet_tests::sound::RATE_HZ;
use janet_tests::{Client, Frame, Server};
use serde_json::{Value, json};

const IDLE: usize = 200;
const ACTIVE: usize = 20;
/// A session that nobody speaks in holds its rings and its socket, and no model's state.
const MOST_PER_IDLE: u64 = 1 << 20;
/// Twenty at once for two cores: what is asked last waits for what was asked first.
const PATIENCE: Duration = Duration::from_secs(240);

fn hands_free() -> Value {
    json!({ "type": "audio_start", "rate_hz": RATE_HZ, "play_rate_hz": 24000, "mode": "hands_free" })
}

/// Asks twice; each answer belongs to its question.
async fn asks_twice(client: &mut Client, number: usize) {
    for round in 0..2 {
        let request = format!("{number}-{round}");
        let text = format!("What comes after {number}?");
        client
            .send(json!({ "type": "message", "text": text, "request_id": request }))
            .await;
        let answer = loop {
            match client.next_within(PATIENCE).await {
                Some(Frame::Text(frame)) if frame["type"] == "assistant_message" => break frame,
                Some(Frame::Text(frame)) => assert_ne!(frame["type"], "error", "{frame}"),
                Some(Frame::Sound(..)) => {}
                other => panic!("{other:?} instead of an answer"),
            }
        };
        assert_eq!(answer["request_id"], request, "{answer}");
    }
}

#[tokio::test]
async fn two_hundred_who_are_there_and_twenty_who_talk_are_all_served() {
    // However slow this machine is: nobody is told to ask again.
    let settings = [
        "server.max_clients=256",
        "engine.sessions=256",
        "talk.reply_patience_ms=240000",
    ];
    let server = Server::start(&settings).ready();
    let mut first = Client::connect(&server).await;
    first.ask("Hello.").await;
    let before = server.memory();

    let mut idle = Vec::new();
    for _ in 0..IDLE {
        let mut client = Client::connect(&server).await;
        client.send(hands_free()).await;
        client.until("audio_ready").await;
        idle.push(client);
    }
    let per_idle = server.memory().saturating_sub(before) / IDLE as u64;
    assert!(
        per_idle <= MOST_PER_IDLE,
        "{per_idle} bytes for each open microphone"
    );

    let mut active = Vec::new();
    for _ in 0..ACTIVE {
        active.push(Client::connect(&server).await);
    }
    join_all(
        active
            .iter_mut()
            .enumerate()
            .map(|(number, client)| asks_twice(client, number)),
    )
    .await;
    join_all(idle.iter_mut().map(Client::is_served)).await;
    assert!(!server.log().contains("panicked"), "a panic is in the log");
}
