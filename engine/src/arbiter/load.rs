//! How busy the permits are with work that somebody waits for.
//!
//! Work ahead of time and requests of other software give way to everything else and are not
//! counted: what they take is to be had.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Work is forgotten at this rate, so that one long answer is not taken for a full house.
const MEMORY: Duration = Duration::from_secs(8);
/// A step counts as at most this long: steps take some 20 ms, and one that seems longer went over
/// a time in which the machine stood still.
const LONGEST: Duration = Duration::from_secs(1);

/// The share of the permits' time that was worked, over about the last [`MEMORY`].
pub(super) struct Load {
    permits: f64,
    /// When it was looked at last, and the share then.
    state: Mutex<(Instant, f64)>,
}

impl Load {
    pub(super) fn new(permits: usize, now: Instant) -> Self {
        Self {
            permits: permits.max(1) as f64,
            state: Mutex::new((now, 0.0)),
        }
    }

    /// A permit has worked for `took` and is done at `now`.
    pub(super) fn record(&self, now: Instant, took: Duration) {
        let more = took.min(LONGEST).as_secs_f64() / (MEMORY.as_secs_f64() * self.permits);
        self.fade(now, more);
    }

    /// 0: nothing to do; 1: no permit has had a moment's rest.
    pub(super) fn share(&self, now: Instant) -> f32 {
        self.fade(now, 0.0) as f32
    }

    fn fade(&self, now: Instant, more: f64) -> f64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(state.0);
        let kept = (-passed.as_secs_f64() / MEMORY.as_secs_f64()).exp();
        *state = (state.0.max(now), (state.1 * kept + more).min(1.0));
        state.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(10);

    /// The share after `steps` steps of 10 ms, one behind the other on each of `busy` permits.
    fn worked(permits: usize, busy: usize, steps: u32) -> (Load, Instant) {
        let began = Instant::now();
        let load = Load::new(permits, began);
        for n in 1..=steps {
            for _ in 0..busy {
                load.record(began + STEP * n, STEP);
            }
        }
        (load, began + STEP * steps)
    }

    #[test]
    fn the_share_is_that_of_all_permits_and_needs_seconds_to_grow() {
        let (load, now) = worked(2, 1, 4000);
        assert!((load.share(now) - 0.5).abs() < 0.01, "{}", load.share(now));
        let (load, now) = worked(2, 2, 4000);
        assert!((load.share(now) - 1.0).abs() < 0.02, "{}", load.share(now));
        let (load, now) = worked(2, 2, 200);
        assert!(load.share(now) < 0.25, "{}", load.share(now));
    }

    #[test]
    fn it_is_forgotten_when_nothing_is_done() {
        let (load, now) = worked(1, 1, 4000);
        assert!(load.share(now + MEMORY) < 0.4);
        assert!(load.share(now + MEMORY * 10) < 0.001);
    }

    #[test]
    fn a_machine_that_stood_still_has_not_worked() {
        let (load, now) = worked(2, 1, 100);
        let before = load.share(now);
        let woken = now + Duration::from_secs(3600);
        for _ in 0..2 {
            load.record(woken, Duration::from_secs(3600));
        }
        assert!(load.share(woken) < before + 0.15, "{}", load.share(woken));
        for _ in 0..100 {
            load.record(woken, Duration::from_secs(3600));
        }
        assert!(load.share(woken) <= 1.0, "{}", load.share(woken));
    }

    #[test]
    fn times_that_go_back_count_as_none() {
        let (load, now) = worked(1, 1, 100);
        let before = load.share(now);
        load.record(now - Duration::from_millis(500), Duration::ZERO);
        assert_eq!(load.share(now), before);
    }
}
