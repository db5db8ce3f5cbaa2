//! The loudspeaker, the ear, and when the microphone is looked at.

use std::time::Duration;

use super::schedule::Event;
use super::world::{WINDOW, World};
use crate::Mono;

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
