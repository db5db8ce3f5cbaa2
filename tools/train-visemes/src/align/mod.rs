//! When each sound is heard: a forced alignment, as speech recognisers make them.
//!
//! The voice's own table says when what the sound is *made from* changes. Its decoder hears its neighbours, too,
//! so the sound itself changes a little earlier or later. Here each letter has three states, and each state a
//! normal distribution of cepstra; the likeliest way through the letters of a take moves their borders, by
//! [`MOST_S`] at the most, and the distributions are estimated anew from there, a few times over (Viterbi
//! training of single-Gaussian monophones, as the first step of HTK, Kaldi or the Montreal Forced Aligner). Which
//! letters follow one another is never changed, and no network has a say in it.
//!
//! Estimated on trained sentences alone, without noise or room, and applied to all.

mod gauss;
mod path;
mod sound;

use std::collections::BTreeMap;

use janet_face::{Phoneme, Viseme};

use crate::labels::Timed;

use self::gauss::{Gaussian, Sums};
use self::path::State;
use self::sound::{Ear, STEPS_HZ, VALUES};

/// So far, in seconds, a border is moved at the most.
const MOST_S: f64 = 0.04;
/// States of a letter; a silence has one.
const STATES: usize = 3;
/// How often all is estimated anew.
const ROUNDS: usize = 5;

/// A viseme with its first sample and the one behind its last.
pub(crate) type Shown = (Viseme, u64, u64);

/// What is to be aligned.
pub(crate) struct Spoken<'a> {
    pub(crate) samples: &'a [f32],
    /// Without gaps, each with a length.
    pub(crate) letters: Vec<Timed>,
}

/// A take as the aligner has it.
struct Heard {
    letters: Vec<Timed>,
    /// [`VALUES`] for each step.
    values: Vec<f32>,
}

/// The distributions of all states.
pub(crate) struct Aligner {
    rate_hz: u32,
    ear: Ear,
    /// Where a letter's states begin.
    kinds: BTreeMap<Option<char>, usize>,
    gaussians: Vec<Option<Gaussian>>,
}

impl Aligner {
    /// Estimates the distributions from `takes` of this rate.
    pub(crate) fn fit(rate_hz: u32, takes: &[Spoken<'_>]) -> Self {
        let mut aligner = Self {
            rate_hz,
            ear: Ear::new(rate_hz),
            kinds: BTreeMap::new(),
            gaussians: Vec::new(),
        };
        let mut next = 0;
        for (letter, ..) in takes.iter().flat_map(|take| &take.letters) {
            aligner.kinds.entry(*letter).or_insert_with(|| {
                next += states(*letter);
                next - states(*letter)
            });
        }
        let heard: Vec<Heard> = takes.iter().map(|take| aligner.hear(take)).collect();
        let mut firsts: Vec<Vec<usize>> = heard.iter().map(|take| aligner.table(take)).collect();
        for _ in 0..ROUNDS {
            let mut sums = vec![Sums::default(); next];
            for (take, firsts) in heard.iter().zip(&firsts) {
                let kinds = aligner.states(take).into_iter().map(|state| state.kind);
                let ends = firsts.iter().skip(1).copied().chain([take.steps()]);
                for ((kind, first), end) in kinds.zip(firsts).zip(ends) {
                    (*first..end).for_each(|at| sums[kind].add(take.row(at)));
                }
            }
            aligner.gaussians = Gaussian::of(&sums);
            for (take, firsts) in heard.iter().zip(&mut firsts) {
                if let Some(found) = aligner.best(take) {
                    *firsts = found;
                }
            }
        }
        aligner
    }

    /// What is seen of `take`, and when; `None` where its letters are too short, or are none that were heard
    /// before.
    pub(crate) fn align(&self, take: &Spoken<'_>) -> Option<Vec<Shown>> {
        let heard = self.hear(take);
        let firsts = self.best(&heard)?;
        // A step is what lies around it, so a state begins half a step before its first.
        let samples = f64::from(self.rate_hz) / STEPS_HZ;
        let sample = |step: usize| ((step as f64 - 0.5).max(0.0) * samples) as u64;
        let mut shown: Vec<Shown> = Vec::with_capacity(2 * heard.letters.len());
        let mut firsts = firsts.into_iter();
        for (letter, ..) in &heard.letters {
            for (state, first) in firsts.by_ref().take(states(*letter)).enumerate() {
                let viseme = letter.map_or(Viseme::Sil, |letter| viseme(letter, state));
                match shown.last_mut() {
                    // A state of the letter that was begun.
                    Some((same, ..)) if *same == viseme && state > 0 => {}
                    last => {
                        if let Some((.., end)) = last {
                            *end = sample(first);
                        }
                        shown.push((viseme, sample(first), 0));
                    }
                }
            }
        }
        if let (Some((.., end)), Some((.., last))) = (shown.last_mut(), heard.letters.last()) {
            *end = *last;
        }
        Some(shown)
    }

    fn hear(&self, take: &Spoken<'_>) -> Heard {
        Heard {
            letters: take.letters.clone(),
            values: self.ear.hear(take.samples),
        }
    }

    fn step(&self, sample: u64) -> usize {
        (sample as f64 / f64::from(self.rate_hz) * STEPS_HZ).ceil() as usize
    }

    /// The first steps of a take's states as the voice's table has them, a letter's states alike in length.
    fn table(&self, take: &Heard) -> Vec<usize> {
        let mut out = Vec::new();
        for (letter, first, end) in &take.letters {
            let count = states(*letter) as u64;
            let state = |at: u64| self.step(first + (end - first) * at / count);
            out.extend((0..count).map(state).map(|step| step.min(take.steps())));
        }
        out
    }

    /// A take's states, and when each may begin. No way leads through a letter that no take had that was estimated
    /// from.
    fn states(&self, take: &Heard) -> Vec<State> {
        let most = (MOST_S * STEPS_HZ) as usize;
        let begins = |at: usize| match take.letters.get(at) {
            // What was made up before the first sound is none of it.
            _ if at == 0 => 0..=0,
            Some((_, first, _)) => {
                let middle = self.step(*first);
                middle.saturating_sub(most)..=middle + most
            }
            None => take.steps()..=take.steps(),
        };
        let mut out = Vec::new();
        for (at, (letter, ..)) in take.letters.iter().enumerate() {
            let (own, next) = (begins(at), begins(at + 1));
            let kind = self.kinds.get(letter).copied();
            for state in 0..states(*letter) {
                let begins = if state == 0 {
                    own.clone()
                } else {
                    *own.start()..=*next.end()
                };
                let kind = kind.map_or(usize::MAX, |kind| kind + state);
                out.push(State { kind, begins });
            }
        }
        out
    }

    fn best(&self, take: &Heard) -> Option<Vec<usize>> {
        let states = self.states(take);
        path::best(&states, take.steps(), |at, kind| {
            let gaussian = self.gaussians.get(kind).and_then(Option::as_ref);
            gaussian.map_or(f64::NEG_INFINITY, |gaussian| gaussian.score(take.row(at)))
        })
    }
}

impl Heard {
    fn steps(&self) -> usize {
        self.values.len() / VALUES
    }

    fn row(&self, at: usize) -> &[f32] {
        &self.values[at * VALUES..][..VALUES]
    }
}

/// How many states it has.
fn states(letter: Option<char>) -> usize {
    if letter.is_some() { STATES } else { 1 }
}

/// What is seen of a letter in one of its states: of two shapes the one that has its middle by the table.
fn viseme(letter: char, state: usize) -> Viseme {
    match Phoneme::of(letter) {
        Phoneme::One(only) => only.viseme,
        Phoneme::Two {
            first,
            second,
            share,
        } => {
            let middle = (state as f32 + 0.5) / STATES as f32;
            if middle < share {
                first.viseme
            } else {
                second.viseme
            }
        }
    }
}

#[cfg(test)]
#[path = "align_test.rs"]
mod tests;
