//! Half an hour of people who come, talk, interrupt, vanish and misbehave: nothing may grow.
//!
//! Two equal cycles; after each everybody leaves but one, whose microphone stays open all the time,
//! and what the process holds is counted. The people
//! are drawn from a seed; how their deeds interleave is up to the machine.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fastrand::Rng;
use janet_tests::sound::{self, PACKET, RATE_HZ, s16};
use janet_tests::{Client, Frame, Server, http};
use serde_json::{Value, json};
use tokio::time::sleep;

const SEED: u64 = 20_26;
/// Both cycles together; `JANET_SOAK_MINUTES` sets another time for a trial.
const MINUTES: u64 = 30;
/// People at once.
const PEOPLE: u64 = 10;
const CLIPS: [&str; 3] = ["goforward", "cards_003", "austen_0930"];
/// Between two questions of the one who stays.
const QUIET: Duration = Duration::from_secs(20);
/// How often it is looked at, a second apart, when everybody is gone.
const SETTLING: u32 = 40;
/// Longer than any answer takes, on a machine with its hands full.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    clients: u64,
    sessions: u64,
    tasks: u64,
    threads: usize,
    files: usize,
}

/// What happened, to show that it was no idle half hour.
#[derive(Debug, Default)]
struct Deeds {
    answers: u64,
    spoken: u64,
    vanished: u64,
    busy: u64,
    errors: u64,
}

/// What was logged last.
fn end_of(log: &str) -> &str {
    &log[log.floor_char_boundary(log.len().saturating_sub(20_000))..]
}

struct Person {
    server: Arc<Server>,
    rng: Rng,
    clips: Arc<Vec<Vec<i16>>>,
    deeds: Arc<Mutex<Deeds>>,
    /// A conversation to come back to.
    client_id: Option<String>,
}

impl Person {
    fn note(&self, deed: impl FnOnce(&mut Deeds)) {
        deed(&mut self.deeds.lock().expect("nobody panics with it"));
    }

    async fn connect(&mut self) -> Client {
        let client = match self.client_id.take() {
            Some(id) if self.rng.bool() => Client::resume(&self.server, &id).await,
            _ => Client::connect(&self.server).await,
        };
        self.client_id = Some(client.client_id.clone());
        client
    }

    /// Does things until the cycle is over.
    async fn live(mut self, until: Instant) {
        while Instant::now() < until {
            let mut client = self.connect().await;
            for _ in 0..self.rng.u32(1..4) {
                match self.rng.u8(0..8) {
                    0 | 1 => self.types(&mut client).await,
                    2..=4 => self.talks(&mut client).await,
                    5 => self.uploads(&mut client).await,
                    6 => self.misbehaves(&mut client).await,
                    _ => self.rests(&mut client).await,
                }
            }
            if self.rng.u8(0..3) == 0 {
                // In mid-answer, and without a word.
                let text =
                    json!({ "type": "message", "text": "Tell me everything.", "speak": true });
                client.send(text).await;
                self.rests(&mut client).await;
                self.note(|deeds| deeds.vanished += 1);
                drop(client);
            } else {
                client.close().await;
            }
        }
    }

    async fn types(&mut self, client: &mut Client) {
        let text = format!("What do you think of the number {}?", self.rng.u16(..));
        let speak = self.rng.bool();
        client
            .send(json!({ "type": "message", "text": text, "speak": speak }))
            .await;
        self.answer(client).await;
    }

    async fn uploads(&mut self, client: &mut Client) {
        let clip = self.rng.usize(0..self.clips.len());
        let bytes: Vec<u8> = self.clips[clip]
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect();
        let audio = sound::base64(&bytes);
        client
            .send(json!({ "type": "audio", "audio": audio }))
            .await;
        self.answer(client).await;
    }

    /// Reads until the answer or the error.
    async fn answer(&self, client: &mut Client) {
        let since = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(since.elapsed());
            match client.next_within(left).await {
                Some(Frame::Text(frame)) if frame["type"] == "assistant_message" => {
                    return self.note(|deeds| deeds.answers += 1);
                }
                Some(Frame::Text(frame)) if frame["type"] == "error" => {
                    return self.refused(&frame);
                }
                Some(Frame::Text(_) | Frame::Sound(..)) => {}
                other => panic!(
                    "{other:?} instead of an answer to {}; its log ends with\n{}",
                    client.client_id,
                    end_of(&self.server.log())
                ),
            }
        }
    }

    fn refused(&self, error: &Value) {
        assert_ne!(error["code"], "internal", "{error}");
        self.note(|deeds| match error["code"].as_str() {
            Some("overloaded") => deeds.busy += 1,
            _ => deeds.errors += 1,
        });
    }

    /// Talks in real time, sometimes over her, sometimes longer than a turn, sometimes into nothing.
    async fn talks(&mut self, client: &mut Client) {
        let mode = if self.rng.u8(0..4) == 0 {
            "push_to_talk"
        } else {
            "hands_free"
        };
        client
            .send(json!({ "type": "audio_start", "rate_hz": RATE_HZ, "play_rate_hz": 24000, "mode": mode }))
            .await;
        loop {
            match client.next().await {
                Frame::Text(frame) if frame["type"] == "audio_ready" => break,
                Frame::Text(frame) if frame["type"] == "error" => return self.refused(&frame),
                Frame::Text(_) | Frame::Sound(..) => {}
                ended => panic!("{ended:?} instead of audio_ready"),
            }
        }
        let clip = self.rng.usize(0..self.clips.len());
        let over = self.rng.bool();
        let speech = self.clips[clip].clone();
        let patience = Duration::from_secs(self.rng.u64(4..25));
        self.stream(client, &speech, over, mode, patience).await;
        client.send(json!({ "type": "audio_stop" })).await;
        self.note(|deeds| deeds.spoken += 1);
    }

    async fn stream(
        &mut self,
        client: &mut Client,
        speech: &[i16],
        over: bool,
        mode: &str,
        patience: Duration,
    ) {
        let mut packets = speech.chunks_exact(PACKET);
        let (mut first_sound, mut received) = (None, 0);
        let (mut committed, mut spoken_over) = (false, !over);
        let began = Instant::now();
        let mut beat = tokio::time::interval(Duration::from_millis(20));
        while began.elapsed() < patience {
            beat.tick().await;
            let packet = packets.next();
            if packet.is_none() && mode == "push_to_talk" && !committed {
                client.send(json!({ "type": "audio_end" })).await;
                committed = true;
            }
            client.send_mic(packet.unwrap_or(&[0; PACKET])).await;
            while let Some(frame) = client.next_within(Duration::from_millis(1)).await {
                match frame {
                    Frame::Sound(first, samples) => {
                        first_sound.get_or_insert_with(Instant::now);
                        received = first as usize + samples.len();
                    }
                    Frame::Text(frame) if frame["type"] == "assistant_message" => {
                        self.note(|deeds| deeds.answers += 1);
                        return;
                    }
                    Frame::Text(frame) if frame["type"] == "error" => self.refused(&frame),
                    Frame::Text(_) => {}
                    ended => panic!("{ended:?} in mid-conversation"),
                }
            }
            if let Some(first) = first_sound {
                let played = (first.elapsed().as_millis() as usize * 24).min(received);
                client
                    .send(json!({ "type": "playout", "played_sample": played }))
                    .await;
                if !spoken_over {
                    packets = speech.chunks_exact(PACKET);
                    spoken_over = true;
                }
            }
        }
    }

    async fn misbehaves(&mut self, client: &mut Client) {
        match self.rng.u8(0..5) {
            0 => client.send_text("{ \"type\": ").await,
            1 => client.send(json!({ "type": "message", "text": 7 })).await,
            2 => return self.sends_early_sound(client).await,
            3 => client.send(json!({ "type": "audio_stop" })).await,
            _ => {
                client
                    .send(json!({ "type": "message", "text": "x".repeat(200_000) }))
                    .await;
            }
        }
        self.refused(&client.error().await);
    }

    /// Of frames that come before `audio_start` at most one a second is answered: what comes before the
    /// pong is all that comes.
    async fn sends_early_sound(&mut self, client: &mut Client) {
        client.send_bytes(&[1, 2, 3]).await;
        client.send(json!({ "type": "ping", "timestamp": 0 })).await;
        loop {
            match client.next().await {
                Frame::Text(frame) if frame["type"] == "error" => self.refused(&frame),
                Frame::Text(frame) if frame["type"] == "pong" => return,
                Frame::Text(_) | Frame::Sound(..) => {}
                ended => panic!("{ended:?} instead of a pong"),
            }
        }
    }

    async fn rests(&mut self, client: &mut Client) {
        let until = Instant::now() + Duration::from_millis(self.rng.u64(100..6000));
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            match client.next_within(left).await {
                Some(Frame::Close(..) | Frame::End) => panic!("the server ended a quiet client"),
                Some(Frame::Text(_) | Frame::Sound(..)) | None => {}
            }
        }
    }
}

/// The one who stays: one connection, one open microphone, a question every half a minute. Gives how
/// many were answered.
async fn stays(server: Arc<Server>, clip: Vec<i16>, leaving: Arc<AtomicBool>) -> u64 {
    let mut client = Client::connect(&server).await;
    client.send(hands_free()).await;
    client.until("audio_ready").await;
    let mut speech = vec![0; QUIET.as_secs() as usize * RATE_HZ as usize];
    speech.extend(clip);
    let mut answers = 0;
    while !leaving.load(Ordering::Acquire) {
        let answered = |frame: &Value| frame["type"] == "assistant_message";
        client.speak_until(&speech, answered).await;
        answers += 1;
    }
    client.close().await;
    answers
}

fn hands_free() -> Value {
    json!({ "type": "audio_start", "rate_hz": RATE_HZ, "play_rate_hz": 24000, "mode": "hands_free" })
}

fn held(server: &Server) -> Held {
    let health = http::get(server.address(), "/healthz").body;
    let health: Value = serde_json::from_str(&health).expect("JSON");
    let metrics = http::get(server.address(), "/metrics").body;
    let tasks = metrics
        .lines()
        .find_map(|line| line.strip_prefix("janet_runtime_tasks "))
        .and_then(|tasks| tasks.trim().parse().ok())
        .expect("tasks are counted");
    Held {
        clients: health["clients"].as_u64().expect("a number"),
        sessions: health["sessions"].as_u64().expect("a number"),
        tasks,
        threads: server.threads(),
        files: server.files(),
    }
}

/// The least that is held in half a minute: threads for blocking work end after ten idle seconds,
/// and looking for conversations whose time is over takes one for a moment.
async fn settled(server: &Arc<Server>) -> Held {
    let mut least: Option<Held> = None;
    for _ in 0..SETTLING {
        let server = server.clone();
        let now = tokio::task::spawn_blocking(move || held(&server)).await;
        let now = now.expect("it does not panic");
        least = Some(least.map_or(now, |least| Held {
            clients: now.clients.min(least.clients),
            sessions: now.sessions.min(least.sessions),
            tasks: now.tasks.min(least.tasks),
            threads: now.threads.min(least.threads),
            files: now.files.min(least.files),
        }));
        sleep(Duration::from_secs(1)).await;
    }
    least.expect("it was looked at")
}

#[tokio::test]
#[ignore = "the long tier: half an hour"]
async fn soak_nothing_grows_in_half_an_hour_of_people() {
    #[expect(clippy::disallowed_methods, reason = "for a shorter trial by hand")]
    let minutes = std::env::var("JANET_SOAK_MINUTES").ok();
    let minutes = minutes.map_or(MINUTES, |minutes| minutes.parse().expect("whole minutes"));
    let cycle = Duration::from_secs(minutes * 30);
    let server = Arc::new(Server::start(&["conversation.keep_minutes=1"]).ready());
    let clips: Arc<Vec<Vec<i16>>> =
        Arc::new(CLIPS.iter().map(|clip| s16(&sound::clip(clip))).collect());
    let leaving = Arc::new(AtomicBool::new(false));
    let staying = tokio::spawn(stays(server.clone(), clips[0].clone(), leaving.clone()));
    let mut after = Vec::new();
    for number in 0..2 {
        let deeds = Arc::new(Mutex::new(Deeds::default()));
        let until = Instant::now() + cycle;
        let people = (0..PEOPLE).map(|person| {
            let person = Person {
                server: server.clone(),
                // The same people in both cycles.
                rng: Rng::with_seed(SEED + person),
                clips: clips.clone(),
                deeds: deeds.clone(),
                client_id: None,
            };
            tokio::spawn(person.live(until))
        });
        for person in people.collect::<Vec<_>>() {
            person.await.expect("everybody is served");
        }
        let held = settled(&server).await;
        let memory = server.memory();
        let deeds = Arc::try_unwrap(deeds).expect("everybody is gone");
        let deeds = deeds.into_inner().expect("nobody panicked with it");
        println!(
            "cycle {number}: {deeds:?}; then {held:?}, {} MB",
            memory >> 20
        );
        assert!(deeds.answers >= 10 && deeds.spoken >= 5, "{deeds:?}");
        // The one who stays.
        assert_eq!((held.clients, held.sessions), (1, 1));
        after.push((held, memory));
    }
    leaving.store(true, Ordering::Release);
    let answers = staying.await.expect("who stays is served");
    println!("who stayed was answered {answers} times");
    assert!(answers >= minutes, "{answers} answers in {minutes} minutes");
    let (first, second) = (after[0], after[1]);
    assert_eq!(
        first.0, second.0,
        "after the first and after the second cycle"
    );
    assert!(
        second.1 as f64 <= 1.05 * first.1 as f64,
        "memory grew from {} to {} bytes",
        first.1,
        second.1
    );
    assert!(!server.log().contains("panicked"), "a panic is in the log");
}
