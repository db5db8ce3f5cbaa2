//! Speech to text: OpenAI's Whisper, from the weights that faster-whisper uses (CTranslate2) or
//! Hugging Face's safetensors.
//!
//! A [`TranscribeJob`] turns 16 kHz sound into text in bounded steps: spectrogram, encoder,
//! decoder, and a judgement whether there was speech at all. It decides what was said and in which
//! language, never when somebody has finished speaking.
//!
//! ```text
//! pcm ─► mel ─► encoder (blocks of rows) ─► cross keys/values ─► language? ─► greedy decoder ─► judge ─► text
//!                  ▲                                   ▲                                     │  │      │
//!                  └────── once more with more context ┼───────────────────────── unsure ────┘  │      └► words' times
//!                                                      └─ drawn anew at 0.2 … 1.0 ── no good ───┘
//! ```

mod align;
pub mod attention;
mod check;
mod choose;
pub mod decoder;
pub mod encoder;
mod fallback;
pub mod judge;
mod lanes;
mod language;
pub mod loudness;
mod model;
mod options;
mod settings;
mod stock;
pub mod text;
mod tiles;
mod timing;
mod transcribe;
mod vocabulary;
mod weights;
mod windows;
mod words;

pub use check::{check, check_language};
pub use language::{Language, Spoken};
pub use model::Whisper;
pub use options::{Context, Options, Pass, Transcription, Word};
pub use transcribe::TranscribeJob;
pub use weights::Dims;
pub(crate) use weights::files;
