//! What this process was told to do, in one resolved value.
//!
//! ```text
//!  defaults ◁ profile ◁ file ◁ environment ◁ flags      (each overrides the ones before it)
//!        └──────── layers of TOML tables ───────┘
//!                        │ every key known, every value of its key's type, else an error that
//!                        ▼ names the layer, the key and what was found
//!                  Raw (typed, unchecked) ──▶ resolve() ──▶ Config (checked; passed down)
//! ```
//!
//! The environment is read here and nowhere else. Nothing below this module sees a raw setting.

mod auto;
mod calls;
mod environment;
mod error;
mod explain;
mod layers;
mod machine;
mod persona;
mod raw;
mod realtime;
mod resolve;
mod souls;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use janet_engine::SignalDevice;
use janet_models::store::Catalogue;

use crate::lock::Files;

pub use auto::{Choice, Condition, Known};
pub use calls::Apns;
pub use environment::Environment;
pub use error::{Broken, ConfigError};
pub use explain::explain;
pub(crate) use explain::overridden;
pub use layers::{Facts, Layers, Origin, PROFILES, Request};
pub use machine::{Gpu, Machine};
pub use persona::Persona;
pub use realtime::{IceKind, IcePolicy, IceServer, Realtime, TurnKey};
use resolve::Check;
pub use souls::Souls;

/// The whole configuration, checked. No field means "default".
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The listening socket and its clients.
    pub server: Server,
    /// Which model does what, by the names of the model store.
    pub models: Models,
    /// How speech is turned into text.
    pub stt: Stt,
    /// How much of the machine the models may use, and how they answer.
    pub engine: Engine,
    /// A language model that runs elsewhere; `None`: only her own.
    pub llm: Option<LlmServer>,
    /// A voice that runs elsewhere; `None`: only her own.
    pub tts: Option<SpeechServer>,
    /// How voice in real time finds its way through routers.
    pub realtime: Realtime,
    /// How phones are rung that are not connected; `None`: they are not.
    pub apns: Option<Apns>,
    /// When Janet speaks and when she stops.
    pub talk: janet_talk::Config,
    /// How long conversations are kept, and where.
    pub conversation: Conversation,
    /// The vault of secrets.
    pub vault: Vault,
    /// Which of her souls live here.
    pub souls: Souls,
    /// Who she is.
    pub persona: Persona,
    /// What is logged, and how.
    pub log: Log,
}

/// The listening socket and its clients.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// Beyond loopback, which is always served, TLS and a paired device are needed.
    pub host: IpAddr,
    /// 0 lets the system choose.
    pub port: u16,
    /// Where QUIC is spoken; `None`: nowhere.
    pub quic: Option<Quic>,
    /// The certificate and its key; `None`: her own, kept beside the conversations.
    pub certificate: Option<Files>,
    /// Names of this machine besides those that the system knows, in lower case.
    pub names: Vec<String>,
    /// Whether clients of the private network are guests without TLS and without being paired.
    pub legacy_lan: bool,
    /// The built page; `None`: looked for beside the executable and in the workspace.
    pub web_dir: Option<PathBuf>,
    /// Connections at once; one more is told to come back later.
    pub max_clients: usize,
    /// Largest text or binary frame. A text frame up to four times as large gets an error and the
    /// connection stays; a larger one ends it.
    pub max_frame_bytes: usize,
    /// Text frames per second and client, on average; bursts of twice as many are fine.
    pub messages_per_second: u32,
    /// Messages waiting for one client's socket; one that lets more gather is let go.
    pub outbound_messages: usize,
    /// How often a silent connection is pinged.
    pub ping_every: Duration,
    /// A connection with no sign of life for this long is closed.
    pub ping_timeout: Duration,
    /// A connection that has not said what it wants after this long is closed.
    pub request_timeout: Duration,
    /// One frame, or the next piece of a page, may take this long to be taken by the client's socket.
    pub write_timeout: Duration,
    /// At shutdown, what is running has this long to end.
    pub shutdown: Duration,
}

/// The UDP port of QUIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quic {
    /// 0 lets the system choose.
    pub port: u16,
    /// Somebody chose this port: without it the server does not start.
    pub is_asked_for: bool,
}

/// A model hub, and how it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hub {
    /// Its address without a slash at the end, as it was set: whoever asks it judges it, because
    /// most commands ask nobody.
    pub endpoint: String,
    /// Which layer of the settings said so.
    pub said_by: String,
    /// Sent to that address and nowhere else.
    pub token: Option<ApiKey>,
    /// No answer, or no further byte, for this long ends a transfer.
    pub stall: Duration,
}

/// The model store, and names in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Models {
    /// The store's folder.
    pub dir: PathBuf,
    /// The models that have names: those that are built in, and the user's own.
    pub catalogue: Catalogue,
    /// Who said that nothing may be fetched from the network; `None`: it may.
    pub offline: Option<String>,
    /// Where sources of the kind `hf:` are fetched.
    pub hub: Hub,
    /// Voice activity.
    pub vad: String,
    /// End of turn.
    pub turn: String,
    /// Speech to text.
    pub stt: String,
    /// Language model.
    pub llm: String,
    /// Text to speech.
    pub voice: String,
    /// Of that voice, where it has several: a name or a number; `None`: the first.
    pub speaker: Option<String>,
}

impl Models {
    /// All names (or `file:PATH`) with their roles (as the engine tells them), in loading order.
    pub fn all(&self) -> [(&'static str, &str); 5] {
        [
            ("vad", &self.vad),
            ("turn", &self.turn),
            ("stt", &self.stt),
            ("llm", &self.llm),
            ("tts", &self.voice),
        ]
    }

    /// The same for people and for clients, who need not know the folders of this machine.
    pub fn shown(&self) -> [(&'static str, String); 5] {
        self.all().map(|(role, name)| {
            let path = name.strip_prefix(FILE).map(Path::new);
            let name = path.map_or(name.into(), |path| {
                path.file_name().unwrap_or_default().to_string_lossy()
            });
            (role, name.into_owned())
        })
    }
}

/// What a model's setting begins with when it is a path and no name of the store.
pub(crate) const FILE: &str = "file:";

/// How speech is turned into text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stt {
    /// `auto`, or a language's code such as `de`; whether the model knows it shows when it is loaded.
    pub language: String,
}

/// How much of the machine the models may use, and how they answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Engine {
    /// Threads for model work; at least 1.
    pub threads: usize,
    /// Where shapes of the mouth are read from the sound of a speech server.
    pub visemes: SignalDevice,
    /// Conversations that may be live at once.
    pub sessions: usize,
    /// Requests of other software (`/v1`) that are worked on or wait at once.
    pub requests: usize,
    /// From this load on, 0 to 1, no further spoken conversation begins.
    pub busy_at: f32,
    /// Conversations whose prompt stays in the language model's cache, least recently used out.
    pub llm_slots: usize,
    /// Context of the language model, in tokens.
    pub context_tokens: usize,
    /// Longest answer.
    pub max_tokens: usize,
    /// 0 always takes the likeliest token.
    pub temperature: f32,
    /// How fast the voice speaks; 2 is twice as fast as the voice's own pace.
    pub speed: f32,
    /// Microphone windows quieter than this are silence without being looked at, in dBFS.
    pub gate_db: f32,
    /// Where sessions are recorded, words blanked out, for `janet replay`.
    pub record_dir: Option<PathBuf>,
    /// Randomness of answers and voice; `None`: another one at every start.
    pub seed: Option<u64>,
}

/// A language model behind HTTP, preferred to her own while it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LlmServer {
    /// What it speaks.
    pub dialect: LlmDialect,
    /// Where it is, without a slash at the end: `http://127.0.0.1:11434`, or with the `/v1` of an
    /// OpenAI-compatible server.
    pub url: String,
    /// Which of its models; `None`: the first that can chat.
    pub model: Option<String>,
    /// Sent as a bearer token.
    pub api_key: Option<ApiKey>,
    /// Tokens of an answer at most.
    pub max_tokens: usize,
    /// The first text has to come within this.
    pub first_text: Duration,
    /// Between two pieces of text at most.
    pub stall: Duration,
    /// Nobody asked for it: it is looked for, and its absence is nothing to complain about.
    pub is_a_guess: bool,
}

/// What a language server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LlmDialect {
    /// Ollama's own: `/api/chat`, a JSON object a line.
    Ollama,
    /// OpenAI's: `/chat/completions`, server-sent events.
    OpenAi,
}

/// A voice behind HTTP, preferred to her own while it speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpeechServer {
    /// Where it is, with its `/v1` and without a slash at the end.
    pub url: String,
    /// Which of its models.
    pub model: String,
    /// Which of its voices.
    pub voice: String,
    /// Sent as a bearer token.
    pub api_key: Option<ApiKey>,
    /// What it is asked for.
    pub format: SpeechFormat,
    /// Of PCM, which does not say it.
    pub rate_hz: u32,
    /// The first sound of a phrase has to come within this.
    pub first_sound: Duration,
    /// Between two pieces of sound at most.
    pub stall: Duration,
}

/// What a speech server is asked for. A WAV file is known for what it is either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpeechFormat {
    /// Mono samples of 16 bits, little endian, and nothing else.
    Pcm,
    /// The same in a WAV file, which says its rate.
    Wav,
}

/// A secret that no log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(pub(crate) String);

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

/// How long conversations are kept, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// From the moment the last client left.
    pub keep: Duration,
    /// Folder of the conversation store.
    pub data_dir: PathBuf,
}

/// The vault of secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vault {
    /// It locks itself when nobody has used it for so long.
    pub lock_after: Duration,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// In the notation of `tracing_subscriber::EnvFilter`.
    pub filter: String,
    /// How lines look.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// Reads every layer and resolves them.
///
/// A profile that chooses among the models that are here is read twice: where they are is itself a
/// setting.
pub fn load(request: &Request, environment: &Environment) -> Result<(Config, Layers), ConfigError> {
    let mut facts = Facts {
        machine: Machine::here(),
        store: Vec::new(),
        can_be_loaded: auto::can_be_loaded,
    };
    let read = |facts: &Facts| {
        let layers = Layers::read(request, environment, facts)?;
        let config = resolve::resolve(layers.raw()?, &layers, environment)?;
        Ok((config, layers))
    };
    let (config, layers) = read(&facts)?;
    if layers.choices().is_empty() {
        return Ok((config, layers));
    }
    facts.store = auto::known(&config.models);
    read(&facts)
}

#[cfg(test)]
pub(crate) mod tests;
