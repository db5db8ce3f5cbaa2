//! A voice behind HTTP: hers while it is well, and no word lost while it is not.

use std::time::{Duration, Instant};

use janet_tests::language_server::{self, LanguageServer};
use janet_tests::sound::{self, RATE_HZ as MIC_HZ};
use janet_tests::speech_server::{Manner, OTHER_VOICE, RATE_HZ, SpeechServer, TONE_HZ, samples_of};
use janet_tests::{Client, Frame, Server};
use serde_json::{Value, json};

const LOOK: Duration = Duration::from_millis(50);
/// What is answered to everything: two phrases.
const ANSWER: [&str; 2] = [
    "The first train leaves at noon today. ",
    "The second one is slower than it.",
];
const KEY: &str = "k-5d1f0a77";

/// Everybody who has a part in it.
struct Stage {
    server: Server,
    speech: SpeechServer,
    _language: LanguageServer,
}

impl Stage {
    async fn set(manner: Manner, settings: &[&str]) -> Self {
        let speech = SpeechServer::start(0, manner).await;
        let language = language_server::Manner::Says(ANSWER.to_vec());
        let language = LanguageServer::start(0, language).await;
        let asked = [
            "llm.server=openai".to_owned(),
            format!("llm.url=http://{}/v1", language.address),
            format!("tts.url=http://{}/v1/", speech.address),
            "tts.api_key_env=SPEECH_KEY".to_owned(),
            "tts.first_sound_ms=700".to_owned(),
            "tts.stall_ms=700".to_owned(),
        ];
        let all: Vec<&str> = asked
            .iter()
            .map(String::as_str)
            .chain(settings.iter().copied())
            .collect();
        let server = Server::start_with(&all, &[("SPEECH_KEY", KEY)]).ready();
        let stage = Self {
            server,
            speech,
            _language: language,
        };
        stage.has("llm", language_server::MODEL);
        stage.has("tts", "alloy");
        stage
    }

    /// Who has this part, once it is who is wanted.
    fn has(&self, role: &str, wanted: &str) -> Value {
        self.server.has(role, wanted)
    }
}

/// A spoken answer as a file: its text and its sound.
async fn spoken(client: &mut Client) -> (String, Vec<f32>) {
    let ask = json!({ "type": "message", "text": "When do trains leave?", "speak": true });
    client.send(ask).await;
    let answer = client.until("assistant_message").await;
    let (rate_hz, sound) = sound::decode(answer["audio"].as_str().expect("a recording"));
    assert_eq!(rate_hz, RATE_HZ);
    (answer["text"].as_str().expect("text").to_owned(), sound)
}

/// Samples that are the stand-in's tone, and those that are anything else one hears.
fn parts(sound: &[f32]) -> (usize, usize) {
    let (mut tone, mut other) = (0, 0);
    for window in sound.chunks(480) {
        let turn = std::f32::consts::TAU * TONE_HZ / RATE_HZ as f32;
        let (mut sine, mut cosine) = (0.0_f32, 0.0_f32);
        for (n, sample) in window.iter().enumerate() {
            sine += sample * (turn * n as f32).sin();
            cosine += sample * (turn * n as f32).cos();
        }
        let power = window.iter().map(|sample| sample * sample).sum::<f32>();
        let toned = 2.0 * (sine * sine + cosine * cosine) / window.len() as f32;
        if power / (window.len() as f32) < 1e-5 {
            continue;
        }
        if toned > 0.9 * power {
            tone += window.len();
        } else {
            other += window.len();
        }
    }
    (tone, other)
}

fn whole_answer() -> String {
    ANSWER.concat().trim().to_owned()
}

fn samples_of_answer(speech: &SpeechServer) -> usize {
    speech.texts().iter().map(|text| samples_of(text)).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn she_speaks_with_it_phrase_by_phrase_and_tells_nobody() {
    for manner in [Manner::Speaks, Manner::SpeaksWav] {
        let stage = Stage::set(manner.clone(), &[]).await;
        let tts = stage.has("tts", "alloy");
        let note = tts["note"].as_str().expect("a reason");
        assert!(note.contains("piper-en_US-joe-medium stands by"), "{note}");
        let mut client = Client::connect(&stage.server).await;
        let (text, sound) = spoken(&mut client).await;
        assert_eq!(text, whole_answer());
        let asked = stage.speech.asked();
        let texts = stage.speech.texts();
        assert_eq!(texts.join(" "), whole_answer(), "in order, once each");
        assert!(texts.len() > 1, "{texts:?}");
        assert_eq!(asked[0].body["model"], "tts-1");
        assert_eq!(asked[0].body["voice"], "alloy");
        assert_eq!(asked[0].body["response_format"], "pcm");
        assert_eq!(asked[0].body["speed"], 1.0);
        let (tone, other) = parts(&sound);
        let wanted = samples_of_answer(&stage.speech);
        assert!(
            sound.len() == wanted && tone + 960 > wanted && other < 960,
            "{manner:?}: {tone} and {other} of {}, wanted {wanted}",
            sound.len()
        );
        let bearer = format!("Bearer {KEY}").to_lowercase();
        assert!(
            asked
                .iter()
                .all(|asked| asked.head.to_lowercase().contains(&bearer))
        );
        let log = stage.server.log();
        assert!(!log.contains(KEY), "the key is in the log");
        for word in ["train", "slower"] {
            assert!(!log.contains(word), "what is said is in the log");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn her_pace_and_another_server_s_voice_are_asked_for() {
    let stage = Stage::set(Manner::Speaks, &["tts.voice=alloy", "engine.speed=1.2"]).await;
    let mut client = Client::connect(&stage.server).await;
    spoken(&mut client).await;
    assert_eq!(stage.speech.asked()[0].body["speed"], 1.2);
    client
        .send(json!({ "type": "settings_set", "voice_speed": 0.8 }))
        .await;
    client.until("settings").await;
    spoken(&mut client).await;
    let asked = stage.speech.asked();
    assert_eq!(asked.last().expect("it was asked").body["speed"], 0.8);

    client.send(json!({ "type": "get_context" })).await;
    let voices = client.until("context").await["data"]["voices"].clone();
    let ids: Vec<&str> = voices
        .as_array()
        .expect("voices")
        .iter()
        .filter_map(|voice| voice["id"].as_str())
        .collect();
    let whistle = format!("server:{OTHER_VOICE}");
    assert_eq!(ids, ["auto", "own", whistle.as_str()], "{voices}");
    let choose = |voice: &str| json!({ "type": "settings_set", "voice": voice });
    client.send(choose(&whistle)).await;
    assert_eq!(client.until("settings").await["voice"], whistle);
    spoken(&mut client).await;
    client.send(json!({ "type": "get_context" })).await;
    let speaks = client.until("context").await["data"]["models"]["tts"]["name"].clone();
    assert_eq!(speaks, format!("{OTHER_VOICE} (tts-1)"));
    let asked = stage.speech.asked();
    let last = asked.last().expect("it was asked");
    assert_eq!(
        (&last.body["voice"], &last.body["speed"]),
        (&json!(OTHER_VOICE), &json!(0.8))
    );
    client.send(choose("own")).await;
    client.until("settings").await;
    let (_, sound) = spoken(&mut client).await;
    assert_eq!(parts(&sound).0, 0, "her own voice is not the server's");
    assert_eq!(stage.speech.asked().len(), asked.len());
    let error = client.refusal(choose("server:nobody")).await;
    assert_eq!(
        (&error["code"], &error["field"]),
        (&json!("out_of_range"), &json!("voice"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_spoken_by_her_own_voice_and_shown() {
    let stage = Stage::set(Manner::Speaks, &[]).await;
    let mut client = Client::connect(&stage.server).await;
    let wrong = [
        (Manner::Fails, "HTTP status 500"),
        (
            Manner::Sends(b"{\"error\": {\"message\": \"there is no voice of that name here\"}}"),
            "JSON",
        ),
        (
            Manner::Sends(b"<!doctype html><html><body><p>Welcome to this place!"),
            "web page",
        ),
        (Manner::Sends(b"ID3\x04\0\0\0\0\0\0\xff\xfb\x90\x44"), "MP3"),
        (Manner::Sends(b""), "without sound"),
        (Manner::Sends(&[0, 32, 1]), "far less"),
        (Manner::Silence(48_000), "silence"),
        (Manner::BreaksOff, "broke off"),
        (Manner::Stalls, "within 700 ms"),
        (Manner::Hangs, "within 700 ms"),
        (Manner::Endless, "more sound"),
    ];
    for (manner, why) in wrong {
        let before = stage.speech.asked().len();
        let logged = stage.server.log().len();
        stage.speech.behave(manner.clone());
        let (text, sound) = spoken(&mut client).await;
        assert_eq!(text, whole_answer(), "{manner:?}");
        let (tone, other) = parts(&sound);
        // What she says herself of it takes about three seconds.
        assert!(
            tone == 0 && other > 24_000,
            "{manner:?}: {tone} and {other}"
        );
        let asked = stage.speech.asked().len() - before;
        assert_eq!(asked, 1, "{manner:?}: she stays with her own voice");
        assert!(
            stage.server.log()[logged..].contains(why),
            "{manner:?}: {why} is not in the log"
        );
        // Well again, it is found and used again.
        stage.speech.behave(Manner::Speaks);
        stage.has("tts", "alloy");
        let (_, sound) = spoken(&mut client).await;
        let (tone, other) = parts(&sound);
        assert!(other < 960 && tone > 24_000, "after {manner:?}: {other}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_voice_that_fails_takes_no_other_down() {
    let stage = Stage::set(Manner::Speaks, &[]).await;
    stage.speech.behave_for(OTHER_VOICE, Manner::Fails);
    let mut client = Client::connect(&stage.server).await;
    let voice = format!("server:{OTHER_VOICE}");
    client
        .send(json!({ "type": "settings_set", "voice": voice }))
        .await;
    client.until("settings").await;
    let (text, sound) = spoken(&mut client).await;
    assert_eq!(text, whole_answer());
    assert_eq!(parts(&sound).0, 0, "her own voice speaks instead");
    client.send(json!({ "type": "get_context" })).await;
    let data = client.until("context").await["data"].clone();
    assert_eq!(data["trouble"], json!([]), "the server is well");
    let note = data["models"]["tts"]["note"].as_str().expect("a reason");
    assert!(
        note.contains(OTHER_VOICE) && note.contains("HTTP status 500"),
        "{note}"
    );
    let mut other = Client::connect(&stage.server).await;
    let (_, sound) = spoken(&mut other).await;
    let (tone, rest) = parts(&sound);
    assert!(tone > 24_000 && rest < 960, "{tone} and {rest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_chosen_while_she_speaks_begins_with_the_next_reply() {
    let stage = Stage::set(Manner::Waits, &[]).await;
    let mut client = Client::connect(&stage.server).await;
    let ask = json!({ "type": "message", "text": "When do trains leave?", "speak": true });
    client.send(ask).await;
    while stage.speech.asked().is_empty() {
        tokio::time::sleep(LOOK).await;
    }
    client
        .send(json!({ "type": "settings_set", "voice": "own" }))
        .await;
    client.until("settings").await;
    stage.speech.go_on();
    let answer = client.until("assistant_message").await;
    let (_, sound) = sound::decode(answer["audio"].as_str().expect("a recording"));
    let (tone, other) = parts(&sound);
    assert!(other < 960 && tone > 24_000, "{tone} and {other}");
    let asked = stage.speech.asked().len();
    let (_, sound) = spoken(&mut client).await;
    assert_eq!(parts(&sound).0, 0, "the next one is hers");
    assert_eq!(stage.speech.asked().len(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phrase_that_breaks_off_is_spoken_once_and_by_one_voice() {
    let manner = Manner::InTurn(vec![Manner::Speaks, Manner::BreaksOff]);
    let stage = Stage::set(manner, &[]).await;
    let mut client = Client::connect(&stage.server).await;
    let (text, sound) = spoken(&mut client).await;
    assert_eq!(text, whole_answer());
    let texts = stage.speech.texts();
    assert_eq!(texts.len(), 2, "{texts:?}");
    let (tone, other) = parts(&sound);
    let first = samples_of(&texts[0]);
    assert!(tone.abs_diff(first) < 960, "{tone} of {first}");
    assert!(other > 12_000, "{other}");
}

/// Begins streaming and asks for a spoken answer.
async fn ask_aloud(client: &mut Client) {
    let start = json!({ "type": "audio_start", "rate_hz": MIC_HZ, "play_rate_hz": RATE_HZ, "mode": "push_to_talk" });
    client.send(start).await;
    client.until("audio_ready").await;
    let ask = json!({ "type": "message", "text": "When do trains leave?", "speak": true });
    client.send(ask).await;
}

/// What a client hears, playing at its own pace and reporting it.
#[derive(Default)]
struct Ear {
    sound: Vec<f32>,
    began: Option<Instant>,
    reported: Option<Instant>,
    frames: Vec<Value>,
}

/// How often a client tells what it has played.
const REPORTED: Duration = Duration::from_millis(100);

impl Ear {
    /// Takes what comes until `done`.
    async fn listen(&mut self, client: &mut Client, mut done: impl FnMut(&Self) -> bool) {
        while !done(self) {
            match client.next_within(LOOK).await {
                Some(Frame::Sound(first, samples)) => {
                    self.began.get_or_insert_with(Instant::now);
                    assert_eq!(
                        first as usize,
                        self.sound.len(),
                        "samples follow each other"
                    );
                    self.sound
                        .extend(samples.iter().map(|sample| f32::from(*sample) / 32768.0));
                }
                Some(Frame::Text(frame)) => self.frames.push(frame),
                None => {}
                other => panic!("{other:?} in mid-conversation"),
            }
            let is_due = self.reported.is_none_or(|at| at.elapsed() >= REPORTED);
            if let Some(began) = self.began.filter(|_| is_due) {
                self.reported = Some(Instant::now());
                let played = (began.elapsed().as_secs_f64() * f64::from(RATE_HZ)) as usize;
                let played = played.min(self.sound.len());
                client
                    .send(json!({ "type": "playout", "played_sample": played }))
                    .await;
            }
        }
    }

    fn answer(&self) -> Option<&Value> {
        self.frames
            .iter()
            .find(|frame| frame["type"] == "assistant_message")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_first_sound_is_heard_before_it_has_made_the_rest() {
    let stage = Stage::set(Manner::Waits, &["tts.stall_ms=8000"]).await;
    let mut client = Client::connect(&stage.server).await;
    ask_aloud(&mut client).await;
    let mut ear = Ear::default();
    ear.listen(&mut client, |ear| ear.sound.len() > 2400).await;
    assert_eq!(stage.speech.asked().len(), 1);
    assert!(parts(&ear.sound).0 > 1900);
    stage.speech.go_on();
    ear.listen(&mut client, |ear| ear.answer().is_some()).await;
    let answer = ear.answer().expect("it was waited for");
    assert_eq!(answer["text"], whole_answer());
    assert_eq!(ear.sound.len(), samples_of_answer(&stage.speech));
    // Captions go along with it, word by word; the last ones come with the whole.
    let heard: Vec<u64> = ear
        .frames
        .iter()
        .filter(|frame| frame["type"] == "speech_heard")
        .filter_map(|frame| frame["chars"].as_u64())
        .collect();
    assert!(heard.is_sorted() && heard.len() > 4, "{heard:?}");
    let end = whole_answer().len() as u64;
    assert!(
        heard
            .last()
            .is_some_and(|last| (end / 2..=end).contains(last)),
        "{heard:?} of {end}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_stalls_at_the_ear_is_followed_by_her_own_voice() {
    let stage = Stage::set(Manner::Stalls, &[]).await;
    let mut client = Client::connect(&stage.server).await;
    ask_aloud(&mut client).await;
    let mut ear = Ear::default();
    ear.listen(&mut client, |ear| ear.answer().is_some()).await;
    let answer = ear.answer().expect("it was waited for");
    assert_eq!(answer["text"], whole_answer());
    let texts = stage.speech.texts();
    assert_eq!(texts.len(), 1, "{texts:?}");
    let (tone, other) = parts(&ear.sound);
    // What was on its way to the ear when it stalled, and then all of it in one voice.
    assert!(tone <= samples_of(&texts[0]) / 2 + 480, "{tone}");
    assert!(other > 48_000, "{other}");
    let last = &ear.sound[ear.sound.len() - 24_000..];
    assert!(parts(last).0 < 960, "her own voice has the last word");
}

#[tokio::test(flavor = "multi_thread")]
async fn to_interrupt_her_closes_its_connection_and_keeps_what_was_heard() {
    let stage = Stage::set(Manner::Waits, &["tts.stall_ms=8000"]).await;
    let mut client = Client::connect(&stage.server).await;
    ask_aloud(&mut client).await;
    let mut ear = Ear::default();
    ear.listen(&mut client, |ear| ear.sound.len() > 24_000)
        .await;
    client.send(json!({ "type": "interrupt" })).await;
    let speech = &stage.speech;
    let asked = Instant::now();
    ear.listen(&mut client, |ear| {
        assert!(asked.elapsed() < Duration::from_secs(20), "it stays open");
        speech.called_off() == 1 && ear.answer().is_some()
    })
    .await;
    let kept = ear.answer().expect("it was waited for")["text"].clone();
    let kept = kept.as_str().expect("text");
    assert!(
        !kept.is_empty() && whole_answer().starts_with(kept),
        "{kept}"
    );
    assert!(
        samples_of(kept) <= ear.sound.len(),
        "{kept:?} was not heard in {} samples",
        ear.sound.len()
    );
    assert_eq!(speech.asked().len(), 1, "nothing more is asked");
    // Whoever comes back is told that she did not come to her end.
    client.send(json!({ "type": "get_context" })).await;
    let context = client.until("context").await;
    let said = &context["data"]["messages"];
    assert_eq!(
        (&said[0]["interrupted"], &said[1]["text"]),
        (&Value::Null, &json!(kept))
    );
    assert_eq!(said[1]["interrupted"], true, "{said}");
    client.is_served().await;
    // It is no fault of the server's.
    stage.has("tts", "alloy");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_hear_all_of_their_answers() {
    let stage = Stage::set(Manner::Speaks, &[]).await;
    let mut one = Client::connect(&stage.server).await;
    let mut other = Client::connect(&stage.server).await;
    let ((text, sound), (other_text, other_sound)) =
        tokio::join!(spoken(&mut one), spoken(&mut other));
    assert_eq!((text, other_text), (whole_answer(), whole_answer()));
    let each = samples_of_answer(&stage.speech) / 2;
    assert_eq!((sound.len(), other_sound.len()), (each, each));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_comes_later_is_found() {
    let port = SpeechServer::start(0, Manner::Speaks).await.address.port();
    let url = format!("tts.url=http://127.0.0.1:{port}/v1");
    let server = Server::start(&[&url]).ready();
    let mut client = Client::connect(&server).await;
    client.send(json!({ "type": "get_context" })).await;
    let data = client.until("context").await["data"].clone();
    let trouble = &data["trouble"][0];
    assert_eq!(trouble["role"], "tts", "{data}");
    let why = trouble["why"].as_str().expect("a reason");
    assert!(why.contains("cannot be reached"), "{data}");
    let tts = server.has("tts", "joe");
    assert!(
        tts["note"]
            .as_str()
            .is_some_and(|note| note.contains("cannot be reached")),
        "{tts}"
    );
    let speech = SpeechServer::start(port, Manner::Speaks).await;
    server.has("tts", "alloy");
    let (_, sound) = spoken(&mut client).await;
    assert!(parts(&sound).1 < 960);
    assert!(!speech.asked().is_empty());
}
