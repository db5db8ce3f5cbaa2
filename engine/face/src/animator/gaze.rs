//! When she looks at somebody, when and where she looks away, and how her eyes wander over a face.

use super::Micros;
use super::curve::{Glide, seconds};
use super::input::Activity;
use super::random::{Random, micros};
use super::table::TABLE;

/// Two angles: pitch, positive down, and yaw, positive to her left. Radians.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Angles {
    pub(super) pitch: f64,
    pub(super) yaw: f64,
}

#[derive(Clone, Debug)]
pub(super) struct Gaze {
    random: Random,
    wander: Random,
    is_away: bool,
    until: Micros,
    away_pitch: Glide,
    away_yaw: Glide,
    next_fixation: Micros,
    point_pitch: Glide,
    point_yaw: Glide,
}

impl Gaze {
    pub(super) fn new(random: Random, wander: Random) -> Self {
        Self {
            random,
            wander,
            is_away: false,
            until: 0,
            away_pitch: Glide::at_rest(0.0),
            away_yaw: Glide::at_rest(0.0),
            next_fixation: 0,
            point_pitch: Glide::at_rest(0.0),
            point_yaw: Glide::at_rest(0.0),
        }
    }

    /// She looks at whoever is there; nothing that was due before `now` is made up for.
    pub(super) fn restart(&mut self, now: Micros, activity: Activity) {
        self.is_away = false;
        self.until = now + self.random.time(TABLE.gaze.mutual.of(activity));
        self.away_pitch = Glide::at_rest(0.0);
        self.away_yaw = Glide::at_rest(0.0);
        self.next_fixation = now + self.wander.time(&TABLE.gaze.fixation);
        self.point_pitch = Glide::at_rest(0.0);
        self.point_yaw = Glide::at_rest(0.0);
    }

    /// Does what is due next until `now`, and says when that was, if anything was.
    pub(super) fn step(&mut self, now: Micros, activity: Activity) -> Option<Micros> {
        let at = self.until.min(self.next_fixation);
        if at > now {
            return None;
        }
        if at == self.next_fixation {
            self.fixate(at);
        } else {
            self.turn(at, activity);
        }
        Some(at)
    }

    /// Looks away, or back.
    fn turn(&mut self, at: Micros, activity: Activity) {
        let table = &TABLE.gaze;
        self.is_away = !self.is_away;
        let (mut pitch, mut yaw) = (0.0, 0.0);
        if self.is_away {
            // The percentile over the whole is even in (0, 1].
            let degrees = (-table.magnitude_scale_deg * (1.0 - self.random.unit()).ln()).clamp(
                *table.magnitude_min_deg.of(activity),
                *table.magnitude_max_deg.of(activity),
            );
            let eighth = self.random.choice(table.directions.of(activity));
            let direction = eighth as f64 * std::f64::consts::FRAC_PI_4;
            pitch = -degrees.to_radians() * direction.sin();
            yaw = degrees.to_radians() * direction.cos();
        }
        let size = (pitch - self.away_pitch.to()).hypot(yaw - self.away_yaw.to());
        let duration = table.saccade_s + table.saccade_s_per_deg * size.to_degrees();
        self.away_pitch.aim(at, pitch, duration);
        self.away_yaw.aim(at, yaw, duration);
        let spread = if self.is_away {
            &table.away
        } else {
            &table.mutual
        };
        self.until = at + self.random.time(spread.of(activity));
    }

    /// Looks at another point of the face.
    fn fixate(&mut self, at: Micros) {
        let table = &TABLE.gaze;
        let pitch = self
            .wander
            .between(-table.fixation_up_deg, table.fixation_down_deg);
        let yaw = self
            .wander
            .between(-table.fixation_yaw_deg, table.fixation_yaw_deg);
        self.point_pitch
            .aim(at, pitch.to_radians(), table.saccade_s);
        self.point_yaw.aim(at, yaw.to_radians(), table.saccade_s);
        self.next_fixation = at + self.wander.time(&table.fixation);
    }

    /// What is left of a look is as much shorter or longer as such looks are from now on.
    pub(super) fn change(&mut self, now: Micros, old: Activity, new: Activity) {
        let table = &TABLE.gaze;
        let spread = if self.is_away {
            &table.away
        } else {
            &table.mutual
        };
        let ratio = spread.of(new).mean_s / spread.of(old).mean_s;
        self.until = now + micros(seconds(now, self.until) * ratio);
    }

    /// How far from whoever is there she looks, or is about to.
    pub(super) fn away_to(&self) -> Angles {
        Angles {
            pitch: self.away_pitch.to(),
            yaw: self.away_yaw.to(),
        }
    }

    /// How far from between somebody's eyes she looks now.
    pub(super) fn value(&self, now: Micros) -> Angles {
        Angles {
            pitch: self.away_pitch.value(now) + self.point_pitch.value(now),
            yaw: self.away_yaw.value(now) + self.point_yaw.value(now),
        }
    }
}
