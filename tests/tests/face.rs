//! Her face over the WebSocket: frames come with her voice, one for every 800 samples at 48 kHz, and her
//! mouth closes where her voice ends. Over QUIC: `quic.rs`.

use std::collections::BTreeSet;

use janet_tests::language_server::{LanguageServer, MODEL, Manner};
use janet_tests::{Client, Frame, Server};
use serde_json::{Value, json};

const PLAY_RATE_HZ: u64 = 24_000;
/// Positions are counted at 48 kHz.
const TIMES: u64 = 48_000 / PLAY_RATE_HZ;
const FRAME_SAMPLES: u64 = 800;

/// A frame: its position, and weights by number.
type Shown = (u64, Vec<(u64, u64)>);

#[derive(Default)]
struct Heard {
    faces: Vec<Shown>,
    /// Numbers of her samples: from the first on, and behind the last.
    begin: Option<u64>,
    end: u64,
    texts: Vec<Value>,
}

impl Heard {
    fn note(&mut self, frame: Frame) {
        match frame {
            Frame::Sound(first, samples) => {
                self.begin.get_or_insert(u64::from(first));
                self.end = u64::from(first) + samples.len() as u64;
            }
            Frame::Text(text) if text["type"] == "viseme" => {
                let frames = text["frames"].as_array().expect("a list");
                assert!(!frames.is_empty());
                self.faces.extend(frames.iter().map(shown));
            }
            Frame::Text(text) => self.texts.push(text),
            other => panic!("{other:?} in mid-conversation"),
        }
    }

    fn has(&self, kind: &str, state: Option<&str>) -> bool {
        let is = |text: &&Value| {
            text["type"] == kind && state.is_none_or(|state| text["state"] == state)
        };
        self.texts.iter().any(|text| is(&text))
    }
}

fn shown(frame: &Value) -> Shown {
    let number = |value: &Value| value.as_u64().expect("a number");
    let weights = frame["weights"].as_array().expect("a list");
    let pair = |pair: &Value| (number(&pair[0]), number(&pair[1]));
    (
        number(&frame["at_sample"]),
        weights.iter().map(pair).collect(),
    )
}

fn is_closed(frame: &Shown) -> bool {
    frame.1 == [(0, 255)]
}

/// A client with its microphone open, which says nothing, and an answer that begins.
async fn asked(text: &str) -> Client {
    asked_of(Server::shared(), text).await
}

async fn asked_of(server: &Server, text: &str) -> Client {
    let mut client = Client::connect(server).await;
    let start = json!({ "type": "audio_start", "rate_hz": 16_000, "play_rate_hz": PLAY_RATE_HZ,
        "mode": "push_to_talk" });
    client.send(start).await;
    client.until("audio_ready").await;
    client
        .send(json!({ "type": "message", "text": text, "speak": true }))
        .await;
    client
}

#[tokio::test]
async fn every_800_samples_of_her_voice_have_a_frame_and_her_mouth_closes_behind_them() {
    let mut client = asked("What do you see in the morning?").await;
    let mut heard = Heard::default();
    while !heard.has("speaking", Some("finished")) || !heard.has("assistant_message", None) {
        heard.note(client.next().await);
    }
    let begin = heard.begin.expect("she speaks") * TIMES;
    let end = heard.end * TIMES;
    let grid = |at: &u64| at.is_multiple_of(FRAME_SAMPLES) && *at < end;
    let positions: BTreeSet<u64> = heard.faces.iter().map(|face| face.0).filter(grid).collect();
    let expected: BTreeSet<u64> = (begin.next_multiple_of(FRAME_SAMPLES)..end)
        .step_by(FRAME_SAMPLES as usize)
        .collect();
    assert!(expected.len() > 30, "half a second: {begin} to {end}");
    assert_eq!(positions, expected);
    // Each once, but for what a slow machine closed in between.
    let closed = heard.faces.iter().filter(|face| is_closed(face)).count();
    assert!(
        heard.faces.len() <= expected.len() + closed,
        "{:?}",
        heard.faces
    );
    assert!(heard.faces.len() > expected.len());
    let last = heard.faces.last().expect("some");
    assert_eq!((last.0, is_closed(last)), (end, true), "{:?}", heard.faces);
    let opens = |face: &&Shown| {
        face.1
            .iter()
            .any(|(viseme, weight)| *viseme > 0 && *weight > 127)
    };
    assert!(
        heard.faces.iter().filter(opens).count() > 10,
        "{:?}",
        heard.faces
    );
    for (_, weights) in &heard.faces {
        assert!(weights.is_sorted() && weights.iter().all(|(viseme, _)| *viseme < 10));
        // Rounding adds half a step for each shape at most.
        assert!(weights.iter().map(|(_, weight)| weight).sum::<u64>() <= 260);
    }
    client.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn her_mouth_follows_a_voice_that_tells_no_phonemes() {
    // Another Janet is the speech server: all that comes from her is sound.
    let speech = Server::shared();
    let answer = "Mama, my moose made a map of our moon.";
    let fake = LanguageServer::start(0, Manner::Says(vec![answer])).await;
    let llm = format!("llm.url=http://{}", fake.address);
    let tts = format!("tts.url=http://{}/v1", speech.address());
    let settings = ["llm.server=openai", &llm, &tts, "engine.visemes=cpu"];
    let server = Server::start(&settings).ready();
    server.has("llm", MODEL);
    server.has("tts", "alloy");
    let mut client = asked_of(&server, "Whom do you know?").await;
    let mut heard = Heard::default();
    while !heard.has("speaking", Some("finished")) || !heard.has("assistant_message", None) {
        heard.note(client.next().await);
    }
    let (begin, end) = (heard.begin.expect("she speaks") * TIMES, heard.end * TIMES);
    let positions: BTreeSet<u64> = heard.faces.iter().map(|face| face.0).collect();
    let expected = (begin.next_multiple_of(FRAME_SAMPLES)..end).step_by(FRAME_SAMPLES as usize);
    let missing: Vec<u64> = expected.filter(|at| !positions.contains(at)).collect();
    assert!(missing.is_empty(), "{missing:?} of {begin} to {end}");
    let last = heard.faces.last().expect("some");
    assert_eq!((last.0, is_closed(last)), (end, true));
    let of = |viseme: u64| {
        let shows = |face: &&Shown| {
            face.1
                .iter()
                .any(|(v, weight)| *v == viseme && *weight > 127)
        };
        heard.faces.iter().filter(shows).count()
    };
    // Lips shut for m and p, and open for what is between.
    let shut = of(6) + of(9);
    let open: usize = (1..=5).map(of).sum();
    assert!(
        shut > 8 && open > 20,
        "{shut} shut, {open} open: {:?}",
        heard.faces
    );
    assert_eq!(
        server.measured("janet_tts_fallbacks_total"),
        0.0,
        "her own voice has not spoken"
    );
    client.close().await;
}

#[tokio::test]
async fn who_silences_her_sees_her_mouth_close_where_she_stopped() {
    let mut client = asked("Tell me a long story about a ship.").await;
    let mut heard = Heard::default();
    while heard.end - heard.begin.unwrap_or(0) < PLAY_RATE_HZ / 2 {
        heard.note(client.next().await);
    }
    client.send(json!({ "type": "interrupt" })).await;
    while !heard.has("playout_flush", None) || !heard.faces.last().is_some_and(is_closed) {
        heard.note(client.next().await);
    }
    let flush = heard
        .texts
        .iter()
        .find(|text| text["type"] == "playout_flush");
    let from = flush.expect("just seen")["from_sample"].as_u64();
    let last = heard.faces.last().expect("just seen");
    assert_eq!(Some(last.0), from.map(|from| from * TIMES));
    client.is_served().await;
    client.close().await;
}

#[tokio::test]
async fn who_did_not_open_voice_is_shown_no_face() {
    let mut client = Client::connect(Server::shared()).await;
    let message = json!({ "type": "message", "text": "Hello.", "speak": true });
    client.send(message).await;
    let mut heard = Heard::default();
    while !heard.has("assistant_message", None) {
        heard.note(client.next().await);
    }
    let answer = heard.texts.last().expect("just seen");
    assert!(answer["audio"].is_string(), "the whole sound: {answer}");
    assert_eq!((heard.faces.len(), heard.begin), (0, None));
    client.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn how_she_means_it_and_what_she_does_is_told_where_she_says_it() {
    let answer = "Yes, congratulations on the new job! I am so sorry about the old one.";
    let fake = LanguageServer::start(0, Manner::Says(vec![answer])).await;
    let url = format!("llm.url=http://{}", fake.address);
    let server = Server::start(&["llm.server=openai", &url]).ready();
    server.has("llm", MODEL);
    let mut client = asked_of(&server, "I have a new job.").await;
    let mut heard = Heard::default();
    let is_neutral = |text: &Value| text["type"] == "tone" && text["name"] == "neutral";
    while !heard.has("assistant_message", None) || !heard.texts.iter().any(is_neutral) {
        heard.note(client.next().await);
    }
    let (begin, end) = (heard.begin.expect("she speaks") * TIMES, heard.end * TIMES);
    let of = |kind: &str| {
        let texts = heard.texts.iter().filter(|text| text["type"] == kind);
        let name = |text: &Value| text["name"].as_str().expect("a name").to_owned();
        let at = |text: &Value| text["at_sample"].as_u64().expect("a number");
        texts
            .map(|text| (name(text), at(text)))
            .collect::<Vec<(String, u64)>>()
    };
    let tones = of("tone");
    let names: Vec<&str> = tones.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["happy", "concerned", "neutral"]);
    assert_eq!(tones[0].1, begin);
    // The second sentence begins where about half of the text is said.
    let share = (tones[1].1 - begin) as f64 / (end - begin) as f64;
    assert!(
        (0.3..0.75).contains(&share),
        "{tones:?} of {begin} to {end}"
    );
    assert_eq!(tones[2].1, end);
    let nods = of("gesture").into_iter().filter(|(name, _)| name == "nod");
    let nods: Vec<u64> = nods.map(|(_, at)| at).collect();
    assert_eq!(nods.first(), Some(&begin), "at her yes");
    client.close().await;
}
