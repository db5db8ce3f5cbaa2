//! Packets that are sent again (RFC 4585 §6.2.1): which of the far end's to ask for, and which of ours to
//! give.
//!
//! Pure: time is an argument, and whoever owns the connection writes what this decides. The library has the
//! same as interceptors; theirs wake up all the time although nothing is missing, ask whatever the way's
//! length is, and give a packet as often as somebody asks for it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rtc::rtp;

/// Packets of ours that are kept: 1.3 seconds of voice, longer than anybody waits for one.
pub(super) const KEPT: usize = 64;
/// A packet of ours is given so often, so that nobody has much sent by asking for it.
const TIMES_GIVEN: u8 = 2;
/// Packets of the far end's that are missing at a time: half a second. A longer gap is an outage, in which
/// what is asked for would only make what is new later.
const MOST_MISSING: u16 = 25;
/// A packet is asked for so often.
const TIMES_ASKED: u32 = 2;
/// What comes behind a gap may have overtaken the missing packet: that is waited for at least so long,
const OVERTAKEN: Duration = Duration::from_millis(5);
/// and by so many times the way's jitter.
const JITTERS: u32 = 2;
/// What the far end may need to answer, and the way be longer than it was.
const MARGIN: Duration = Duration::from_millis(10);
/// Voice is not held back longer than this for a packet that was asked for; where the way is longer, what
/// stands in for it is heard (the next packet's copy, or what the decoder makes up), and nobody is asked.
const PATIENCE: Duration = Duration::from_millis(150);
/// A number so far behind the newest is no late packet: the far end counts anew.
const ANEW: i16 = 1000;
/// Ticks of RTP in a millisecond.
const TICKS_PER_MS: f64 = 48.0;
/// Over the last so many packets, or half of them, it is counted how many were asked for: a far end may report
/// with each question, and what it asked for between two of them would be chance.
const COUNTED: u32 = 256;

/// What was sent last, for who did not get it.
#[derive(Default)]
pub(super) struct Sent {
    kept: VecDeque<(rtp::Packet, u8)>,
    /// Packets that were sent, and those of them that were asked for, once each. Both are halved by and by.
    counted: u32,
    asked: u32,
}

impl Sent {
    /// One was sent.
    pub(super) fn keep(&mut self, packet: rtp::Packet) {
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((packet, 0));
        if self.counted == COUNTED {
            (self.counted, self.asked) = (self.counted / 2, self.asked / 2);
        }
        self.counted += 1;
    }

    /// Of a hundred so many did not come by themselves.
    pub(super) fn lost_percent(&self) -> u8 {
        let asked = self.asked.min(self.counted);
        (asked * 100).checked_div(self.counted).unwrap_or_default() as u8
    }

    /// The far end did not get this one: it once more, while it is kept and was not given too often.
    pub(super) fn again(&mut self, sequence: u16) -> Option<rtp::Packet> {
        let (newest, _) = self.kept.back()?;
        let behind = newest.header.sequence_number.wrapping_sub(sequence);
        let place = (self.kept.len() - 1).checked_sub(usize::from(behind))?;
        let (packet, given) = self.kept.get_mut(place)?;
        let is_it = packet.header.sequence_number == sequence && *given < TIMES_GIVEN;
        is_it.then(|| {
            self.asked += u32::from(*given == 0);
            *given += 1;
            packet.clone()
        })
    }
}

/// A packet that did not come.
struct Gap {
    sequence: u16,
    /// When to ask for it next.
    due: Instant,
    asked: u32,
    /// The packet behind it holds its sound once more: nobody is asked, and nobody waits.
    has_copy: bool,
}

/// What has not come, and when to ask for it.
#[derive(Default)]
pub(super) struct Missing {
    newest: Option<u16>,
    gaps: VecDeque<Gap>,
    /// What was asked for last; some of it may still come, although nobody waits for it any more.
    asked: VecDeque<u16>,
    round_trip: Option<Duration>,
    /// Transit time of the last packet that nobody asked for, in milliseconds, against the first one's.
    transit_ms: Option<f64>,
    began: Option<(Instant, u32)>,
    jitter_ms: f64,
}

impl Missing {
    /// The way there and back takes so long.
    pub(super) fn set_round_trip(&mut self, round_trip: Duration) {
        self.round_trip = Some(round_trip);
    }

    /// Somebody else's packets come from now on, the same way.
    pub(super) fn begin_anew(&mut self) {
        *self = Self {
            round_trip: self.round_trip,
            ..Self::default()
        };
    }

    /// A packet came, which may hold a copy of the one before it. Whether it was asked for: then it is late
    /// because of that, which says nothing of the way.
    pub(super) fn came(
        &mut self,
        now: Instant,
        sequence: u16,
        timestamp: u32,
        has_copy: bool,
    ) -> bool {
        let Some(newest) = self.newest else {
            self.newest = Some(sequence);
            self.measure(now, timestamp);
            return false;
        };
        let ahead = sequence.wrapping_sub(newest).cast_signed();
        if ahead <= 0 {
            let gap = self.gaps.iter().position(|gap| gap.sequence == sequence);
            let gap = gap.and_then(|gap| self.gaps.remove(gap));
            match gap {
                // One that only was overtaken tells how much the way's delay varies.
                Some(gap) if gap.asked == 0 => self.measure(now, timestamp),
                None if ahead < -ANEW => self.forget(sequence),
                _ => {}
            }
            return self.asked.contains(&sequence);
        }
        if ahead.unsigned_abs() > MOST_MISSING {
            self.forget(sequence);
            return false;
        }
        self.measure(now, timestamp);
        let due = now + self.overtaken();
        for step in 1..ahead.unsigned_abs() {
            if self.gaps.len() == usize::from(MOST_MISSING) {
                self.gaps.pop_front();
            }
            self.gaps.push_back(Gap {
                sequence: newest.wrapping_add(step),
                due,
                asked: 0,
                // It holds one packet.
                has_copy: has_copy && ahead == 2,
            });
        }
        self.newest = Some(sequence);
        false
    }

    /// What to ask for now.
    pub(super) fn ask(&mut self, now: Instant) -> Vec<u16> {
        let Some((times, again)) = self.plan() else {
            self.gaps.retain(|gap| gap.due > now);
            return Vec::new();
        };
        let mut asked = Vec::new();
        self.gaps.retain_mut(|gap| {
            if gap.due > now {
                return true;
            }
            if gap.asked == times || gap.has_copy {
                return false;
            }
            if gap.asked == 0 {
                if self.asked.len() == usize::from(MOST_MISSING) {
                    self.asked.pop_front();
                }
                self.asked.push_back(gap.sequence);
            }
            gap.asked += 1;
            gap.due = now + again;
            asked.push(gap.sequence);
            true
        });
        asked
    }

    /// When to call [`Missing::ask`]; `None` while nothing is missing.
    pub(super) fn timeout(&self) -> Option<Instant> {
        self.gaps.iter().map(|gap| gap.due).min()
    }

    /// How long after the packet behind it a missing one may still come because it is asked for; `None` while
    /// none is.
    pub(super) fn patience(&self) -> Option<Duration> {
        if self.gaps.iter().all(|gap| gap.has_copy) {
            return None;
        }
        let (times, again) = self.plan()?;
        Some(self.overtaken() + again * times)
    }

    /// How often a packet is asked for, and how long its coming takes then.
    fn plan(&self) -> Option<(u32, Duration)> {
        let round_trip = self.round_trip?;
        let again = round_trip + round_trip / 4 + MARGIN;
        let left = PATIENCE.checked_sub(self.overtaken())?;
        let times = (1..=TIMES_ASKED)
            .rev()
            .find(|times| again * *times <= left)?;
        Some((times, again))
    }

    fn overtaken(&self) -> Duration {
        let jitter = Duration::from_micros((self.jitter_ms * 1000.0) as u64);
        OVERTAKEN.max(JITTERS * jitter)
    }

    /// Interarrival jitter (RFC 3550 §6.4.1), without what was asked for: that is late because we asked.
    fn measure(&mut self, now: Instant, timestamp: u32) {
        let (since, first) = *self.began.get_or_insert((now, timestamp));
        let media_ms = f64::from(timestamp.wrapping_sub(first).cast_signed()) / TICKS_PER_MS;
        let transit_ms = now.saturating_duration_since(since).as_secs_f64() * 1000.0 - media_ms;
        if let Some(last) = self.transit_ms.replace(transit_ms) {
            // A jump of the sender's clock is no delay of the network's.
            let difference = (transit_ms - last)
                .abs()
                .min(PATIENCE.as_secs_f64() * 1000.0);
            self.jitter_ms += (difference - self.jitter_ms) / 16.0;
        }
    }

    /// The far end counts from here now: what is missing of what was before is not waited for.
    fn forget(&mut self, sequence: u16) {
        self.gaps.clear();
        self.asked.clear();
        self.newest = Some(sequence);
        (self.began, self.transit_ms) = (None, None);
    }
}

#[cfg(test)]
#[path = "nack_test.rs"]
mod tests;
