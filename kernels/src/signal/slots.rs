//! What the caller's side of every batch keeps of its slots, and how a frame's inputs are checked.

use super::{FRAME_SAMPLES, FaceModel, Input, SignalError};

/// What an input of a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Samples,
    Features,
    Targets,
}

/// One input of a frame with what its slot has behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    pub(crate) slot: usize,
    pub(crate) kind: Kind,
    /// Frames that the network has seen before this one. Exact while rings are not full, then any number with
    /// the same place in every ring.
    pub(crate) frames: u32,
    /// Whether the slot remembers samples.
    pub(crate) heard: bool,
    /// Whether the slot has levels to go on from.
    pub(crate) moved: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    frames: u32,
    heard: bool,
    moved: bool,
    /// The frame that named it last, so that naming it twice is found out.
    named: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Slots {
    slots: Vec<Slot>,
    frame: u64,
    /// The longest ring: after twice as many frames the count goes back by one round, which changes nothing.
    round: u32,
}

impl Slots {
    pub(crate) fn new(model: &FaceModel, slots: usize) -> Self {
        let longest = model.spec().layers.iter().map(|layer| layer.ring()).max();
        Self {
            slots: vec![Slot::default(); slots],
            frame: 0,
            round: longest.unwrap_or(1) as u32,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn reset(&mut self, slot: usize) -> Result<(), SignalError> {
        let state = self.slots.get_mut(slot).ok_or_else(|| no_such(slot))?;
        *state = Slot::default();
        Ok(())
    }

    /// Says what a slot that was filled from outside has behind it.
    pub(crate) fn resume(&mut self, slot: usize, moved: bool, heard: bool) {
        let state = &mut self.slots[slot];
        state.moved = moved;
        state.heard = heard;
    }

    /// Checks all inputs, then moves their slots on and fills `jobs`, one for each.
    pub(crate) fn plan(
        &mut self,
        model: &FaceModel,
        inputs: &[(usize, Input<'_>)],
        jobs: &mut Vec<Job>,
    ) -> Result<(), SignalError> {
        self.frame += 1;
        for (slot, input) in inputs {
            let state = self.slots.get_mut(*slot).ok_or_else(|| no_such(*slot))?;
            if state.named == self.frame {
                return Err(SignalError::Slot {
                    slot: *slot,
                    reason: "named twice in one frame",
                });
            }
            state.named = self.frame;
            let (what, found, expected) = match input {
                Input::Samples(x) => ("samples", x.len(), FRAME_SAMPLES),
                Input::Features(x) => ("features", x.len(), model.features()),
                Input::Targets(x) => ("targets", x.len(), model.visemes()),
            };
            SignalError::length(what, found, expected)?;
        }
        jobs.clear();
        for (slot, input) in inputs {
            let state = &mut self.slots[*slot];
            let kind = match input {
                Input::Samples(_) => Kind::Samples,
                Input::Features(_) => Kind::Features,
                Input::Targets(_) => Kind::Targets,
            };
            jobs.push(Job {
                slot: *slot,
                kind,
                frames: state.frames,
                heard: state.heard,
                moved: state.moved,
            });
            state.moved = true;
            state.heard |= kind == Kind::Samples;
            if kind != Kind::Targets {
                state.frames += 1;
                if state.frames == 2 * self.round {
                    state.frames = self.round;
                }
            }
        }
        Ok(())
    }
}

fn no_such(slot: usize) -> SignalError {
    SignalError::Slot {
        slot,
        reason: "there is no such slot",
    }
}
