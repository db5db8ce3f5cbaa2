//! What the operator asks of her memory in words, and answers to her questions.

use std::sync::Arc;

use janet_engine::ports::{Attendant as Port, Memory};
use janet_protocol::{MemoryVerb, Private, Role, ServerMessage, TrustEvent, WireError};
use janet_vault::desk::{Again, ConsentId, Heard, Spoken, Written};
use janet_vault::green::EntryId;
use janet_vault::red::sounds_like_the_safe_word;

use crate::socket::connection::{Connection, Leave};
use crate::souls::trigger;
use crate::trust::{Asker, Attendant, Order, Recall, Trust, as_memory, understood};

/// Memories that she tells of at once.
const TOLD_AT_ONCE: usize = 5;

/// What becomes of an order.
pub(in crate::socket) struct Carried {
    /// What she says.
    say: String,
    /// What clients are told besides.
    event: Option<TrustEvent>,
    /// What was remembered.
    remembered: Option<EntryId>,
}

impl Carried {
    /// With what clients are told besides.
    pub(super) fn told(say: String, event: TrustEvent) -> Self {
        Self {
            say,
            event: Some(event),
            remembered: None,
        }
    }

    fn said(text: impl Into<String>) -> Self {
        Self {
            say: text.into(),
            event: None,
            remembered: None,
        }
    }
}

impl Connection {
    /// Who takes words that are no question to a language model: nobody for a guest.
    pub(in crate::socket) fn attendant(&self) -> Option<Arc<dyn Port>> {
        (self.role == Role::Operator).then(|| {
            let (trust, conversation) = (self.app.trust.clone(), self.seat.id());
            Arc::new(Attendant {
                trust,
                conversation,
            }) as _
        })
    }

    /// What is remembered, for prompts: a guest gets none of it.
    pub(in crate::socket) fn recall(&self) -> Option<Arc<dyn Memory>> {
        (self.role == Role::Operator).then(|| Arc::new(Recall(self.app.trust.clone())) as _)
    }

    /// Words that no language model answers. They are in the history by now.
    pub(in crate::socket) fn on_command(
        &mut self,
        words: String,
        spoken: bool,
    ) -> Result<(), Leave> {
        let text = Private::from(words);
        let (operator, conversation) = (self.operator().to_owned(), self.seat.id());
        let heard = if spoken {
            self.app.trust.spoken(Spoken {
                operator: &operator,
                conversation,
                words: &text,
                began_ms: self.trusted.words_began_ms,
            })
        } else {
            self.app.trust.written(Written {
                operator: &operator,
                conversation,
                words: &text,
            })
        };
        if heard == Heard::Taken {
            // Where it was not clear she asks once more.
            if !self.app.trust.is_asking_in(conversation) {
                self.say("All right.");
            }
            return Ok(());
        }
        if sounds_like_the_safe_word(text.expose()) {
            self.say(
                "That sounded like a safe word. It is typed, never spoken; I have not kept it.",
            );
            return Ok(());
        }
        if let Some(wish) = trigger(text.expose()) {
            self.transfer_by_words(wish);
            return Ok(());
        }
        let Some(order) = understood(text.expose()) else {
            return Ok(());
        };
        if order == Order::Never {
            // "Remember that" is not to find it later.
            self.trusted.last_said = None;
        }
        let (trust, asker) = (self.app.trust.clone(), self.asker());
        let before = self.trusted.last_said.clone();
        let last = self.trusted.last_memory;
        let work = async move { carry_out(trust, asker, order, before, last).await };
        if let Err(error) = self.trusted.pending.carry_out(work) {
            self.say(&error.message);
        }
        Ok(())
    }

    /// An order was carried out, or not.
    pub(in crate::socket) fn on_carried(&mut self, carried: Carried) -> Result<(), Leave> {
        if let Some(id) = carried.remembered {
            self.trusted.last_memory = Some(id);
        }
        if let Some(event) = carried.event {
            self.outbound.text(ServerMessage::Trust(event))?;
        }
        self.say(&carried.say);
        Ok(())
    }

    /// Says something of her own.
    pub(super) fn say(&mut self, text: &str) {
        self.trusted.announced += 1;
        if let Some(session) = &self.session {
            session.announce(text, self.trusted.announced).ok();
        }
    }

    /// Says a question of the desk's.
    pub(super) fn ask_aloud(&mut self, id: ConsentId, prompt: &str, again: Option<Again>) {
        let before = match again {
            None => "",
            Some(Again::Unclear) => "I need a yes or a no. ",
            Some(Again::TooSoon) => "Let me finish the question first. ",
            Some(Again::NotByVoice) => "A voice is not enough for this; please click. ",
        };
        self.say(&format!("{before}{prompt}"));
        self.trusted.asked_aloud = Some((self.trusted.announced, id));
    }

    /// An announcement is over.
    pub(in crate::socket) fn on_announced(&mut self, id: u32, heard: bool) {
        if let Some((asked, consent)) = self.trusted.asked_aloud
            && asked == id
        {
            self.trusted.asked_aloud = None;
            if heard {
                self.app.trust.prompt_played(consent);
            }
        }
    }
}

async fn carry_out(
    trust: Arc<Trust>,
    asker: Asker,
    order: Order,
    before: Option<String>,
    last: Option<EntryId>,
) -> Carried {
    let done = match order {
        Order::Remember(text) => remember(&trust, asker, as_memory(&text)).await,
        Order::RememberThat => match before {
            Some(text) => remember(&trust, asker, as_memory(&text)).await,
            None => Ok(Carried::said("There is nothing yet that I could remember.")),
        },
        Order::Forget(topic) => forget_topic(&trust, asker, topic).await,
        Order::ForgetThat => match last {
            Some(id) => forget(&trust, asker, id).await,
            None => Ok(Carried::said(
                "I have remembered nothing here that I could forget.",
            )),
        },
        Order::Never => {
            // What was remembered of it just now goes; the rest goes with the conversation.
            match last {
                Some(id) => forget(&trust, asker, id).await,
                None => Ok(Carried::said("I won't keep it.")),
            }
        }
        Order::Recall => recall(&trust).await,
    };
    done.unwrap_or_else(|error| Carried::said(error.message))
}

async fn remember(trust: &Arc<Trust>, asker: Asker, text: String) -> Result<Carried, WireError> {
    let (id, receipt) = trust
        .remember(asker, text.into(), "you asked me to remember it")
        .await?;
    Ok(Carried {
        say: "I'll remember that.".into(),
        event: Some(TrustEvent::MemoryResult {
            action: MemoryVerb::Remember,
            success: true,
            message: "Remembered.".into(),
            id: Some(id.to_string()),
            receipt_id: Some(receipt.receipt_id),
            proof: None,
        }),
        remembered: Some(id),
    })
}

async fn forget(trust: &Arc<Trust>, asker: Asker, id: EntryId) -> Result<Carried, WireError> {
    let forgotten = trust.forget(asker, id).await?;
    let event = super::memory::forgot(MemoryVerb::Forget, Some(id), forgotten);
    Ok(Carried {
        event: Some(event),
        ..Carried::said("Forgotten.")
    })
}

async fn forget_topic(
    trust: &Arc<Trust>,
    asker: Asker,
    topic: String,
) -> Result<Carried, WireError> {
    match trust.best_memory(topic.into()).await? {
        Some(id) => forget(trust, asker, id).await,
        None => Ok(Carried::said("I remember nothing about that.")),
    }
}

async fn recall(trust: &Arc<Trust>) -> Result<Carried, WireError> {
    let (memories, total) = trust.memories(None, TOLD_AT_ONCE).await?;
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
