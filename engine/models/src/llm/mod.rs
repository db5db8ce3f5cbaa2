//! The language model: a GGUF file of the Llama, Qwen or Gemma family, answering conversations.
//!
//! The way of a question: [`Message`]s → prompt (chat template, token ids) → slot (whose cache
//! holds the longest known beginning) → blocks through the network → one token a step → text
//! that is sure to be shown. Decides nothing about the conversation itself; keeps no text beyond
//! the ids in its slots, which [`Llm::forget`] erases, and the system prompts that all share.

mod bpe;
mod calendar;
mod check;
mod family;
mod generation;
mod gguf;
mod gguf_head;
mod kinds;
mod manners;
mod message;
mod model;
mod net;
mod pass;
mod prompt;
mod sampler;
mod shape;
mod slots;
mod spm;
mod template;
mod text_out;
mod tokens;

pub use check::check;
pub use generation::{Finish, Generation, LlmStep, Prefill, Usage};
pub use message::{Message, Role};
pub use model::{Llm, LlmOptions};
pub use sampler::Sampling;
