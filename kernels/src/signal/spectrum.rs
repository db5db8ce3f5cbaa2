//! Log-mel spectra: their definition, and the tables that the backends share.
//!
//! Both kinds have 201 bins of 40 Hz up to 8 kHz under a Hann window of 25 ms: Whisper's from 400 samples at
//! 16 kHz, the face's from 1200 at 48 kHz, so that one filter bank serves both.

use std::f64::consts::TAU;

/// Bins of 40 Hz, 0 to 8 kHz.
pub(crate) const BINS: usize = 201;
/// Hz between two bins.
const BIN_HZ: f64 = 40.0;
/// Samples between two frames of Whisper's: 10 ms at 16 kHz.
pub(crate) const WHISPER_HOP: usize = 160;
/// Samples under Whisper's window.
pub(crate) const WHISPER_WINDOW: usize = 400;
/// Samples under the face's window.
pub(crate) const FACE_WINDOW: usize = 1200;
/// Power below this counts as this.
pub(crate) const FLOOR: f32 = 1e-10;
/// Nothing of Whisper's lies more decades of power below its loudest cell.
pub(crate) const RANGE_DECADES: f32 = 8.0;
/// Bands of a spectrum at the most: large-v3 of Whisper has as many.
pub(crate) const MOST_BANDS: usize = 128;
/// What a power of the face's is multiplied by: its window has three times as many samples under it as
/// Whisper's, and the same sound is to look the same.
pub(crate) const FACE_POWER: f32 = 1.0 / 9.0;

/// What follows the last sample of a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Silence, for ever.
    Silence,
    /// The clip backwards, without its last sample.
    Mirror,
}

/// Sound whose spectrogram is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Clip<'a> {
    /// Samples at 16 kHz, full scale ±1. NaN counts as 0, anything beyond ±8 as ±8.
    pub pcm: &'a [f32],
    /// Frames wanted, one every 160 samples; the first is centred on sample 0, and what lies before that is
    /// the clip backwards.
    pub frames: usize,
    /// What lies behind the last sample.
    pub tail: Tail,
}

/// A spectrogram as Whisper defines it: the power under each of Slaney's mel triangles, its decimal logarithm,
/// clamped to eight decades below the loudest cell and mapped by `(x + 4) / 4`.
#[derive(Clone, Debug, PartialEq)]
pub struct LogMel {
    /// Values per frame.
    pub bands: usize,
    /// The values, one frame after the other.
    pub values: Vec<f32>,
    /// What a frame of digital silence looks like beside these.
    pub silence: f32,
}

/// Sample `at` of a clip without beginning and end.
pub(crate) fn sample(clip: &Clip<'_>, at: isize) -> f32 {
    let at = at.unsigned_abs();
    let length = clip.pcm.len();
    let at = match clip.tail {
        Tail::Mirror if at >= length => (2 * length).checked_sub(at + 2),
        _ => Some(at),
    };
    super::clean(at.and_then(|at| clip.pcm.get(at)).copied().unwrap_or(0.0))
}

/// The normalised value of a logarithm of power.
pub(crate) fn normalised(log10: f32) -> f32 {
    (log10 + 4.0) / 4.0
}

/// A Hann window of period `length`.
pub(crate) fn hann(length: usize) -> Vec<f32> {
    (0..length)
        .map(|i| (0.5 - 0.5 * (TAU * i as f64 / length as f64).cos()) as f32)
        .collect()
}

/// One triangle of the filter bank, without its zeros.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) first_bin: usize,
    pub(crate) weights: Vec<f32>,
}

impl Filter {
    pub(crate) fn energy(&self, power: &[f32; BINS]) -> f32 {
        let power = &power[self.first_bin..];
        power.iter().zip(&self.weights).map(|(p, w)| p * w).sum()
    }
}

/// Slaney's mel triangles between 0 and 8 kHz, each of area one, as librosa makes them.
pub(crate) fn filter_bank(bands: usize) -> Vec<Filter> {
    let hz_of_mel = |mel: f64| {
        if mel < 15.0 {
            mel * 200.0 / 3.0
        } else {
            1000.0 * ((mel - 15.0) * 6.4f64.ln() / 27.0).exp()
        }
    };
    let top_mel = 15.0 + 8f64.ln() * 27.0 / 6.4f64.ln();
    let corner = |i: usize| hz_of_mel(top_mel * i as f64 / (bands + 1) as f64);
    let filter = |band: usize| {
        let (low, peak, high) = (corner(band), corner(band + 1), corner(band + 2));
        let weight = |bin: usize| {
            let hz = bin as f64 * BIN_HZ;
            let side = ((hz - low) / (peak - low)).min((high - hz) / (high - peak));
            (side.max(0.0) * 2.0 / (high - low)) as f32
        };
        let bins: Vec<usize> = (0..BINS).filter(|bin| weight(*bin) > 0.0).collect();
        Filter {
            first_bin: bins.first().copied().unwrap_or(0),
            weights: bins.into_iter().map(weight).collect(),
        }
    };
    (0..bands).map(filter).collect()
}
