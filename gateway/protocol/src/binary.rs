//! Sound beside the text frames.
//!
//! Up (client to Janet): s16le mono at the `rate_hz` of `audio_start`, nothing else. Down: the
//! number of the first sample as u32 LE, then s16le mono at `play_rate_hz`. Samples are counted
//! from 0 per connection; at 48 kHz the count wraps after a day, and both sides wrap.

use crate::parse::frame_too_large;
use crate::{ErrorCode, Limits, WireError};

/// Bytes in front of the samples of a frame down.
pub const DOWN_HEADER_BYTES: usize = 4;

/// The samples of a frame from the microphone; an empty frame has none.
pub fn up_samples(
    frame: &[u8],
    limits: &Limits,
) -> Result<impl ExactSizeIterator<Item = i16>, WireError> {
    if frame.len() > limits.binary_bytes {
        return Err(frame_too_large(frame.len(), limits.binary_bytes));
    }
    samples(frame)
}

/// Appends a frame from the microphone to `out`: the client's side.
pub fn encode_up(samples: &[i16], out: &mut Vec<u8>) {
    out.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
}

/// Appends a frame of her voice to `out`.
pub fn encode_down(first_sample: u32, samples: &[i16], out: &mut Vec<u8>) {
    out.reserve(DOWN_HEADER_BYTES + samples.len() * 2);
    out.extend(first_sample.to_le_bytes());
    encode_up(samples, out);
}

/// Number of the first sample, and the samples, of a frame of her voice: the client's side.
pub fn decode_down(frame: &[u8]) -> Result<(u32, impl ExactSizeIterator<Item = i16>), WireError> {
    let Some((header, sound)) = frame.split_first_chunk::<DOWN_HEADER_BYTES>() else {
        return Err(WireError::new(
            ErrorCode::BadAudio,
            format!("a frame of {} bytes has no sample number", frame.len()),
        ));
    };
    Ok((u32::from_le_bytes(*header), samples(sound)?))
}

fn samples(sound: &[u8]) -> Result<impl ExactSizeIterator<Item = i16>, WireError> {
    let (pairs, rest) = sound.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(WireError::new(
            ErrorCode::OddByteCount,
            format!("{} bytes are no whole 16-bit samples", sound.len()),
        ));
    }
    Ok(pairs.iter().map(|pair| i16::from_le_bytes(*pair)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        frame_bytes: 100,
        text_bytes: 10,
        audio_bytes: 10,
        binary_bytes: 8,
    };

    #[test]
    fn her_voice_travels_as_number_then_samples() {
        let mut frame = Vec::new();
        encode_down(0x0102_0304, &[1, -2], &mut frame);
        assert_eq!(frame, [4, 3, 2, 1, 1, 0, 0xfe, 0xff]);
        let (first, samples) = decode_down(&frame).expect("our own frame");
        assert_eq!(
            (first, samples.collect::<Vec<_>>()),
            (0x0102_0304, vec![1, -2])
        );
    }

    #[test]
    fn a_microphone_frame_comes_back_sample_for_sample() {
        let sent = [i16::MIN, -1, 0, i16::MAX];
        let mut frame = Vec::new();
        encode_up(&sent, &mut frame);
        let back: Vec<i16> = up_samples(&frame, &LIMITS).expect("even").collect();
        assert_eq!(back, sent);
        assert_eq!(up_samples(&[], &LIMITS).expect("nothing is even").len(), 0);
    }

    #[test]
    fn half_samples_short_headers_and_long_frames_are_refused() {
        let code = |result: Result<_, WireError>| result.err().map(|error| error.code);
        assert_eq!(
            code(up_samples(&[1, 2, 3], &LIMITS).map(drop)),
            Some(ErrorCode::OddByteCount)
        );
        assert_eq!(
            code(up_samples(&[0; 10], &LIMITS).map(drop)),
            Some(ErrorCode::FrameTooLarge)
        );
        assert_eq!(
            code(decode_down(&[0; 3]).map(drop)),
            Some(ErrorCode::BadAudio)
        );
        assert_eq!(
            code(decode_down(&[0; 7]).map(drop)),
            Some(ErrorCode::OddByteCount)
        );
        assert_eq!(code(decode_down(&[0; 4]).map(drop)), None);
    }
}
