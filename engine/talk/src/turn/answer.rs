//! What models and the playout say, and whose it is.
//!
//! The one place where stale answers are dropped: an id that belongs to nothing here has ended.

use std::time::Duration;

use crate::echo::TAIL;
use crate::fault::Fault;
use crate::reply::Live;
use crate::turn::{STALL, State, Turn};
use crate::voice::{Answer, Words};
use crate::{Action, Ending, Input, Mono, ReplyId, Stage};

/// To whom an id belongs.
enum Owner {
    /// The released reply.
    Live,
    /// The attempt at the end of the open turn.
    Attempt,
    /// The partial transcript of the open turn.
    Partial,
    /// A closed part of the open turn.
    Part,
    /// A request that waits.
    Ask,
}

impl Turn {
    fn owner(&mut self, reply: ReplyId) -> Option<Owner> {
        if self.live().is_some_and(|live| live.id() == reply) {
            return Some(Owner::Live);
        }
        if let State::Listening { turn, .. } | State::Held { turn, .. } = &self.state {
            if turn.attempt().is_some_and(|attempt| attempt.reply == reply) {
                return Some(Owner::Attempt);
            }
            if turn.partials.reply == Some(reply) {
                return Some(Owner::Partial);
            }
            if turn
                .parts
                .iter()
                .any(|part| part.reply == reply && part.text.is_none())
            {
                return Some(Owner::Part);
            }
        }
        if self.core.asks.wanting(reply).is_some() {
            return Some(Owner::Ask);
        }
        let taken_for_live = self.core.faults.has(Fault::StaleIdAccepted) && self.live().is_some();
        taken_for_live.then_some(Owner::Live)
    }

    fn live(&self) -> Option<&Live> {
        match &self.state {
            State::Replying(live) | State::Held { live, .. } => Some(live),
            State::Listening { writing, .. } => writing.as_ref(),
            State::Resting | State::Stopped => None,
        }
    }

    pub(super) fn on_answer(&mut self, input: Input, out: &mut Vec<Action>) {
        let Some(reply) = answered(&input) else {
            return;
        };
        match self.owner(reply) {
            Some(Owner::Live) => self.on_live(input, out),
            Some(Owner::Attempt) => self.on_attempt(input, out),
            Some(Owner::Partial) => self.on_partial(input, out),
            Some(Owner::Part) => self.on_part(input, out),
            Some(Owner::Ask) => self.on_asked(input, out),
            None => {}
        }
    }

    fn on_live(&mut self, input: Input, out: &mut Vec<Action>) {
        let now = self.core.now;
        let config = &self.core.config;
        let live = match &mut self.state {
            State::Replying(live) | State::Held { live, .. } => live,
            State::Listening {
                writing: Some(live),
                ..
            } => live,
            State::Listening { writing: None, .. } | State::Resting | State::Stopped => return,
        };
        match input {
            Input::Token { text, .. } => live.on_token(now, config, &text, out),
            Input::Generated { .. } => live.on_generated(now, config, out),
            Input::Voiced {
                phrase,
                samples,
                upto_byte,
                last,
                ..
            } => {
                live.on_voiced(now, config, (phrase, samples, upto_byte, last), out);
            }
            Input::TakenBack {
                phrase, samples, ..
            } => live.on_taken_back(now, (phrase, samples), self.core.faults),
            Input::Heard { sample, .. } => live.on_heard(now, config, sample, out),
            Input::Failed {
                stage: Stage::Generate | Stage::Speak,
                ..
            } => {
                self.cut_live(Ending::Failed, out);
            }
            _ => {}
        }
    }

    /// An answer to what was asked ahead of the end of a turn.
    fn on_attempt(&mut self, input: Input, out: &mut Vec<Action>) {
        let config = &self.core.config;
        let leak = self.core.faults.has(Fault::ShownBeforeRelease);
        let (State::Listening { turn, .. } | State::Held { turn, .. }) = &mut self.state else {
            return;
        };
        let (from, to) = (turn.from, turn.spoken_to);
        let mut shown = None;
        let Some(attempt) = turn.attempt_mut() else {
            return;
        };
        match (input, &mut attempt.answer) {
            (Input::TurnScore { complete, .. }, _) => {
                attempt.scores_open = attempt.scores_open.saturating_sub(1);
                attempt.score.hear(complete);
            }
            (
                Input::Failed {
                    stage: Stage::Turn, ..
                },
                _,
            ) => {
                attempt.scores_open = attempt.scores_open.saturating_sub(1);
                attempt.score.miss();
            }
            (Input::Transcript { text, taken, .. }, _)
                if matches!(attempt.words, Words::Asked | Words::AskedAgain) =>
            {
                let text = text.trim().to_owned();
                shown = Some(text.clone());
                attempt.words = Words::Known(text);
                attempt.taken = taken;
            }
            (
                Input::Failed {
                    stage: Stage::Transcribe,
                    ..
                },
                _,
            ) => {
                attempt.words = match attempt.words {
                    // Twice in a row: there is nothing to answer.
                    Words::AskedAgain => Words::Known(String::new()),
                    _ => Words::Failed,
                };
            }
            (
                Input::Failed {
                    stage: Stage::Generate | Stage::Speak,
                    ..
                },
                answer,
            ) => {
                *answer = Answer::Failed;
            }
            (Input::Token { text, .. }, Answer::Draft(draft)) => {
                draft.stage_token(config, &text, out);
                if leak {
                    out.push(Action::ShowDelta {
                        reply: draft.id,
                        text,
                    });
                }
            }
            (Input::Generated { .. }, Answer::Draft(draft)) => draft.stage_end(config, out),
            (
                Input::Voiced {
                    phrase,
                    samples,
                    upto_byte,
                    last,
                    ..
                },
                Answer::Draft(draft),
            ) => {
                draft.stage_sound(config, (phrase, samples, upto_byte, last), out);
            }
            (
                Input::TakenBack {
                    phrase, samples, ..
                },
                Answer::Draft(draft),
            ) => draft.take_back(phrase, samples, self.core.faults),
            _ => {}
        }
        if let Some(text) = shown {
            turn.listened_to = to;
            let text = turn.text_with(&text);
            if !text.is_empty() {
                out.push(Action::ShowTranscript {
                    text,
                    last: false,
                    from,
                    to,
                });
            }
        }
    }

    /// Words of a turn that is still spoken.
    fn on_partial(&mut self, input: Input, out: &mut Vec<Action>) {
        if let State::Held { .. } = self.state {
            self.on_overheard(input, out);
            return;
        }
        let State::Listening { turn, .. } = &mut self.state else {
            return;
        };
        match input {
            Input::Partial { reply, text, .. } if turn.partials.open.take().is_some() => {
                turn.listened_to = turn.partials.upto;
                let blank = text.trim().is_empty();
                turn.partials.blank = if blank { turn.partials.blank + 1 } else { 0 };
                let whole = turn.text_with(&text);
                let (from, to) = (turn.from, turn.spoken_to);
                if !whole.is_empty() {
                    out.push(Action::ShowTranscript {
                        text: whole,
                        last: false,
                        from,
                        to,
                    });
                }
                if let Some(stable) = turn.partials.stable.hear(&text)
                    && turn.parts_known()
                {
                    let text = self.core.with_late_words(turn.text_with(&stable));
                    out.push(Action::Prefill { reply, text });
                }
            }
            // It is only a preview: the next one may succeed.
            Input::Failed {
                stage: Stage::Transcribe,
                ..
            } => turn.partials.open = None,
            _ => {}
        }
    }

    fn on_part(&mut self, input: Input, out: &mut Vec<Action>) {
        let (State::Listening { turn, .. } | State::Held { turn, .. }) = &mut self.state else {
            return;
        };
        let (reply, text, taken) = match input {
            Input::Transcript { reply, text, taken } => (reply, text, taken),
            Input::Failed {
                reply,
                stage: Stage::Transcribe,
            } => (reply, String::new(), false),
            _ => return,
        };
        if let Some(part) = turn.parts.iter_mut().find(|part| part.reply == reply) {
            part.hear(&text, taken);
            out.push(Action::Cancel { reply });
        }
    }

    pub(super) fn on_spent(&mut self, reply: ReplyId, partial: bool, core: Duration) {
        let now = self.core.now;
        match self.owner(reply) {
            _ if partial => self.core.budget.partial(now, core),
            Some(Owner::Attempt) => {
                if let State::Listening { turn, .. } | State::Held { turn, .. } = &mut self.state
                    && let Some(attempt) = turn.attempt_mut()
                {
                    attempt.spent = attempt.spent.saturating_add(core);
                }
            }
            Some(Owner::Live | Owner::Partial | Owner::Part | Owner::Ask) => {}
            None => self.core.budget.waste(now, core),
        }
    }

    /// A reply that has nothing left to do ends; one that makes no progress is given up.
    pub(super) fn settle_live(&mut self, out: &mut Vec<Action>) -> bool {
        let patience = self.core.config.reply_patience;
        let Some(live) = self.live() else {
            return false;
        };
        let held = matches!(self.state, State::Held { .. });
        if live.is_complete() {
            let (live, next) = self.take_live();
            if let Some(live) = live {
                live.complete(out);
            }
            self.state = next;
            if held && self.core.faults.has(Fault::PlayoutEndForgetsSpeech) {
                self.forget_turn(out);
            }
            return true;
        }
        let waits = held || self.core.waits_on_hold(live);
        let stalled = !waits && self.core.now >= live.progress + patience;
        if stalled && !self.core.faults.has(Fault::StallIgnored) {
            self.cut_live(Ending::Failed, out);
        }
        stalled && !self.core.faults.has(Fault::StallIgnored)
    }

    /// Ends the running reply before its end, if there is one.
    pub(super) fn cut_live(&mut self, ending: Ending, out: &mut Vec<Action>) {
        let (live, next) = self.take_live();
        if let Some(live) = live {
            live.cut(ending, self.core.faults, out);
        }
        self.state = next;
    }

    /// The running reply, and the state without it: what was said over it is an open turn.
    fn take_live(&mut self) -> (Option<Live>, State) {
        if let Some(live) = self.live().filter(|live| live.is_spoken()) {
            let sounds = live.was_sounding();
            self.core.said_last = live.said_last();
            if sounds {
                self.core.audible_to = Some(self.core.now + TAIL);
            }
        }
        match std::mem::replace(&mut self.state, State::Resting) {
            State::Replying(live) => (Some(live), State::Resting),
            State::Held { live, mut turn, .. } => {
                turn.took_floor = true;
                let writing = None;
                (Some(live), State::Listening { turn, writing })
            }
            State::Listening { turn, writing } => (
                writing,
                State::Listening {
                    turn,
                    writing: None,
                },
            ),
            state @ (State::Resting | State::Stopped) => (None, state),
        }
    }

    pub(super) fn late_timers(&self) -> (Option<Mono>, Option<Mono>) {
        let late = match &self.state {
            State::Listening { turn, .. } => self.core.late_timer(turn),
            _ => None,
        };
        // Somebody who has just begun to speak is heard out first.
        let stirred = self.core.is_stirring().then(|| self.core.ear.at() + STALL);
        let late = late.map(|at| stirred.map_or(at, |stirred| at.max(stirred)));
        (
            late,
            self.core.asks.iter().filter_map(|ask| ask.lost_at).min(),
        )
    }
}

/// The id that an answer carries.
fn answered(input: &Input) -> Option<ReplyId> {
    match input {
        Input::TurnScore { reply, .. }
        | Input::Partial { reply, .. }
        | Input::Transcript { reply, .. }
        | Input::Token { reply, .. }
        | Input::Generated { reply, .. }
        | Input::Voiced { reply, .. }
        | Input::TakenBack { reply, .. }
        | Input::Heard { reply, .. }
        | Input::Failed { reply, .. } => Some(*reply),
        _ => None,
    }
}
