//! A client in the same process: `janet talk` and the benches speak through it.
//!
//! Feeds a microphone from samples in real time, plays what comes back like a sound card with no
//! buffer of its own, reports what was played every 100 ms, and keeps everything with its time.
//! It obeys the same rules as a client on a socket (PROTOCOL: `playout`, `playout_flush`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use janet_talk::MicMode;

use crate::session::Playback;
use crate::{Engine, EngineError, Event, SessionSpec};

/// Microphone samples of one packet: 20 ms at 16 kHz.
pub const PACKET: usize = 320;
/// The rate at which everything is heard.
pub const PLAY_HZ: u32 = 24_000;

const PACKET_SPAN: Duration = Duration::from_millis(20);
/// Packets between two `playout` reports.
const REPORT_PACKETS: u64 = 5;
/// A cut in audible sound is faded over this many samples (10 ms).
const FADE: usize = 240;

/// What a client has seen and heard.
#[derive(Debug, Default)]
pub struct Heard {
    /// What was played, from the first microphone sample on, at [`PLAY_HZ`]; silence in between.
    pub sound: Vec<f32>,
    /// Events with the time since the first microphone sample.
    pub events: Vec<(Duration, Event)>,
}

impl Heard {
    /// When something louder than `floor` (1 is full scale) is played first, at or after `from`.
    pub fn first_louder(&self, floor: f32, from: Duration) -> Option<Duration> {
        let start = (from.as_secs_f64() * f64::from(PLAY_HZ)) as usize;
        let sound = self.sound.get(start..)?;
        let n = sound.iter().position(|sample| sample.abs() > floor)?;
        Some(from + Duration::from_micros(n as u64 * 1_000_000 / u64::from(PLAY_HZ)))
    }
}

/// What the script says of the next packet.
#[expect(
    clippy::large_enum_variant,
    reason = "one lives at a time, and a box would be per packet"
)]
pub enum Next {
    /// These samples are spoken.
    Packet([i16; PACKET]),
    /// The session is over.
    Hang,
}

/// Runs one session: `mic` is asked for a packet every 20 ms and sees all that was heard so far.
pub fn converse(
    engine: &Engine,
    mode: MicMode,
    mic: &mut dyn FnMut(u64, &Heard) -> Next,
) -> Result<Heard, EngineError> {
    let here = std::thread::current();
    let waker = Arc::new(move || here.unpark());
    let mut session = engine.open(SessionSpec {
        waker,
        ..SessionSpec::default()
    })?;
    session.mic_open(16_000, PLAY_HZ, mode)?;
    let began = Instant::now();
    let mut heard = Heard::default();
    let mut speaker = Speaker::default();
    for n in 0.. {
        // A packet exists when its last sample does.
        let due = began + PACKET_SPAN * (n as u32 + 1);
        loop {
            while let Some(event) = session.poll_event() {
                heard.events.push((began.elapsed(), event));
            }
            while let Some(playback) = session.poll_audio() {
                speaker.play_to(began.elapsed(), &mut heard.sound);
                match playback {
                    Playback::Chunk(chunk) => speaker.take(chunk.first_sample, chunk.samples),
                    Playback::Face(_) => {}
                    Playback::Flush { from_sample } => {
                        let stopped = speaker.flush(from_sample, &mut heard.sound);
                        session.played(stopped)?;
                    }
                }
            }
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            std::thread::park_timeout(left);
        }
        speaker.play_to(began.elapsed(), &mut heard.sound);
        if n % REPORT_PACKETS == 0 && speaker.played > 0 {
            session.played(speaker.played)?;
        }
        match mic(n, &heard) {
            Next::Packet(packet) => {
                session.push_mic(&packet);
            }
            Next::Hang => break,
        }
    }
    Ok(heard)
}

/// A sound card that plays at the wall clock.
#[derive(Default)]
pub struct Speaker {
    queue: std::collections::VecDeque<f32>,
    /// Number of the next sample to play.
    played: u32,
    /// Fade in at the next sample, after a cut.
    fade_in: usize,
}

impl Speaker {
    /// Number of the next sample to play.
    pub fn played(&self) -> u32 {
        self.played
    }

    /// Queues samples behind what is there; `first_sample` is the number of the first one.
    pub fn take(&mut self, first_sample: u32, samples: &[i16]) {
        if self.queue.is_empty() {
            self.played = first_sample;
        }
        self.queue
            .extend(samples.iter().map(|sample| f32::from(*sample) / 32768.0));
    }

    /// Plays up to this time since the beginning: `out` is as long then.
    pub fn play_to(&mut self, now: Duration, out: &mut Vec<f32>) {
        let until = (now.as_micros() * u128::from(PLAY_HZ) / 1_000_000) as usize;
        while out.len() < until {
            let Some(sample) = self.queue.pop_front() else {
                out.resize(until, 0.0);
                return;
            };
            let gain = if self.fade_in > 0 {
                self.fade_in -= 1;
                1.0 - self.fade_in as f32 / FADE as f32
            } else {
                1.0
            };
            out.push(sample * gain);
            self.played = self.played.wrapping_add(1);
        }
    }

    /// Drops everything from `from` on; returns the number of the next sample that will not be
    /// played. What is audible is faded out.
    pub fn flush(&mut self, from: u32, out: &mut Vec<f32>) -> u32 {
        let keep = (from.wrapping_sub(self.played) as i32).max(0) as usize;
        if keep >= self.queue.len() {
            return self.played.wrapping_add(self.queue.len() as u32);
        }
        let tail: Vec<f32> = self.queue.iter().copied().take(keep.max(FADE)).collect();
        let stop = self.played.wrapping_add(keep as u32);
        self.queue.clear();
        let fade_from = tail.len().saturating_sub(FADE);
        let faded = tail.len() - fade_from;
        for (n, sample) in tail.into_iter().enumerate() {
            let gain = 1.0 - n.saturating_sub(fade_from) as f32 / faded.max(1) as f32;
            out.push(sample * gain);
        }
        self.played = stop;
        self.fade_in = FADE;
        stop
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loud(n: usize) -> Vec<i16> {
        vec![16_384; n]
    }

    #[test]
    fn a_flush_behind_the_ear_stops_within_ten_milliseconds() {
        let (mut speaker, mut out) = (Speaker::default(), Vec::new());
        speaker.take(0, &loud(4800));
        speaker.play_to(Duration::from_millis(100), &mut out);
        assert_eq!(speaker.flush(1000, &mut out), 2400);
        assert_eq!(out.len(), 2400 + FADE);
        assert!(out[2400 + FADE - 1].abs() < 0.01);
        speaker.play_to(Duration::from_millis(300), &mut out);
        assert!(out[2640..].iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn a_flush_ahead_of_the_ear_plays_up_to_it() {
        let (mut speaker, mut out) = (Speaker::default(), Vec::new());
        speaker.take(0, &loud(4800));
        speaker.play_to(Duration::from_millis(50), &mut out);
        assert_eq!(speaker.flush(2400, &mut out), 2400);
        assert_eq!(out.len(), 2400);
    }

    #[test]
    fn silence_is_played_where_nothing_came() {
        let (mut speaker, mut out) = (Speaker::default(), Vec::new());
        speaker.play_to(Duration::from_millis(10), &mut out);
        speaker.take(0, &loud(240));
        speaker.play_to(Duration::from_millis(20), &mut out);
        assert_eq!((out.len(), out[239], out[240]), (480, 0.0, 0.5));
    }
}
