//! The end of a turn: work ahead of it, the decision, the release.
//!
//! ```text
//!  speech │ 96 ms │ score, transcript │ language model, voice ──▶ staging │
//!         └──────────── the wait (endpointer) ────────────┴ Over ─────────┴ Release
//! ```
//!
//! The turn is released when its end is decided *and* the answer has sound (or `commit_hold` has
//! passed): until then more speech still belongs to it, which costs no time to the first sound.

use std::time::Duration;

use crate::asks::{Ask, Body};
use crate::endpointer::{Look, SCORE_AGAIN, Score, wait_by_hints, wait_for_words};
use crate::fault::Fault;
use crate::reply::{Draft, Form, Live};
use crate::turn::{Core, STALL, State, Turn};
use crate::voice::{Answer, Attempt, Part, Phase, VoiceTurn, Words, is_taken, join};
use crate::{Action, Ending, Mono, Pass, Span, Why};

/// Smart Turn looks at no more than this.
const SCORED: Duration = Duration::from_secs(8);

/// What became of a turn.
enum Outcome {
    /// Nothing new.
    Waits,
    /// Something new; look again.
    Moved,
    /// It is answered by this draft.
    Answered(Box<Draft>),
    /// Somebody else takes these words.
    Taken(String),
    /// Nobody said anything.
    Empty,
    /// Its transcript is late.
    Late,
}

impl Turn {
    /// Looks whether the pause of the open turn has become its end, and what can be done for it.
    pub(super) fn settle_turn(&mut self, out: &mut Vec<Action>) -> bool {
        let State::Listening { turn, .. } = &mut self.state else {
            return false;
        };
        let outcome = self.core.settle(turn, out);
        match outcome {
            Outcome::Waits => return false,
            Outcome::Moved => return true,
            Outcome::Answered(_) | Outcome::Taken(_) | Outcome::Empty | Outcome::Late => {}
        }
        let State::Listening { mut turn, writing } =
            std::mem::replace(&mut self.state, State::Resting)
        else {
            return false;
        };
        let core = &mut self.core;
        core.taken_to = core.taken_to.max(turn.spoken_to);
        match outcome {
            Outcome::Answered(draft) => {
                if let Some(written) = writing {
                    written.cut(Ending::Interrupted, core.faults, out);
                }
                out.push(Action::ShowTranscript {
                    text: draft.user_text.clone(),
                    last: true,
                    from: turn.from,
                    to: turn.spoken_to,
                });
                let about = (turn.spoken_to, None);
                let on_hold = core.begins_on_hold();
                let live = Live::release(*draft, core.now, about, on_hold, &core.config, out);
                self.state = State::Replying(live);
                return true;
            }
            Outcome::Taken(text) => {
                out.push(Action::ShowTranscript {
                    text: text.clone(),
                    last: true,
                    from: turn.from,
                    to: turn.spoken_to,
                });
                if let Some(attempt) = turn.attempt() {
                    core.command(attempt.reply, text, (turn.spoken_to, None), true, out);
                }
                turn.phase = Phase::Speaking;
                core.drop_turn(&mut turn, out);
            }
            Outcome::Empty => {
                if let Some(attempt) = turn.attempt() {
                    out.push(Action::Disregard {
                        reply: attempt.reply,
                        tag: None,
                        why: Why::NoWords,
                    });
                }
                turn.phase = Phase::Speaking;
                core.drop_turn(&mut turn, out);
            }
            Outcome::Late => {
                let mut parts = std::mem::take(&mut turn.parts);
                if let Some(attempt) = turn.attempt() {
                    let known = match &attempt.words {
                        Words::Known(text) => Some(text.clone()),
                        _ => None,
                    };
                    if known.is_some() {
                        out.push(Action::Cancel {
                            reply: attempt.reply,
                        });
                    }
                    parts.push(Part {
                        reply: attempt.reply,
                        text: known,
                        taken: attempt.taken,
                    });
                }
                if core.faults.has(Fault::LateTranscriptLost) {
                    for part in parts.iter().filter(|part| part.text.is_none()) {
                        out.push(Action::Cancel { reply: part.reply });
                    }
                } else {
                    let level_db = turn.tail.loudest_db();
                    let may_be_hers = core.may_be_hers(turn.spoken_to, level_db);
                    let said = may_be_hers.then(|| core.said_last.clone());
                    core.owe((parts, said), turn.spoken_to, out);
                }
            }
            Outcome::Waits | Outcome::Moved => {}
        }
        self.state = writing.map_or(State::Resting, State::Replying);
        true
    }
}

impl Core {
    /// When to look at an open turn again although no window came.
    pub(super) fn turn_timer(&self, turn: &VoiceTurn) -> Option<Mono> {
        if self.is_stirring() && !matches!(turn.phase, Phase::Speaking) {
            return Some(self.ear.at() + STALL);
        }
        match &turn.phase {
            Phase::Speaking => Some(self.ear.at() + STALL),
            Phase::Pausing(None) => Some(
                (turn.spoken_to + self.config.speculate_after + STALL).max(self.ear.at() + STALL),
            ),
            Phase::Pausing(Some(attempt)) => {
                let wait = self.longest_wait(turn, attempt);
                let noise = attempt.words == Words::Known(String::new()) && turn.parts.is_empty();
                let wait = match (self.is_hands_free(), noise) {
                    (true, _) => wait,
                    (false, true) => self.config.wait_unsure,
                    (false, false) => self.config.longest_turn,
                };
                Some(turn.spoken_to + wait + STALL)
            }
            Phase::Over { attempt, since } => {
                let ready = matches!(&attempt.answer, Answer::Draft(_));
                ready.then(|| *since + self.config.commit_hold)
            }
        }
    }

    /// When the transcript of a decided turn is late.
    pub(super) fn late_timer(&self, turn: &VoiceTurn) -> Option<Mono> {
        match &turn.phase {
            Phase::Over { attempt, since } if !words_known(turn, attempt) => {
                Some(*since + self.config.transcript_patience)
            }
            _ => None,
        }
    }

    /// The turn ends here because its person says so.
    pub(super) fn commit(&mut self, turn: &mut VoiceTurn, out: &mut Vec<Action>) {
        if let Phase::Speaking = turn.phase {
            turn.phase = Phase::Pausing(None);
        }
        if let Phase::Pausing(attempt) = &mut turn.phase {
            let attempt = match attempt.take() {
                Some(attempt) => attempt,
                None => self.begin_attempt(turn, out),
            };
            turn.phase = Phase::Over {
                attempt,
                since: self.now,
            };
        }
    }

    fn settle(&mut self, turn: &mut VoiceTurn, out: &mut Vec<Action>) -> Outcome {
        if self.is_stirring() && !self.faults.has(Fault::ReleasesIntoSpeech) {
            return Outcome::Waits;
        }
        if !self.hears() && !matches!(turn.phase, Phase::Over { .. }) {
            // Closed while she was held, say: nothing more can come.
            self.commit(turn, out);
            return Outcome::Moved;
        }
        match &mut turn.phase {
            Phase::Speaking => {
                if self.now < self.ear.at() + STALL {
                    return Outcome::Waits;
                }
                self.ear.rest();
                turn.phase = Phase::Pausing(None);
                Outcome::Moved
            }
            Phase::Pausing(attempt) => {
                let silence = self.silence_since(turn.spoken_to);
                let Some(mut attempt) = attempt.take() else {
                    if silence < self.config.speculate_after {
                        return Outcome::Waits;
                    }
                    let attempt = self.begin_attempt(turn, out);
                    turn.phase = Phase::Pausing(Some(attempt));
                    return Outcome::Moved;
                };
                if !self.is_hands_free() {
                    // The button says when it ends; but a noise need not wait for the button, and
                    // a button that was forgotten does not hold the floor for good.
                    let noise =
                        attempt.words == Words::Known(String::new()) && turn.parts.is_empty();
                    let forgotten = silence >= self.config.longest_turn;
                    if (noise && silence >= self.config.wait_unsure) || forgotten {
                        turn.phase = Phase::Over {
                            attempt,
                            since: self.now,
                        };
                        return Outcome::Moved;
                    }
                    turn.phase = Phase::Pausing(Some(attempt));
                    return Outcome::Waits;
                }
                let wait = self.wait_so_far(turn, &attempt);
                if silence >= self.longest_wait(turn, &attempt) {
                    turn.phase = Phase::Over {
                        attempt,
                        since: self.now,
                    };
                    return Outcome::Moved;
                }
                self.work_ahead(turn, &mut attempt, (silence, wait), out);
                turn.phase = Phase::Pausing(Some(attempt));
                Outcome::Waits
            }
            Phase::Over { .. } => self.finish_turn(turn, out),
        }
    }

    /// The pause that ends this turn, come what may. Words that are still to come may show that it
    /// is not over; without them no answer can begin, so waiting for them costs nothing.
    fn longest_wait(&self, turn: &VoiceTurn, attempt: &Attempt) -> Duration {
        let wait = self.wait_so_far(turn, attempt);
        match attempt.words {
            Words::Known(_) | Words::Failed => wait,
            Words::Unasked | Words::Asked | Words::AskedAgain => {
                wait.max(wait_for_words(&self.config))
            }
        }
    }

    /// The pause that would end this turn if nothing more became known.
    fn wait_so_far(&self, turn: &VoiceTurn, attempt: &Attempt) -> Duration {
        let wait = wait_by_hints(&self.config, attempt.score, attempt.look());
        if turn.tail.is_rising() {
            wait.max(self.config.wait_rising)
        } else {
            wait
        }
    }

    /// Asks what can be known about a turn that may be over.
    fn begin_attempt(&mut self, turn: &mut VoiceTurn, out: &mut Vec<Action>) -> Attempt {
        self.drop_partials(turn, out);
        let reply = self.new_reply();
        let mut attempt = Attempt {
            reply,
            asked: false,
            score: Score::Missing,
            rescored: 0,
            scores_open: 0,
            words: Words::Unasked,
            taken: false,
            answer: Answer::None,
            spent: Duration::ZERO,
        };
        if self.is_hands_free() {
            attempt.score = Score::Pending;
            self.ask_score(turn, &mut attempt, out);
        }
        if self.budget.may_speculate(self.now) || turn.took_floor || turn.is_unheard() {
            self.ask_words(turn, &mut attempt, out);
        }
        attempt
    }

    fn ask_score(&self, turn: &VoiceTurn, attempt: &mut Attempt, out: &mut Vec<Action>) {
        attempt.asked = true;
        attempt.scores_open += 1;
        let to = self.heard_to(turn);
        let from = turn.from.max(to - SCORED);
        out.push(Action::ScoreTurn {
            reply: attempt.reply,
            from,
            to,
        });
    }

    /// Up to where the open part is listened to: not into a hold that followed it.
    fn heard_to(&self, turn: &VoiceTurn) -> Mono {
        if turn.was_on_hold {
            turn.spoken_to
        } else {
            self.ear.at().max(turn.spoken_to)
        }
    }

    fn ask_words(&self, turn: &VoiceTurn, attempt: &mut Attempt, out: &mut Vec<Action>) {
        attempt.asked = true;
        attempt.words = match attempt.words {
            Words::Failed => Words::AskedAgain,
            _ => Words::Asked,
        };
        let span = Span::Mic {
            from: turn.part_from,
            to: self.heard_to(turn),
        };
        out.push(Action::Transcribe {
            reply: attempt.reply,
            span,
            pass: Pass::Final,
        });
    }

    /// What may be done before the end is decided.
    fn work_ahead(
        &mut self,
        turn: &VoiceTurn,
        attempt: &mut Attempt,
        (silence, wait): (Duration, Duration),
        out: &mut Vec<Action>,
    ) {
        let best = match attempt.score {
            Score::Best(best) => best,
            Score::Pending | Score::Missing => 0.0,
        };
        if let Some(after) = SCORE_AGAIN.get(attempt.rescored)
            && silence >= *after
        {
            attempt.rescored += 1;
            if attempt.scores_open == 0 && best < self.config.sure_at {
                self.ask_score(turn, attempt, out);
            }
        }
        let needed = best >= self.config.sure_at || silence >= wait;
        if attempt.words == Words::Unasked && (needed || self.budget.may_speculate(self.now)) {
            self.ask_words(turn, attempt, out);
        }
        let soon = silence + self.config.prepare_lead >= wait;
        let likely = best >= self.config.prepare_at && attempt.look() != Look::Open;
        if (soon || likely) && self.budget.may_speculate(self.now) {
            self.prepare(turn, attempt, out);
        }
    }

    /// Starts the answer if all words are known and none is on its way.
    fn prepare(&mut self, turn: &VoiceTurn, attempt: &mut Attempt, out: &mut Vec<Action>) {
        let Words::Known(last) = &attempt.words else {
            return;
        };
        if !turn.parts_known() || !matches!(attempt.answer, Answer::None) {
            return;
        }
        if self.is_taken(turn, attempt) {
            return;
        }
        let text = self.with_late_words(turn.text_with(last));
        if !text.is_empty() {
            let draft = Draft::prepare(attempt.reply, text, Form::Spoken, out);
            attempt.answer = Answer::Draft(Box::new(draft));
        }
    }

    /// Whether somebody else takes all that was said in this turn.
    fn is_taken(&self, turn: &VoiceTurn, attempt: &Attempt) -> bool {
        let last = match &attempt.words {
            Words::Known(text) => text.as_str(),
            _ => "",
        };
        let parts = turn.parts.iter().map(Part::words);
        is_taken(parts.chain([(last, attempt.taken)])) && !self.faults.has(Fault::CommandsAnswered)
    }

    /// `text` behind the words of late turns that came meanwhile.
    pub(super) fn with_late_words(&self, text: String) -> String {
        let late: Vec<String> = self
            .asks
            .iter()
            .filter(|ask| ask.is_late() && !ask.is_taken())
            .filter_map(Ask::words)
            .collect();
        join(late.iter().map(String::as_str).chain([text.as_str()]))
    }

    /// The end is decided: releases the answer once it is there.
    fn finish_turn(&mut self, turn: &mut VoiceTurn, out: &mut Vec<Action>) -> Outcome {
        let Phase::Over { mut attempt, since } =
            std::mem::replace(&mut turn.phase, Phase::Speaking)
        else {
            return Outcome::Waits;
        };
        let outcome = self.finish_attempt(turn, &mut attempt, since, out);
        turn.phase = Phase::Over { attempt, since };
        outcome
    }

    fn finish_attempt(
        &mut self,
        turn: &mut VoiceTurn,
        attempt: &mut Attempt,
        since: Mono,
        out: &mut Vec<Action>,
    ) -> Outcome {
        let late = self.now >= since + self.config.transcript_patience;
        let last = match &attempt.words {
            Words::Unasked => {
                self.ask_words(turn, attempt, out);
                return Outcome::Moved;
            }
            Words::Failed => {
                // What failed for one attempt may succeed for the next: it is the last chance.
                out.push(Action::Cancel {
                    reply: attempt.reply,
                });
                attempt.reply = self.new_reply();
                self.ask_words(turn, attempt, out);
                return Outcome::Moved;
            }
            Words::Asked | Words::AskedAgain if late => return Outcome::Late,
            Words::Asked | Words::AskedAgain => return Outcome::Waits,
            Words::Known(_) if !turn.parts_known() => {
                return if late { Outcome::Late } else { Outcome::Waits };
            }
            Words::Known(last) => last.clone(),
        };
        let text = turn.text_with(&last);
        if text.is_empty() {
            return Outcome::Empty;
        }
        if self.is_taken(turn, attempt) {
            let level_db = turn.tail.loudest_db();
            let is_hers = self.is_hers(turn.spoken_to, level_db, &text, &self.said_last);
            return if is_hers && !self.faults.has(Fault::HerVoiceCommands) {
                Outcome::Empty
            } else {
                Outcome::Taken(text)
            };
        }
        let text = self.with_late_words(text);
        let hold = match &attempt.answer {
            Answer::Draft(draft) if draft.user_text == text => {
                !draft.has_something() && self.now < since + self.config.commit_hold
            }
            Answer::None => {
                self.prepare(turn, attempt, out);
                return Outcome::Moved;
            }
            Answer::Draft(_) | Answer::Failed => {
                out.push(Action::Cancel {
                    reply: attempt.reply,
                });
                attempt.reply = self.new_reply();
                let failed = matches!(attempt.answer, Answer::Failed);
                let draft = Draft::prepare(attempt.reply, text, Form::Spoken, out);
                attempt.answer = Answer::Draft(Box::new(draft));
                // After a failure the next one must be seen, so nothing is held back any more.
                !failed
            }
        };
        if hold {
            return Outcome::Waits;
        }
        match std::mem::replace(&mut attempt.answer, Answer::None) {
            Answer::Draft(draft) => {
                for ask in self.asks.take_late().iter().filter(|ask| ask.has_worked()) {
                    out.push(Action::Cancel { reply: ask.reply });
                }
                Outcome::Answered(draft)
            }
            Answer::None | Answer::Failed => Outcome::Waits,
        }
    }

    /// Words that are still to come are waited for beside the conversation.
    pub(super) fn owe(
        &mut self,
        (parts, said): (Vec<Part>, Option<String>),
        spoken_to: Mono,
        out: &mut Vec<Action>,
    ) {
        let open = parts
            .last()
            .filter(|last| last.text.is_none())
            .map(|last| last.reply);
        let reply = match open {
            Some(reply) => reply,
            None => self.new_reply(),
        };
        let lost_at = Some(self.now + self.config.reply_patience);
        let ask = Ask {
            reply,
            body: Body::Late { parts, said },
            at: spoken_to,
            lost_at,
        };
        if let Err(refused) = self.asks.push(ask) {
            self.give_up(*refused, Why::TooMany, out);
        }
    }
}

fn words_known(turn: &VoiceTurn, attempt: &Attempt) -> bool {
    matches!(attempt.words, Words::Known(_)) && turn.parts_known()
}

/// Throws the running attempt away; what it cost counts as waste.
pub(super) fn end_attempt(core: &mut Core, turn: &mut VoiceTurn, out: &mut Vec<Action>) {
    if let Some(attempt) = turn.attempt() {
        if attempt.asked {
            out.push(Action::Cancel {
                reply: attempt.reply,
            });
        }
        core.budget.waste(core.now, attempt.spent);
    }
    turn.phase = Phase::Speaking;
}
