//! Text in, sentences of symbols out.

use super::espeak::Espeak;
use super::lexicon::Lexicon;
use super::spelling;
use super::text::{self, Piece};
use super::weak::{Joint, Place, forms, join};
use crate::ModelError;

/// A sentence with more symbols than this ends at its next pause of any kind, so that the encoder,
/// whose cost grows with the square, keeps its steps short.
const LONG_SENTENCE: usize = 120;
/// A sentence without a pause ends here.
const MOST_SYMBOLS: usize = 200;

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
    espeak: Option<Espeak>,
}

impl Phonemizer {
    /// The built-in English dictionary and rules; needs nothing else.
    ///
    /// # Errors
    /// When the embedded dictionary is damaged.
    pub fn built_in() -> Result<Self, ModelError> {
        Ok(Self {
            lexicon: Lexicon::new()?,
            espeak: None,
        })
    }

    /// Asks `espeak` first and the built-in rules only when it fails.
    #[must_use]
    pub fn with_espeak(mut self, espeak: Espeak) -> Self {
        self.espeak = Some(espeak);
        self
    }

    /// The sentences of `text`; none when there is nothing to say.
    pub fn sentences(&self, text: &str) -> Vec<Sentence> {
        let pieces = text::pieces(text);
        let asked = self.espeak.as_ref().and_then(|espeak| ask(espeak, &pieces));
        let spoken =
            asked.unwrap_or_else(|| pieces.iter().map(|piece| self.speak(piece)).collect());
        assemble(&spoken)
    }

    fn speak(&self, piece: &Piece) -> Spoken {
        match piece {
            Piece::Word { word, end_byte } => {
                let lower = word.to_ascii_lowercase();
                // Capital letters are no function word: "IT", "US" are spelled.
                let shouted = word.len() > 1 && !word.bytes().any(|b| b.is_ascii_lowercase());
                let forms = forms(&lower).filter(|_| !shouted);
                let ipa = self.lexicon.say(word);
                Spoken::Word {
                    word: lower,
                    ipa,
                    forms,
                    end_byte: *end_byte,
                }
            }
            Piece::Spelled { letters, end_byte } => {
                let ipa = spelling::spell(letters);
                Spoken::Word {
                    word: String::new(),
                    ipa,
                    forms: None,
                    end_byte: *end_byte,
                }
            }
            Piece::Pause { mark, end_byte } => Spoken::Pause {
                mark: *mark,
                end_byte: *end_byte,
            },
        }
    }
}

/// A piece with its phonemes.
enum Spoken {
    Word {
        word: String,
        ipa: String,
        /// Within a phrase and before a pause.
        forms: Option<(&'static str, &'static str)>,
        end_byte: usize,
    },
    Pause {
        mark: char,
        end_byte: usize,
    },
}

impl Spoken {
    /// The word and the phonemes it has when `next` follows it.
    fn before<'a>(&'a self, next: Option<&Self>) -> Option<(&'a str, &'a str)> {
        let Self::Word {
            word, ipa, forms, ..
        } = self
        else {
            return None;
        };
        let ipa = match (forms, next) {
            (Some((weak, _)), Some(Self::Word { .. })) => weak,
            (Some((_, strong)), _) => strong,
            (None, _) => ipa.as_str(),
        };
        Some((word, ipa))
    }
}

/// What espeak says for the pieces, clause by clause. Where it joins words, each of the clause's
/// ends is put behind as large a share of what it says.
fn ask(espeak: &Espeak, pieces: &[Piece]) -> Option<Vec<Spoken>> {
    let pause = |piece: &Piece| matches!(piece, Piece::Pause { .. });
    let runs: Vec<&[Piece]> = pieces.chunk_by(|a, b| pause(a) == pause(b)).collect();
    let clauses: Vec<String> = runs
        .iter()
        .filter(|run| !run.iter().any(pause))
        .map(|run| clause(run))
        .collect();
    if clauses.is_empty() {
        return None;
    }
    let mut said = espeak.say(&clauses)?.into_iter();
    let mut spoken = Vec::new();
    for run in runs {
        if let [Piece::Pause { mark, end_byte }] = run {
            spoken.push(Spoken::Pause {
                mark: *mark,
                end_byte: *end_byte,
            });
            continue;
        }
        let said = said.next()?;
        let words: Vec<&str> = said.split_whitespace().collect();
        let ends: Vec<usize> = run.iter().map(Piece::end_byte).collect();
        for (index, ipa) in words.iter().enumerate() {
            let share = (index + 1) * ends.len() / words.len();
            let end_byte = share
                .checked_sub(1)
                .and_then(|at| ends.get(at))
                .copied()
                .unwrap_or(0);
            let (word, ipa) = (String::new(), (*ipa).to_owned());
            spoken.push(Spoken::Word {
                word,
                ipa,
                forms: None,
                end_byte,
            });
        }
    }
    Some(spoken)
}

/// A clause as text for espeak; letters stand apart so that it spells them.
fn clause(run: &[Piece]) -> String {
    let mut clause = String::new();
    for piece in run {
        match piece {
            Piece::Word { word, .. } => clause.push_str(word),
            Piece::Spelled { letters, .. } => {
                let apart: Vec<String> = letters
                    .chars()
                    .map(|letter| letter.to_uppercase().to_string())
                    .collect();
                clause.push_str(&apart.join(" "));
            }
            Piece::Pause { .. } => {}
        }
        clause.push(' ');
    }
    clause.truncate(clause.trim_end().len());
    clause
}

/// Words and pauses to symbols, each word in the form that its neighbours give it.
fn assemble(spoken: &[Spoken]) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    let mut sentence = Sentence::default();
    for (index, piece) in spoken.iter().enumerate() {
        let following = spoken.get(index + 1);
        match piece {
            Spoken::Word { end_byte, .. } => {
                let Some((word, ipa)) = piece.before(following) else {
                    continue;
                };
                let next = following.and_then(|next| next.before(spoken.get(index + 2)));
                let (ipa, joint) = join(word, &Place { ipa, next });
                sentence.push(&ipa, *end_byte);
                if next.is_none() {
                    continue;
                }
                if sentence.symbols.len() > MOST_SYMBOLS {
                    sentences.push(std::mem::take(&mut sentence));
                } else if joint == Joint::Apart {
                    sentence.push(" ", 0);
                }
            }
            Spoken::Pause { mark, end_byte } => {
                let mut buffer = [0; 4];
                sentence.push(mark.encode_utf8(&mut buffer), *end_byte);
                let long = sentence.symbols.len() > LONG_SENTENCE;
                if ".!?".contains(*mark) || long {
                    sentences.push(std::mem::take(&mut sentence));
                } else if following.is_some() {
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
    /// Appends sounds; with the last of them the text up to `end_byte` has been said.
    fn push(&mut self, ipa: &str, end_byte: usize) {
        let count = ipa.chars().count();
        let symbols = ipa.chars().enumerate().map(|(index, phoneme)| Symbol {
            phoneme,
            end_byte: if index + 1 == count { end_byte } else { 0 },
        });
        self.symbols.extend(symbols);
    }
}
