//! Where the listener's ear is.
//!
//! Two sources: the client's own reports, and a model of real time that starts when the first
//! sample is handed to the transport, runs at the sample rate and stops when it runs dry. A report
//! younger than 500 ms wins; without one the model speaks, less the 200 ms that a client may hold.
//! Never later than what was handed out; never sends or keeps a sample.

/// A report older than this says nothing about now.
const REPORT_FRESH_US: u64 = 500_000;
/// What a client that does not report is taken to hold back.
const UNREPORTED_LAG_US: u64 = 200_000;

#[derive(Debug, Clone, Copy)]
struct Moment {
    sample: u64,
    at_us: u64,
}

/// The model of one listener's position, in sample numbers.
#[derive(Debug)]
pub(super) struct Ear {
    rate_hz: u64,
    /// First number of the stretch that plays now.
    start: u64,
    /// How far the transport had pulled at the last tick.
    seen: u64,
    /// Real time: this sample was due at this moment. `None`: nothing was handed out yet.
    run: Option<Moment>,
    /// The last report of this stretch.
    report: Option<Moment>,
    /// The last number that is known, or taken, to have been played.
    stopped: u64,
}

impl Ear {
    pub(super) fn new(rate_hz: u32) -> Self {
        let rate_hz = u64::from(rate_hz);
        Self {
            rate_hz,
            start: 0,
            seen: 0,
            run: None,
            report: None,
            stopped: 0,
        }
    }

    /// A new stretch begins in silence at number `start`; up to `stopped` was heard before it.
    pub(super) fn begin(&mut self, start: u64, stopped: u64) {
        *self = Self {
            start,
            seen: start,
            run: None,
            report: None,
            stopped,
            ..*self
        };
    }

    /// Takes note of how far the transport has pulled; called once a tick.
    pub(super) fn follow(&mut self, pulled: u64, now_us: u64) {
        if pulled == self.seen {
            return;
        }
        let starved = self
            .run
            .is_none_or(|run| self.advanced(run, now_us) > self.seen);
        if starved {
            // What comes now starts now: the time in which it was dry must not count as heard.
            self.stopped = self.heard(self.seen, now_us);
            self.report = None;
            self.run = Some(Moment {
                sample: self.seen,
                at_us: now_us,
            });
        }
        self.seen = pulled;
    }

    /// The client says that everything before `sample` was played.
    pub(super) fn report(&mut self, sample: u64, now_us: u64) {
        self.stopped = sample;
        self.report = (sample >= self.start).then_some(Moment {
            sample,
            at_us: now_us,
        });
    }

    /// Where a client with no delay of its own would be: the pacer's position.
    pub(super) fn position(&self, pulled: u64, now_us: u64) -> u64 {
        self.run
            .map_or(self.start, |run| self.advanced(run, now_us))
            .min(pulled)
    }

    /// Everything before this number was heard, as far as anybody can tell.
    pub(super) fn heard(&self, pulled: u64, now_us: u64) -> u64 {
        let Some(run) = self.run else {
            return self.stopped;
        };
        let fresh = self
            .report
            .filter(|r| now_us.saturating_sub(r.at_us) < REPORT_FRESH_US);
        let guess = match fresh {
            Some(report) => self
                .advanced(report, now_us)
                .min(self.advanced(run, now_us)),
            None => {
                let lag = UNREPORTED_LAG_US * self.rate_hz / 1_000_000;
                self.advanced(run, now_us).saturating_sub(lag)
            }
        };
        let guess = guess.min(pulled);
        if guess <= self.start {
            self.stopped
        } else {
            guess.max(self.stopped)
        }
    }

    fn advanced(&self, from: Moment, now_us: u64) -> u64 {
        from.sample + now_us.saturating_sub(from.at_us) * self.rate_hz / 1_000_000
    }
}
