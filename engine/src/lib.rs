//! Sessions, the pacer and the arbiter: what turns the pure conversation into sound.
//!
//! Joins `talk` (every policy), `audio` (rings and clocks) and `models` (work in steps). Knows no
//! socket and no async runtime: a transport pushes microphone samples into a ring, pops playout
//! chunks from another, and reads [`Event`]s when its waker was called.
//!
//! ```text
//!   transport ── push_mic ──▶ capture ring ─┐                    ┌─▶ arbiter: workers step jobs
//!             ── commands ────────────────▶ │ pacer: Core::step ─┤        (VAD inline)
//!             ◀── events ────────────────── │  (Turn decides)  ◀─┴── results
//!             ◀── poll_audio ── playout ring ┘
//! ```

#![forbid(unsafe_code)]

pub mod arbiter;
pub mod client;
mod config;
mod engine;
mod error;
mod event;
pub mod hear;
pub mod histogram;
mod model_choice;
mod models;
pub mod oneshot;
mod pacer;
pub mod ports;
mod record;
pub mod replay;
mod sensitivity;
mod session;
pub mod speak;
mod voice;
pub mod waterfall;

pub use config::{EngineConfig, SignalDevice};
pub use engine::{Engine, EngineStats};
pub use error::{EngineError, Fault};
pub use event::{Cause, Ending, Event, Ledger, Mark, ReplyId, Voice, Why};
pub use janet_talk::MicMode;
pub use model_choice::ModelChoice;
pub use models::{ModelInfo, ModelPaths, Models};
pub use sensitivity::Sensitivity;
pub use session::{
    Act, AudioChunk, FaceFrame, Playback, Role, Session, SessionSettings, SessionSpec, VOICE_SPEEDS,
};
pub use voice::VoiceChoice;
