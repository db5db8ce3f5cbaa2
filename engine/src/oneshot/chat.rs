//! An answer to a conversation that somebody else keeps.

use std::sync::Arc;
use std::task::{Context, Poll};

use janet_models::{ModelError, llm};
use janet_talk::{Finish, ReplyId};

use super::inbox::Inbox;
use super::{REQUEST, Seat, WITHIN};
use crate::arbiter::Ticket;
use crate::ports::{Answer, Answering, Question};
use crate::session::{
    AnswerJob, Ask, Asking, Courtesy, ForgetJob, Number, Outbox, Place, Thoughts, Waits, What,
};
use crate::{Cause, EngineConfig, EngineError, ModelChoice};

/// Why was logged where it happened.
const FAILED: EngineError = EngineError::Failed { role: "llm" };

/// What is asked.
pub struct ChatAsk {
    /// The conversation, the last message usually the user's. One that begins without a message of
    /// the system's gets the configured one.
    pub messages: Vec<llm::Message>,
    /// Who answers.
    pub model: ModelChoice,
    /// 0 is greedy; `None`: as configured.
    pub temperature: Option<f32>,
    /// Only the likeliest tokens that together reach this probability.
    pub top_p: Option<f32>,
    /// The same seed gives the same answer; `None`: another one each time.
    pub seed: Option<u64>,
    /// Tokens of the answer at most; `None`: as many as there is room for.
    pub max_tokens: Option<usize>,
    /// The answer ends before any of these texts, of which none is empty.
    pub stop: Vec<String>,
}

/// What came of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatStep {
    /// Text that follows what came before.
    Text(String),
    /// That was all.
    Done {
        /// The model ended it itself, or a stop text came; else it was as long as it may be.
        complete: bool,
        /// What it cost; `None`: another process answered, which does not say it.
        usage: Option<ChatUsage>,
    },
}

/// What an answer cost, in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChatUsage {
    /// Of the prompt.
    pub prompt: usize,
    /// Those of them that were in the cache.
    pub cached: usize,
    /// Of the answer.
    pub answer: usize,
}

/// An answer on its way.
pub struct Chat {
    stage: Stage,
    inbox: Arc<Inbox>,
    owner: u64,
    sampling: llm::Sampling,
    thoughts: Thoughts,
    /// What is told next, and last.
    end: Option<ChatStep>,
    seat: Seat,
}

enum Stage {
    /// Waits for its turn among requests …
    Lined(Vec<llm::Message>, Number),
    /// … and then among everybody who wants a place of the language model's.
    Called(Vec<llm::Message>, Place, Number),
    /// It is being made.
    Answering(Ticket, By),
    /// The end was told.
    Over,
}

/// Who answers.
enum By {
    /// Another process; the own model is asked this instead while nothing was shown.
    Server(Option<Vec<llm::Message>>),
    /// The own model, in this turn.
    Own(Place),
}

impl Seat {
    /// Begins an answer. Refuses what does not fit; encodes the conversation for that, which takes
    /// milliseconds.
    pub fn chat(self, mut ask: ChatAsk) -> Result<Chat, EngineError> {
        let parts = self.parts();
        let messages = prepared(&self, std::mem::take(&mut ask.messages));
        let room = parts.models.llm.context_tokens();
        let sampling = sampling(&parts.config, &ask, room);
        let inbox = Arc::new(Inbox::default());
        let stage = match ask.model.ask(parts.server.as_ref()) {
            Some((server, model)) => {
                let question = Question {
                    model: model.map(str::to_owned),
                    messages: messages.clone(),
                    // Nothing is left out of what somebody else keeps: the server refuses it.
                    context_tokens: u32::MAX as usize,
                    temperature: sampling.temperature,
                    seed: sampling.seed,
                    top_p: ask.top_p,
                    max_tokens: ask.max_tokens,
                    stop: ask.stop,
                };
                let (answering, ticket) = Answering::new(&inbox, ReplyId(0), Answer::default());
                server.ask(question, answering);
                Stage::Answering(ticket, By::Server(Some(messages)))
            }
            None => {
                parts
                    .models
                    .llm
                    .fits(&messages)
                    .map_err(|error| EngineError::Refused {
                        field: "messages",
                        source: error.into(),
                    })?;
                Stage::Lined(messages, self.0.chats.line_up_told(inbox.waker()))
            }
        };
        Ok(Chat {
            owner: self.number() | REQUEST,
            thoughts: Thoughts::default(),
            end: None,
            stage,
            inbox,
            sampling,
            seat: self,
        })
    }
}

/// The conversation as the model gets it: without secrets, and with a message of the system's.
fn prepared(seat: &Seat, messages: Vec<llm::Message>) -> Vec<llm::Message> {
    let parts = seat.parts();
    let is_told = messages.first().map(|first| first.role) == Some(llm::Role::System);
    let configured = llm::Message::new(llm::Role::System, &*parts.system_prompt());
    let own = (!is_told).then_some(configured);
    let theirs = messages.into_iter().map(|message| llm::Message {
        text: parts.gate.redact(&message.text).into_owned(),
        // No other conversation's cache begins with what this one's system says.
        own_from: (message.role == llm::Role::System).then_some(0),
        ..message
    });
    own.into_iter().chain(theirs).collect()
}

/// How her own model answers it.
fn sampling(config: &EngineConfig, ask: &ChatAsk, room: usize) -> llm::Sampling {
    let temperature = ask.temperature.unwrap_or(config.temperature);
    let max_tokens = ask.max_tokens.unwrap_or(room);
    let mut sampling = if temperature > 0.0 {
        llm::Sampling {
            temperature,
            max_tokens,
            ..llm::Sampling::default()
        }
    } else {
        llm::Sampling::greedy(max_tokens)
    };
    sampling.seed = ask.seed.unwrap_or_else(|| fastrand::u64(..));
    sampling.stop.clone_from(&ask.stop);
    // At 0 the likeliest token alone is left.
    sampling.top_p = ask
        .top_p
        .map_or(sampling.top_p, |top_p| top_p.max(f32::MIN_POSITIVE));
    sampling
}

impl Chat {
    /// What comes next. After the end, and after an error, it is not polled any more.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<ChatStep, EngineError>> {
        self.inbox.listen(cx);
        loop {
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Lined(messages, number) => {
                    let Some(turn) = number.take() else {
                        self.stage = Stage::Lined(messages, number);
                        return Poll::Pending;
                    };
                    let places = &self.seat.parts().llm_places;
                    let number = places.line_up_told(self.inbox.waker());
                    self.stage = Stage::Called(messages, turn, number);
                }
                Stage::Called(messages, turn, number) => {
                    let Some(place) = number.take() else {
                        self.stage = Stage::Called(messages, turn, number);
                        return Poll::Pending;
                    };
                    let ticket = self.start(messages, place)?;
                    self.stage = Stage::Answering(ticket, By::Own(turn));
                }
                Stage::Answering(ticket, by) => {
                    // Looked at before the inbox: what came until the end is in there then.
                    let has_ended = ticket.has_ended();
                    let step = match (self.end.take(), self.inbox.take()) {
                        (Some(end), _) => Some(Ok(end)),
                        (None, Some(what)) => self.read(what),
                        (None, None) if has_ended => Some(Err(FAILED)),
                        (None, None) => {
                            self.stage = Stage::Answering(ticket, by);
                            return Poll::Pending;
                        }
                    };
                    match (step, by) {
                        (None, by) => self.stage = Stage::Answering(ticket, by),
                        (Some(Ok(ChatStep::Text(text))), by) => {
                            let by = match by {
                                By::Server(_) => By::Server(None),
                                By::Own(turn) => By::Own(turn),
                            };
                            self.stage = Stage::Answering(ticket, by);
                            return Poll::Ready(Ok(ChatStep::Text(text)));
                        }
                        // Not a word came of it.
                        (Some(_), By::Server(Some(messages))) => self.ask_own_instead(messages),
                        (Some(step), By::Server(None) | By::Own(_)) => return Poll::Ready(step),
                    }
                }
                Stage::Over => return Poll::Ready(Err(EngineError::Ended)),
            }
        }
    }

    /// What the owner is told of what a job brought; `None`: nothing.
    fn read(&mut self, what: What) -> Option<Result<ChatStep, EngineError>> {
        match what {
            What::Token(text) => {
                let text = self.thoughts.pass(&text);
                (!text.is_empty()).then_some(Ok(ChatStep::Text(text)))
            }
            What::Generated {
                finish,
                ids,
                cached,
                new,
            } => {
                let usage = (cached + new > 0).then_some(ChatUsage {
                    prompt: (cached + new) as usize,
                    cached: cached as usize,
                    answer: ids.len(),
                });
                let complete = finish == Finish::Complete;
                let done = ChatStep::Done { complete, usage };
                let rest = self.thoughts.end();
                if rest.is_empty() {
                    return Some(Ok(done));
                }
                self.end = Some(done);
                Some(Ok(ChatStep::Text(rest)))
            }
            What::Because(Cause::TooLong { tokens, limit }) => Some(Err(EngineError::Refused {
                field: "messages",
                source: ModelError::TooLong { tokens, limit }.into(),
            })),
            What::GaveWay => Some(Err(EngineError::GaveWay)),
            _ => Some(Err(FAILED)),
        }
    }

    /// Another process was asked and showed nothing.
    fn ask_own_instead(&mut self, messages: Vec<llm::Message>) {
        metrics::counter!("janet_llm_fallbacks_total").increment(1);
        self.thoughts = Thoughts::default();
        let number = self.seat.0.chats.line_up_told(self.inbox.waker());
        self.stage = Stage::Lined(messages, number);
    }

    fn start(&self, messages: Vec<llm::Message>, place: Place) -> Result<Ticket, EngineError> {
        let parts = self.seat.parts();
        let job = AnswerJob {
            out: Outbox::new(&self.inbox, ReplyId(0)),
            models: parts.models.clone(),
            owner: self.owner,
            sampling: self.sampling.clone(),
            run: Asking::Begin(Ask::Whole(messages)),
            waits: Waits::Request(Courtesy::new(&parts.llm_places)),
            _place: place,
        };
        let started = parts
            .submit
            .submit(Box::new(job), WITHIN, self.inbox.waker());
        started.map_err(|_| EngineError::QueueFull)
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        self.inbox.close();
        if let Stage::Answering(ticket, _) = &self.stage {
            ticket.cancel();
            // Its place is free before somebody asks for it.
            self.seat.parts().submit.sweep();
        }
        let forget = ForgetJob {
            models: self.seat.parts().models.clone(),
            owner: self.owner,
        };
        let submit = &self.seat.parts().submit;
        if let Err(error) = submit.submit(Box::new(forget), WITHIN, Arc::new(|| {})) {
            // It is overwritten when another conversation gets the slot.
            tracing::debug!(%error, "a request's cache is not erased at once");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(temperature: Option<f32>) -> ChatAsk {
        ChatAsk {
            messages: Vec::new(),
            model: ModelChoice::Own,
            temperature,
            top_p: Some(0.0),
            seed: Some(7),
            max_tokens: None,
            stop: vec!["\n".into()],
        }
    }

    #[test]
    fn what_is_not_said_is_as_configured() {
        let config = EngineConfig {
            temperature: 0.5,
            ..EngineConfig::default()
        };
        let usual = sampling(&config, &ask(None), 100);
        assert_eq!((usual.temperature, usual.max_tokens), (0.5, 100));
        assert_eq!((usual.seed, usual.stop), (7, vec!["\n".to_owned()]));
        assert!(usual.top_p > 0.0 && usual.top_p < 1e-6);
        let greedy = sampling(&config, &ask(Some(0.0)), 100);
        assert_eq!((greedy.temperature, greedy.repetition_penalty), (0.0, 1.0));
    }
}
