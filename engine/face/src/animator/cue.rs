//! What is to be done at a sample of her voice.

use super::Micros;
use super::gesture::Gesture;
use super::table::TABLE;
use super::voice_clock::{VoiceClock, When};
use crate::tone::Tone;

/// As PROTOCOL's `gesture {name, at_sample}` and `tone {name, intensity, at_sample}` have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cue {
    /// She moves.
    Gesture(Gesture),
    /// She means it like this from there on, with an intensity of 0..=1.
    Tone(Tone, f64),
}

/// More than anybody does in the few seconds that are sent ahead.
const MOST: usize = 64;

/// Those that are still to come, by their sample. When there are too many, the first gives way.
#[derive(Clone, Debug, Default)]
pub(super) struct Cues {
    waiting: Vec<Waiting>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    sample: u64,
    told: Micros,
    cue: Cue,
}

impl Cues {
    pub(super) fn put(&mut self, told: Micros, sample: u64, cue: Cue) {
        if self.waiting.len() >= MOST {
            self.waiting.remove(0);
        }
        let behind = self
            .waiting
            .partition_point(|waiting| waiting.sample <= sample);
        self.waiting.insert(behind, Waiting { sample, told, cue });
    }

    pub(super) fn flush(&mut self) {
        self.waiting.clear();
    }

    /// Takes the next one whose moment has come, with that moment.
    pub(super) fn take(&mut self, now: Micros, clock: &VoiceClock) -> Option<(Micros, Cue)> {
        loop {
            let first = *self.waiting.first()?;
            let When::Due { at, late_s } = clock.when(first.sample) else {
                return None;
            };
            let at = at.max(first.told);
            if at > now {
                return None;
            }
            self.waiting.remove(0);
            // A nod to a word of a while ago is odd; a tone holds until the next one.
            let is_of_use = matches!(first.cue, Cue::Tone(..)) || late_s <= TABLE.gesture.late_s;
            if is_of_use {
                return Some((at, first.cue));
            }
        }
    }
}
