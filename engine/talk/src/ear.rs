//! Makes runs of speech out of the microphone's windows.
//!
//! Decides only "is somebody speaking, since when, until when", with two thresholds so that a
//! probability between them changes nothing; a window between them just before speech is its
//! beginning (a word sets in softly, and she is held one window sooner). Whether a run is long enough to mean something is
//! for those who ask. Works on the samples' own time, which trails the session's clock.

use std::time::Duration;

use crate::{Config, Mono};

/// Length of one judged window: 512 samples at 16 kHz.
pub(crate) const WINDOW: Duration = Duration::from_millis(32);

/// With windows further apart than this the microphone was away; no run of speech spans that.
const LONGEST_GAP: Duration = Duration::from_millis(128);

/// What the windows so far amount to.
#[derive(Clone, Debug)]
pub(crate) struct Ear {
    on: f32,
    off: f32,
    voiced: Option<Mono>,
    voiced_to: Mono,
    /// Start of the last window, if it may have been the beginning of a word.
    perhaps: Option<Mono>,
    at: Mono,
}

impl Ear {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            on: config.speech_on,
            off: config.speech_off,
            voiced: None,
            voiced_to: Mono::ZERO,
            perhaps: None,
            at: Mono::ZERO,
        }
    }

    /// What counts as speech from the next window on.
    pub(crate) fn listen_for(&mut self, on: f32, off: f32) {
        (self.on, self.off) = (on, off);
    }

    /// Takes in one window that ends at `at`; windows that do not go forward are dropped.
    ///
    /// A probability that is not a number counts as no speech.
    pub(crate) fn hear(&mut self, at: Mono, speech: f32) -> bool {
        if at <= self.at {
            return false;
        }
        if at.since(self.at) > LONGEST_GAP {
            self.voiced = None;
            self.perhaps = None;
        }
        let from = self.at.max(at - WINDOW);
        self.at = at;
        let holds = speech >= self.on || (self.voiced.is_some() && speech >= self.off);
        if holds {
            let begun = self.perhaps.take().unwrap_or(from);
            self.voiced.get_or_insert(begun);
            self.voiced_to = at;
        } else {
            self.voiced = None;
            self.perhaps = (speech >= self.off).then_some(from);
        }
        true
    }

    /// Forgets the running speech, as after the microphone was closed.
    pub(crate) fn rest(&mut self) {
        self.voiced = None;
        self.perhaps = None;
    }

    /// Start of the running speech.
    pub(crate) fn voiced_from(&self) -> Option<Mono> {
        self.voiced
    }

    /// How long the running speech has lasted; zero in silence.
    pub(crate) fn running(&self) -> Duration {
        self.voiced
            .map_or(Duration::ZERO, |from| self.at.since(from))
    }

    /// End of the last window that was taken in.
    pub(crate) fn at(&self) -> Mono {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ear() -> Ear {
        Ear::new(&Config::default())
    }

    #[test]
    fn a_probability_between_the_thresholds_changes_nothing_but_begins_what_follows() {
        let mut ear = ear();
        ear.hear(Mono::from_millis(32), 0.4);
        assert_eq!(ear.running(), Duration::ZERO);
        ear.hear(Mono::from_millis(64), 0.4);
        assert_eq!(ear.running(), Duration::ZERO);
        ear.hear(Mono::from_millis(96), 0.6);
        assert_eq!(ear.voiced_from(), Some(Mono::from_millis(32)));
        assert_eq!(ear.running(), Duration::from_millis(64));
        ear.hear(Mono::from_millis(128), 0.2);
        assert_eq!(ear.voiced_from(), None);
    }

    #[test]
    fn the_same_window_is_speech_or_not_by_the_thresholds() {
        let mut ear = ear();
        ear.hear(Mono::from_millis(32), 0.4);
        assert_eq!(ear.running(), Duration::ZERO);
        ear.listen_for(0.3, 0.2);
        ear.hear(Mono::from_millis(64), 0.4);
        assert!(ear.running() >= WINDOW);
        ear.listen_for(0.7, 0.6);
        ear.hear(Mono::from_millis(96), 0.4);
        assert_eq!(ear.running(), Duration::ZERO);
    }

    #[test]
    fn windows_that_go_back_and_probabilities_that_are_no_numbers_do_nothing() {
        let mut ear = ear();
        ear.hear(Mono::from_millis(64), 0.9);
        assert!(!ear.hear(Mono::from_millis(64), 0.0));
        assert!(!ear.hear(Mono::from_millis(32), 0.0));
        assert_eq!(ear.running(), WINDOW);
        ear.hear(Mono::from_millis(96), f32::NAN);
        assert_eq!(ear.voiced_from(), None);
    }

    #[test]
    fn speech_does_not_run_through_a_hole_in_the_microphone() {
        let mut ear = ear();
        ear.hear(Mono::from_millis(32), 0.9);
        ear.hear(Mono::from_millis(1032), 0.9);
        assert_eq!(ear.running(), WINDOW);
    }
}
