//! How much core time work ahead of time may cost.
//!
//! Two purses: thrown-away speculation over [`WASTE_WINDOW`], and partial transcripts over
//! [`PARTIAL_WINDOW`]. Counts only what the engine reports as spent; decides nothing about words.

use std::collections::VecDeque;
use std::time::Duration;

use crate::{Config, Mono};

const WASTE_WINDOW: Duration = Duration::from_secs(10);
const PARTIAL_WINDOW: Duration = Duration::from_secs(4);
/// Share of core time that partial transcripts may take.
const PARTIAL_SHARE: f32 = 0.25;
/// Reports kept per purse; older ones are merged into the oldest kept.
const REPORTS: usize = 64;

#[derive(Clone, Debug, Default)]
struct Purse {
    spent: VecDeque<(Mono, Duration)>,
}

impl Purse {
    fn spend(&mut self, now: Mono, core: Duration) {
        if self.spent.len() == REPORTS
            && let Some((_, oldest)) = self.spent.pop_front()
            && let Some((_, next)) = self.spent.front_mut()
        {
            *next = next.saturating_add(oldest);
        }
        self.spent.push_back((now, core));
    }

    fn within(&self, now: Mono, window: Duration) -> Duration {
        let recent = self.spent.iter().filter(|(at, _)| now.since(*at) < window);
        recent.fold(Duration::ZERO, |sum, (_, core)| sum.saturating_add(*core))
    }
}

/// What work ahead of time has cost lately.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    waste: Purse,
    partials: Purse,
    waste_limit: Duration,
    partial_limit: Duration,
}

impl Budget {
    pub(crate) fn new(config: &Config) -> Self {
        let cores = config.cores.max(1);
        let share = |window: Duration, share: f32| {
            (window * cores).mul_f32(if share.is_finite() {
                share.clamp(0.0, 1.0)
            } else {
                0.0
            })
        };
        Self {
            waste: Purse::default(),
            partials: Purse::default(),
            waste_limit: share(WASTE_WINDOW, config.waste_limit),
            partial_limit: share(PARTIAL_WINDOW, PARTIAL_SHARE),
        }
    }

    /// Speculative work was thrown away that had cost this much.
    pub(crate) fn waste(&mut self, now: Mono, core: Duration) {
        if !core.is_zero() {
            self.waste.spend(now, core);
        }
    }

    /// A partial transcript cost this much.
    pub(crate) fn partial(&mut self, now: Mono, core: Duration) {
        if !core.is_zero() {
            self.partials.spend(now, core);
        }
    }

    /// Whether work may start that is thrown away if the turn goes on.
    pub(crate) fn may_speculate(&self, now: Mono) -> bool {
        self.waste.within(now, WASTE_WINDOW) < self.waste_limit
    }

    /// Whether a partial transcript may start.
    pub(crate) fn may_listen_in(&self, now: Mono) -> bool {
        self.partials.within(now, PARTIAL_WINDOW) < self.partial_limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waste_over_the_limit_stops_speculation_until_it_is_long_ago() {
        let mut budget = Budget::new(&Config::default());
        assert!(budget.may_speculate(Mono::ZERO));
        for second in 0..10 {
            budget.waste(Mono::from_millis(second * 100), SECOND);
        }
        assert!(!budget.may_speculate(Mono::from_millis(1000)));
        assert!(budget.may_speculate(Mono::from_millis(10_950)));
        assert!(
            budget.may_listen_in(Mono::from_millis(1000)),
            "the purses are apart"
        );
    }

    #[test]
    fn partials_take_a_quarter_of_the_core_time_of_four_seconds() {
        let mut budget = Budget::new(&Config {
            cores: 2,
            ..Config::default()
        });
        budget.partial(Mono::ZERO, Duration::from_millis(1999));
        assert!(budget.may_listen_in(Mono::from_millis(10)));
        budget.partial(Mono::from_millis(20), Duration::from_millis(1));
        assert!(!budget.may_listen_in(Mono::from_millis(30)));
        assert!(budget.may_listen_in(Mono::from_millis(4000)));
    }

    #[test]
    fn many_small_reports_are_not_forgotten() {
        let mut budget = Budget::new(&Config::default());
        for report in 0..5000u64 {
            budget.waste(Mono(report * 1000), Duration::from_millis(2));
        }
        assert!(!budget.may_speculate(Mono::from_millis(5000)));
    }

    #[test]
    fn a_limit_of_zero_means_no_speculation_at_all() {
        let budget = Budget::new(&Config {
            waste_limit: 0.0,
            ..Config::default()
        });
        assert!(!budget.may_speculate(Mono::ZERO));
    }
}
