//! The schema against a real server: every frame of every test is held against it (`Client` does
//! so); here each message that it has is really seen.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use janet_tests::far::Far;
use janet_tests::schema::server_types;
use janet_tests::sound::{self, PACKET, RATE_HZ, s16};
use janet_tests::{Client, Frame, Server};
use serde_json::json;

/// What is said about pairing and devices: seen in `lock`, held against the schema there.
const AT_THE_DOOR: [&str; 8] = [
    "pair_wanted",
    "pair_opened",
    "pair_closed",
    "device_paired",
    "pair_challenge",
    "paired",
    "devices_listed",
    "device_revoked",
];

/// Sent, and judged by `Client` as well, in `trust`, `two_souls`, `vault`, `transfer` and
/// `persona`.
const ABOUT_TRUST: [&str; 24] = [
    "conversation_forgotten",
    "consent_request",
    "consent_request_audio",
    "soul_check",
    "consent_closed",
    "transfer_progress",
    "transfer_result",
    "transfer_denied",
    "transfer_error",
    "memory_results",
    "memory_result",
    "conversation_forgotten",
    "vault_result",
    "vault_exported",
    "red_thread_state",
    "red_thread_token",
    "grants_listed",
    "grant_added",
    "grant_revoked",
    "audit_entries",
    "personas_listed",
    "persona_changed",
    "privacy",
    "souls_listed",
];

/// A client that notes which messages came; `Client` has judged them.
struct Listener {
    client: Client,
    seen: BTreeMap<String, usize>,
    /// Samples of her voice so far.
    heard: usize,
}

impl Listener {
    fn note(&mut self, frame: Frame) {
        match frame {
            Frame::Text(value) => {
                let kind = value["type"].as_str().expect("a type").to_owned();
                *self.seen.entry(kind).or_default() += 1;
            }
            Frame::Sound(_, samples) => self.heard += samples.len(),
            other => panic!("{other:?} in mid-conversation"),
        }
    }

    fn count(&self, kind: &str) -> usize {
        self.seen.get(kind).copied().unwrap_or_default()
    }

    async fn until(&mut self, kind: &str) {
        let before = self.count(kind);
        while self.count(kind) == before {
            let frame = self.client.next().await;
            self.note(frame);
        }
    }

    /// Streams speech, then silence, as fast as somebody speaks, and listens meanwhile.
    async fn stream(&mut self, speech: &[i16], mut done: impl FnMut(&Self, usize) -> bool) {
        let began = Instant::now();
        let mut packets = speech.chunks_exact(PACKET);
        for number in 1.. {
            let packet = packets.next().unwrap_or(&[0; PACKET]);
            self.client.send_mic(packet).await;
            let due = began + Duration::from_millis(20) * number;
            while let Some(left) = due.checked_duration_since(Instant::now()) {
                match self.client.next_within(left).await {
                    Some(frame) => self.note(frame),
                    None => break,
                }
            }
            if done(self, number as usize) {
                return;
            }
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "nothing more came; so far: {:?}",
                self.seen
            );
        }
    }
}

#[tokio::test]
async fn each_message_of_the_schema_is_really_sent_and_is_as_described() {
    let client = Client::connect(Server::shared()).await;
    let mut listener = Listener {
        client,
        seen: BTreeMap::from([("connected".to_owned(), 1)]),
        heard: 0,
    };
    for (ask, answer) in [
        (json!({ "type": "ping", "timestamp": 1.5 }), "pong"),
        (json!({ "type": "get_context", "request_id": 7 }), "context"),
        (json!({ "type": "message", "request_id": "r" }), "error"),
        (
            json!({ "type": "settings_set", "voice_speed": 1.25, "sensitivity": "high", "model": "own" }),
            "settings",
        ),
        (
            json!({ "type": "text_input", "text": "Hello.", "speak": false }),
            "response",
        ),
        (
            json!({ "type": "audio_start", "rate_hz": RATE_HZ, "play_rate_hz": 24_000, "mode": "push_to_talk" }),
            "audio_ready",
        ),
        (json!({ "type": "audio_loop", "on": true }), "audio_looping"),
        (
            json!({ "type": "audio_loop", "on": false }),
            "audio_looping",
        ),
    ] {
        listener.client.send(ask).await;
        listener.until(answer).await;
    }
    let speech = s16(&sound::clip("goforward"));
    let packets = speech.len() / PACKET;
    listener.stream(&speech, |_, sent| sent == packets).await;
    listener.client.send(json!({ "type": "audio_end" })).await;
    let answers = |listener: &Listener| listener.count("assistant_message");
    listener.stream(&[], |now, _| answers(now) == 1).await;
    // Long enough to be interrupted while her voice is on.
    let question =
        json!({ "type": "message", "text": "Tell me a long story about a river.", "speak": true });
    listener.client.send(question).await;
    let before = listener.heard;
    listener.stream(&[], |now, _| now.heard > before).await;
    let ends = |listener: &Listener| answers(listener) + listener.count("error");
    let before = ends(&listener);
    listener.client.send(json!({ "type": "interrupt" })).await;
    // An answer of which not a word was heard ends in an error.
    listener
        .stream(&[], |now, _| {
            ends(now) > before && now.count("playout_flush") > 0
        })
        .await;
    set_up_a_session(&mut listener).await;
    answer_a_call(&mut listener).await;
    place_a_call(&mut listener).await;
    let mut seen: BTreeSet<String> = listener.seen.into_keys().collect();
    // Whether the model says anything of that kind is its own affair.
    seen.retain(|kind| kind != "tone" && kind != "gesture");
    seen.extend(AT_THE_DOOR.map(str::to_owned));
    // Told on the media's own channel: `tests/interop/called_by_aiortc` hears it. Both over QUIC: `quic`.
    // Candidates that are known late are a relay's: `turn`. What an answer has to be for: `face`.
    let elsewhere = [
        "face_clock",
        "vr_opened",
        "vr_ice",
        "voip_ice",
        "tone",
        "gesture",
    ];
    let over_the_socket = server_types().into_iter().filter(|name| {
        !elsewhere.contains(&name.as_str()) && !ABOUT_TRUST.contains(&name.as_str())
    });
    assert_eq!(seen, over_the_socket.collect());
}

/// One connection's offer is another's to answer: both are Janet's.
async fn set_up_a_session(listener: &mut Listener) {
    listener.client.send(json!({ "type": "vr_connect" })).await;
    let offer = listener.client.until("vr_offer").await;
    let mut other = Client::connect(Server::shared()).await;
    other
        .send(json!({ "type": "vr_connect", "sdp": offer["sdp"], "sdp_type": "offer" }))
        .await;
    let answer = other.until("vr_answer").await;
    for seen in ["vr_offer", "vr_answer"] {
        listener.seen.insert(seen.to_owned(), 1);
    }
    let id = &offer["session_id"];
    listener
        .client
        .send(json!({ "type": "vr_audio", "session_id": id, "sdp": answer["sdp"] }))
        .await;
    listener.until("vr_response").await;
    listener
        .client
        .send(json!({ "type": "vr_ice", "session_id": "nobody", "candidate": "" }))
        .await;
    listener.until("vr_error").await;
    other.close().await;
}

/// Janet rings, and is answered by a recording.
async fn answer_a_call(listener: &mut Listener) {
    listener.client.send(json!({ "type": "audio_stop" })).await;
    listener.client.send(json!({ "type": "voip_ring" })).await;
    for seen in ["voip_state", "voip_incoming"] {
        listener.until(seen).await;
    }
    let device = json!({ "platform": "test", "device": "a socket", "push_token": "0a".repeat(32) });
    listener
        .client
        .send(json!({ "type": "voip_call", "direction": "incoming", "device_info": device }))
        .await;
    let offer = listener.client.until("voip_offer").await;
    let id = &offer["call_id"];
    let speech: Vec<u8> = s16(&sound::clip("goforward"))
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    let recording = sound::base64(&speech);
    listener
        .client
        .send(json!({ "type": "voip_audio", "call_id": id, "audio": recording }))
        .await;
    for seen in ["voip_response", "voip_audio"] {
        listener.until(seen).await;
    }
    listener
        .client
        .send(json!({ "type": "voip_end", "call_id": id, "reason": "enough" }))
        .await;
    listener.until("voip_ended").await;
    listener.seen.insert("voip_offer".to_owned(), 1);
}

/// A call whose far end is another Janet.
async fn place_a_call(listener: &mut Listener) {
    let mut far = Far::meet().await;
    let device = json!({ "platform": "test", "device": "a socket" });
    listener
        .client
        .send(json!({ "type": "voip_call", "direction": "outgoing", "device_info": device }))
        .await;
    let offer = listener.client.until("voip_offer").await;
    let id = &offer["call_id"];
    listener
        .client
        .send(json!({ "type": "voip_hold", "call_id": id }))
        .await;
    listener.until("voip_error").await;
    let sdp = far.answer(&offer).await;
    listener
        .client
        .send(json!({ "type": "voip_answer", "call_id": id, "sdp": sdp, "sdp_type": "answer" }))
        .await;
    listener.until("voip_connected").await;
    far.hang_up().await;
    listener.until("voip_ended").await;
    far.close().await;
}
