//! Sentences without sense, for training: words of the trained sentences, and words that do not exist.
//!
//! A network that hears only few sentences learns their words by heart. What a sound looks like is to be learnt,
//! whatever its neighbours are.

use crate::clips::Split;

/// How often a word is one that does not exist.
const INVENTED: f32 = 0.4;
/// How often a word is followed by a comma.
const COMMA: f32 = 0.1;
const FIRST: [&str; 42] = [
    "b", "bl", "br", "ch", "d", "dr", "f", "fl", "fr", "g", "gl", "gr", "h", "j", "k", "cl", "cr",
    "l", "m", "n", "p", "pl", "pr", "qu", "r", "s", "sh", "sk", "sl", "sm", "sn", "sp", "st",
    "str", "sw", "t", "th", "tr", "v", "w", "y", "z",
];
const MIDDLE: [&str; 22] = [
    "a", "e", "i", "o", "u", "ai", "ay", "ea", "ee", "oa", "oo", "ou", "oy", "aw", "ar", "er",
    "ir", "or", "ur", "igh", "ow", "ew",
];
const LAST: [&str; 36] = [
    "b", "d", "f", "g", "ck", "l", "m", "n", "p", "s", "t", "v", "z", "x", "sh", "th", "ch", "ng",
    "nk", "mp", "nd", "nt", "st", "sk", "lt", "ld", "lf", "ft", "pt", "ct", "ps", "ts", "ble",
    "dge", "ve", "",
];

/// Where the words come from.
pub(crate) struct Words {
    known: Vec<String>,
}

impl Words {
    /// The words of those of `lines` that are trained.
    pub(crate) fn of(lines: &[&str]) -> Self {
        let trained = lines
            .iter()
            .enumerate()
            .filter(|(at, _)| Split::of(*at) == Split::Train);
        let words = trained.flat_map(|(_, line)| line.split_whitespace());
        let bare = words.map(|word| {
            let inner = word.trim_matches(|c: char| !c.is_alphanumeric());
            inner.to_lowercase()
        });
        Self {
            known: bare.filter(|word| !word.is_empty()).collect(),
        }
    }

    /// A sentence: always the same for one seed.
    pub(crate) fn sentence(&self, seed: u64) -> String {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x776f_7264);
        let count = rng.usize(4..11);
        let mut text = String::new();
        for at in 0..count {
            if rng.f32() < INVENTED {
                for _ in 0..rng.usize(1..3) {
                    text += FIRST[rng.usize(..FIRST.len())];
                    text += MIDDLE[rng.usize(..MIDDLE.len())];
                }
                text += LAST[rng.usize(..LAST.len())];
            } else {
                text += &self.known[rng.usize(..self.known.len())];
            }
            let last = at + 1 == count;
            text += match rng.f32() {
                x if last && x < 0.2 => "?",
                _ if last => ".",
                x if x < COMMA => ", ",
                _ => " ",
            };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_made_of_what_is_trained_and_is_drawn_from_its_seed() {
        // The fourth is for validation, the eighth for tests.
        let lines = [
            "One", "two.", "three,", "NEVER", "five", "six", "seven", "NEVER",
        ];
        let words = Words::of(&lines);
        let all: Vec<String> = (0..200).map(|seed| words.sentence(seed)).collect();
        assert_eq!(words.sentence(7), all[7]);
        assert!(all.iter().any(|text| text.contains("three")));
        assert!(all.iter().all(|text| !text.contains("never")));
        assert!(all.iter().all(|text| text.ends_with(['.', '?'])));
        assert!(
            all.iter()
                .all(|text| (4..=10).contains(&text.split(' ').count()))
        );
    }
}
