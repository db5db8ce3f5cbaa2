//! The loudspeaker, the ear, and when the microphone is looked at.

use std::time::Duration;

use super::schedule::Event;
use super::world::{WINDOW, World};
use crate::Mono;

/// Her voice comes back from the loudspeaker this much later.
const ECHO_DELAY: Duration = Duration::from_millis(80);
/// In some rooms its end comes back this late, so loud that it may be a person, and no louder.
const LATE_ECHO: Duration = Duration::from_millis(220);
const LATE_ECHO_DB: f32 = -33.0;

impl World {
    /// Long silences are not worth a window each.
    pub(super) fn next_window(&self, at: Mono) -> Mono {
        if self.echo_db.is_some() && at < self.plan.calm_from {
            return at + WINDOW;
        }
        let sounds = &self.plan.sounds;
        let before = self
            .next_sound
            .checked_sub(1)
            .and_then(|before| sounds.get(before));
        let quiet_before =
            before.is_none_or(|sound| at.since(sound.to) > Duration::from_millis(2500));
        let next = sounds.get(self.next_sound);
        match next {
            Some(sound) if quiet_before && sound.from > at + WINDOW * 6 => {
                let spare = sound.from.since(at).as_millis() as u64 / 32 - 3;
                at + WINDOW * spare as u32
            }
            None if quiet_before => at + Duration::from_secs(2),
            _ => at + WINDOW,
        }
    }

    /// How loud her voice comes back in the window that ends here, if it does.
    pub(super) fn echo_at(&self, at: Mono) -> Option<f32> {
        let level = self.echo_db?;
        if self.sounded_to + ECHO_DELAY >= at {
            return Some(level);
        }
        let is_late = self.late_echo && self.sounded_to + LATE_ECHO >= at;
        is_late.then_some(LATE_ECHO_DB)
    }

    /// The microphone is closed.
    pub(super) fn close(&mut self) {
        self.words.touched.push(self.now);
        if self.mic.take().is_some() {
            self.words.closed.push((self.now, None));
            self.closed_at = self.now - Duration::from_millis(500);
        }
        self.speaking_since = None;
        self.last_window_spoke = false;
    }

    pub(super) fn is_sounding(&self) -> bool {
        let playing = self.playing.and_then(|reply| self.sounds.get(&reply));
        !self.held && playing.is_some_and(|sound| sound.played < sound.made)
    }

    /// Lets the speaker play up to now.
    pub(super) fn play(&mut self) {
        if self.is_sounding() {
            self.sounded_to = self.now;
        }
        let passed = self.now.since(self.played_to).as_micros() as u64 * 24 / 1000;
        self.played_to = self.now;
        if !self.held
            && let Some(sound) = self.playing.and_then(|reply| self.sounds.get_mut(&reply))
        {
            sound.played = (sound.played + passed).min(sound.made);
        }
    }

    pub(super) fn listen(&mut self) {
        let playing = self.playing.and_then(|reply| self.sounds.get(&reply));
        if !self.ear_scheduled && playing.is_some() {
            self.ear_scheduled = true;
            self.at(self.now + self.ear_every, Event::Ear);
        }
    }
}
