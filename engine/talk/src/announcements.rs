//! Texts that wait to be said as they are: given by whoever drives her, not by a language model.

use std::collections::VecDeque;

use crate::Mono;

/// More than these wait for nobody: what was to be said then is refused, and whoever gave it is told.
pub(crate) const WAITING: usize = 8;

/// A text that she is to say.
#[derive(Clone, Debug)]
pub(crate) struct Announcement {
    pub(crate) id: u32,
    pub(crate) text: String,
    /// When it was given.
    pub(crate) at: Mono,
}

/// The queue, in the order in which they were given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Announcements {
    waiting: VecDeque<Announcement>,
}

impl Announcements {
    /// Whether there was room for it.
    pub(crate) fn push(&mut self, announcement: Announcement) -> bool {
        let has_room = self.waiting.len() < WAITING;
        if has_room {
            self.waiting.push_back(announcement);
        }
        has_room
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn first(&self) -> Option<&Announcement> {
        self.waiting.front()
    }

    pub(crate) fn pop(&mut self) -> Option<Announcement> {
        self.waiting.pop_front()
    }

    /// Takes one out; how many of that name there were.
    pub(crate) fn remove(&mut self, id: u32) -> usize {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| waiting.id != id);
        before - self.waiting.len()
    }
}
