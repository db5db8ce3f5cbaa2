//! How her tone shows, and how it comes and goes.

use super::Micros;
use super::curve::{Level, share};
use super::input::Activity;
use super::table::TABLE;
use crate::tone::Tone;

/// Below this nothing is to be seen.
const VISIBLE: f64 = 0.02;

#[derive(Clone, Debug)]
pub(super) struct Expression {
    activity: Activity,
    tone: Tone,
    intensity: f64,
    levels: [Level; Tone::COUNT],
    brow: Level,
}

impl Expression {
    pub(super) fn new() -> Self {
        Self {
            activity: Activity::Idle,
            tone: Tone::Neutral,
            intensity: 0.0,
            levels: [Level::at_rest(0.0); Tone::COUNT],
            brow: Level::at_rest(0.0),
        }
    }

    pub(super) fn set(&mut self, now: Micros, tone: Tone, intensity: f64) {
        self.tone = tone;
        self.intensity = share(intensity);
        self.aim(now);
    }

    pub(super) fn change(&mut self, now: Micros, activity: Activity) {
        self.activity = activity;
        self.aim(now);
    }

    fn aim(&mut self, now: Micros) {
        let table = &TABLE.expression;
        let left = match self.activity {
            Activity::Speaking => 1.0,
            Activity::Idle | Activity::Listening | Activity::Thinking => table.idle_share,
        };
        for tone in Tone::ALL {
            let mut to = 0.0;
            if tone == self.tone && tone != Tone::Neutral {
                to = left * self.intensity;
            }
            if tone == Tone::Thinking && self.activity == Activity::Thinking {
                to = table.thinking.max(to);
            }
            approach(&mut self.levels[tone.at()], now, to);
        }
        let brow = if self.activity == Activity::Listening {
            table.listening_brow
        } else {
            0.0
        };
        approach(&mut self.brow, now, brow);
    }

    /// How much of each tone shows, 0..=1; nothing of [`Tone::Neutral`] ever does.
    pub(super) fn tones(&self, now: Micros) -> [f64; Tone::COUNT] {
        self.levels.map(|level| level.value(now))
    }

    /// How far her brows are up because she listens.
    pub(super) fn brow(&self, now: Micros) -> f64 {
        self.brow.value(now)
    }
}

fn approach(level: &mut Level, now: Micros, to: f64) {
    let table = &TABLE.expression;
    let comes = to > level.value(now);
    level.aim(
        now,
        to,
        if comes {
            table.attack_s
        } else {
            table.release_s
        },
    );
}

/// The tone that shows most, and how much.
pub(super) fn strongest(tones: &[f64; Tone::COUNT]) -> (Tone, f64) {
    let mut found = (Tone::Neutral, 0.0);
    for tone in Tone::ALL {
        let level = tones[tone.at()];
        if level > VISIBLE && level > found.1 {
            found = (tone, level);
        }
    }
    found
}
