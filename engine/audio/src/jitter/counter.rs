//! The wire's counters begin anew after their last number; here are numbers that do not.

/// A number that is so much higher than the last may still follow it (RFC 3550 A.1).
const MAX_DROPOUT: i32 = 3000;
/// A number that is so much lower may still be late (RFC 3550 A.1).
const MAX_MISORDER: i32 = 100;
/// Where counting begins: with room for what came earlier and arrives later.
const START: u64 = 1 << 32;

/// Sequence numbers of 16 bits.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    highest: Option<u64>,
    /// What would confirm that the sender counts anew.
    expected: Option<u16>,
}

/// Where a sequence number belongs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It has this number.
    At(u64),
    /// The sender counts anew: this is the first number of the new count.
    Anew(u64),
    /// Far from everything before; the next one will tell.
    Nowhere,
}

impl Sequence {
    pub(super) fn place(&mut self, number: u16) -> Place {
        let Some(highest) = self.highest else {
            let first = START + u64::from(number);
            self.highest = Some(first);
            return Place::At(first);
        };
        let distance = i32::from(number.wrapping_sub(highest as u16) as i16);
        if (-MAX_MISORDER..=MAX_DROPOUT).contains(&distance) {
            self.expected = None;
            let at = highest.saturating_add_signed(i64::from(distance));
            self.highest = Some(highest.max(at));
            return Place::At(at);
        }
        // One packet from far away is garbage, two in a row are a sender that began again.
        if self.expected == Some(number) {
            self.expected = None;
            let anew = ((highest >> 16) + 2) << 16 | u64::from(number);
            self.highest = Some(anew);
            return Place::Anew(anew);
        }
        self.expected = Some(number.wrapping_add(1));
        Place::Nowhere
    }
}

/// Timestamps of 32 bits, as the nearest to the last.
#[derive(Debug, Default)]
pub(super) struct Ticks(Option<u64>);

impl Ticks {
    pub(super) fn place(&mut self, low: u32) -> u64 {
        let at = match self.0 {
            None => START + u64::from(low),
            Some(last) => {
                let distance = low.wrapping_sub(last as u32) as i32;
                last.saturating_add_signed(i64::from(distance))
            }
        };
        self.0 = Some(at);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_over_the_end_and_late_ones_find_their_place() {
        let mut sequence = Sequence::default();
        let mut at = |number| match sequence.place(number) {
            Place::At(at) => at - START,
            other => panic!("{number}: {other:?}"),
        };
        assert_eq!(at(65_534), 65_534);
        assert_eq!(at(65_535), 65_535);
        assert_eq!(at(1), 65_537);
        assert_eq!(at(0), 65_536);
        assert_eq!(at(65_500), 65_500, "late");
        assert_eq!(at(3001), 65_536 + 3001, "a long gap");
        assert_eq!(at(2950), 65_536 + 2950, "late");
    }

    #[test]
    fn one_stray_number_changes_nothing_and_two_in_a_row_begin_anew() {
        let mut sequence = Sequence::default();
        assert_eq!(sequence.place(10), Place::At(START + 10));
        assert_eq!(sequence.place(40_000), Place::Nowhere);
        assert_eq!(sequence.place(11), Place::At(START + 11));
        assert_eq!(sequence.place(40_001), Place::Nowhere, "not in a row");
        let Place::Anew(anew) = sequence.place(40_002) else {
            panic!("a new count")
        };
        assert!(anew > START + 11 && anew as u16 == 40_002);
        assert_eq!(sequence.place(40_003), Place::At(anew + 1));
    }

    #[test]
    fn timestamps_go_on_over_the_end_and_back() {
        let mut ticks = Ticks::default();
        let first = ticks.place(u32::MAX - 959);
        assert_eq!(ticks.place(0), first + 960);
        assert_eq!(ticks.place(u32::MAX - 959), first);
    }
}
