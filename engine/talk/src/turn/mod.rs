//! The conversation of one session.
//!
//! [`Turn`] is the only thing the engine talks to. This module holds the state and the order in
//! which an input takes effect; the rules themselves stand beside it, one file per concern:
//! `listen` (microphone windows), `settle` (the end of a turn), `answer` (what models say),
//! `barge` (speech over her voice), `ask` (texts and uploads), `announce` (given texts), `hold` (the conversation waits), `halt`
//! (everything that stops), `red` (the words that stop everything).
//!
//! ```text
//!             onset                 released                    speech
//!  Resting ──────────▶ Listening ──────────────▶ Replying ◀───────────────▶ Held
//!     ▲                    ▲ ▲                      │      nod, echo, cough   │
//!     │      not answered  │ └──────────────────────┼────────────────────────┘
//!     ├────────────────────┘                        │        real words
//!     └──────────────── heard to the end ───────────┘
//!  any ── red thread ──▶ Stopped ── cleared ──▶ Resting
//! ```

mod announce;
mod answer;
mod ask;
mod barge;
mod halt;
mod hold;
mod listen;
mod red;
mod settle;

use std::time::Duration;

use crate::announcements::Announcements;
use crate::asks::Asks;
use crate::budget::Budget;
use crate::ear::Ear;
use crate::echo::EchoFloor;
use crate::fault::{Fault, Faults};
use crate::reply::Live;
use crate::timer::{Timer, TimerTable};
use crate::voice::VoiceTurn;
use crate::{Action, Config, Input, MicMode, Mono, ReplyId};
use barge::Judgement;

/// With no window for this long the microphone is taken to be silent.
const STALL: Duration = Duration::from_millis(400);
/// More steps than this after one input would mean that two rules undo each other.
const MOST_STEPS: usize = 64;

/// The conversation as a state machine: values with a time in, actions out.
///
/// * inputs: [`Turn::handle`], [`Turn::handle_timeout`] (may come early or twice)
/// * outputs: the `Vec` that is handed in, and [`Turn::poll_timeout`]
#[derive(Debug)]
pub struct Turn {
    core: Core,
    state: State,
    timers: TimerTable,
}

/// Who has the floor.
#[derive(Debug)]
enum State {
    Resting,
    /// Somebody speaks, or has just spoken. A written reply may still grow behind it.
    Listening {
        turn: VoiceTurn,
        writing: Option<Live>,
    },
    Replying(Live),
    /// Somebody speaks while she does: she is held until it is clear what it was.
    Held {
        live: Live,
        turn: VoiceTurn,
        judgement: Judgement,
    },
    /// The red thread was pulled.
    Stopped,
}

/// What all states share.
#[derive(Debug)]
struct Core {
    config: Config,
    now: Mono,
    next_reply: u32,
    mic: Mic,
    /// Since when the conversation is on hold.
    hold: Option<Mono>,
    ear: Ear,
    echo: EchoFloor,
    budget: Budget,
    asks: Asks,
    announcements: Announcements,
    /// Samples before this belong to a turn that is over.
    taken_to: Mono,
    /// Until when her voice may be heard in the room.
    audible_to: Option<Mono>,
    /// What she was saying when her voice last ended.
    said_last: String,
    quiet: Quiet,
    faults: Faults,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mic {
    Closed,
    Open { mode: MicMode, since: Mono },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Quiet {
    Since(Mono),
    Told,
}

impl Turn {
    /// A conversation in which nothing was said yet.
    ///
    /// `seed` sets where the reply ids begin, so that a late answer to an earlier life of the same
    /// session meets no id of this one. With equal seeds and inputs all actions are equal.
    pub fn new(config: Config, seed: u64) -> Self {
        Self {
            core: Core {
                now: Mono::ZERO,
                next_reply: (seed as u32) & 0x3fff_ffff,
                mic: Mic::Closed,
                hold: None,
                ear: Ear::new(&config),
                echo: EchoFloor::new(),
                budget: Budget::new(&config),
                asks: Asks::default(),
                announcements: Announcements::default(),
                taken_to: Mono::ZERO,
                audible_to: None,
                said_last: String::new(),
                quiet: Quiet::Since(Mono::ZERO),
                faults: Faults::default(),
                config,
            },
            state: State::Resting,
            timers: TimerTable::default(),
        }
    }

    /// The same with a mistake put back, to see whether anybody notices.
    #[cfg(any(test, feature = "_faults"))]
    pub fn with_fault(config: Config, seed: u64, fault: Fault) -> Self {
        let mut turn = Self::new(config, seed);
        turn.core.faults.arm(fault);
        turn
    }

    /// Takes in one input; what is to be done is appended to `out`, in order.
    ///
    /// A `now` before that of an earlier call counts as that one.
    pub fn handle(&mut self, now: Mono, input: Input, out: &mut Vec<Action>) {
        self.core.now = self.core.now.max(now);
        if !matches!(input, Input::Vad { .. } | Input::Spent { .. }) {
            self.core.quiet = Quiet::Since(self.core.now);
        }
        self.dispatch(input, out);
        self.advance(out);
    }

    /// Lets due timers take effect. Without any it does nothing.
    pub fn handle_timeout(&mut self, now: Mono, out: &mut Vec<Action>) {
        self.core.now = self.core.now.max(now);
        self.advance(out);
    }

    /// When to call [`Turn::handle_timeout`], and why; later than every `now` so far.
    pub fn poll_timeout(&self) -> Option<(Mono, Timer)> {
        self.timers.next()
    }

    /// Characters of a released reply's text up to the end of the last word that was wholly heard;
    /// `None` for a reply that is not the one under way, or is not spoken.
    pub fn heard_chars(&self, reply: ReplyId) -> Option<usize> {
        let live = match &self.state {
            State::Replying(live)
            | State::Held { live, .. }
            | State::Listening {
                writing: Some(live),
                ..
            } => live,
            _ => return None,
        };
        live.heard_chars(reply)
    }

    /// Whether a window of this probability counts as speech now.
    pub fn is_speech(&self, probability: f32) -> bool {
        probability >= self.core.config.speech_on
    }

    fn dispatch(&mut self, input: Input, out: &mut Vec<Action>) {
        if let Some(by_voice) = self.pulled(&input) {
            self.on_pull(by_voice, out);
        }
        match input {
            Input::RedThread => self.on_red_thread(out),
            Input::RedThreadCleared => self.on_red_thread_cleared(),
            Input::MicOpen(mode) => self.on_mic_open(mode, out),
            Input::Hold => self.on_hold(out),
            Input::GoOn => self.on_go_on(out),
            Input::Gone => self.on_gone(out),
            Input::Spent {
                reply,
                partial,
                core,
            } => self.on_spent(reply, partial, core),
            Input::Text {
                text,
                speak,
                tag,
                taken,
            } => self.on_text(text, speak, (tag, taken), out),
            Input::Announce { id, text } => self.on_announce(id, text, out),
            Input::Retract { id } => self.on_retract(id, out),
            Input::Utterance { id, speak, tag } => self.on_utterance(id, speak, tag, out),
            Input::MicClose => self.on_mic_close(out),
            Input::Thresholds { on, off } => self.on_thresholds(on, off),
            Input::Vad {
                at,
                speech,
                level_db,
                whose,
            } => self.on_window((at, speech, level_db, whose), out),
            Input::Commit => self.on_commit(out),
            Input::Interrupt => self.on_interrupt(out),
            answer => self.on_answer(answer, out),
        }
    }

    /// Everything that follows from the state and the time, until nothing does any more.
    fn advance(&mut self, out: &mut Vec<Action>) {
        for _ in 0..MOST_STEPS {
            let moved = self.settle_hold(out)
                || self.settle_live(out)
                || self.settle_barge(out)
                || self.settle_turn(out)
                || self.settle_announcements(out)
                || self.settle_asks(out)
                || self.settle_idle(out);
            if !moved {
                break;
            }
        }
        self.set_timers();
    }

    fn settle_idle(&mut self, out: &mut Vec<Action>) -> bool {
        let resting = matches!(self.state, State::Resting) && !self.core.is_asked();
        if !resting {
            self.core.quiet = Quiet::Since(self.core.now);
            return false;
        }
        match self.core.quiet {
            Quiet::Since(since) if self.core.now >= since + self.core.config.idle_after => {
                self.core.quiet = Quiet::Told;
                out.push(Action::Idle);
                true
            }
            _ => false,
        }
    }

    /// The one place where timers are set, from nothing but the state.
    fn set_timers(&mut self) {
        let late = self.late_timers();
        let core = &self.core;
        let mut end_of_turn = None;
        let mut barge_judge = None;
        let mut stalled = None;
        match &self.state {
            State::Resting if core.faults.has(Fault::TimerLeftBehind) => {
                end_of_turn = (core.taken_to > Mono::ZERO).then(|| core.taken_to + STALL);
            }
            State::Resting
                if core.is_stirring()
                    && (core.asks.next().is_some() || !core.announcements.is_empty()) =>
            {
                end_of_turn = Some(core.ear.at() + STALL);
            }
            State::Resting | State::Stopped => {}
            State::Listening { turn, writing } => {
                end_of_turn = core.turn_timer(turn);
                stalled = writing.as_ref().map(|live| live.progress);
            }
            State::Replying(live) if core.waits_on_hold(live) => {}
            State::Replying(live) => stalled = Some(live.progress),
            State::Held { judgement, .. } => barge_judge = core.judge_timer(judgement),
        }
        let idle = match (&self.state, core.quiet) {
            (State::Resting, Quiet::Since(since)) if !core.is_asked() => {
                Some(since + core.config.idle_after)
            }
            _ => None,
        };
        let patience = core.config.reply_patience;
        let table = [
            (Timer::EndOfTurn, end_of_turn),
            (Timer::BargeJudge, barge_judge),
            (Timer::TranscriptLate, late.0),
            (Timer::TranscriptLost, late.1),
            (Timer::ReplyStalled, stalled.map(|since| since + patience)),
            (Timer::HoldOver, self.hold_over()),
            (Timer::Idle, idle),
        ];
        for (timer, at) in table {
            self.timers.set(timer, at);
        }
    }
}

impl Core {
    fn new_reply(&mut self) -> ReplyId {
        let reply = ReplyId(self.next_reply);
        self.next_reply = self.next_reply.wrapping_add(1);
        reply
    }

    /// Whether anything waits for the floor.
    fn is_asked(&self) -> bool {
        !self.asks.is_empty() || !self.announcements.is_empty()
    }

    /// Whether somebody may just have begun to speak, too short to be sure.
    fn is_stirring(&self) -> bool {
        self.ear.voiced_from().is_some() && self.now < self.ear.at() + STALL
    }

    /// Up to where it is known that nobody spoke after `spoken_to`.
    fn silence_since(&self, spoken_to: Mono) -> Duration {
        self.ear.at().max(self.now - STALL).since(spoken_to)
    }

    fn is_audible(&self) -> bool {
        self.audible_to.is_some_and(|until| self.now <= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_as_speech_is_what_was_asked_for_last() {
        let mut turn = Turn::new(Config::default(), 0);
        assert!(turn.is_speech(0.5) && !turn.is_speech(0.45));
        for (on, off, counts) in [(0.75, 0.675, false), (0.3, 0.21, true)] {
            turn.handle(Mono::ZERO, Input::Thresholds { on, off }, &mut Vec::new());
            assert_eq!(turn.is_speech(0.45), counts, "from {on} on");
        }
        assert!(!turn.is_speech(f32::NAN));
    }
}
