//! A phrase that another process speaks.

use janet_talk::PhraseId;

use super::delegated::{Delegated, Failure, Work};
use super::posted::{Mouth, Piece, What};

/// Takes the sound of one phrase as it is made. Where it fails, the engine's own voice speaks the
/// phrase instead, from its first word.
pub type Voicing = Delegated<Speech>;

/// A phrase being spoken.
#[derive(Debug)]
pub struct Speech {
    phrase: PhraseId,
    text_bytes: usize,
    rate_hz: u32,
}

impl Speech {
    pub(crate) const fn new(phrase: PhraseId, text_bytes: usize) -> Self {
        Self {
            phrase,
            text_bytes,
            rate_hz: 24_000,
        }
    }

    fn sound(&self, samples: Vec<f32>, upto_byte: usize, last: bool) -> What {
        What::Sound(Piece {
            phrase: self.phrase,
            samples,
            rate_hz: self.rate_hz,
            upto_byte,
            last,
            mouth: Mouth::Audio,
        })
    }
}

impl Work for Speech {
    fn failure(&self) -> Failure {
        Failure(What::Unspoken)
    }
}

impl Voicing {
    /// Sound that follows what came before (mono, −1 to 1); the phrase's text is said up to
    /// `upto_byte` once it was heard.
    pub fn sound(&mut self, samples: Vec<f32>, rate_hz: u32, upto_byte: usize) {
        self.work.rate_hz = rate_hz;
        let sound = self.work.sound(samples, upto_byte, false);
        self.post(sound);
    }

    /// The phrase is complete.
    pub fn done(&mut self) {
        let end = self.work.sound(Vec::new(), self.work.text_bytes, true);
        self.end(end);
    }
}
