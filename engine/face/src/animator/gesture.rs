//! What she does on purpose: nods, shakes her head, tilts it, glances away, smiles, raises her brows.

use std::f64::consts::{PI, TAU};

use super::Micros;
use super::curve::{seconds, smooth};
use super::random::Random;
use super::table::{GestureShape, TABLE};
use crate::named::named;

named! {
    /// A movement with a name, as PROTOCOL's `gesture {name}` has it.
    Gesture {
        Nod = "nod",
        Shake = "shake",
        Tilt = "tilt",
        GlanceAway = "glance_away",
        Smile = "smile",
        BrowRaise = "brow_raise",
    }
}

impl Gesture {
    const fn shape(self) -> &'static GestureShape {
        let table = &TABLE.gesture;
        match self {
            Self::Nod => &table.nod,
            Self::Shake => &table.shake,
            Self::Tilt => &table.tilt,
            Self::GlanceAway => &table.glance_away,
            Self::Smile => &table.smile,
            Self::BrowRaise => &table.brow_raise,
        }
    }
}

/// What all gestures together do: angles in radians, weights 0..=1.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moved {
    pub(super) pitch: f64,
    pub(super) yaw: f64,
    pub(super) roll: f64,
    pub(super) gaze_yaw: f64,
    pub(super) smile: f64,
    pub(super) brow: f64,
}

#[derive(Clone, Copy, Debug)]
struct Going {
    begun: Micros,
    side: f64,
}

/// At most one of each kind at a time: nobody nods twice at once.
#[derive(Clone, Debug)]
pub(super) struct Gestures {
    random: Random,
    going: [Option<Going>; Gesture::COUNT],
}

impl Gestures {
    pub(super) fn new(random: Random) -> Self {
        Self {
            random,
            going: [None; Gesture::COUNT],
        }
    }

    pub(super) fn begin(&mut self, at: Micros, gesture: Gesture) {
        // Drawn in any case, so that what comes later does not depend on it.
        let side = self.random.side();
        let slot = &mut self.going[gesture.at()];
        let is_going = slot.is_some_and(|going| seconds(going.begun, at) < gesture.shape().seconds);
        if !is_going {
            *slot = Some(Going { begun: at, side });
        }
    }

    pub(super) fn moved(&self, now: Micros) -> Moved {
        let mut moved = Moved::default();
        for (gesture, going) in Gesture::ALL.into_iter().zip(self.going) {
            let Some(going) = going else { continue };
            let shape = gesture.shape();
            let gone = seconds(going.begun, now);
            if gone >= shape.seconds {
                continue;
            }
            let amount = shape.amount;
            match gesture {
                Gesture::Nod => moved.pitch += amount.to_radians() * nodding(shape, gone),
                Gesture::Shake => {
                    moved.yaw += going.side * amount.to_radians() * shaking(shape, gone)
                }
                Gesture::Tilt => moved.roll += going.side * amount.to_radians() * held(shape, gone),
                Gesture::GlanceAway => {
                    moved.gaze_yaw += going.side * amount.to_radians() * held(shape, gone);
                }
                Gesture::Smile => moved.smile += amount * held(shape, gone),
                Gesture::BrowRaise => moved.brow += amount * held(shape, gone),
            }
        }
        moved
    }

    /// The one under way that was begun last.
    pub(super) fn current(&self, now: Micros) -> Option<Gesture> {
        let under_way = |gesture: &Gesture| {
            let begun = self.going[gesture.at()]?.begun;
            (seconds(begun, now) < gesture.shape().seconds).then_some(begun)
        };
        let mut last: Option<(Micros, Gesture)> = None;
        for gesture in Gesture::ALL {
            if let Some(begun) = under_way(&gesture)
                && last.is_none_or(|(other, _)| begun > other)
            {
                last = Some((begun, gesture));
            }
        }
        last.map(|(_, gesture)| gesture)
    }
}

/// Down and up, each time a little less.
fn nodding(shape: &GestureShape, gone: f64) -> f64 {
    let share = gone / shape.seconds;
    (1.0 - (TAU * shape.cycles * share).cos()) / 2.0 * (1.0 - 0.5 * share)
}

/// To one side and the other, growing and dying away.
fn shaking(shape: &GestureShape, gone: f64) -> f64 {
    let share = gone / shape.seconds;
    (TAU * shape.cycles * share).sin() * (PI * share).sin()
}

fn held(shape: &GestureShape, gone: f64) -> f64 {
    smooth(gone / shape.attack_s) * smooth((shape.seconds - gone) / shape.release_s)
}
