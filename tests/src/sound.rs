//! Sound to speak with: recorded speech and made noises, as samples and as WAV files.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hound::{SampleFormat, WavSpec, WavWriter};
use janet_audio::wav;

/// Microphone rate.
pub const RATE_HZ: u32 = 16_000;

/// Where a recorded clip lies.
pub fn clip_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data/speech")
        .join(format!("{name}.wav"))
}

/// Microphone samples of one frame: 20 ms.
pub const PACKET: usize = 320;

/// A recorded clip at the microphone's rate.
pub fn clip(name: &str) -> Vec<f32> {
    let path = clip_path(name);
    let bytes = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("test speech {} cannot be read: {error}", path.display()));
    wav::read(&bytes, Duration::from_secs(60)).expect("test speech is a WAV file")
}

/// Samples as the microphone sends them.
pub fn s16(samples: &[f32]) -> Vec<i16> {
    samples.iter().map(|sample| wav::to_s16(*sample)).collect()
}

/// A pure tone.
pub fn tone(hz: f32, seconds: f32, level: f32) -> Vec<f32> {
    let count = (seconds * RATE_HZ as f32) as usize;
    (0..count)
        .map(|n| level * (std::f32::consts::TAU * hz * n as f32 / RATE_HZ as f32).sin())
        .collect()
}

/// Three-part music: a chord that changes every half second, with overtones.
pub fn music(seconds: f32) -> Vec<f32> {
    const CHORDS: [[f32; 3]; 4] = [
        [261.6, 329.6, 392.0],
        [220.0, 261.6, 329.6],
        [174.6, 220.0, 261.6],
        [196.0, 246.9, 293.7],
    ];
    let count = (seconds * RATE_HZ as f32) as usize;
    (0..count)
        .map(|n| {
            let time = n as f32 / RATE_HZ as f32;
            let fade = 1.0 - (time * 2.0).fract() * 0.7;
            let chord = CHORDS[(time * 2.0) as usize % CHORDS.len()];
            let wave = |hz: f32| {
                (1..=4)
                    .map(|k| (std::f32::consts::TAU * hz * k as f32 * time).sin() / k as f32)
                    .sum::<f32>()
            };
            0.1 * fade * chord.into_iter().map(wave).sum::<f32>()
        })
        .collect()
}

/// How a WAV file is written.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Samples per second and channel.
    pub rate_hz: u32,
    /// The same sound in each.
    pub channels: u16,
    /// 8 or 16 for whole numbers, 32 for floating point.
    pub bits: u16,
}

/// A WAV file; `samples` are mono at `format.rate_hz`.
pub fn wav_file(samples: &[f32], format: Format) -> Vec<u8> {
    let spec = WavSpec {
        channels: format.channels,
        sample_rate: format.rate_hz,
        bits_per_sample: format.bits,
        sample_format: if format.bits == 32 {
            SampleFormat::Float
        } else {
            SampleFormat::Int
        },
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).expect("a WAV format");
    for sample in samples {
        for _ in 0..format.channels {
            let written = match format.bits {
                8 => writer.write_sample((sample * 127.0) as i8),
                16 => writer.write_sample(wav::to_s16(*sample)),
                _ => writer.write_sample(*sample),
            };
            written.expect("memory takes it");
        }
    }
    writer.finalize().expect("memory takes it");
    bytes.into_inner()
}

/// Base64 as it stands in a message.
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The sound of a base64 WAV file that Janet sent: rate and samples.
pub fn decode(base64: &str) -> (u32, Vec<f32>) {
    let bytes = STANDARD.decode(base64).expect("Janet sends base64");
    let sound = wav::read_native(&bytes, Duration::from_secs(600)).expect("Janet sends WAV files");
    (sound.rate_hz, sound.samples)
}

/// Root mean square, of full scale.
pub fn level(samples: &[f32]) -> f32 {
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32).sqrt()
}
