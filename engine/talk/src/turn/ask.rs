//! Typed texts, uploads and late turns: who is answered when.
//!
//! A voice turn goes before what waits. A text that arrives while she answers cuts that answer; one
//! that arrived before it waits until it has ended. A late turn never cuts.

use std::time::Duration;

use crate::asks::{Ask, Body};

use crate::echo::SILENCE_DB;
use crate::fault::Fault;
use crate::reply::{Draft, Form, Live};
use crate::turn::{Core, State, Turn};
use crate::voice::VoiceTurn;
use crate::{Action, Ending, Input, Mono, Pass, ReplyId, Span, Stage, UtteranceId, Why};

/// A transcript that ends in the middle of a word may not hold it.
const LONGEST_WORD: Duration = Duration::from_millis(480);

impl Turn {
    pub(super) fn on_text(
        &mut self,
        text: String,
        speak: bool,
        (tag, taken): (u32, bool),
        out: &mut Vec<Action>,
    ) {
        let body = Body::Text {
            text,
            speak,
            tag,
            taken,
        };
        self.on_ask(body, None, out);
    }

    pub(super) fn on_utterance(
        &mut self,
        id: UtteranceId,
        speak: bool,
        tag: u32,
        out: &mut Vec<Action>,
    ) {
        let config = &self.core.config;
        let lost_at = self.core.now + config.transcript_patience + config.reply_patience;
        let body = Body::Upload {
            words: None,
            speak,
            tag,
            taken: false,
        };
        self.on_ask(body, Some((id, lost_at)), out);
    }

    fn on_ask(&mut self, body: Body, upload: Option<(UtteranceId, Mono)>, out: &mut Vec<Action>) {
        let reply = self.core.new_reply();
        let lost_at = upload.map(|(_, lost_at)| lost_at);
        let ask = Ask {
            reply,
            body,
            at: self.core.now,
            lost_at,
        };
        let blank = ask.words().is_some_and(|words| words.trim().is_empty());
        let refused = if matches!(self.state, State::Stopped) {
            Some(Why::RedThread)
        } else {
            blank.then_some(Why::NoWords)
        };
        if let Some(why) = refused {
            let tag = ask.tag();
            out.push(Action::Disregard { reply, tag, why });
            return;
        }
        if let Err(refused) = self.core.asks.push(ask) {
            if !self.core.faults.has(Fault::RefusedSilently) {
                out.push(Action::Disregard {
                    reply,
                    tag: refused.tag(),
                    why: Why::TooMany,
                });
            }
            return;
        }
        if let Some((id, _)) = upload {
            let span = Span::Upload(id);
            out.push(Action::Transcribe {
                reply,
                span,
                pass: Pass::Final,
            });
        }
        if let State::Held { .. } = self.state {
            self.cut_live(Ending::Interrupted, out);
        }
    }

    /// A transcript for something that waits.
    pub(super) fn on_asked(&mut self, input: Input, out: &mut Vec<Action>) {
        let (reply, text, taken, why) = match input {
            Input::Transcript { reply, text, taken } => (reply, text, taken, Why::NoWords),
            Input::Failed {
                reply,
                stage: Stage::Transcribe,
            } => (reply, String::new(), false, Why::Failed),
            _ => return,
        };
        let Some(ask) = self.core.asks.wanting(reply) else {
            return;
        };
        let own = ask.reply;
        ask.hear(reply, text.trim().to_owned(), taken);
        let empty = ask.words().is_some_and(|words| words.is_empty());
        if reply != own {
            out.push(Action::Cancel { reply });
        }
        if empty && let Some(ask) = self.core.asks.remove(own) {
            out.push(Action::Disregard {
                reply: own,
                tag: ask.tag(),
                why,
            });
        }
    }

    /// Answers the next request if the floor is free, gives up those whose words never came.
    pub(super) fn settle_asks(&mut self, out: &mut Vec<Action>) -> bool {
        let now = self.core.now;
        if let Some(lost) = self.core.asks.lost(now) {
            let own = lost.reply;
            let ended = lost.give_up_waiting();
            let worded = lost.words().is_some_and(|words| !words.is_empty());
            let own_ended = ended.contains(&own);
            out.extend(ended.into_iter().map(|reply| Action::Cancel { reply }));
            if !worded {
                if let Some(ask) = self.core.asks.remove(own) {
                    out.push(Action::Disregard {
                        reply: own,
                        tag: ask.tag(),
                        why: Why::Failed,
                    });
                }
            } else if own_ended {
                let reply = self.core.new_reply();
                self.core.asks.rename(own, reply);
            }
            return true;
        }
        let Some(next) = self.core.asks.next() else {
            return false;
        };
        let cuts = |live: &Live| !next.is_late() && next.at >= live.released;
        let noise = self.core.noise(&self.state);
        let free = match &self.state {
            State::Resting => !self.core.is_stirring(),
            State::Replying(live) => cuts(live),
            State::Listening { writing, .. } => {
                self.core.faults.has(Fault::TextOverSpeech)
                    || (noise.is_some() && writing.as_ref().is_none_or(cuts))
            }
            State::Held { .. } | State::Stopped => false,
        };
        let reply = next.reply;
        if !free {
            return false;
        }
        let Some(ask) = self.core.asks.remove(reply) else {
            return false;
        };
        if self.core.faults.has(Fault::OldReplyKept) {
            self.state = State::Resting;
        }
        self.cut_live(Ending::Interrupted, out);
        let taken_to = self.core.taken_to;
        if let State::Listening { .. } = self.state {
            self.forget_turn(out);
        }
        self.serve(ask, out);
        if let Some(heard_to) = noise {
            self.core.taken_to = taken_to.max(heard_to);
            let turn = VoiceTurn::new(heard_to, heard_to, self.core.ear.at());
            self.speech_over_reply(turn, SILENCE_DB, out);
        }
        true
    }

    fn serve(&mut self, ask: Ask, out: &mut Vec<Action>) {
        let Some(words) = ask.words() else { return };
        if ask.is_taken() && !self.core.faults.has(Fault::CommandsAnswered) {
            if ask.is_hers(&words) && !self.core.faults.has(Fault::HerVoiceCommands) {
                let (reply, tag, why) = (ask.reply, ask.tag(), Why::NoWords);
                out.push(Action::Disregard { reply, tag, why });
                return;
            }
            let spoken = !matches!(ask.body, Body::Text { .. });
            let about = (ask.at, ask.tag());
            self.core.command(ask.reply, words, about, spoken, out);
            return;
        }
        let draft = Draft::prepare(ask.reply, words, Form::new(ask.speak()), out);
        let about = (ask.at, ask.tag());
        let on_hold = self.core.begins_on_hold();
        let config = &self.core.config;
        let live = Live::release(draft, self.core.now, about, on_hold, config, out);
        self.state = State::Replying(live);
    }

    /// Drops the open turn; nothing of it is answered.
    pub(super) fn forget_turn(&mut self, out: &mut Vec<Action>) {
        match std::mem::replace(&mut self.state, State::Resting) {
            State::Listening { mut turn, writing } => {
                self.core.drop_turn(&mut turn, out);
                self.state = writing.map_or(State::Resting, State::Replying);
            }
            state => self.state = state,
        }
    }
}

impl Core {
    /// Up to where an open turn was listened to and is known to be no speech.
    ///
    /// Music or noise must not keep a person who types from being answered; what nobody listened
    /// to yet may be words all the same and stays to be heard.
    fn noise(&self, state: &State) -> Option<Mono> {
        let State::Listening { turn, .. } = state else {
            return None;
        };
        let noise = self.is_hands_free() && self.ear.voiced_from().is_some() && turn.is_wordless();
        noise.then(|| (turn.partials.upto - LONGEST_WORD).max(turn.from))
    }

    /// These words are for somebody else.
    pub(super) fn command(
        &self,
        reply: ReplyId,
        user_text: String,
        (speech_end, tag): (Mono, Option<u32>),
        spoken: bool,
        out: &mut Vec<Action>,
    ) {
        out.push(Action::Command {
            reply,
            user_text,
            speech_end,
            tag,
            spoken,
        });
    }

    /// A request that cannot be answered any more.
    pub(super) fn give_up(&mut self, mut ask: Ask, why: Why, out: &mut Vec<Action>) {
        let ended = ask.give_up_waiting();
        out.extend(ended.into_iter().map(|reply| Action::Cancel { reply }));
        out.push(Action::Disregard {
            reply: ask.reply,
            tag: ask.tag(),
            why,
        });
    }
}
