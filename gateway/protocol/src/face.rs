//! Her face: what her mouth does at which sample of her voice.
//!
//! ```text
//!  frame: timestamp u32 | count u8 | count × (viseme u8, weight u8), little endian
//! ```
//! The timestamp is a position in her voice at 48 kHz, modulo 2³²: the number of a sample, as `playout`
//! counts them, times 48,000 through the play rate; which RTP timestamp or which position of QUIC's that is
//! says `face_clock`. While she sounds there is a frame at each multiple of [`FRAME_SAMPLES`]; where she
//! ends, is paused or flushed, one more in which the mouth is closed. A shape without a weight is not there.
//! Frames may be lost, and may come late or twice: a later one for the same position counts.
//!
//! The data channel `face` carries frames; in a datagram of QUIC the timestamp stands in its head, and the
//! payload begins at `count`. Pure; every function takes bytes of anybody's and never panics.

use serde::{Deserialize, Serialize};

/// Shapes of the mouth, in the order of their numbers.
pub const VISEMES: [&str; 10] = ["sil", "A", "E", "I", "O", "U", "M", "F", "Th", "P"];

/// Samples at 48 kHz from one frame to the next: 60 in a second.
pub const FRAME_SAMPLES: u32 = 800;

/// Longest frame, in bytes: with a weight for each shape.
pub const LARGEST_FRAME_BYTES: usize = TIMESTAMP_BYTES + 1 + 2 * VISEMES.len();

const TIMESTAMP_BYTES: usize = 4;

/// What her mouth does at one sample of her voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaceFrame {
    /// Position in her voice at 48 kHz, modulo 2³².
    pub timestamp: u32,
    /// How much there is of each shape; 255 is all.
    pub weights: [u8; VISEMES.len()],
}

/// Why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFace {
    /// No timestamp, or no count.
    #[error("timestamp: a frame of {0} bytes has none, or no count behind it")]
    Short(usize),
    /// More weights than there are shapes.
    #[error("count: {0} weights, and there are 10 shapes")]
    Count(u8),
    /// Not as many bytes as the count says.
    #[error("count: {count} weights take {wanted} bytes, and {found} follow")]
    Length {
        /// Weights that were announced.
        count: u8,
        /// Bytes that they take.
        wanted: usize,
        /// Bytes that there are.
        found: usize,
    },
    /// A shape that is not known.
    #[error("viseme: there is no number {0}")]
    Viseme(u8),
    /// A shape that stands twice.
    #[error("viseme: number {0} stands twice")]
    Twice(u8),
}

impl FaceFrame {
    /// The frame as it travels.
    pub fn encode(&self) -> Vec<u8> {
        let mut frame = Vec::with_capacity(LARGEST_FRAME_BYTES);
        frame.extend(self.timestamp.to_le_bytes());
        self.encode_weights(&mut frame);
        frame
    }

    /// The payload of a datagram: the frame from its `count` on.
    pub fn payload(&self) -> Vec<u8> {
        let mut payload = Vec::with_capacity(LARGEST_FRAME_BYTES - TIMESTAMP_BYTES);
        self.encode_weights(&mut payload);
        payload
    }

    /// Reads a frame.
    pub fn decode(frame: &[u8]) -> Result<Self, BadFace> {
        let Some((timestamp, rest)) = frame.split_first_chunk::<TIMESTAMP_BYTES>() else {
            return Err(BadFace::Short(frame.len()));
        };
        Self::of_payload(u32::from_le_bytes(*timestamp), rest).map_err(|error| match error {
            BadFace::Short(_) => BadFace::Short(frame.len()),
            error => error,
        })
    }

    /// Reads the payload of a datagram with this timestamp.
    pub fn of_payload(timestamp: u32, payload: &[u8]) -> Result<Self, BadFace> {
        let Some((count, pairs)) = payload.split_first() else {
            return Err(BadFace::Short(payload.len()));
        };
        if usize::from(*count) > VISEMES.len() {
            return Err(BadFace::Count(*count));
        }
        let wanted = 2 * usize::from(*count);
        if pairs.len() != wanted {
            return Err(BadFace::Length {
                count: *count,
                wanted,
                found: pairs.len(),
            });
        }
        let mut weights = [0; VISEMES.len()];
        let mut named = [false; VISEMES.len()];
        for [viseme, weight] in pairs.as_chunks::<2>().0 {
            let at = usize::from(*viseme);
            let (Some(slot), Some(named)) = (weights.get_mut(at), named.get_mut(at)) else {
                return Err(BadFace::Viseme(*viseme));
            };
            if std::mem::replace(named, true) {
                return Err(BadFace::Twice(*viseme));
            }
            *slot = *weight;
        }
        Ok(Self { timestamp, weights })
    }

    /// What there is of it: shapes by number with their weights, without those of 0.
    pub fn shown(&self) -> impl Iterator<Item = (u8, u8)> {
        let pairs = (0..).zip(self.weights);
        pairs.filter(|(_, weight)| *weight > 0)
    }

    fn encode_weights(&self, out: &mut Vec<u8>) {
        let count = self.shown().count() as u8;
        out.push(count);
        out.extend(self.shown().flat_map(|(viseme, weight)| [viseme, weight]));
    }
}

/// One frame as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VisemeFrame {
    /// Position in her voice at 48 kHz, modulo 2³²: the number of a sample times 48,000 through the play
    /// rate.
    pub at_sample: u32,
    /// Shapes by number (`sil A E I O U M F Th P`, from 0) with their weights, 255 is all; one that does
    /// not stand here is not there.
    pub weights: Vec<[u8; 2]>,
}

impl From<&FaceFrame> for VisemeFrame {
    fn from(frame: &FaceFrame) -> Self {
        let shown = frame.shown();
        Self {
            at_sample: frame.timestamp,
            weights: shown.map(|(viseme, weight)| [viseme, weight]).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FRAME: FaceFrame = FaceFrame {
        timestamp: 0x0403_0201,
        weights: [0, 200, 0, 0, 0, 0, 0, 0, 0, 55],
    };

    #[test]
    fn a_frame_is_what_the_protocol_says() {
        let bytes = [1, 2, 3, 4, 2, 1, 200, 9, 55];
        assert_eq!(FRAME.encode(), bytes);
        assert_eq!(FaceFrame::decode(&bytes), Ok(FRAME));
        assert_eq!(FRAME.payload(), bytes[4..]);
        let all = FaceFrame {
            timestamp: 0,
            weights: [1; 10],
        };
        assert_eq!(all.encode().len(), LARGEST_FRAME_BYTES);
        let json = VisemeFrame::from(&FRAME);
        assert_eq!(
            serde_json::to_string(&json).expect("JSON"),
            r#"{"at_sample":67305985,"weights":[[1,200],[9,55]]}"#
        );
    }

    #[test]
    fn what_is_no_frame_is_refused_by_the_name_of_its_field() {
        let head = [1, 2, 3, 4];
        for (rest, error) in [
            (&[][..], BadFace::Short(4)),
            (&[11], BadFace::Count(11)),
            (
                &[1, 0],
                BadFace::Length {
                    count: 1,
                    wanted: 2,
                    found: 1,
                },
            ),
            (
                &[0, 1, 1],
                BadFace::Length {
                    count: 0,
                    wanted: 0,
                    found: 2,
                },
            ),
            (&[1, 10, 5], BadFace::Viseme(10)),
            (&[2, 3, 5, 3, 5], BadFace::Twice(3)),
        ] {
            let frame = [&head, rest].concat();
            assert_eq!(FaceFrame::decode(&frame), Err(error), "{frame:?}");
        }
        assert_eq!(FaceFrame::decode(&[1, 2]), Err(BadFace::Short(2)));
        assert!(BadFace::Viseme(10).to_string().starts_with("viseme:"));
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read(timestamp: u32, weights: [u8; 10]) {
            let frame = FaceFrame { timestamp, weights };
            prop_assert_eq!(FaceFrame::decode(&frame.encode()), Ok(frame));
            prop_assert_eq!(FaceFrame::of_payload(timestamp, &frame.payload()), Ok(frame));
        }

        #[test]
        fn whatever_is_read_can_be_written_again(
            bytes in proptest::collection::vec(0u8..12, 0..30),
        ) {
            if let Ok(frame) = FaceFrame::decode(&bytes) {
                prop_assert_eq!(FaceFrame::decode(&frame.encode()), Ok(frame));
            }
        }
    }
}
