//! What her mouth does with her voice: a frame for every 800 samples at 48 kHz, along with its sound.
//!
//! Each attempt at an answer has the mouth's course beside its sound, in the same count; where its sound
//! lies in the line is known when it gets there. The line asks for a frame with each chunk, so whatever
//! becomes of the sound becomes of its frames: they are paused with it, go on at the very sample, and are
//! flushed with it. Where her voice stops, one frame closes the mouth.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use janet_audio::{Cue, Line};
use janet_face::{FRAME_SAMPLES, RATE_HZ, TimedPhoneme, Track, VISEMES, Viseme, Weights};
use janet_models::visemes::VisemeFrame;
use janet_talk::{Mono, ReplyId};

use super::core::Core;
use super::live::Live;
use super::posted::{Mouth, Piece};

const _: () = assert!(
    VISEMES == janet_audio::playout::CUE_BYTES,
    "a cue holds a weight for each shape"
);

/// What her mouth does at one sample of her voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaceFrame {
    /// The sample's position in her voice at 48 kHz, modulo 2³²: its number at the play rate, times 48,000,
    /// through that rate.
    pub at_sample: u32,
    /// How much of each shape there is, in the order of [`Viseme`]; 255 is all.
    pub weights: [u8; VISEMES],
}

impl FaceFrame {
    /// What a cue of a line of this rate says.
    pub(super) const fn of(cue: Cue, line_hz: u32) -> Self {
        // The low half of a product is that of its factors' low halves.
        let at_sample = cue.sample.wrapping_mul(RATE_HZ / line_hz);
        Self {
            at_sample,
            weights: cue.data,
        }
    }
}

const HALF_FRAME: u64 = FRAME_SAMPLES as u64 / 2;
/// So long a frame is shown where none follows yet: the network looks ahead by two, its middle lies half a
/// frame back, and sound does not come in whole frames.
const HELD: u64 = 6 * FRAME_SAMPLES as u64;

/// At this number of the line's the mouth is closed.
pub(super) fn closed(number: u64) -> Cue {
    cue(number, shut())
}

fn shut() -> Weights {
    let mut weights = Weights::default();
    weights[usize::from(Viseme::Sil.as_u8())] = 1.0;
    weights
}

fn cue(number: u64, weights: Weights) -> Cue {
    Cue {
        sample: number as u32,
        data: weights.map(|weight| (weight * 255.0).round() as u8),
    }
}

/// The mouth's course through one attempt at an answer, in samples at 48 kHz since its sound began.
#[derive(Default)]
pub(super) struct Course {
    track: Track,
    /// What was read from sound: the middle of each frame, and its shapes.
    read: Vec<(u64, Weights)>,
    /// Where which kind of phrase begins.
    stretches: VecDeque<(u64, Follows)>,
}

/// What the mouth follows in a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Follows {
    Phonemes,
    Audio,
}

impl Course {
    /// Takes what a piece of a phrase says of the mouth; the phrase began at `start`.
    pub(super) fn take(&mut self, start: u64, piece: &Piece) {
        let follows = match &piece.mouth {
            Mouth::Audio(frames) => {
                let middle = |frame: &VisemeFrame| start + frame.at_sample + HALF_FRAME;
                let read = frames.iter().map(|frame| (middle(frame), frame.weights));
                self.read.extend(read);
                Follows::Audio
            }
            Mouth::Phonemes(phonemes) => {
                let at =
                    |sample: u64| start + sample * u64::from(RATE_HZ) / u64::from(piece.rate_hz);
                for time in phonemes {
                    self.track.push(TimedPhoneme {
                        symbol: time.symbol,
                        start: at(time.start_sample),
                        end: at(time.end_sample),
                    });
                }
                Follows::Phonemes
            }
        };
        if self
            .stretches
            .back()
            .is_none_or(|(_, last)| *last != follows)
        {
            self.stretches.push_back((start, follows));
        }
    }

    /// What was to come from this position on does not come.
    pub(super) fn truncate(&mut self, end: u64) {
        self.track.truncate(end);
        let kept = self.read.partition_point(|(middle, _)| *middle < end);
        self.read.truncate(kept);
        while self
            .stretches
            .back()
            .is_some_and(|(start, _)| *start >= end)
        {
            self.stretches.pop_back();
        }
    }

    /// The shapes at a position; `None` where nobody knows them.
    fn weights(&self, at: u64) -> Option<Weights> {
        let mut before = self.stretches.iter().rev();
        let (_, follows) = before.find(|(start, _)| *start <= at)?;
        match follows {
            Follows::Phonemes => Some(self.track.weights(at)),
            Follows::Audio => self.read_at(at),
        }
    }

    /// What was read at a position: between the middles of two frames, the way from one to the other.
    fn read_at(&self, at: u64) -> Option<Weights> {
        let next = self.read.partition_point(|(middle, _)| *middle <= at);
        let before = next.checked_sub(1).map(|last| &self.read[last]);
        let before = before.filter(|(middle, _)| at - middle <= HELD);
        let after = self
            .read
            .get(next)
            .filter(|(middle, _)| middle - at <= HELD);
        match (before, after) {
            (Some((from, a)), Some((to, b))) => {
                let share = (at - from) as f32 / (to - from) as f32;
                Some(std::array::from_fn(|i| a[i] + share * (b[i] - a[i])))
            }
            (Some((_, only)), None) | (None, Some((_, only))) => Some(*only),
            // So little has come that nothing is known yet.
            (None, None) if next == 0 => Some(shut()),
            (None, None) => None,
        }
    }
}

impl Live {
    /// A count of this reply's samples at 48 kHz.
    pub(super) fn face_samples(&self, samples: u64) -> u64 {
        samples * u64::from(RATE_HZ) / u64::from(self.rate_hz)
    }

    /// How far into its sound a number of the line's is.
    fn offset(&self, number: u64) -> Option<u64> {
        let offset = number.checked_sub(self.base?)?;
        (offset < self.made).then_some(offset)
    }

    /// Whether more sound of it comes.
    fn says_more(&self, is_voicing: bool) -> bool {
        let is_written = self.generated.is_some() && self.phrases.is_empty();
        !is_written || is_voicing || self.phrase_made > 0 || !self.staged.is_empty()
    }
}

/// Moves what is due to the ear, each chunk with its frame. How many things moved, and whether there was
/// any of her voice among them.
pub(super) fn tick(line: &mut Line, now: Mono, live: &HashMap<ReplyId, Live>) -> (usize, bool) {
    let mut is_hers = false;
    // All play rates are multiples of 60.
    let step = u64::from(line.rate_hz() * FRAME_SAMPLES / RATE_HZ);
    let moved = line.tick_with(now.0, &mut |numbers: Range<u64>| {
        is_hers |= live
            .values()
            .any(|live| live.offset(numbers.start).is_some());
        let at = numbers.start.next_multiple_of(step);
        let owner = |live: &Live| {
            let offset = live.offset(at)?;
            live.course.weights(live.face_samples(offset))
        };
        let weights = numbers
            .contains(&at)
            .then(|| live.values().find_map(owner))??;
        Some(cue(at, weights))
    });
    (moved, is_hers)
}

impl Core {
    /// Closes the mouth behind the last of her voice: at once where nothing more comes of it, else when
    /// the ear has caught up.
    pub(super) fn close_mouth(&mut self, now: Mono) {
        let Some(line) = self.line.as_mut().filter(|_| self.mouth_moves) else {
            return;
        };
        if line.is_held() || line.queued_samples() > 0 {
            return;
        }
        let voicing = self.voice_lane.as_ref();
        let voicing = voicing.filter(|(_, ticket)| !ticket.has_ended());
        let says_more = self.live.iter().any(|(reply, live)| {
            let is_voicing = voicing.is_some_and(|(of, _)| of == reply);
            live.base.is_some() && live.says_more(is_voicing)
        });
        if !says_more || line.is_dry(now.0) {
            let end = line.next_sample();
            line.cue(closed(end));
            self.mouth_moves = false;
            self.told = true;
            self.closed_at = end;
            // Where more comes the sentence goes on as it was meant.
            if !says_more {
                self.be_neutral(end);
            }
        }
    }

    /// Closes the mouth where her voice was stopped.
    pub(super) fn stop_mouth(&mut self, number: u64) {
        // Closed already, but behind what is heard: that frame goes with the sound.
        let is_open = self.mouth_moves || self.closed_at > number;
        if let Some(line) = self.line.as_mut().filter(|_| is_open) {
            line.cue(closed(number));
            self.mouth_moves = false;
            self.closed_at = number;
        }
    }
}

#[cfg(test)]
#[path = "face_test.rs"]
mod tests;
