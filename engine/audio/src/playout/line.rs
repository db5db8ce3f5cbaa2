//! The pacer's end of the playout: what is staged, sent, heard, held and dropped.
//!
//! Keeps every sample until a second after it was heard, so that a pause can take the voice up at
//! exactly the sample at which the client fell silent. Obeys: never pauses or cuts by itself.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use super::chunk::{CHUNK_SAMPLES_MAX, Chunk, FIRST_EPOCH, Feed, Playout, ring};
use super::cue::Cue;
use super::ear::Ear;
use crate::wav::to_s16;

/// The length of a fade, and of the margin that a pause leaves the client for it: 10 ms.
const FADES_PER_SECOND: u32 = 100;
/// A chunk is only sent short when less than this many chunks are left to play.
const LOW_CHUNKS: u64 = 5;
/// A first sample louder than this after silence would click, so it is faded in (−40 dB).
const LOUD_START: i16 = 328;

/// A line that cannot be made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineError {
    /// A chunk holds 10 ms of at most 48 kHz.
    #[error("play rate {0} Hz is outside 8000 to 48000 Hz")]
    Rate(u32),
    /// The transport must be allowed to be at least two chunks ahead.
    #[error("playout ahead of {0:?} is less than 20 ms")]
    Ahead(Duration),
}

/// The bounds of a line.
#[derive(Debug, Clone, Copy)]
pub struct LineOptions {
    /// How far the transport may be ahead of real time.
    pub ahead: Duration,
    /// How much may wait behind what was sent; the voice model is held up when this is full.
    pub staged: Duration,
    /// How much is kept behind the ear for a resume.
    pub retained: Duration,
}

impl Default for LineOptions {
    fn default() -> Self {
        Self {
            ahead: Duration::from_millis(200),
            staged: Duration::from_secs(4),
            retained: Duration::from_secs(1),
        }
    }
}

/// What [`Line::stage`] took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staged {
    /// The number of the first sample taken: heard when [`Line::heard`] is past it.
    pub first: u64,
    /// How many were taken.
    pub taken: usize,
}

/// Where the sound was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flush {
    /// Everything before this number was heard, as far as is known now; the client's answer
    /// ([`Line::played`]) refines it.
    pub from: u64,
    /// The same as on the wire: the client drops all samples from here on.
    pub from_sample: u32,
    /// The stretch of sound that begins after it.
    pub epoch: u32,
}

/// The pacer's end: a plain struct, driven by [`Line::tick`].
pub struct Line {
    rate_hz: u32,
    chunk: u64,
    fade: u64,
    ahead: u64,
    staged_max: u64,
    retained: u64,
    feed: Feed,
    /// Retained, sent and staged samples; the first has the number `base`.
    sound: VecDeque<i16>,
    base: u64,
    /// Number of the next sample to send; while held, of the one to resume from.
    next: u64,
    /// End of all that was ever sent.
    sent: u64,
    held: bool,
    epoch: u32,
    /// First number of this epoch.
    start: u64,
    /// The sample from which the sound is faded in.
    fade_in: Option<u64>,
    /// A flush that the ring had no room for.
    unsent_flush: Option<u64>,
    /// A cue that had to wait for it, or had no room either.
    unsent_cue: Option<Cue>,
    /// The highest number the client ever reported.
    reported: u64,
    ear: Ear,
    /// What was sent before the last flush: its echo is still on the way.
    cut: Vec<i16>,
    /// The number behind its last sample.
    cut_end: u64,
}

impl Line {
    /// Makes a line for sound at `rate_hz` and the transport's end of it.
    pub fn new(rate_hz: u32, options: LineOptions) -> Result<(Self, Playout), LineError> {
        if !(8000..=100 * CHUNK_SAMPLES_MAX as u32).contains(&rate_hz) {
            return Err(LineError::Rate(rate_hz));
        }
        if options.ahead < Duration::from_millis(20) {
            return Err(LineError::Ahead(options.ahead));
        }
        let samples = |d: Duration| (d.as_micros() * u128::from(rate_hz) / 1_000_000) as u64;
        let chunk = u64::from(rate_hz / 100);
        let ahead = samples(options.ahead);
        // Twice: what is ahead, and as much again of stale chunks that nobody has skipped yet.
        let (feed, playout) = ring(rate_hz, 2 * ahead.div_ceil(chunk) as usize);
        let line = Self {
            rate_hz,
            chunk,
            fade: u64::from(rate_hz / FADES_PER_SECOND),
            ahead,
            staged_max: samples(options.staged),
            retained: samples(options.retained),
            feed,
            sound: VecDeque::new(),
            base: 0,
            next: 0,
            sent: 0,
            held: false,
            epoch: FIRST_EPOCH,
            start: 0,
            fade_in: None,
            unsent_flush: None,
            unsent_cue: None,
            reported: 0,
            ear: Ear::new(rate_hz),
            cut: Vec::new(),
            cut_end: 0,
        };
        Ok((line, playout))
    }

    /// Numbers begin at `first` instead of at 0; the client is told to drop what it still holds of
    /// an earlier line from `heard` on. Only before anything was staged.
    pub fn begin_at(&mut self, first: u64, heard: u64) {
        debug_assert!(self.sound.is_empty() && self.sent == self.next);
        (self.base, self.next, self.sent, self.start) = (first, first, first, first);
        self.reported = first;
        self.ear.begin(first, first);
        self.unsent_flush = (heard < first).then_some(heard);
    }

    /// Samples per second.
    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// True while the transport still holds its end.
    pub fn connected(&self) -> bool {
        self.feed.connected()
    }

    /// Appends samples behind everything that waits, as many as fit; while held too.
    pub fn stage(&mut self, samples: &[f32]) -> Staged {
        let first = self.end();
        let taken = samples.len().min(self.room_samples());
        self.sound
            .extend(samples[..taken].iter().map(|&s| to_s16(s)));
        Staged { first, taken }
    }

    /// Takes the newest `count` samples away again, as far as they were not sent; how many that
    /// was. What is staged next gets their numbers. Where some of them were sent, 10 ms more are, so
    /// that the voice does not end with a click.
    pub fn take_back(&mut self, count: u64) -> u64 {
        let queued = self.queued_samples();
        let ends_in_mid_wave = count > queued && !self.held;
        let tail = if ends_in_mid_wave {
            self.fade.min(queued)
        } else {
            0
        };
        let taken = count.min(queued - tail);
        self.sound.truncate(self.sound.len() - taken as usize);
        let first = self.sound.len() - tail as usize;
        for (left, sample) in (0..tail as i32).rev().zip(self.sound.range_mut(first..)) {
            *sample = (i32::from(*sample) * left / tail as i32) as i16;
        }
        // While held, what lies behind the ear was sent and is nobody's any more.
        self.sent = self.sent.min(self.end());
        taken
    }

    /// How many samples [`Line::stage`] would take now.
    pub fn room_samples(&self) -> usize {
        self.staged_max.saturating_sub(self.queued_samples()) as usize
    }

    /// Samples that are staged and not sent.
    pub fn queued_samples(&self) -> u64 {
        self.end() - self.next
    }

    /// The number that the next staged sample will get.
    pub fn end(&self) -> u64 {
        self.base + self.sound.len() as u64
    }

    /// The number of the next sample to send; while held, of the one to go on from.
    pub fn next_sample(&self) -> u64 {
        self.next
    }

    /// Sends a cue behind everything that was sent before. One that the ring has no room for waits; of two
    /// the newer one counts.
    pub fn cue(&mut self, cue: Cue) {
        let waits = self.unsent_flush.is_some() || !self.feed.send_cue(cue);
        self.unsent_cue = waits.then_some(cue);
    }

    /// Moves what is due into the ring and returns how many things that was (the transport has
    /// something to pull when it is not 0). Called every 10 ms.
    pub fn tick(&mut self, now_us: u64) -> usize {
        self.tick_with(now_us, &mut |_| None)
    }

    /// The same with cues: asked for one for each chunk, by the numbers of its samples. A chunk that is
    /// sent again after a pause is asked for again.
    pub fn tick_with(
        &mut self,
        now_us: u64,
        cues: &mut dyn FnMut(Range<u64>) -> Option<Cue>,
    ) -> usize {
        let mut moved = 0;
        if let Some(from) = self.unsent_flush {
            if !self.feed.send_flush(from as u32) {
                return 0;
            }
            self.unsent_flush = None;
            moved += 1;
        }
        if let Some(cue) = self.unsent_cue {
            if !self.feed.send_cue(cue) {
                return moved;
            }
            self.unsent_cue = None;
            moved += 1;
        }
        let pulled = self.pulled();
        self.ear.follow(pulled, now_us);
        if !self.held {
            let position = self.ear.position(pulled, now_us);
            while self.send_one(position, now_us, cues) {
                moved += 1;
            }
        }
        self.forget_heard(now_us);
        moved
    }

    /// The client reports that it has played everything before `sample` (as on the wire).
    ///
    /// A number that was never sent is taken for the end of what was; one that goes back is
    /// ignored. While held it says where to resume.
    pub fn played(&mut self, sample: u32, now_us: u64) {
        let pulled = self.pulled();
        let limit = if pulled > self.start {
            pulled
        } else {
            self.sent
        };
        let sample = self.unwrapped(sample).min(limit).min(self.end());
        if sample < self.reported {
            return;
        }
        self.reported = sample;
        if self.held {
            self.hold_at(sample.max(self.base));
        } else {
            self.ear.report(sample, now_us);
        }
    }

    /// Everything before this number was heard: the client's last report carried on for at most
    /// 500 ms, without one the pacer's position less 200 ms; never past what was sent.
    pub fn heard(&self, now_us: u64) -> u64 {
        self.ear.heard(self.pulled(), now_us)
    }

    /// What sounds around the ear: the samples from `before` to `after` the one that is heard now,
    /// silence where nothing was sent or is kept any more. For telling her voice in a microphone.
    pub fn around_ear(&self, now_us: u64, before: Duration, after: Duration) -> Vec<i16> {
        let samples = |d: Duration| (d.as_micros() * u128::from(self.rate_hz) / 1_000_000) as i64;
        let ear = self.heard(now_us) as i64;
        let known = self.base as i64..self.next as i64;
        let cut = self.cut_end as i64 - self.cut.len() as i64..self.cut_end as i64;
        (ear - samples(before)..ear + samples(after))
            .map(|number| {
                if known.contains(&number) {
                    self.sound[(number - known.start) as usize]
                } else if cut.contains(&number) {
                    self.cut[(number - cut.start) as usize]
                } else {
                    0
                }
            })
            .collect()
    }

    /// True when everything that was staged was heard.
    pub fn is_dry(&self, now_us: u64) -> bool {
        let nothing_sent = self.next == self.start;
        self.queued_samples() == 0 && (nothing_sent || self.heard(now_us) >= self.next)
    }

    /// True between [`Line::pause`] and the resume or flush that ends it.
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Stops the voice where the ear is and keeps the rest for [`Line::resume`]; nothing is sent
    /// until then, though more may be staged.
    ///
    /// Returns where, when the client may hold sound that it must drop: a flush for it is then on
    /// its way in the ring.
    pub fn pause(&mut self, now_us: u64) -> Option<Flush> {
        if self.held {
            return None;
        }
        let (flush, told) = self.stop(now_us);
        self.held = true;
        self.hold_at(flush.from);
        told.then_some(flush)
    }

    /// Goes on from where the voice was paused, faded in over 10 ms; false when it was not paused.
    pub fn resume(&mut self) -> bool {
        if !self.held {
            return false;
        }
        self.held = false;
        self.fade_in = Some(self.next);
        true
    }

    /// Drops everything that was not heard, staged sound included. What is staged after it gets
    /// fresh numbers, beyond all that were given out. Ends a pause.
    pub fn flush(&mut self, now_us: u64) -> Flush {
        let flush = if self.held {
            let from = self.next;
            Flush {
                from,
                from_sample: from as u32,
                epoch: self.epoch,
            }
        } else {
            self.stop(now_us).0
        };
        let end = self.end();
        // As far as it was sent: a client that does not report is further than anybody knows.
        let sent = self.next.clamp(self.base, end) - self.base;
        let kept = sent.saturating_sub(self.retained + self.ahead) as usize;
        self.cut.clear();
        self.cut.extend(self.sound.range(kept..sent as usize));
        self.cut_end = self.base + sent;
        self.sound.clear();
        self.base = end;
        self.next = end;
        self.start = end;
        self.held = false;
        self.fade_in = None;
        self.ear.begin(end, flush.from);
        flush
    }

    /// Begins a new epoch at the ear: what is in the ring is stale, the client is told to drop what
    /// it holds. Says where, and whether the client had to be told.
    fn stop(&mut self, now_us: u64) -> (Flush, bool) {
        let pulled = self.pulled();
        let heard = self.heard(now_us);
        let from = if pulled > self.start {
            (heard + self.fade).clamp(self.start, pulled)
        } else {
            self.next
        };
        let told = pulled > self.start && self.reported < pulled;
        self.epoch = self.epoch.wrapping_add(1);
        self.feed.begin(self.epoch);
        if told {
            let from = self.unsent_flush.map_or(from, |unsent| unsent.min(from));
            self.unsent_flush = (!self.feed.send_flush(from as u32)).then_some(from);
        }
        (
            Flush {
                from,
                from_sample: from as u32,
                epoch: self.epoch,
            },
            told,
        )
    }

    fn hold_at(&mut self, sample: u64) {
        self.next = sample;
        self.start = sample;
        self.ear.begin(sample, sample);
    }

    /// Sends the next chunk when it is due and there is room.
    fn send_one(
        &mut self,
        position: u64,
        now_us: u64,
        cues: &mut dyn FnMut(Range<u64>) -> Option<Cue>,
    ) -> bool {
        let len = self.queued_samples().min(self.chunk);
        let ahead = self.next - position;
        let short = len < self.chunk && ahead >= LOW_CHUNKS * self.chunk;
        if len == 0 || short || ahead + len > self.ahead || !self.feed.has_room() {
            return false;
        }
        let at = (self.next - self.base) as usize;
        if ahead == 0 && self.fade_in.is_none() && self.sound[at].saturating_abs() > LOUD_START {
            self.fade_in = Some(self.next);
        }
        let (numbers, fade, fade_in) = (self.next.., self.fade, self.fade_in);
        let sound =
            self.sound.range(at..at + len as usize).zip(numbers).map(
                |(&s, number)| match fade_in {
                    Some(from) if number < from + fade => {
                        (i64::from(s) * (number - from) as i64 / fade as i64) as i16
                    }
                    _ => s,
                },
            );
        let cue = cues(self.next..self.next + len);
        self.feed
            .send(Chunk::new(self.epoch, self.next as u32, now_us, cue, sound));
        self.next += len;
        self.sent = self.sent.max(self.next);
        self.fade_in = self.fade_in.filter(|from| self.next < from + fade);
        true
    }

    /// Lets go of what was heard longer ago than a resume could want.
    fn forget_heard(&mut self, now_us: u64) {
        let keep = self
            .heard(now_us)
            .min(self.next)
            .saturating_sub(self.retained);
        if keep > self.base {
            self.sound.drain(..(keep - self.base) as usize);
            self.base = keep;
        }
    }

    /// End of what the transport has pulled of this epoch.
    fn pulled(&self) -> u64 {
        self.feed
            .pulled(self.epoch)
            .map_or(self.start, |end| self.unwrapped(end))
    }

    /// The full number for the low 32 bits of one: the nearest to the last sent.
    fn unwrapped(&self, low: u32) -> u64 {
        let distance = low.wrapping_sub(self.next as u32) as i32;
        self.next.saturating_add_signed(i64::from(distance))
    }
}

#[cfg(test)]
#[path = "line_test.rs"]
mod tests;
