//! A single word's phonemes: dictionary, then its parts, then a guess.

use piper_plus_g2p::{Phonemizer as _, english::EnglishPhonemizer};

use super::accent;
use super::spelling;
use crate::ModelError;

/// Longer "words" are noise; more of them is not read.
const MOST_LETTERS: usize = 40;

/// Words that the dictionary lacks or says in another way than people do now.
const OWN: [(&str, &str); 24] = [
    ("janet", "dʒˈænɪt"),
    ("wifi", "wˈaɪfaɪ"),
    ("app", "ˈæp"),
    ("apps", "ˈæps"),
    ("emoji", "ɪmˈoʊdʒi"),
    ("podcast", "pˈɑːdkæst"),
    ("bluetooth", "blˈuːtuːθ"),
    ("youtube", "jˈuːtuːb"),
    ("google", "ɡˈuːɡəl"),
    ("linux", "lˈɪnʌks"),
    ("github", "ɡˈɪthʌb"),
    ("covid", "kˈoʊvɪd"),
    ("selfie", "sˈɛlfi"),
    ("okay", "oʊkˈeɪ"),
    ("ok", "oʊkˈeɪ"),
    ("blog", "blˈɑːɡ"),
    ("url", "jˌuːˌɑːɹˈɛl"),
    ("html", "ˌeɪtʃtˌiːˌɛmˈɛl"),
    ("hmm", "hˈʌm"),
    ("mm", "ˈʌm"),
    ("uh", "ˈʌ"),
    ("um", "ˈʌm"),
    ("piper", "pˈaɪpɚ"),
    ("smartphone", "smˈɑːɹtfoʊn"),
];

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
        if let Some((_, ipa)) = OWN.iter().find(|(own, _)| *own == lower) {
            return (*ipa).to_owned();
        }
        let capitals = short.len() > 1 && !short.chars().any(char::is_lowercase);
        if capitals && spelling::is_spelled(&short) {
            return spelling::spell(&short);
        }
        if let Some(ipa) = self.known(&lower) {
            return accent::espeak(&lower, &ipa);
        }
        spelling::spell(&lower)
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
