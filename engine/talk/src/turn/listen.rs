//! Microphone windows: when a turn begins, goes on and pauses.
//!
//! Works on the samples' own time. Says nothing about whether a pause is an end (`settle`) and
//! nothing about speech over her voice beyond handing it to `barge`.

use crate::echo::{SILENCE_DB, Source, TAIL};
use crate::fault::Fault;
use crate::turn::settle::end_attempt;
use crate::turn::{Core, Mic, State, Turn};
use crate::voice::{Part, Partials, Phase, VoiceTurn};
use crate::{Action, MicMode, Mono, Pass, Span, Whose, Why};

/// Parts of a long turn before it is given out of hand as a late one.
const MOST_PARTS: usize = 8;

impl Turn {
    pub(super) fn on_mic_open(&mut self, mode: MicMode, out: &mut Vec<Action>) {
        self.on_go_on(out);
        if let Mic::Open { since, .. } = self.core.mic {
            self.core.mic = Mic::Open { mode, since };
            return;
        }
        self.core.ear.rest();
        self.core.mic = Mic::Open {
            mode,
            since: self.core.now,
        };
    }

    pub(super) fn on_thresholds(&mut self, on: f32, off: f32) {
        if off < on {
            (self.core.config.speech_on, self.core.config.speech_off) = (on, off);
            self.core.ear.listen_for(on, off);
        }
    }

    pub(super) fn on_window(
        &mut self,
        (at, speech, level_db, whose): (Mono, f32, f32, Whose),
        out: &mut Vec<Action>,
    ) {
        let level_db = if level_db.is_finite() {
            level_db
        } else {
            SILENCE_DB
        };
        let core = &mut self.core;
        if !core.hears() || matches!(self.state, State::Stopped) {
            return;
        }
        let sounds = matches!(&self.state, State::Replying(live) if live.sounds());
        if sounds {
            core.audible_to = Some(core.now + TAIL);
        }
        let counted = if core.is_audible() && !matches!(self.state, State::Held { .. }) {
            let voice_like = speech >= core.config.speech_off;
            match core.echo.over_her_voice(level_db, voice_like, whose) {
                Source::Person => speech,
                Source::Echo if core.faults.has(Fault::EchoTakenForPerson) => speech,
                Source::Echo => 0.0,
            }
        } else {
            speech
        };
        if !core.ear.hear(at, counted) {
            return;
        }
        match &mut self.state {
            State::Resting => {
                if core.ear.running() >= core.config.onset {
                    let turn = core.open_turn(level_db);
                    self.state = State::Listening {
                        turn,
                        writing: None,
                    };
                }
            }
            State::Listening { turn, .. } => {
                if core.ear.voiced_from().is_some() && !core.is_audible() {
                    core.echo.person(level_db);
                }
                core.listen(turn, level_db, out);
            }
            State::Replying(_) => self.on_window_over_reply(level_db, out),
            State::Held { .. } => self.on_window_held(level_db, out),
            State::Stopped => {}
        }
    }

    /// The microphone is closed: what was said so far is the turn.
    pub(super) fn on_mic_close(&mut self, out: &mut Vec<Action>) {
        self.on_go_on(out);
        self.core.mic = Mic::Closed;
        self.hear_no_more(out);
    }

    /// From here on nothing is heard; what was said so far is the turn.
    pub(super) fn hear_no_more(&mut self, out: &mut Vec<Action>) {
        self.core.ear.rest();
        if let State::Listening { turn, .. } = &mut self.state {
            if self.core.faults.has(Fault::MicCloseForgets) {
                end_attempt(&mut self.core, turn, out);
                let State::Listening { mut turn, writing } =
                    std::mem::replace(&mut self.state, State::Resting)
                else {
                    return;
                };
                self.core.drop_turn(&mut turn, out);
                self.state = writing.map_or(State::Resting, State::Replying);
                return;
            }
            self.core.commit(turn, out);
        }
    }

    /// Push-to-talk: the button was let go.
    pub(super) fn on_commit(&mut self, out: &mut Vec<Action>) {
        match &mut self.state {
            State::Listening { turn, .. } => {
                self.core.ear.rest();
                self.core.commit(turn, out);
            }
            State::Resting | State::Replying(_) | State::Stopped if self.core.hears() => {
                let why = match self.state {
                    State::Stopped => Why::RedThread,
                    _ => Why::NoWords,
                };
                let reply = self.core.new_reply();
                out.push(Action::Disregard {
                    reply,
                    tag: None,
                    why,
                });
            }
            State::Resting | State::Replying(_) | State::Held { .. } | State::Stopped => {}
        }
    }
}

impl Core {
    /// A turn whose onset was just heard, with a window of this level.
    pub(super) fn open_turn(&mut self, level_db: f32) -> VoiceTurn {
        let since = match self.mic {
            Mic::Open { since, .. } => since,
            Mic::Closed => Mono::ZERO,
        };
        let speech_from = self.ear.voiced_from().unwrap_or(self.ear.at());
        let not_before = if self.faults.has(Fault::PrerollOverlaps) {
            Mono::ZERO
        } else {
            self.taken_to
        };
        let overlap = if self.faults.has(Fault::PrerollOverlaps) {
            8
        } else {
            1
        };
        let preroll = self.config.preroll * overlap;
        let from = (speech_from - preroll)
            .max(not_before)
            .max(since)
            .min(speech_from);
        let mut turn = VoiceTurn::new(from, speech_from, self.ear.at());
        // The shortest words have no further window.
        turn.tail.speak(self.ear.at(), level_db);
        turn
    }

    pub(super) fn is_hands_free(&self) -> bool {
        let mode = MicMode::HandsFree;
        self.hears() && matches!(self.mic, Mic::Open { mode: open, .. } if open == mode)
    }

    /// One more window of an open turn.
    fn listen(&mut self, turn: &mut VoiceTurn, level_db: f32, out: &mut Vec<Action>) {
        let voiced = self.ear.voiced_from();
        if voiced.is_none() && !self.is_audible() {
            turn.tail.pause(level_db);
            turn.fade(self.ear.at(), level_db);
        }
        match turn.phase {
            Phase::Speaking if voiced.is_none() => turn.phase = Phase::Pausing(None),
            Phase::Speaking => {
                turn.spoken_to = self.ear.at();
                turn.tail.speak(self.ear.at(), level_db);
                self.ask_partial(turn, out);
                if turn.spoken_to.since(turn.part_from) >= self.config.longest_turn {
                    self.close_part(turn, self.ear.at(), out);
                }
            }
            Phase::Pausing(_) | Phase::Over { .. } => {
                let goes_on = self.ear.running() >= self.config.onset;
                if goes_on {
                    self.go_on(turn, level_db, out);
                }
            }
        }
    }

    /// Speech went on before the turn was released.
    fn go_on(&mut self, turn: &mut VoiceTurn, level_db: f32, out: &mut Vec<Action>) {
        if !self.faults.has(Fault::AttemptLeftRunning) {
            end_attempt(self, turn, out);
        }
        turn.phase = Phase::Speaking;
        if std::mem::take(&mut turn.was_on_hold) {
            // What was said before the hold is a part for itself.
            self.close_part(turn, turn.spoken_to, out);
            let part_from = self.ear.voiced_from().unwrap_or(self.ear.at());
            turn.part_from = (part_from - self.config.preroll).max(self.taken_to);
        }
        turn.spoken_to = self.ear.at();
        turn.tail.speak(self.ear.at(), level_db);
        turn.partials.upto = self.ear.voiced_from().unwrap_or(turn.partials.upto);
        if self.faults.has(Fault::PauseSplitsTurn) {
            turn.part_from = self.ear.voiced_from().unwrap_or(turn.part_from);
        }
    }

    fn ask_partial(&mut self, turn: &mut VoiceTurn, out: &mut Vec<Action>) {
        let upto = self.ear.at();
        let piled = turn.partials.open.is_some() && !self.faults.has(Fault::PartialsPileUp);
        let new_speech = upto.since(turn.partials.upto) >= self.config.partial_every;
        let may_listen = self.budget.may_listen_in(self.now) || turn.is_unheard();
        if piled || !new_speech || !may_listen {
            return;
        }
        self.ask_partial_now(turn, Pass::Partial, out);
    }

    /// Asks for the words of the open part so far.
    pub(super) fn ask_partial_now(
        &mut self,
        turn: &mut VoiceTurn,
        pass: Pass,
        out: &mut Vec<Action>,
    ) {
        let reply = match turn.partials.reply {
            Some(reply) => reply,
            None => self.new_reply(),
        };
        turn.partials.reply = Some(reply);
        turn.partials.upto = self.ear.at();
        turn.partials.open = Some(self.now);
        let span = Span::Mic {
            from: turn.part_from,
            to: self.ear.at(),
        };
        out.push(Action::Transcribe { reply, span, pass });
    }

    /// What was said up to here is transcribed for itself: the turn has become long.
    fn close_part(&mut self, turn: &mut VoiceTurn, to: Mono, out: &mut Vec<Action>) {
        self.drop_partials(turn, out);
        let reply = self.new_reply();
        let span = Span::Mic {
            from: turn.part_from,
            to,
        };
        out.push(Action::Transcribe {
            reply,
            span,
            pass: Pass::Final,
        });
        turn.parts.push(Part {
            reply,
            text: None,
            taken: false,
        });
        turn.part_from = to;
        turn.partials = Partials::new(to);
        if turn.parts.len() > MOST_PARTS {
            let parts = std::mem::take(&mut turn.parts);
            self.owe((parts, None), to, out);
            turn.from = to;
        }
    }

    /// The running partial transcript is not needed any more.
    pub(super) fn drop_partials(&mut self, turn: &mut VoiceTurn, out: &mut Vec<Action>) {
        if let Some(reply) = turn.partials.reply {
            out.push(Action::Cancel { reply });
        }
        turn.partials = Partials::new(turn.partials.upto);
    }

    /// Ends everything that was asked for a turn which will not be answered.
    pub(super) fn drop_turn(&mut self, turn: &mut VoiceTurn, out: &mut Vec<Action>) {
        self.drop_partials(turn, out);
        end_attempt(self, turn, out);
        for part in turn.parts.drain(..).filter(|part| part.text.is_none()) {
            out.push(Action::Cancel { reply: part.reply });
        }
        self.taken_to = self.taken_to.max(turn.spoken_to);
    }
}
