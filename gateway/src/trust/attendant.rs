//! Which words of the operator are no question to a language model.

use std::sync::Arc;

use janet_engine::ports::Attendant as Port;
use janet_vault::conversations::ConversationId;
use janet_vault::desk::{Verdict, judge};

use super::{Trust, words};
use crate::souls::trigger;

/// Listens in one conversation of the operator's.
pub(crate) struct Attendant {
    pub(crate) trust: Arc<Trust>,
    pub(crate) conversation: ConversationId,
}

impl Port for Attendant {
    fn takes(&self, words: &str) -> bool {
        // An answer, where there is a question.
        if self.trust.is_asking_in(self.conversation) && judge(words) != Verdict::Unrelated {
            return true;
        }
        words::understood(words).is_some()
            || trigger(words).is_some()
            || janet_vault::red::sounds_like_the_safe_word(words)
    }
}
