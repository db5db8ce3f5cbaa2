//! Converts one stream of mono samples from one rate to another.
//!
//! A windowed sinc (rubato) with its delay taken out, so that sample `i` of the output is the sound
//! at `i / to_hz` seconds of the input. Sits between the wire's rates and the models' rates; never
//! used where the two are the same (an identity costs a copy).

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{
    Async, FixedAsync, Indexing, Resampler as _, SincInterpolationParameters,
    SincInterpolationType, WindowFunction,
};

/// Half the filter's length, in samples of the slower of the two rates: 4 ms at 16 kHz.
///
/// Longer is sharper and later. With 64 the pass band reaches 85 % of the lower Nyquist frequency
/// and aliases stay below −80 dB (both pinned by the tests).
const HALF_FILTER: usize = 64;

/// Points of the filter's table per sample: at 256 a straight line between two of them is off by
/// less than −90 dB.
const TABLE_DENSITY: usize = 256;

/// Input samples handed to the filter at a time, as a fraction of a second: 2 ms.
const CHUNKS_PER_SECOND: u32 = 500;

/// A rate that cannot be resampled.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateError {
    /// Outside 1 kHz to 384 kHz.
    #[error("sample rate {0} Hz is outside 1000 to 384000 Hz")]
    OutOfRange(u32),
}

/// A streaming resampler for one mono stream.
pub struct Resampler {
    from_hz: u32,
    to_hz: u32,
    filter: Option<Filter>,
}

impl Resampler {
    /// Makes one; equal rates give a plain copy.
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self, RateError> {
        for rate_hz in [from_hz, to_hz] {
            if !(1000..=384_000).contains(&rate_hz) {
                return Err(RateError::OutOfRange(rate_hz));
            }
        }
        let filter = (from_hz != to_hz).then(|| Filter::new(from_hz, to_hz));
        Ok(Self {
            from_hz,
            to_hz,
            filter,
        })
    }

    /// The rate of what goes in, in Hz.
    pub fn from_hz(&self) -> u32 {
        self.from_hz
    }

    /// The rate of what comes out, in Hz.
    pub fn to_hz(&self) -> u32 {
        self.to_hz
    }

    /// Takes `input` and appends what is ready to `out`.
    ///
    /// What comes out lags behind what went in by at most [`Resampler::lag_samples`] of the input;
    /// no allocation but for the growth of `out`.
    pub fn process_into(&mut self, input: &[f32], out: &mut Vec<f32>) {
        match &mut self.filter {
            None => out.extend_from_slice(input),
            Some(filter) => filter.process_into(input, out),
        }
    }

    /// Ends the stream: appends what the filter still holds, so that `n` samples of input have
    /// given `n · to / from` samples of output, rounded; then starts afresh.
    pub fn flush_into(&mut self, out: &mut Vec<f32>) {
        if let Some(filter) = &mut self.filter {
            let expected = output_len(filter.taken, self.from_hz, self.to_hz);
            filter.flush_into(expected, out);
        }
    }

    /// Forgets everything, as if new.
    pub fn reset(&mut self) {
        if let Some(filter) = &mut self.filter {
            filter.reset();
        }
    }

    /// How many input samples the output may lag behind the input.
    pub fn lag_samples(&self) -> usize {
        self.filter
            .as_ref()
            .map_or(0, |filter| filter.half_len + filter.chunk + 1)
    }
}

/// Resamples a whole sound at once; the result has `n · to / from` samples, rounded.
pub fn resample(samples: &[f32], from_hz: u32, to_hz: u32) -> Result<Vec<f32>, RateError> {
    let mut resampler = Resampler::new(from_hz, to_hz)?;
    let mut out = Vec::with_capacity(output_len(samples.len() as u64, from_hz, to_hz) as usize);
    resampler.process_into(samples, &mut out);
    resampler.flush_into(&mut out);
    Ok(out)
}

fn output_len(input: u64, from_hz: u32, to_hz: u32) -> u64 {
    let (from, to) = (u128::from(from_hz), u128::from(to_hz));
    ((u128::from(input) * to + from / 2) / from) as u64
}

struct Filter {
    sinc: Async<f32>,
    half_len: usize,
    /// Input that does not fill a chunk yet; never grows past its first capacity.
    pending: Vec<f32>,
    chunk: usize,
    scratch: Vec<f32>,
    /// Outputs still to be thrown away because they come before the first input.
    early: usize,
    taken: u64,
    given: u64,
}

impl Filter {
    fn new(from_hz: u32, to_hz: u32) -> Self {
        // Going down, the filter must be as long in time as one at the lower rate.
        let stretch = f64::from(from_hz) / f64::from(to_hz.min(from_hz));
        let len = ((2 * HALF_FILTER) as f64 * stretch).ceil() as usize;
        let len = len.next_multiple_of(8);
        let chunk = (from_hz / CHUNKS_PER_SECOND).max(8) as usize;
        let sinc = Async::new_sinc(
            f64::from(to_hz) / f64::from(from_hz),
            1.0,
            &SincInterpolationParameters::new(len, WindowFunction::BlackmanHarris)
                .oversampling_factor(TABLE_DENSITY)
                .interpolation(SincInterpolationType::Linear),
            chunk,
            1,
            FixedAsync::Input,
        )
        .expect("both rates lie between 1 and 384 kHz, so the ratio and the chunk are valid");
        Self {
            half_len: len / 2,
            pending: Vec::with_capacity(chunk),
            chunk,
            scratch: vec![0.0; sinc.output_frames_max()],
            early: sinc.output_delay(),
            sinc,
            taken: 0,
            given: 0,
        }
    }

    fn process_into(&mut self, mut input: &[f32], out: &mut Vec<f32>) {
        self.taken += input.len() as u64;
        while !input.is_empty() {
            let (head, tail) = input.split_at(input.len().min(self.chunk - self.pending.len()));
            self.pending.extend_from_slice(head);
            input = tail;
            if self.pending.len() == self.chunk {
                self.step(u64::MAX, out);
            }
        }
    }

    fn flush_into(&mut self, expected: u64, out: &mut Vec<f32>) {
        while self.given < expected {
            self.step(expected, out);
        }
        self.reset();
    }

    /// Runs the filter over what is pending (silence after it), giving no more than `upto` in all.
    fn step(&mut self, upto: u64, out: &mut Vec<f32>) {
        let len = self.pending.len();
        self.pending.resize(self.chunk, 0.0);
        let room = self.scratch.len();
        let input = SequentialSlice::new(&self.pending, 1, self.chunk)
            .expect("one channel of exactly this length");
        let mut output = SequentialSlice::new_mut(&mut self.scratch, 1, room)
            .expect("one channel of exactly this length");
        let (_, made) = self
            .sinc
            .process_into_buffer(&input, &mut output, Some(&Indexing::new().partial_len(len)))
            .expect("the buffers have the sizes that the filter asked for");
        self.pending.clear();
        let skip = self.early.min(made);
        self.early -= skip;
        let left = usize::try_from(upto - self.given).unwrap_or(usize::MAX);
        let keep = (made - skip).min(left);
        out.extend_from_slice(&self.scratch[skip..skip + keep]);
        self.given += keep as u64;
    }

    fn reset(&mut self) {
        self.sinc.reset();
        self.pending.clear();
        self.early = self.sinc.output_delay();
        self.taken = 0;
        self.given = 0;
    }
}

#[cfg(test)]
#[path = "resample_test.rs"]
mod tests;
