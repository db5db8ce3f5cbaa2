//! Words as they are searched for.
//!
//! Cuts a text at everything that is no letter and no digit, folds case and plural. A query goes the same
//! way, so nothing that somebody types is ever syntax of the index. The index on disk is made of these:
//! what changes here needs a migration that makes it anew.

use std::collections::{HashMap, HashSet};

/// Longer ones are cut: no word of a language is.
const MOST_BYTES: usize = 40;

/// Words that say nothing about what is asked for. Folded as [`words`] folds.
const SAYS_NOTHING: &[&str] = &[
    "a", "about", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but",
    "by", "can", "could", "d", "did", "do", "doe", "don", "for", "from", "had", "ha", "have", "he",
    "her", "him", "hi", "how", "i", "if", "in", "is", "it", "janet", "just", "know", "ll", "m",
    "me", "my", "no", "not", "of", "on", "or", "our", "please", "re", "remember", "s", "say",
    "she", "so", "some", "t", "tell", "that", "the", "their", "them", "then", "there", "these",
    "they", "thi", "those", "to", "up", "us", "ve", "wa", "we", "were", "what", "when", "where",
    "which", "who", "why", "will", "with", "would", "you", "your",
];

/// Every word of the text, in order.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(fold)
        .collect()
}

/// The words of a query that say something, each once.
pub(super) fn asked(query: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    words(query)
        .into_iter()
        .filter(|word| !SAYS_NOTHING.contains(&word.as_str()) && seen.insert(word.clone()))
        .collect()
}

/// What the index is given for a text.
pub(super) fn indexed(text: &str) -> String {
    words(text).join(" ")
}

/// Lower case, cut, and without the ending of a plural ("parties" and "party", "dogs" and "dog").
fn fold(word: &str) -> String {
    let mut word = word.to_lowercase();
    word.truncate(word.floor_char_boundary(MOST_BYTES));
    if word.len() > 4 && word.ends_with("ies") {
        word.truncate(word.len() - 3);
        word.push('y');
    } else if word.ends_with('s') && !word.ends_with("ss") && !word.ends_with("us") {
        let kept = word.len() - 1;
        if kept > 1 {
            word.truncate(kept);
        }
    }
    word
}

/// How many entries hold each word.
#[derive(Default)]
pub(super) struct Counts {
    entries: HashMap<Box<str>, u32>,
    /// All entries, whatever they hold.
    all: u32,
}

impl Counts {
    pub(super) fn of_entries(all: u32) -> Self {
        Self {
            all,
            ..Self::default()
        }
    }

    pub(super) fn set(&mut self, word: String, entries: u32) {
        self.entries.insert(word.into_boxed_str(), entries);
    }

    /// How many entries there are.
    pub(super) fn all(&self) -> u32 {
        self.all
    }

    /// How many hold this one.
    pub(super) fn of(&self, word: &str) -> u32 {
        self.entries.get(word).copied().unwrap_or(0)
    }

    pub(super) fn add(&mut self, text: &str) {
        self.all += 1;
        for word in distinct(text) {
            *self.entries.entry(word.into_boxed_str()).or_default() += 1;
        }
    }

    pub(super) fn remove(&mut self, text: &str) {
        self.all = self.all.saturating_sub(1);
        for word in distinct(text) {
            if let Some(count) = self.entries.get_mut(word.as_str()) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.entries.remove(word.as_str());
                }
            }
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The words that nothing holds any more once `old` is gone and `new` is there.
    pub(super) fn gone(&self, old: &str, new: Option<&str>) -> Vec<String> {
        let kept = new.map(distinct).unwrap_or_default();
        distinct(old)
            .into_iter()
            .filter(|word| self.of(word) <= 1 && !kept.contains(word))
            .collect()
    }

    /// Whether a word begins so that is none of these.
    pub(super) fn begins_another(&self, beginning: &str, gone: &[String]) -> bool {
        self.entries
            .keys()
            .any(|word| word.starts_with(beginning) && !gone.iter().any(|g| g.as_str() == &**word))
    }
}

fn distinct(text: &str) -> HashSet<String> {
    words(text).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_and_folded() {
        let rows: &[(&str, &[&str])] = &[
            ("", &[]),
            ("  ,;—!", &[]),
            ("Tea, no sugar.", &["tea", "no", "sugar"]),
            ("The dogs' parties", &["the", "dog", "party"]),
            ("class bus gas is", &["class", "bus", "ga", "is"]),
            ("Zoë's café №7 ÜBER", &["zoë", "s", "café", "7", "über"]),
            (
                "a\"b* NEAR(c) col:d ^e {f}",
                &["a", "b", "near", "c", "col", "d", "e", "f"],
            ),
            ("日本語 ИВАН", &["日本語", "иван"]),
        ];
        for (text, expected) in rows {
            assert_eq!(words(text), *expected, "{text:?}");
        }
        assert_eq!(fold(&"ä".repeat(100)), "ä".repeat(20));
    }

    #[test]
    fn folding_twice_is_folding_once_for_what_says_nothing() {
        for word in SAYS_NOTHING {
            assert_eq!(fold(word), *word, "a query would never meet it");
        }
        assert_eq!(asked("What do you know about me, Janet?"), [""; 0]);
        assert_eq!(asked("dogs Dog's the dog cat"), ["dog", "cat"]);
    }

    #[test]
    fn counts_know_what_is_gone() {
        let mut counts = Counts::default();
        counts.add("red tea red");
        counts.add("green tea");
        assert_eq!((counts.of("red"), counts.of("tea")), (1, 2));
        assert_eq!(counts.gone("red tea", None), ["red"]);
        assert_eq!(counts.gone("red tea", Some("red wine")), [""; 0]);
        assert!(counts.begins_another("te", &["red".into()]));
        assert!(!counts.begins_another("re", &["red".into()]));
        counts.remove("red tea red");
        assert_eq!((counts.of("red"), counts.of("tea")), (0, 1));
    }
}
