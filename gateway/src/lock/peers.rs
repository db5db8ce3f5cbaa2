//! How often one machine elsewhere may knock.
//!
//! Sans-IO: a bucket of tokens for each address. An IPv6 machine has as many addresses as it likes
//! in its network of 64 bits, so that counts as one.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Addresses that are remembered at once; past that the one that was not seen for longest is forgotten.
const MOST: usize = 4096;

/// The buckets.
#[derive(Debug)]
pub(crate) struct Peers {
    burst: f64,
    /// One token comes back in this time.
    every: Duration,
    buckets: HashMap<IpAddr, Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Peers {
    /// At most `burst` at once, and one more for each `every`.
    pub(crate) fn new(burst: u32, every: Duration) -> Self {
        Self {
            burst: f64::from(burst),
            every,
            buckets: HashMap::new(),
        }
    }

    /// Takes a token of this address if there is one.
    pub(crate) fn admits(&mut self, now: Instant, address: IpAddr) -> bool {
        let machine = machine(address);
        if !self.buckets.contains_key(&machine) {
            self.make_room(now);
        }
        let (burst, every) = (self.burst, self.every);
        let full = Bucket {
            tokens: burst,
            filled: now,
        };
        let bucket = self.buckets.entry(machine).or_insert(full);
        bucket.fill(now, burst, every);
        let admitted = bucket.tokens >= 1.0;
        if admitted {
            bucket.tokens -= 1.0;
        }
        admitted
    }

    /// Forgets those whose bucket is full again, which are as good as unknown; else the oldest.
    fn make_room(&mut self, now: Instant) {
        if self.buckets.len() < MOST {
            return;
        }
        let (burst, every) = (self.burst, self.every);
        self.buckets.retain(|_, bucket| {
            let mut later = *bucket;
            later.fill(now, burst, every);
            later.tokens < burst
        });
        if self.buckets.len() >= MOST
            && let Some(oldest) = self
                .buckets
                .iter()
                .min_by_key(|(_, bucket)| bucket.filled)
                .map(|(machine, _)| *machine)
        {
            self.buckets.remove(&oldest);
        }
    }
}

impl Bucket {
    fn fill(&mut self, now: Instant, burst: f64, every: Duration) {
        let since = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = self.filled.max(now);
        self.tokens = (self.tokens + since / every.as_secs_f64()).min(burst);
    }
}

/// What counts as one machine.
pub(crate) fn machine(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(6);

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_burst_passes_then_one_for_each_period_and_others_are_not_touched() {
        let start = Instant::now();
        let mut peers = Peers::new(5, EVERY);
        let one = address("192.168.1.7");
        let passed = (0..20).filter(|_| peers.admits(start, one)).count();
        assert_eq!(passed, 5);
        assert!(peers.admits(start, address("192.168.1.8")));
        let later = start + EVERY * 3;
        let passed = (0..20).filter(|_| peers.admits(later, one)).count();
        assert_eq!(passed, 3);
        assert!(
            !peers.admits(start, one),
            "a clock that goes back gives nothing"
        );
    }

    #[test]
    fn a_network_of_ipv6_is_one_machine_and_a_mapped_address_is_its_ipv4() {
        let now = Instant::now();
        let mut peers = Peers::new(1, EVERY);
        assert!(peers.admits(now, address("2001:db8:1:2::1")));
        assert!(!peers.admits(now, address("2001:db8:1:2:ffff::9")));
        assert!(peers.admits(now, address("2001:db8:1:3::1")));
        assert!(peers.admits(now, address("::ffff:10.0.0.1")));
        assert!(!peers.admits(now, address("10.0.0.1")));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_is_forgotten_first() {
        let start = Instant::now();
        let mut peers = Peers::new(1, Duration::from_secs(3600));
        let nth = |n: usize| {
            let n = u32::try_from(n).expect("small");
            IpAddr::from((0x0a00_0000 + n).to_be_bytes())
        };
        for n in 0..MOST + 10 {
            let now = start + Duration::from_millis(n as u64);
            assert!(peers.admits(now, nth(n)));
        }
        assert_eq!(peers.buckets.len(), MOST);
        let now = start + Duration::from_secs(60);
        assert!(!peers.admits(now, nth(MOST)), "a newer one is remembered");
        assert!(peers.admits(now, nth(0)), "the oldest is not");
    }
}
