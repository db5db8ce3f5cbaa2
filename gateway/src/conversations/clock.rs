//! The time by which conversations end: wall time, which outlives the process, that no correction of
//! the wall clock moves while the process lives.
//!
//! A clock set forward by hours would end a conversation whose client left a moment ago; one set back
//! would keep its words for hours too long. So the wall clock is read once and the time since then is
//! counted. The machine's sleep counts: who closes a laptop for the night has left.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where the count began.
struct Origin {
    wall: Duration,
    counted: Duration,
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    static ORIGIN: OnceLock<Origin> = OnceLock::new();
    let origin = ORIGIN.get_or_init(|| Origin {
        wall: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default(),
        counted: counted(),
    });
    origin.at_ms(counted())
}

impl Origin {
    fn at_ms(&self, counted: Duration) -> u64 {
        let now = self.wall + counted.saturating_sub(self.counted);
        u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
    }
}

/// Time that only ever goes forward, sleep included.
#[cfg(target_os = "linux")]
fn counted() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    // Both parts are positive since boot.
    Duration::new(now.tv_sec.unsigned_abs(), 0) + Duration::from_nanos(now.tv_nsec.unsigned_abs())
}

/// Elsewhere the standard library's clock has to do: it may stand still while the machine sleeps.
#[cfg(not(target_os = "linux"))]
fn counted() -> Duration {
    static BEGAN: OnceLock<std::time::Instant> = OnceLock::new();
    BEGAN.get_or_init(std::time::Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_the_wall_clock_of_the_start_and_what_was_counted_since() {
        let origin = Origin {
            wall: Duration::from_secs(1_000_000),
            counted: Duration::from_secs(50),
        };
        assert_eq!(origin.at_ms(Duration::from_secs(50)), 1_000_000_000);
        assert_eq!(origin.at_ms(Duration::from_millis(51_250)), 1_000_001_250);
        // A counter that is behind its beginning is a fault of the machine; time does not go back.
        assert_eq!(origin.at_ms(Duration::from_secs(49)), 1_000_000_000);
    }

    #[test]
    fn it_goes_forward_and_begins_at_the_wall_clock() {
        let first = now_ms();
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        assert!(u128::from(first).abs_diff(wall.as_millis()) < 60_000);
        assert!(now_ms() >= first);
    }
}
