//! Which words are said by which sample: a server does not tell, so a phrase's text is spread evenly
//! over its sound.
//!
//! How long the sound will be is known at the beginning only where the answer says so. Elsewhere it
//! is reckoned from the phrases before, a little too long rather than too short: a word that is said
//! to be heard was heard.

/// Seconds of sound for each byte of text, before anything is known: slow speech.
const SLOW: f32 = 0.085;
/// A guess is stretched by this.
const CAUTION: f32 = 1.1;
/// What is guessed never reaches the end; the end is told when it is there.
const MOST: f32 = 0.97;

/// How fast a server speaks, learnt phrase by phrase.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pace {
    /// Seconds for each byte at speed 1.
    learnt: Option<f32>,
}

impl Pace {
    /// A phrase of so many bytes took so many seconds at this speed.
    pub(super) fn learn(&mut self, bytes: usize, seconds: f32, speed: f32) {
        // Short phrases are mostly pauses.
        if bytes < 12 || !seconds.is_finite() {
            return;
        }
        let each = seconds * speed / bytes as f32;
        self.learnt = Some(match self.learnt {
            Some(learnt) => 0.7 * learnt + 0.3 * each,
            None => each,
        });
    }

    /// How many seconds a phrase will take.
    pub(super) fn guess(self, bytes: usize, speed: f32) -> f32 {
        let each = self.learnt.map_or(SLOW, |learnt| learnt * CAUTION);
        bytes as f32 * each / speed
    }
}

/// The byte that is reached after so many of so many seconds, at the end of a word.
pub(super) fn reached(text: &str, seconds: f32, of: f32) -> usize {
    let share = (seconds / of.max(f32::EPSILON)).clamp(0.0, MOST);
    let byte = (share * text.len() as f32) as usize;
    let head = text.as_bytes().get(..byte).unwrap_or_default();
    // ASCII never occurs inside another character.
    head.iter()
        .rposition(|byte| *byte == b' ')
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_count_when_their_share_of_the_sound_is_through() {
        let text = "One two three four.";
        let at = |seconds| &text[..reached(text, seconds, 1.9)];
        assert_eq!(at(0.0), "");
        assert_eq!(at(0.35), "");
        assert_eq!(at(0.45), "One");
        assert_eq!(at(1.0), "One two");
        // The last word is known to be said only at the end.
        assert_eq!(at(99.0), "One two three");
        assert_eq!(reached(text, 1.0, 0.0), "One two three".len());
        assert_eq!(reached("", 1.0, 1.0), 0);
        assert_eq!(reached("Größe über alles", 0.9, 1.0), "Größe über".len());
    }

    #[test]
    fn the_pace_is_learnt_and_guessed_with_caution() {
        let mut pace = Pace::default();
        let text = "a sentence of thirty letters..";
        let unknown = pace.guess(text.len(), 1.0);
        pace.learn(text.len(), 1.8, 1.0);
        let known = pace.guess(text.len(), 1.0);
        assert!((1.8..2.1).contains(&known) && known < unknown, "{known}");
        // Twice as fast is half as long, and teaches the same.
        assert!((pace.guess(text.len(), 2.0) - known / 2.0).abs() < 1e-4);
        let before = pace;
        pace.learn(text.len(), 0.9, 2.0);
        assert!((pace.guess(30, 1.0) - before.guess(30, 1.0)).abs() < 1e-4);
        pace.learn(3, 9.0, 1.0);
        pace.learn(30, f32::NAN, 1.0);
        assert!((pace.guess(30, 1.0) - before.guess(30, 1.0)).abs() < 1e-4);
    }
}
