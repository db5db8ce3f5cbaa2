//! Vectors for texts: what means much the same points in much the same direction.
//!
//! A BERT encoder of the sentence-transformers family (MiniLM is the one that Janet knows by name), read
//! from its safetensors, `config.json` and `tokenizer.json`. A text's vector is the mean over its tokens,
//! at length 1. Texts are laid end to end and only attention tells them apart, so that a batch wastes
//! nothing on padding and gives the same vectors as its texts one by one.

mod job;
mod model;
mod tokens;
mod weights;

pub use job::EmbedJob;
pub use model::TextEmbedder;
