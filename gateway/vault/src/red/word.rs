//! What may be a safe word, and how one is read.
//!
//! Typed on another keyboard, the same letters may come as other code points: words are brought to
//! Unicode's composed form (NFC) before anything else. Nothing is trimmed and case counts.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// Characters that a safe word has at least.
pub const LEAST_CHARACTERS: usize = 8;
/// Different characters that it has at least.
const LEAST_DIFFERENT: usize = 5;
/// A longer one is refused before anything is done with it.
pub const MOST_BYTES: usize = 1024;

/// Words that are tried first by whoever tries words, and what stands in their place here.
const COMMON: &[&str] = &[
    "password",
    "passwort",
    "passphrase",
    "safeword",
    "safe word",
    "letmein",
    "iloveyou",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "trustno1",
    "qwertyui",
    "qwertyuiop",
    "asdfghjkl",
    "qwertzui",
    "qwertzuiop",
    "1q2w3e4r",
    "1qaz2wsx",
    "changeme",
    "superman",
    "computer",
    "whatever",
    "welcome",
    "janetjanet",
    "hello janet",
    "hey janet",
    "red thread",
    "open sesame",
    "swordfish",
    "correct horse battery staple",
];

/// Why a word is not taken. It says what is missing and nothing of the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeakWord {
    /// It is too short.
    #[error("a safe word has {LEAST_CHARACTERS} characters at least; four words are better")]
    Short,
    /// It is too long.
    #[error("a safe word has {MOST_BYTES} bytes at most")]
    Long,
    /// It has digits only.
    #[error("a safe word is not made of digits alone")]
    Digits,
    /// It is one or a few characters over and over.
    #[error("a safe word has {LEAST_DIFFERENT} different characters at least")]
    Monotonous,
    /// It is a run of the alphabet or of digits.
    #[error("a safe word is no run of neighbours like abcdefgh")]
    Run,
    /// Everybody tries it.
    #[error("this safe word is among the first that anybody would try")]
    Common,
    /// It has a character that cannot be typed everywhere.
    #[error("a safe word has no control characters")]
    Control,
}

/// A safe word, or the password of an export, that was chosen and is good enough.
pub struct SafeWord(Zeroizing<String>);

impl fmt::Debug for SafeWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SafeWord([private])")
    }
}

impl SafeWord {
    /// Takes a new word if it is hard enough to guess: eight characters at least, five of them
    /// different, not digits alone, no run of neighbours, and not among the first that anybody tries,
    /// however it is decorated with digits and signs.
    pub fn chosen(word: &str) -> Result<Self, WeakWord> {
        if word.len() > MOST_BYTES {
            return Err(WeakWord::Long);
        }
        let word = normalized(word);
        if word.chars().any(char::is_control) {
            return Err(WeakWord::Control);
        }
        if word.chars().count() < LEAST_CHARACTERS {
            return Err(WeakWord::Short);
        }
        if word.chars().all(|c| c.is_numeric() || c.is_whitespace()) {
            return Err(WeakWord::Digits);
        }
        let mut different: Zeroizing<Vec<char>> = Zeroizing::new(Vec::with_capacity(word.len()));
        different.extend(word.chars().map(|c| c.to_ascii_lowercase()));
        let run = different.windows(2).all(|pair| {
            let (one, next) = (u32::from(pair[0]), u32::from(pair[1]));
            one.abs_diff(next) <= 1
        });
        if run {
            return Err(WeakWord::Run);
        }
        different.sort_unstable();
        different.dedup();
        if different.len() < LEAST_DIFFERENT {
            return Err(WeakWord::Monotonous);
        }
        let plain = word.trim_matches(|c: char| !c.is_alphabetic());
        let known =
            |common: &&str| word.eq_ignore_ascii_case(common) || plain.eq_ignore_ascii_case(common);
        if COMMON.iter().any(known) {
            return Err(WeakWord::Common);
        }
        Ok(Self(word))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The composed form, in memory that is zeroed.
pub(super) fn normalized(word: &str) -> Zeroizing<String> {
    // NFC makes a text three times as long at most: nothing is moved and left behind.
    let mut composed = Zeroizing::new(String::with_capacity(word.len() * 3));
    composed.extend(word.nfc());
    composed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weak_word_is_refused_with_what_is_missing() {
        for (word, why) in [
            ("", WeakWord::Short),
            ("tulips7", WeakWord::Short),
            ("äöüäöüß", WeakWord::Short),
            ("4817263548172635", WeakWord::Digits),
            ("4817 2635 4817", WeakWord::Digits),
            ("aaaaaaaaaaaa", WeakWord::Run),
            ("anananananan", WeakWord::Monotonous),
            ("abcdefghijkl", WeakWord::Run),
            ("HGFEDCBA", WeakWord::Run),
            ("password", WeakWord::Common),
            ("Password123!", WeakWord::Common),
            ("1QAZ2wsx", WeakWord::Common),
            ("correct horse battery staple", WeakWord::Common),
            ("tulips\nin May", WeakWord::Control),
        ] {
            assert_eq!(SafeWord::chosen(word).err(), Some(why), "{word}");
        }
        assert_eq!(
            SafeWord::chosen(&"long words ".repeat(100)).err(),
            Some(WeakWord::Long)
        );
        for word in [
            "tulips7&",
            "under the old bridge",
            "Brücke im Mai",
            "пароль-сложный",
        ] {
            assert!(SafeWord::chosen(word).is_ok(), "{word}");
        }
    }

    #[test]
    fn the_same_letters_of_another_keyboard_are_the_same_word() {
        assert_eq!(*normalized("Bru\u{308}cke"), *normalized("Br\u{fc}cke"));
        assert_ne!(*normalized("tulips7&"), *normalized("Tulips7&"));
        assert_ne!(*normalized("tulips7& "), *normalized("tulips7&"));
    }

    #[test]
    fn the_composed_form_is_never_moved() {
        // The longest growth that Unicode knows in NFC, over and over.
        for worst in ["\u{1d160}", "\u{fb2c}", "\u{390}", "\u{344}"] {
            let word = worst.repeat(200);
            assert!(normalized(&word).len() <= word.len() * 3);
        }
    }
}
