//! Finds out when the words of a window's text are said: shows the decoder the text once more and
//! watches where it looks.

use super::align;
use super::choose::probability;
use super::decoder::{Context as Seen, Watched};
use super::language::Language;
use super::model::Parts;
use crate::{ModelError, Step};

/// Tokens per step.
const STEP_TOKENS: usize = 16;

/// When each token begins and the last one ends, in positions of 20 ms, and their probabilities.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Times {
    pub begins: Vec<usize>,
    pub chances: Vec<f32>,
}

/// The finding out, in steps.
#[derive(Debug)]
pub(super) struct Timing {
    seen: Seen,
    /// Start, language and task, "no times", the text, the end.
    input: Vec<u32>,
    /// Tokens before "no times".
    before: usize,
    positions: usize,
    /// Per head, the rows of the tokens shown.
    rows: Vec<Vec<f32>>,
    chances: Vec<f32>,
    /// Heads whose rows are ready.
    sharpened: usize,
}

impl Timing {
    /// Begins for `tokens`, a text made from what `seen` listens to. The sound itself fills
    /// `positions` positions; behind it is silence.
    pub(super) fn begin(
        parts: &Parts,
        mut seen: Seen,
        tokens: &[u32],
        language: Language,
        positions: usize,
    ) -> Self {
        let vocabulary = &parts.vocabulary;
        let mut input = vec![vocabulary.start()];
        input.extend(vocabulary.task(language));
        let before = input.len();
        input.push(vocabulary.plain());
        input.extend(tokens);
        input.push(vocabulary.end);
        seen.rewind();
        Self {
            positions: positions.clamp(1, seen.positions().max(1)),
            seen,
            before,
            rows: vec![Vec::with_capacity(input.len() * positions); parts.alignment_heads.len()],
            chances: Vec::with_capacity(tokens.len()),
            input,
            sharpened: 0,
        }
    }

    /// Goes one step further.
    pub(super) fn step(&mut self, parts: &Parts) -> Result<Step<Times>, ModelError> {
        if self.seen.len() < self.input.len() {
            self.show(parts)?;
            return Ok(Step::More);
        }
        if let Some(rows) = self.rows.get_mut(self.sharpened) {
            align::sharpen(rows, self.positions);
            self.sharpened += 1;
            return Ok(Step::More);
        }
        let text = self.before * self.positions..(self.input.len() - 1) * self.positions;
        let mut mean = vec![0.0f32; text.len()];
        for rows in &self.rows {
            for (sum, value) in mean.iter_mut().zip(&rows[text.clone()]) {
                *sum += value / self.rows.len() as f32;
            }
        }
        Ok(Step::Ready(Times {
            begins: align::beginnings(&mean, self.positions),
            chances: std::mem::take(&mut self.chances),
        }))
    }

    fn show(&mut self, parts: &Parts) -> Result<(), ModelError> {
        let first = self.seen.len();
        let end = (first + STEP_TOKENS).min(self.input.len());
        let mut watched = Watched {
            heads: &parts.alignment_heads,
            positions: self.positions,
            rows: &mut self.rows,
        };
        let scores = self
            .seen
            .advance_watched(&self.input[first..end], &mut watched)?;
        // What follows "no times" is the first word; what follows the last one is no word.
        for at in first.max(self.before)..end.min(self.input.len() - 2) {
            let mut scores: Vec<f32> = scores.get(at - first)?.to_vec1()?;
            scores.truncate(parts.vocabulary.end as usize);
            self.chances.push(probability(&scores, self.input[at + 1]));
        }
        Ok(())
    }
}
