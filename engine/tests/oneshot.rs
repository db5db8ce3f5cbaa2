//! Requests of other software: what they get, and that they leave room for people.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake};
use std::thread::Thread;
use std::time::Duration;

use janet_engine::oneshot::{Chat, ChatAsk, ChatStep, SPEECH_HZ, SpeakAsk, Speaking};
use janet_engine::ports::{self, Answering, Phrase, Question, Servers, Voicing};
use janet_engine::{
    Engine, EngineConfig, EngineError, ModelChoice, ModelPaths, Models, VoiceChoice,
};
use janet_models::llm::{Message, Role};

/// Longer than anything takes that these tests wait for.
const PATIENCE: Duration = Duration::from_secs(120);
const SECRET: &str = "AKIAIOSFODNN7EXAMPLE";

struct Gate;
impl ports::Gate for Gate {
    fn redact<'a>(&self, text: &'a str) -> std::borrow::Cow<'a, str> {
        text.replace(SECRET, "[secret]").into()
    }
}

/// A language server that fails, and notes what it was asked.
#[derive(Default)]
struct Fails(Mutex<Vec<Question>>);
impl ports::LanguageServer for Fails {
    fn is_up(&self, _: Option<&str>) -> bool {
        true
    }

    fn ask(&self, question: Question, mut to: Answering) {
        self.0.lock().expect("nobody panics").push(question);
        // Thoughts are not shown.
        to.text("<think>hm</think>");
        to.failed();
    }
}

/// A voice that speaks its first phrase, and half of the second.
#[derive(Default)]
struct BreaksOff(AtomicUsize);
impl ports::SpeechServer for BreaksOff {
    fn is_up(&self, _: Option<&str>) -> bool {
        true
    }

    fn speak(&self, _: Phrase, mut to: Voicing) {
        to.sound(vec![1.0; 4800], SPEECH_HZ, 0);
        if self.0.fetch_add(1, Ordering::Relaxed) == 0 {
            to.done();
        }
    }
}

fn engine(servers: Servers, change: impl FnOnce(&mut EngineConfig)) -> Engine {
    let store = janet_models::store::models_dir_from_env().expect("there is a home folder");
    let at = |model: &str, file: &str| store.join(model).join(file);
    let voice = "piper-en_US-joe-medium";
    let paths = ModelPaths {
        vad: at("silero-vad-6.2", "silero_vad_16k.safetensors"),
        turn: at("smart-turn-3.2", "smart-turn-v3.2-cpu.onnx"),
        stt_dir: store.join("whisper-tiny.en"),
        llm: at(
            "smollm2-135m-instruct-q4_1",
            "SmolLM2-135M-Instruct.Q4_1.gguf",
        ),
        voice: at(voice, "en_US-joe-medium.onnx"),
        voice_config: at(voice, "en_US-joe-medium.onnx.json"),
    };
    let mut config = EngineConfig::default();
    change(&mut config);
    let models = Models::load(&paths, &config, &mut |_, _| {}).expect("run `janet models pull`");
    Engine::start(models, Arc::new(Gate), servers, config).expect("threads can be started")
}

/// Wakes the thread that polls.
struct Unpark(Thread);
impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls until something comes of it.
fn wait<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    let waker = Arc::new(Unpark(std::thread::current())).into();
    loop {
        if let Poll::Ready(ready) = poll(&mut Context::from_waker(&waker)) {
            return ready;
        }
        let before = std::time::Instant::now();
        std::thread::park_timeout(PATIENCE);
        assert!(before.elapsed() < PATIENCE, "nobody woke it");
    }
}

fn ask(text: &str, model: ModelChoice) -> ChatAsk {
    ChatAsk {
        messages: vec![Message::new(Role::User, text)],
        model,
        temperature: Some(0.0),
        top_p: None,
        seed: Some(1),
        max_tokens: Some(16),
        stop: Vec::new(),
    }
}

/// The text, and whether it says what it cost.
fn answered(mut chat: Chat) -> (String, bool) {
    let mut text = String::new();
    loop {
        match wait(|cx| chat.poll(cx)).expect("it is answered") {
            ChatStep::Text(more) => text += &more,
            ChatStep::Done { usage, .. } => return (text, usage.is_some()),
        }
    }
}

fn spoken(mut speaking: Speaking) -> Vec<f32> {
    let mut sound = Vec::new();
    while let Some(more) = wait(|cx| speaking.poll(cx)).expect("it is spoken") {
        sound.extend(more);
    }
    sound
}

#[test]
fn who_waits_for_a_place_gets_it_in_turn_and_who_gives_up_is_in_nobodys_way() {
    let engine = engine(Servers::default(), |config| {
        config.llm_slots = 1;
        config.requests = 3;
    });
    let begin = |text: &str| {
        let seat = engine.request().expect("a seat");
        seat.chat(ask(text, ModelChoice::Configured))
            .expect("it fits")
    };
    let mut first = begin("Say hello.");
    let mut second = begin("Say hello.");
    let third = begin("Say hello.");
    let crowded = engine.request().err();
    assert!(
        matches!(crowded, Some(EngineError::Crowded { open: 3, limit: 3 })),
        "{crowded:?}"
    );
    let step = wait(|cx| first.poll(cx)).expect("it is answered");
    assert!(matches!(step, ChatStep::Text(_)), "{step:?}");
    // In line behind the first, and gone.
    let waiting = Arc::new(Unpark(std::thread::current())).into();
    assert!(second.poll(&mut Context::from_waker(&waiting)).is_pending());
    drop(second);
    drop(first);
    let (text, has_cost) = answered(third);
    assert!(!text.is_empty() && has_cost);
    assert_eq!(engine.requests(), 0);
}

#[test]
fn a_conversation_that_does_not_fit_is_refused_before_it_begins() {
    let engine = engine(Servers::default(), |_| {});
    let seat = engine.request().expect("a seat");
    let long = ask(&"word ".repeat(3000), ModelChoice::Own);
    let refused = seat.chat(long).err();
    assert!(
        matches!(
            refused,
            Some(EngineError::Refused {
                field: "messages",
                ..
            })
        ),
        "{refused:?}"
    );
    assert_eq!(engine.requests(), 0);
}

#[test]
fn her_own_models_stand_in_where_servers_fail() {
    let (language, speech) = (Arc::new(Fails::default()), Arc::new(BreaksOff::default()));
    let servers = Servers {
        language: Some(language.clone()),
        speech: Some(speech),
    };
    let engine = engine(servers, |_| {});
    let seat = engine.request().expect("a seat");
    let question = ask(
        &format!("My key is {SECRET}. Say hello."),
        ModelChoice::Configured,
    );
    let (text, has_cost) = answered(seat.chat(question).expect("it fits"));
    assert!(!text.is_empty() && has_cost, "{text:?}");
    let asked = language.0.lock().expect("nobody panics");
    let shown = format!("{:?}", asked[0].messages);
    assert!(
        shown.contains("[secret]") && !shown.contains(SECRET),
        "{shown}"
    );
    assert_eq!(
        (asked[0].max_tokens, asked[0].messages.len()),
        (Some(16), 2)
    );

    let seat = engine.request().expect("a seat");
    let sound = spoken(seat.speak(SpeakAsk {
        text: "The first train leaves at noon today. The second one is slower than it.".into(),
        voice: VoiceChoice::Configured,
        speed: 1.0,
    }));
    // The first phrase is the server's, and nothing of its half of the second.
    assert!(sound[1000..4000].iter().all(|sample| *sample > 0.9));
    let rest = &sound[4800..];
    assert!(rest.len() > SPEECH_HZ as usize, "{} samples", rest.len());
    assert!(
        !rest
            .windows(1000)
            .any(|some| some.iter().all(|sample| *sample > 0.9))
    );
}

#[test]
fn a_recording_is_heard_in_its_turn() {
    let engine = engine(Servers::default(), |_| {});
    let clip = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/data/speech/goforward.wav"
    );
    let clip = std::fs::read(clip).expect("a clip");
    let pcm = janet_audio::wav::read(&clip, PATIENCE).expect("a WAV file");
    let mut first = engine.request().expect("a seat").hear();
    let mut second = engine.request().expect("a seat").hear();
    wait(|cx| first.poll_turn(cx));
    let waker = Arc::new(Unpark(std::thread::current())).into();
    assert!(
        second
            .poll_turn(&mut Context::from_waker(&waker))
            .is_pending()
    );
    let foreign = first.begin(pcm.clone(), Some("de"), false);
    assert!(
        matches!(
            foreign,
            Err(EngineError::Refused {
                field: "language",
                ..
            })
        ),
        "{foreign:?}"
    );
    first.begin(pcm, Some("en"), true).expect("its turn");
    let heard = wait(|cx| first.poll_heard(cx)).expect("it is heard");
    assert!(
        heard.text.to_lowercase().contains("go forward"),
        "{}",
        heard.text
    );
    assert_eq!(heard.words.len(), heard.text.split_whitespace().count());
    drop(first);
    wait(|cx| second.poll_turn(cx));
}
