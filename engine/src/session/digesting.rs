//! Has the beginning of a long conversation summed up while nothing else is to be done.

use std::sync::Arc;
use std::time::Duration;

use janet_models::llm;
use janet_talk::Mono;

use super::answering::{Answer, Answering};
use super::core::Core;
use super::digest::Plan;
use super::jobs::{AnswerJob, Ask, Asking, ForgetJob, Outbox, Waits};
use crate::arbiter::Ticket;
use crate::ports::Question;

/// There is no hurry: whatever else waits goes first.
const WITHIN: Duration = Duration::from_secs(60);
/// The summary's place in the language model's cache is not the conversation's.
const APART: u64 = 1 << 63;

impl Core {
    /// Begins a summary where one is due and it is quiet; gives it up when a turn begins.
    pub(super) fn pump_digest(&mut self, now: Mono) {
        if !self.is_idle() {
            self.disturb_digest(now);
            return;
        }
        if !self.digest.is_quiet(now) {
            return;
        }
        // The own model may have been made for less than the setting allows.
        let context_tokens = match self.model.ask(self.parts.server.as_ref()) {
            Some(_) => self.parts.config.context_tokens,
            None => self.parts.models.llm.context_tokens(),
        };
        self.digest.reckon_with(context_tokens);
        let Some(plan) = self.digest.due(&self.history, &*self.parts.gate) else {
            return;
        };
        match self.ask_for(&plan) {
            Some(ticket) => self.digest.begin(&plan, ticket),
            None => self.digest.put_off(now),
        }
    }

    /// Something happens: what is being summed up is given up.
    pub(super) fn disturb_digest(&mut self, now: Mono) {
        self.digest.disturb(now);
        if self.digest.stop() {
            // Its place is free before somebody asks for it.
            self.parts.submit.sweep();
            self.forget_digest();
        }
    }

    /// Erases what the own model's cache holds of a summary that has ended.
    pub(super) fn forget_digest(&self) {
        let job = ForgetJob {
            models: self.parts.models.clone(),
            owner: self.number | APART,
        };
        if let Err(error) = self
            .parts
            .submit
            .submit(Box::new(job), WITHIN, Arc::new(|| {}))
        {
            // It is overwritten when another conversation gets the slot.
            tracing::debug!(%error, "a summary's cache is not erased at once");
        }
    }

    fn is_idle(&self) -> bool {
        let asks = self.llm_lane.as_ref().is_some_and(|(_, t)| !t.has_ended());
        !self.is_stopped
            && self.live.is_empty()
            && self.llm_waiting.is_empty()
            && self.uploads.is_empty()
            && self.shared.commands.is_empty()
            && !asks
    }

    /// Asks whoever would answer: the language server if one is up and wanted, else the own model if
    /// it has a place to spare.
    fn ask_for(&self, plan: &Plan) -> Option<Ticket> {
        let config = &self.parts.config;
        if let Some((server, model)) = self.model.ask(self.parts.server.as_ref()) {
            let (answering, ticket) = Answering::new(&self.shared, plan.reply, Answer::default());
            let question = Question {
                model: model.map(str::to_owned),
                messages: plan.messages.clone(),
                context_tokens: config.context_tokens,
                temperature: 0.0,
                seed: config.seed,
                top_p: None,
                max_tokens: None,
                stop: Vec::new(),
            };
            server.ask(question, answering);
            return Some(ticket);
        }
        let place = (self.parts.llm_places).take_spare(usize::from(config.llm_slots > 1))?;
        let job = AnswerJob {
            out: Outbox::new(&self.shared, plan.reply),
            models: self.parts.models.clone(),
            owner: self.number | APART,
            sampling: llm::Sampling::greedy(plan.max_tokens),
            run: Asking::Begin(Ask::OwnAnswer(plan.messages.clone())),
            waits: Waits::Nobody,
            _place: place,
        };
        let shared = Arc::clone(&self.shared);
        let wake = Arc::new(move || shared.poke());
        self.parts.submit.submit(Box::new(job), WITHIN, wake).ok()
    }
}
