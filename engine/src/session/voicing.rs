//! A phrase that another process speaks.

use janet_models::ModelError;
use janet_models::visemes::{AudioVisemes, VisemeFrame, Visemes};
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
    mouth: Reader,
}

/// Reads the mouth's shapes from the sound.
#[derive(Debug)]
enum Reader {
    /// It is a file, there is no place, or it failed.
    Nobody,
    /// It begins with the first sound, which tells its rate.
    Ready(Visemes),
    Reading(Box<AudioVisemes>),
}

impl Speech {
    /// `visemes` where a mouth is to follow.
    pub(crate) fn new(phrase: PhraseId, text_bytes: usize, visemes: Option<Visemes>) -> Self {
        Self {
            phrase,
            text_bytes,
            rate_hz: 24_000,
            mouth: match visemes {
                Some(visemes) => Reader::Ready(visemes),
                None => Reader::Nobody,
            },
        }
    }

    fn sound(&mut self, samples: Vec<f32>, upto_byte: usize, last: bool) -> What {
        let frames = self.mouth.read(&samples, self.rate_hz, last);
        What::Sound(Piece {
            phrase: self.phrase,
            samples,
            rate_hz: self.rate_hz,
            upto_byte,
            last,
            mouth: Mouth::Audio(frames),
        })
    }
}

impl Reader {
    /// The frames that these samples make known. A face is not worth a word that is not heard: where
    /// reading fails, the mouth closes for the rest of the phrase.
    fn read(&mut self, samples: &[f32], rate_hz: u32, last: bool) -> Vec<VisemeFrame> {
        match self.try_read(samples, rate_hz, last) {
            Ok(frames) => frames,
            Err(error) => {
                tracing::warn!(%error, "her mouth cannot follow the speech server");
                *self = Self::Nobody;
                Vec::new()
            }
        }
    }

    fn try_read(
        &mut self,
        samples: &[f32],
        rate_hz: u32,
        last: bool,
    ) -> Result<Vec<VisemeFrame>, ModelError> {
        if let Self::Ready(visemes) = self
            && !samples.is_empty()
        {
            *self = match visemes.stream(rate_hz)? {
                Some(stream) => Self::Reading(Box::new(stream)),
                None => Self::Nobody,
            };
        }
        let mut frames = Vec::new();
        if let Self::Reading(stream) = self {
            stream.push(samples)?;
            if last {
                stream.finish()?;
            }
            while let Some(frame) = stream.take()? {
                frames.push(frame);
            }
        }
        Ok(frames)
    }
}

impl Work for Speech {
    fn failure(&self) -> Failure {
        Failure(What::Unspoken)
    }
}

impl Voicing {
    /// Sound that follows what came before, at the same rate (mono, −1 to 1); the phrase's text is said
    /// up to `upto_byte` once it was heard.
    pub fn sound(&mut self, samples: Vec<f32>, rate_hz: u32, upto_byte: usize) {
        self.work.rate_hz = rate_hz;
        let sound = self.work.sound(samples, upto_byte, false);
        self.post(sound);
    }

    /// The phrase is complete.
    pub fn done(&mut self) {
        let upto_byte = self.work.text_bytes;
        let end = self.work.sound(Vec::new(), upto_byte, true);
        self.end(end);
    }
}

#[cfg(test)]
#[path = "voicing_test.rs"]
mod tests;
