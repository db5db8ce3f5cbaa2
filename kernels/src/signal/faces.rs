//! The faces of a process: slots that sessions take and leave, on a backend that may be lost.
//!
//! When the device is lost in the middle of a frame, that frame is done on the CPU, and so are all that follow.
//! For that the last few features of each slot are kept, as many as the network looks back, its last samples,
//! and its levels: with those the CPU is where the device was. Sound is never touched by any of it.

use std::collections::VecDeque;

use super::cpu::CpuBatch;
use super::{Backend, Cpu, FRAME_SAMPLES, FaceBatch, FaceModel, Frames, Input, SignalError, clean};

/// Faces of up to so many sessions.
#[derive(Debug)]
pub struct Faces {
    device: Box<dyn FaceBatch>,
    cpu: Cpu,
    instead: Option<CpuBatch>,
    loss: Option<SignalError>,
    memory: Vec<Memory>,
    free: Vec<usize>,
}

/// What the CPU needs to go on.
#[derive(Clone, Debug, Default)]
struct Memory {
    taken: bool,
    features: VecDeque<Vec<f32>>,
    samples: Vec<f32>,
    levels: Vec<f32>,
}

impl Faces {
    /// Room for `slots` sessions on `backend`, on `cpu` from the first failure on.
    ///
    /// # Errors
    /// Those of [`Backend::batch`].
    pub fn new(
        backend: &dyn Backend,
        cpu: Cpu,
        model: &FaceModel,
        slots: usize,
    ) -> Result<Self, SignalError> {
        Ok(Self {
            device: backend.batch(model, slots)?,
            cpu,
            instead: None,
            loss: None,
            memory: vec![Memory::default(); slots],
            free: (0..slots).rev().collect(),
        })
    }

    /// A slot for a session that begins; `None` when all are taken.
    ///
    /// # Errors
    /// None that a batch has for its own slots.
    pub fn join(&mut self) -> Result<Option<usize>, SignalError> {
        let Some(slot) = self.free.pop() else {
            return Ok(None);
        };
        self.memory[slot] = Memory {
            taken: true,
            ..Memory::default()
        };
        self.batch().reset(slot)?;
        Ok(Some(slot))
    }

    /// Frees the slot of a session that has ended.
    ///
    /// # Errors
    /// [`SignalError::Slot`] where nobody has it.
    pub fn leave(&mut self, slot: usize) -> Result<(), SignalError> {
        match self.memory.get_mut(slot) {
            Some(memory) if memory.taken => {
                *memory = Memory::default();
                self.free.push(slot);
                Ok(())
            }
            _ => Err(nobody(slot)),
        }
    }

    /// Why the CPU works in the device's place, once it does.
    pub fn loss(&self) -> Option<&SignalError> {
        self.loss.as_ref()
    }

    /// Moves each slot named on by one frame, as [`FaceBatch::frame`]; does not fail when the device does.
    ///
    /// # Errors
    /// [`SignalError::Slot`] and [`SignalError::Shape`].
    pub fn frame(
        &mut self,
        inputs: &[(usize, Input<'_>)],
        out: &mut Frames,
    ) -> Result<(), SignalError> {
        let free = |slot: usize| self.memory.get(slot).is_none_or(|memory| !memory.taken);
        if let Some((slot, _)) = inputs.iter().find(|(slot, _)| free(*slot)) {
            return Err(nobody(*slot));
        }
        match self.batch().frame(inputs, out) {
            Err(error) if error.is_lost() && self.instead.is_none() => {
                let mut instead = self.resumed()?;
                let done = instead.frame(inputs, out);
                self.instead = Some(instead);
                self.loss = Some(error);
                done?;
            }
            done => done?,
        }
        if self.instead.is_none() {
            self.remember(inputs, out);
        }
        Ok(())
    }

    fn batch(&mut self) -> &mut dyn FaceBatch {
        match &mut self.instead {
            Some(cpu) => cpu,
            // A lost device is kept: giving its memory back may block.
            None => self.device.as_mut(),
        }
    }

    fn remember(&mut self, inputs: &[(usize, Input<'_>)], out: &Frames) {
        let model = self.device.model();
        let (frames, history) = (model.memory(), model.history());
        for (i, (slot, input)) in inputs.iter().enumerate() {
            let memory = &mut self.memory[*slot];
            memory.levels.clear();
            memory.levels.extend(out.levels(i));
            if let Input::Samples(samples) = input {
                memory.samples.clear();
                memory
                    .samples
                    .extend(samples[FRAME_SAMPLES - history..].iter().map(|x| clean(*x)));
            }
            if !matches!(input, Input::Targets(_)) && frames > 0 {
                // The oldest one's memory serves the newest.
                let mut newest = match memory.features.len() {
                    length if length >= frames => memory.features.pop_front().unwrap_or_default(),
                    _ => Vec::new(),
                };
                newest.clear();
                newest.extend(out.features(i));
                memory.features.push_back(newest);
            }
        }
    }

    /// A batch on the CPU that is where the device was.
    fn resumed(&self) -> Result<CpuBatch, SignalError> {
        let mut batch = CpuBatch::new(&self.cpu, self.device.model(), self.memory.len());
        let mut out = Frames::default();
        let longest = self.memory.iter().map(|memory| memory.features.len()).max();
        for frame in 0..longest.unwrap_or(0) {
            let inputs: Vec<(usize, Input<'_>)> = self
                .memory
                .iter()
                .enumerate()
                .filter_map(|(slot, m)| Some((slot, Input::Features(m.features.get(frame)?))))
                .collect();
            batch.frame(&inputs, &mut out)?;
        }
        for (slot, memory) in self.memory.iter().enumerate() {
            let some = |list: &'_ Vec<f32>| !list.is_empty();
            batch.resume(
                slot,
                Some(&memory.levels)
                    .filter(|list| some(list))
                    .map(Vec::as_slice),
                Some(&memory.samples)
                    .filter(|list| some(list))
                    .map(Vec::as_slice),
            );
        }
        Ok(batch)
    }
}

fn nobody(slot: usize) -> SignalError {
    SignalError::Slot {
        slot,
        reason: "nobody has it",
    }
}
