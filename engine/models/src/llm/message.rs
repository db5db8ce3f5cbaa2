//! What a conversation consists of, as the model is told.

use std::sync::Arc;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The rules of the conversation.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// The name in chat templates.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub text: String,
    /// The ids as they were generated ([`super::Usage::generated`]), which spare the cache a
    /// second encoding that might differ. They may go further than `text` (an answer that was
    /// cut): as many are used as agree with it.
    pub ids: Option<Arc<[u32]>>,
    /// From this byte on, what the system says is this conversation's alone (a note of what was
    /// said): no other's cache begins with it. `None`: conversations may share all of it.
    pub own_from: Option<usize>,
}

impl Message {
    /// A message without ids.
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self {
            role,
            text: text.into(),
            ids: None,
            own_from: None,
        }
    }
}
