//! Reads and writes sound as bytes: WAV files and bare 16-bit samples.
//!
//! Whatever comes in (any rate, width, number of channels) leaves as mono `f32`; what cannot be
//! understood is refused with the field that is wrong. Never guesses: bytes that are not a WAV file
//! are 16-bit samples only where the caller says so.

use std::io::{Cursor, Read as _};
use std::path::Path;
use std::time::Duration;

use crate::resample::{RateError, resample};

#[path = "wav_header.rs"]
mod header;

/// The rate that the ears of the models want.
pub const MODEL_RATE_HZ: u32 = 16_000;

/// Why sound could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WavError {
    /// The bytes do not begin as a WAV file does.
    #[error("not a WAV file: no RIFF/WAVE header")]
    NotWav,
    /// The header says that there is more than there is.
    #[error("truncated WAV file: {had} of {expected} samples of field data")]
    Truncated {
        /// Samples of all channels that the header promises.
        expected: u64,
        /// Samples of all channels that could be read.
        had: u64,
    },
    /// The file ends inside its header.
    #[error("truncated WAV file: it ends inside its header")]
    TruncatedHeader,
    /// The header says zero channels.
    #[error("field channels is 0")]
    NoChannels,
    /// A codec other than PCM or float, or a width that does not exist.
    #[error(
        "unsupported codec: field format_tag or bits_per_sample is none of 8, 16, 24, 32-bit PCM or 32-bit float"
    )]
    UnsupportedCodec,
    /// Another fault of the header, in the words of the WAV reader.
    #[error("malformed WAV header: {0}")]
    Malformed(String),
    /// Longer than the caller allows.
    #[error("sound of {seconds:.1} s is longer than the limit of {limit_seconds:.1} s")]
    TooLong {
        /// Its length.
        seconds: f64,
        /// The limit that was given.
        limit_seconds: f64,
    },
    /// A sample is no number.
    #[error("sample {index} is {value}")]
    NotFinite {
        /// Which one, counted over all channels.
        index: u64,
        /// What stood there.
        value: f32,
    },
    /// Bare 16-bit samples with a byte left over.
    #[error("{0} bytes are not a whole number of 16-bit samples")]
    OddBytes(usize),
    /// The rate in the header cannot be resampled.
    #[error("field sample_rate: {0}")]
    Rate(#[from] RateError),
}

/// A sound as it stood in its file, mixed down to mono.
#[derive(Debug, Clone, PartialEq)]
pub struct Sound {
    /// Samples per second.
    pub rate_hz: u32,
    /// Mono samples, −1 to 1.
    pub samples: Vec<f32>,
}

/// True when `bytes` begin like a WAV file.
pub fn is_wav(bytes: &[u8]) -> bool {
    bytes.len() >= 12 && &bytes[..4] == b"RIFF" && &bytes[8..12] == b"WAVE"
}

/// Reads a WAV file of any PCM width or 32-bit float, any rate, any number of channels, to mono at
/// 16 kHz; refuses one longer than `limit` before it decodes it.
pub fn read(bytes: &[u8], limit: Duration) -> Result<Vec<f32>, WavError> {
    let sound = read_native(bytes, limit)?;
    Ok(resample(&sound.samples, sound.rate_hz, MODEL_RATE_HZ)?)
}

/// The same at the file's own rate. A file whose writer did not know its length is read to its end.
pub fn read_native(bytes: &[u8], limit: Duration) -> Result<Sound, WavError> {
    if !is_wav(bytes) {
        return Err(WavError::NotWav);
    }
    // What is wrong with a header that cannot be followed is the reader's to say.
    let (head, body) = header::split(bytes).unwrap_or((Vec::new(), bytes));
    let mut reader = hound::WavReader::new(head.as_slice().chain(body)).map_err(header_error)?;
    let spec = reader.spec();
    if spec.sample_rate == 0 {
        return Err(RateError::OutOfRange(0).into());
    }
    check_length(u64::from(reader.duration()), spec.sample_rate, limit)?;
    let expected = u64::from(reader.len());
    // The header's word for the length is not taken as an order to allocate.
    let held = (expected as usize).min(bytes.len());
    let mut samples = Vec::with_capacity(held / usize::from(spec.channels.max(1)));
    let mut mix = Mixdown {
        channels: spec.channels,
        sum: 0.0,
        heard: 0,
        out: &mut samples,
    };
    match spec.sample_format {
        hound::SampleFormat::Float => {
            for sample in reader.samples::<f32>() {
                let sample = sample.map_err(|e| body_error(&e, expected, mix.heard))?;
                mix.push(sample)?;
            }
        }
        hound::SampleFormat::Int => {
            let full_scale = (1u64 << (spec.bits_per_sample - 1)) as f32;
            for sample in reader.samples::<i32>() {
                let sample = sample.map_err(|e| body_error(&e, expected, mix.heard))?;
                mix.push(sample as f32 / full_scale)?;
            }
        }
    }
    Ok(Sound {
        rate_hz: spec.sample_rate,
        samples,
    })
}

/// Reads bare little-endian 16-bit mono samples.
pub fn read_s16le(bytes: &[u8]) -> Result<Vec<f32>, WavError> {
    if !bytes.len().is_multiple_of(2) {
        return Err(WavError::OddBytes(bytes.len()));
    }
    Ok(bytes
        .chunks_exact(2)
        .map(|b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32768.0)
        .collect())
}

/// Writes mono samples as a 16-bit WAV file into memory; what is louder than full scale is
/// clipped, and what is no number is silent.
pub fn write(samples: &[f32], rate_hz: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::with_capacity(44 + 2 * samples.len()));
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut bytes, spec).expect("memory takes every write");
    for &sample in samples {
        writer
            .write_sample(to_s16(sample))
            .expect("memory takes every write");
    }
    writer.finalize().expect("memory takes every write");
    bytes.into_inner()
}

/// Writes mono samples as a 16-bit WAV file.
pub fn write_file(path: &Path, samples: &[f32], rate_hz: u32) -> std::io::Result<()> {
    std::fs::write(path, write(samples, rate_hz))
}

/// The nearest 16-bit sample: clipped, and silent where there is no number.
pub fn to_s16(sample: f32) -> i16 {
    // A cast from float saturates and takes NaN for 0.
    (sample * 32767.0).round() as i16
}

struct Mixdown<'a> {
    channels: u16,
    sum: f32,
    heard: u64,
    out: &'a mut Vec<f32>,
}

impl Mixdown<'_> {
    fn push(&mut self, sample: f32) -> Result<(), WavError> {
        if !sample.is_finite() {
            return Err(WavError::NotFinite {
                index: self.heard,
                value: sample,
            });
        }
        self.sum += sample;
        self.heard += 1;
        if self.heard.is_multiple_of(u64::from(self.channels)) {
            self.out.push(self.sum / f32::from(self.channels));
            self.sum = 0.0;
        }
        Ok(())
    }
}

fn check_length(frames: u64, rate_hz: u32, limit: Duration) -> Result<(), WavError> {
    let seconds = frames as f64 / f64::from(rate_hz);
    let limit_seconds = limit.as_secs_f64();
    if seconds > limit_seconds {
        return Err(WavError::TooLong {
            seconds,
            limit_seconds,
        });
    }
    Ok(())
}

fn header_error(error: hound::Error) -> WavError {
    match error {
        hound::Error::IoError(_) => WavError::TruncatedHeader,
        hound::Error::FormatError("file contains zero channels") => WavError::NoChannels,
        hound::Error::FormatError(words) => WavError::Malformed(words.to_owned()),
        hound::Error::Unsupported => WavError::UnsupportedCodec,
        other => WavError::Malformed(other.to_string()),
    }
}

fn body_error(error: &hound::Error, expected: u64, had: u64) -> WavError {
    match error {
        hound::Error::IoError(_) => WavError::Truncated { expected, had },
        _ => WavError::UnsupportedCodec,
    }
}

#[cfg(test)]
#[path = "wav_test.rs"]
mod tests;
