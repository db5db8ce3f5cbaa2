//! Her breath.

use std::f64::consts::PI;

use super::Micros;
use super::curve::seconds;
use super::input::Activity;
use super::random::Random;
use super::table::TABLE;

#[derive(Clone, Debug)]
pub(super) struct Breath {
    random: Random,
    begun: Micros,
    period: Micros,
    inhale_share: f64,
}

impl Breath {
    pub(super) fn new(random: Random) -> Self {
        Self {
            random,
            begun: 0,
            period: 1,
            inhale_share: 0.5,
        }
    }

    pub(super) fn restart(&mut self, now: Micros, activity: Activity) {
        self.begin(now, activity);
    }

    /// A breath is finished as it was begun; the next one is as the conversation is by then.
    pub(super) fn advance(&mut self, now: Micros, activity: Activity) {
        while self.begun + self.period <= now {
            self.begin(self.begun + self.period, activity);
        }
    }

    fn begin(&mut self, at: Micros, activity: Activity) {
        self.begun = at;
        self.period = self.random.time(TABLE.breath.period.of(activity));
        self.inhale_share = *TABLE.breath.inhale_share.of(activity);
    }

    /// How full her chest is, 0..=1.
    pub(super) fn value(&self, now: Micros) -> f64 {
        let share = (seconds(self.begun, now) / (self.period as f64 / 1e6)).min(1.0);
        if share < self.inhale_share {
            (1.0 - (PI * share / self.inhale_share).cos()) / 2.0
        } else {
            (1.0 + (PI * (share - self.inhale_share) / (1.0 - self.inhale_share)).cos()) / 2.0
        }
    }
}
