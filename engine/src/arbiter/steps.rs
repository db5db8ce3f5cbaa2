//! How long steps take: a histogram that workers write without a lock.

use std::time::Duration;

use super::Class;
use crate::histogram::Histogram;

/// One histogram per class.
#[derive(Default)]
pub struct Steps([Histogram; Class::ALL.len()]);

/// What was measured since the start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepStats {
    /// Steps taken.
    pub count: u64,
    /// The edge under which 99 % of the steps stayed, in ms.
    pub p99_ms: f64,
    /// The longest step, in ms, with its class.
    pub longest_ms: f64,
    /// Which class the longest step was of.
    pub longest_class: &'static str,
    /// All steps together, in seconds of core time.
    pub busy_s: f64,
}

impl Steps {
    /// Counts one step.
    pub(super) fn record(&self, class: Class, took: Duration) {
        self.0[class as usize].record(took);
        metrics::histogram!("janet_step_duration_seconds", "class" => class.name())
            .record(took.as_secs_f64());
    }

    /// Everything so far.
    pub(super) fn stats(&self) -> StepStats {
        let all = Histogram::default();
        let mut stats = StepStats::default();
        for class in Class::ALL {
            let histogram = &self.0[class as usize];
            all.add(histogram);
            if histogram.longest_ms() > stats.longest_ms {
                stats.longest_ms = histogram.longest_ms();
                stats.longest_class = class.name();
            }
        }
        stats.count = all.count();
        stats.p99_ms = all.quantile_ms(0.99);
        stats.busy_s = all.sum_s();
        stats
    }
}
