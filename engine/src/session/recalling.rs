//! What is remembered of the user, put before the words that it matters to.
//!
//! Asked once the words of an attempt are known, in a job of its own, and before whoever answers; it is
//! part of that one prompt and of nothing else. Without an answer in time, or with too much of one, the
//! words are answered alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use janet_models::llm::Message;
use janet_talk::{Mono, ReplyId, Stage};

use super::core::Core;
use super::jobs::{Ask, Outbox};
use super::posted::What;
use crate::arbiter::{Class, Job, Outcome};
use crate::ports::{Gate, Memory};

/// Later than this it is of no use: somebody waits.
const PATIENCE: Duration = Duration::from_millis(400);
/// Orders the job among others of its class.
const WITHIN: Duration = Duration::from_millis(100);

/// A prompt that waits for what is remembered.
pub(super) struct Recalling {
    messages: Vec<Message>,
    until: Mono,
}

/// Asks the memory.
struct RecallJob {
    out: Outbox,
    memory: Arc<dyn Memory>,
    gate: Arc<dyn Gate>,
    words: Option<String>,
}

impl Job for RecallJob {
    fn class(&self) -> Class {
        Class::Token
    }

    fn step(&mut self) -> Outcome {
        if !self.out.send() {
            return Outcome::Again;
        }
        let began = Instant::now();
        if let Some(words) = self.words.take() {
            let recalled = self.memory.recall(&words);
            metrics::histogram!("janet_recall_seconds").record(began.elapsed().as_secs_f64());
            let recalled = recalled.map(|text| self.gate.redact(&text).into_owned());
            self.out.post(What::Recalled(recalled));
        }
        let outcome = self.out.end();
        self.out.spend(false, began, outcome)
    }
}

impl Core {
    /// Asks for an answer to the last of these messages, by way of the memory if there is one.
    pub(super) fn ask_with_memory(&mut self, now: Mono, reply: ReplyId, messages: Vec<Message>) {
        let words = messages.last().map(|message| message.text.clone());
        let (Some(memory), Some(words)) = (self.memory.clone(), words) else {
            self.llm_waiting.push_back((reply, Ask::Answer(messages)));
            return;
        };
        let job = RecallJob {
            out: Outbox::new(&self.shared, reply),
            memory,
            gate: self.parts.gate.clone(),
            words: Some(words),
        };
        let until = now + PATIENCE;
        if let Some(live) = self.live.get_mut(&reply) {
            live.recalling = Some(Recalling { messages, until });
        }
        // Refused, the whole stage has failed: the language model would have been refused as well.
        self.start(reply, Box::new(job), WITHIN, Stage::Generate);
    }

    /// The memory has answered.
    pub(super) fn take_recalled(&mut self, reply: ReplyId, recalled: Option<String>) {
        let live = self.live.get_mut(&reply);
        let Some(Recalling { mut messages, .. }) = live.and_then(|live| live.recalling.take())
        else {
            return;
        };
        if let (Some(text), Some(last)) = (recalled, messages.last_mut()) {
            put_before(&text, last, self.parts.config.context_tokens);
        }
        self.llm_waiting.push_back((reply, Ask::Answer(messages)));
    }

    /// Whoever has waited too long for the memory is answered without it.
    pub(super) fn hurry_recalls(&mut self, now: Mono) {
        let is_late = |recalling: &Recalling| now >= recalling.until;
        let late: Vec<ReplyId> = self
            .live
            .iter()
            .filter(|(_, live)| live.recalling.as_ref().is_some_and(is_late))
            .map(|(reply, _)| *reply)
            .collect();
        for reply in late {
            metrics::counter!("janet_recall_late_total").increment(1);
            self.take_recalled(reply, None);
        }
    }
}

/// Puts what is remembered before the user's words, in their message: not every template takes two
/// messages of one side in a row, or a word of the system's in between. Unless both together would take
/// more than about a third of the context.
fn put_before(recalled: &str, words: &mut Message, context_tokens: usize) {
    let recalled = recalled.trim();
    // A token is three bytes or more.
    if !recalled.is_empty() && recalled.len() + words.text.len() <= context_tokens {
        words.text = format!("{recalled}\n\n{}", words.text);
    }
}

#[cfg(test)]
mod tests {
    use janet_models::llm::Role;

    use super::*;

    #[test]
    fn what_is_remembered_stands_before_the_words_unless_it_is_too_much() {
        for (recalled, context_tokens, expected) in [
            ("She likes tea.", 100, "She likes tea.\n\nWhat now?"),
            (" \n", 100, "What now?"),
            ("She likes tea.", 23, "She likes tea.\n\nWhat now?"),
            ("She likes tea.", 22, "What now?"),
        ] {
            let mut words = Message::new(Role::User, "What now?");
            put_before(recalled, &mut words, context_tokens);
            assert_eq!(words.text, expected, "{context_tokens}");
        }
    }
}
