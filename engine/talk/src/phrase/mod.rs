//! From the language model's text to pieces worth speaking.

mod cutter;
mod speakable;

pub(crate) use cutter::{Phrase, PhraseCutter};

/// Cuts a whole text into the pieces in which she would speak it.
pub fn phrases(text: &str) -> Vec<String> {
    let mut cutter = PhraseCutter::default();
    let mut out = Vec::new();
    cutter.push(text, |phrase| out.push(phrase.text));
    cutter.finish(|phrase| out.push(phrase.text));
    out
}
