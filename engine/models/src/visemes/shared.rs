//! All streams of a process, on one device.
//!
//! Streams only put their frames down; whoever first wants a result that is not there yet has the frames of
//! all computed, one of each stream in one launch. So those that push in one round of a pacer and take in the
//! next share a launch, whatever their order.
//!
//! On the CPU whoever wants a result computes it, and whoever comes meanwhile waits for that. Another device may
//! not answer for seconds, so it has a thread of its own: nobody waits longer for a launch than [`PATIENCE`], and
//! nobody at all for one that was waited for in vain. What comes late is there when somebody next asks.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use janet_kernels::Pool;
use janet_kernels::signal::{
    Backend, Choice, Cpu, FRAME_SAMPLES, FaceModel, Faces, Frames, Input, SignalError,
};

use super::stream::AudioVisemes;
use super::weights::NAMES;
use crate::ModelError;

/// So long somebody waits for a launch of another device than the CPU: a healthy one takes a few milliseconds.
const PATIENCE: Duration = Duration::from_millis(100);
/// Frames of a stream that wait at the most, while a device does not answer: eight seconds.
const MOST_LATE: usize = 480;

/// The weights of a frame, in the order of [`NAMES`].
pub(super) type Weights = [f32; NAMES.len()];

/// Where streams of sound get their visemes. Clones share the device.
#[derive(Clone)]
pub struct Visemes {
    owner: Arc<Owner>,
    model: FaceModel,
    backend: Arc<str>,
}

/// What all clones have together: with the last of them the device's thread ends.
struct Owner {
    shared: Arc<Shared>,
    /// Whether the device has a thread of its own.
    is_apart: bool,
}

struct Shared {
    /// Never held for longer than it takes to copy a frame.
    desk: Mutex<Desk>,
    /// Held during launches. Taken before the desk where both are.
    device: Mutex<Device>,
    /// Something was put down, or nobody is left to do so.
    put: Condvar,
    /// A launch has ended, or the thread has.
    done: Condvar,
}

/// What streams put down and take.
struct Desk {
    slots: Vec<Slot>,
    free: Vec<usize>,
    /// Streams that have been.
    streams: u64,
    /// Launches that have ended.
    launches: u64,
    /// Somebody has waited for a launch in vain, and it has not ended yet.
    is_late: bool,
    /// Nobody is left, or the device's thread is not.
    is_closed: bool,
    loss: Option<SignalError>,
}

struct Device {
    faces: Faces,
    frames: Frames,
    /// The stream of each slot that it was last asked for, and its place among the faces.
    known: Vec<Option<(u64, usize)>>,
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
    /// Which stream has it.
    stream: u64,
    waiting: VecDeque<Waiting>,
    /// One more is being computed.
    is_computed: bool,
    ready: VecDeque<Weights>,
    /// Frames whose memory is used again.
    spare: Vec<Vec<f32>>,
}

impl Slot {
    fn is_busy(&self) -> bool {
        self.is_computed || !self.waiting.is_empty()
    }
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
        let backend = chosen.backend.as_ref();
        let opened = match choice {
            Choice::Cpu => Self::new(backend, cpu(), model, streams),
            _ => Self::apart(backend, cpu(), model, streams),
        };
        match opened {
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

    /// `model` for up to `streams` streams on `backend`, which whoever wants a result waits for; on `cpu` from the
    /// moment on when it is lost.
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
        let faces = Faces::new(backend, cpu, model, streams)?;
        Ok(Self {
            owner: Arc::new(Owner {
                shared: Arc::new(Shared::new(faces, streams)),
                is_apart: false,
            }),
            model: model.clone(),
            backend: backend.name().into(),
        })
    }

    /// The same on a thread of its own: a device that does not answer keeps nobody waiting.
    ///
    /// # Errors
    /// As [`Visemes::new`]; and [`ModelError::Input`] where there is no thread to be had.
    pub fn apart(
        backend: &dyn Backend,
        cpu: Cpu,
        model: &FaceModel,
        streams: usize,
    ) -> Result<Self, ModelError> {
        let mut visemes = Self::new(backend, cpu, model, streams)?;
        let shared = visemes.owner.shared.clone();
        // Nobody else has it yet.
        if let Some(owner) = Arc::get_mut(&mut visemes.owner) {
            owner.is_apart = true;
        }
        let thread = thread::Builder::new().name("janet-visemes".into());
        let spawned = thread.spawn(move || shared.run());
        spawned.map_err(|error| ModelError::Input {
            what: "thread",
            reason: error.to_string(),
        })?;
        Ok(visemes)
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
        self.desk().loss.clone()
    }

    pub(super) fn model(&self) -> &FaceModel {
        &self.model
    }

    pub(super) fn join(&self) -> Option<usize> {
        let mut desk = self.desk();
        let slot = desk.free.pop()?;
        desk.streams += 1;
        desk.slots[slot] = Slot {
            stream: desk.streams,
            ..Slot::default()
        };
        Some(slot)
    }

    pub(super) fn leave(&self, slot: usize) {
        let mut desk = self.desk();
        desk.slots[slot] = Slot::default();
        desk.free.push(slot);
    }

    /// Puts a frame of [`FRAME_SAMPLES`] samples down; gives how many of that slot wait now.
    ///
    /// # Errors
    /// When the device has not answered for so long that no more may wait.
    pub(super) fn put(
        &self,
        slot: usize,
        samples: &[f32],
        counts: Counts,
    ) -> Result<usize, ModelError> {
        debug_assert_eq!(samples.len(), FRAME_SAMPLES);
        let mut desk = self.desk();
        let slot = &mut desk.slots[slot];
        if slot.waiting.len() >= MOST_LATE {
            return Err(ModelError::Input {
                what: "device",
                reason: format!("{MOST_LATE} frames wait for it"),
            });
        }
        let mut frame = slot.spare.pop().unwrap_or_default();
        frame.clear();
        frame.extend_from_slice(samples);
        slot.waiting.push_back(Waiting {
            samples: frame,
            counts,
        });
        let waiting = slot.waiting.len();
        drop(desk);
        self.owner.shared.put.notify_one();
        Ok(waiting)
    }

    /// Computes all that waits, of all streams, if anything of this slot does; on a thread of its own as far as it
    /// gets there in time.
    ///
    /// # Errors
    /// None for a slot that was joined.
    pub(super) fn work(&self, slot: usize) -> Result<(), ModelError> {
        let shared = &self.owner.shared;
        if !self.owner.is_apart {
            let mut device = shared.device();
            while !self.desk().slots[slot].waiting.is_empty() {
                shared.launch(&mut device)?;
            }
            return Ok(());
        }
        let mut desk = self.desk();
        while desk.slots[slot].is_busy() && !desk.is_late && !desk.is_closed {
            let launches = desk.launches;
            let waited = shared
                .done
                .wait_timeout_while(desk, PATIENCE, |desk| {
                    desk.launches == launches && !desk.is_closed && !desk.is_late
                })
                .unwrap_or_else(PoisonError::into_inner);
            desk = waited.0;
            desk.is_late |= waited.1.timed_out();
        }
        Ok(())
    }

    /// The oldest result of a slot.
    pub(super) fn take(&self, slot: usize) -> Option<Weights> {
        self.desk().slots[slot].ready.pop_front()
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.owner.shared.desk()
    }
}

impl Shared {
    fn new(faces: Faces, streams: usize) -> Self {
        let desk = Desk {
            slots: (0..streams).map(|_| Slot::default()).collect(),
            free: (0..streams).rev().collect(),
            streams: 0,
            launches: 0,
            is_late: false,
            is_closed: false,
            loss: None,
        };
        let device = Device {
            faces,
            frames: Frames::default(),
            known: vec![None; streams],
        };
        Self {
            desk: Mutex::new(desk),
            device: Mutex::new(device),
            put: Condvar::new(),
            done: Condvar::new(),
        }
    }

    /// What a panic in a backend has left is as good as a frame that was never computed.
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn device(&self) -> MutexGuard<'_, Device> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The device's thread, until nobody is left.
    fn run(&self) {
        // However it ends: nobody waits for it any more.
        let _closing = Closing(self);
        let mut device = self.device();
        loop {
            let idle = |desk: &mut Desk| {
                let is_idle = desk.slots.iter().all(|slot| slot.waiting.is_empty());
                is_idle && !desk.is_closed
            };
            let desk = self.put.wait_while(self.desk(), idle);
            let is_closed = desk.unwrap_or_else(PoisonError::into_inner).is_closed;
            if is_closed {
                return;
            }
            if let Err(error) = self.launch(&mut device) {
                tracing::warn!(%error, "no mouth follows a sound any more");
                return;
            }
        }
    }

    /// One frame of each stream that has one.
    fn launch(&self, device: &mut Device) -> Result<(), ModelError> {
        let taken = self.desk().pick();
        let done = device.compute(&taken);
        let mut desk = self.desk();
        if let Some(loss) = device.faces.loss().filter(|_| desk.loss.is_none()) {
            tracing::warn!(%loss, "the CPU moves mouths from now on");
            desk.loss = Some(loss.clone());
        }
        for (row, (slot, stream, frame)) in taken.into_iter().enumerate() {
            let slot = &mut desk.slots[slot];
            // Another has it by now: what was computed belongs to nobody.
            if slot.stream != stream {
                continue;
            }
            slot.is_computed = false;
            slot.spare.push(frame.samples);
            if frame.counts == Counts::Yes && done.is_ok() {
                let mut weights = Weights::default();
                weights.copy_from_slice(device.frames.weights(row));
                slot.ready.push_back(weights);
            }
        }
        desk.launches += 1;
        desk.is_late = false;
        drop(desk);
        self.done.notify_all();
        done
    }
}

/// A slot, the stream that had it, and a frame of that.
type Picked = (usize, u64, Waiting);

impl Desk {
    /// The oldest frame of each slot that has one.
    fn pick(&mut self) -> Vec<Picked> {
        let slots = self.slots.iter_mut().enumerate();
        let first = |(at, slot): (usize, &mut Slot)| {
            let frame = slot.waiting.pop_front()?;
            slot.is_computed = true;
            Some((at, slot.stream, frame))
        };
        slots.filter_map(first).collect()
    }
}

impl Device {
    fn compute(&mut self, picked: &[Picked]) -> Result<(), ModelError> {
        let mut inputs = Vec::with_capacity(picked.len());
        for (slot, stream, frame) in picked {
            let place = self.place(*slot, *stream)?;
            inputs.push((place, Input::Samples(&frame.samples)));
        }
        Ok(self.faces.frame(&inputs, &mut self.frames)?)
    }

    /// The place of a slot's stream among the faces; a stream that is new there is given one that has heard nothing.
    fn place(&mut self, slot: usize, stream: u64) -> Result<usize, ModelError> {
        match self.known[slot] {
            Some((known, place)) if known == stream => return Ok(place),
            Some((_, place)) => self.faces.leave(place)?,
            None => {}
        }
        self.known[slot] = None;
        // As many as there are slots, and each slot has one at the most.
        let place = self.faces.join()?.ok_or(SignalError::Slot {
            slot,
            reason: "no place among the faces",
        })?;
        self.known[slot] = Some((stream, place));
        Ok(place)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.desk().is_closed = true;
        self.shared.put.notify_all();
    }
}

/// Says that the device's thread has ended.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.desk().is_closed = true;
        self.0.done.notify_all();
    }
}

impl fmt::Debug for Visemes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Visemes({})", self.backend)
    }
}
