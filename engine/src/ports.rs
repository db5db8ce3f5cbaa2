//! What the engine needs from outside, as narrow traits.

use std::borrow::Cow;

use janet_models::llm::Message;

pub use crate::session::Answering;

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
    /// Whether it is worth asking now. Called often; must not block.
    fn is_up(&self) -> bool;

    /// Begins an answer and returns at once. Text and the end come through `to`, from any thread.
    fn ask(&self, question: Question, to: Answering);
}

/// What a [`LanguageServer`] is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The conversation, the system's message first and the user's last.
    pub messages: Vec<Message>,
    /// What the conversation may fill of the model's context, in tokens.
    pub context_tokens: usize,
    /// 0 is greedy.
    pub temperature: f32,
    /// Seed of sampling.
    pub seed: u64,
}
