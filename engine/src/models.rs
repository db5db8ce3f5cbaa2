//! The loaded weights of one process, shared by all sessions.

use std::path::PathBuf;

use janet_kernels::Exec;
use janet_models::{ModelError, llm, silero, smart_turn, vits, whisper};
use serde::Serialize;

use crate::{EngineConfig, EngineError};

/// A language model in fewer bytes than this (about 500 million parameters of 8 bits) cannot be
/// relied on for facts, and whoever talks to it should know.
const SMALL_BYTES: u64 = 500_000_000;

/// Where the weights lie.
#[derive(Clone, Debug)]
pub struct ModelPaths {
    /// Silero VAD, safetensors.
    pub vad: PathBuf,
    /// Smart Turn, ONNX.
    pub turn: PathBuf,
    /// Whisper: the folder with `model.bin` or `model.safetensors`, `config.json` and
    /// `tokenizer.json`.
    pub stt_dir: PathBuf,
    /// Language model, GGUF.
    pub llm: PathBuf,
    /// Voice, ONNX.
    pub voice: PathBuf,
    /// The voice's configuration, JSON.
    pub voice_config: PathBuf,
}

/// Which model does what, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelInfo {
    /// `vad`, `turn`, `stt`, `llm` or `tts`.
    pub role: &'static str,
    /// The model's name: that of its folder in the store.
    pub name: String,
    /// What one should know of it.
    pub note: String,
}

/// Every model of the voice path, loaded and warmed up.
pub struct Models {
    pub(crate) vad: silero::Vad,
    pub(crate) turn: smart_turn::SmartTurn,
    pub(crate) stt: whisper::Whisper,
    /// What people speak; checked against the model.
    pub(crate) language: whisper::Language,
    pub(crate) llm: llm::Llm,
    pub(crate) voice: vits::Voice,
    info: Vec<ModelInfo>,
}

impl Models {
    /// Loads and warms up everything; `progress` is told the stage and how far all of it is (0–1).
    pub fn load(
        paths: &ModelPaths,
        config: &EngineConfig,
        progress: &mut dyn FnMut(&str, f32),
    ) -> Result<Self, EngineError> {
        let exec = Exec::cpu(config.threads);
        let failed = |role| move |source: ModelError| EngineError::Model { role, source };
        progress("voice activity", 0.0);
        let vad = silero::Vad::load(&paths.vad).map_err(failed("vad"))?;
        progress("end of turn", 0.05);
        let turn = smart_turn::SmartTurn::load(&paths.turn, &exec).map_err(failed("turn"))?;
        turn.warm_up().map_err(failed("turn"))?;
        progress("speech to text", 0.2);
        let stt = whisper::Whisper::load(&paths.stt_dir, &exec).map_err(failed("stt"))?;
        let language = stt.language(&config.language).map_err(failed("stt"))?;
        stt.warm_up().map_err(failed("stt"))?;
        progress("language model", 0.45);
        let options = llm::LlmOptions {
            slots: config.llm_slots,
            context_tokens: config.context_tokens,
            ..llm::LlmOptions::default()
        };
        let llm = llm::Llm::load(&paths.llm, &exec, options).map_err(failed("llm"))?;
        warm_up(&llm, &config.system_prompt).map_err(failed("llm"))?;
        progress("voice", 0.8);
        let speaker = config.speaker.as_deref();
        let (onnx, json) = (&paths.voice, &paths.voice_config);
        let voice = vits::Voice::load_speaker(onnx, json, speaker, &exec).map_err(failed("tts"))?;
        voice.warm_up().map_err(failed("tts"))?;
        progress("ready", 1.0);
        let name = |path: &PathBuf| {
            let folder = if path.is_dir() {
                Some(path.as_path())
            } else {
                path.parent()
            };
            let name = folder
                .and_then(|folder| folder.file_name())
                .unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        let threads = config.threads;
        let on_cpu = format!("on the CPU, {threads} threads");
        let info = |role, path: &PathBuf| ModelInfo {
            role,
            name: name(path),
            note: on_cpu.clone(),
        };
        let mut info = vec![
            info("vad", &paths.vad),
            info("turn", &paths.turn),
            info("stt", &paths.stt_dir),
            info("llm", &paths.llm),
            info("tts", &paths.voice),
        ];
        if std::fs::metadata(&paths.llm).is_ok_and(|file| file.len() < SMALL_BYTES) {
            for llm in info.iter_mut().filter(|model| model.role == "llm") {
                // As short as the others: a list of models has little room.
                llm.note = "very small: often wrong".into();
            }
        }
        Ok(Self {
            vad,
            turn,
            stt,
            language,
            llm,
            voice,
            info,
        })
    }

    /// Which model does what.
    pub fn describe(&self) -> &[ModelInfo] {
        &self.info
    }

    /// Samples per second of the voice, before resampling.
    pub fn voice_rate_hz(&self) -> u32 {
        self.voice.sample_rate_hz()
    }
}

/// Runs the system prompt through the language model: it is then in the cache, to be forked by the
/// first session.
fn warm_up(llm: &llm::Llm, system_prompt: &str) -> Result<(), ModelError> {
    let messages = [
        llm::Message::new(llm::Role::System, system_prompt),
        llm::Message::new(llm::Role::User, "Hello."),
    ];
    let mut going = llm.begin(0, &messages, llm::Sampling::greedy(4))?;
    while !matches!(going.step()?, llm::LlmStep::Done(_)) {}
    Ok(())
}
