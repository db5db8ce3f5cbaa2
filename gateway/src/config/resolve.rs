//! From settings as written to a configuration that can be relied on.
//!
//! Checks each value's range and every rule between two values; an error names the key, what was
//! found and which layer said it, and for a rule both.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use janet_engine::SignalDevice;
use janet_models::store::{Catalogue, CatalogueError};

use super::error::{Conflict, Setting};
use super::raw::{Models as RawModels, Raw};
use super::{
    ApiKey, Config, ConfigError, Conversation, Engine, Environment, Hub, Layers, LlmDialect,
    LlmServer, Log, LogFormat, Models, Origin, Quic, Server, SpeechFormat, SpeechServer, Stt,
    Vault,
};
use crate::address;
use crate::lock::{self, Files};

/// Where Ollama listens unless it was told otherwise.
const OLLAMA: &str = "http://127.0.0.1:11434";

/// Checks `raw` and gives the configuration that the process runs with.
pub(super) fn resolve(
    raw: Raw,
    layers: &Layers,
    environment: &Environment,
) -> Result<Config, ConfigError> {
    let check = Check { layers };
    // Each value by itself first: a rule between two would blame the one that is right.
    let config = Config {
        server: check.server(&raw)?,
        models: check.models(&raw, environment)?,
        stt: check.stt(&raw)?,
        engine: check.engine(&raw)?,
        llm: check.llm(&raw, environment)?,
        tts: check.tts(&raw, environment)?,
        realtime: check.realtime(&raw, environment)?,
        apns: check.apns(&raw)?,
        talk: check.talk(&raw)?,
        conversation: Conversation {
            keep: check.minutes("conversation.keep_minutes", raw.conversation.keep_minutes)?,
            data_dir: data_dir(&raw.conversation.data_dir, environment)?,
        },
        souls: check.souls(&raw)?,
        vault: Vault {
            lock_after: check.minutes("vault.lock_after_minutes", raw.vault.lock_after_minutes)?,
        },
        persona: check.persona(&raw, environment)?,
        log: Log {
            format: match raw.log.format.as_str() {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                other => return Err(check.out_of_range("log.format", "text or json", other)),
            },
            filter: check.filter("log.filter", raw.log.filter.clone())?,
        },
    };
    check.rules(&raw)?;
    Ok(config)
}

/// The folder of all state.
pub(super) fn data_dir(set: &str, environment: &Environment) -> Result<PathBuf, ConfigError> {
    let key = "conversation.data_dir";
    match set {
        "" => environment.data_dir().ok_or(ConfigError::NoHome { key }),
        path => Ok(PathBuf::from(path)),
    }
}

pub(super) struct Check<'a> {
    pub(super) layers: &'a Layers,
}

impl Check<'_> {
    fn server(&self, raw: &Raw) -> Result<Server, ConfigError> {
        let server = &raw.server;
        let host: IpAddr = match server.host.as_str() {
            "localhost" => IpAddr::from([127, 0, 0, 1]),
            host => host.parse().map_err(|_| {
                self.out_of_range("server.host", "an IP address or localhost", host)
            })?,
        };
        Ok(Server {
            host,
            port: self.whole("server.port", server.port, 0..=65_535)?,
            quic: self.quic(server.quic, server.quic_port)?,
            certificate: self.certificate(raw)?,
            names: self.names("server.names", &server.names)?,
            legacy_lan: server.legacy_lan,
            web_dir: path(&server.web_dir),
            max_clients: self.whole("server.max_clients", server.max_clients, 1..=10_000)?,
            max_frame_bytes: self.whole(
                "server.max_frame_bytes",
                server.max_frame_bytes,
                (64 << 10)..=(64 << 20),
            )?,
            messages_per_second: self.whole(
                "server.messages_per_second",
                server.messages_per_second,
                20..=10_000,
            )?,
            outbound_messages: self.whole(
                "server.outbound_messages",
                server.outbound_messages,
                16..=65_536,
            )?,
            ping_every: self.millis("server.ping_every_ms", server.ping_every_ms, 100..=600_000)?,
            ping_timeout: self.millis(
                "server.ping_timeout_ms",
                server.ping_timeout_ms,
                200..=3_600_000,
            )?,
            request_timeout: self.millis(
                "server.request_timeout_ms",
                server.request_timeout_ms,
                100..=600_000,
            )?,
            write_timeout: self.millis(
                "server.write_timeout_ms",
                server.write_timeout_ms,
                100..=600_000,
            )?,
            shutdown: self.millis("server.shutdown_ms", server.shutdown_ms, 100..=600_000)?,
        })
    }

    fn quic(&self, is_on: bool, port: i64) -> Result<Option<Quic>, ConfigError> {
        const KEY: &str = "server.quic_port";
        let quic = Quic {
            port: self.whole(KEY, port, 0..=65_535)?,
            is_asked_for: self.layers.origin(KEY) != Origin::Default,
        };
        Ok(is_on.then_some(quic))
    }

    /// Both files or none.
    fn certificate(&self, raw: &Raw) -> Result<Option<Files>, ConfigError> {
        let (certificate, key) = (&raw.server.certificate, &raw.server.certificate_key);
        let lacks = |key, other: &str| {
            let wanted = format!("the path of a PEM file, as `{other}` is set");
            Err(self.out_of_range(key, &wanted, "nothing"))
        };
        match (path(certificate), path(key)) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(Files { certificate, key })),
            (Some(_), None) => lacks("server.certificate_key", "server.certificate"),
            (None, Some(_)) => lacks("server.certificate", "server.certificate_key"),
        }
    }

    fn names(&self, key: &'static str, text: &str) -> Result<Vec<String>, ConfigError> {
        let names = text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        let named = |name: &str| match lock::is_name(name) {
            true => Ok(name.to_ascii_lowercase()),
            false => Err(self.out_of_range(key, "names of this machine with commas between", name)),
        };
        names.map(named).collect()
    }

    fn models(&self, raw: &Raw, environment: &Environment) -> Result<Models, ConfigError> {
        let models = &raw.models;
        let dir = path(&models.dir).or_else(|| environment.models_dir());
        let offline = models.offline;
        Ok(Models {
            dir: dir.ok_or(ConfigError::NoHome { key: "models.dir" })?,
            catalogue: self.catalogue(&models.catalogue)?,
            offline: offline.then(|| self.layers.origin("models.offline").to_string()),
            hub: self.hub(models, environment)?,
            vad: self.text("models.vad", models.vad.clone())?,
            turn: self.text("models.turn", models.turn.clone())?,
            stt: self.text("models.stt", models.stt.clone())?,
            llm: self.text("models.llm", models.llm.clone())?,
            voice: self.text("models.voice", models.voice.clone())?,
            speaker: Some(raw.tts.speaker.trim().to_owned()).filter(|name| !name.is_empty()),
        })
    }

    /// The built-in catalogue with the user's models laid over it.
    fn catalogue(&self, file: &str) -> Result<Catalogue, ConfigError> {
        let Some(path) = path(file) else {
            return Ok(Catalogue::builtin());
        };
        let text = std::fs::read_to_string(&path).map_err(|source| ConfigError::Read {
            path: path.clone(),
            source,
        })?;
        let add = || -> Result<Catalogue, CatalogueError> {
            let own = Catalogue::parse(&text)?;
            let mut models = own.models().iter().cloned();
            models.try_fold(Catalogue::builtin(), Catalogue::with)
        };
        add().map_err(|source| ConfigError::Catalogue {
            origin: self.layers.origin("models.catalogue"),
            path: path.clone(),
            source: Box::new(source),
        })
    }

    fn hub(&self, models: &RawModels, environment: &Environment) -> Result<Hub, ConfigError> {
        let token = environment.get("HF_TOKEN");
        let token = token.map(|token| token.trim().to_owned());
        Ok(Hub {
            endpoint: models.hf_endpoint.trim_end_matches('/').to_owned(),
            said_by: self.layers.origin("models.hf_endpoint").to_string(),
            token: token.filter(|token| !token.is_empty()).map(ApiKey),
            stall: self.millis("models.stall_ms", models.stall_ms, 100..=600_000)?,
        })
    }

    fn stt(&self, raw: &Raw) -> Result<Stt, ConfigError> {
        let language = raw.stt.language.trim().to_ascii_lowercase();
        let is_code =
            (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase());
        if language != "auto" && !is_code {
            let wanted = "auto or a language's code such as en, de, fr, es, zh";
            return Err(self.out_of_range("stt.language", wanted, &raw.stt.language));
        }
        Ok(Stt { language })
    }

    fn engine(&self, raw: &Raw) -> Result<Engine, ConfigError> {
        let engine = &raw.engine;
        let threads: usize = self.whole("engine.threads", engine.threads, 0..=1024)?;
        Ok(Engine {
            threads: if threads == 0 {
                self.layers.machine().cores
            } else {
                threads
            },
            visemes: match engine.visemes.as_str() {
                "auto" => SignalDevice::Auto,
                "cpu" => SignalDevice::Cpu,
                "wgpu" => SignalDevice::Wgpu,
                "cuda" => SignalDevice::Cuda,
                other => {
                    return Err(self.out_of_range(
                        "engine.visemes",
                        "auto, cpu, wgpu or cuda",
                        other,
                    ));
                }
            },
            sessions: self.whole("engine.sessions", engine.sessions, 1..=10_000)?,
            requests: self.whole("engine.requests", engine.requests, 1..=256)?,
            busy_at: self.fraction("engine.busy_at", engine.busy_at, 0.01..=1.0)?,
            llm_slots: self.whole("engine.llm_slots", engine.llm_slots, 1..=256)?,
            context_tokens: self.whole(
                "engine.context_tokens",
                engine.context_tokens,
                256..=131_072,
            )?,
            max_tokens: self.whole("engine.max_tokens", engine.max_tokens, 1..=4096)?,
            temperature: self.fraction("engine.temperature", engine.temperature, 0.0..=2.0)?,
            speed: self.fraction("engine.speed", engine.speed, 0.5..=2.0)?,
            gate_db: self.fraction("engine.gate_db", engine.gate_db, -120.0..=-20.0)?,
            record_dir: path(&engine.record_dir),
            seed: match self.whole("engine.seed", engine.seed, 0..=i64::MAX)? {
                0 => None,
                seed => Some(seed),
            },
        })
    }

    fn llm(&self, raw: &Raw, environment: &Environment) -> Result<Option<LlmServer>, ConfigError> {
        let llm = &raw.llm;
        let is_a_guess = llm.server == "auto" && llm.url.is_empty();
        let dialect = match llm.server.as_str() {
            "off" => return Ok(None),
            "auto" | "ollama" => LlmDialect::Ollama,
            "openai" => LlmDialect::OpenAi,
            other => {
                let known = "auto, off, ollama or openai";
                return Err(self.out_of_range("llm.server", known, other));
            }
        };
        let url = match (llm.url.trim_end_matches('/'), dialect) {
            ("", LlmDialect::Ollama) => OLLAMA,
            ("", LlmDialect::OpenAi) => {
                let wanted = "the server's address, such as http://127.0.0.1:8080/v1";
                return Err(self.out_of_range("llm.url", wanted, "nothing"));
            }
            (url, _) => url,
        };
        let api_key = self.api_key("llm.api_key_env", &llm.api_key_env, environment)?;
        let example = "http://127.0.0.1:11434";
        self.http_url(("llm.url", url), example, ("llm.api_key_env", &api_key))?;
        Ok(Some(LlmServer {
            dialect,
            url: url.to_owned(),
            model: Some(llm.model.clone()).filter(|model| !model.is_empty()),
            api_key,
            max_tokens: self.whole("llm.max_tokens", llm.max_tokens, 1..=16_384)?,
            first_text: self.in_time("llm.first_text_ms", llm.first_text_ms, raw)?,
            stall: self.in_time("llm.stall_ms", llm.stall_ms, raw)?,
            is_a_guess,
        }))
    }

    fn tts(
        &self,
        raw: &Raw,
        environment: &Environment,
    ) -> Result<Option<SpeechServer>, ConfigError> {
        let tts = &raw.tts;
        let format = match tts.format.as_str() {
            "pcm" => SpeechFormat::Pcm,
            "wav" => SpeechFormat::Wav,
            other => return Err(self.out_of_range("tts.format", "pcm or wav", other)),
        };
        let rate_hz = self.whole("tts.rate_hz", tts.rate_hz, 8_000..=48_000)?;
        let first_sound = self.in_time("tts.first_sound_ms", tts.first_sound_ms, raw)?;
        let stall = self.in_time("tts.stall_ms", tts.stall_ms, raw)?;
        let url = tts.url.trim_end_matches('/');
        if url.is_empty() {
            return Ok(None);
        }
        let api_key = self.api_key("tts.api_key_env", &tts.api_key_env, environment)?;
        let example = "http://127.0.0.1:8880/v1";
        self.http_url(("tts.url", url), example, ("tts.api_key_env", &api_key))?;
        Ok(Some(SpeechServer {
            url: url.to_owned(),
            model: self.text("tts.model", tts.model.clone())?,
            voice: self.text("tts.voice", tts.voice.clone())?,
            api_key,
            format,
            rate_hz,
            first_sound,
            stall,
        }))
    }

    /// The key in the variable of this name; none for the empty name.
    pub(super) fn api_key(
        &self,
        key: &'static str,
        name: &str,
        environment: &Environment,
    ) -> Result<Option<ApiKey>, ConfigError> {
        if name.is_empty() {
            return Ok(None);
        }
        if let Some(secret) = environment.get(name) {
            return Ok(Some(ApiKey(secret)));
        }
        let wanted = "the name of an environment variable that is set";
        // Somebody may have put the key itself here.
        let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let found = if name.chars().all(is_name) {
            name
        } else {
            "something else"
        };
        Err(self.out_of_range(key, wanted, found))
    }

    /// Refuses what is no address of a server, or holds a secret; and to show a key on an open way.
    fn http_url(
        &self,
        (key, url): (&'static str, &str),
        example: &str,
        (key_of_secret, secret): (&'static str, &Option<ApiKey>),
    ) -> Result<(), ConfigError> {
        let Some(parsed) = address::parse(url) else {
            let wanted = format!("an address such as {example}, without a password or a query");
            return Err(self.out_of_range(key, &wanted, address::told(url)));
        };
        if secret.is_some() && !address::is_private(&parsed) {
            let wanted = format!("an https:// address while `{key_of_secret}` is set");
            return Err(self.out_of_range(key, &wanted, address::told(url)));
        }
        Ok(())
    }

    /// A wait for another process: what is left of `talk.reply_patience_ms` is her own models'.
    fn in_time(&self, key: &'static str, ms: i64, raw: &Raw) -> Result<Duration, ConfigError> {
        let wait = self.millis(key, ms, 100..=600_000)?;
        let patience = ("talk.reply_patience_ms", raw.talk.reply_patience_ms);
        if self.layers.origin(key) != Origin::Default {
            self.rule(ms < patience.1, "less than", (key, ms), patience)?;
        }
        let patience = self.millis(patience.0, patience.1, 500..=600_000)?;
        Ok(wait.min(patience * 3 / 5))
    }

    fn talk(&self, raw: &Raw) -> Result<janet_talk::Config, ConfigError> {
        let talk = &raw.talk;
        let threads = self.engine(raw)?.threads;
        let ms = |key, value, range| self.millis(key, value, range);
        Ok(janet_talk::Config {
            speech_on: self.fraction("talk.speech_on", talk.speech_on, 0.0..=1.0)?,
            speech_off: self.fraction("talk.speech_off", talk.speech_off, 0.0..=1.0)?,
            onset: ms("talk.onset_ms", talk.onset_ms, 32..=1000)?,
            preroll: ms("talk.preroll_ms", talk.preroll_ms, 0..=2000)?,
            speculate_after: ms(
                "talk.speculate_after_ms",
                talk.speculate_after_ms,
                32..=5000,
            )?,
            prepare_at: self.fraction("talk.prepare_at", talk.prepare_at, 0.0..=1.0)?,
            sure_at: self.fraction("talk.sure_at", talk.sure_at, 0.0..=1.0)?,
            wait_sure: ms("talk.wait_sure_ms", talk.wait_sure_ms, 32..=10_000)?,
            wait_rising: ms("talk.wait_rising_ms", talk.wait_rising_ms, 32..=10_000)?,
            wait_unsure: ms("talk.wait_unsure_ms", talk.wait_unsure_ms, 32..=30_000)?,
            partial_every: ms("talk.partial_every_ms", talk.partial_every_ms, 200..=60_000)?,
            longest_turn: ms("talk.longest_turn_ms", talk.longest_turn_ms, 1000..=30_000)?,
            barge_onset: ms("talk.barge_onset_ms", talk.barge_onset_ms, 32..=1000)?,
            barge_judge: ms("talk.barge_judge_ms", talk.barge_judge_ms, 32..=5000)?,
            transcript_patience: ms(
                "talk.transcript_patience_ms",
                talk.transcript_patience_ms,
                500..=120_000,
            )?,
            reply_patience: ms(
                "talk.reply_patience_ms",
                talk.reply_patience_ms,
                500..=600_000,
            )?,
            staging: ms("talk.staging_ms", talk.staging_ms, 200..=2000)?,
            idle_after: ms("talk.idle_after_ms", talk.idle_after_ms, 1000..=86_400_000)?,
            waste_limit: self.fraction("talk.waste_limit", talk.waste_limit, 0.0..=1.0)?,
            cores: u32::try_from(threads).expect("threads were checked to be at most 1024"),
            ..janet_talk::Config::default()
        })
    }

    /// Rules between two values.
    fn rules(&self, raw: &Raw) -> Result<(), ConfigError> {
        let (talk, server, engine) = (&raw.talk, &raw.server, &raw.engine);
        let less = "less than";
        let most = "at most";
        self.rule(
            talk.speech_off < talk.speech_on,
            less,
            ("talk.speech_off", talk.speech_off),
            ("talk.speech_on", talk.speech_on),
        )?;
        self.rule(
            talk.prepare_at <= talk.sure_at,
            most,
            ("talk.prepare_at", talk.prepare_at),
            ("talk.sure_at", talk.sure_at),
        )?;
        self.rule(
            talk.wait_sure_ms < talk.wait_unsure_ms,
            less,
            ("talk.wait_sure_ms", talk.wait_sure_ms),
            ("talk.wait_unsure_ms", talk.wait_unsure_ms),
        )?;
        self.rule(
            talk.speculate_after_ms <= talk.wait_sure_ms,
            most,
            ("talk.speculate_after_ms", talk.speculate_after_ms),
            ("talk.wait_sure_ms", talk.wait_sure_ms),
        )?;
        self.rule(
            talk.wait_unsure_ms < talk.longest_turn_ms,
            less,
            ("talk.wait_unsure_ms", talk.wait_unsure_ms),
            ("talk.longest_turn_ms", talk.longest_turn_ms),
        )?;
        self.rule(
            server.ping_every_ms < server.ping_timeout_ms,
            less,
            ("server.ping_every_ms", server.ping_every_ms),
            ("server.ping_timeout_ms", server.ping_timeout_ms),
        )?;
        self.rule(
            engine.max_tokens < engine.context_tokens,
            less,
            ("engine.max_tokens", engine.max_tokens),
            ("engine.context_tokens", engine.context_tokens),
        )?;
        self.rule(
            server.max_clients <= engine.sessions,
            most,
            ("server.max_clients", server.max_clients),
            ("engine.sessions", engine.sessions),
        )
    }

    fn rule<T: std::fmt::Display>(
        &self,
        holds: bool,
        relation: &'static str,
        (first, first_value): (&'static str, T),
        (second, second_value): (&'static str, T),
    ) -> Result<(), ConfigError> {
        if holds {
            return Ok(());
        }
        let setting = |key, value: T| Setting {
            key,
            value: value.to_string(),
            origin: self.layers.origin(key),
        };
        Err(ConfigError::Conflict(Box::new(Conflict {
            first: setting(first, first_value),
            relation,
            second: setting(second, second_value),
        })))
    }

    pub(super) fn whole<T: TryFrom<i64>>(
        &self,
        key: &'static str,
        value: i64,
        range: RangeInclusive<i64>,
    ) -> Result<T, ConfigError> {
        let expected = || format!("between {} and {}", range.start(), range.end());
        if !range.contains(&value) {
            return Err(self.out_of_range(key, &expected(), value));
        }
        T::try_from(value).map_err(|_| self.out_of_range(key, &expected(), value))
    }

    fn millis(
        &self,
        key: &'static str,
        value: i64,
        range: RangeInclusive<i64>,
    ) -> Result<Duration, ConfigError> {
        Ok(Duration::from_millis(self.whole(key, value, range)?))
    }

    fn minutes(&self, key: &'static str, value: f64) -> Result<Duration, ConfigError> {
        let refused = || self.out_of_range(key, "between 0 and 10080 (a week)", value);
        if !(0.0..=10_080.0).contains(&value) {
            return Err(refused());
        }
        Duration::try_from_secs_f64(value * 60.0).map_err(|_| refused())
    }

    fn fraction(
        &self,
        key: &'static str,
        value: f64,
        range: RangeInclusive<f64>,
    ) -> Result<f32, ConfigError> {
        if !range.contains(&value) {
            let expected = format!("between {} and {}", range.start(), range.end());
            return Err(self.out_of_range(key, &expected, value));
        }
        Ok(value as f32)
    }

    fn text(&self, key: &'static str, value: String) -> Result<String, ConfigError> {
        if value.trim().is_empty() {
            return Err(self.out_of_range(key, "a text that is not empty", "\"\""));
        }
        Ok(value)
    }

    fn filter(&self, key: &'static str, value: String) -> Result<String, ConfigError> {
        match tracing_subscriber::EnvFilter::try_new(&value) {
            Ok(_) => Ok(value),
            Err(_) => {
                Err(self.out_of_range(key, "a log filter such as info or janet=debug", value))
            }
        }
    }

    pub(super) fn out_of_range(
        &self,
        key: &'static str,
        expected: &str,
        found: impl std::fmt::Display,
    ) -> ConfigError {
        ConfigError::OutOfRange {
            origin: self.layers.origin(key),
            key,
            expected: expected.into(),
            found: found.to_string(),
        }
    }
}

/// A folder; the empty text names none.
pub(super) fn path(text: &str) -> Option<PathBuf> {
    Some(text)
        .filter(|text| !text.is_empty())
        .map(PathBuf::from)
}
