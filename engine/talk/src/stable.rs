//! Words of a running turn that will not change any more.
//!
//! Two partial transcripts in a row are compared: what both begin with, less the last word they
//! agree on, may be put into the language model's cache. Never takes a word back.

/// The last partial transcript and what was held stable so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct StableWords {
    before: Vec<String>,
    stable: usize,
}

impl StableWords {
    /// Takes in a partial; returns the stable words if there are more of them than before.
    pub(crate) fn hear(&mut self, text: &str) -> Option<String> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        let agreed = words
            .iter()
            .zip(&self.before)
            .take_while(|(a, b)| a == b)
            .count();
        let stable = agreed.saturating_sub(1);
        let grown = stable > self.stable;
        let text = grown.then(|| words[..stable].join(" "));
        if grown {
            self.stable = stable;
        }
        self.before = words;
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_partials_agree_on_all_but_the_last_common_word() {
        let mut words = StableWords::default();
        assert_eq!(words.hear("what is the"), None);
        assert_eq!(
            words.hear("what is the capital"),
            Some("what is".to_owned())
        );
        assert_eq!(
            words.hear("what is the capital of"),
            Some("what is the".to_owned())
        );
    }

    #[test]
    fn a_partial_that_says_the_same_again_brings_nothing_new() {
        let mut words = StableWords::default();
        words.hear("turn on the light");
        assert_eq!(
            words.hear("turn on the light"),
            Some("turn on the".to_owned())
        );
        assert_eq!(words.hear("turn on the light"), None);
        assert_eq!(words.hear("turn off"), None);
        assert_eq!(words.hear(""), None);
    }
}
