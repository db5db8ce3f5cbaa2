//! Chooses the next token from the logits.

use crate::ModelError;

/// How an answer is sampled and where it ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// 0 takes the likeliest token always; higher is more varied.
    pub temperature: f32,
    /// Only the `top_k` likeliest tokens may be chosen; 0 allows all.
    pub top_k: usize,
    /// Only the likeliest tokens that together reach this probability; 1 allows all.
    pub top_p: f32,
    /// Only tokens at least this fraction as likely as the likeliest; 0 allows all.
    pub min_p: f32,
    /// Tokens among the last `repetition_window` are made less likely by this factor; 1: not.
    pub repetition_penalty: f32,
    /// How many tokens back a repetition counts.
    pub repetition_window: usize,
    /// The same seed gives the same answer.
    pub seed: u64,
    /// The answer ends after this many tokens at the latest.
    pub max_tokens: usize,
    /// The answer ends before any of these texts.
    pub stop: Vec<String>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.7,
            top_k: 40,
            top_p: 0.95,
            min_p: 0.05,
            repetition_penalty: 1.1,
            repetition_window: 64,
            seed: 0,
            max_tokens: 256,
            stop: Vec::new(),
        }
    }
}

impl Sampling {
    /// The likeliest token at every step.
    pub fn greedy(max_tokens: usize) -> Self {
        Self {
            temperature: 0.0,
            repetition_penalty: 1.0,
            max_tokens,
            ..Self::default()
        }
    }

    pub(super) fn check(&self) -> Result<(), ModelError> {
        let refuse = |what, reason: String| Err(ModelError::Input { what, reason });
        if !(0.0..=100.0).contains(&self.temperature) {
            return refuse(
                "temperature",
                format!("{} is not in 0..=100", self.temperature),
            );
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return refuse(
                "top_p",
                format!("{} is not above 0 and up to 1", self.top_p),
            );
        }
        if !(0.0..=1.0).contains(&self.min_p) {
            return refuse("min_p", format!("{} is not in 0..=1", self.min_p));
        }
        if !(0.1..=10.0).contains(&self.repetition_penalty) {
            let value = self.repetition_penalty;
            return refuse("repetition_penalty", format!("{value} is not in 0.1..=10"));
        }
        if self.max_tokens == 0 {
            return refuse("max_tokens", "must be at least 1".into());
        }
        if self.stop.iter().any(String::is_empty) {
            return refuse("stop", "an empty text would stop at once".into());
        }
        Ok(())
    }
}

/// The sampler of one answer.
#[derive(Debug)]
pub(super) struct Sampler {
    sampling: Sampling,
    rng: fastrand::Rng,
    /// Scratch: `(logit, id)` of the tokens in question.
    candidates: Vec<(f32, u32)>,
}

/// Tokens this far below the best (in units of temperature) have a chance below 1e-8.
const NEGLIGIBLE: f32 = 20.0;

impl Sampler {
    pub(super) fn new(sampling: Sampling) -> Self {
        let rng = fastrand::Rng::with_seed(sampling.seed);
        Self {
            sampling,
            rng,
            candidates: Vec::new(),
        }
    }

    /// Chooses from `logits` `[vocabulary]`; `recent` are the tokens so far, oldest first.
    ///
    /// NaN counts as impossible; if nothing is possible, token 0 is chosen.
    pub(super) fn choose(&mut self, logits: &mut [f32], recent: &[u32]) -> u32 {
        self.penalise(logits, recent);
        if self.sampling.temperature < 1e-3 {
            return likeliest(logits);
        }
        let Sampling {
            temperature,
            top_k,
            top_p,
            min_p,
            ..
        } = self.sampling;
        let best = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        if best == f32::NEG_INFINITY {
            return 0;
        }
        let floor = (best - NEGLIGIBLE * temperature).max(f32::MIN);
        self.candidates.clear();
        self.candidates.extend(
            logits
                .iter()
                .zip(0..)
                .filter(|(logit, _)| **logit >= floor)
                .map(|(l, id)| (*l, id)),
        );
        // Ties are ordered by id, so that a seed means the same everywhere.
        self.candidates
            .sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        if top_k > 0 {
            self.candidates.truncate(top_k);
        }
        for (value, _) in &mut self.candidates {
            *value = ((*value - best) / temperature).exp();
        }
        let keep = self.candidates.partition_point(|(p, _)| *p >= min_p).max(1);
        self.candidates.truncate(keep);
        let total: f32 = self.candidates.iter().map(|(p, _)| p).sum();
        let mut kept = 0.0;
        let reach = self.candidates.iter().position(|(p, _)| {
            kept += p;
            kept >= top_p * total
        });
        self.candidates
            .truncate(reach.map_or(self.candidates.len(), |last| last + 1));
        let total: f32 = self.candidates.iter().map(|(p, _)| p).sum();
        let mut left = self.rng.f32() * total;
        for (p, id) in &self.candidates {
            left -= p;
            if left < 0.0 {
                return *id;
            }
        }
        self.candidates.last().map_or(0, |(_, id)| *id)
    }

    fn penalise(&self, logits: &mut [f32], recent: &[u32]) {
        let penalty = self.sampling.repetition_penalty;
        if penalty == 1.0 {
            return;
        }
        let window = &recent[recent.len().saturating_sub(self.sampling.repetition_window)..];
        for (n, id) in window.iter().enumerate() {
            if window[..n].contains(id) {
                continue;
            }
            if let Some(logit) = logits.get_mut(*id as usize) {
                *logit = if *logit > 0.0 {
                    *logit / penalty
                } else {
                    *logit * penalty
                };
            }
        }
    }
}

fn likeliest(logits: &[f32]) -> u32 {
    let mut best = (f32::NEG_INFINITY, 0);
    for (logit, id) in logits.iter().zip(0..) {
        if *logit > best.0 {
            best = (*logit, id);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(sampling: &Sampling, logits: &[f32], times: usize) -> Vec<u32> {
        let mut sampler = Sampler::new(sampling.clone());
        (0..times)
            .map(|_| sampler.choose(&mut logits.to_vec(), &[]))
            .collect()
    }

    fn open() -> Sampling {
        Sampling {
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            ..Sampling::default()
        }
    }

    #[test]
    fn greedy_takes_the_first_of_the_likeliest_and_skips_nan() {
        let logits = [f32::NAN, 1.0, 3.0, 3.0, -1.0];
        assert_eq!(draw(&Sampling::greedy(1), &logits, 2), [2, 2]);
        assert_eq!(draw(&Sampling::greedy(1), &[f32::NAN; 3], 1), [0]);
        assert_eq!(draw(&open(), &[f32::NEG_INFINITY; 3], 1), [0]);
    }

    #[test]
    fn a_seed_fixes_the_sequence_and_another_changes_it() {
        let logits: Vec<f32> = (0..50).map(|i| (i % 7) as f32 * 0.3).collect();
        let first = draw(&open(), &logits, 40);
        assert_eq!(first, draw(&open(), &logits, 40));
        assert_ne!(first, draw(&Sampling { seed: 1, ..open() }, &logits, 40));
    }

    #[test]
    fn frequencies_follow_the_softmax() {
        let logits = [0.0, 2f32.ln(), 4f32.ln()];
        let drawn = draw(&open(), &logits, 7000);
        let count = |id| drawn.iter().filter(|d| **d == id).count() as i64;
        // Expected 1000, 2000, 4000; the standard deviation of each is below 42.
        assert!((count(0) - 1000).abs() < 200, "{}", count(0));
        assert!((count(1) - 2000).abs() < 200, "{}", count(1));
    }

    #[test]
    fn each_limit_cuts_the_unlikely() {
        let logits = [0.0, 1.0, 2.0, 3.0];
        let only = |sampling: Sampling, allowed: &[u32]| {
            let drawn = draw(&sampling, &logits, 500);
            assert!(drawn.iter().all(|id| allowed.contains(id)), "{sampling:?}");
            assert!(allowed.iter().all(|id| drawn.contains(id)), "{sampling:?}");
        };
        only(Sampling { top_k: 2, ..open() }, &[2, 3]);
        only(
            Sampling {
                min_p: 0.2,
                ..open()
            },
            &[2, 3],
        );
        only(
            Sampling {
                top_p: 0.5,
                ..open()
            },
            &[3],
        );
        only(
            Sampling {
                top_p: 0.85,
                ..open()
            },
            &[2, 3],
        );
    }

    #[test]
    fn a_recent_token_is_penalised_whatever_its_sign_and_an_old_one_is_not() {
        let sampling = Sampling {
            repetition_penalty: 2.0,
            repetition_window: 2,
            ..open()
        };
        let sampler = Sampler::new(sampling);
        let mut logits = [4.0, -4.0, 4.0];
        sampler.penalise(&mut logits, &[2, 0, 1]);
        assert_eq!(logits, [2.0, -8.0, 4.0]);
    }

    #[test]
    fn senseless_settings_are_refused_by_name() {
        for bad in [
            Sampling {
                temperature: f32::NAN,
                ..open()
            },
            Sampling {
                top_p: 0.0,
                ..open()
            },
            Sampling {
                min_p: -1.0,
                ..open()
            },
            Sampling {
                repetition_penalty: 0.0,
                ..open()
            },
            Sampling {
                max_tokens: 0,
                ..open()
            },
            Sampling {
                stop: vec![String::new()],
                ..open()
            },
        ] {
            assert!(
                matches!(bad.check(), Err(ModelError::Input { .. })),
                "{bad:?}"
            );
        }
    }
}
