//! Says when a captured sample was spoken, on the session's clock.
//!
//! Samples are counted, and the count is steadier than the moments at which packets arrive. One
//! offset joins the two: a sample is never later than the packet that brought it, so the least
//! delay seen so far is the best guess, and the guess may only drift up slowly (a crystal that runs
//! slow) unless it is off by more than a network's jitter (a muted microphone, a lost network), when
//! it is taken anew. Never reads a clock.

/// How fast the offset may rise, in millionths: far above any crystal's error, far below what
/// an ear or an endpointer would notice.
const RISE_PPM: u64 = 1000;
/// A packet that is later than this against the count is taken for a gap and not for jitter.
const GAP_US: u64 = 250_000;

/// Maps the number of a captured sample to microseconds since the session began.
#[derive(Debug, Clone)]
pub struct SampleClock {
    rate_hz: u64,
    /// Session time of sample 0, in µs. Negative when the count began before the session.
    offset_us: i64,
    at_us: u64,
    /// The ends of the last two blocks; what lies between them is dated between them.
    last: Option<[Mark; 2]>,
}

/// A sample that was dated, so that what comes after it is never dated earlier.
#[derive(Debug, Clone, Copy)]
struct Mark {
    sample: u64,
    us: u64,
}

impl SampleClock {
    /// A clock for samples at `rate_hz` (at least 1).
    pub fn new(rate_hz: u32) -> Self {
        Self {
            rate_hz: u64::from(rate_hz.max(1)),
            offset_us: 0,
            at_us: 0,
            last: None,
        }
    }

    /// Tells the clock that at `now_us` the samples up to (not including) `end_samples`, counted
    /// from the start of the stream, have arrived.
    pub fn observe(&mut self, end_samples: u64, now_us: u64) {
        let measured_us = now_us as i64 - self.span_us(end_samples);
        let Some([_, before]) = self.last else {
            self.offset_us = measured_us;
            self.at_us = now_us;
            let begin = Mark {
                sample: 0,
                us: measured_us.max(0) as u64,
            };
            self.last = Some([
                begin,
                Mark {
                    sample: end_samples,
                    us: now_us,
                },
            ]);
            return;
        };
        let late_us = measured_us - self.offset_us;
        if late_us <= 0 || late_us as u64 > GAP_US {
            self.offset_us = measured_us;
        } else {
            let allowed_us = now_us.saturating_sub(self.at_us) * RISE_PPM / 1_000_000;
            self.offset_us += late_us.min(allowed_us as i64);
        }
        self.at_us = now_us;
        let us = self.counted_us(end_samples).max(before.us);
        self.last = Some([
            before,
            Mark {
                sample: end_samples,
                us,
            },
        ]);
    }

    /// When `sample` was captured, in µs since the session began.
    ///
    /// Grows with `sample`, and samples that arrive later are never dated before ones that arrived
    /// earlier, whatever the network does. Before the first [`SampleClock::observe`] the count
    /// alone speaks.
    pub fn at(&self, sample: u64) -> u64 {
        let counted_us = self.counted_us(sample);
        match self.last {
            None => counted_us,
            Some([_, end]) if sample >= end.sample => counted_us.max(end.us),
            Some([begin, end]) if sample >= begin.sample => counted_us.clamp(begin.us, end.us),
            Some([begin, _]) => counted_us.min(begin.us),
        }
    }

    fn counted_us(&self, sample: u64) -> u64 {
        (self.offset_us + self.span_us(sample)).max(0) as u64
    }

    /// The length of `samples` samples in µs.
    fn span_us(&self, samples: u64) -> i64 {
        (u128::from(samples) * 1_000_000 / u128::from(self.rate_hz)) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: u64 = 320;
    const BLOCK_US: u64 = 20_000;

    #[test]
    fn steady_packets_are_dated_by_the_count() {
        let mut clock = SampleClock::new(16_000);
        for i in 1..=500 {
            clock.observe(i * BLOCK, 1_000_000 + i * BLOCK_US);
        }
        assert_eq!(clock.at(0), 1_000_000);
        assert_eq!(clock.at(16_000), 2_000_000);
        assert_eq!(clock.at(500 * BLOCK), 11_000_000);
    }

    #[test]
    fn jitter_moves_the_dates_by_less_than_a_millisecond_a_second() {
        let mut rng = fastrand::Rng::with_seed(3);
        let mut clock = SampleClock::new(16_000);
        for i in 1..=3000u64 {
            let late_us = if i == 1 { 0 } else { rng.u64(0..120_000) };
            clock.observe(i * BLOCK, 500_000 + i * BLOCK_US + late_us);
            let error_us = clock.at(i * BLOCK).abs_diff(500_000 + i * BLOCK_US);
            assert!(error_us <= 8_000, "block {i}: {error_us} µs");
        }
    }

    #[test]
    fn a_slow_crystal_is_followed() {
        let mut clock = SampleClock::new(16_000);
        for i in 1..=6000u64 {
            let now_us = i * BLOCK_US * 1_000_200 / 1_000_000;
            clock.observe(i * BLOCK, now_us);
            assert!(clock.at(i * BLOCK).abs_diff(now_us) < 200, "block {i}");
        }
    }

    #[test]
    fn a_muted_microphone_re_anchors_at_once() {
        let mut clock = SampleClock::new(16_000);
        clock.observe(BLOCK, BLOCK_US);
        clock.observe(2 * BLOCK, 30_000_000);
        assert_eq!(clock.at(2 * BLOCK), 30_000_000);
        assert_eq!(clock.at(3 * BLOCK), 30_020_000);
        assert!(clock.at(BLOCK) <= 30_000_000);
    }

    #[test]
    fn dates_never_go_back_and_never_lie_in_the_future() {
        for seed in 0..300 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut clock = SampleClock::new([8000, 16_000, 48_000][rng.usize(0..3)]);
            let (mut samples, mut now_us, mut before_us) = (0, rng.u64(0..5_000_000), 0);
            for _ in 0..400 {
                now_us += match rng.u8(0..20) {
                    0 => rng.u64(0..3_000_000),
                    1..4 => 0,
                    _ => rng.u64(0..60_000),
                };
                let first = samples;
                samples += rng.u64(1..2000);
                clock.observe(samples, now_us);
                let at_us = clock.at(samples);
                let inner_us = clock.at(rng.u64(first..samples));
                assert!(
                    inner_us >= before_us,
                    "seed {seed}: {inner_us} after {before_us}"
                );
                assert!(inner_us <= at_us, "seed {seed}: {inner_us} before {at_us}");
                assert!(at_us >= before_us, "seed {seed}: {at_us} after {before_us}");
                assert!(
                    at_us <= now_us.max(before_us),
                    "seed {seed}: {at_us} at {now_us}"
                );
                assert!(clock.at(samples - 1) <= at_us, "seed {seed}");
                before_us = at_us;
            }
        }
    }
}
