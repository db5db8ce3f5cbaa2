//! The engine's knobs. The gateway resolves them from profiles, files and flags.

use std::path::PathBuf;

pub use janet_kernels::signal::Choice as SignalDevice;

/// Everything the engine is started with beside the weights.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// When turns end and when Janet holds and stops.
    pub talk: janet_talk::Config,
    /// Cores that model work may use: workers of the arbiter and threads of the kernels.
    pub threads: usize,
    /// What people speak: `auto`, or a language's code such as `de`.
    pub language: String,
    /// Sessions that may be open at once; past it `open` says busy.
    pub sessions: usize,
    /// Requests of other software that may be open at once; past it they are told to come back.
    pub requests: usize,
    /// From this load on (share of the permits' time over about eight seconds, 0 to 1) no further
    /// spoken conversation begins; 1 admits always.
    pub busy_at: f32,
    /// Conversations whose prompt stays in the language model's cache.
    pub llm_slots: usize,
    /// Context of the language model, in tokens.
    pub context_tokens: usize,
    /// What the language model is told before everything else.
    pub system_prompt: String,
    /// Tokens of one answer at most.
    pub max_tokens: usize,
    /// 0 is greedy.
    pub temperature: f32,
    /// Seed of sampling and of the voice's noise.
    pub seed: u64,
    /// How fast the voice speaks; 1 is the voice's own pace, 2 twice as fast.
    pub speed: f32,
    /// Which of the voice's speakers, by name or number, where it has several; `None`: the first.
    pub speaker: Option<String>,
    /// Where shapes of the mouth are read from the sound of a speech server. The CPU takes a tenth of a
    /// millisecond for each frame; a GPU is worth its way there where hundreds are spoken to at once.
    pub visemes: SignalDevice,
    /// Windows quieter than this are not shown to the VAD, in dBFS.
    pub gate_db: f32,
    /// Where sessions are recorded for `janet replay` (inputs with their times, words blanked
    /// out); `None` records nothing.
    pub record_dir: Option<PathBuf>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            talk: janet_talk::Config::default(),
            threads: 2,
            language: "auto".into(),
            sessions: 256,
            requests: 8,
            busy_at: 0.75,
            llm_slots: 4,
            context_tokens: 2048,
            system_prompt: "You are Janet, a friendly voice assistant. Answer in one or two short \
                            sentences."
                .into(),
            max_tokens: 160,
            temperature: 0.0,
            seed: 0,
            speed: 1.0,
            speaker: None,
            visemes: SignalDevice::Cpu,
            gate_db: -62.0,
            record_dir: None,
        }
    }
}
