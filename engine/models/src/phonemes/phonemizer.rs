//! Text in, sentences of symbols out.

use super::lexicon::Lexicon;
use super::weak::{Joint, Place, forms, join};
use crate::ModelError;

/// One symbol that the voice has an id for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// The IPA letter, mark, punctuation or space.
    pub phoneme: char,
    /// The text up to this byte has been said once this symbol has been heard; 0 where no word
    /// ends.
    pub end_byte: usize,
}

/// Symbols that are spoken in one go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    /// The symbols in their order.
    pub symbols: Vec<Symbol>,
}

/// Turns text into sentences of symbols.
pub struct Phonemizer {
    lexicon: Lexicon,
}

/// A word or a pause of the text.
enum Piece {
    Word {
        word: String,
        ipa: String,
        end_byte: usize,
    },
    Pause {
        mark: char,
        end_byte: usize,
    },
}

impl Phonemizer {
    /// The built-in English dictionary and rules; needs nothing else.
    ///
    /// # Errors
    /// When the embedded dictionary is damaged.
    pub fn built_in() -> Result<Self, ModelError> {
        Ok(Self {
            lexicon: Lexicon::new()?,
        })
    }

    /// The sentences of `text`; none when there is nothing to say.
    pub fn sentences(&self, text: &str) -> Vec<Sentence> {
        let mut pieces = Vec::new();
        let mut start = None;
        for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
            if c.is_alphanumeric() || c == '\'' {
                start.get_or_insert(at);
            } else {
                if let Some(s) = start.take() {
                    let word = text[s..at].to_lowercase();
                    let ipa = self.lexicon.say(&text[s..at]);
                    pieces.push(Piece::Word {
                        word,
                        ipa,
                        end_byte: at,
                    });
                }
                if ",.;:!?".contains(c) {
                    pieces.push(Piece::Pause {
                        mark: c,
                        end_byte: at + 1,
                    });
                }
            }
        }
        assemble(&pieces)
    }
}

/// Words and pauses to symbols, each word in the form that its neighbours give it.
fn assemble(pieces: &[Piece]) -> Vec<Sentence> {
    let mut spoken: Vec<(String, String)> = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let Piece::Word { word, ipa, .. } = piece else {
            spoken.push((String::new(), String::new()));
            continue;
        };
        let last = !matches!(pieces.get(index + 1), Some(Piece::Word { .. }));
        let ipa = match forms(word) {
            Some((_, strong)) if last => strong.to_owned(),
            Some((weak, _)) => weak.to_owned(),
            None => ipa.clone(),
        };
        spoken.push((word.clone(), ipa));
    }
    let mut sentences = Vec::new();
    let mut sentence = Sentence::default();
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Word { end_byte, .. } => {
                let (word, ipa) = &spoken[index];
                let next = spoken.get(index + 1).filter(|(next, _)| !next.is_empty());
                let place = Place {
                    ipa,
                    next: next.map(|(next, ipa)| (next.as_str(), ipa.as_str())),
                };
                let (ipa, joint) = join(word, &place);
                sentence.push(&ipa, *end_byte);
                if next.is_some() && joint == Joint::Apart {
                    sentence.push(" ", 0);
                }
            }
            Piece::Pause { mark, end_byte } => {
                sentence.push(&mark.to_string(), *end_byte);
                if ".!?".contains(*mark) {
                    sentences.push(std::mem::take(&mut sentence));
                } else {
                    sentence.push(" ", 0);
                }
            }
        }
    }
    if !sentence.symbols.is_empty() {
        sentences.push(sentence);
    }
    sentences
}

impl Sentence {
    fn push(&mut self, ipa: &str, end_byte: usize) {
        let symbols = ipa.chars().map(|phoneme| Symbol {
            phoneme,
            end_byte: 0,
        });
        self.symbols.extend(symbols);
        if let Some(last) = self.symbols.last_mut() {
            last.end_byte = end_byte;
        }
    }
}
