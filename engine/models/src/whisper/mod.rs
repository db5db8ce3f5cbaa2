//! Speech to text: OpenAI's Whisper, from the CTranslate2 weights that faster-whisper uses.
//!
//! A [`TranscribeJob`] turns one piece of 16 kHz sound into text in bounded steps: spectrogram,
//! encoder, decoder, and a judgement whether there was speech at all. It decides what was said,
//! never when somebody has finished speaking. English only for now.
//!
//! ```text
//! pcm ─► mel ─► encoder (blocks of rows) ─► cross keys/values ─► greedy decoder ─► judge ─► text
//!                  ▲                                                                │
//!                  └────────── once more with the full 30 s context ◄── unsure ─────┘
//! ```

pub mod attention;
mod check;
pub mod decoder;
pub mod encoder;
pub mod judge;
mod lanes;
mod model;
pub mod text;
mod tiles;
mod transcribe;
mod vocabulary;
mod weights;

pub use check::check;
pub use model::Whisper;
pub use transcribe::{Context, Options, Pass, TranscribeJob, Transcription};
pub use weights::Dims;
