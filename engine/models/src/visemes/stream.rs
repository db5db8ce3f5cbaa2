//! One stream of sound: samples in at any rate, weights out for every 800 samples at 48 kHz.

use janet_audio::resample::Resampler;
use janet_kernels::signal::{FRAME_RATE_HZ, FRAME_SAMPLES};

use super::NAMES;
use super::shared::{Counts, Visemes};
use crate::ModelError;

/// Frames that may wait; a stream that pushes more has them computed at once. Two seconds.
const MOST_WAITING: usize = 120;

/// How much a face shows of each viseme, from a sample on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VisemeFrame {
    /// Its first sample, at 48 kHz, counted from the first that was pushed.
    pub at_sample: u64,
    /// Between 0 and 1, their sum 1, in the order of [`NAMES`].
    pub weights: [f32; NAMES.len()],
}

/// A stream of sound and its visemes. The network looks ahead: the weights of a frame can be taken once
/// [`AudioVisemes::look_ahead`] more frames were pushed, or the stream was finished.
///
/// Samples that are not finite count as 0, any beyond ±8 as ±8.
pub struct AudioVisemes {
    visemes: Visemes,
    slot: usize,
    resampler: Resampler,
    /// Samples at 48 kHz that do not fill a frame yet.
    rest: Vec<f32>,
    phase: Phase,
    next_sample: u64,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Nothing was heard that counts.
    Fresh,
    /// So many more frames give results that belong to what was before.
    Begun { early: usize },
}

impl std::fmt::Debug for AudioVisemes {
    /// Says nothing of what was heard.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AudioVisemes")
            .field("rate_hz", &self.resampler.from_hz())
            .field("phase", &self.phase)
            .field("next_sample", &self.next_sample)
            .finish_non_exhaustive()
    }
}

impl AudioVisemes {
    pub(super) fn new(visemes: &Visemes, rate_hz: u32) -> Result<Option<Self>, ModelError> {
        let resampler =
            Resampler::new(rate_hz, FRAME_RATE_HZ).map_err(|error| ModelError::Input {
                what: "rate_hz",
                reason: error.to_string(),
            })?;
        let Some(slot) = visemes.join() else {
            return Ok(None);
        };
        Ok(Some(Self {
            visemes: visemes.clone(),
            slot,
            resampler,
            rest: Vec::with_capacity(2 * FRAME_SAMPLES),
            phase: Phase::Fresh,
            next_sample: 0,
        }))
    }

    /// Frames of 16.7 ms by which results come later than their sound.
    pub fn look_ahead(&self) -> usize {
        self.visemes.model().spec().look_ahead
    }

    /// Takes samples. Results are computed when somebody asks for one, for all streams at once.
    ///
    /// # Errors
    /// When the network cannot run, which no input brings about: a device does not answer for many seconds.
    pub fn push(&mut self, samples: &[f32]) -> Result<(), ModelError> {
        if samples.is_empty() {
            return Ok(());
        }
        self.begin()?;
        let mut sound = std::mem::take(&mut self.rest);
        // The resampler's filter would keep what is no number for ever.
        if samples.iter().all(|x| x.abs() <= 8.0) {
            self.resampler.process_into(samples, &mut sound);
        } else {
            let clean = |x: &f32| {
                if x.is_finite() {
                    x.clamp(-8.0, 8.0)
                } else {
                    0.0
                }
            };
            let clean: Vec<f32> = samples.iter().map(clean).collect();
            self.resampler.process_into(&clean, &mut sound);
        }
        self.put_whole(sound)
    }

    /// Ends what was pushed: its last frame is filled up with silence, and the results of all its frames can be
    /// taken. What is pushed next goes on from the end of that frame, as if nothing had been heard before.
    ///
    /// # Errors
    /// As [`AudioVisemes::push`].
    pub fn finish(&mut self) -> Result<(), ModelError> {
        let mut sound = std::mem::take(&mut self.rest);
        self.resampler.flush_into(&mut sound);
        sound.resize(sound.len().next_multiple_of(FRAME_SAMPLES), 0.0);
        self.put_whole(sound)?;
        if let Phase::Begun { .. } = self.phase {
            let silence = [0.0; FRAME_SAMPLES];
            for _ in 0..self.look_ahead() {
                self.put(&silence)?;
            }
            self.phase = Phase::Fresh;
        }
        Ok(())
    }

    /// The next frame's weights, if enough was pushed, and if its device answers in time: what is late is there at
    /// a later call.
    ///
    /// # Errors
    /// As [`AudioVisemes::push`].
    pub fn take(&mut self) -> Result<Option<VisemeFrame>, ModelError> {
        self.visemes.work(self.slot)?;
        Ok(self.visemes.take(self.slot).map(|weights| {
            let at_sample = self.next_sample;
            self.next_sample += FRAME_SAMPLES as u64;
            VisemeFrame { at_sample, weights }
        }))
    }

    /// Before the first sample the network hears silence, as long as it remembers.
    fn begin(&mut self) -> Result<(), ModelError> {
        if let Phase::Fresh = self.phase {
            let silence = [0.0; FRAME_SAMPLES];
            for _ in 0..self.visemes.model().memory() {
                self.put_as(&silence, Counts::No)?;
            }
            let early = self.look_ahead();
            self.phase = Phase::Begun { early };
        }
        Ok(())
    }

    fn put_whole(&mut self, mut sound: Vec<f32>) -> Result<(), ModelError> {
        let whole = sound.len() - sound.len() % FRAME_SAMPLES;
        for frame in sound[..whole].chunks_exact(FRAME_SAMPLES) {
            self.put(frame)?;
        }
        sound.drain(..whole);
        self.rest = sound;
        Ok(())
    }

    fn put(&mut self, frame: &[f32]) -> Result<(), ModelError> {
        let counts = match &mut self.phase {
            Phase::Begun { early } if *early > 0 => {
                *early -= 1;
                Counts::No
            }
            _ => Counts::Yes,
        };
        self.put_as(frame, counts)
    }

    fn put_as(&self, frame: &[f32], counts: Counts) -> Result<(), ModelError> {
        if self.visemes.put(self.slot, frame, counts)? > MOST_WAITING {
            self.visemes.work(self.slot)?;
        }
        Ok(())
    }
}

impl Drop for AudioVisemes {
    fn drop(&mut self) {
        self.visemes.leave(self.slot);
    }
}
