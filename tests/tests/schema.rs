//! The schema against a real server: every frame of every test is held against it (`Client` does
//! so); here each message that it has is really seen.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use janet_tests::schema::server_types;
use janet_tests::sound::{self, RATE_HZ, s16};
use janet_tests::{Client, Frame, Server};
use serde_json::{Value, json};

/// A client that notes which messages came; `Client` has judged them.
struct Listener {
    client: Client,
    seen: BTreeSet<String>,
    /// Samples of her voice so far.
    heard: usize,
}

impl Listener {
    fn note(&mut self, frame: Frame) -> Option<Value> {
        match frame {
            Frame::Text(value) => {
                let kind = value["type"].as_str().expect("a type").to_owned();
                self.seen.insert(kind);
                Some(value)
            }
            Frame::Sound(_, samples) => {
                self.heard += samples.len();
                None
            }
            other => panic!("{other:?} in mid-conversation"),
        }
    }

    async fn until(&mut self, kind: &str) {
        loop {
            let frame = self.client.next().await;
            if self.note(frame).is_some_and(|value| value["type"] == kind) {
                return;
            }
        }
    }

    /// Streams as fast as somebody speaks, and listens meanwhile.
    async fn speak(&mut self, speech: &[i16]) {
        let began = Instant::now();
        for (number, packet) in (1..).zip(speech.chunks(320)) {
            self.client.send_mic(packet).await;
            let due = began + Duration::from_millis(20) * number;
            while let Some(left) = due.checked_duration_since(Instant::now()) {
                match self.client.next_within(left).await {
                    Some(frame) => drop(self.note(frame)),
                    None => break,
                }
            }
        }
    }
}

#[tokio::test]
async fn each_message_of_the_schema_is_really_sent_and_is_as_described() {
    let client = Client::connect(Server::shared()).await;
    let mut listener = Listener {
        client,
        seen: BTreeSet::from(["connected".to_owned()]),
        heard: 0,
    };
    for (ask, answer) in [
        (json!({ "type": "ping", "timestamp": 1.5 }), "pong"),
        (json!({ "type": "get_context", "request_id": 7 }), "context"),
        (json!({ "type": "message", "request_id": "r" }), "error"),
        (
            json!({ "type": "text_input", "text": "Hello.", "speak": false }),
            "response",
        ),
        (
            json!({ "type": "audio_start", "rate_hz": RATE_HZ, "play_rate_hz": 24_000, "mode": "push_to_talk" }),
            "audio_ready",
        ),
    ] {
        listener.client.send(ask).await;
        listener.until(answer).await;
    }
    listener.speak(&s16(&sound::clip("goforward"))).await;
    listener.client.send(json!({ "type": "audio_end" })).await;
    listener.until("assistant_message").await;
    // Long enough to be interrupted while her voice is on.
    let question =
        json!({ "type": "message", "text": "Tell me a long story about a river.", "speak": true });
    listener.client.send(question).await;
    let before = listener.heard;
    while listener.heard == before {
        let frame = listener.client.next().await;
        listener.note(frame);
    }
    listener.client.send(json!({ "type": "interrupt" })).await;
    listener.until("playout_flush").await;
    listener.until("assistant_message").await;
    let all: BTreeSet<String> = server_types().into_iter().collect();
    assert_eq!(listener.seen, all);
}
