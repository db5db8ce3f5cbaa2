//! All streams of a process, on one device.
//!
//! Streams only put their frames down here; whoever first wants a result that is not there yet has the frames of
//! all computed, one of each stream in one launch. So those that push in one round of a pacer and take in the
//! next share a launch, whatever their order. Whoever comes while others' frames are computed waits for that.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use janet_kernels::Pool;
use janet_kernels::signal::{
    Backend, Choice, Cpu, FRAME_SAMPLES, FaceModel, Faces, Frames, Input, SignalError,
};

use super::stream::AudioVisemes;
use super::weights::NAMES;
use crate::ModelError;

/// The weights of a frame, in the order of [`NAMES`].
pub(super) type Weights = [f32; NAMES.len()];

/// Where streams of sound get their visemes. Clones share the device.
#[derive(Clone)]
pub struct Visemes {
    shared: Arc<Mutex<Shared>>,
    model: FaceModel,
    backend: Arc<str>,
}

struct Shared {
    faces: Faces,
    frames: Frames,
    /// Whether it was told that the device is lost.
    told: bool,
    slots: Vec<Slot>,
}

/// A frame that waits.
struct Waiting {
    samples: Vec<f32>,
    counts: Counts,
}

/// What becomes of a frame's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counts {
    /// It belongs to a frame of the stream.
    Yes,
    /// It belongs to what was before the stream.
    No,
}

/// A stream's frames that wait, and its results that nobody has taken.
#[derive(Default)]
struct Slot {
    waiting: VecDeque<Waiting>,
    ready: VecDeque<Weights>,
    /// Frames whose memory is used again.
    spare: Vec<Vec<f32>>,
}

impl Visemes {
    /// `model` for up to `streams` streams, on the device that `choice` finds; the second value
    /// says why others were passed over. May take a second: drivers are loaded.
    ///
    /// # Errors
    /// When the device has no room, or the model has other visemes than [`NAMES`].
    pub fn open(
        model: &FaceModel,
        choice: Choice,
        pool: Pool,
        streams: usize,
    ) -> Result<(Self, Vec<SignalError>), ModelError> {
        let mut chosen = choice.open(pool.clone());
        let cpu = || Cpu::new(pool.clone());
        match Self::new(chosen.backend.as_ref(), cpu(), model, streams) {
            Ok(visemes) => Ok((visemes, chosen.passed_over)),
            // It is there, but has no room, or takes no program of ours.
            Err(ModelError::Signal(error)) => {
                chosen.passed_over.push(error);
                let visemes = Self::new(&cpu(), cpu(), model, streams)?;
                Ok((visemes, chosen.passed_over))
            }
            Err(error) => Err(error),
        }
    }

    /// `model` for up to `streams` streams on `backend`; on `cpu` from the moment on when that is lost.
    ///
    /// # Errors
    /// When the device has no room, or the model has other visemes than [`NAMES`].
    pub fn new(
        backend: &dyn Backend,
        cpu: Cpu,
        model: &FaceModel,
        streams: usize,
    ) -> Result<Self, ModelError> {
        if model.visemes() != NAMES.len() {
            return Err(ModelError::Input {
                what: "model",
                reason: format!("{} visemes, not {}", model.visemes(), NAMES.len()),
            });
        }
        let shared = Shared {
            faces: Faces::new(backend, cpu, model, streams)?,
            frames: Frames::default(),
            told: false,
            slots: (0..streams).map(|_| Slot::default()).collect(),
        };
        Ok(Self {
            shared: Arc::new(Mutex::new(shared)),
            model: model.clone(),
            backend: backend.name().into(),
        })
    }

    /// A stream of sound at `rate_hz`; `None` when there are as many as fit.
    ///
    /// # Errors
    /// When the rate is outside of 1 to 384 kHz.
    pub fn stream(&self, rate_hz: u32) -> Result<Option<AudioVisemes>, ModelError> {
        AudioVisemes::new(self, rate_hz)
    }

    /// What was chosen, for people.
    pub fn backend(&self) -> &str {
        &self.backend
    }

    /// Why the CPU works in the device's place, once it does.
    pub fn loss(&self) -> Option<SignalError> {
        self.lock().faces.loss().cloned()
    }

    pub(super) fn model(&self) -> &FaceModel {
        &self.model
    }

    pub(super) fn join(&self) -> Result<Option<usize>, ModelError> {
        let mut shared = self.lock();
        let slot = shared.faces.join()?;
        if let Some(slot) = slot {
            shared.slots[slot] = Slot::default();
        }
        Ok(slot)
    }

    pub(super) fn leave(&self, slot: usize) {
        let mut shared = self.lock();
        shared.slots[slot] = Slot::default();
        // A stream leaves once, and had joined.
        let left = shared.faces.leave(slot);
        debug_assert!(left.is_ok(), "{left:?}");
    }

    /// Puts a frame of [`FRAME_SAMPLES`] samples down; gives how many of that slot wait now.
    pub(super) fn put(&self, slot: usize, samples: &[f32], counts: Counts) -> usize {
        debug_assert_eq!(samples.len(), FRAME_SAMPLES);
        let mut shared = self.lock();
        let slot = &mut shared.slots[slot];
        let mut frame = slot.spare.pop().unwrap_or_default();
        frame.clear();
        frame.extend_from_slice(samples);
        slot.waiting.push_back(Waiting {
            samples: frame,
            counts,
        });
        slot.waiting.len()
    }

    /// Computes all that waits, of all streams, if anything of this slot does.
    ///
    /// # Errors
    /// None for a slot that was joined.
    pub(super) fn work(&self, slot: usize) -> Result<(), ModelError> {
        let mut shared = self.lock();
        while !shared.slots[slot].waiting.is_empty() {
            shared.launch()?;
        }
        Ok(())
    }

    /// The oldest result of a slot.
    pub(super) fn take(&self, slot: usize) -> Option<Weights> {
        self.lock().slots[slot].ready.pop_front()
    }

    /// What a panic in a backend has left is as good as a frame that was never computed.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// One frame of each stream that has one.
    fn launch(&mut self) -> Result<(), ModelError> {
        let slots = self.slots.iter().enumerate();
        let named: Vec<usize> = slots
            .filter(|(_, slot)| !slot.waiting.is_empty())
            .map(|(at, _)| at)
            .collect();
        let inputs: Vec<(usize, Input<'_>)> = named
            .iter()
            .filter_map(|at| {
                let frame = self.slots[*at].waiting.front()?;
                Some((*at, Input::Samples(&frame.samples)))
            })
            .collect();
        self.faces.frame(&inputs, &mut self.frames)?;
        if let Some(loss) = self.faces.loss().filter(|_| !self.told) {
            tracing::warn!(%loss, "the CPU moves mouths from now on");
            self.told = true;
        }
        for (row, at) in named.into_iter().enumerate() {
            let slot = &mut self.slots[at];
            if let Some(Waiting { samples, counts }) = slot.waiting.pop_front() {
                slot.spare.push(samples);
                if counts == Counts::Yes {
                    let mut weights = Weights::default();
                    weights.copy_from_slice(self.frames.weights(row));
                    slot.ready.push_back(weights);
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Visemes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Visemes({})", self.backend)
    }
}
