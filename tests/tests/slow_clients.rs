//! Clients that stop reading or vanish cost nothing but themselves.

use std::time::{Duration, Instant};

use futures_util::SinkExt;
use janet_tests::server::pause;
use janet_tests::sound::{self, s16};
use janet_tests::{Client, Frame, Server, http};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

fn health(server: &Server, field: &str) -> u64 {
    let answer = http::get(server.address(), "/healthz");
    serde_json::from_str::<Value>(&answer.body).expect("JSON")[field]
        .as_u64()
        .expect("a number")
}

fn falls_to(server: &Server, field: &str, value: u64) {
    let since = Instant::now();
    while health(server, field) != value {
        assert!(
            since.elapsed() < Duration::from_secs(30),
            "{field} stays above {value}; {}",
            server.log()
        );
        pause(Duration::from_millis(50));
    }
}

#[tokio::test]
async fn a_client_that_stops_reading_is_let_go_and_the_others_are_served() {
    let server = Server::start(&[
        "server.write_timeout_ms=500",
        "server.outbound_messages=16",
        "server.messages_per_second=10000",
    ]);
    let mut deaf = Client::open(&server, "/ws", Some(4096)).await;
    let mut other = Client::greet(&server, "/ws").await;
    let ping = json!({ "type": "ping", "timestamp": "x".repeat(250) }).to_string();
    // Far more answers than every buffer between here and there holds.
    let flood = async {
        for _ in 0..100_000 {
            if deaf.send(Message::text(ping.clone())).await.is_err() {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(40), flood)
        .await
        .ok();
    falls_to(&server, "clients", 1);
    other.is_served().await;
}

#[tokio::test]
async fn a_client_that_says_nothing_and_answers_no_ping_is_let_go() {
    let server = Server::start(&["server.ping_every_ms=200", "server.ping_timeout_ms=600"]);
    let socket = Client::open(&server, "/ws", None).await;
    // Not polled, so it answers no ping.
    falls_to(&server, "clients", 0);
    drop(socket);
}

#[tokio::test]
async fn a_client_that_answers_pings_may_be_silent() {
    let server = Server::start(&["server.ping_every_ms=100", "server.ping_timeout_ms=400"]);
    let mut client = Client::greet(&server, "/ws").await;
    assert_eq!(client.next_within(Duration::from_millis(1500)).await, None);
    client.is_served().await;
}

#[tokio::test]
async fn a_client_that_vanishes_in_mid_speech_leaves_nothing_behind() {
    let server = Server::start(&[]).ready();
    let speech = s16(&sound::clip("austen_0930"));
    let mut client = Client::connect(&server).await;
    client
        .send(json!({ "type": "audio_start", "rate_hz": 16000, "play_rate_hz": 24000, "mode": "hands_free" }))
        .await;
    client.until("audio_ready").await;
    for packet in speech.chunks(320).take(50) {
        client.send_mic(packet).await;
    }
    // No close frame: the socket is just gone.
    drop(client);
    falls_to(&server, "clients", 0);
    falls_to(&server, "sessions", 0);
    Client::connect(&server)
        .await
        .ask("Are you still there?")
        .await;
}

#[tokio::test]
async fn more_sound_than_real_time_is_dropped_counted_and_told_not_queued() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    client
        .send(json!({ "type": "audio_start", "rate_hz": 16000, "play_rate_hz": 24000, "mode": "push_to_talk" }))
        .await;
    client.until("audio_ready").await;
    for _ in 0..60 {
        client.send_mic(&[0; 16_000]).await;
    }
    client.send(json!({ "type": "ping", "timestamp": 0 })).await;
    let mut told = 0;
    loop {
        match client.next().await {
            Frame::Text(frame) if frame["type"] == "pong" => break,
            Frame::Text(error) => {
                assert_eq!(error["code"], "overloaded", "{error}");
                let message = error["message"].as_str().expect("text");
                assert!(message.contains("faster than it is spoken"), "{message}");
                told += 1;
            }
            other => panic!("{other:?} came instead of a pong"),
        }
    }
    // Once a second, and a minute of sound is not sent in ten.
    assert!((1..10).contains(&told), "told {told} times");
    let scrape = http::get(server.address(), "/metrics");
    assert!(
        scrape.body.contains("janet_mic_dropped_samples_total"),
        "{}",
        scrape.body
    );
}
