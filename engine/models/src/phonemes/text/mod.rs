//! Written text to words and pauses: what a reader would say for what is printed.
//!
//! Decides how numbers, dates, signs, abbreviations, links and markup are read in English. Never
//! decides how a word sounds. Every piece says how far into the original text it reaches.

mod abbreviations;
mod amounts;
mod dates;
mod digits;
mod numbers;
mod scan;
mod signs;
#[cfg(test)]
mod table_test;
mod web;

pub(super) use scan::pieces;

/// A piece of what is to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A word: letters and apostrophes, in the case in which it was written.
    Word {
        /// The word.
        word: String,
        /// The text up to this byte is said with it; 0 in the midst of what one token stands for.
        end_byte: usize,
    },
    /// Letters and digits to be said one by one.
    Spelled {
        /// The letters.
        letters: String,
        /// As in `Word`.
        end_byte: usize,
    },
    /// A stop: one of `, ; : . ! ?`.
    Pause {
        /// The mark.
        mark: char,
        /// As in `Word`.
        end_byte: usize,
    },
}

impl Piece {
    /// The text up to this byte is said with the piece; 0 in the midst of a token.
    pub(super) fn end_byte(&self) -> usize {
        match self {
            Self::Word { end_byte, .. }
            | Self::Spelled { end_byte, .. }
            | Self::Pause { end_byte, .. } => *end_byte,
        }
    }
}

/// What a matcher makes of the text before it: how many bytes it reads, and the words for them.
type Reading = Option<(usize, Vec<Said>)>;

/// A word or stop before its place in the text is known.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Word(String),
    Spelled(String),
    Pause(char),
}

impl Said {
    fn word(word: &str) -> Self {
        Self::Word(word.to_owned())
    }
}

/// Words by spaces.
fn words(text: &str) -> Vec<Said> {
    text.split_whitespace().map(Said::word).collect()
}
