//! Movements with a formula: asked at any moment, they answer the same however often they were asked
//! before.

use super::Micros;

/// From 0 to 1 without a corner; outside it stays.
pub(super) fn smooth(x: f64) -> f64 {
    let x = x.clamp(0.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}

/// Within 0..=1; 0 for what is no number.
pub(super) fn share(x: f64) -> f64 {
    if x > 0.0 { x.min(1.0) } else { 0.0 }
}

/// Seconds from `since` to `now`, 0 when it has not come.
pub(super) fn seconds(since: Micros, now: Micros) -> f64 {
    now.saturating_sub(since) as f64 / 1e6
}

/// A value that draws near its aim, quickly at first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    from: f64,
    to: f64,
    since: Micros,
    time_constant_s: f64,
}

impl Level {
    pub(super) const fn at_rest(value: f64) -> Self {
        Self {
            from: value,
            to: value,
            since: 0,
            time_constant_s: 1.0,
        }
    }

    pub(super) fn value(&self, now: Micros) -> f64 {
        let left = (-seconds(self.since, now) / self.time_constant_s).exp();
        self.to + (self.from - self.to) * left
    }

    pub(super) fn aim(&mut self, now: Micros, to: f64, time_constant_s: f64) {
        *self = Self {
            from: self.value(now),
            to,
            since: now,
            time_constant_s,
        };
    }
}

/// A value that goes to its aim in a given time: a saccade.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glide {
    from: f64,
    to: f64,
    since: Micros,
    duration_s: f64,
}

impl Glide {
    pub(super) const fn at_rest(value: f64) -> Self {
        Self {
            from: value,
            to: value,
            since: 0,
            duration_s: 0.0,
        }
    }

    pub(super) fn value(&self, now: Micros) -> f64 {
        let gone = seconds(self.since, now);
        if gone >= self.duration_s {
            return self.to;
        }
        self.from + (self.to - self.from) * smooth(gone / self.duration_s)
    }

    pub(super) const fn to(&self) -> f64 {
        self.to
    }

    pub(super) fn aim(&mut self, now: Micros, to: f64, duration_s: f64) {
        *self = Self {
            from: self.value(now),
            to,
            since: now,
            duration_s,
        };
    }
}

/// A value with inertia: a critically damped spring, solved exactly.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spring {
    to: f64,
    distance: f64,
    speed: f64,
    since: Micros,
    per_s: f64,
}

impl Spring {
    pub(super) const fn at_rest(value: f64, per_s: f64) -> Self {
        Self {
            to: value,
            distance: 0.0,
            speed: 0.0,
            since: 0,
            per_s,
        }
    }

    pub(super) fn value(&self, now: Micros) -> f64 {
        let gone = seconds(self.since, now);
        let slope = self.speed + self.per_s * self.distance;
        self.to + (self.distance + slope * gone) * (-self.per_s * gone).exp()
    }

    fn speed(&self, now: Micros) -> f64 {
        let gone = seconds(self.since, now);
        let slope = self.speed + self.per_s * self.distance;
        (slope - self.per_s * (self.distance + slope * gone)) * (-self.per_s * gone).exp()
    }

    pub(super) fn aim(&mut self, now: Micros, to: f64) {
        let (value, speed) = (self.value(now), self.speed(now));
        *self = Self {
            to,
            distance: value - to,
            speed,
            since: now,
            per_s: self.per_s,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aimed again at what it is aimed at already, a movement goes on as it would have.
    #[test]
    fn a_movement_is_not_changed_by_being_looked_at() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..200 {
            let (to, now) = (
                random.f64() * 4.0 - 2.0,
                u64::from(random.u32(1_000..2_000_000)),
            );
            let again = now / 3;
            let (mut level, mut spring) = (Level::at_rest(0.3), Spring::at_rest(0.3, 7.0));
            level.aim(0, to, 0.2);
            spring.aim(0, to);
            let (mut looked_at, mut pushed) = (level, spring);
            looked_at.aim(again, to, 0.2);
            pushed.aim(again, to);
            assert!((level.value(now) - looked_at.value(now)).abs() < 1e-12);
            assert!((spring.value(now) - pushed.value(now)).abs() < 1e-9);
        }
    }

    #[test]
    fn a_spring_arrives_without_going_too_far() {
        let mut spring = Spring::at_rest(0.0, 7.0);
        spring.aim(1_000_000, 1.0);
        let values: Vec<f64> = (0..200)
            .map(|step| spring.value(1_000_000 + step * 10_000))
            .collect();
        assert!(values.windows(2).all(|pair| pair[1] >= pair[0]));
        assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
        assert!(values[199] > 0.999);
    }

    #[test]
    fn a_glide_is_there_in_its_time() {
        let mut glide = Glide::at_rest(0.0);
        glide.aim(500, 2.0, 0.05);
        assert_eq!(glide.value(0), 0.0);
        assert!((glide.value(25_500) - 1.0).abs() < 1e-9);
        assert_eq!(glide.value(50_500), 2.0);
    }
}
