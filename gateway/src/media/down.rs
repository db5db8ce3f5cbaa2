//! Her voice on its way out: a packet every 20 ms, whether she speaks or not.
//!
//! The engine hands over sound up to 200 ms ahead of the ear, so what it takes back (a pause, a flush)
//! is mostly still here. What has been sent cannot be called back: a far end's jitter buffer drops
//! nothing on demand. Silence is one packet, made once.

use std::collections::VecDeque;

use janet_audio::opus::{Encoder, FRAME_SAMPLES, OpusError};

use super::FRAME_US;

/// Most samples that wait: half a second, more than twice what the engine is ever ahead. What is more
/// is dropped, because nobody would hear it in its time.
const CAPACITY: usize = 24_000;
/// Places where the count of her samples jumps, among what waits; of more the oldest are forgotten.
const MARKS: usize = 64;
/// What is cut off fades away over so many samples: 10 ms.
const FADE: usize = 480;
/// Frames of true silence behind her voice, until the packet of silence takes over: the decoder comes
/// to rest without a click.
const TAIL: u8 = 5;
/// Frames by which sending may be late and still catch up; what is more is left out.
const CATCH_UP: u64 = 5;

/// Which of her samples is played when: this one at this timestamp, and so on until the next clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Of RTP, 48 kHz, the encoder's look-ahead counted in.
    pub(crate) rtp_timestamp: u32,
    /// Number of the sample in her voice, at 48 kHz.
    pub(crate) sample: u32,
}

/// A packet that is due.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) payload: &'a [u8],
}

/// Where in what waits which of her numbers begins.
#[derive(Clone, Copy)]
struct Mark {
    /// Counted over everything that ever waited.
    at: u64,
    sample: u32,
}

/// What the encoder did last.
enum Voice {
    Silent,
    /// She has just spoken: so many frames of silence are still encoded.
    Tail(u8),
    Speaking,
}

/// Samples of hers in, packets out.
pub(crate) struct Down {
    encoder: Encoder,
    sound: VecDeque<i16>,
    /// Samples that were taken out of `sound` since the beginning.
    taken: u64,
    marks: VecDeque<Mark>,
    voice: Voice,
    frame: [i16; FRAME_SAMPLES],
    sequence: u16,
    timestamp: u32,
    /// When the next packet is sent; `None` before the first.
    due_us: Option<u64>,
    /// Number of a sample less its timestamp, as last told.
    told: Option<u32>,
    clocks: VecDeque<Clock>,
    dropped: u64,
}

impl Down {
    /// Counts packets from `sequence` and ticks from `timestamp`, which are chance (RFC 3550 §5.1).
    pub(crate) fn new(sequence: u16, timestamp: u32) -> Result<Self, OpusError> {
        Ok(Self {
            encoder: Encoder::new()?,
            sound: VecDeque::with_capacity(CAPACITY),
            taken: 0,
            marks: VecDeque::with_capacity(MARKS),
            voice: Voice::Silent,
            frame: [0; FRAME_SAMPLES],
            sequence,
            timestamp,
            due_us: None,
            told: None,
            clocks: VecDeque::with_capacity(MARKS),
            dropped: 0,
        })
    }

    /// Takes sound of hers, 48 kHz; `first_sample` is its number, modulo 2³².
    pub(crate) fn play(&mut self, first_sample: u32, samples: &[i16]) {
        if self.sound.len() + samples.len() > CAPACITY {
            self.dropped += samples.len() as u64;
            return;
        }
        let at = self.end();
        if self.number(at) != Some(first_sample) {
            if self.marks.len() == MARKS {
                self.marks.pop_front();
            }
            self.marks.push_back(Mark {
                at,
                sample: first_sample,
            });
        }
        self.sound.extend(samples);
    }

    /// Drops her sound from this number on, as far as it was not sent, but for 10 ms that fade away.
    /// The number up to which she will have been heard; `None` if nothing of her was ever here.
    pub(crate) fn flush(&mut self, from_sample: u32) -> Option<u32> {
        let front = self.taken;
        let kept = (front..self.end()).find(|at| {
            let number = self.number(*at).unwrap_or(from_sample);
            number.wrapping_sub(from_sample) as i32 >= 0
        });
        if let Some(kept) = kept {
            let kept = kept.max(front + FADE as u64) - front;
            self.sound.truncate(kept as usize);
            let fade = FADE.min(self.sound.len());
            let first = self.sound.len() - fade;
            for (left, sample) in (0..fade as i32).rev().zip(self.sound.range_mut(first..)) {
                *sample = (i32::from(*sample) * left / fade as i32) as i16;
            }
            let end = self.end();
            while self.marks.len() > 1 && self.marks.back().is_some_and(|mark| mark.at >= end) {
                self.marks.pop_back();
            }
        }
        self.number(self.end())
    }

    /// The packet that is due at `now_us`; `None` until [`Down::timeout`].
    pub(crate) fn poll(&mut self, now_us: u64) -> Result<Option<Frame<'_>>, OpusError> {
        let due_us = *self.due_us.get_or_insert(now_us);
        if now_us < due_us {
            return Ok(None);
        }
        let late = (now_us - due_us) / FRAME_US;
        let left_out = if late > CATCH_UP { late } else { 0 };
        self.timestamp = self
            .timestamp
            .wrapping_add((left_out * FRAME_SAMPLES as u64) as u32);
        self.due_us = Some(due_us + (left_out + 1) * FRAME_US);

        let heard = self.take();
        let (sequence, timestamp) = (self.sequence, self.timestamp);
        self.sequence = sequence.wrapping_add(1);
        self.timestamp = timestamp.wrapping_add(FRAME_SAMPLES as u32);
        self.voice = match (heard, &self.voice) {
            (true, Voice::Silent) => {
                // A copy of what was said before the silence is of no use in the first packet.
                self.encoder.reset()?;
                Voice::Speaking
            }
            (true, _) => Voice::Speaking,
            (false, Voice::Speaking) => Voice::Tail(TAIL),
            (false, Voice::Tail(left @ 1..)) => Voice::Tail(left - 1),
            (false, _) => Voice::Silent,
        };
        let payload = match self.voice {
            Voice::Silent => self.encoder.silence(),
            _ => self.encoder.encode(&self.frame)?,
        };
        Ok(Some(Frame {
            sequence,
            timestamp,
            payload,
        }))
    }

    /// The number of the next sample to be sent; `None` if nothing of her was ever here.
    pub(crate) fn sent_to(&self) -> Option<u32> {
        self.number(self.taken)
    }

    /// The number behind the last sample that waits, or was sent if none does.
    pub(crate) fn ends_at(&self) -> Option<u32> {
        self.number(self.end())
    }

    /// When the next packet is due; `None` before the first.
    pub(crate) fn timeout(&self) -> Option<u64> {
        self.due_us
    }

    /// What the far end has to be told of her samples' numbers.
    pub(crate) fn poll_clock(&mut self) -> Option<Clock> {
        self.clocks.pop_front()
    }

    /// The far end misses so many packets of a hundred.
    pub(crate) fn set_loss(&mut self, percent: u8) -> Result<(), OpusError> {
        self.encoder.set_loss(percent)
    }

    /// Samples that nobody would have heard in their time.
    pub(crate) fn dropped_samples(&self) -> u64 {
        self.dropped
    }

    /// Moves the next 20 ms into `frame`; whether she is in it.
    fn take(&mut self) -> bool {
        let len = self.sound.len().min(FRAME_SAMPLES);
        for (slot, sample) in self.frame.iter_mut().zip(self.sound.drain(..len)) {
            *slot = sample;
        }
        self.frame[len..].fill(0);
        let behind = self.taken + len as u64;
        self.tell(behind);
        self.taken = behind;
        while self.marks.get(1).is_some_and(|next| next.at <= behind) {
            self.marks.pop_front();
        }
        len > 0
    }

    /// Notes where in the frame that begins now the numbers are not what was told.
    fn tell(&mut self, behind: u64) {
        let front = self.taken;
        let starts = self.marks.iter().map(|mark| mark.at.max(front));
        let ahead = self.encoder.lookahead_samples();
        let mut told = self.told;
        for at in starts.filter(|at| *at < behind) {
            let Some(sample) = self.number(at) else {
                continue;
            };
            let rtp_timestamp = self
                .timestamp
                .wrapping_add((at - front) as u32)
                .wrapping_add(ahead);
            let offset = sample.wrapping_sub(rtp_timestamp);
            if told.replace(offset) != Some(offset) && self.clocks.len() < MARKS {
                self.clocks.push_back(Clock {
                    rtp_timestamp,
                    sample,
                });
            }
        }
        self.told = told;
    }

    fn end(&self) -> u64 {
        self.taken + self.sound.len() as u64
    }

    /// The number of the sample at a place.
    fn number(&self, at: u64) -> Option<u32> {
        let mark = self.marks.iter().rev().find(|mark| mark.at <= at)?;
        Some(mark.sample.wrapping_add((at - mark.at) as u32))
    }
}

#[cfg(test)]
#[path = "down_test.rs"]
mod tests;
