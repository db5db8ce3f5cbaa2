//! A conversation is put on hold: her voice waits where it is, and goes on from there.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use janet_engine::{
    Ending, Engine, EngineConfig, Event, MicMode, ModelPaths, Models, Playback, Session,
    SessionSpec, Voice, ports,
};

/// Longer than any answer of this test.
const PATIENCE: Duration = Duration::from_secs(60);
/// Samples of one microphone frame: 20 ms.
const FRAME: usize = 320;
const RATE_HZ: u32 = 24_000;

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
        busy_at: 1.0,
        seed: 7,
        ..EngineConfig::default()
    };
    let models = Models::load(&paths, &config, &mut |_, _| {}).expect("run `janet models pull`");
    Engine::start(models, Arc::new(Open), ports::Servers::default(), config)
        .expect("threads can be started")
}

fn speech() -> Vec<i16> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/data/speech/goforward.wav"
    );
    let bytes = std::fs::read(path).expect("test speech");
    let samples = janet_audio::wav::read(&bytes, PATIENCE).expect("a WAV file");
    samples.into_iter().map(janet_audio::wav::to_s16).collect()
}

/// A client that hears her as she speaks, and tells how far it is.
struct Client {
    session: Session,
    woken: Receiver<()>,
    /// The number behind the last sample that is not to be dropped.
    heard_to: u32,
    /// Sound that came since it was looked at, by the numbers of the samples.
    sound: Vec<(u32, u32)>,
}

impl Client {
    fn open(engine: &Engine) -> Self {
        let (wake, woken) = sync_channel(1024);
        // A full channel has woken the client already.
        let waker = Arc::new(move || wake.try_send(()).unwrap_or(()));
        let history = Vec::new();
        let session = engine.open(SessionSpec {
            history,
            waker,
            ..SessionSpec::default()
        });
        let mut session = session.expect("one session is free");
        session
            .mic_open(16_000, RATE_HZ, MicMode::HandsFree)
            .expect("both rates are allowed");
        Self {
            session,
            woken,
            heard_to: 0,
            sound: Vec::new(),
        }
    }

    /// Takes what is there of her voice.
    fn listen(&mut self) {
        while let Some(playback) = self.session.poll_audio() {
            match playback {
                Playback::Chunk(chunk) => {
                    let first = chunk.first_sample;
                    self.heard_to = first + u32::try_from(chunk.samples.len()).expect("10 ms");
                    self.sound.push((first, self.heard_to));
                }
                Playback::Flush { from_sample } => self.heard_to = self.heard_to.min(from_sample),
                Playback::Face(_) => {}
            }
        }
        self.session.played(self.heard_to).expect("room");
    }

    /// The next event for which this holds; says nothing meanwhile.
    fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        loop {
            self.listen();
            while let Some(event) = self.session.poll_event() {
                if wanted(&event) {
                    return event;
                }
            }
            let told = self.woken.recv_timeout(PATIENCE);
            told.expect("it is told within a minute");
        }
    }

    fn until_voice(&mut self, wanted: Voice) {
        self.until(|event| matches!(event, Event::Speaking { voice, .. } if *voice == wanted));
    }

    /// Says something in real time.
    fn say(&mut self, samples: &[i16]) {
        for frame in samples.chunks(FRAME) {
            self.session.push_mic(frame);
            self.listen();
            // The microphone's own pace: there is nothing to wait for but time.
            self.woken.recv_timeout(Duration::from_millis(20)).ok();
        }
    }
}

#[test]
fn her_voice_waits_at_its_sample_and_nothing_that_is_said_meanwhile_is_answered() {
    let engine = engine();
    let mut client = Client::open(&engine);
    client.say(&[speech(), vec![0; 8 * FRAME]].concat());
    let released = client.until(|event| matches!(event, Event::Released { .. }));
    client.until_voice(Voice::Started);
    while client.sound.len() < 20 {
        client.woken.recv_timeout(PATIENCE).expect("she speaks");
        client.listen();
    }
    client.session.hold().expect("room");
    assert!(client.session.is_on_hold());
    client.until_voice(Voice::Paused);
    // What had been sent before is there by now.
    client.listen();
    let (held_at, before) = (client.heard_to, client.sound.len());
    client.say(&speech());
    assert_eq!(client.sound.len(), before, "she is silent");
    client.session.go_on().expect("room");
    client.until_voice(Voice::Resumed);
    while client.sound.len() == before {
        client.woken.recv_timeout(PATIENCE).expect("she speaks");
        client.listen();
    }
    assert_eq!(client.sound[before].0, held_at, "the next sample");
    let ended = client.until(|event| matches!(event, Event::Finished { .. }));
    let (
        Event::Released { reply, .. },
        Event::Finished {
            reply: ended,
            ending,
            text,
            shown,
            ..
        },
    ) = (released, ended)
    else {
        panic!("both were waited for");
    };
    assert_eq!((ended, ending), (reply, Ending::Complete));
    assert_eq!(text, shown, "all of it was heard");
    // All in one piece: every sample once.
    for pair in client.sound.windows(2).skip(before) {
        assert_eq!(pair[0].1, pair[1].0);
    }
}
