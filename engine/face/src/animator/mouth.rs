//! Her mouth as it was told last.

use super::Micros;
use super::curve::{seconds, share};
use super::table::TABLE;
use crate::viseme::{VISEMES, Viseme, Weights};

const SIL: usize = Viseme::Sil as usize;

#[derive(Clone, Debug)]
pub(super) struct Mouth {
    weights: Weights,
    at: Micros,
}

impl Mouth {
    pub(super) fn new() -> Self {
        Self {
            weights: shut(),
            at: 0,
        }
    }

    pub(super) fn set(&mut self, now: Micros, weights: &Weights) {
        self.weights = weights.map(|weight| share(f64::from(weight)) as f32);
        self.at = now;
    }

    /// A mouth of which nothing is heard any more closes.
    pub(super) fn value(&self, now: Micros) -> Weights {
        let lost = seconds(self.at, now) - TABLE.mouth.lost_s;
        if lost <= 0.0 {
            return self.weights;
        }
        let left = (1.0 - lost / TABLE.mouth.closing_s).max(0.0) as f32;
        let mut weights = self.weights.map(|weight| weight * left);
        weights[SIL] = 1.0 - (1.0 - self.weights[SIL]) * left;
        weights
    }
}

fn shut() -> Weights {
    let mut weights = [0.0; VISEMES];
    weights[SIL] = 1.0;
    weights
}
