//! Every setting as it is written, typed but not yet checked, with its default.
//!
//! The defaults stand here and nowhere else: `Raw::default()` is the lowest layer, and its shape
//! decides which keys exist and of which type they are.

use serde::{Deserialize, Serialize};

/// All settings. Sections and keys are those of the TOML files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) server: Server,
    pub(super) models: Models,
    pub(super) stt: Stt,
    pub(super) engine: Engine,
    pub(super) llm: Llm,
    pub(super) tts: Tts,
    pub(super) realtime: Realtime,
    pub(super) calls: Calls,
    pub(super) talk: Talk,
    pub(super) conversation: Conversation,
    pub(super) vault: Vault,
    pub(super) souls: Souls,
    pub(super) persona: Persona,
    pub(super) log: Log,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: i64,
    pub(super) quic: bool,
    pub(super) quic_port: i64,
    /// Empty: her own, made at the first start.
    pub(super) certificate: String,
    pub(super) certificate_key: String,
    /// With commas between.
    pub(super) names: String,
    pub(super) legacy_lan: bool,
    /// Empty: looked for.
    pub(super) web_dir: String,
    pub(super) max_clients: i64,
    pub(super) max_frame_bytes: i64,
    pub(super) messages_per_second: i64,
    pub(super) outbound_messages: i64,
    pub(super) ping_every_ms: i64,
    pub(super) ping_timeout_ms: i64,
    pub(super) request_timeout_ms: i64,
    pub(super) write_timeout_ms: i64,
    pub(super) shutdown_ms: i64,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 8765,
            quic: true,
            quic_port: 8767,
            certificate: String::new(),
            certificate_key: String::new(),
            names: String::new(),
            legacy_lan: false,
            web_dir: String::new(),
            max_clients: 64,
            // Room for a 10 MiB upload in base64.
            max_frame_bytes: 16 << 20,
            // Typing, control and ten `playout` reports a second, with much room.
            messages_per_second: 50,
            outbound_messages: 256,
            ping_every_ms: 15_000,
            ping_timeout_ms: 45_000,
            request_timeout_ms: 10_000,
            write_timeout_ms: 10_000,
            shutdown_ms: 5_000,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Models {
    /// Empty: the platform's cache folder, or below JANET_HOME.
    pub(super) dir: String,
    /// Empty: only the models that are built in have names.
    pub(super) catalogue: String,
    pub(super) offline: bool,
    pub(super) hf_endpoint: String,
    pub(super) stall_ms: i64,
    pub(super) vad: String,
    pub(super) turn: String,
    pub(super) stt: String,
    pub(super) llm: String,
    pub(super) voice: String,
}

impl Default for Models {
    fn default() -> Self {
        Self {
            dir: String::new(),
            catalogue: String::new(),
            offline: false,
            hf_endpoint: "https://huggingface.co".into(),
            // A busy hub may take its time, a dead one must not take the evening.
            stall_ms: 30_000,
            vad: "silero-vad-6.2".into(),
            turn: "smart-turn-3.2".into(),
            stt: "whisper-tiny.en".into(),
            llm: "smollm2-135m-instruct-q4_1".into(),
            voice: "piper-en_US-joe-medium".into(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stt {
    /// auto, or a code such as de.
    pub(super) language: String,
}

impl Default for Stt {
    fn default() -> Self {
        Self {
            language: "auto".into(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Llm {
    /// auto, off, ollama or openai.
    pub(super) server: String,
    /// Empty: where Ollama listens.
    pub(super) url: String,
    /// Empty: the first that the server lists and that can chat.
    pub(super) model: String,
    /// Name of the variable that holds the key; empty: no key is sent.
    pub(super) api_key_env: String,
    pub(super) max_tokens: i64,
    pub(super) first_text_ms: i64,
    pub(super) stall_ms: i64,
}

impl Default for Llm {
    fn default() -> Self {
        Self {
            server: "auto".into(),
            url: String::new(),
            model: String::new(),
            api_key_env: String::new(),
            // More than her own model's, for those that think first.
            max_tokens: 512,
            // A large model that has to be loaded from disk first takes about that long.
            first_text_ms: 12_000,
            stall_ms: 8_000,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tts {
    /// Empty: her own voice and no other.
    pub(super) url: String,
    pub(super) model: String,
    /// One of the server's.
    pub(super) voice: String,
    /// Name of the variable that holds the key; empty: no key is sent.
    pub(super) api_key_env: String,
    /// pcm or wav.
    pub(super) format: String,
    /// Of pcm, which does not say it.
    pub(super) rate_hz: i64,
    pub(super) first_sound_ms: i64,
    pub(super) stall_ms: i64,
    /// Of her own voice, where that has several: a name or a number. Empty: the first.
    pub(super) speaker: String,
}

impl Default for Tts {
    fn default() -> Self {
        Self {
            url: String::new(),
            // What OpenAI calls its own, and every server of the kind knows.
            model: "tts-1".into(),
            voice: "alloy".into(),
            api_key_env: String::new(),
            format: "pcm".into(),
            rate_hz: 24_000,
            // Somebody hears nothing meanwhile; a model that has to be loaded first takes longer,
            // and speaks from the next reply on.
            first_sound_ms: 4_000,
            stall_ms: 3_000,
            speaker: String::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Realtime {
    /// With commas between; empty: none, so that nobody outside is asked.
    pub(super) ice_servers: String,
    /// all or relay.
    pub(super) ice_policy: String,
    pub(super) turn_username: String,
    /// The variable with its password.
    pub(super) turn_password_env: String,
    /// The variable with the secret that is shared with the server.
    pub(super) turn_secret_env: String,
}

impl Default for Realtime {
    fn default() -> Self {
        Self {
            ice_servers: String::new(),
            ice_policy: "all".into(),
            turn_username: String::new(),
            turn_password_env: String::new(),
            turn_secret_env: String::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Calls {
    /// Path of a .p8 file; empty: nobody is rung who is not connected.
    pub(super) apns_key: String,
    pub(super) apns_key_id: String,
    pub(super) apns_team_id: String,
    /// The app's bundle id.
    pub(super) apns_topic: String,
    /// production or development.
    pub(super) apns_environment: String,
    /// Empty: Apple's.
    pub(super) apns_url: String,
    /// Path of a PEM file; empty: the system's certificates are trusted.
    pub(super) apns_ca: String,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            apns_key: String::new(),
            apns_key_id: String::new(),
            apns_team_id: String::new(),
            apns_topic: String::new(),
            apns_environment: "production".into(),
            apns_url: String::new(),
            apns_ca: String::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Engine {
    /// 0: one per core.
    pub(super) threads: i64,
    /// auto, cpu, wgpu or cuda.
    pub(super) visemes: String,
    pub(super) sessions: i64,
    pub(super) requests: i64,
    pub(super) busy_at: f64,
    pub(super) llm_slots: i64,
    pub(super) context_tokens: i64,
    pub(super) max_tokens: i64,
    pub(super) temperature: f64,
    pub(super) speed: f64,
    pub(super) gate_db: f64,
    /// Empty: nothing is recorded.
    pub(super) record_dir: String,
    /// 0: another one at every start.
    pub(super) seed: i64,
}

impl Default for Engine {
    /// Those of `janet-engine`.
    fn default() -> Self {
        let engine = janet_engine::EngineConfig::default();
        let whole = |value: usize| i64::try_from(value).expect("no default is that large");
        Self {
            threads: 0,
            // A GPU is worth its way there where hundreds are spoken to at once.
            visemes: "cpu".into(),
            sessions: whole(engine.sessions),
            requests: whole(engine.requests),
            busy_at: decimal(engine.busy_at),
            llm_slots: whole(engine.llm_slots),
            context_tokens: whole(engine.context_tokens),
            max_tokens: whole(engine.max_tokens),
            temperature: decimal(engine.temperature),
            speed: decimal(engine.speed),
            gate_db: decimal(engine.gate_db),
            record_dir: String::new(),
            seed: 0,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Talk {
    pub(super) speech_on: f64,
    pub(super) speech_off: f64,
    pub(super) onset_ms: i64,
    pub(super) preroll_ms: i64,
    pub(super) speculate_after_ms: i64,
    pub(super) prepare_at: f64,
    pub(super) sure_at: f64,
    pub(super) wait_sure_ms: i64,
    pub(super) wait_rising_ms: i64,
    pub(super) wait_unsure_ms: i64,
    pub(super) partial_every_ms: i64,
    pub(super) longest_turn_ms: i64,
    pub(super) barge_onset_ms: i64,
    pub(super) barge_judge_ms: i64,
    pub(super) transcript_patience_ms: i64,
    pub(super) reply_patience_ms: i64,
    pub(super) staging_ms: i64,
    pub(super) idle_after_ms: i64,
    pub(super) waste_limit: f64,
}

impl Default for Talk {
    /// Those of `janet-talk`, which knows why.
    fn default() -> Self {
        let talk = janet_talk::Config::default();
        let ms = |duration: std::time::Duration| {
            i64::try_from(duration.as_millis()).expect("no default is longer than i64 milliseconds")
        };
        Self {
            speech_on: decimal(talk.speech_on),
            speech_off: decimal(talk.speech_off),
            onset_ms: ms(talk.onset),
            preroll_ms: ms(talk.preroll),
            speculate_after_ms: ms(talk.speculate_after),
            prepare_at: decimal(talk.prepare_at),
            sure_at: decimal(talk.sure_at),
            wait_sure_ms: ms(talk.wait_sure),
            wait_rising_ms: ms(talk.wait_rising),
            wait_unsure_ms: ms(talk.wait_unsure),
            partial_every_ms: ms(talk.partial_every),
            longest_turn_ms: ms(talk.longest_turn),
            barge_onset_ms: ms(talk.barge_onset),
            barge_judge_ms: ms(talk.barge_judge),
            transcript_patience_ms: ms(talk.transcript_patience),
            reply_patience_ms: ms(talk.reply_patience),
            staging_ms: ms(talk.staging),
            idle_after_ms: ms(talk.idle_after),
            waste_limit: decimal(talk.waste_limit),
        }
    }
}

/// Through text, so that 0.35 does not become 0.3499999940395355.
fn decimal(value: f32) -> f64 {
    value
        .to_string()
        .parse()
        .expect("an f32 prints as a number")
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Conversation {
    pub(super) keep_minutes: f64,
    /// Empty: the platform's data folder.
    pub(super) data_dir: String,
}

impl Default for Conversation {
    fn default() -> Self {
        Self {
            keep_minutes: 30.0,
            data_dir: String::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vault {
    pub(super) lock_after_minutes: f64,
}

impl Default for Vault {
    fn default() -> Self {
        Self {
            lock_after_minutes: 10.0,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Souls {
    /// networked, constitutional or both.
    pub(super) here: String,
    /// 0: no soul of another process is heard.
    pub(super) port: i64,
}

impl Default for Souls {
    fn default() -> Self {
        Self {
            here: "both".into(),
            port: 0,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Persona {
    /// One that is built in, or a file in the folder `personas` of the data folder.
    pub(super) name: String,
    /// Empty: the persona's own words.
    pub(super) prompt: String,
}

impl Default for Persona {
    fn default() -> Self {
        Self {
            name: janet_vault::persona::DEFAULT.into(),
            prompt: String::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    pub(super) filter: String,
    pub(super) format: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            filter: "info".into(),
            format: "text".into(),
        }
    }
}
