//! How viseme targets become weights: a one-pole filter for each viseme, faster up than down, then
//! normalisation by dominance.

use super::{FRAME_RATE_HZ, FRAME_SAMPLES, SignalError};

/// Visemes at the most.
pub(crate) const MOST_VISEMES: usize = 32;
/// A weighted sum of levels below this is nobody's: the weights are those at rest.
pub(crate) const LEAST_SUM: f32 = 1e-6;

/// Smoothing over time, one value for each viseme in every list.
///
/// Level: `s += a (target - s)` per frame, where `a` is the viseme's attack if the target lies above `s`, else
/// its release. Weight: `d s` over the sum of all `d s` (`d`: dominance, as in Cohen and Massaro's model of
/// coarticulation: a closed lip has its way against an open vowel). Where that sum is below 1e-6 the weights
/// are those at rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Smoothing {
    /// Time constants of rising levels, milliseconds; 0 is at once. At most 10 000.
    pub attack_ms: Vec<f32>,
    /// Time constants of falling levels, milliseconds.
    pub release_ms: Vec<f32>,
    /// How much each has its way: above 0, at most 1000.
    pub dominance: Vec<f32>,
    /// Levels at the beginning, 0..=1, not all 0: silence is 1, the others 0.
    pub rest: Vec<f32>,
}

/// The same as the backends use it.
#[derive(Clone, Debug)]
pub(crate) struct Coefficients {
    pub(crate) attack: Vec<f32>,
    pub(crate) release: Vec<f32>,
    pub(crate) dominance: Vec<f32>,
    pub(crate) rest: Vec<f32>,
    /// The weights at rest.
    pub(crate) rest_weights: Vec<f32>,
}

impl Smoothing {
    pub(crate) fn coefficients(&self, visemes: usize) -> Result<Coefficients, SignalError> {
        SignalError::within("visemes", visemes, 1..=MOST_VISEMES)?;
        let lists = [
            ("smoothing.attack_ms", &self.attack_ms, 0.0, 10_000),
            ("smoothing.release_ms", &self.release_ms, 0.0, 10_000),
            ("smoothing.dominance", &self.dominance, 1e-3, 1_000),
            ("smoothing.rest", &self.rest, 0.0, 1),
        ];
        for (what, list, least, limit) in lists {
            SignalError::length(what, list.len(), visemes)?;
            let fits = |x: &f32| (least..=limit as f32).contains(x);
            if let Some(at) = list.iter().position(|x| !fits(x)) {
                return Err(SignalError::Value {
                    what: what.to_owned(),
                    at,
                    value: list[at].to_string(),
                    limit,
                });
            }
        }
        let frame_ms = FRAME_SAMPLES as f32 * 1000.0 / FRAME_RATE_HZ as f32;
        let pole = |list: &[f32]| -> Vec<f32> {
            list.iter()
                .map(|ms| {
                    if *ms == 0.0 {
                        1.0
                    } else {
                        -(-frame_ms / ms).exp_m1()
                    }
                })
                .collect()
        };
        let weighted: Vec<f32> = self
            .rest
            .iter()
            .zip(&self.dominance)
            .map(|(s, d)| s * d)
            .collect();
        let sum: f32 = weighted.iter().sum();
        if sum < 1e-3 {
            return Err(SignalError::Value {
                what: "smoothing.rest".to_owned(),
                at: 0,
                value: "0 everywhere".to_owned(),
                limit: 1,
            });
        }
        Ok(Coefficients {
            attack: pole(&self.attack_ms),
            release: pole(&self.release_ms),
            dominance: self.dominance.clone(),
            rest: self.rest.clone(),
            rest_weights: weighted.iter().map(|w| w / sum).collect(),
        })
    }
}

impl Coefficients {
    /// Moves `levels` on towards `targets` and writes the weights.
    pub(crate) fn step(&self, targets: &[f32], levels: &mut [f32], weights: &mut [f32]) {
        let mut sum = 0.0;
        for (i, (level, target)) in levels.iter_mut().zip(targets).enumerate() {
            let pole = if target > level {
                self.attack[i]
            } else {
                self.release[i]
            };
            *level += pole * (target - *level);
            weights[i] = self.dominance[i] * *level;
            sum += weights[i];
        }
        if sum < LEAST_SUM {
            weights.copy_from_slice(&self.rest_weights);
        } else {
            weights.iter_mut().for_each(|w| *w /= sum);
        }
    }
}
