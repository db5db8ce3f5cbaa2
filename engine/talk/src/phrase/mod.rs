//! From the language model's text to pieces worth speaking.

mod cutter;
mod speakable;

pub(crate) use cutter::{Phrase, PhraseCutter};
