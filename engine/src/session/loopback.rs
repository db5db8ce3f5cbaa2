//! The microphone as its owner hears it: what the way to Janet and back takes, without thinking.
//!
//! ```text
//!  capture ring ─▶ 16 kHz ─▶ resampled ─▶ line ─▶ playout ring
//! ```
//! The conversation knows a closed microphone meanwhile: nothing that is said is a turn.

use janet_audio::{Line, Resampler};
use janet_talk::{Input, Mono};

use super::core::Core;
use super::listen::Ear;
use super::mic::MIC_HZ;

/// Sound on its way from the microphone to the line.
pub(super) struct Loopback {
    resampler: Resampler,
    heard: Vec<f32>,
    sound: Vec<f32>,
}

impl Loopback {
    fn new(play_rate_hz: u32) -> Option<Self> {
        Some(Self {
            resampler: Resampler::new(MIC_HZ as u32, play_rate_hz).ok()?,
            heard: Vec::new(),
            sound: Vec::new(),
        })
    }

    /// Hands on everything that has arrived. What the line has no room for is dropped: it would be late.
    pub(super) fn pass(&mut self, ear: &mut Ear, line: &mut Line) {
        self.heard.clear();
        ear.take(&mut self.heard);
        self.sound.clear();
        self.resampler.process_into(&self.heard, &mut self.sound);
        line.stage(&self.sound);
    }
}

impl Core {
    /// The open microphone is heard back from here on, or listened to again.
    pub(super) fn loop_back(&mut self, now: Mono, on: bool) {
        let Some(line) = self.line.as_ref().filter(|_| self.ear.is_open()) else {
            return;
        };
        if on == self.looped.is_some() {
            return;
        }
        if on {
            self.looped = Loopback::new(line.rate_hz());
            self.silence(now);
        } else {
            self.looped = None;
            self.flush(now);
            self.ear.begin_anew(now);
            self.feed(now, Input::MicOpen(self.ear.mode));
        }
    }
}
