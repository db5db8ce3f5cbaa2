//! Carries out what the conversation asks for, one action at a time, in order.

use std::sync::Arc;
use std::time::Duration;

use janet_models::llm;
use janet_talk::{Action, Ending, Input, Mono, Pass, ReplyId, Span, Stage, UtteranceId, Why};

use super::answering::{Answer, Answering};
use super::core::Core;
use super::jobs::{AnswerJob, Ask, Asking, Begin, Outbox, SpeechJob, TurnJob, Waits};
use super::live::Live;
use crate::arbiter::{Job, Ticket};
use crate::ports::Question;
use crate::{Cause, Event, Mark};

/// Messages that are kept for the prompt: more than the largest context holds of short ones.
const HISTORY_MESSAGES: usize = 256;

/// Within what a job should be done; orders jobs of one class among sessions.
const SCORE_WITHIN: Duration = Duration::from_millis(100);
const FINAL_WITHIN: Duration = Duration::from_millis(200);
const PARTIAL_WITHIN: Duration = Duration::from_millis(800);
const ANSWER_WITHIN: Duration = Duration::from_millis(300);

impl Core {
    pub(super) fn obey(&mut self, now: Mono, action: Action) {
        match action {
            Action::ScoreTurn { reply, from, to } => {
                let pcm = self.ear.mic.cut(from, to);
                let job = TurnJob {
                    out: Outbox::new(&self.shared, reply),
                    models: self.parts.models.clone(),
                    run: Begin::with(pcm),
                };
                self.start(reply, Box::new(job), SCORE_WITHIN, Stage::Turn);
            }
            Action::Transcribe { reply, span, pass } => self.transcribe(reply, span, pass),
            Action::Prefill { reply, text } => {
                self.live.entry(reply).or_insert_with(Live::new);
                let ask = Ask::Prefill(self.digest.prompt(&self.history), text);
                self.llm_waiting
                    .retain(|(_, ask)| !matches!(ask, Ask::Prefill(..)));
                self.llm_waiting.push_back((reply, ask));
            }
            Action::Prepare { reply, text } => {
                let live = self.live.entry(reply).or_insert_with(Live::new);
                live.user_text.clone_from(&text);
                let mut messages = self.digest.prompt(&self.history);
                messages.push(llm::Message::new(llm::Role::User, &text));
                // A running prefill is overtaken: its cache is used as far as it got.
                self.llm_waiting
                    .retain(|(_, ask)| !matches!(ask, Ask::Prefill(..)));
                if let Some((running, ticket)) = &self.llm_lane
                    && !self.live.get(running).is_some_and(|live| live.released)
                {
                    ticket.cancel();
                }
                self.ask_with_memory(now, reply, messages);
            }
            Action::Speak {
                reply,
                phrase,
                text,
            } => {
                let live = self.live.entry(reply).or_insert_with(Live::new);
                live.phrases.push_back((phrase, text));
            }
            Action::Release {
                reply,
                user_text,
                speech_end,
                tag,
            } => {
                self.release(now, reply, user_text, speech_end, tag);
            }
            Action::Cancel { reply } => {
                self.llm_waiting.retain(|(waiting, _)| *waiting != reply);
                if let Some(live) = self.live.get_mut(&reply) {
                    live.cancel();
                    if !live.released {
                        self.live.remove(&reply);
                    }
                }
            }
            Action::Enough { reply } => {
                if let Some((running, ticket)) = &self.llm_lane
                    && *running == reply
                {
                    ticket.cancel();
                }
            }
            Action::Pause => self.pause(now),
            Action::Resume => self.resume(),
            Action::Flush => self.flush(now),
            Action::ShowTranscript {
                text,
                last,
                from,
                to,
            } => self.tell(Event::Transcript {
                text,
                last,
                start_ms: from.as_millis(),
                end_ms: to.as_millis(),
            }),
            Action::ShowDelta { reply, text } => self.tell(Event::Delta { reply, text }),
            Action::ShowVoice { reply, voice } => self.tell(Event::Speaking { reply, voice }),
            Action::Finish {
                reply,
                text,
                shown,
                ending,
            } => {
                self.finish(reply, text, shown, ending);
            }
            Action::Disregard { reply, tag, why } => {
                let failed = self
                    .live
                    .get(&reply)
                    .is_some_and(|live| live.cause.is_some());
                // Nothing failed, it took too long: there is too much to do.
                let why = match why {
                    Why::Failed if !failed => Why::TooMany,
                    why => why,
                };
                self.forget(reply);
                if let Some(tag) = tag {
                    self.uploads.remove(&UtteranceId(tag));
                    self.spoken_tags.retain(|spoken| *spoken != tag);
                }
                self.tell(Event::Disregarded { tag, why });
            }
            Action::RedThread { by_voice } => self.red_thread(now, by_voice),
            Action::Command {
                reply,
                user_text,
                tag,
                spoken,
                ..
            } => self.command(reply, user_text, tag, spoken),
            Action::Announce {
                reply,
                id,
                text,
                spoken,
            } => self.announce(now, (reply, id), text, spoken),
            Action::AnnouncementOver {
                reply,
                id,
                text,
                heard,
            } => self.announcement_over(reply, id, text, heard),
            Action::Idle => self.tell(Event::Idle),
        }
    }

    fn transcribe(&mut self, reply: ReplyId, span: Span, pass: Pass) {
        let pcm = match span {
            Span::Mic { from, to } => self.ear.mic.cut(from, to),
            // Taken out: an upload is transcribed once.
            Span::Upload(id) => self.uploads.remove(&id).unwrap_or_default(),
        };
        let within = match pass {
            Pass::Partial | Pass::Overheard => PARTIAL_WITHIN,
            Pass::Final => {
                self.speculations += 1;
                FINAL_WITHIN
            }
        };
        let job = SpeechJob {
            out: Outbox::new(&self.shared, reply),
            models: self.parts.models.clone(),
            gate: self.parts.gate.clone(),
            pass,
            voiced: matches!(span, Span::Mic { .. }),
            run: Begin::with(pcm),
        };
        self.start(reply, Box::new(job), within, Stage::Transcribe);
    }

    /// Submits a job for an attempt; when the queue is full the stage has failed.
    pub(super) fn start(
        &mut self,
        reply: ReplyId,
        job: Box<dyn Job>,
        within: Duration,
        stage: Stage,
    ) -> Option<Ticket> {
        let shared = self.shared.clone();
        let live = self.live.entry(reply).or_insert_with(Live::new);
        live.tickets.retain(|ticket| !ticket.has_ended());
        match self
            .parts
            .submit
            .submit(job, within, Arc::new(move || shared.poke()))
        {
            Ok(ticket) => {
                live.tickets.push(ticket.clone());
                Some(ticket)
            }
            Err(error) => {
                tracing::warn!(%reply, ?stage, %error, "a job was refused");
                self.inputs.push_back(Input::Failed { reply, stage });
                None
            }
        }
    }

    fn release(
        &mut self,
        now: Mono,
        reply: ReplyId,
        user_text: String,
        speech_end: Mono,
        tag: Option<u32>,
    ) {
        let speak = match tag {
            None => true,
            Some(tag) => self.spoken_tags.contains(&tag),
        };
        self.spoken_tags.retain(|spoken| Some(*spoken) != tag);
        let is_heard = self.line.is_some() && self.looped.is_none();
        let as_file = speak && (!is_heard || tag.is_some() && !self.ear.is_open());
        let live = self.live.entry(reply).or_insert_with(Live::new);
        live.released = true;
        live.tag = tag;
        live.user_text.clone_from(&user_text);
        live.speech_end = Some(speech_end);
        live.mark(Mark::Decision, now);
        if as_file {
            live.file = Some(Vec::new());
        }
        self.remember(llm::Message::new(llm::Role::User, &user_text));
        self.tell(Event::Released {
            reply,
            user_text,
            tag,
            speak,
        });
    }

    fn finish(&mut self, reply: ReplyId, text: String, shown: String, ending: Ending) {
        let Some(mut live) = self.live.remove(&reply) else {
            return;
        };
        live.cancel();
        if !text.trim().is_empty() {
            let mut message = llm::Message::new(llm::Role::Assistant, &text);
            // The tokens as generated: as many as agree with the text are found in the cache.
            message.ids = live.generated.take().map(Into::into);
            self.remember(message);
        }
        let ledger = live.ledger(std::mem::take(&mut self.speculations));
        ledger.measure();
        self.tell(Event::Finished {
            reply,
            tag: live.tag,
            user_text: live.user_text,
            text,
            shown,
            ending,
            ledger,
            sound_rate_hz: live.rate_hz,
            sound: live.file.take(),
            cause: (ending == Ending::Failed).then(|| live.cause.unwrap_or(Cause::Late)),
        });
    }

    /// Adds a message; what no prompt could hold any more is dropped, oldest first.
    pub(super) fn remember(&mut self, message: llm::Message) {
        self.history.push(message);
        let over = self.history.len().saturating_sub(HISTORY_MESSAGES);
        // The first is the system's and stays.
        self.history.drain(1..=over);
        self.digest.remembered(over);
    }

    pub(super) fn forget(&mut self, reply: ReplyId) {
        self.llm_waiting.retain(|(waiting, _)| *waiting != reply);
        if let Some(mut live) = self.live.remove(&reply) {
            live.cancel();
        }
    }

    /// Starts the next job of the language model and of the voice where their lanes are free.
    pub(super) fn pump_models(&mut self) {
        self.pump_llm();
        self.pump_voice();
        while let Some(input) = self.inputs.pop_front() {
            let now = Mono(self.shared.now_micros());
            self.feed(now, input);
        }
    }

    fn pump_llm(&mut self) {
        if let Some((_, ticket)) = &self.llm_lane
            && ticket.is_cancelled()
            && !ticket.has_ended()
            && !self.llm_waiting.is_empty()
        {
            self.parts.submit.sweep();
        }
        if self
            .llm_lane
            .as_ref()
            .is_some_and(|(_, ticket)| !ticket.has_ended())
        {
            return;
        }
        self.llm_lane = None;
        if self.llm_waiting.is_empty() || self.ask_server() {
            self.llm_number = None;
            return;
        }
        // No place free: another session's answer is on. Tried again at the next tick.
        let config = &self.parts.config;
        let ahead = matches!(self.llm_waiting.front(), Some((_, Ask::Prefill(..))));
        let places = &self.parts.llm_places;
        let place = if ahead {
            // Work ahead of time leaves a place for somebody who waits.
            self.llm_number = None;
            places.take_spare(usize::from(config.llm_slots > 1))
        } else {
            let number = self.llm_number.get_or_insert_with(|| places.line_up());
            number.take()
        };
        let Some(place) = place else {
            return;
        };
        self.llm_number = None;
        let Some((reply, ask)) = self.llm_waiting.pop_front() else {
            return;
        };
        let seed = config.seed ^ u64::from(reply.0);
        let sampling = if config.temperature > 0.0 {
            let (temperature, max_tokens) = (config.temperature, config.max_tokens);
            llm::Sampling {
                temperature,
                max_tokens,
                seed,
                ..llm::Sampling::default()
            }
        } else {
            llm::Sampling::greedy(config.max_tokens)
        };
        let job = AnswerJob {
            out: Outbox::new(&self.shared, reply),
            models: self.parts.models.clone(),
            owner: self.number,
            sampling,
            run: Asking::Begin(ask),
            waits: Waits::Session,
            _place: place,
        };
        self.llm_lane = self
            .start(reply, Box::new(job), ANSWER_WITHIN, Stage::Generate)
            .map(|ticket| (reply, ticket));
    }

    /// Hands what waits first to the language server, if one is up and wanted and it is something
    /// for it.
    fn ask_server(&mut self) -> bool {
        let Some((server, model)) = self.model.ask(self.parts.server.as_ref()) else {
            return false;
        };
        let (server, model) = (Arc::clone(server), model.map(str::to_owned));
        match self.llm_waiting.pop_front() {
            Some((reply, Ask::Answer(messages))) => {
                let config = &self.parts.config;
                let question = Question {
                    model,
                    messages: messages.clone(),
                    context_tokens: config.context_tokens,
                    temperature: config.temperature,
                    seed: config.seed ^ u64::from(reply.0),
                    top_p: None,
                    max_tokens: None,
                    stop: Vec::new(),
                };
                let (answering, ticket) = Answering::new(&self.shared, reply, Answer::default());
                let live = self.live.entry(reply).or_insert_with(Live::new);
                live.asked = Some(messages);
                live.tickets.push(ticket.clone());
                self.llm_lane = Some((reply, ticket));
                server.ask(question, answering);
                true
            }
            // Its cache is its own; what comes after a prefill asks for itself.
            Some((_, Ask::Prefill(..))) => true,
            Some(own) => {
                self.llm_waiting.push_front(own);
                false
            }
            None => false,
        }
    }
}
