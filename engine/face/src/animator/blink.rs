//! When her eyes shut, and how.

use super::Micros;
use super::curve::{seconds, smooth};
use super::input::Activity;
use super::random::{Random, micros};
use super::table::TABLE;

#[derive(Clone, Debug)]
pub(super) struct Blink {
    random: Random,
    /// The lids' last way down and up.
    begun: Micros,
    /// How long that takes, against the table.
    pace: f64,
    /// How far it shuts the eyes.
    depth: f64,
    next: Micros,
    is_second: bool,
}

impl Blink {
    pub(super) fn new(random: Random) -> Self {
        Self {
            random,
            begun: 0,
            pace: 1.0,
            depth: 0.0,
            next: 0,
            is_second: false,
        }
    }

    /// Nothing that was due before `now` is made up for.
    pub(super) fn restart(&mut self, now: Micros, activity: Activity) {
        self.depth = 0.0;
        self.is_second = false;
        self.next = now + self.random.time(TABLE.blink.interval.of(activity));
    }

    pub(super) fn advance(&mut self, now: Micros, activity: Activity) {
        let table = &TABLE.blink;
        while self.next <= now {
            self.begun = self.next;
            self.pace = self
                .random
                .between(1.0 - table.duration_spread, 1.0 + table.duration_spread);
            self.depth = self.random.between(table.depth_min, 1.0);
            let again = self.random.unit() < table.double_share;
            // Two in a row, not three.
            self.is_second = again && !self.is_second;
            self.next += if self.is_second {
                micros(table.double_after_s)
            } else {
                self.random.time(table.interval.of(activity))
            };
        }
    }

    /// What is left of the interval is as much shorter or longer as intervals are from now on.
    pub(super) fn change(&mut self, now: Micros, old: Activity, new: Activity) {
        let interval = &TABLE.blink.interval;
        let ratio = interval.of(new).mean_s / interval.of(old).mean_s;
        let table = &TABLE.blink;
        let lasts = self.pace * (table.closing_s + table.closed_s + table.opening_s);
        // No blink begins in another.
        let ends = self.begun + micros(lasts);
        self.next = ends.max(now + micros(seconds(now, self.next) * ratio));
    }

    /// How far the eyes are shut, 0..=1.
    pub(super) fn value(&self, now: Micros) -> f64 {
        let table = &TABLE.blink;
        let gone = seconds(self.begun, now) / self.pace;
        let opening = gone - table.closing_s - table.closed_s;
        let shut = if opening <= 0.0 {
            smooth(gone / table.closing_s)
        } else {
            // Quickly at first, and slower and slower: the way up is no mirror image of the way down.
            let left = 1.0 - smooth(opening / table.opening_s);
            left * left
        };
        self.depth * shut
    }
}
