//! The whole loop over a socket: spoken question in, transcript, spoken answer out.

use std::time::{Duration, Instant};

use janet_tests::sound::{self, PACKET, RATE_HZ, s16};
use janet_tests::{Client, Frame, Server};
use serde_json::{Value, json};

pub(crate) const PLAY_RATE_HZ: u32 = 24_000;

/// What came back, in order.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) frames: Vec<Value>,
    /// Samples by their number; later ones replace flushed ones.
    pub(crate) sound: Vec<f32>,
    /// Before this instant of the stream nothing was heard.
    first_sound: Option<Instant>,
}

impl Heard {
    pub(crate) fn note(&mut self, frame: Frame) {
        match frame {
            Frame::Text(value) => {
                if value["type"] == "playout_flush" {
                    self.sound
                        .truncate(value["from_sample"].as_u64().expect("a number") as usize);
                }
                self.frames.push(value);
            }
            Frame::Sound(first, samples) => {
                self.first_sound.get_or_insert_with(Instant::now);
                assert!(
                    first as usize >= self.sound.len(),
                    "sample {first} was sent before"
                );
                self.sound.resize(first as usize, 0.0);
                self.sound
                    .extend(samples.iter().map(|sample| f32::from(*sample) / 32768.0));
            }
            other => panic!("{other:?} in mid-conversation"),
        }
    }

    pub(crate) fn of(&self, kind: &str) -> Vec<&Value> {
        self.frames
            .iter()
            .filter(|frame| frame["type"] == kind)
            .collect()
    }
}

pub(crate) async fn start(client: &mut Client, mode: &str) {
    let start = json!({ "type": "audio_start", "rate_hz": RATE_HZ, "play_rate_hz": PLAY_RATE_HZ, "mode": mode });
    client.send(start).await;
    assert_eq!(
        client.until("audio_ready").await["play_rate_hz"],
        PLAY_RATE_HZ
    );
}

/// Streams in real time and listens meanwhile, until `done`; silence follows the speech. Reports
/// what was played as a client must, every 100 ms.
pub(crate) async fn speak(
    client: &mut Client,
    speech: &[i16],
    heard: &mut Heard,
    mut done: impl FnMut(&Heard) -> bool,
) {
    let began = Instant::now();
    let patience = Duration::from_secs(60);
    let mut packets = speech.chunks_exact(PACKET);
    for number in 1_u32.. {
        client
            .send_mic(packets.next().unwrap_or(&[0; PACKET]))
            .await;
        if number % 5 == 0
            && let Some(first) = heard.first_sound
        {
            let played = (first.elapsed().as_secs_f64() * f64::from(PLAY_RATE_HZ)) as usize;
            let played = played.min(heard.sound.len());
            client
                .send(json!({ "type": "playout", "played_sample": played }))
                .await;
        }
        let due = began + Duration::from_millis(20) * number;
        while let Some(left) = due.checked_duration_since(Instant::now()) {
            match client.next_within(left).await {
                Some(frame) => heard.note(frame),
                None => break,
            }
        }
        if done(heard) {
            return;
        }
        assert!(
            began.elapsed() < patience,
            "nothing more came; so far: {:?}",
            heard.frames
        );
    }
}

fn answered(heard: &Heard) -> bool {
    !heard.of("assistant_message").is_empty()
}

#[tokio::test]
async fn a_spoken_question_is_answered_by_voice() {
    let mut client = Client::connect(Server::shared()).await;
    start(&mut client, "hands_free").await;
    let mut heard = Heard::default();
    speak(
        &mut client,
        &s16(&sound::clip("goforward")),
        &mut heard,
        answered,
    )
    .await;

    let last = heard
        .of("transcript")
        .into_iter()
        .rfind(|frame| frame["final"] == true);
    let words = last.expect("a final transcript")["text"]
        .as_str()
        .expect("text")
        .to_lowercase();
    assert!(words.contains("forward"), "{words}");
    let answer = heard.of("assistant_message")[0];
    assert!(
        answer["user_text"]
            .as_str()
            .expect("text")
            .to_lowercase()
            .contains("forward"),
        "{answer}"
    );
    assert!(
        answer["audio"].is_null(),
        "the sound was streamed: {answer}"
    );
    let latency = answer["latency"].as_object().expect("marks");
    for mark in [
        "decision",
        "transcript",
        "llm_first",
        "tts_first",
        "first_audio",
    ] {
        assert!(latency[mark].is_i64(), "{mark}: {answer}");
    }

    let states: Vec<_> = heard
        .of("speaking")
        .iter()
        .map(|frame| frame["state"].clone())
        .collect();
    assert_eq!(states.first(), Some(&json!("started")));
    assert_eq!(states.last(), Some(&json!("finished")), "{states:?}");
    // Captions: how far she was heard is told while she speaks, and never beyond her text.
    let chars: Vec<u64> = heard
        .of("speech_heard")
        .iter()
        .filter_map(|frame| frame["chars"].as_u64())
        .collect();
    let written = answer["text"].as_str().expect("text").chars().count() as u64;
    assert!(
        chars.is_sorted_by(|a, b| a < b) && !chars.is_empty(),
        "{chars:?}"
    );
    assert!(chars.iter().all(|chars| *chars <= written), "{chars:?}");
    let loud = heard
        .sound
        .iter()
        .filter(|sample| sample.abs() > 0.01)
        .count();
    assert!(
        loud > PLAY_RATE_HZ as usize / 4,
        "only {loud} samples of the answer can be heard"
    );
    assert!(heard.of("error").is_empty(), "{:?}", heard.of("error"));
}

#[tokio::test]
async fn push_to_talk_answers_when_the_button_is_released() {
    let mut client = Client::connect(Server::shared()).await;
    start(&mut client, "push_to_talk").await;
    let speech = s16(&sound::clip("cards_003"));
    let packets = speech.len() / PACKET;
    let (mut heard, mut sent) = (Heard::default(), 0);
    speak(&mut client, &speech, &mut heard, |_| {
        sent += 1;
        sent == packets
    })
    .await;
    assert!(!answered(&heard), "the button is still held");
    client.send(json!({ "type": "audio_end" })).await;
    speak(&mut client, &[], &mut heard, answered).await;
    let answer = heard.of("assistant_message")[0];
    // Which card it is may be misheard; that is Whisper's test.
    let heard = answer["user_text"].as_str().expect("text").to_lowercase();
    assert!(
        heard.contains("seven of") || heard.contains("7 of"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_looped_microphone_is_heard_back_and_not_listened_to() {
    let mut client = Client::connect(Server::shared()).await;
    let early = client
        .refusal(json!({ "type": "audio_loop", "on": true }))
        .await;
    assert_eq!(early["code"], "audio_not_started", "{early}");
    start(&mut client, "hands_free").await;
    client
        .send(json!({ "type": "audio_loop", "on": true }))
        .await;
    assert_eq!(client.until("audio_looping").await["on"], true);
    let speech = sound::clip("goforward");
    let mut heard = Heard::default();
    let mut sent = 0;
    speak(&mut client, &s16(&speech), &mut heard, |heard| {
        sent += 1;
        // All of it has come back, two seconds of silence behind it.
        heard.sound.len() * 2 >= (speech.len() + 2 * RATE_HZ as usize) * 3 || sent > 500
    })
    .await;
    let back = sound::level(&heard.sound[..speech.len() * 3 / 2]);
    let there = sound::level(&speech);
    assert!(
        (back - there).abs() < 0.1 * there,
        "the level was {there}, and comes back as {back}"
    );
    for kind in ["transcript", "assistant_message", "speaking"] {
        assert!(heard.of(kind).is_empty(), "{:?}", heard.frames);
    }
    // Nobody could hear an answer there: it comes as a recording.
    client
        .send(json!({ "type": "message", "text": "Hello.", "speak": true }))
        .await;
    let answer = client.until("assistant_message").await;
    assert!(answer["audio"].is_string(), "{answer}");
    client
        .send(json!({ "type": "audio_loop", "on": false }))
        .await;
    assert_eq!(client.until("audio_looping").await["on"], false);
    let mut heard = Heard::default();
    speak(
        &mut client,
        &s16(&sound::clip("cards_003")),
        &mut heard,
        answered,
    )
    .await;
}

#[tokio::test]
async fn silence_and_noise_in_the_room_are_not_answered() {
    let mut client = Client::connect(Server::shared()).await;
    start(&mut client, "hands_free").await;
    let mut seed = 1_u32;
    let noise: Vec<i16> = (0..3 * RATE_HZ)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((seed >> 16) as i16) / 512
        })
        .collect();
    let (mut heard, mut packets) = (Heard::default(), 0);
    speak(&mut client, &noise, &mut heard, |_| {
        packets += 1;
        packets > 250
    })
    .await;
    assert!(
        heard.of("assistant_message").is_empty() && heard.sound.is_empty(),
        "{:?}",
        heard.frames
    );
}

#[tokio::test]
async fn text_and_voice_at_once_are_both_answered() {
    let mut client = Client::connect(Server::shared()).await;
    start(&mut client, "hands_free").await;
    client
        .send(
            json!({ "type": "message", "text": "What is the colour of grass?", "request_id": "t" }),
        )
        .await;
    let mut heard = Heard::default();
    speak(
        &mut client,
        &s16(&sound::clip("goforward")),
        &mut heard,
        |heard| heard.of("assistant_message").len() + heard.of("error").len() >= 2,
    )
    .await;
    let typed = heard.frames.iter().any(|frame| {
        frame["request_id"] == "t"
            && ["assistant_message", "error"].contains(&frame["type"].as_str().unwrap_or(""))
    });
    assert!(typed, "the typed message was forgotten: {:?}", heard.frames);
    let spoken = heard.of("assistant_message").iter().any(|frame| {
        frame["user_text"]
            .as_str()
            .unwrap_or_default()
            .to_lowercase()
            .contains("forward")
    });
    assert!(
        spoken,
        "the spoken question was forgotten: {:?}",
        heard.frames
    );
}

#[tokio::test]
async fn an_interrupt_stops_her_voice_at_once() {
    let mut client = Client::connect(Server::shared()).await;
    start(&mut client, "hands_free").await;
    let question =
        json!({ "type": "message", "text": "Tell me a long story about a river.", "speak": true });
    client.send(question).await;
    let mut heard = Heard::default();
    speak(&mut client, &[], &mut heard, |heard| {
        heard.sound.len() > PLAY_RATE_HZ as usize / 2
    })
    .await;
    client.send(json!({ "type": "interrupt" })).await;
    speak(&mut client, &[], &mut heard, |heard| {
        answered(heard) && !heard.of("playout_flush").is_empty()
    })
    .await;
    let length = heard.sound.len();
    let mut packets = 0;
    speak(&mut client, &[], &mut heard, |_| {
        packets += 1;
        packets > 50
    })
    .await;
    assert_eq!(heard.sound.len(), length, "she went on");
    let answer = heard.of("assistant_message")[0];
    client.send(json!({ "type": "get_context" })).await;
    let context = client.until("context").await;
    let kept = &context["data"]["messages"][1]["text"];
    assert_eq!(
        kept, &answer["text"],
        "what was not heard is not remembered"
    );
}

#[tokio::test]
async fn sound_is_numbered_on_when_the_microphone_is_opened_again() {
    let mut client = Client::connect(Server::shared()).await;
    let mut heard = Heard::default();
    for round in 1..=2 {
        start(&mut client, "push_to_talk").await;
        let before = heard.sound.len();
        let question = json!({ "type": "message", "text": "Say hello.", "speak": true });
        client.send(question).await;
        // `Heard` refuses a sample that was sent before.
        speak(&mut client, &[], &mut heard, |heard| {
            heard.of("assistant_message").len() == round
        })
        .await;
        assert!(heard.sound.len() > before, "round {round} was silent");
        client.send(json!({ "type": "audio_stop" })).await;
    }
}

#[tokio::test]
async fn what_was_said_as_the_client_left_is_kept() {
    let server = Server::shared();
    let mut client = Client::connect(server).await;
    let id = client.client_id.clone();
    start(&mut client, "hands_free").await;
    let mut heard = Heard::default();
    let speech = s16(&sound::clip("goforward"));
    speak(&mut client, &speech, &mut heard, |heard| {
        heard
            .of("transcript")
            .iter()
            .any(|frame| frame["final"] == true)
    })
    .await;
    // The turn is decided; nothing else of it was read, nor will be.
    client.close().await;
    let mut again = Client::resume(server, &id).await;
    again.send(json!({ "type": "get_context" })).await;
    let context = again.until("context").await;
    let said = context["data"]["messages"][0]["text"].as_str();
    assert!(
        said.is_some_and(|text| text.to_lowercase().contains("forward")),
        "{context}"
    );
}
