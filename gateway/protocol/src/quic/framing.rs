//! Frames on the control stream.

/// Bytes of a length.
const LENGTH_BYTES: usize = 4;

/// Longest frame that either side sends, in bytes of JSON.
pub const LARGEST_FRAME: usize = 1 << 20;

/// A frame for the control stream.
pub fn frame(json: &str) -> Vec<u8> {
    let length = u32::try_from(json.len()).expect("a frame is far shorter than 4 GiB");
    let mut frame = Vec::with_capacity(LENGTH_BYTES + json.len());
    frame.extend(length.to_le_bytes());
    frame.extend(json.as_bytes());
    frame
}

/// A length beyond what is read at all: what follows cannot be told from a frame any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {0} bytes is announced")]
pub struct TooLong(pub u32);

/// Takes a stream apart into frames.
///
/// Holds no more than one frame and what was pushed with it: memory grows with what came, not with
/// what was announced.
#[derive(Debug)]
pub struct FrameReader {
    most: usize,
    buffer: Vec<u8>,
}

impl FrameReader {
    /// Frames of at most so many bytes are read.
    pub const fn new(most: usize) -> Self {
        let buffer = Vec::new();
        Self { most, buffer }
    }

    /// Frames of so many bytes are read from now on.
    pub const fn allow(&mut self, most: usize) {
        self.most = most;
    }

    /// Bytes have come. [`FrameReader::poll`] is called until it gives none.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend(bytes);
    }

    /// The next whole frame. After an error nothing more comes.
    pub fn poll(&mut self) -> Result<Option<Vec<u8>>, TooLong> {
        let Some((length, rest)) = self.buffer.split_first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let announced = u32::from_le_bytes(*length);
        let length = announced as usize;
        if length > self.most {
            return Err(TooLong(announced));
        }
        if rest.len() < length {
            return Ok(None);
        }
        let behind = self.buffer.split_off(LENGTH_BYTES + length);
        let mut frame = std::mem::replace(&mut self.buffer, behind);
        frame.drain(..LENGTH_BYTES);
        Ok(Some(frame))
    }

    /// Whether the stream may end here: in no frame's middle.
    pub fn is_between(&self) -> bool {
        self.buffer.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(reader: &mut FrameReader) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| reader.poll().expect("short enough")).collect()
    }

    #[test]
    fn a_frame_is_its_length_and_its_text() {
        assert_eq!(frame("{}"), [2, 0, 0, 0, b'{', b'}']);
        assert_eq!(frame(""), [0; 4]);
        let mut reader = FrameReader::new(10);
        reader.push(&frame(""));
        reader.push(&frame("{}"));
        assert_eq!(all(&mut reader), [b"".to_vec(), b"{}".to_vec()]);
        assert!(reader.is_between());
    }

    #[test]
    fn one_that_is_too_long_is_refused_by_its_length_alone() {
        for (length, is_read) in [(9, true), (10, true), (11, false), (u32::MAX, false)] {
            let mut reader = FrameReader::new(10);
            reader.push(&length.to_le_bytes());
            let polled = reader.poll();
            let expected = if is_read {
                Ok(None)
            } else {
                Err(TooLong(length))
            };
            assert_eq!(polled, expected);
            assert_eq!(reader.poll(), expected, "and stays so");
        }
    }

    #[test]
    fn a_stream_that_breaks_off_is_in_a_frames_middle() {
        let whole = frame("{\"type\":\"ping\"}");
        for cut in 1..whole.len() {
            let mut reader = FrameReader::new(100);
            reader.push(&whole[..cut]);
            assert_eq!(reader.poll(), Ok(None));
            assert!(!reader.is_between(), "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn frames_come_back_however_the_stream_is_cut(
            texts in proptest::collection::vec("[ -~ä]{0,40}", 0..8),
            cuts in proptest::collection::vec(1usize..20, 1..40),
        ) {
            let stream: Vec<u8> = texts.iter().flat_map(|text| frame(text)).collect();
            let mut reader = FrameReader::new(100);
            let (mut read, mut rest) = (Vec::new(), &stream[..]);
            for cut in cuts.into_iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at(cut.min(rest.len()));
                rest = later;
                reader.push(now);
                read.extend(all(&mut reader));
            }
            let expected: Vec<_> = texts.into_iter().map(String::into_bytes).collect();
            prop_assert_eq!(read, expected);
            prop_assert!(reader.is_between());
        }

        #[test]
        fn whatever_comes_it_gives_no_more_than_came(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut reader = FrameReader::new(64);
            reader.push(&bytes);
            let mut given = 0;
            while let Ok(Some(frame)) = reader.poll() {
                prop_assert!(frame.len() <= 64);
                given += LENGTH_BYTES + frame.len();
            }
            prop_assert!(given <= bytes.len());
        }
    }
}
