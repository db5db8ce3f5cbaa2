//! Where whoever she talks to is.

use super::Micros;
use super::curve::Level;
use super::gaze::Angles;
use super::table::TABLE;

#[derive(Clone, Debug)]
pub(super) struct Target {
    to: Angles,
    pitch: Level,
    yaw: Level,
}

impl Target {
    pub(super) fn new() -> Self {
        Self {
            to: Angles::default(),
            pitch: Level::at_rest(0.0),
            yaw: Level::at_rest(0.0),
        }
    }

    /// Follows a head; straight ahead where nobody is, or somebody is behind her. A place that is none
    /// (no numbers, or between her own eyes) leaves everything as it is.
    pub(super) fn aim(&mut self, now: Micros, place: Option<[f64; 3]>) {
        let to = match place {
            None => Angles::default(),
            Some(place) => match angles(place) {
                Some(angles) if angles.yaw.abs() <= TABLE.gaze.behind_deg.to_radians() => angles,
                Some(_) => Angles::default(),
                None => return,
            },
        };
        self.to = to;
        self.pitch.aim(now, to.pitch, TABLE.gaze.pursuit_s);
        self.yaw.aim(now, to.yaw, TABLE.gaze.pursuit_s);
    }

    /// Where it is.
    pub(super) fn to(&self) -> Angles {
        self.to
    }

    /// Where her eyes have followed it to.
    pub(super) fn value(&self, now: Micros) -> Angles {
        Angles {
            pitch: self.pitch.value(now),
            yaw: self.yaw.value(now),
        }
    }
}

fn angles([x, y, z]: [f64; 3]) -> Option<Angles> {
    let ground = x.hypot(z);
    let distance = ground.hypot(y);
    (distance > 1e-6 && distance.is_finite()).then(|| Angles {
        pitch: -y.atan2(ground),
        yaw: x.atan2(z),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_are_those_of_gltf() {
        let ahead = angles([0.0, 0.0, 2.0]).expect("a place");
        assert_eq!((ahead.pitch, ahead.yaw), (0.0, 0.0));
        let left_and_up = angles([1.0, 2.0_f64.sqrt(), 1.0]).expect("a place");
        assert!((left_and_up.yaw - 45.0_f64.to_radians()).abs() < 1e-12);
        assert!((left_and_up.pitch + 45.0_f64.to_radians()).abs() < 1e-12);
    }

    #[test]
    fn no_place_changes_nothing_and_nobody_is_straight_ahead() {
        let mut target = Target::new();
        target.aim(0, Some([1.0, 0.0, 1.0]));
        for place in [
            [0.0; 3],
            [f64::NAN, 0.0, 1.0],
            [f64::INFINITY, 0.0, 1.0],
            [f64::MAX; 3],
        ] {
            target.aim(1_000_000, Some(place));
            assert!(
                (target.to().yaw - 45.0_f64.to_radians()).abs() < 1e-12,
                "{place:?}"
            );
        }
        target.aim(2_000_000, Some([0.1, 0.0, -1.0]));
        assert_eq!(target.to(), Angles::default());
    }
}
