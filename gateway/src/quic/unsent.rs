//! Her voice that waits for the path.

use std::time::Duration;

use janet_protocol::quic::SendBuffer;

/// A datagram that waits.
struct Waits {
    /// When it was due.
    due_us: u64,
    /// How long its sound had come from the engine's ring by then.
    waited: Duration,
    datagram: Vec<u8>,
}

/// Datagrams, and since when each is due.
pub(super) struct Unsent(SendBuffer<Waits>);

impl Unsent {
    /// None waits.
    pub(super) fn new() -> Self {
        Self(SendBuffer::new())
    }

    /// One was due at `due_us`, whose sound took `waited` to come; in place of the oldest where there is no
    /// room.
    pub(super) fn push(&mut self, due_us: u64, waited: Duration, datagram: Vec<u8>) {
        self.0.push(Waits {
            due_us,
            waited,
            datagram,
        });
    }

    /// The one that is sent next, at `now_us`, and how long it took from the engine's ring. What she is ahead of
    /// the ear is no delay.
    pub(super) fn pop(&mut self, now_us: u64) -> Option<(Vec<u8>, Duration)> {
        let waits = self.0.pop()?;
        let late = Duration::from_micros(now_us.saturating_sub(waits.due_us));
        Some((waits.datagram, late + waits.waited))
    }

    /// Whether none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many gave way so far.
    pub(super) fn dropped(&self) -> u64 {
        self.0.dropped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn what_waits_for_the_path_is_late_by_that_and_what_gives_way_is_not_sent() {
        let mut unsent = Unsent::new();
        for n in 0..4_u8 {
            unsent.push(u64::from(n) * 20_000, MS * u32::from(n), vec![n]);
        }
        // The path takes them again 65 ms after the first was due.
        let sent: Vec<_> = std::iter::from_fn(|| unsent.pop(65_000)).collect();
        let late = |n: u32| MS * (65 - 20 * n) + MS * n;
        assert_eq!(
            sent,
            [1, 2, 3].map(|n| (vec![n], late(u32::from(n)))),
            "three have room"
        );
        assert!(unsent.is_empty() && unsent.dropped() == 1);
        unsent.push(100_000, MS, vec![4]);
        assert_eq!(unsent.pop(90_000), Some((vec![4], MS)), "she is ahead");
    }
}
