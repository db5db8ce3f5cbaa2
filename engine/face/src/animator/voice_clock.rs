//! When a sample of her voice is heard.

use super::Micros;
use super::random::micros;
use super::table::TABLE;

#[derive(Clone, Copy, Debug)]
pub(super) struct VoiceClock {
    told: Option<Told>,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    at: Micros,
    sample: u64,
    playing: bool,
}

/// How a cue stands to what is heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum When {
    /// Nobody can say yet.
    Later,
    /// At that moment, so many seconds after it should have been.
    Due { at: Micros, late_s: f64 },
}

impl VoiceClock {
    pub(super) fn new() -> Self {
        Self { told: None }
    }

    pub(super) fn tell(&mut self, now: Micros, sample: u64, playing: bool) {
        self.told = Some(Told {
            at: now,
            sample,
            playing,
        });
    }

    pub(super) fn when(&self, sample: u64) -> When {
        let Some(told) = self.told else {
            return When::Later;
        };
        let rate = TABLE.sample_rate_hz as f64;
        if sample <= told.sample {
            return When::Due {
                at: told.at,
                late_s: (told.sample - sample) as f64 / rate,
            };
        }
        let ahead_s = (sample - told.sample) as f64 / rate;
        // Further ahead she may have been paused or taken back without a word so far.
        if told.playing && ahead_s <= TABLE.clock_stale_s {
            When::Due {
                at: told.at + micros(ahead_s),
                late_s: 0.0,
            }
        } else {
            When::Later
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_heard_when_its_turn_has_come() {
        let mut clock = VoiceClock::new();
        assert_eq!(clock.when(0), When::Later);
        clock.tell(1_000_000, 48_000, true);
        assert_eq!(
            clock.when(48_000),
            When::Due {
                at: 1_000_000,
                late_s: 0.0
            }
        );
        assert_eq!(
            clock.when(52_800),
            When::Due {
                at: 1_100_000,
                late_s: 0.0
            }
        );
        assert_eq!(
            clock.when(24_000),
            When::Due {
                at: 1_000_000,
                late_s: 0.5
            }
        );
        assert_eq!(clock.when(96_000), When::Later);
        clock.tell(2_000_000, 50_000, false);
        assert_eq!(clock.when(50_001), When::Later);
        assert_eq!(clock.when(u64::MAX), When::Later);
    }
}
