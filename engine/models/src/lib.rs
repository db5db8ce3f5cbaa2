//! The models of the voice path, on candle, and the store that their weights live in.
//!
//! Each model is a loader, a warm-up and jobs that go forward in bounded `step()`s, so that the
//! engine can take turns between them and stop any of them between two steps. A model never
//! starts a thread, never waits and never decides what a result means for the conversation.

pub mod ct2;
pub mod embed;
pub mod error;
pub mod llm;
pub mod mel;
pub mod onnx;
pub mod phonemes;
pub mod silero;
pub mod smart_turn;
pub mod step;
pub mod store;
pub mod visemes;
pub mod vits;
pub mod whisper;

pub use error::ModelError;
pub use step::Step;
