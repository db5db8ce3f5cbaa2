//! What Janet remembers, in her prompts, and by what model memories are found.

use std::sync::Arc;

use janet_engine::ports::Memory as Port;
use janet_models::embed::TextEmbedder;
use janet_vault::conversations::ConversationId;
use janet_vault::green::recall::{MOST_RECALLED, Room, block, relevant};
use janet_vault::green::{EmbedError, Embedder};

use super::Trust;
use super::memories::SPACE;
use crate::conversations::now_ms;

/// Candidates of which the best fit are taken.
const CANDIDATES: usize = 12;
/// Of a small model's context, about one part in eight.
const TOKENS: usize = 256;
/// Characters of English to a token, rather too few than too many.
const CHARACTERS_A_TOKEN: usize = 3;

/// Recalls in one of the operator's conversations: what the soul remembers in which it lives just then, and
/// nothing of the other one's.
pub(crate) struct Recall {
    pub(crate) trust: Arc<Trust>,
    pub(crate) conversation: ConversationId,
}

impl Port for Recall {
    fn recall(&self, words: &str) -> Option<String> {
        let trust = &self.trust;
        let pass = trust.red_thread.pass().ok()?;
        let soul = trust.living_soul(self.conversation);
        let hits = trust.memories.best(&pass, Some(soul), words, CANDIDATES);
        let hits = hits.inspect_err(|error| tracing::warn!(%error, "nothing can be recalled"));
        let hits = hits.ok()?;
        let room = Room {
            tokens: TOKENS,
            notes: MOST_RECALLED,
            offset_minutes: 0,
        };
        let tokens = |text: &str| text.chars().count().div_ceil(CHARACTERS_A_TOKEN);
        let recalled = block(relevant(&hits), room, now_ms(), &tokens)?;
        metrics::counter!("janet_memory_recalled_total").increment(recalled.entries.len() as u64);
        Some(recalled.text.into_exposed())
    }
}

/// The embedding model as the vault wants it.
pub(crate) struct Vectors(pub(crate) TextEmbedder);

impl Embedder for Vectors {
    fn dimensions(&self) -> usize {
        self.0.dimensions()
    }

    fn name(&self) -> &str {
        SPACE.0
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let failed = |error| EmbedError::Failed(Box::new(error));
        self.0.embed(texts).map_err(failed)
    }
}
