//! Which messages a distillation may read.
//!
//! Marks are times, not numbers: messages keep theirs when a conversation goes to the other soul. They lie in
//! memory alone, so what was said before this process began is read by nobody: it would not be known what of
//! it was not to be remembered. And nothing is read that was said before something was forgotten, or what was
//! forgotten would come back.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use janet_vault::conversations::{ConversationId, Role, Stored};
use janet_vault::gate::Gate;

use super::words;
use crate::souls::trigger;

/// Conversations with marks; with more, what was said until now is read in none.
const MOST_CONVERSATIONS: usize = 4096;
/// Marks of one conversation and kind; with more, they grow together.
const MOST_MARKS: usize = 128;

/// What of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// What is not remembered yet.
    All,
    /// What the operator was not asked about, either.
    Unasked,
    /// What was said from then to then, in ms since 1970.
    Turn(RangeInclusive<u64>),
}

/// Why something is not read again. Ordered: what stands first holds for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// It is not to be remembered: read for nothing.
    Unwanted,
    /// It is remembered.
    Kept,
    /// The operator was asked about it, or there was nothing in it.
    Asked,
}

/// The marks of all conversations.
pub(crate) struct Marks {
    /// What was said before is not read.
    since_ms: u64,
    all: HashMap<ConversationId, Vec<(Mark, RangeInclusive<u64>)>>,
}

impl Marks {
    pub(super) fn new(now_ms: u64) -> Self {
        Self {
            since_ms: now_ms,
            all: HashMap::new(),
        }
    }

    /// Marks what was said in a conversation from then to then.
    pub(crate) fn mark(
        &mut self,
        conversation: ConversationId,
        mark: Mark,
        said: RangeInclusive<u64>,
    ) {
        if self.all.len() == MOST_CONVERSATIONS && !self.all.contains_key(&conversation) {
            let newest = self.all.values().flatten().map(|(_, said)| *said.end());
            self.since_ms = newest.fold(self.since_ms, u64::max).saturating_add(1);
            self.all.clear();
        }
        let marks = self.all.entry(conversation).or_default();
        let same = marks.iter().filter(|(kind, _)| *kind == mark).count();
        let (mut start, mut end) = said.into_inner();
        marks.retain(|(kind, old)| {
            let touches = *old.start() <= end && start <= *old.end();
            let joins = *kind == mark && (touches || same >= MOST_MARKS);
            if joins {
                (start, end) = (start.min(*old.start()), end.max(*old.end()));
            }
            !joins
        });
        marks.push((mark, start..=end));
    }

    /// The messages that a model may be shown for this part; nothing up to `forgotten_ms`.
    pub(super) fn readable(
        &self,
        conversation: ConversationId,
        part: Part,
        messages: Vec<Stored>,
        forgotten_ms: u64,
    ) -> Vec<Stored> {
        let (most, turn) = match part {
            Part::All => (Mark::Kept, None),
            Part::Unasked => (Mark::Asked, None),
            Part::Turn(turn) => (Mark::Unwanted, Some(turn)),
        };
        let marks = self.all.get(&conversation).map_or(&[][..], Vec::as_slice);
        let gate = Gate::new();
        // Of what she says, answers to the user are read: not what becomes of orders, nor her questions,
        // which quote what may have been refused.
        let (mut is_order, mut is_answered) = (false, true);
        let mut may = |message: &Stored| {
            let text = message.text.expose();
            let mut is_hers = false;
            if message.role == Role::User {
                // "Don't remember this" stays: it strikes what it is about.
                let orders = words::understood(text).is_some() || trigger(text).is_some();
                is_order = orders && !gate.is_unwanted(text);
                is_answered = false;
            } else {
                is_hers = std::mem::replace(&mut is_answered, true);
            }
            let at = message.created_ms;
            let is_marked =
                |(mark, said): &(Mark, RangeInclusive<u64>)| *mark <= most && said.contains(&at);
            !is_order
                && !is_hers
                && at > forgotten_ms
                && at >= self.since_ms
                && turn.as_ref().is_none_or(|turn| turn.contains(&at))
                && !marks.iter().any(is_marked)
        };
        messages
            .into_iter()
            .filter(|message| may(message))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000;

    fn id(digit: u8) -> ConversationId {
        char::from(digit)
            .to_string()
            .repeat(32)
            .parse()
            .expect("an id")
    }

    fn said() -> Vec<Stored> {
        use Role::{Assistant, User};
        let lines = [
            (User, "I like green tea."),
            (Assistant, "Noted."),
            (Assistant, "Your cat is called Mimi. Shall I remember that?"),
            (User, "Remember that my sister is called Anna."),
            (Assistant, "I'll remember that."),
            (User, "The plumber comes on Monday."),
            (User, "Don't remember this."),
            (Assistant, "I won't keep it."),
        ];
        (1..)
            .zip(lines)
            .map(|(seq, (role, text))| Stored {
                seq,
                role,
                text: text.into(),
                created_ms: NOW + seq,
            })
            .collect()
    }

    fn read(marks: &Marks, part: Part, forgotten_ms: u64) -> Vec<u64> {
        let readable = marks.readable(id(b'0'), part, said(), forgotten_ms);
        readable.iter().map(|message| message.seq).collect()
    }

    #[test]
    fn orders_and_what_is_marked_are_not_read() {
        let mut marks = Marks::new(NOW);
        assert_eq!(read(&marks, Part::All, 0), [1, 2, 6, 7, 8]);
        marks.mark(id(b'1'), Mark::Unwanted, 0..=u64::MAX);
        marks.mark(id(b'0'), Mark::Asked, 1_001..=1_002);
        assert_eq!(read(&marks, Part::All, 0), [1, 2, 6, 7, 8]);
        assert_eq!(read(&marks, Part::Unasked, 0), [6, 7, 8]);
        marks.mark(id(b'0'), Mark::Kept, 1_006..=1_006);
        assert_eq!(read(&marks, Part::All, 0), [1, 2, 7, 8]);
        assert_eq!(read(&marks, Part::Turn(1_006..=1_007), 0), [6, 7]);
        marks.mark(id(b'0'), Mark::Unwanted, 1_006..=1_006);
        assert_eq!(read(&marks, Part::Turn(1_006..=1_007), 0), [7]);
    }

    #[test]
    fn nothing_is_read_from_before_a_forgetting_or_from_before_this_process() {
        let marks = Marks::new(NOW);
        assert_eq!(read(&marks, Part::All, 1_006), [7, 8]);
        assert_eq!(read(&Marks::new(NOW + 7), Part::All, 0), [7, 8]);
    }

    #[test]
    fn too_many_marks_leave_out_more_and_never_less() {
        let mut marks = Marks::new(NOW);
        for n in 0..=MOST_MARKS as u64 {
            marks.mark(id(b'0'), Mark::Unwanted, NOW + 2 * n..=NOW + 2 * n);
        }
        assert_eq!(read(&marks, Part::All, 0), [0; 0]);
        let mut marks = Marks::new(NOW);
        marks.mark(id(b'0'), Mark::Unwanted, 1_001..=1_003);
        for n in 1..=MOST_CONVERSATIONS {
            let id = format!("{n:032x}").parse().expect("an id");
            marks.mark(id, Mark::Asked, 1_000..=1_001);
        }
        assert_eq!(read(&marks, Part::All, 0), [6, 7, 8]);
    }
}
