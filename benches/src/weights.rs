//! Loads what a measurement needs from the model store.

use std::path::PathBuf;
use std::sync::Arc;

use janet_engine::{Engine, EngineConfig, ModelPaths, Models};

/// What both sides are told: the peers' scripts use the same words and limit.
pub(crate) const SYSTEM: &str =
    "You are a friendly voice assistant. Answer in one or two short sentences.";
/// See [`SYSTEM`].
pub(crate) const MAX_TOKENS: usize = 24;

/// Where the weights lie and how many cores there are.
pub(crate) struct Weights {
    pub(crate) models: PathBuf,
    pub(crate) threads: usize,
}

/// Benches speak no secrets.
struct Open;
impl janet_engine::ports::Gate for Open {
    fn redact<'a>(&self, text: &'a str) -> std::borrow::Cow<'a, str> {
        text.into()
    }
}

impl Weights {
    pub(crate) fn paths(&self) -> ModelPaths {
        let at = |model: &str, file: &str| self.models.join(model).join(file);
        ModelPaths {
            vad: at("silero-vad-6.2", "silero_vad_16k.safetensors"),
            turn: at("smart-turn-3.2", "smart-turn-v3.2-cpu.onnx"),
            stt_dir: self.models.join("whisper-tiny.en"),
            llm: at(
                "smollm2-135m-instruct-q4_1",
                "SmolLM2-135M-Instruct.Q4_1.gguf",
            ),
            voice: at("piper-en_US-joe-medium", "en_US-joe-medium.onnx"),
            voice_config: at("piper-en_US-joe-medium", "en_US-joe-medium.onnx.json"),
        }
    }

    pub(crate) fn config(&self, system: &str, max_tokens: usize) -> EngineConfig {
        EngineConfig {
            threads: self.threads,
            system_prompt: system.into(),
            max_tokens,
            ..EngineConfig::default()
        }
    }

    pub(crate) fn engine(&self, system: &str, max_tokens: usize) -> anyhow::Result<Engine> {
        let config = self.config(system, max_tokens);
        let models = Models::load(&self.paths(), &config, &mut |_, _| {})?;
        Ok(Engine::start(
            models,
            Arc::new(Open),
            janet_engine::ports::Servers::default(),
            config,
        )?)
    }
}
