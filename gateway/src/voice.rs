//! What the engine needs to know, from the configuration.

use janet_engine::EngineConfig;

use crate::config::Config;
use crate::persona::Who;

/// The engine's knobs.
pub(crate) fn engine_config(config: &Config, who: &Who) -> EngineConfig {
    let engine = &config.engine;
    EngineConfig {
        talk: config.talk.clone(),
        threads: engine.threads,
        visemes: engine.visemes,
        language: config.stt.language.clone(),
        sessions: engine.sessions,
        requests: engine.requests,
        busy_at: engine.busy_at,
        llm_slots: engine.llm_slots,
        context_tokens: engine.context_tokens,
        system_prompt: who.prompt().text,
        max_tokens: engine.max_tokens,
        temperature: engine.temperature,
        seed: engine.seed.unwrap_or_else(|| fastrand::u64(..)),
        speed: engine.speed,
        speaker: config.models.speaker.clone(),
        gate_db: engine.gate_db,
        record_dir: engine.record_dir.clone(),
    }
}
