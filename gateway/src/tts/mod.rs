//! A voice behind HTTP: any server with OpenAI's `audio/speech`.
//!
//! ```text
//!  watch: list models ──▶ up ◀──────┐ every half minute, sooner after a failure
//!                     └─▶ down (why)┘ later and later
//!  speak: POST audio/speech ──▶ bytes ──▶ samples with their words ──▶ Voicing (the engine's end)
//! ```
//!
//! Decides only whether the server is worth asking, and whether what it sends is speech. Every wait
//! has its limit; a phrase that nobody wants any more closes its connection. What is said never
//! reaches a log: an error names its kind.

mod error;
mod pace;
mod request;
mod sniff;
mod sound;
mod stream;
mod voices;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use janet_engine::ports::{self, Phrase, Voicing};
use janet_engine::{ModelInfo, VoiceChoice};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::config;
use crate::elsewhere::{self, Listed, QUEUE_PAUSE, RECHECK, Server, SetupError};
pub(crate) use error::TtsError;
use pace::Pace;

/// What `janet doctor` has it say.
const PROBE: &str = "Good morning.";

/// A server, with what is known of it.
pub(crate) struct SpeechServer {
    inner: Arc<Inner>,
    runtime: Handle,
    /// Phrases that are being spoken; gone with the server. One for each session at most.
    phrases: Mutex<JoinSet<()>>,
}

struct Inner {
    server: Server,
    config: config::SpeechServer,
    known: Mutex<Known>,
    /// A phrase failed: look again.
    fell: Notify,
}

#[derive(Default)]
struct Known {
    health: Health,
    /// Voices that can be asked for by name; empty where it lists none.
    voices: Listed<TtsError>,
    pace: Pace,
    /// Looks, and phrases, that failed in a row.
    looks: u32,
    phrases: u32,
}

#[derive(Default)]
enum Health {
    #[default]
    Unknown,
    Up,
    Down(TtsError),
}

impl Health {
    const fn why(&self) -> Option<&TtsError> {
        match self {
            Self::Down(why) => Some(why),
            Self::Up | Self::Unknown => None,
        }
    }
}

impl SpeechServer {
    /// Nothing is known of it until [`SpeechServer::watch`] runs. Call inside a runtime.
    pub(crate) fn new(config: config::SpeechServer) -> Result<Arc<Self>, SetupError> {
        Ok(Arc::new(Self {
            inner: Arc::new(Inner {
                server: Server::new(&config.url, config.api_key.clone())?,
                config,
                known: Mutex::default(),
                fell: Notify::new(),
            }),
            runtime: Handle::current(),
            phrases: Mutex::new(JoinSet::new()),
        }))
    }

    /// Keeps looking how the server is; never ends by itself.
    pub(crate) async fn watch(&self) {
        let inner = &self.inner;
        loop {
            let found = inner.look().await;
            inner.looked(found);
            tokio::select! {
                () = sleep(inner.pause()) => {}
                () = inner.fell.notified() => sleep(inner.pause()).await,
            }
        }
    }

    /// Looks once: whether it is used from now on, or why not.
    pub(crate) async fn look(&self) -> Result<(), TtsError> {
        let found = self.inner.look().await;
        self.inner.looked(found.clone());
        found.map(drop)
    }

    /// Has it say something to nobody: after how long its first sound came.
    pub(crate) async fn probe(&self) -> Result<Duration, TtsError> {
        let phrase = Phrase {
            text: PROBE.into(),
            speed: 1.0,
            voice: None,
        };
        let mut ear = stream::Probe::new(Instant::now());
        stream::speak(&self.inner, &phrase, &mut ear).await?;
        Ok(ear.first_after().unwrap_or_default())
    }

    /// Why it is not used; `None` while all is well.
    pub(crate) fn trouble(&self) -> Option<String> {
        let known = self.inner.known();
        let why = known.health.why()?;
        Some(format!("{}: {why}", self.inner.config.url))
    }

    /// What went there since the start.
    pub(crate) fn left(&self) -> janet_protocol::LeftMachine {
        self.inner.server.left("voice")
    }

    /// Says in the entry of her own voice who speaks to somebody who chose this, and why.
    pub(crate) fn describe(&self, own: &mut ModelInfo, choice: &VoiceChoice) {
        let config = &self.inner.config;
        let (voice, by_name) = match choice {
            VoiceChoice::Configured => (&config.voice, None),
            VoiceChoice::Server(name) => (name, self.inner.by_name(Some(name))),
            VoiceChoice::Own => return,
        };
        let known = self.inner.known();
        if let Some(name) = by_name
            && !known.voices.is_up(name, std::time::Instant::now())
        {
            let why = known.voices.why(name).or(known.health.why());
            let why = why.map_or(String::new(), |why| format!(": {why}"));
            own.note = format!(
                "{}; {name} at {} is not used now{why}",
                own.note, config.url
            );
            return;
        }
        match &known.health {
            Health::Down(why) if by_name.is_none() => {
                own.note = format!("{}; {} is not used: {why}", own.note, config.url);
            }
            Health::Unknown if by_name.is_none() => {}
            _ => {
                let name = format!("{voice} ({})", config.model);
                let own_name = std::mem::replace(&mut own.name, name);
                own.note = format!("at {}; {own_name} stands by", config.url);
            }
        }
    }

    /// The voices that can be asked for: the configured one first.
    pub(crate) fn voices(&self) -> Vec<String> {
        let configured = &self.inner.config.voice;
        let known = self.inner.known();
        let others = known.voices.names().iter();
        let others = others.filter(|voice| *voice != configured);
        std::iter::once(configured).chain(others).cloned().collect()
    }
}

impl ports::SpeechServer for SpeechServer {
    fn is_up(&self, voice: Option<&str>) -> bool {
        let known = self.inner.known();
        match self.inner.by_name(voice) {
            Some(name) => known.voices.is_up(name, std::time::Instant::now()),
            None => matches!(known.health, Health::Up),
        }
    }

    fn speak(&self, phrase: Phrase, to: Voicing) {
        let mut phrases = self.phrases.lock().unwrap_or_else(PoisonError::into_inner);
        while phrases.try_join_next().is_some() {}
        let inner = Arc::clone(&self.inner);
        phrases.spawn_on(inner.speak(phrase, to), &self.runtime);
    }
}

impl Inner {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The voice, where it is not the configured one: what that one does is told of the server.
    fn by_name<'a>(&self, voice: Option<&'a str>) -> Option<&'a str> {
        voice.filter(|voice| *voice != self.config.voice)
    }

    /// Keeps what a look found: which voices there are, where they are listed.
    fn looked(&self, found: Result<Option<Vec<String>>, TtsError>) {
        let url = &self.config.url;
        let mut known = self.known();
        let was_up = matches!(known.health, Health::Up);
        match found {
            Ok(voices) => {
                known.looks = 0;
                known.health = Health::Up;
                match voices {
                    Some(voices) => known.voices.list(&voices),
                    None => known.voices.is_there(),
                }
                if !was_up {
                    tracing::info!(voice = self.config.voice, url, "the speech server speaks");
                }
            }
            Err(error) => {
                known.looks = known.looks.saturating_add(1);
                if was_up || known.looks == 1 {
                    tracing::warn!(%error, url, "the speech server is not used");
                }
                known.voices.is_away();
                known.health = Health::Down(error);
            }
        }
    }

    /// A phrase failed: the server is looked at again before it is asked again; or this voice alone
    /// is left in peace, where it was asked for by its name.
    fn failed(&self, voice: Option<&str>, error: TtsError) {
        metrics::counter!("janet_tts_server_failures_total").increment(1);
        let mut known = self.known();
        if let Some(name) = self.by_name(voice)
            && error != TtsError::Unreachable
        {
            tracing::warn!(voice = name, %error, "a voice of the speech server's failed");
            known.voices.failed(name, std::time::Instant::now(), error);
            return;
        }
        tracing::warn!(%error, url = self.config.url, "the speech server failed");
        // Of several phrases that fail together one counts.
        if matches!(known.health, Health::Up) {
            known.phrases = known.phrases.saturating_add(1);
        }
        if error == TtsError::Unreachable {
            known.voices.is_away();
        }
        known.health = Health::Down(error);
        drop(known);
        self.fell.notify_one();
    }

    fn pause(&self) -> Duration {
        let known = self.known();
        if matches!(known.health, Health::Up) {
            return RECHECK;
        }
        elsewhere::pause(known.looks, known.phrases)
    }

    async fn speak(self: Arc<Self>, phrase: Phrase, mut to: Voicing) {
        let called_off = Arc::new(Notify::new());
        let tell = Arc::clone(&called_off);
        to.on_unwanted(move || tell.notify_one());
        let began = Instant::now();
        let result = tokio::select! {
            biased;
            () = called_off.notified() => return,
            result = stream::speak(&self, &phrase, &mut to) => result,
        };
        metrics::histogram!("janet_tts_server_phrase_seconds")
            .record(began.elapsed().as_secs_f64());
        match result {
            Ok(()) => {
                let mut known = self.known();
                known.phrases = 0;
                if let Some(name) = self.by_name(phrase.voice.as_deref()) {
                    known.voices.answered(name);
                }
                drop(known);
                to.done();
            }
            Err(error) => {
                self.failed(phrase.voice.as_deref(), error);
                // Her own voice is waiting to hear of it.
                to.failed();
            }
        }
        while !to.is_through() {
            sleep(QUEUE_PAUSE).await;
        }
    }
}
