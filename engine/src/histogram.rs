//! A histogram of spans that many threads write without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper edges in microseconds; around the budgets (10 ms a tick, 20 ms a step) they are close.
const EDGES_MICROS: [u64; 20] = [
    250, 500, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 8_000, 10_000, 12_500, 15_000, 17_500,
    20_000, 22_500, 25_000, 30_000, 50_000, 100_000, 1_000_000,
];

/// Counts spans by size.
#[derive(Debug, Default)]
pub struct Histogram {
    counts: [AtomicU64; EDGES_MICROS.len() + 1],
    longest_micros: AtomicU64,
    sum_micros: AtomicU64,
}

impl Histogram {
    /// Counts one span.
    pub fn record(&self, span: Duration) {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let slot = EDGES_MICROS.partition_point(|edge| *edge < micros);
        self.counts[slot].fetch_add(1, Ordering::Relaxed);
        self.longest_micros.fetch_max(micros, Ordering::Relaxed);
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Adds all that another one has counted.
    pub fn add(&self, other: &Self) {
        for (sum, count) in self.counts.iter().zip(&other.counts) {
            sum.fetch_add(count.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        let longest = other.longest_micros.load(Ordering::Relaxed);
        self.longest_micros.fetch_max(longest, Ordering::Relaxed);
        self.sum_micros
            .fetch_add(other.sum_micros.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Spans counted.
    pub fn count(&self) -> u64 {
        self.counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .sum()
    }

    /// The longest span in ms.
    pub fn longest_ms(&self) -> f64 {
        self.longest_micros.load(Ordering::Relaxed) as f64 / 1e3
    }

    /// All spans together, in seconds.
    pub fn sum_s(&self) -> f64 {
        self.sum_micros.load(Ordering::Relaxed) as f64 / 1e6
    }

    /// The edge, in ms, under which this share of the spans stayed (never over the longest).
    pub fn quantile_ms(&self, share: f64) -> f64 {
        let needed = (self.count() as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (slot, count) in self.counts.iter().enumerate() {
            seen += count.load(Ordering::Relaxed);
            if seen >= needed {
                let edge = EDGES_MICROS
                    .get(slot)
                    .map_or(f64::INFINITY, |edge| *edge as f64 / 1e3);
                return edge.min(self.longest_ms());
            }
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_edge_above_that_share_of_the_spans() {
        let histogram = Histogram::default();
        assert_eq!(histogram.quantile_ms(0.99), 0.0);
        for _ in 0..99 {
            histogram.record(Duration::from_micros(2_500));
        }
        histogram.record(Duration::from_secs(3));
        assert_eq!(histogram.quantile_ms(0.99), 3.0);
        assert_eq!(histogram.quantile_ms(1.0), 3000.0);
        assert_eq!(histogram.count(), 100);
    }

    #[test]
    fn adding_keeps_counts_sums_and_the_longest() {
        let (a, b) = (Histogram::default(), Histogram::default());
        a.record(Duration::from_millis(1));
        b.record(Duration::from_millis(7));
        a.add(&b);
        assert_eq!((a.count(), a.longest_ms()), (2, 7.0));
        assert!((a.sum_s() - 0.008).abs() < 1e-9);
    }
}
