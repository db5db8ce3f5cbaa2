//! What the engine needs from outside, as narrow traits.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use janet_models::llm::Message;

pub use crate::session::{Answer, Answering, Delegated, Failure, Speech, Voicing, Work};

/// Classifies text before it reaches a prompt, the cache, storage or a log.
pub trait Gate: Send + Sync {
    /// The text with every secret span replaced by `[secret]`. Under 1 ms.
    fn redact<'a>(&self, text: &'a str) -> Cow<'a, str>;
}

/// A language model that runs in another process.
///
/// The engine prefers it to its own while it is up; an answer of which not a word came is made by
/// its own model instead.
pub trait LanguageServer: Send + Sync {
    /// Whether it is worth asking now, for the model that it is configured to answer with or for
    /// another by its name. Called often; must not block.
    fn is_up(&self, model: Option<&str>) -> bool;

    /// Begins an answer and returns at once. Text and the end come through `to`, from any thread.
    fn ask(&self, question: Question, to: Answering);
}

/// What a [`LanguageServer`] is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Which of its models; `None`: the one that it is configured to answer with.
    pub model: Option<String>,
    /// The conversation, the system's message first and the user's last.
    pub messages: Vec<Message>,
    /// What the conversation may fill of the model's context, in tokens.
    pub context_tokens: usize,
    /// 0 is greedy.
    pub temperature: f32,
    /// Seed of sampling.
    pub seed: u64,
    /// Only the likeliest tokens that together reach this probability; `None`: the server's choice.
    pub top_p: Option<f32>,
    /// Tokens of the answer at most; `None`: as is configured for the server.
    pub max_tokens: Option<usize>,
    /// The answer ends before any of these texts.
    pub stop: Vec<String>,
}

/// A voice that runs in another process.
///
/// The engine prefers it to its own while it is up; a phrase that it does not speak to the end is
/// spoken by its own voice instead, and so is the rest of that reply.
pub trait SpeechServer: Send + Sync {
    /// Whether it is worth asking now: this voice of it, or the one that it is configured to speak
    /// with. Called often; must not block.
    fn is_up(&self, voice: Option<&str>) -> bool;

    /// Begins to speak and returns at once. Sound and the end come through `to`, from any thread.
    fn speak(&self, phrase: Phrase, to: Voicing);
}

/// What a [`SpeechServer`] is to say.
#[derive(Clone, PartialEq)]
pub struct Phrase {
    /// A phrase of an answer: a sentence, or a part of one.
    pub text: String,
    /// 1 is the voice's own pace, 2 twice as fast.
    pub speed: f32,
    /// Which of its voices; `None`: the one that is configured.
    pub voice: Option<String>,
}

impl fmt::Debug for Phrase {
    /// Says nothing of what is said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phrase")
            .field("bytes", &self.text.len())
            .field("speed", &self.speed)
            .finish_non_exhaustive()
    }
}

/// Takes words of the user that are no question to her: an answer to somebody else's question, an order
/// that is carried out elsewhere.
pub trait Attendant: Send + Sync {
    /// Whether it takes these words, which are all that was said or typed. They are not answered then; it
    /// is told by [`Event::Command`](crate::Event::Command) once it is certain that they were said. Asked
    /// once for each transcript, also for those of turns that go on. Pure, under 1 ms.
    fn takes(&self, words: &str) -> bool;
}

/// What is remembered of the user from conversations before.
pub trait Memory: Send + Sync {
    /// What a language model should know to answer these words, as it is put before them; `None`: nothing
    /// that matters. Asked on a worker, in the time in which somebody waits for the answer: 30 ms at most.
    fn recall(&self, words: &str) -> Option<String>;
}

/// What runs in other processes and is preferred to the engine's own while it is up.
#[derive(Clone, Default)]
pub struct Servers {
    /// A language model.
    pub language: Option<Arc<dyn LanguageServer>>,
    /// A voice.
    pub speech: Option<Arc<dyn SpeechServer>>,
}
