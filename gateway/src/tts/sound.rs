//! Samples out of a body that comes in pieces of any size: PCM, or a WAV file made while it is sent.

use super::TtsError;
use super::sniff::{Kind, sniff};

/// Rates that are believed.
const RATES: std::ops::RangeInclusive<u32> = 8_000..=48_000;
/// No header is longer; and no file that says it has more than this knows its length.
const LONGEST_HEADER: usize = 64 << 10;
const LONGEST_FILE: u32 = 1 << 30;

/// What has come of one answer.
#[derive(Debug)]
pub(super) struct Sound {
    mime: String,
    rate_hz: u32,
    /// What is no whole sample yet, or no whole header.
    bytes: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing is known yet.
    Head,
    /// Inside a WAV file before its samples.
    Header,
    /// Interleaved samples of so many channels, and how many bytes of them are to come; `None`: to
    /// the end.
    Samples(usize, Option<usize>),
}

impl Sound {
    /// `rate_hz` is that of PCM, unless the `Content-Type` says another.
    pub(super) fn new(mime: &str, rate_hz: u32) -> Self {
        let told = mime.split(';').find_map(|part| {
            let rate = part.trim().strip_prefix("rate=")?.parse().ok()?;
            RATES.contains(&rate).then_some(rate)
        });
        Self {
            mime: mime.to_owned(),
            rate_hz: told.unwrap_or(rate_hz),
            bytes: Vec::new(),
            state: State::Head,
        }
    }

    /// Samples per second; certain once there are samples.
    pub(super) fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// How many samples are to come, where a WAV file says so.
    pub(super) fn remaining(&self) -> Option<usize> {
        match self.state {
            State::Samples(channels, Some(bytes)) => Some(bytes / (2 * channels)),
            _ => None,
        }
    }

    /// Takes in a piece and gives the samples that are whole, mono, −1 to 1.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<Vec<f32>, TtsError> {
        self.bytes.extend_from_slice(piece);
        self.advance(false)
    }

    /// The body has ended: what is left.
    pub(super) fn end(&mut self) -> Result<Vec<f32>, TtsError> {
        let rest = self.advance(true)?;
        match self.state {
            State::Samples(_, Some(missing)) if missing > 0 => Err(TtsError::BrokeOff),
            // Half a sample more or less is nobody's loss.
            State::Samples(..) => Ok(rest),
            State::Head | State::Header => Err(TtsError::Wav("no samples in it")),
        }
    }

    fn advance(&mut self, ended: bool) -> Result<Vec<f32>, TtsError> {
        if self.state == State::Head {
            match sniff(&self.bytes, &self.mime, ended)? {
                None => return Ok(Vec::new()),
                Some(Kind::Pcm) => self.state = State::Samples(1, None),
                Some(Kind::Wav) => self.state = State::Header,
            }
        }
        if self.state == State::Header {
            let Some((header, length)) = header(&self.bytes)? else {
                return if self.bytes.len() > LONGEST_HEADER {
                    Err(TtsError::Wav("no samples in it"))
                } else {
                    Ok(Vec::new())
                };
            };
            self.bytes.drain(..length);
            self.rate_hz = header.rate_hz;
            self.state = State::Samples(header.channels, header.bytes);
        }
        let State::Samples(channels, left) = self.state else {
            return Ok(Vec::new());
        };
        let frame = 2 * channels;
        let there = left.map_or(self.bytes.len(), |left| left.min(self.bytes.len()));
        let whole = there - there % frame;
        let samples = self.bytes[..whole].chunks_exact(frame).map(|frame| {
            let sum: i32 = frame
                .as_chunks::<2>()
                .0
                .iter()
                .map(|sample| i32::from(i16::from_le_bytes(*sample)))
                .sum();
            sum as f32 / (channels as f32 * 32768.0)
        });
        let samples = samples.collect();
        self.bytes.drain(..whole);
        if let Some(left) = left {
            let left = left - whole;
            // What stands behind the samples in a file is of no use.
            if left < frame {
                self.bytes.clear();
            }
            self.state = State::Samples(channels, Some(if left < frame { 0 } else { left }));
        }
        Ok(samples)
    }
}

struct Header {
    rate_hz: u32,
    channels: usize,
    /// Of samples; `None`: it was not known when the header was written.
    bytes: Option<usize>,
}

/// The header of a WAV file and its length in bytes; `None`: it is not whole yet.
fn header(file: &[u8]) -> Result<Option<(Header, usize)>, TtsError> {
    let number = |at: usize| {
        let bytes = file.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    };
    let short = |at: usize| {
        let bytes = file.get(at..at + 2)?;
        Some(u16::from_le_bytes(bytes.try_into().ok()?))
    };
    match file.get(8..12) {
        None => return Ok(None),
        Some(b"WAVE") => {}
        Some(_) => return Err(TtsError::Wav("no sound in it")),
    }
    let (mut at, mut format) = (12, None);
    loop {
        let (Some(id), Some(length)) = (file.get(at..at + 4), number(at + 4)) else {
            return Ok(None);
        };
        let body = at + 8;
        match id {
            b"fmt " => {
                let (Some(kind), Some(channels), Some(rate_hz), Some(bits)) = (
                    short(body),
                    short(body + 2),
                    number(body + 4),
                    short(body + 14),
                ) else {
                    return Ok(None);
                };
                // 0xFFFE says in a longer header what 1 says in this one.
                if !matches!(kind, 1 | 0xfffe) || bits != 16 {
                    return Err(TtsError::Wav("samples that are not PCM of 16 bits"));
                }
                if !matches!(channels, 1 | 2) {
                    return Err(TtsError::Wav("more than two channels"));
                }
                if !RATES.contains(&rate_hz) {
                    return Err(TtsError::Wav("a rate outside 8000 to 48000 Hz"));
                }
                format = Some((rate_hz, usize::from(channels)));
            }
            b"data" => {
                let (rate_hz, channels) =
                    format.ok_or(TtsError::Wav("samples of an unknown kind"))?;
                // Written before the length was known: 0, the largest, or near it.
                let known = (1..LONGEST_FILE).contains(&length);
                let bytes = known.then_some(length as usize);
                return Ok(Some((
                    Header {
                        rate_hz,
                        channels,
                        bytes,
                    },
                    body,
                )));
            }
            _ => {}
        }
        let length = length as usize;
        if length > LONGEST_HEADER {
            return Err(TtsError::Wav("no samples in it"));
        }
        // Chunks begin at even places.
        at = body + length + length % 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(rate_hz: u32, channels: u16, length: u32, samples: &[i16]) -> Vec<u8> {
        let mut file = b"RIFF\xff\xff\xff\xffWAVE".to_vec();
        file.extend(b"LIST\x03\0\0\0abc\0");
        file.extend(b"fmt \x10\0\0\0\x01\0");
        file.extend(channels.to_le_bytes());
        file.extend(rate_hz.to_le_bytes());
        file.extend((rate_hz * 2 * u32::from(channels)).to_le_bytes());
        file.extend((2 * channels).to_le_bytes());
        file.extend(16_u16.to_le_bytes());
        file.extend(b"data");
        file.extend(length.to_le_bytes());
        file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        file
    }

    /// Every way to cut it gives the same samples.
    fn all(body: &[u8], mime: &str) -> Result<(u32, Vec<f32>), TtsError> {
        let mut results = [1, 2, 3, 7, 64, body.len().max(1)].map(|size| {
            let mut sound = Sound::new(mime, 24_000);
            let mut out = Vec::new();
            for piece in body.chunks(size) {
                out.extend(sound.push(piece)?);
            }
            out.extend(sound.end()?);
            Ok((sound.rate_hz(), out))
        });
        let first = std::mem::replace(&mut results[0], Err(TtsError::Empty));
        for (place, result) in results.iter().enumerate().skip(1) {
            assert_eq!(*result, first, "cut {place}");
        }
        first
    }

    const SAMPLES: [i16; 4] = [0, 16_384, -32_768, 8_192];
    const WANTED: [f32; 4] = [0.0, 0.5, -1.0, 0.25];

    #[test]
    fn raw_samples_are_taken_at_the_rate_that_is_told() {
        let body: Vec<u8> = SAMPLES.iter().flat_map(|s| s.to_le_bytes()).collect();
        assert_eq!(all(&body, ""), Ok((24_000, WANTED.into())));
        let told = all(&body, "audio/L16; rate=16000; channels=1");
        assert_eq!(told, Ok((16_000, WANTED.into())));
        // Half a sample at the end is dropped.
        assert_eq!(all(&body[..7], ""), Ok((24_000, WANTED[..3].into())));
        assert_eq!(all(b"", ""), Ok((24_000, Vec::new())));
    }

    #[test]
    fn a_wav_file_may_know_its_length_or_not() {
        for length in [8, 0, u32::MAX, u32::MAX - 44, i32::MAX as u32] {
            let file = wav(22_050, 1, length, &SAMPLES);
            let result = all(&file, "audio/wav");
            assert_eq!(result, Ok((22_050, WANTED.into())), "{length}");
        }
        let mut with_more = wav(22_050, 1, 8, &SAMPLES);
        with_more.extend(b"LIST\x04\0\0\0abcd");
        assert_eq!(all(&with_more, ""), Ok((22_050, WANTED.into())));
        assert_eq!(
            all(&wav(48_000, 2, 8, &SAMPLES), ""),
            Ok((48_000, vec![0.25, -0.375]))
        );
        let mut sound = Sound::new("", 24_000);
        sound.push(&wav(22_050, 1, 8, &[])).expect("a header");
        assert_eq!(sound.remaining(), Some(4));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_named() {
        let cut = wav(22_050, 1, 80, &SAMPLES);
        assert_eq!(all(&cut, ""), Err(TtsError::BrokeOff));
        let wrong = |file: &[u8], word: &str| {
            let error = all(file, "").expect_err(word).to_string();
            assert!(error.contains(word), "{error}");
        };
        wrong(&cut[..30], "no samples");
        wrong(&wav(1_000, 1, 8, &SAMPLES), "rate");
        wrong(&wav(22_050, 6, 8, &SAMPLES), "channels");
        wrong(b"RIFF\0\0\0\0AVI LIST", "no sound");
        let mut floats = wav(22_050, 1, 8, &SAMPLES);
        floats[32] = 3;
        wrong(&floats, "16 bits");
        let mut endless = b"RIFF\0\0\0\0WAVE".to_vec();
        endless.extend(b"junk\xff\xff\xff\xff");
        wrong(&endless, "no samples");
    }
}
