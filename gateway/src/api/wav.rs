//! The beginning of a WAV file whose length nobody knows yet: speech goes out as it is spoken.

/// What stands for a length that is not known.
const UNKNOWN: [u8; 4] = u32::MAX.to_le_bytes();

/// The header of mono samples of 16 bits, however many follow.
pub(super) fn endless_header(rate_hz: u32) -> Vec<u8> {
    let mut header = Vec::with_capacity(44);
    header.extend_from_slice(b"RIFF");
    header.extend_from_slice(&UNKNOWN);
    header.extend_from_slice(b"WAVEfmt ");
    header.extend_from_slice(&16_u32.to_le_bytes());
    // PCM, one channel.
    header.extend_from_slice(&1_u16.to_le_bytes());
    header.extend_from_slice(&1_u16.to_le_bytes());
    header.extend_from_slice(&rate_hz.to_le_bytes());
    header.extend_from_slice(&(2 * rate_hz).to_le_bytes());
    header.extend_from_slice(&2_u16.to_le_bytes());
    header.extend_from_slice(&16_u16.to_le_bytes());
    header.extend_from_slice(b"data");
    header.extend_from_slice(&UNKNOWN);
    header
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use janet_audio::wav;

    use super::*;

    #[test]
    fn a_file_that_was_begun_without_its_length_is_read_whole() {
        let mut file = endless_header(24_000);
        for sample in [100_i16, -100, 7] {
            file.extend_from_slice(&sample.to_le_bytes());
        }
        let sound = wav::read_native(&file, Duration::from_secs(60)).expect("a WAV file");
        assert_eq!((sound.rate_hz, sound.samples.len()), (24_000, 3));
    }
}
