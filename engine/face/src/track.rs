//! Her mouth as a function of the position in her voice, from timed phonemes.
//!
//! Each gesture has a dominance: the highest in its own middle, the same for all at their edges, and
//! falling off beyond them, ahead and behind. The shape at a position is what all near gestures want,
//! weighed by their dominances, so a mouth is on its way to the next sound before that begins and rounds
//! for a vowel while the consonant before it still sounds. Nothing but a closure makes a closure, and
//! nothing keeps lips apart that have to meet.
//!
//! ```text
//!  dominance │    ╭─╮ m     ╭───╮ a
//!      edge ─┼──╭╯  ╰╮───╭╯     ╰╮───
//!            │─╯      ╰─╯         ╰──  ─▶ samples
//! ```
//! Never sees a sound and never keeps time; what was pushed holds until it is taken back.
//!
//! Source: Cohen & Massaro, *Modeling Coarticulation in Synthetic Visual Speech* (1993), with the
//! dominance tied to a segment's own edges so that the table of phonemes holds exactly in their middles.

use crate::phoneme::{Gesture, Phoneme, SILENCE};
use crate::{RATE_HZ, Viseme, Weights};

/// Nothing that begins so far ahead of a position, in samples, shows there: 200 ms. Whoever has pushed as
/// much as that gets the same weights as whoever has pushed everything.
pub const LOOK_AHEAD: u64 = RATE_HZ as u64 / 5;

/// As long as this, in samples, it takes the mouth to come to rest where nothing is said: 40 ms.
const REST: f32 = RATE_HZ as f32 / 25.0;

/// A space between two words that is shorter than this, in samples, is no silence: 80 ms. The voice gives each
/// space time of its own, but speaks on through all but the longest, and so lips do not close for it.
const SHORT_SPACE: u64 = RATE_HZ as u64 * 8 / 100;

/// When one phoneme sounds, in samples at 48 kHz.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedPhoneme {
    /// Its IPA letter; what is none is silence.
    pub symbol: char,
    /// Its first sample.
    pub start: u64,
    /// The sample behind its last one.
    pub end: u64,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    gesture: Gesture,
    start: u64,
    end: u64,
    /// Whether it is one of the spaces that may be no silence.
    is_space: bool,
}

/// Timed phonemes in, weights at a position out.
#[derive(Debug, Default)]
pub struct Track {
    spans: Vec<Span>,
}

impl Track {
    /// Takes the next phoneme. What overlaps with what was pushed before is left out, where nothing was
    /// pushed she is silent, and one without a length is none.
    pub fn push(&mut self, phoneme: TimedPhoneme) {
        let speaks_on = self.speaks_on(&phoneme);
        if speaks_on {
            self.spans.pop();
        }
        let known = self.end();
        let start = known.map_or(phoneme.start, |known| known.max(phoneme.start));
        if phoneme.end <= start {
            return;
        }
        if let Some(known) = known
            && known < start
            && !speaks_on
        {
            self.add(SILENCE, known, start);
        }
        match Phoneme::of(phoneme.symbol) {
            Phoneme::One(gesture) if phoneme.symbol == ' ' => {
                self.add(gesture, start, phoneme.end);
                if let Some(last) = self.spans.last_mut() {
                    last.is_space = true;
                }
            }
            Phoneme::One(gesture) => self.add(gesture, start, phoneme.end),
            Phoneme::Two {
                first,
                second,
                share,
            } => {
                let turn = start + ((phoneme.end - start) as f64 * f64::from(share)) as u64;
                self.add(first, start, turn);
                self.add(second, turn, phoneme.end);
            }
        }
    }

    /// Behind the last phoneme; `None` without any.
    pub fn end(&self) -> Option<u64> {
        self.spans.last().map(|span| span.end)
    }

    /// Takes back what begins at this position or behind it, and the rest of what sounds there.
    pub fn truncate(&mut self, end: u64) {
        while self.spans.last().is_some_and(|span| span.start >= end) {
            self.spans.pop();
        }
        if let Some(last) = self.spans.last_mut() {
            last.end = last.end.min(end);
        }
    }

    /// How much of each shape there is at a position. Each is between 0 and 1, and so is their sum: what
    /// is missing to 1 no shape asked for.
    pub fn weights(&self, at: u64) -> Weights {
        let mut weights = Weights::default();
        let mut sum = 0.0f32;
        let mut add = |gesture: &Gesture, dominance: f32| {
            weights[usize::from(gesture.viseme.as_u8())] += gesture.width * dominance;
            sum += dominance;
        };
        let from = self
            .spans
            .partition_point(|span| span.end + LOOK_AHEAD <= at);
        for span in &self.spans[from..] {
            if span.start >= at + LOOK_AHEAD {
                break;
            }
            add(&span.gesture, span.dominance(at));
        }
        // Before all of it and behind all of it she is silent.
        let begin = self.spans.first().map(|span| span.start);
        if let Some(since) = begin.map(|begin| distance(begin, at)) {
            add(&SILENCE, rest(since, SILENCE.behind));
        }
        let left = self.end().map_or(-REST, |end| distance(at, end));
        add(&SILENCE, rest(left, SILENCE.ahead));
        for weight in &mut weights {
            *weight = (*weight / sum).clamp(0.0, 1.0);
        }
        weights
    }

    /// Whether the last thing that was pushed is a space through which she speaks on to this phoneme: then no
    /// gesture is made there, and those around it pass into each other.
    fn speaks_on(&self, next: &TimedPhoneme) -> bool {
        let mut before = self.spans.iter().rev();
        let (Some(space), Some(sound)) = (before.next(), before.next()) else {
            return false;
        };
        space.is_space
            && space.end - space.start < SHORT_SPACE
            && space.end == next.start
            && next.end > next.start
            && sound.gesture.viseme != Viseme::Sil
            && Phoneme::of(next.symbol).middle() != Viseme::Sil
    }

    fn add(&mut self, gesture: Gesture, start: u64, end: u64) {
        if start < end {
            self.spans.push(Span {
                gesture,
                start,
                end,
                is_space: false,
            });
        }
    }
}

impl Span {
    /// At its edges it is 1.
    fn dominance(&self, at: u64) -> f32 {
        let Gesture {
            firmness,
            ahead,
            behind,
            ..
        } = self.gesture;
        let length = (self.end - self.start) as f32;
        // Who is here for a moment only reaches no further than that.
        let fall = |distance: u64, reach: f32| (-(distance as f32) / reach.min(length)).exp();
        if at < self.start {
            fall(self.start - at, ahead)
        } else if at > self.end {
            fall(at - self.end, behind)
        } else {
            let off = 2.0 * (at - self.start) as f32 / length - 1.0;
            (firmness * (1.0 - off * off)).exp()
        }
    }
}

/// Samples from one position to another.
fn distance(from: u64, to: u64) -> f32 {
    (i128::from(to) - i128::from(from)) as f32
}

/// The dominance of the silence around everything; `distance` is how far inside speech a position is,
/// negative: outside.
fn rest(distance: f32, reach: f32) -> f32 {
    if distance >= 0.0 {
        (-distance / reach).exp()
    } else {
        (SILENCE.firmness * (-distance / REST).min(1.0)).exp()
    }
}

#[cfg(test)]
#[path = "track_test.rs"]
mod tests;
