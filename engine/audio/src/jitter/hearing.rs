//! For a recogniser: every packet as soon as it can be told, in order and once.

use super::Options;
use super::order::{Filed, Order, Packet, Stats};

/// A missing packet is waited for as long as all but so few are late.
const IN_TIME: f32 = 0.97;

/// What a recogniser hears next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard<T> {
    /// A packet.
    Packet {
        /// When its first sample was taken, in ticks that do not wrap.
        timestamp: u64,
        /// What it carries.
        payload: T,
    },
    /// A packet is lost and the next one is here: this is its payload, which may hold the lost
    /// sound once more. It is handed out as a packet of its own after that.
    Recover {
        /// Of the packet behind.
        payload: T,
    },
    /// A packet is lost.
    Lost,
}

/// Packets on their way to a recogniser.
///
/// After each [`Hearing::push`] and at each [`Hearing::timeout`], [`Hearing::pull`] is called until
/// it has nothing more.
#[derive(Debug)]
pub struct Hearing<T> {
    options: Options,
    order: Order<T>,
    /// A missing packet is waited for at least so long.
    least_us: u64,
}

impl<T: Clone> Hearing<T> {
    /// An empty one.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            order: Order::new(options),
            least_us: 0,
        }
    }

    /// A packet has come.
    pub fn push(&mut self, now_us: u64, packet: Packet<T>) -> Filed {
        self.order.file(now_us, packet)
    }

    /// A packet has come that was asked for again: how late it is says nothing of the network's delays.
    pub fn push_again(&mut self, now_us: u64, packet: Packet<T>) -> Filed {
        self.order.file_again(now_us, packet)
    }

    /// A missing packet is waited for at least so long from now on, because it was asked for again, though
    /// never longer than [`Options::longest_us`].
    pub fn wait_us(&mut self, least_us: u64) {
        self.least_us = least_us;
    }

    /// What is heard next; `None` until something comes or a gap was waited for long enough.
    pub fn pull(&mut self, now_us: u64) -> Option<Heard<T>> {
        if let Some(held) = self.order.take() {
            return Some(Heard::Packet {
                timestamp: held.timestamp,
                payload: held.payload,
            });
        }
        if now_us < self.timeout()? {
            return None;
        }
        let (gap, behind) = self.order.first_behind_gap()?;
        let heard = match gap {
            1 => Heard::Recover {
                payload: behind.payload.clone(),
            },
            _ => Heard::Lost,
        };
        self.order.miss();
        Some(heard)
    }

    /// When a gap has been waited for long enough; `None` without a gap.
    pub fn timeout(&self) -> Option<u64> {
        let (gap, behind) = self.order.first_behind_gap()?;
        (gap > 0).then(|| behind.arrived_us + self.patience_us())
    }

    /// What happened so far.
    pub fn stats(&self) -> Stats {
        self.order.stats
    }

    /// What comes behind a gap says that the missing packet was sent before it: later than the
    /// network delays, it will not come.
    fn patience_us(&self) -> u64 {
        let usual = self.order.delay.quantile_us(IN_TIME);
        usual.max(self.least_us).min(self.options.longest_us)
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet;
    use super::*;

    const FRAME_US: u64 = 20_000;

    fn heard(hearing: &mut Hearing<u16>, now_us: u64) -> Vec<Heard<u16>> {
        std::iter::from_fn(|| hearing.pull(now_us)).collect()
    }

    fn is_packet(heard: &Heard<u16>, sequence: u16) -> bool {
        matches!(heard, Heard::Packet { payload, .. } if *payload == sequence)
    }

    #[test]
    fn nothing_is_held_back_where_nothing_is_missing() {
        let mut hearing = Hearing::new(Options::default());
        for sequence in 0..100 {
            let now_us = u64::from(sequence) * FRAME_US;
            hearing.push(now_us, packet(sequence));
            let heard = heard(&mut hearing, now_us);
            assert!(heard.len() == 1 && is_packet(&heard[0], sequence));
        }
        assert_eq!(hearing.timeout(), None);
    }

    #[test]
    fn a_packet_that_comes_late_is_waited_for_and_one_that_does_not_is_recovered() {
        let mut hearing = Hearing::new(Options::default());
        hearing.push(0, packet(0));
        heard(&mut hearing, 0);
        // 2 overtakes 1.
        hearing.push(40_000, packet(2));
        assert!(heard(&mut hearing, 40_000).is_empty());
        let due = hearing.timeout().expect("there is a gap");
        assert_eq!(due, 45_000);
        hearing.push(44_000, packet(1));
        let both = heard(&mut hearing, 44_000);
        assert!(is_packet(&both[0], 1) && is_packet(&both[1], 2));
        // 3 and 4 never come.
        hearing.push(100_000, packet(5));
        let due = hearing.timeout().expect("there is a gap");
        assert!(heard(&mut hearing, due - 1).is_empty());
        let three = heard(&mut hearing, due);
        assert_eq!(three[..2], [Heard::Lost, Heard::Recover { payload: 5 }]);
        assert!(is_packet(&three[2], 5) && three.len() == 3);
        let stats = hearing.stats();
        assert_eq!((stats.missing, stats.recoverable), (2, 1));
    }

    #[test]
    fn a_packet_that_was_asked_for_is_waited_for() {
        let mut hearing = Hearing::new(Options::default());
        hearing.push(0, packet(0));
        heard(&mut hearing, 0);
        hearing.wait_us(60_000);
        hearing.push(40_000, packet(2));
        assert_eq!(hearing.timeout(), Some(100_000));
        hearing.push(95_000, packet(1));
        let both = heard(&mut hearing, 95_000);
        assert!(is_packet(&both[0], 1) && is_packet(&both[1], 2));
        assert_eq!(hearing.stats().missing, 0);
        // However long it is told to wait, somebody listens.
        hearing.wait_us(10_000_000);
        hearing.push(200_000, packet(4));
        assert_eq!(hearing.timeout(), Some(450_000));
    }

    #[test]
    fn what_came_again_is_no_delay_of_the_network_s() {
        let mut hearing = Hearing::new(Options::default());
        hearing.wait_us(100_000);
        // Each tenth comes again, 80 ms after its time.
        for n in 0..500_u64 {
            let now_us = n * FRAME_US;
            if n % 10 != 5 {
                hearing.push(now_us, packet(n as u16));
            }
            if n % 10 == 9 {
                let filed = hearing.push_again(now_us, packet(n as u16 - 4));
                assert_eq!(filed, Filed::Kept);
            }
            heard(&mut hearing, now_us);
        }
        let stats = hearing.stats();
        assert_eq!((stats.jitter_us, stats.missing, stats.late), (0, 0, 0));
        hearing.wait_us(0);
        hearing.push(10_020_000, packet(501));
        assert_eq!(hearing.timeout(), Some(10_025_000));
    }

    #[test]
    fn patience_grows_with_the_network_s_delays_and_ends() {
        let mut hearing = Hearing::new(Options::default());
        for sequence in 0..200 {
            let late_us = if sequence % 4 == 3 { 400_000 } else { 0 };
            let now_us = u64::from(sequence) * FRAME_US + late_us;
            hearing.push(now_us, packet(sequence));
            heard(&mut hearing, now_us);
        }
        hearing.push(10_000_000, packet(220));
        assert_eq!(hearing.timeout(), Some(10_250_000));
    }
}
