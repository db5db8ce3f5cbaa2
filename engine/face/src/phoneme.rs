//! What the mouth does for a sound of speech: IPA letters to shapes.
//!
//! Decides which shape each letter has, how wide, how firmly it insists on it while it sounds, and how
//! far it reaches into its neighbours. Knows no times but those reaches.
//!
//! Sources: the letters of espeak's and Piper's phonemes (International Phonetic Alphabet); dominance of
//! segments as in Cohen & Massaro, *Modeling Coarticulation in Synthetic Visual Speech* (1993).

use crate::{RATE_HZ, Viseme};

/// One movement of the mouth. What most sounds have one of, an affricate or an aspirated stop has two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gesture {
    /// The shape.
    pub viseme: Viseme,
    /// How much of the shape is reached, 0..=1.
    pub width: f32,
    /// How firmly it holds its place: the logarithm of its dominance in its own middle over that at its
    /// edges.
    pub firmness: f32,
    /// How far it reaches ahead of its beginning, in samples at 48 kHz: there its dominance is 1/e of that
    /// at the edge.
    pub ahead: f32,
    /// How far it lingers behind its end, likewise.
    pub behind: f32,
}

/// What the mouth does for one letter: a gesture, or two of which the first takes this share of its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Phoneme {
    /// One shape.
    One(Gesture),
    /// Two, one after the other.
    Two {
        /// The first.
        first: Gesture,
        /// The second.
        second: Gesture,
        /// The first one's share of the time, 0..=1.
        share: f32,
    },
}

const fn millis(ms: u32) -> f32 {
    (ms * (RATE_HZ / 1000)) as f32
}

/// Lips that have to meet: firm, and quick to let go.
const fn closure(viseme: Viseme) -> Gesture {
    Gesture {
        viseme,
        width: 1.0,
        firmness: 4.0,
        ahead: millis(20),
        behind: millis(12),
    }
}

/// Vowels reach far, ahead more than behind.
const fn vowel(viseme: Viseme, width: f32) -> Gesture {
    Gesture {
        viseme,
        width,
        firmness: 2.2,
        ahead: millis(45),
        behind: millis(35),
    }
}

/// Consonants that show.
const fn firm(viseme: Viseme, width: f32) -> Gesture {
    Gesture {
        viseme,
        width,
        firmness: 2.2,
        ahead: millis(25),
        behind: millis(20),
    }
}

/// Consonants that are made behind the lips and let their neighbours show.
const fn weak(viseme: Viseme) -> Gesture {
    Gesture {
        viseme,
        width: 0.7,
        firmness: 2.0,
        ahead: millis(18),
        behind: millis(18),
    }
}

/// The mouth at rest.
pub(crate) const SILENCE: Gesture = Gesture {
    viseme: Viseme::Sil,
    width: 1.0,
    firmness: 2.2,
    ahead: millis(25),
    behind: millis(25),
};

impl Phoneme {
    /// What an IPA letter looks like; everything else (punctuation, the space, what is not known) is
    /// silence.
    ///
    /// ```
    /// use janet_face::{Phoneme, Viseme};
    /// let Phoneme::One(m) = Phoneme::of('m') else { panic!("one movement") };
    /// assert_eq!(m.viseme, Viseme::M);
    /// ```
    pub fn of(symbol: char) -> Self {
        use Viseme::{A, E, F, I, M, O, P, Th, U};
        let one =
            match symbol {
                'm' | 'b' | 'ɓ' | 'ʙ' | 'ɱ' => closure(M),
                // The lips part with a burst.
                'p' => {
                    return Self::Two {
                        first: closure(M),
                        second: firm(P, 1.0),
                        share: 0.7,
                    };
                }
                'f' | 'v' | 'ⱱ' => closure(F),
                'θ' | 'ð' => firm(Th, 1.0),
                's' | 'z' | 'ɬ' | 'ɮ' => firm(Th, 0.8),
                't' | 'd' | 'n' | 'l' | 'ɫ' | 'ɾ' | 'r' | 'ɖ' | 'ʈ' | 'ɳ' | 'ɭ' | 'ɗ' | 'ɽ'
                | 'ǀ' => weak(Th),
                'ʃ' | 'ʒ' | 'ʂ' | 'ʐ' | 'ɕ' | 'ʑ' | 'ç' | 'ɧ' => firm(U, 0.7),
                // Behind the teeth, then the lips come forward.
                'ʧ' | 'ʤ' => {
                    return Self::Two {
                        first: weak(Th),
                        second: firm(U, 0.8),
                        share: 0.3,
                    };
                }
                'w' | 'ʍ' | 'ɥ' => firm(U, 1.0),
                'ɹ' | 'ɻ' | 'ʋ' => weak(U),
                'j' | 'ʝ' => weak(I),
                'k' | 'ɡ' | 'g' | 'ŋ' | 'c' | 'ɟ' | 'q' | 'ɢ' | 'x' | 'ɣ' | 'χ' | 'ʁ' | 'ʀ'
                | 'ɴ' | 'h' | 'ɦ' | 'ħ' | 'ʔ' | 'ʕ' | 'ɲ' | 'ʎ' | 'ʟ' | 'ɰ' | 'ɠ' | 'ʄ' | 'ʛ'
                | 'β' | 'ɸ' => weak(P),
                'a' | 'ɑ' | 'ɒ' | 'æ' | 'ä' | 'ɐ' => vowel(A, 1.0),
                'ʌ' => vowel(A, 0.8),
                'ɛ' | 'e' | 'œ' | 'ɶ' => vowel(E, 1.0),
                'ə' | 'ɘ' | 'ɚ' | 'ɜ' | 'ɝ' | 'ɞ' | 'ɵ' => vowel(E, 0.7),
                'i' => vowel(I, 1.0),
                'ɪ' | 'ᵻ' | 'ɨ' | 'ɯ' => vowel(I, 0.8),
                'ɔ' | 'o' | 'ɤ' | 'ø' => vowel(O, 1.0),
                'u' | 'y' | 'ʉ' => vowel(U, 1.0),
                'ʊ' | 'ʏ' => vowel(U, 0.8),
                _ => SILENCE,
            };
        Self::One(one)
    }

    /// Its shape in its middle.
    pub fn middle(self) -> Viseme {
        match self {
            Self::One(gesture) => gesture.viseme,
            Self::Two {
                first,
                second,
                share,
            } => {
                if share > 0.5 {
                    first.viseme
                } else {
                    second.viseme
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_the_alphabet_that_the_voice_speaks_has_a_shape() {
        // The sounds of espeak's English, and the borders of the alphabet.
        for letter in "aɑæɐʌbdðeɛəɚɜfɡhiɪᵻjklmnŋoɔpɹɾsʃtθuʊvwzʒʔʧʤyøœɲʁx".chars()
        {
            assert_ne!(Phoneme::of(letter).middle(), Viseme::Sil, "{letter}");
        }
        for pause in " .,;:!?-—…\u{200d}1".chars() {
            assert_eq!(Phoneme::of(pause), Phoneme::One(SILENCE), "{pause:?}");
        }
    }

    #[test]
    fn lips_meet_for_these_and_for_no_others() {
        let closed = |letter: &char| {
            let (Phoneme::One(gesture) | Phoneme::Two { first: gesture, .. }) =
                Phoneme::of(*letter);
            matches!(gesture.viseme, Viseme::M | Viseme::F)
        };
        let letters = "abcdefghijklmnopqrstuvwxyzɑæʌðɛəɜɡɪŋɔɹɾʃθʊʒ";
        assert_eq!(letters.chars().filter(closed).collect::<String>(), "bfmpv");
    }

    #[test]
    fn no_gesture_asks_for_more_than_a_mouth_can_do() {
        for symbol in '\0'..='\u{2fff}' {
            let gestures = match Phoneme::of(symbol) {
                Phoneme::One(one) => vec![one],
                Phoneme::Two {
                    first,
                    second,
                    share,
                } => {
                    assert!(share > 0.0 && share < 1.0);
                    vec![first, second]
                }
            };
            for gesture in gestures {
                assert!((0.0..=1.0).contains(&gesture.width) && gesture.width >= 0.5);
                assert!(gesture.firmness >= 2.0);
                assert!(gesture.ahead > 0.0 && gesture.behind > 0.0);
            }
        }
    }
}
