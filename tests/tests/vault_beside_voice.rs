//! The safe word's key is derived while Janet speaks, and nobody hears it.

use std::time::{Duration, Instant};

use janet_tests::client::Frame;
use janet_tests::language_server::{LanguageServer, MODEL, Manner};
use janet_tests::server::look_again;
use janet_tests::sound::PACKET;
use janet_tests::{Client, Server};
use serde_json::{Value, json};

use crate::vault::{ask, unlock};
use crate::voice::start;

const WORD: &str = "tulips in may";
const RATE_HZ: f64 = 24_000.0;
/// What a client holds back before it plays: so much later a packet may come.
const BUFFER: Duration = Duration::from_millis(200);
/// Some twenty seconds of speech.
const STORY: [&str; 5] = [
    "Once there was a lighthouse on a rock, far out at sea. ",
    "Nobody had lived in it for many years, but every night its lamp was lit. ",
    "The fishermen told each other stories about it when the wind was low. ",
    "One of them rowed out in the first light of a morning in May. ",
    "He found a table with two cups on it, and both of them were warm.",
];

/// How she was heard.
#[derive(Debug, Default)]
struct Speech {
    /// How long.
    spoken: Duration,
    /// How late the latest packet came, by the clock that the first one started.
    latest: Duration,
    /// The longest stretch of which nothing was sent.
    hole: Duration,
}

impl Speech {
    /// What somebody who listens notices of it, at worst.
    fn gap(&self) -> Duration {
        self.latest.max(self.hole)
    }
}

/// Her answer as a client hears it. `meanwhile` begins once she is heard.
async fn listen(client: &mut Client, meanwhile: impl Future<Output = ()>) -> Speech {
    let story = json!({ "type": "message", "text": "Tell me a story.", "speak": true });
    client.send(story).await;
    let (heard, begun) = tokio::sync::oneshot::channel();
    let mut heard = Some(heard);
    let other = async {
        begun.await.ok();
        meanwhile.await;
    };
    let listening = async move {
        let mut first: Option<(Instant, u32)> = None;
        let mut speech = Speech::default();
        let began = Instant::now();
        for number in 1_u32.. {
            client.send_mic(&[0; PACKET]).await;
            let due = began + Duration::from_millis(20) * number;
            while let Some(left) = due.checked_duration_since(Instant::now()) {
                match client.next_within(left).await {
                    Some(Frame::Sound(sample, samples)) => {
                        let now = Instant::now();
                        let (start, zero) = *first.get_or_insert((now, sample));
                        let at = seconds(sample - zero);
                        speech.latest = speech.latest.max((now - start).saturating_sub(at));
                        speech.hole = speech.hole.max(at.saturating_sub(speech.spoken));
                        speech.spoken = at + seconds(u32::try_from(samples.len()).expect("few"));
                        if speech.spoken > Duration::from_secs(1)
                            && let Some(heard) = heard.take()
                        {
                            heard.send(()).ok();
                        }
                    }
                    Some(Frame::Text(frame)) if frame["type"] == "assistant_message" => {
                        return speech;
                    }
                    Some(Frame::Text(frame)) => assert_ne!(frame["type"], "error", "{frame}"),
                    Some(other) => panic!("{other:?} while she speaks"),
                    None => break,
                }
            }
            if number % 5 == 0
                && let Some((start, zero)) = first
            {
                let played = start.elapsed().as_secs_f64() * RATE_HZ;
                let played = f64::from(zero) + played.min(speech.spoken.as_secs_f64() * RATE_HZ);
                client
                    .send(json!({ "type": "playout", "played_sample": played as u64 }))
                    .await;
            }
            assert!(began.elapsed() < Duration::from_secs(90), "she never ends");
        }
        unreachable!("numbers do not end")
    };
    tokio::join!(listening, other).0
}

fn seconds(samples: u32) -> Duration {
    Duration::try_from_secs_f64(f64::from(samples) / RATE_HZ).expect("short")
}

#[tokio::test(flavor = "multi_thread")]
async fn her_voice_has_no_gap_while_the_vault_is_unlocked() {
    let fake = LanguageServer::start(0, Manner::Says(STORY.to_vec())).await;
    let url = format!("llm.url=http://{}", fake.address);
    let server = Server::start(&["llm.server=ollama", &url]).ready();
    server.has("llm", MODEL);
    let mut operator = Client::connect(&server).await;
    let create = json!({ "type": "vault_create", "safe_word": WORD });
    assert_eq!(ask(&mut operator, create).await["status"], "done");
    let mut client = Client::connect(&server).await;
    start(&mut client, "hands_free").await;
    // Once without: what this machine does by itself is not the vault's doing.
    let alone = listen(&mut client, async {}).await;
    assert!(alone.spoken > Duration::from_secs(10), "{alone:?}");
    let derived = server.measured("janet_vault_derive_seconds_count");
    let mut took = Vec::new();
    let unlocking = async {
        for _ in 0..2 {
            let began = Instant::now();
            let opened: Value = unlock(&mut operator, WORD, &[]).await;
            assert_eq!(opened["status"], "done", "{opened}");
            took.push(began.elapsed());
        }
    };
    let beside = listen(&mut client, unlocking).await;
    println!("alone: {alone:?}; beside unlocking ({took:?}): {beside:?}");
    assert_eq!(
        server.measured("janet_vault_derive_seconds_count") - derived,
        2.0
    );
    // It was over before she was: what was measured is what was meant.
    assert!(took[0] < beside.spoken, "{took:?}");
    assert!(beside.gap() < alone.gap().max(BUFFER) + BUFFER / 2);
    // The control: a server that stands still for a second is noticed.
    let stopped = async {
        server.signal("STOP");
        for _ in 0..20 {
            look_again().await;
        }
        server.signal("CONT");
    };
    let stopped = listen(&mut client, stopped).await;
    assert!(stopped.gap() > 2 * BUFFER, "{stopped:?}");
}
