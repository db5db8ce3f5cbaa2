//! Packets by their numbers: what is a duplicate, what comes too late, what is missing.

use std::collections::BTreeMap;

use super::Options;
use super::counter::{Place, Sequence, Ticks};
use super::delay::Delay;

/// What came from the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet<T> {
    /// Its number, which counts packets and begins anew after 65,535.
    pub sequence: u16,
    /// When its first sample was taken, in ticks of the sender's clock.
    pub timestamp: u32,
    /// What it carries.
    pub payload: T,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filed {
    /// It is kept until its turn comes.
    Kept,
    /// It was there already.
    Duplicate,
    /// Its turn is over.
    Late,
    /// Its number is far from all others.
    Stray,
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Packets that came, whatever became of them.
    pub received: u64,
    /// Came twice.
    pub duplicates: u64,
    /// Came when their turn was over.
    pub late: u64,
    /// Came behind a later one, and in time.
    pub reordered: u64,
    /// Had a number far from all others.
    pub strays: u64,
    /// The sender began to count anew.
    pub restarts: u64,
    /// Never came, or late: their turn passed without them.
    pub missing: u64,
    /// Of the missing: for which the next packet was there, that may hold their sound once more.
    pub recoverable: u64,
    /// Dropped because too much was held.
    pub dropped: u64,
    /// Interarrival jitter, in microseconds (RFC 3550 §6.4.1).
    pub jitter_us: u64,
}

/// A packet that waits.
#[derive(Debug)]
pub(super) struct Held<T> {
    pub(super) timestamp: u64,
    pub(super) arrived_us: u64,
    pub(super) payload: T,
}

/// The packets that wait, from the one whose turn is next.
#[derive(Debug)]
pub(super) struct Order<T> {
    options: Options,
    sequence: Sequence,
    ticks: Ticks,
    waiting: BTreeMap<u64, Held<T>>,
    /// The number whose turn is next; `None` before the first packet.
    next: Option<u64>,
    /// Whether anything was handed out: until then what comes earlier may still begin.
    has_begun: bool,
    /// Which of the last 64 numbers before `next` came in time; bit 0 is the last.
    came: u64,
    pub(super) delay: Delay,
    pub(super) stats: Stats,
}

impl<T> Order<T> {
    pub(super) fn new(options: Options) -> Self {
        Self {
            options,
            sequence: Sequence::default(),
            ticks: Ticks::default(),
            waiting: BTreeMap::new(),
            next: None,
            has_begun: false,
            came: 0,
            delay: Delay::default(),
            stats: Stats::default(),
        }
    }

    pub(super) fn file(&mut self, now_us: u64, packet: Packet<T>) -> Filed {
        self.place(now_us, packet, true)
    }

    /// As [`Order::file`], but when the packet came is not counted as a delay of the network's.
    pub(super) fn file_again(&mut self, now_us: u64, packet: Packet<T>) -> Filed {
        self.place(now_us, packet, false)
    }

    fn place(&mut self, now_us: u64, packet: Packet<T>, is_measured: bool) -> Filed {
        self.stats.received += 1;
        let number = match self.sequence.place(packet.sequence) {
            Place::At(number) => number,
            Place::Anew(number) => {
                self.begin_anew(number);
                number
            }
            Place::Nowhere => {
                self.stats.strays += 1;
                return Filed::Stray;
            }
        };
        let next = *self.next.get_or_insert(number);
        if self.was_there(number, next) {
            self.stats.duplicates += 1;
            return Filed::Duplicate;
        }
        let timestamp = self.ticks.place(packet.timestamp);
        if is_measured {
            let media_us = timestamp * 1_000_000 / u64::from(self.options.clock_hz.max(1));
            self.delay.observe(now_us, media_us);
            self.stats.jitter_us = self.delay.jitter_us();
        }
        if number < next {
            if self.has_begun {
                self.stats.late += 1;
                return Filed::Late;
            }
            self.next = Some(number);
        }
        if self
            .waiting
            .keys()
            .next_back()
            .is_some_and(|last| number < *last)
        {
            self.stats.reordered += 1;
        }
        let held = Held {
            timestamp,
            arrived_us: now_us,
            payload: packet.payload,
        };
        self.waiting.insert(number, held);
        self.make_room();
        Filed::Kept
    }

    /// Takes the packet whose turn is next, if it is here.
    pub(super) fn take(&mut self) -> Option<Held<T>> {
        let held = self.waiting.remove(&self.next?)?;
        self.go_on(true);
        Some(held)
    }

    /// The turn of the next packet passes without it.
    pub(super) fn miss(&mut self) {
        self.stats.missing += 1;
        if self.first_behind_gap().is_some_and(|(gap, _)| gap == 1) {
            self.stats.recoverable += 1;
        }
        self.go_on(false);
    }

    /// How many packets are missing before the first that is here, and that one.
    pub(super) fn first_behind_gap(&self) -> Option<(u64, &Held<T>)> {
        let (number, held) = self.waiting.first_key_value()?;
        Some((number - self.next?, held))
    }

    /// Packets from the next one to the newest, missing ones counted.
    pub(super) fn depth(&self) -> u64 {
        let newest = self.waiting.keys().next_back();
        match (newest, self.next) {
            (Some(newest), Some(next)) => newest - next + 1,
            _ => 0,
        }
    }

    /// Drops the next packet, or passes over it, because too much waits.
    pub(super) fn drop_next(&mut self) {
        let was_here = self
            .next
            .is_some_and(|next| self.waiting.remove(&next).is_some());
        self.stats.dropped += u64::from(was_here);
        self.stats.missing += u64::from(!was_here);
        self.go_on(was_here);
    }

    fn go_on(&mut self, came: bool) {
        self.has_begun = true;
        self.next = self.next.map(|next| next + 1);
        self.came = self.came << 1 | u64::from(came);
    }

    fn was_there(&self, number: u64, next: u64) -> bool {
        match next.checked_sub(number) {
            None | Some(0) => self.waiting.contains_key(&number),
            Some(before) => before <= 64 && self.came >> (before - 1) & 1 == 1,
        }
    }

    fn make_room(&mut self) {
        let capacity = self.options.capacity.max(1) as u64;
        while self.depth() > capacity {
            // A gap that nothing fits into is passed over at once.
            self.drop_next();
        }
    }

    fn begin_anew(&mut self, number: u64) {
        self.stats.restarts += 1;
        self.stats.dropped += self.waiting.len() as u64;
        self.waiting.clear();
        self.next = Some(number);
        self.has_begun = false;
        self.came = 0;
        self.ticks = Ticks::default();
        self.delay = Delay::default();
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet;
    use super::*;

    fn order() -> Order<u16> {
        Order::new(Options {
            capacity: 10,
            ..Options::default()
        })
    }

    #[test]
    fn each_packet_is_kept_once_and_only_before_its_turn() {
        let mut order = order();
        for sequence in [5, 7, 6, 4] {
            assert_eq!(order.file(0, packet(sequence)), Filed::Kept, "{sequence}");
        }
        assert_eq!(order.file(0, packet(6)), Filed::Duplicate, "it waits");
        let taken: Vec<u16> = std::iter::from_fn(|| order.take())
            .map(|held| held.payload)
            .collect();
        assert_eq!(
            taken,
            [4, 5, 6, 7],
            "what came before the first is taken, too"
        );
        order.file(0, packet(9));
        order.miss();
        assert_eq!(order.take().expect("it is here").payload, 9);
        assert_eq!(order.file(0, packet(8)), Filed::Late);
        assert_eq!(order.file(0, packet(9)), Filed::Duplicate, "it was here");
        assert_eq!(order.file(0, packet(7)), Filed::Duplicate);
        assert_eq!(order.file(0, packet(30_000)), Filed::Stray);
        let stats = order.stats;
        assert_eq!((stats.received, stats.duplicates, stats.late), (10, 3, 1));
        assert_eq!((stats.reordered, stats.strays), (2, 1));
        assert_eq!((stats.missing, stats.recoverable), (1, 1));
    }

    #[test]
    fn no_more_is_held_than_allowed_however_wide_a_gap_is() {
        let mut order = order();
        for sequence in 0..10 {
            order.file(0, packet(sequence));
        }
        assert_eq!(order.depth(), 10);
        order.file(0, packet(12));
        assert_eq!((order.depth(), order.stats.dropped), (10, 3));
        assert_eq!(order.take().expect("the oldest left").payload, 3);
        order.file(0, packet(2500));
        assert_eq!(order.depth(), 10);
        assert!(order.waiting.len() == 1, "only the newest is near");
    }

    #[test]
    fn a_sender_that_counts_anew_is_followed() {
        let mut order = order();
        order.file(0, packet(0));
        order.file(0, packet(1));
        assert_eq!(order.file(0, packet(50_000)), Filed::Stray);
        assert_eq!(order.file(0, packet(50_001)), Filed::Kept);
        assert_eq!(order.take().expect("the new count's").payload, 50_001);
        assert_eq!((order.stats.restarts, order.stats.dropped), (1, 2));
    }
}
