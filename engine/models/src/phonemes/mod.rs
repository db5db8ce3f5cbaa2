//! From written text to the phonemes that a Piper voice was trained on.
//!
//! Decides what is pronounced and how: numbers, dates and signs become words (`text`), words
//! become phonemes by dictionary, rules or guess, and neighbours change each other. Every symbol
//! remembers how far into the original text it reaches. Never touches sound, and needs no other
//! program; an installed `espeak-ng` may take its place, as a process of its own.

mod accent;
mod espeak;
mod exceptions;
mod guess;
mod lexicon;
mod phonemizer;
mod spelling;
mod text;
mod weak;

pub use espeak::Espeak;
pub use phonemizer::{Phonemizer, Sentence, Symbol};
