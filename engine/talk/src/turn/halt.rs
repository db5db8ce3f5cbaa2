//! Everything that stops her: an interrupt, the red thread, a client that is gone.

use crate::fault::Fault;
use crate::turn::{Mic, State, Turn};
use crate::{Action, Ending, Why};

impl Turn {
    /// Silence at once. What is being said or waits is answered all the same.
    pub(super) fn on_interrupt(&mut self, out: &mut Vec<Action>) {
        match &self.state {
            State::Replying(_) | State::Held { .. } => self.cut_live(Ending::Interrupted, out),
            State::Listening {
                writing: Some(_), ..
            } => self.cut_live(Ending::Interrupted, out),
            State::Listening { writing: None, .. } | State::Resting | State::Stopped => {}
        }
    }

    pub(super) fn on_red_thread(&mut self, out: &mut Vec<Action>) {
        if let State::Stopped = self.state {
            return;
        }
        if self.core.faults.has(Fault::RedThreadLeaks)
            && let State::Replying(_) = self.state
        {
            return;
        }
        self.end_everything(Ending::RedThread, Why::RedThread, out);
        self.state = State::Stopped;
    }

    pub(super) fn on_red_thread_cleared(&mut self) {
        if let State::Stopped = self.state {
            self.core.ear.rest();
            self.core.taken_to = self.core.taken_to.max(self.core.now);
            self.state = State::Resting;
        }
    }

    /// Nobody is there to hear an answer.
    pub(super) fn on_gone(&mut self, out: &mut Vec<Action>) {
        self.core.mic = Mic::Closed;
        self.core.hold = None;
        self.core.ear.rest();
        self.end_everything(Ending::Interrupted, Why::Ended, out);
    }

    /// Ends the reply, the open turn and all requests; afterwards nobody has the floor.
    fn end_everything(&mut self, ending: Ending, why: Why, out: &mut Vec<Action>) {
        self.cut_live(ending, out);
        self.forget_turn(out);
        let asks: Vec<_> = self.core.asks.drain().collect();
        for ask in asks {
            self.core.give_up(ask, why, out);
        }
        self.core.drop_announcements(out);
    }
}
