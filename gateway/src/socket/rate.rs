//! How often one client may ask.

use std::time::Instant;

/// A bucket of tokens that fills at a steady rate; each request takes one.
#[derive(Clone, Debug)]
pub(super) struct Rate {
    per_second: f64,
    tokens: f64,
    filled: Instant,
}

impl Rate {
    /// Full at first: a burst of twice the rate passes.
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        let per_second = f64::from(per_second);
        Self {
            per_second,
            tokens: 2.0 * per_second,
            filled: now,
        }
    }

    /// Takes a token if there is one.
    pub(super) fn admits(&mut self, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.tokens = (self.tokens + since * self.per_second).min(2.0 * self.per_second);
        let admitted = self.tokens >= 1.0;
        if admitted {
            self.tokens -= 1.0;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_passes_then_the_rate_holds() {
        let start = Instant::now();
        let mut rate = Rate::new(10, start);
        let burst = (0..100).filter(|_| rate.admits(start)).count();
        assert_eq!(burst, 20);
        let later: usize = (1..=50)
            .map(|tick| usize::from(rate.admits(start + Duration::from_millis(tick * 20))))
            .sum();
        assert_eq!(later, 10, "ten a second in the second that follows");
    }

    #[test]
    fn a_clock_that_stands_still_gives_nothing() {
        let start = Instant::now();
        let mut rate = Rate::new(1, start);
        assert!(rate.admits(start) && rate.admits(start));
        assert!(!rate.admits(start) && !rate.admits(start - Duration::from_millis(1)));
    }
}
