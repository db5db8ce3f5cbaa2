//! Given texts: she says them as they are when it is her turn, and who gave them is told how far
//! they were heard.
//!
//! An announcement waits for the floor: it never cuts a reply and never goes over anybody's speech. Once
//! it has begun it is a reply like any other: speech over it holds and stops it, a typed text cuts it.
//! It is spoken where a microphone is open, else only shown.

use crate::announcements::Announcement;
use crate::fault::Fault;
use crate::reply::{Form, Live};
use crate::turn::{Core, Mic, State, Turn};
use crate::{Action, Ending};

impl Turn {
    pub(super) fn on_announce(&mut self, id: u32, mut text: String, out: &mut Vec<Action>) {
        let mut most = self.core.config.longest_reply.min(text.len());
        while !text.is_char_boundary(most) {
            most -= 1;
        }
        text.truncate(most);
        let at = self.core.now;
        let is_stopped = matches!(self.state, State::Stopped);
        let waits = !is_stopped && self.core.announcements.push(Announcement { id, text, at });
        if !waits {
            not_made(id, out);
        }
    }

    pub(super) fn on_retract(&mut self, id: u32, out: &mut Vec<Action>) {
        for _ in 0..self.core.announcements.remove(id) {
            not_made(id, out);
        }
        let is_said = match &self.state {
            State::Replying(live) | State::Held { live, .. } => live.announces(id),
            State::Listening {
                writing: Some(live),
                ..
            } => live.announces(id),
            _ => false,
        };
        if is_said {
            self.cut_live(Ending::Interrupted, out);
        }
    }

    /// Begins the next announcement if it is its turn.
    pub(super) fn settle_announcements(&mut self, out: &mut Vec<Action>) -> bool {
        let Some(first) = self.core.announcements.first() else {
            return false;
        };
        let asked_before = self.core.asks.next().is_some_and(|ask| ask.at < first.at);
        let is_free = match &self.state {
            State::Resting => {
                !self.core.is_stirring() || self.core.faults.has(Fault::AnnouncesOverSpeech)
            }
            _ => false,
        };
        if asked_before || !is_free {
            return false;
        }
        let Some(Announcement { id, text, .. }) = self.core.announcements.pop() else {
            return false;
        };
        let reply = self.core.new_reply();
        let form = Form::new(self.core.mic != Mic::Closed);
        let on_hold = self.core.begins_on_hold();
        let (now, config) = (self.core.now, &self.core.config);
        let live = Live::announce((reply, id), text, form, now, on_hold, config, out);
        self.state = State::Replying(live);
        true
    }
}

impl Core {
    /// Nothing of what waits is said any more.
    pub(super) fn drop_announcements(&mut self, out: &mut Vec<Action>) {
        while let Some(announcement) = self.announcements.pop() {
            if !self.faults.has(Fault::AnnouncementsForgotten) {
                not_made(announcement.id, out);
            }
        }
    }
}

fn not_made(id: u32, out: &mut Vec<Action>) {
    out.push(Action::AnnouncementOver {
        reply: None,
        id,
        text: String::new(),
        heard: false,
    });
}
