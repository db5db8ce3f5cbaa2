//! Tells a person in the room from Janet's own voice coming back, by level alone.
//!
//! Sees nothing but the level of each microphone window (less what the engine knows to be her
//! voice) and whether Janet can be heard in the
//! room. While she can, a window counts as somebody's speech only if it stands out over the
//! loudest sound of hers that came back lately. Nobody is interrupted by an echo that is known;
//! an unknown one may hold her once, the judgement by words then tells it apart and
//! [`EchoFloor::blame`] learns it.
//!
//! Until enough was heard (`TRIAL`), a usual loudspeaker is assumed. With headphones nothing comes
//! back, the floor sinks to the room's noise, and the quietest word is enough to hold her.

use std::time::Duration;

use crate::Whose;
use crate::ear::WINDOW;

/// By how much speech has to stand out over the echo.
const MARGIN_DB: f32 = 6.0;
/// Echo of a loudspeaker that was never heard yet.
const ASSUMED_DB: f32 = -34.0;
/// The same, against the level at which the person speaks, if that is known.
const UNDER_PERSON_DB: f32 = 16.0;
/// Windows with her voice in the room after which assumptions are not needed any more.
const TRIAL: u32 = 25;
/// The floor sinks this much in a second of her voice, so that a moved microphone is forgotten.
const SINK_DB_PER_S: f32 = 2.0;
/// Level of a window without any sound.
pub(crate) const SILENCE_DB: f32 = -120.0;
/// What is left of a window after her voice was taken from it may be this much quieter than an echo
/// and still be a person.
const KNOWN_DB: f32 = 10.0;
/// A sound that held her raises the floor no higher than this: it may have been a person.
const BLAME_CAP_DB: f32 = -28.0;

/// The loudest recent echo, and how loud the person usually is.
#[derive(Clone, Debug)]
pub(crate) struct EchoFloor {
    peak_db: f32,
    seen: u32,
    person_db: Option<f32>,
}

/// What a window of the microphone may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Loud enough to be a person.
    Person,
    /// May be Janet herself.
    Echo,
}

impl EchoFloor {
    pub(crate) fn new() -> Self {
        Self {
            peak_db: SILENCE_DB,
            seen: 0,
            person_db: None,
        }
    }

    fn floor_db(&self) -> f32 {
        if self.seen >= TRIAL {
            return self.peak_db;
        }
        let assumed = match self.person_db {
            Some(person) => ASSUMED_DB.min(person - UNDER_PERSON_DB),
            None => ASSUMED_DB,
        };
        self.peak_db.max(assumed)
    }

    /// Judges a window that came while Janet could be heard, and learns from it.
    pub(crate) fn over_her_voice(&mut self, level_db: f32, speech: bool, whose: Whose) -> Source {
        let level_db = if level_db.is_finite() {
            level_db
        } else {
            SILENCE_DB
        };
        let known = if whose == Whose::NotHers {
            KNOWN_DB
        } else {
            0.0
        };
        let source = if whose != Whose::Hers && level_db >= self.floor_db() - known + MARGIN_DB {
            Source::Person
        } else {
            Source::Echo
        };
        self.seen = self.seen.saturating_add(1);
        self.peak_db = (self.peak_db - SINK_DB_PER_S * WINDOW.as_secs_f32()).max(SILENCE_DB);
        if speech && source == Source::Echo {
            self.peak_db = self.peak_db.max(level_db);
        }
        source
    }

    /// Learns the level of the person from a window of a turn in which Janet was silent.
    pub(crate) fn person(&mut self, level_db: f32) {
        if level_db.is_finite() {
            let before = self.person_db.unwrap_or(level_db);
            // Up with every loud syllable, down slowly: words fade and pause between them.
            let share = if level_db > before { 0.3 } else { 0.02 };
            self.person_db = Some(before + share * (level_db - before));
        }
    }

    /// The sound that held her was her own, or had no words: perhaps an echo, perhaps a cough.
    ///
    /// It raises the floor, but never so far that the person is not heard over it any more.
    pub(crate) fn blame(&mut self, level_db: f32) {
        let cap = self
            .person_db
            .map_or(BLAME_CAP_DB, |person| person - MARGIN_DB - 2.0);
        self.peak_db = self.peak_db.max(level_db.min(cap));
    }

    /// Whether a sound of this level is far above any echo.
    pub(crate) fn is_far_over(&self, level_db: f32) -> bool {
        level_db >= self.floor_db() + 2.0 * MARGIN_DB
    }
}

/// How long Janet's voice may still come back after her last sample was heard.
pub(crate) const TAIL: Duration = Duration::from_millis(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_of_a_usual_loudspeaker_is_no_person_from_the_first_window_on() {
        let mut echo = EchoFloor::new();
        for _ in 0..40 {
            echo.person(-24.0);
        }
        for window in 0..200 {
            let level = -40.0 + 4.0 * ((window % 7) as f32 - 3.0) / 3.0;
            assert_eq!(
                echo.over_her_voice(level, true, Whose::Unknown),
                Source::Echo,
                "window {window}"
            );
        }
        assert_eq!(
            echo.over_her_voice(-24.0, true, Whose::Unknown),
            Source::Person
        );
    }

    #[test]
    fn with_headphones_a_whisper_is_enough_once_the_trial_is_over() {
        let mut echo = EchoFloor::new();
        for _ in 0..TRIAL {
            assert_eq!(
                echo.over_her_voice(-75.0, false, Whose::Unknown),
                Source::Echo
            );
        }
        assert_eq!(
            echo.over_her_voice(-55.0, true, Whose::Unknown),
            Source::Person
        );
    }

    #[test]
    fn her_voice_that_was_recognised_is_nobody_else_however_loud() {
        let mut echo = EchoFloor::new();
        for _ in 0..TRIAL {
            echo.over_her_voice(-75.0, false, Whose::Unknown);
        }
        assert_eq!(echo.over_her_voice(-30.0, true, Whose::Hers), Source::Echo);
        // Its level is known from then on: what cannot be compared has to be louder …
        assert_eq!(
            echo.over_her_voice(-26.0, true, Whose::Unknown),
            Source::Echo
        );
        assert_eq!(
            echo.over_her_voice(-18.0, true, Whose::Unknown),
            Source::Person
        );
        // … and what was compared and is somebody else need not.
        assert_eq!(
            echo.over_her_voice(-28.0, true, Whose::NotHers),
            Source::Person
        );
    }

    #[test]
    fn a_blamed_echo_holds_her_only_once() {
        let mut echo = EchoFloor::new();
        for _ in 0..TRIAL {
            echo.over_her_voice(-75.0, false, Whose::Unknown);
        }
        assert_eq!(
            echo.over_her_voice(-38.0, true, Whose::Unknown),
            Source::Person
        );
        echo.blame(-36.0);
        for _ in 0..60 {
            assert_eq!(
                echo.over_her_voice(-36.0, true, Whose::Unknown),
                Source::Echo
            );
        }
    }

    #[test]
    fn a_loud_cough_does_not_make_her_deaf() {
        let mut echo = EchoFloor::new();
        for _ in 0..40 {
            echo.person(-24.0);
            echo.over_her_voice(-75.0, false, Whose::Unknown);
        }
        echo.blame(-8.0);
        assert_eq!(
            echo.over_her_voice(-24.0, true, Whose::Unknown),
            Source::Person
        );
    }

    #[test]
    fn levels_that_are_no_numbers_are_silence() {
        let mut echo = EchoFloor::new();
        assert_eq!(
            echo.over_her_voice(f32::NAN, true, Whose::Unknown),
            Source::Echo
        );
        assert_eq!(
            echo.over_her_voice(f32::INFINITY, true, Whose::Unknown),
            Source::Echo
        );
        echo.person(f32::NAN);
        assert_eq!(
            echo.over_her_voice(-10.0, true, Whose::Unknown),
            Source::Person
        );
    }

    #[test]
    fn a_persons_level_follows_loud_words_quickly_and_quiet_ones_slowly() {
        let mut echo = EchoFloor::new();
        for (level, known) in [(-40.0, -40.0), (-30.0, -37.0), (-47.0, -37.2)] {
            echo.person(level);
            let person = echo.person_db.expect("somebody spoke");
            assert!((person - known).abs() < 1e-4, "{level}: {person}");
        }
    }

    #[test]
    fn twice_the_margin_above_the_floor_is_no_echo() {
        let mut echo = EchoFloor::new();
        for _ in 0..TRIAL {
            echo.over_her_voice(-40.0, true, Whose::Hers);
        }
        let floor = echo.floor_db();
        assert!(!echo.is_far_over(floor + 2.0 * MARGIN_DB - 0.1));
        assert!(echo.is_far_over(floor + 2.0 * MARGIN_DB + 0.1));
    }

    #[test]
    fn whoever_speaks_quietly_is_heard_over_an_echo_that_was_never_heard() {
        let mut echo = EchoFloor::new();
        echo.person(-40.0);
        assert!((echo.floor_db() - (-40.0 - UNDER_PERSON_DB)).abs() < 1e-4);
        assert_eq!(
            echo.over_her_voice(-45.0, true, Whose::Unknown),
            Source::Person
        );
    }
}
