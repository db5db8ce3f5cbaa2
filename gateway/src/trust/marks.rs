//! Which messages a distillation may read.
//!
//! Marks are times, not numbers: messages keep theirs when a conversation goes to the other soul. They lie in
//! memory alone, so what was said before this process began is read by nobody: it would not be known what of
//! it was not to be remembered. And nothing is read that was said before something was forgotten, or what was
//! forgotten would come back. For the same reason nothing is read of what came from another process, which
//! keeps its marks to itself.
//!
//! A model takes its time. What it found counts only if nothing was taken back since it began: every change
//! against it has a number, and who reads keeps the newest one.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use janet_vault::conversations::{ConversationId, Role, Stored};
use janet_vault::gate::Gate;

use super::words::{self, Order};
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

/// One mark.
struct Marked {
    mark: Mark,
    said: RangeInclusive<u64>,
    /// The newest number when it was made.
    number: u64,
}

/// The marks of all conversations.
pub(crate) struct Marks {
    /// What was said before is not read.
    since_ms: u64,
    all: HashMap<ConversationId, Vec<Marked>>,
    /// Of the newest change that takes something back.
    number: u64,
    /// Of the newest that takes everything back.
    all_renewed: u64,
    /// Conversations that began in this process or were looked at since, and the newest change that takes
    /// all of one back.
    renewed: HashMap<ConversationId, u64>,
}

impl Marks {
    pub(super) fn new(now_ms: u64) -> Self {
        Self {
            since_ms: now_ms,
            all: HashMap::new(),
            number: 0,
            all_renewed: 0,
            renewed: HashMap::new(),
        }
    }

    /// By which [`Self::is_taken_back`] knows what happens from now on.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// A conversation began in this process.
    pub(crate) fn began(&mut self, conversation: ConversationId) {
        self.renew(conversation);
    }

    /// The operator is back in a conversation: asked again, not read behind their back. One that did not
    /// begin in this process came from elsewhere, and what was said in it until now is not read.
    pub(crate) fn resumed(&mut self, conversation: ConversationId, now_ms: u64) {
        if !self.renewed.contains_key(&conversation) {
            self.mark(conversation, Mark::Unwanted, 0..=now_ms);
        }
        self.renew(conversation);
    }

    /// What is being read of this conversation is not remembered any more.
    pub(crate) fn renew(&mut self, conversation: ConversationId) {
        if self.renewed.len() == MOST_CONVERSATIONS && !self.renewed.contains_key(&conversation) {
            self.renewed.clear();
            self.renew_all();
        }
        self.number += 1;
        self.renewed.insert(conversation, self.number);
    }

    /// The same of every conversation.
    pub(crate) const fn renew_all(&mut self) {
        self.number += 1;
        self.all_renewed = self.number;
    }

    /// Everything was forgotten: nothing that was said until now is read, or remembered where it was.
    pub(crate) fn everything_forgotten(&mut self, now_ms: u64) {
        self.since_ms = self.since_ms.max(now_ms.saturating_add(1));
        self.renew_all();
    }

    /// Whether something that counts against what was read of a conversation happened since this number;
    /// `read`: from when to when.
    pub(super) fn is_taken_back(
        &self,
        conversation: ConversationId,
        since: u64,
        read: Option<&RangeInclusive<u64>>,
    ) -> bool {
        let renewed = self.renewed.get(&conversation).copied();
        let marks = self.all.get(&conversation).into_iter().flatten();
        let mut unwanted = marks.filter(|it| it.mark == Mark::Unwanted && it.number > since);
        self.all_renewed.max(renewed.unwrap_or_default()) > since
            || read.is_some_and(|read| unwanted.any(|it| overlap(&it.said, read)))
    }

    /// Marks what was said in a conversation from then to then.
    pub(crate) fn mark(
        &mut self,
        conversation: ConversationId,
        mark: Mark,
        mut said: RangeInclusive<u64>,
    ) {
        if self.all.len() == MOST_CONVERSATIONS && !self.all.contains_key(&conversation) {
            let newest = self.all.values().flatten().map(|it| *it.said.end());
            self.since_ms = newest.fold(self.since_ms, u64::max).saturating_add(1);
            self.all.clear();
            self.renew_all();
        }
        if mark == Mark::Unwanted {
            self.number += 1;
        }
        let number = self.number;
        let marks = self.all.entry(conversation).or_default();
        let same = marks.iter().filter(|it| it.mark == mark).count();
        marks.retain(|old| {
            let joins = old.mark == mark && (overlap(&old.said, &said) || same >= MOST_MARKS);
            if joins {
                let start = *said.start().min(old.said.start());
                said = start..=*said.end().max(old.said.end());
            }
            !joins
        });
        marks.push(Marked { mark, said, number });
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
        let struck = struck(&messages, &gate);
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
            let is_marked = |it: &Marked| it.mark <= most && it.said.contains(&at);
            !is_order
                && !is_hers
                && at > forgotten_ms
                && at >= self.since_ms
                && turn.as_ref().is_none_or(|turn| turn.contains(&at))
                && !marks.iter().any(is_marked)
        };
        let messages = messages.into_iter().zip(struck);
        messages
            .filter(|(message, is_struck)| may(message) && !is_struck)
            .map(|(message, _)| message)
            .collect()
    }
}

fn overlap(one: &RangeInclusive<u64>, other: &RangeInclusive<u64>) -> bool {
    one.start() <= other.end() && other.start() <= one.end()
}

/// Which of these messages others of them strike, in words that the gate does not know for it.
fn struck(messages: &[Stored], gate: &Gate) -> Vec<bool> {
    let mut struck = vec![false; messages.len()];
    // The words that "this" is about.
    let mut last = None;
    for (index, message) in messages.iter().enumerate() {
        if message.role != Role::User {
            continue;
        }
        let text = message.text.expose();
        match words::understood(text) {
            Some(Order::NeverConversation) => struck[..index].fill(true),
            Some(Order::Never) => {
                if let Some(from) = last.take().filter(|_| !gate.is_unwanted(text)) {
                    struck[from..index].fill(true);
                }
            }
            None if trigger(text).is_none() => last = Some(index),
            Some(_) | None => {}
        }
    }
    struck
}

#[cfg(test)]
#[path = "marks_test.rs"]
mod tests;
