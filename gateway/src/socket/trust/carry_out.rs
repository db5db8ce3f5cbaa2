//! What becomes of the operator's orders about her memory, and what she says of it.

use std::sync::Arc;

use janet_protocol::{ErrorCode, MemoryVerb, TrustEvent, WireError};
use janet_vault::green::EntryId;
use tokio::sync::oneshot;

use super::consent::blocking;
use super::distil::Wished;
use super::state::LastMemory;
use crate::trust::{Asker, Trust, as_memory};

/// Memories that she tells of at once.
const TOLD_AT_ONCE: usize = 5;

/// What became of an order.
pub(in crate::socket) struct Carried {
    /// What she says.
    pub(super) say: String,
    /// What clients are told besides.
    pub(super) events: Vec<TrustEvent>,
}

impl Carried {
    /// With what clients are told besides.
    pub(super) fn told(say: impl Into<String>, event: TrustEvent) -> Self {
        Self {
            say: say.into(),
            events: vec![event],
        }
    }

    pub(super) fn said(text: impl Into<String>) -> Self {
        Self {
            say: text.into(),
            events: Vec::new(),
        }
    }
}

/// What an order needs to be carried out.
pub(super) struct Ordered {
    pub(super) trust: Arc<Trust>,
    pub(super) asker: Asker,
    /// The turn of the conversation that it is.
    pub(super) turn: u64,
    pub(super) last: LastMemory,
}

/// An order about memory that she carries out.
pub(super) enum Work {
    /// To remember these words.
    Words(String),
    /// To remember what is worth it of what was said last, or else those words.
    LastTurn(Wished, String),
    /// To ask what is to be remembered of the whole conversation.
    Conversation(Wished),
    /// There is nothing to remember yet.
    NothingSaid,
    /// To forget what fits these words best.
    Forget(String),
    /// To forget what was remembered in the turn before, once what is under way has ended.
    ForgetThat(Vec<oneshot::Receiver<()>>),
    /// The same, where nothing was to be remembered in the first place.
    Never(Vec<oneshot::Receiver<()>>),
    /// To tell what is known.
    Recall,
}

impl Ordered {
    pub(super) async fn carry_out(self, work: Work) -> Carried {
        let done = match work {
            Work::Words(text) => self.remember(as_memory(&text)).await,
            Work::LastTurn(wished, text) => self.remember_last(wished, text).await,
            Work::Conversation(wished) => self.remember_conversation(wished).await,
            Work::NothingSaid => Ok(Carried::said("There is nothing yet that I could remember.")),
            Work::Forget(topic) => self.forget_topic(topic).await,
            Work::ForgetThat(before) => {
                ended(before).await;
                self.forget_that().await
            }
            Work::Never(before) => {
                ended(before).await;
                // What was remembered of it just now goes; the rest is left out of what is read.
                match self.last.of_turn_before(self.turn) {
                    Some(ids) => self.forget_all_of(ids).await,
                    None => Ok(Carried::said("I won't keep it.")),
                }
            }
            Work::Recall => self.recall().await,
        };
        done.unwrap_or_else(|error| Carried::said(error.message))
    }

    async fn remember(&self, text: String) -> Result<Carried, WireError> {
        let asker = self.asker.clone();
        let remembered = self
            .trust
            .remember(asker, text.into(), "you asked me to remember it");
        let (id, receipt) = remembered.await?;
        self.last.set(vec![id], self.turn);
        let event = TrustEvent::MemoryResult {
            action: MemoryVerb::Remember,
            success: true,
            message: "Remembered.".into(),
            id: Some(id.to_string()),
            receipt_id: Some(receipt.receipt_id),
            proof: None,
        };
        Ok(Carried::told("I'll remember that.", event))
    }

    async fn remember_last(&self, wished: Wished, words: String) -> Result<Carried, WireError> {
        let Some(kept) = wished.commanded(as_memory(&words)).await? else {
            return Ok(Carried::said("I remember that already."));
        };
        self.last.set(kept.ids.clone(), self.turn);
        Ok(Carried {
            say: kept.said(),
            events: kept.events(),
        })
    }

    async fn remember_conversation(&self, wished: Wished) -> Result<Carried, WireError> {
        match wished.asked(None).await {
            Ok(Some(kept)) => {
                self.last.set(kept.ids.clone(), self.turn);
                Ok(Carried {
                    say: kept.said(),
                    events: kept.events(),
                })
            }
            Ok(None) => Ok(Carried::said(
                "I found nothing new in it that is worth remembering.",
            )),
            Err(error) if error.code == ErrorCode::NotConsented => {
                Ok(Carried::said("Then I remember nothing of it."))
            }
            Err(error) => Err(error),
        }
    }

    async fn forget_topic(&self, topic: String) -> Result<Carried, WireError> {
        match self.trust.best_memory(topic.into()).await? {
            Some(id) => self.forget_all_of(vec![id]).await,
            None => Ok(Carried::said("I remember nothing about that.")),
        }
    }

    /// Only what the turn before was about is meant for sure.
    async fn forget_that(&self) -> Result<Carried, WireError> {
        if let Some(ids) = self.last.of_turn_before(self.turn) {
            return self.forget_all_of(ids).await;
        }
        let newest = match self.last.any() {
            Some(id) => self.trust.memory_text(&self.asker, id).await?,
            None => None,
        };
        Ok(match newest {
            Some(text) => Carried::said(format!(
                "I am not sure what you mean. What I remembered last is this: {} To have me forget \
                 something, say \"forget that\" and what it is.",
                text.expose()
            )),
            None => Carried::said("I have remembered nothing here that I could forget."),
        })
    }

    async fn forget_all_of(&self, ids: Vec<EntryId>) -> Result<Carried, WireError> {
        let mut carried = Carried::said("Forgotten.");
        for id in ids {
            let forgotten = self.trust.forget(self.asker.clone(), id).await?;
            let event = super::memory::forgot(MemoryVerb::Forget, Some(id), forgotten);
            carried.events.push(event);
        }
        self.last.clear();
        Ok(carried)
    }

    async fn recall(&self) -> Result<Carried, WireError> {
        // What the other soul was told is not said here.
        let (trust, conversation) = (self.trust.clone(), self.asker.conversation);
        let soul = blocking(move || trust.living_soul(conversation)).await?;
        let page = self.trust.memories(Some(soul), None, TOLD_AT_ONCE);
        let (memories, total) = page.await?;
        if memories.is_empty() {
            return Ok(Carried::said(
                "Nothing: you have not asked me to remember anything yet.",
            ));
        }
        let mut say = String::from("This is what you asked me to remember. ");
        for memory in &memories {
            say.push_str(memory.text.expose());
            say.push(' ');
        }
        let more = total.saturating_sub(memories.len() as u64);
        if more > 0 {
            say.push_str(&format!("And {more} more, which you can see in my memory."));
        }
        Ok(Carried::said(say.trim_end()))
    }
}

/// Resolves when each of these has ended, however it did.
pub(super) async fn ended(works: Vec<oneshot::Receiver<()>>) {
    for work in works {
        work.await.ok();
    }
}
