//! How late packets come against the quickest, and by how much that varies.
//!
//! Only differences count: the clocks of both sides have nothing to do with each other. The quickest
//! packet of the last seconds is taken for one that met no obstacle, which also follows a crystal
//! that runs slow or fast. Of the others' delays a histogram with forgetting is kept; its quantile
//! says how long a packet has to be waited for, so that only few come later (WebRTC's NetEq does the
//! same).

/// Width of a class of the histogram.
const CLASS_US: u64 = 5_000;
/// Delays past the last class count as in it.
const CLASSES: usize = 128;
/// What a packet before is worth when one more comes: half of it is forgotten in about three seconds.
const KEPT: f32 = 0.995;
/// The quickest packet is looked for in this and in the last span of so long.
const SPAN_US: u64 = 5_000_000;

/// What is known of the network's delays.
#[derive(Debug)]
pub(super) struct Delay {
    shares: [f32; CLASSES],
    packets: u64,
    /// The least transit time of the last span and of this one, and when this one began.
    last_least_us: i64,
    least_us: i64,
    since_us: u64,
    last_transit_us: Option<i64>,
    jitter_us: f64,
}

impl Default for Delay {
    fn default() -> Self {
        Self {
            shares: [0.0; CLASSES],
            packets: 0,
            last_least_us: i64::MAX,
            least_us: i64::MAX,
            since_us: 0,
            last_transit_us: None,
            jitter_us: 0.0,
        }
    }
}

impl Delay {
    /// A packet whose first sample was taken at `media_us` of the sender's clock came at `now_us`.
    pub(super) fn observe(&mut self, now_us: u64, media_us: u64) {
        let transit_us = now_us as i64 - media_us as i64;
        if now_us.saturating_sub(self.since_us) >= SPAN_US {
            (self.last_least_us, self.least_us) = (self.least_us, i64::MAX);
            self.since_us = now_us;
        }
        self.least_us = self.least_us.min(transit_us);
        let late_us = transit_us - self.least_us.min(self.last_least_us);
        if let Some(last) = self.last_transit_us.replace(transit_us) {
            let difference = (transit_us - last).unsigned_abs() as f64;
            self.jitter_us += (difference - self.jitter_us) / 16.0;
        }
        // The first packets weigh the same; then the older ones fade.
        self.packets += 1;
        let kept = KEPT.min(1.0 - 1.0 / self.packets as f32);
        for share in &mut self.shares {
            *share *= kept;
        }
        let class = (late_us as u64 / CLASS_US).min(CLASSES as u64 - 1);
        self.shares[class as usize] += 1.0 - kept;
    }

    /// Nothing came for a while: whatever delayed it may stay, so that what comes next is measured
    /// against itself. How much delays vary is still known.
    pub(super) fn after_outage(&mut self) {
        (self.last_least_us, self.least_us) = (i64::MAX, i64::MAX);
        self.last_transit_us = None;
    }

    /// So much later than the quickest come no more than one in `1 / (1 - share)`.
    pub(super) fn quantile_us(&self, share: f32) -> u64 {
        let mut sum = 0.0;
        for (class, here) in self.shares.iter().enumerate() {
            sum += here;
            if sum >= share {
                return (class as u64 + 1) * CLASS_US;
            }
        }
        0
    }

    /// Interarrival jitter (RFC 3550 §6.4.1).
    pub(super) fn jitter_us(&self) -> u64 {
        self.jitter_us as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME_US: u64 = 20_000;

    #[test]
    fn a_steady_network_asks_for_the_least() {
        let mut delay = Delay::default();
        assert_eq!(delay.quantile_us(0.97), 0, "nothing is known");
        for n in 0..200 {
            delay.observe(1_000_000 + n * FRAME_US, n * FRAME_US);
        }
        assert_eq!(delay.quantile_us(0.97), CLASS_US);
        assert_eq!(delay.jitter_us(), 0);
    }

    #[test]
    fn the_late_ones_are_waited_for_and_forgotten_again() {
        let mut delay = Delay::default();
        let late_us = |n: u64| if n % 10 == 9 { 60_000 } else { 0 };
        for n in 0..500 {
            delay.observe(n * FRAME_US + late_us(n), n * FRAME_US);
        }
        assert_eq!(delay.quantile_us(0.97), 65_000);
        assert_eq!(delay.quantile_us(0.5), CLASS_US);
        assert!((5_000..20_000).contains(&delay.jitter_us()));
        for n in 500..1200 {
            delay.observe(n * FRAME_US, n * FRAME_US);
        }
        assert_eq!(delay.quantile_us(0.97), CLASS_US);
    }

    #[test]
    fn a_longer_way_after_an_outage_is_no_jitter() {
        let mut delay = Delay::default();
        for n in 0..100 {
            delay.observe(n * FRAME_US, n * FRAME_US);
        }
        delay.after_outage();
        for n in 100..200 {
            delay.observe(n * FRAME_US + 400_000, n * FRAME_US);
        }
        assert_eq!(delay.quantile_us(0.97), CLASS_US);
        assert_eq!(delay.jitter_us(), 0);
    }

    #[test]
    fn a_crystal_that_runs_slow_is_no_jitter() {
        let mut delay = Delay::default();
        // 500 millionths for ten minutes: 300 ms in all.
        for n in 0..30_000 {
            delay.observe(n * FRAME_US + n * 10, n * FRAME_US);
        }
        assert!(delay.quantile_us(0.97) <= 2 * CLASS_US);
    }
}
