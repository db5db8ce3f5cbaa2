//! The red thread by voice, announcements and commands, with the real models: what is said to her while
//! she speaks is what her own voice makes of the words.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use janet_engine::{
    Engine, EngineConfig, Event, MicMode, ModelPaths, Models, Playback, Session, SessionSpec, Why,
    hear, ports, speak,
};
use janet_models::vits::SpeakOptions;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// Samples of one microphone frame: 20 ms.
const FRAME: usize = 320;
const RATE_HZ: u32 = 24_000;
/// From the end of the words to the stop, while she speaks. An unoptimised build takes longer, and other tests
/// run beside this one: it only shows that the words stop her by themselves. How soon, on a quiet machine, through
/// a real server and to the last sample that is heard, is `red_thread_spoken_ms_p95` of `./bench red_thread`.
const SOON: Duration = Duration::from_millis(if cfg!(debug_assertions) { 2500 } else { 700 });

const STORY: &str = "Once upon a time there was a king in a house by the sea. Every morning he walked \
    along the shore and counted the boats. One day he counted seven, and the next day there were eight. \
    Nobody could tell him where the last one had come from, and so he went to ask the harbour master.";

struct Open;
impl ports::Gate for Open {
    fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        text.into()
    }
}

struct Yes;
impl ports::Attendant for Yes {
    fn takes(&self, words: &str) -> bool {
        words.to_lowercase().contains("remember this")
    }
}

struct Remembers;
impl ports::Memory for Remembers {
    fn recall(&self, words: &str) -> Option<String> {
        words
            .contains("color")
            .then(|| "The user's favorite color is purple.".into())
    }
}

fn models() -> (Models, EngineConfig) {
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
    (models, config)
}

/// These words as her own voice says them, at 16 kHz.
fn said(models: &Models, text: &str, seed: u64) -> Vec<f32> {
    let options = SpeakOptions {
        seed,
        ..SpeakOptions::default()
    };
    let mut sound = Vec::new();
    speak::speak(models, text, &options, &mut |chunk| {
        sound.extend_from_slice(chunk);
    })
    .expect("it can be said");
    let mut resampler =
        janet_audio::Resampler::new(models.voice_rate_hz(), 16_000).expect("both rates are known");
    let mut out = Vec::new();
    resampler.process_into(&sound, &mut out);
    resampler.flush_into(&mut out);
    out
}

/// Without the silence behind it: where the words end.
fn trimmed(mut sound: Vec<f32>) -> Vec<i16> {
    let last = sound.iter().rposition(|sample| sample.abs() > 0.01);
    sound.truncate(last.map_or(0, |last| last + 1));
    sound.into_iter().map(janet_audio::wav::to_s16).collect()
}

/// A client that hears her as she speaks, in real time, and tells how far it is.
struct Client {
    session: Session,
    woken: Receiver<()>,
    queued_to: u32,
    heard_to: f64,
    at: Instant,
    events: Vec<(Instant, Event)>,
}

impl Client {
    fn open(engine: &Engine, spec: SessionSpec) -> Self {
        let (wake, woken) = sync_channel(1024);
        // A full channel has woken the client already.
        let waker = Arc::new(move || wake.try_send(()).unwrap_or(()));
        let session = engine.open(SessionSpec { waker, ..spec });
        let mut session = session.expect("one session is free");
        session
            .mic_open(16_000, RATE_HZ, MicMode::HandsFree)
            .expect("both rates are allowed");
        Self {
            session,
            woken,
            queued_to: 0,
            heard_to: 0.0,
            at: Instant::now(),
            events: Vec::new(),
        }
    }

    /// Plays what is there at the pace of a loudspeaker.
    fn listen(&mut self) {
        while let Some(playback) = self.session.poll_audio() {
            match playback {
                Playback::Chunk(chunk) => {
                    self.queued_to =
                        chunk.first_sample + u32::try_from(chunk.samples.len()).expect("10 ms");
                }
                Playback::Flush { from_sample } => self.queued_to = from_sample,
                Playback::Face(_) => {}
            }
        }
        let now = Instant::now();
        let passed = now.duration_since(self.at).as_secs_f64() * f64::from(RATE_HZ);
        self.at = now;
        self.heard_to = (self.heard_to + passed).min(f64::from(self.queued_to));
        self.session.played(self.heard_to as u32).expect("room");
        while let Some(event) = self.session.poll_event() {
            self.events.push((now, event));
        }
    }

    /// Says something in real time, then nothing, until this has happened; when it did.
    fn say_until(&mut self, samples: &[i16], wanted: impl Fn(&Event) -> bool) -> (Instant, Event) {
        let began = Instant::now();
        let silence = [0; FRAME];
        let mut frames = samples.chunks(FRAME);
        let before = self.events.len();
        for n in 1.. {
            self.session.push_mic(frames.next().unwrap_or(&silence));
            let due = began + Duration::from_millis(20) * n;
            loop {
                self.listen();
                let left = due.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                self.woken.recv_timeout(left).ok();
            }
            let happened = self.events[before..]
                .iter()
                .find(|(_, event)| wanted(event));
            if let Some((at, event)) = happened {
                return (*at, event.clone());
            }
            assert!(began.elapsed() < PATIENCE, "{:?}", &self.events[before..]);
        }
        unreachable!("time passes")
    }

    fn pass(&mut self, time: Duration) {
        let until = Instant::now() + time;
        let samples = vec![0; FRAME];
        while Instant::now() < until {
            self.session.push_mic(&samples);
            self.listen();
            self.woken.recv_timeout(Duration::from_millis(20)).ok();
        }
    }
}

fn is_red_thread(event: &Event) -> bool {
    matches!(event, Event::RedThread { by_voice: true })
}

#[test]
fn said_over_her_voice_the_red_thread_stops_her_and_what_sounds_alike_does_not() {
    let (models, config) = models();
    let pulls = [
        ("Red thread.", 1),
        ("Red thread!", 2),
        ("Red thread.", 3),
        ("Janet, red thread.", 4),
    ];
    // Behind another word the smallest recogniser may write what sounds the same, which pulls nothing.
    let behind = said(&models, "Stop. Red thread.", 5);
    let heard = hear::hear(&models, behind, false, &mut |_| {}).expect("it is heard");
    println!("\"Stop. Red thread.\" is written {:?}", heard.text);
    let near = ["Red threat.", "Reed thread.", "Red bread."];
    let mut spoken = Vec::new();
    for (text, seed) in pulls {
        let sound = said(&models, text, seed);
        let heard = hear::hear(&models, sound.clone(), false, &mut |_| {}).expect("it is heard");
        println!("{text:?} is written {:?}", heard.text);
        spoken.push((text, trimmed(sound)));
    }
    let alike: Vec<Vec<i16>> = near
        .iter()
        .map(|text| {
            let sound = said(&models, text, 1);
            let heard =
                hear::hear(&models, sound.clone(), false, &mut |_| {}).expect("it is heard");
            println!("{text:?} is written {:?}", heard.text);
            trimmed(sound)
        })
        .collect();
    let engine = Engine::start(models, Arc::new(Open), ports::Servers::default(), config)
        .expect("threads can be started");
    let mut late = Vec::new();
    for (text, sound) in &spoken {
        let mut client = Client::open(&engine, SessionSpec::default());
        client.session.announce(STORY, 1).expect("room");
        let nothing: [i16; 0] = [];
        client.say_until(&nothing, |event| matches!(event, Event::Speaking { .. }));
        client.pass(Duration::from_millis(1500));
        let ends = Instant::now() + Duration::from_millis(sound.len() as u64 / 16);
        let (at, _) = client.say_until(sound, is_red_thread);
        let took = at.saturating_duration_since(ends);
        println!("{text:?}: {} ms after its end", took.as_millis());
        late.push(took);
        // From here on nothing comes, whatever is asked.
        let before = client.events.len();
        client.session.text("Hello?", true).expect("room");
        client.session.announce("Hello.", 2).expect("room");
        client.pass(Duration::from_millis(300));
        let silent_at = client.queued_to;
        client.pass(Duration::from_millis(1500));
        assert_eq!(client.queued_to, silent_at, "she is silent");
        let leaves = |event: &Event| {
            !matches!(
                event,
                Event::AnnouncementOver { heard: false, .. }
                    | Event::Disregarded {
                        why: Why::RedThread,
                        ..
                    }
                    | Event::Acts { .. }
            )
        };
        let left: Vec<_> = client.events[before..]
            .iter()
            .filter(|(_, e)| leaves(e))
            .collect();
        assert!(left.is_empty(), "{left:?}");
        // Cleared, she goes on.
        client.session.red_thread(false);
        client.session.announce("It goes on.", 3).expect("room");
        client.say_until(&nothing, |event| {
            matches!(
                event,
                Event::AnnouncementOver {
                    id: 3,
                    heard: true,
                    ..
                }
            )
        });
    }
    late.sort_unstable();
    assert!(late[late.len() / 2] <= SOON, "{late:?}");
    for sound in &alike {
        let mut client = Client::open(&engine, SessionSpec::default());
        client.session.announce(STORY, 1).expect("room");
        client.say_until(&[], |event| matches!(event, Event::Speaking { .. }));
        client.pass(Duration::from_millis(1500));
        client.say_until(sound, |event| {
            matches!(
                event,
                Event::AnnouncementOver { .. } | Event::RedThread { .. }
            )
        });
        client.pass(Duration::from_millis(1500));
        let pulled = client
            .events
            .iter()
            .any(|(_, event)| matches!(event, Event::RedThread { .. }));
        assert!(!pulled, "{:?}", client.events);
    }
}

#[test]
fn a_command_is_told_and_not_answered_and_what_is_remembered_reaches_the_answer() {
    let (models, config) = models();
    let order = trimmed(said(&models, "Please remember this.", 1));
    let engine = Engine::start(models, Arc::new(Open), ports::Servers::default(), config)
        .expect("threads can be started");
    let spec = SessionSpec {
        attendant: Some(Arc::new(Yes)),
        memory: Some(Arc::new(Remembers)),
        ..SessionSpec::default()
    };
    let mut client = Client::open(&engine, spec);
    let (_, event) = client.say_until(&order, |event| {
        matches!(event, Event::Command { .. } | Event::Released { .. })
    });
    assert!(
        matches!(
            event,
            Event::Command {
                tag: None,
                spoken: true,
                ..
            }
        ),
        "{event:?}"
    );
    client.pass(Duration::from_millis(1000));
    let answered = |(_, event): &(Instant, Event)| {
        matches!(
            event,
            Event::Released { .. } | Event::Delta { .. } | Event::Finished { .. }
        )
    };
    assert!(!client.events.iter().any(answered), "{:?}", client.events);
    let tag = client
        .session
        .text("remember this too", false)
        .expect("room");
    let (_, event) = client.say_until(&[], |event| {
        matches!(event, Event::Command { .. }) && !matches!(event, Event::Command { tag: None, .. })
    });
    let Event::Command {
        tag: told,
        user_text,
        spoken,
    } = event
    else {
        panic!("it was waited for");
    };
    assert_eq!(
        (told, user_text.as_str(), spoken),
        (Some(tag), "remember this too", false)
    );
    // The model sees what is remembered; the conversation keeps the words alone.
    client
        .session
        .text("What is my favorite color? Answer with the color.", false)
        .expect("room");
    let (_, event) = client.say_until(&[], |event| matches!(event, Event::Finished { .. }));
    let Event::Finished {
        text, user_text, ..
    } = event
    else {
        panic!("it was waited for");
    };
    assert!(text.to_lowercase().contains("purple"), "{text}");
    assert_eq!(
        user_text,
        "What is my favorite color? Answer with the color."
    );
}
