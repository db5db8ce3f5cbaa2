//! How she turns her head, and what is left to her eyes.

use super::Micros;
use super::curve::{Level, Spring};
use super::gaze::Angles;
use super::gesture::Moved;
use super::input::Activity;
use super::noise::drift;
use super::table::TABLE;

/// Head and eyes, radians.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) pitch: f64,
    pub(super) yaw: f64,
    pub(super) roll: f64,
    pub(super) eyes: Angles,
}

#[derive(Clone, Debug)]
pub(super) struct Head {
    seed: u32,
    pitch: Spring,
    yaw: Spring,
    gain: Level,
}

impl Head {
    pub(super) fn new(seed: u32) -> Self {
        let still = Spring::at_rest(0.0, TABLE.head.spring_per_s);
        let gain = Level::at_rest(*TABLE.head.drift_gain.of(Activity::Idle));
        Self {
            seed,
            pitch: still,
            yaw: still,
            gain,
        }
    }

    /// Turns towards whoever is at `target`, and a little towards where she looks instead.
    pub(super) fn aim(&mut self, now: Micros, target: Angles, away: Angles) {
        let share = TABLE.head.away_share;
        self.pitch
            .aim(now, beyond_the_eyes(target.pitch) + share * away.pitch);
        self.yaw
            .aim(now, beyond_the_eyes(target.yaw) + share * away.yaw);
    }

    pub(super) fn change(&mut self, now: Micros, new: Activity) {
        self.gain
            .aim(now, *TABLE.head.drift_gain.of(new), TABLE.head.drift_gain_s);
    }

    /// With `gaze` where she looks. Her eyes make up for what the head does: who nods goes on looking.
    pub(super) fn value(&self, now: Micros, gaze: Angles, moved: &Moved) -> Held {
        let (head, eye) = (&TABLE.head, &TABLE.gaze);
        let gain = self.gain.value(now);
        let drifts: [f64; 3] = std::array::from_fn(|axis| {
            let wave = drift(self.seed, axis as u32, head.drift_s[axis], now);
            gain * head.drift_deg[axis].to_radians() * wave
        });
        let pitch = within(
            self.pitch.value(now) + drifts[0] + moved.pitch,
            head.pitch_deg,
        );
        let yaw = within(self.yaw.value(now) + drifts[1] + moved.yaw, head.yaw_deg);
        let roll = within(drifts[2] + moved.roll, head.roll_deg);
        let eyes = Angles {
            pitch: (gaze.pitch - pitch)
                .clamp(-eye.eye_up_deg.to_radians(), eye.eye_down_deg.to_radians()),
            yaw: within(gaze.yaw - yaw, eye.eye_yaw_deg),
        };
        Held {
            pitch,
            yaw,
            roll,
            eyes,
        }
    }
}

/// The head's part of a turn: nothing of a small one.
fn beyond_the_eyes(angle: f64) -> f64 {
    let beyond = angle.abs() - TABLE.head.eyes_alone_deg.to_radians();
    TABLE.head.share * beyond.max(0.0) * angle.signum()
}

fn within(angle: f64, limit_deg: f64) -> f64 {
    angle.clamp(-limit_deg.to_radians(), limit_deg.to_radians())
}
