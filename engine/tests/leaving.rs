//! A client leaves: everything that was said is told first, and every request gets its end.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use janet_engine::{
    Engine, EngineConfig, Event, ModelPaths, Models, Session, SessionSpec, Why, ports,
};

/// Longer than any answer of these tests.
const PATIENCE: Duration = Duration::from_secs(60);

struct Open;
impl ports::Gate for Open {
    fn redact<'a>(&self, text: &'a str) -> std::borrow::Cow<'a, str> {
        text.into()
    }
}

fn engine() -> Engine {
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
    let config = EngineConfig {
        max_tokens: 24,
        ..EngineConfig::default()
    };
    let models = Models::load(&paths, &config, &mut |_, _| {}).expect("run `janet models pull`");
    Engine::start(models, Arc::new(Open), ports::Servers::default(), config)
        .expect("threads can be started")
}

/// A session whose client is woken through the receiver.
fn open(engine: &Engine) -> (Session, Receiver<()>) {
    let (wake, woken) = sync_channel(1024);
    // A full channel has woken the client already.
    let waker = Arc::new(move || wake.try_send(()).unwrap_or(()));
    let history = Vec::new();
    let session = engine
        .open(SessionSpec {
            history,
            waker,
            ..SessionSpec::default()
        })
        .expect("one session is free");
    (session, woken)
}

/// Leaves without having read anything, and reads then.
fn leave(mut session: Session, woken: &Receiver<()>) -> Vec<Event> {
    session.detach().expect("the queue has room");
    let mut told = Vec::new();
    loop {
        while let Some(event) = session.poll_event() {
            told.push(event);
        }
        if told.last() == Some(&Event::Detached) {
            return told;
        }
        woken
            .recv_timeout(PATIENCE)
            .expect("it is told that all was told");
    }
}

#[test]
fn an_answer_that_nobody_read_is_told_to_its_end() {
    let engine = engine();
    let (session, woken) = open(&engine);
    let asked = session.text("Say hello.", false).expect("room");
    woken.recv_timeout(PATIENCE).expect("something was told");
    let told = leave(session, &woken);
    let begun = told
        .iter()
        .position(|event| matches!(event, Event::Released { tag, .. } if *tag == Some(asked)));
    let ended = told
        .iter()
        .position(|event| matches!(event, Event::Finished { tag, .. } if *tag == Some(asked)));
    assert!(begun.is_some() && begun < ended, "{told:?}");
}

#[test]
fn every_request_that_still_waits_gets_its_end() {
    let engine = engine();
    let (session, woken) = open(&engine);
    let asked: Vec<u32> = (0..5)
        .map(|_| session.text("Say hello.", false).expect("room"))
        .collect();
    let told = leave(session, &woken);
    for asked in asked {
        let ends = told.iter().filter(|event| match event {
            Event::Finished { tag, .. } => *tag == Some(asked),
            Event::Disregarded { tag, why } => *tag == Some(asked) && *why == Why::Ended,
            _ => false,
        });
        assert_eq!(ends.count(), 1, "request {asked}: {told:?}");
    }
}
