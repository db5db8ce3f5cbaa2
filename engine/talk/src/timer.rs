//! The moments at which the conversation wants to be called back.
//!
//! One slot per reason, no heap and no tasks: the table is filled anew from the state after every
//! input, so a timer cannot outlive what it was set for.

use crate::Mono;

/// Why the conversation asked to be called back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Timer {
    /// The pause has lasted long enough and no microphone window said so.
    EndOfTurn,
    /// Latest moment to decide whether a sound over Janet's voice was meant for her.
    BargeJudge,
    /// The transcript of a finished turn is overdue: the floor is given free.
    TranscriptLate,
    /// An overdue transcript is given up.
    TranscriptLost,
    /// A released reply has made no progress.
    ReplyStalled,
    /// A reply was on hold for too long.
    HoldOver,
    /// Nothing has happened for long.
    Idle,
}

const ALL: [Timer; 7] = [
    Timer::EndOfTurn,
    Timer::BargeJudge,
    Timer::TranscriptLate,
    Timer::TranscriptLost,
    Timer::ReplyStalled,
    Timer::HoldOver,
    Timer::Idle,
];

/// One optional moment per [`Timer`].
#[derive(Clone, Debug, Default)]
pub(crate) struct TimerTable {
    due: [Option<Mono>; ALL.len()],
}

impl TimerTable {
    pub(crate) fn set(&mut self, timer: Timer, at: Option<Mono>) {
        self.due[timer as usize] = at;
    }

    /// The earliest moment; of two at once, the one that stands first in [`Timer`].
    pub(crate) fn next(&self) -> Option<(Mono, Timer)> {
        let mut next: Option<(Mono, Timer)> = None;
        for (due, timer) in self.due.iter().zip(ALL) {
            if let Some(at) = *due
                && next.is_none_or(|(earliest, _)| at < earliest)
            {
                next = Some((at, timer));
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_timer_is_next_and_an_unset_one_never_is() {
        let mut table = TimerTable::default();
        assert_eq!(table.next(), None);
        table.set(Timer::Idle, Some(Mono(9)));
        table.set(Timer::BargeJudge, Some(Mono(5)));
        table.set(Timer::EndOfTurn, Some(Mono(5)));
        assert_eq!(table.next(), Some((Mono(5), Timer::EndOfTurn)));
        table.set(Timer::EndOfTurn, None);
        assert_eq!(table.next(), Some((Mono(5), Timer::BargeJudge)));
    }

    #[test]
    fn every_timer_has_a_slot_of_its_own() {
        for (slot, timer) in ALL.into_iter().enumerate() {
            assert_eq!(timer as usize, slot);
        }
    }
}
