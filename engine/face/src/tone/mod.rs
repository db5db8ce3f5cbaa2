//! How she means what she says: a tone for each sentence of an answer.
//!
//! English words and rules, no model: it has to be there before the sentence is spoken, costs
//! microseconds, and errs towards [`Tone::Neutral`], which offends nobody. What stands in quotes is
//! somebody else's and counts for nothing; neither does another language.

mod gestures;
mod lexicon;
mod quotes;
mod rules;
mod sentences;
mod words;

use std::ops::Range;

use crate::named::named;

pub use gestures::{Placed, gestures};

named! {
    /// As PROTOCOL's `tone {name}` has it.
    Tone {
        Happy = "happy",
        Thinking = "thinking",
        Neutral = "neutral",
        Concerned = "concerned",
    }
}

/// A tone and how much of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mood {
    /// How she means it.
    pub tone: Tone,
    /// 0..=1; 0 for [`Tone::Neutral`].
    pub intensity: f64,
}

impl Mood {
    /// Nothing in particular.
    pub const NEUTRAL: Self = Self {
        tone: Tone::Neutral,
        intensity: 0.0,
    };
}

/// A sentence and how it is meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Sentence {
    /// Its bytes in the text.
    pub at: Range<usize>,
    /// How it is meant.
    pub mood: Mood,
}

/// The sentences of a text in their order, each with its tone.
pub fn of_sentences(text: &str) -> Vec<Sentence> {
    let own = quotes::masked(text);
    sentences::split(&own)
        .into_iter()
        .map(|at| Sentence {
            mood: rules::judge(&words::read(&own[at.clone()])),
            at,
        })
        .collect()
}

/// The tone of a text as a whole: the one that most of it has, fainter where most of it has none.
pub fn of_text(text: &str) -> Mood {
    let sentences = of_sentences(text);
    let mut best = Mood::NEUTRAL;
    let mut most = 0.0;
    for tone in Tone::ALL {
        let of_it = || {
            sentences
                .iter()
                .map(|sentence| sentence.mood)
                .filter(move |mood| mood.tone == tone)
        };
        let sum: f64 = of_it().map(|mood| mood.intensity).sum();
        if sum > most {
            most = sum;
            let share = of_it().count() as f64 / sentences.len() as f64;
            let strongest = of_it().map(|mood| mood.intensity).fold(0.0, f64::max);
            best = Mood {
                tone,
                intensity: strongest * (0.5 + 0.5 * share),
            };
        }
    }
    best
}

#[cfg(test)]
mod held_out_test;
#[cfg(test)]
mod table_test;
