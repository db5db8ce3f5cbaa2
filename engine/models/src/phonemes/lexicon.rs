//! A single word's phonemes: dictionary, then its parts, then a guess.

use piper_plus_g2p::{Phonemizer as _, english::EnglishPhonemizer};

use super::accent;
use super::exceptions;
use super::guess::guess;
use super::spelling;
use crate::ModelError;

/// Longer "words" are noise; more of them is not read.
const MOST_LETTERS: usize = 40;
/// Shorter parts of a compound are too often a coincidence.
const LEAST_PART: usize = 4;

/// The built-in pronunciation of English words.
pub(super) struct Lexicon {
    dictionary: EnglishPhonemizer,
}

impl Lexicon {
    pub(super) fn new() -> Result<Self, ModelError> {
        let dictionary = EnglishPhonemizer::new_bundled().map_err(|error| ModelError::Input {
            what: "the built-in dictionary",
            reason: error.to_string(),
        })?;
        Ok(Self { dictionary })
    }

    /// The phonemes of `word` (letters and apostrophes, case as written), standing alone.
    pub(super) fn say(&self, word: &str) -> String {
        let short: String = word.chars().take(MOST_LETTERS).collect();
        let lower = short.to_lowercase();
        if let Some(ipa) = exceptions::say(&lower) {
            return ipa.to_owned();
        }
        let capitals = short.len() > 1 && !short.bytes().any(|byte| byte.is_ascii_lowercase());
        if capitals && spelling::is_spelled(&short) {
            return spelling::spell(&short);
        }
        if let Some(ipa) = self.known(&lower).or_else(|| self.owned(&lower)) {
            return accent::espeak(&lower, &ipa);
        }
        if spelling::is_spelled(&lower) {
            return spelling::spell(&lower);
        }
        self.compound(&lower)
            .unwrap_or_else(|| accent::espeak(&lower, &guess(&lower)))
    }

    /// "Zorblax's", "boss'": an owner that the dictionary may not know.
    fn owned(&self, lower: &str) -> Option<String> {
        let owner = lower.strip_suffix("'s")?;
        let ipa = self.known(owner).unwrap_or_else(|| guess(owner));
        let ending = match ipa.chars().next_back()? {
            's' | 'z' | 'ʃ' | 'ʒ' => "ᵻz",
            'p' | 't' | 'k' | 'f' | 'θ' => "s",
            _ => "z",
        };
        Some(ipa + ending)
    }

    /// Two known words written as one: the first is stressed more.
    fn compound(&self, lower: &str) -> Option<String> {
        let longest_first = (LEAST_PART..lower.len().saturating_sub(LEAST_PART - 1)).rev();
        longest_first
            .filter(|&at| lower.is_char_boundary(at))
            .find_map(|at| {
                let (head, tail) = lower.split_at(at);
                let (first, second) = (self.known(head)?, self.known(tail)?);
                let first = accent::espeak(head, &first);
                Some(first + &accent::espeak(tail, &second).replace('ˈ', "ˌ"))
            })
    }

    /// The dictionary's own phonemes, if it has the word or its stem.
    fn known(&self, lower: &str) -> Option<String> {
        let (phonemes, _) = self.dictionary.phonemize_with_prosody(lower).ok()?;
        let ipa = phonemes.concat();
        // What it does not know, it spells.
        let spelled: String = lower.chars().filter_map(spelled_by_dictionary).collect();
        (!ipa.is_empty() && (ipa != spelled || lower.chars().count() == 1)).then_some(ipa)
    }
}

/// How the dictionary spells a letter: its own marks and lengths, not espeak's.
fn spelled_by_dictionary(letter: char) -> Option<&'static str> {
    match letter {
        'r' => Some("ˈɑːɹ"),
        'w' => Some("dˈʌbəljuː"),
        'a'..='z' => spelling::name(letter),
        _ => None,
    }
}
