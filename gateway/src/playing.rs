//! Her voice on its way from a connection to the task of its session, whatever carries that.

use std::time::Instant;

use janet_engine::Playback;
use janet_protocol::FaceFrame;

use crate::face;

/// What the engine wants to be heard, or not to be heard after all.
#[derive(Debug)]
pub(crate) enum Sound {
    /// Some of her voice.
    Chunk {
        /// Where it begins.
        first_sample: u32,
        /// 48 kHz, mono.
        samples: Box<[i16]>,
        /// When the engine put it into its ring.
        made: Instant,
        /// What her face does at it.
        face: Option<FaceFrame>,
    },
    /// Everything from this sample on is not said.
    Flush {
        /// The first of them.
        from_sample: u32,
    },
    /// The mouth is closed.
    Closed(FaceFrame),
}

impl Sound {
    /// What the engine hands out now, as what a queue can hold.
    pub(crate) fn of(playback: &Playback<'_>, now: Instant) -> Self {
        match playback {
            Playback::Chunk(chunk) => Self::Chunk {
                first_sample: chunk.first_sample,
                samples: chunk.samples.into(),
                made: now.checked_sub(chunk.waited).unwrap_or(now),
                face: chunk.face.as_ref().map(face::frame),
            },
            Playback::Face(frame) => Self::Closed(face::frame(frame)),
            Playback::Flush { from_sample } => Self::Flush {
                from_sample: *from_sample,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use janet_engine::AudioChunk;

    use super::*;

    #[test]
    fn sound_keeps_its_place_and_how_long_it_has_waited() {
        let (now, waited) = (Instant::now(), Duration::from_millis(7));
        let chunk = AudioChunk {
            first_sample: 480,
            samples: &[1, 2],
            waited,
            face: None,
        };
        let Sound::Chunk {
            first_sample,
            samples,
            made,
            face: None,
        } = Sound::of(&Playback::Chunk(chunk), now + waited)
        else {
            panic!("no chunk");
        };
        assert_eq!((first_sample, &*samples, made), (480, &[1, 2][..], now));
        let flush = Sound::of(&Playback::Flush { from_sample: 9 }, now);
        assert!(matches!(flush, Sound::Flush { from_sample: 9 }));
    }
}
