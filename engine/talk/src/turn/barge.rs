//! Speech over her voice, in two steps: she is held at once, then it is judged what it was.
//!
//! ```text
//!  speech ≥ barge_onset ──▶ Pause ── words, or still speaking after barge_judge ──▶ Flush, new turn
//!                             └───── over, and a nod, an echo or no words at all ──▶ Resume
//! ```
//!
//! Never resumes while somebody speaks. When in doubt the person has the floor.

use std::time::Duration;

use crate::backchannel::{Meaning, asks_for_floor, judge};
use crate::echo::SILENCE_DB;
use crate::fault::Fault;
use crate::turn::{Core, Mic, STALL, State, Turn};
use crate::voice::{Phase, VoiceTurn};
use crate::{Action, Ending, Input, MicMode, Mono, Pass, Stage};

/// Speech that a transcript needs to say anything.
const FIRST_LOOK: Duration = Duration::from_millis(320);
/// New speech before it is looked at again.
const NEXT_LOOK: Duration = Duration::from_millis(224);
/// A sound shorter than this is a click or a cough when nothing could be made of it.
const SHORTEST_WORD: Duration = Duration::from_millis(224);
/// Up to this much sound, words that go on behind it may be the beginning of a nod.
const EARLY_LOOK: Duration = Duration::from_millis(640);
/// A sound up to this long that only perhaps was words was a hum.
const LONGEST_HUM: Duration = Duration::from_millis(700);
/// Somebody who only began a sentence has this long to go on with it.
const THINKING: Duration = Duration::from_millis(480);
/// A person who has been silent for this long at the judgement has perhaps only nodded.
const FADING: Duration = Duration::from_millis(32);
/// With the microphone this far behind the clock, what was said since is not known: it stutters, as
/// on a busy machine or a bad line, and is waited for as long as that (or until it has stalled).
const STUTTER: Duration = Duration::from_millis(100);
/// Words that are still on their way at `barge_judge` are waited for up to this many times it,
const PATIENCE: u32 = 2;
/// and this many when the sound is over: nobody is kept from speaking, and without these words no
/// answer to it could begin either. A slow machine needs the time.
const PATIENCE_AFTER: u32 = 4;

/// What is known of the sound that held her.
#[derive(Debug)]
pub(super) struct Judgement {
    /// When she was held.
    since: Mono,
    /// Where the speech began, without pre-roll.
    speech_from: Mono,
    /// Mean level of its windows.
    level_db: f32,
    windows: f32,
    /// The last verdict, and up to which sample it reaches.
    verdict: Option<(Meaning, Mono)>,
    /// The verdict is words, from so little sound that more may turn them into a nod.
    unsure: bool,
    /// The transcript could not be made.
    failed: bool,
    /// What is not known by now comes too late.
    hurried: bool,
}

impl Judgement {
    /// How loud the sound is.
    pub(super) fn level_db(&self) -> f32 {
        self.level_db
    }
}

enum Ruling {
    Open,
    GoOn,
    Yield,
}

impl Turn {
    /// A window while she answers.
    pub(super) fn on_window_over_reply(&mut self, level_db: f32, out: &mut Vec<Action>) {
        let core = &mut self.core;
        let State::Replying(live) = &self.state else {
            return;
        };
        let held = if live.sounds() {
            core.config.barge_onset
        } else {
            core.config.onset
        };
        if core.ear.running() < held {
            return;
        }
        let turn = core.open_turn(level_db);
        self.speech_over_reply(turn, level_db, out);
    }

    /// A turn that began while she answers: she is held, or only listened over if she writes.
    pub(super) fn speech_over_reply(
        &mut self,
        turn: VoiceTurn,
        level_db: f32,
        out: &mut Vec<Action>,
    ) {
        let core = &mut self.core;
        let State::Replying(mut live) = std::mem::replace(&mut self.state, State::Resting) else {
            return;
        };
        if !live.is_spoken() {
            self.state = State::Listening {
                turn,
                writing: Some(live),
            };
            return;
        }
        if matches!(
            core.mic,
            Mic::Open {
                mode: MicMode::PushToTalk,
                ..
            }
        ) {
            // Whoever holds the button talks to her.
            core.said_last = live.said_last();
            live.cut(Ending::Interrupted, core.faults, out);
            self.state = State::Listening {
                turn,
                writing: None,
            };
            return;
        }
        live.hold(out);
        let judgement = Judgement {
            since: core.now,
            speech_from: turn.partials.upto,
            level_db,
            windows: if level_db > SILENCE_DB { 1.0 } else { 0.0 },
            verdict: None,
            unsure: false,
            failed: false,
            hurried: false,
        };
        self.state = State::Held {
            live,
            turn,
            judgement,
        };
    }

    /// A window while she is held.
    pub(super) fn on_window_held(&mut self, level_db: f32, out: &mut Vec<Action>) {
        let State::Held {
            turn, judgement, ..
        } = &mut self.state
        else {
            return;
        };
        let core = &mut self.core;
        if core.ear.voiced_from().is_some() {
            turn.spoken_to = core.ear.at();
            judgement.windows += 1.0;
            judgement.level_db += (level_db - judgement.level_db) / judgement.windows;
        }
        core.look(turn, judgement, out);
    }

    /// A transcript of the sound that held her.
    pub(super) fn on_overheard(&mut self, input: Input, out: &mut Vec<Action>) {
        let State::Held {
            live,
            turn,
            judgement,
        } = &mut self.state
        else {
            return;
        };
        match input {
            Input::Partial { text, doubtful, .. } if turn.partials.open.take().is_some() => {
                let far_over = self.core.echo.is_far_over(judgement.level_db);
                let echo_counts = self.core.faults.has(Fault::EchoTakenForPerson);
                let mut meaning = judge(&text, &live.saying(), far_over);
                let asks = asks_for_floor(&text);
                let spoken = turn.spoken_to.since(judgement.speech_from);
                if meaning == Meaning::Words && doubtful && !asks && spoken <= LONGEST_HUM {
                    meaning = Meaning::Backchannel;
                }
                if meaning == Meaning::Backchannel && self.core.faults.has(Fault::NodsInterrupt) {
                    meaning = Meaning::Words;
                }
                if meaning == Meaning::Echo && echo_counts {
                    meaning = Meaning::Words;
                }
                let upto = turn.partials.upto;
                turn.listened_to = upto;
                judgement.verdict = Some((meaning, upto));
                // Cut in mid-word, "mm-hm" reads as anything: the rest has to be heard first.
                let early = upto.since(judgement.speech_from) < EARLY_LOOK;
                judgement.unsure = meaning == Meaning::Words && early && !asks;
                self.core.look(turn, judgement, out);
            }
            Input::Failed {
                stage: Stage::Transcribe,
                ..
            } => {
                turn.partials.open = None;
                judgement.failed = true;
            }
            _ => {}
        }
    }

    /// Decides what the sound was, as soon as it can be known and no later than it may.
    pub(super) fn settle_barge(&mut self, out: &mut Vec<Action>) -> bool {
        let State::Held {
            turn, judgement, ..
        } = &mut self.state
        else {
            return false;
        };
        if self.core.faults.has(Fault::HeldForever) {
            return false;
        }
        self.core.look(turn, judgement, out);
        match self.core.rule(turn, judgement) {
            Ruling::Open => false,
            Ruling::Yield => {
                self.yield_floor(out);
                true
            }
            Ruling::GoOn => {
                self.resume(out);
                true
            }
        }
    }

    /// The sound that holds her, if one does, is judged by what is known of it.
    pub(super) fn judge_at_once(&mut self, out: &mut Vec<Action>) {
        if let State::Held { judgement, .. } = &mut self.state {
            judgement.hurried = true;
            self.settle_barge(out);
        }
    }

    fn yield_floor(&mut self, out: &mut Vec<Action>) {
        self.cut_live(Ending::Interrupted, out);
        if let State::Listening { turn, .. } = &mut self.state
            && self.core.ear.voiced_from().is_none()
        {
            turn.phase = Phase::Pausing(None);
        }
    }

    fn resume(&mut self, out: &mut Vec<Action>) {
        let State::Held {
            mut live,
            mut turn,
            judgement,
        } = std::mem::replace(&mut self.state, State::Resting)
        else {
            return;
        };
        match judgement.verdict {
            Some((Meaning::Echo | Meaning::Nothing, _)) | None => {
                self.core.echo.blame(judgement.level_db);
            }
            Some((Meaning::Backchannel | Meaning::Begun | Meaning::Words, _)) => {}
        }
        self.core.drop_turn(&mut turn, out);
        if !self.core.is_on_hold() || self.core.faults.has(Fault::JudgementEndsHold) {
            live.resume(self.core.now, &self.core.config, out);
        }
        self.state = State::Replying(live);
    }
}

impl Core {
    pub(super) fn judge_timer(&self, judgement: &Judgement) -> Option<Mono> {
        if self.faults.has(Fault::HeldForever) {
            return None;
        }
        let first = judgement.since + self.config.barge_judge;
        let last = judgement.since + self.config.barge_judge * PATIENCE;
        let after = judgement.since + self.config.barge_judge * PATIENCE_AFTER;
        Some(if self.now < first {
            first
        } else if self.now >= last {
            after
        } else if self.stutters() {
            last.min(self.ear.at() + STALL)
        } else {
            last
        })
    }

    /// Whether windows are late, but not so late that there are none.
    fn stutters(&self) -> bool {
        (STUTTER..STALL).contains(&self.now.since(self.ear.at()))
    }

    /// Asks for the words of the sound when there is something new to hear.
    fn look(&mut self, turn: &mut VoiceTurn, judgement: &Judgement, out: &mut Vec<Action>) {
        if turn.partials.open.is_some() || judgement.failed || judgement.hurried {
            return;
        }
        let covered = turn.partials.upto;
        let enough = match judgement.verdict {
            None => turn.spoken_to.since(judgement.speech_from) >= FIRST_LOOK,
            Some(_) => turn.spoken_to.since(covered) >= NEXT_LOOK,
        };
        let ended = self.has_ended(turn);
        let rest = judgement.verdict.is_none() || turn.spoken_to > covered;
        if (enough && !ended) || (ended && rest) {
            self.ask_partial_now(turn, Pass::Overheard, out);
        }
    }

    /// Whether the sound is over: silence as long as the one that starts speculation.
    fn has_ended(&self, turn: &VoiceTurn) -> bool {
        !self.is_stirring() && self.silence_since(turn.spoken_to) >= self.config.speculate_after
            || !self.hears()
    }

    /// Whether somebody is heard to fall silent just now.
    fn fades(&self, turn: &VoiceTurn) -> bool {
        let stalled = self.now.since(self.ear.at()) >= STALL;
        !stalled && self.silence_since(turn.spoken_to) >= FADING
    }

    fn rule(&self, turn: &VoiceTurn, judgement: &Judgement) -> Ruling {
        let ended = self.has_ended(turn);
        let short = turn.spoken_to.since(judgement.speech_from) <= SHORTEST_WORD;
        let held = self.now.since(judgement.since);
        let open = turn.partials.open.is_some();
        let patience = if ended && open && !short {
            PATIENCE_AFTER
        } else {
            PATIENCE
        };
        let overdue = judgement.hurried || held >= self.config.barge_judge * patience;
        let due = overdue || (held >= self.config.barge_judge && !self.stutters());
        let verdict = judgement
            .verdict
            .map(|(meaning, upto)| (meaning, upto >= turn.spoken_to));
        match verdict {
            Some((Meaning::Words, all)) if judgement.unsure && !(ended && all) && !overdue => {
                if due && !open && !self.fades(turn) {
                    Ruling::Yield
                } else {
                    Ruling::Open
                }
            }
            Some((Meaning::Words, _)) => Ruling::Yield,
            Some((Meaning::Backchannel, _))
                if !ended && self.faults.has(Fault::ResumesIntoSpeech) =>
            {
                Ruling::GoOn
            }
            Some((Meaning::Begun, true)) if ended => {
                let thought = self.silence_since(turn.spoken_to) >= THINKING;
                if thought || overdue {
                    Ruling::GoOn
                } else {
                    Ruling::Open
                }
            }
            Some((_, true)) if ended => Ruling::GoOn,
            _ if judgement.failed && ended && short => Ruling::GoOn,
            _ if judgement.failed && (ended || due) => Ruling::Yield,
            // The last words are on their way; so far there were none that matter.
            Some(_) if open && !overdue => Ruling::Open,
            None if ended && open && !overdue => Ruling::Open,
            None if ended && short && overdue => Ruling::GoOn,
            // Falling silent just now: whether it was a nod is known with the last words.
            _ if due && !overdue && self.fades(turn) => Ruling::Open,
            _ if due => Ruling::Yield,
            _ => Ruling::Open,
        }
    }
}
