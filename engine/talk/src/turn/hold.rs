//! The conversation waits: somebody has put it on hold.
//!
//! What was said before the hold is a turn and is answered; the answer is held like the one that was
//! under way. Written text is shown all the same. What is said meanwhile belongs to nothing: no
//! transcript reaches into a hold, or over it.

use crate::fault::Fault;
use crate::reply::Live;
use crate::turn::{Core, Mic, State, Turn};
use crate::{Action, Ending, Mono};

impl Turn {
    pub(super) fn on_hold(&mut self, out: &mut Vec<Action>) {
        if self.core.is_on_hold() {
            return;
        }
        self.core.hold = Some(self.core.now);
        self.hear_no_more(out);
        if let State::Replying(live) = &mut self.state
            && live.is_spoken()
        {
            live.hold(out);
        }
    }

    pub(super) fn on_go_on(&mut self, out: &mut Vec<Action>) {
        if !self.core.is_on_hold() {
            return;
        }
        // Whoever speaks from here on is heard: what held her before is decided now.
        self.judge_at_once(out);
        let core = &mut self.core;
        core.hold = None;
        core.taken_to = core.taken_to.max(core.now);
        core.ear.rest();
        match &mut self.state {
            State::Replying(live) if live.is_spoken() => {
                live.resume(core.now, &core.config, out);
            }
            State::Listening { turn, .. } => turn.was_on_hold = true,
            _ => {}
        }
    }

    /// A reply that is on hold for too long ends.
    pub(super) fn settle_hold(&mut self, out: &mut Vec<Action>) -> bool {
        let is_over = self.hold_over().is_some_and(|at| self.core.now >= at);
        if is_over {
            self.cut_live(Ending::Interrupted, out);
        }
        is_over
    }

    /// When the reply that is on hold ends. One that waits for a judgement has that one's time.
    pub(super) fn hold_over(&self) -> Option<Mono> {
        match (&self.state, self.core.hold) {
            (State::Replying(live), Some(since))
                if live.is_spoken() && !self.core.faults.has(Fault::HoldWithoutEnd) =>
            {
                Some(since.max(live.released) + self.core.config.hold_patience)
            }
            _ => None,
        }
    }
}

impl Core {
    /// Whether what is heard from now on may be said to her.
    pub(super) fn hears(&self) -> bool {
        let is_deaf = self.is_on_hold() && !self.faults.has(Fault::HoldListens);
        self.mic != Mic::Closed && !is_deaf
    }

    pub(super) fn is_on_hold(&self) -> bool {
        self.hold.is_some()
    }

    /// Whether this reply waits for the conversation to go on.
    pub(super) fn waits_on_hold(&self, live: &Live) -> bool {
        self.is_on_hold() && live.is_spoken()
    }

    /// Whether a reply that begins now begins on hold.
    pub(super) fn begins_on_hold(&self) -> bool {
        self.is_on_hold() && !self.faults.has(Fault::HoldForgotten)
    }
}
