//! Which language is heard: told, or found by the model in its very first step.

use super::choose::probabilities;

/// The language that a transcription is made in. Made by [`Whisper::language`](super::Whisper::language), which
/// knows the model's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Language(pub(super) Option<u32>);

impl Language {
    /// The model listens for itself: one step of the decoder, which it makes anyway.
    pub const AUTO: Self = Self(None);
}

/// The language of a transcription.
#[derive(Clone, Debug, PartialEq)]
pub struct Spoken {
    /// Its code as Whisper has it: `en`, `de`, `yue`.
    pub code: String,
    /// How probable the model found it among its languages; 1 where it was told.
    pub probability: f32,
}

/// A language whose own probability is under this is not believed on the strength of a few words:
/// then it is English, if that is among the model's.
const LEAST_SURE: f32 = 0.5;

/// The languages of a model: their codes and tokens, in the model's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Languages(pub Vec<(String, u32)>);

impl Languages {
    /// The token of a code.
    pub(super) fn token(&self, code: &str) -> Option<u32> {
        let found = self.0.iter().find(|(known, _)| known == code);
        found.map(|(_, token)| *token)
    }

    /// The code of a token.
    pub(super) fn code(&self, token: u32) -> Option<&str> {
        let found = self.0.iter().find(|(_, known)| *known == token);
        found.map(|(code, _)| code.as_str())
    }

    /// The language that the scores after the start speak for, its token and probability.
    pub(super) fn detect(&self, scores: &[f32]) -> Option<(u32, f32)> {
        let tokens: Vec<u32> = self.0.iter().map(|(_, token)| *token).collect();
        let chances = probabilities(scores, &tokens);
        let all = || tokens.iter().copied().zip(chances.iter().copied());
        let best = all().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let english = self.token("en");
        let fallback = all().find(|(token, _)| Some(*token) == english);
        Some(match fallback {
            Some(english) if best.1 < LEAST_SURE => english,
            _ => best,
        })
    }

    /// Some of the codes, for an error.
    pub(super) fn some(&self) -> String {
        let codes: Vec<&str> = self.0.iter().map(|(code, _)| code.as_str()).collect();
        match codes.as_slice() {
            [first @ .., _, _] if first.len() > 10 => {
                format!("{} and {} more", codes[..10].join(", "), codes.len() - 10)
            }
            all => all.join(", "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn languages() -> Languages {
        Languages(vec![("en".into(), 2), ("de".into(), 3), ("cy".into(), 4)])
    }

    #[test]
    fn the_likeliest_of_the_languages_wins_whatever_other_tokens_score() {
        let (token, chance) = languages()
            .detect(&[99.0, 99.0, 0.0, 5.0, 0.0])
            .expect("one");
        assert_eq!(token, 3);
        assert!((chance - 1.0 / (1.0 + 2.0 * (-5.0f32).exp())).abs() < 1e-6);
    }

    #[test]
    fn where_no_language_is_likely_it_is_english() {
        let (token, chance) = languages().detect(&[0.0, 0.0, 1.0, 1.1, 1.0]).expect("one");
        assert_eq!(token, 2);
        assert!(chance < 0.34, "{chance}");
    }

    #[test]
    fn an_error_lists_some_and_says_how_many_more() {
        assert_eq!(languages().some(), "en, de, cy");
        let many = (0..99).map(|i| (format!("l{i}"), i)).collect();
        let listed = Languages(many).some();
        assert!(
            listed.starts_with("l0, l1") && listed.ends_with("89 more"),
            "{listed}"
        );
    }
}
