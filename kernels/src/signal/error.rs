//! What can go wrong in signal work.

/// Why signal work was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignalError {
    /// The backend cannot be used on this machine.
    #[error("{backend} is not there: {reason}")]
    Unavailable {
        /// `cuda` or `wgpu`.
        backend: &'static str,
        /// What is missing.
        reason: String,
    },
    /// The device is there, and it or its compiler does not take our programs.
    #[error("{backend} does not take our programs: {reason}")]
    Program {
        /// `cuda` or `wgpu`.
        backend: &'static str,
        /// What the compiler says.
        reason: String,
    },
    /// The device was there and is gone, or refuses work. What was on it is lost.
    #[error("{backend} was lost: {reason}")]
    Lost {
        /// `cuda` or `wgpu`.
        backend: &'static str,
        /// What the driver says.
        reason: String,
    },
    /// A slot that does not exist, or is named twice in one frame.
    #[error("slot {slot}: {reason}")]
    Slot {
        /// The slot.
        slot: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A slice of the wrong length.
    #[error("{what}: {found} values, not {expected}")]
    Shape {
        /// Which one.
        what: String,
        /// Values that it should have.
        expected: usize,
        /// Values that it has.
        found: usize,
    },
    /// A number of a model that is not finite, or too large.
    #[error("{what}[{at}] is {value}, not a number within ±{limit}")]
    Value {
        /// Which slice.
        what: String,
        /// The place in it.
        at: usize,
        /// The value, written out.
        value: String,
        /// The largest that it may be.
        limit: u32,
    },
    /// More (or less) of something than there may be.
    #[error("{what}: {found}, and {least} to {most} are possible")]
    Limit {
        /// What is counted.
        what: String,
        /// How many there are.
        found: usize,
        /// The fewest.
        least: usize,
        /// The most.
        most: usize,
    },
}

impl SignalError {
    /// Whether the device is gone, so that work has to go on elsewhere.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Lost { .. })
    }

    pub(crate) fn within(
        what: impl Into<String>,
        found: usize,
        range: std::ops::RangeInclusive<usize>,
    ) -> Result<(), Self> {
        if range.contains(&found) {
            return Ok(());
        }
        Err(Self::Limit {
            what: what.into(),
            found,
            least: *range.start(),
            most: *range.end(),
        })
    }

    pub(crate) fn length(
        what: impl Into<String>,
        found: usize,
        expected: usize,
    ) -> Result<(), Self> {
        if found == expected {
            return Ok(());
        }
        Err(Self::Shape {
            what: what.into(),
            expected,
            found,
        })
    }
}
