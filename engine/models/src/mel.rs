//! Log-mel spectrograms as Whisper defines them, by a real-FFT of 400 points every 10 ms.
//!
//! Sits before the Whisper and Smart Turn encoders. Computes only frames that hold sound: what a
//! model wants beyond them is a constant, which the caller lays down. Never
//! resamples and never looks at levels.

use std::f64::consts::PI;
use std::fmt;
use std::sync::Arc;

use rustfft::{Fft, FftPlanner, num_complex::Complex};

/// Samples between two frames: 10 ms at 16 kHz.
pub const HOP_SAMPLES: usize = 160;
/// Samples under one window: 25 ms at 16 kHz.
pub const WINDOW_SAMPLES: usize = 400;

const SAMPLE_RATE_HZ: f64 = 16_000.0;
const BINS: usize = WINDOW_SAMPLES / 2 + 1;
/// Power below this counts as this.
const FLOOR: f32 = 1e-10;
/// Nothing lies more than this many decades of power below the loudest cell.
const RANGE_DECADES: f32 = 8.0;

/// The plan of the transform and the filter bank; shared by all jobs.
#[derive(Clone)]
pub struct LogMel {
    fft: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
    filters: Vec<Filter>,
}

/// One triangle of the filter bank, without its zeros.
#[derive(Clone, Debug)]
struct Filter {
    first_bin: usize,
    weights: Vec<f32>,
}

/// A spectrogram: `frames` rows of `bands` values, time-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrogram {
    /// Values per frame.
    pub bands: usize,
    /// The values, one frame after the other.
    pub values: Vec<f32>,
    /// What a frame of digital silence looks like beside these, after normalisation.
    pub silence: f32,
}

impl Spectrogram {
    /// Frames held.
    pub fn frames(&self) -> usize {
        self.values.len() / self.bands
    }
}

impl fmt::Debug for LogMel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogMel({} bands)", self.filters.len())
    }
}

impl LogMel {
    /// Plans for `bands` mel bands between 0 and 8 kHz (80 for all models up to large-v2).
    pub fn new(bands: usize) -> Self {
        Self {
            fft: FftPlanner::new().plan_fft_forward(WINDOW_SAMPLES),
            window: (0..WINDOW_SAMPLES)
                .map(|i| (0.5 - 0.5 * (2.0 * PI * i as f64 / WINDOW_SAMPLES as f64).cos()) as f32)
                .collect(),
            filters: filter_bank(bands),
        }
    }

    /// Mel bands per frame.
    pub fn bands(&self) -> usize {
        self.filters.len()
    }

    /// The normalised spectrogram of the first `frames` frames of `pcm` (16 kHz), which is taken
    /// to be followed by silence for ever.
    ///
    /// Frame `f` is centred on sample `160 f`; the beginning is mirrored, as in the original.
    /// Where `frames` reaches to the end of what the model was to see (30 s), the original mirrors
    /// there too; with silence at the end that makes no difference.
    pub fn spectrogram(&self, pcm: &[f32], frames: usize) -> Spectrogram {
        let mut values = self.log_power(pcm, frames, Tail::Silence);
        let silence = normalise(&mut values);
        Spectrogram {
            bands: self.bands(),
            values,
            silence,
        }
    }

    /// The normalised spectrogram of `pcm.len() / 160` frames, both ends mirrored.
    pub fn spectrogram_mirrored(&self, pcm: &[f32]) -> Spectrogram {
        let mut values = self.log_power(pcm, pcm.len() / HOP_SAMPLES, Tail::Mirror);
        let silence = normalise(&mut values);
        Spectrogram {
            bands: self.bands(),
            values,
            silence,
        }
    }

    fn log_power(&self, pcm: &[f32], frames: usize, tail: Tail) -> Vec<f32> {
        let bands = self.bands();
        let mut out = vec![0.0; frames * bands];
        let mut buffer = vec![Complex::new(0.0f32, 0.0); WINDOW_SAMPLES];
        let mut scratch = vec![Complex::new(0.0f32, 0.0); self.fft.get_inplace_scratch_len()];
        let mut power = [[0.0f32; BINS]; 2];
        // Two real frames share one complex transform, one as its real and one as its imaginary
        // part: half the work.
        for first in (0..frames).step_by(2) {
            for (i, slot) in buffer.iter_mut().enumerate() {
                let at = |frame: usize| {
                    let at = (frame * HOP_SAMPLES + i) as isize - (WINDOW_SAMPLES / 2) as isize;
                    sample(pcm, at, tail) * self.window[i]
                };
                *slot = Complex::new(at(first), at(first + 1));
            }
            self.fft.process_with_scratch(&mut buffer, &mut scratch);
            for bin in 0..BINS {
                let (a, b) = (buffer[bin], buffer[(WINDOW_SAMPLES - bin) % WINDOW_SAMPLES]);
                let (real_re, real_im) = (a.re + b.re, a.im - b.im);
                let (imag_re, imag_im) = (a.im + b.im, b.re - a.re);
                power[0][bin] = 0.25 * (real_re * real_re + real_im * real_im);
                power[1][bin] = 0.25 * (imag_re * imag_re + imag_im * imag_im);
            }
            let rows = out[first * bands..].chunks_mut(bands).take(2);
            for (row, power) in rows.zip(&power) {
                for (cell, filter) in row.iter_mut().zip(&self.filters) {
                    let energy: f32 = power[filter.first_bin..]
                        .iter()
                        .zip(&filter.weights)
                        .map(|(p, w)| p * w)
                        .sum();
                    *cell = energy.max(FLOOR).log10();
                }
            }
        }
        out
    }
}

/// What follows the last sample.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tail {
    Silence,
    Mirror,
}

/// Sample `at` of the endless signal that the window slides over.
fn sample(pcm: &[f32], at: isize, tail: Tail) -> f32 {
    let at = at.unsigned_abs();
    match tail {
        Tail::Mirror if at >= pcm.len() => (2 * pcm.len())
            .checked_sub(at + 2)
            .and_then(|at| pcm.get(at))
            .copied()
            .unwrap_or(0.0),
        _ => pcm.get(at).copied().unwrap_or(0.0),
    }
}

/// Clamps to eight decades under the loudest cell and maps to about −1 … 1; gives what silence
/// maps to.
fn normalise(values: &mut [f32]) -> f32 {
    let lowest = values.iter().copied().fold(FLOOR.log10(), f32::max) - RANGE_DECADES;
    let map = |v: f32| (v.max(lowest) + 4.0) / 4.0;
    values.iter_mut().for_each(|v| *v = map(*v));
    map(FLOOR.log10())
}

/// Slaney's mel triangles, each of area one, as librosa makes them.
fn filter_bank(bands: usize) -> Vec<Filter> {
    let hz_of_mel = |mel: f64| {
        if mel < 15.0 {
            mel * 200.0 / 3.0
        } else {
            1000.0 * ((mel - 15.0) * 6.4f64.ln() / 27.0).exp()
        }
    };
    let top_mel = 15.0 + (SAMPLE_RATE_HZ / 2.0 / 1000.0).ln() * 27.0 / 6.4f64.ln();
    let corner = |i: usize| hz_of_mel(top_mel * i as f64 / (bands + 1) as f64);
    (0..bands)
        .map(|band| {
            let (low, peak, high) = (corner(band), corner(band + 1), corner(band + 2));
            let weight = |bin: usize| {
                let hz = bin as f64 * SAMPLE_RATE_HZ / WINDOW_SAMPLES as f64;
                let side = ((hz - low) / (peak - low)).min((high - hz) / (high - peak));
                (side.max(0.0) * 2.0 / (high - low)) as f32
            };
            let bins: Vec<usize> = (0..BINS).filter(|bin| weight(*bin) > 0.0).collect();
            Filter {
                first_bin: bins.first().copied().unwrap_or(0),
                weights: bins.iter().map(|bin| weight(*bin)).collect(),
            }
        })
        .collect()
}
