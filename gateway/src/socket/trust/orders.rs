//! What the operator asks of her memory in words, and answers to her questions.

use std::sync::Arc;

use janet_engine::ports::{Attendant as Port, Memory};
use janet_protocol::{Private, RequestId, Role, ServerMessage};
use janet_vault::conversations::Role as Speaker;
use janet_vault::desk::{Again, ConsentId, Heard, Spoken, Written};
use janet_vault::red::sounds_like_the_safe_word;

use super::Forgets;
use super::carry_out::{Carried, Ordered, Work};
use super::state::Waits;
use crate::socket::connection::{Connection, Leave};
use crate::socket::requests::Asked;
use crate::souls::trigger;
use crate::trust::{Attendant, Order, Part, Recall, understood};

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
        (self.role == Role::Operator).then(|| {
            let (trust, conversation) = (self.app.trust.clone(), self.seat.id());
            Arc::new(Recall {
                trust,
                conversation,
            }) as _
        })
    }

    /// Words that no language model answers. They are in the history by now, but for what sounds like a safe
    /// word, which is told to nobody either.
    pub(in crate::socket) fn on_command(
        &mut self,
        words: String,
        spoken: bool,
        asked: Asked,
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
        let kept_nowhere = sounds_like_the_safe_word(text.expose());
        let waits = match kept_nowhere {
            true => (asked, String::new()),
            false => (asked, text.expose().clone()),
        };
        if heard == Heard::Taken {
            // Where it was not clear she asks once more.
            if self.app.trust.is_asking_in(conversation) {
                self.trusted.asks_again = Some(waits);
            } else {
                self.say_to("All right.", waits);
            }
            return Ok(());
        }
        if kept_nowhere {
            let not =
                "That sounded like a safe word. It is typed, never spoken; I have not kept it.";
            self.say_to(not, waits);
            return Ok(());
        }
        self.trusted.turn += 1;
        if let Some(wish) = trigger(text.expose()) {
            self.transfer_by_words(wish, waits);
            return Ok(());
        }
        if let Some(order) = understood(text.expose()) {
            self.obey(order, waits);
        }
        Ok(())
    }

    /// Begins to carry out an order.
    fn obey(&mut self, order: Order, waits: Waits) {
        let mut under_way = None;
        if waits.0.remember == Some(false) && order.remembers() {
            let contradicts = "You marked that not to be remembered, so I remember nothing.";
            self.say_to(contradicts, waits);
            return;
        }
        let work = match order {
            Order::ForgetConversation => {
                self.is_to_be_forgotten(waits.0.request_id);
                return;
            }
            Order::Remember(text) => {
                under_way = Some(self.trusted.begins());
                Work::Words(text)
            }
            Order::RememberThat => match self.trusted.last_said.clone() {
                Some((text, at_ms)) => {
                    under_way = Some(self.trusted.begins());
                    Work::LastTurn(self.wished(Part::Turn(at_ms..=u64::MAX)), text)
                }
                None => Work::NothingSaid,
            },
            Order::RememberConversation => {
                under_way = Some(self.trusted.begins());
                Work::Conversation(self.wished(Part::All))
            }
            // "Remember that" is not to find it later.
            Order::Forget(topic) => {
                self.trusted.last_said = None;
                Work::Forget(topic)
            }
            Order::ForgetThat => Work::ForgetThat(self.trusted.take_back()),
            Order::Never | Order::NeverConversation => self.never(&order),
            Order::Recall => Work::Recall,
        };
        let ordered = self.ordered();
        let work = async move {
            let _under_way = under_way;
            ordered.carry_out(work).await
        };
        match self.trusted.pending.has_room() {
            Ok(()) => self.trusted.pending.carry_out(waits, work),
            Err(error) => self.say_to(&error.message, waits),
        }
    }

    fn ordered(&self) -> Ordered {
        Ordered {
            trust: self.app.trust.clone(),
            asker: self.asker(),
            turn: self.trusted.turn,
            last: self.trusted.last.clone(),
        }
    }

    /// Leaves out what is not to be remembered, at once; what is left to do about it.
    fn never(&mut self, order: &Order) -> Work {
        match order {
            Order::NeverConversation => self.leave_out(0..=self.seat.now_ms()),
            _ => self.leave_out_last(),
        }
        Work::Never(self.trusted.take_back())
    }

    /// This conversation goes, and what is being made of it, once the connection ends by it.
    pub(super) fn is_to_be_forgotten(&mut self, request_id: Option<RequestId>) {
        self.trusted.wants_no_more();
        self.app.trust.marks().renew(self.seat.id());
        self.trusted.forgets = Some(Forgets::Asked(request_id));
    }

    /// Words that no language model answers, of a client that has left. What takes something back counts all
    /// the same; what asks for something is asked by nobody any more.
    pub(in crate::socket) async fn last_command(&mut self, words: &str) {
        if self.role != Role::Operator || sounds_like_the_safe_word(words) {
            return;
        }
        self.store(Speaker::User, words).await;
        self.trusted.turn += 1;
        match understood(words) {
            Some(order @ (Order::Never | Order::NeverConversation)) => {
                let work = self.never(&order);
                self.ordered().carry_out(work).await;
            }
            Some(Order::ForgetConversation) => self.is_to_be_forgotten(None),
            _ => {}
        }
    }

    /// An order was carried out, or not.
    pub(super) fn on_carried(&mut self, carried: Carried, waits: Waits) -> Result<(), Leave> {
        for event in carried.events {
            self.outbound.text(ServerMessage::Trust(event))?;
        }
        self.say_to(&carried.say, waits);
        Ok(())
    }

    /// Says something of her own; whether there is somebody to hear it.
    pub(super) fn say(&mut self, text: &str) -> bool {
        self.trusted.announced += 1;
        let session = self.session.as_ref();
        session.is_some_and(|session| session.announce(text, self.trusted.announced).is_ok())
    }

    /// Says something of her own to who waits for it.
    pub(super) fn say_to(&mut self, text: &str, waits: Waits) {
        if self.say(text) {
            self.trusted.waiting.insert(self.trusted.announced, waits);
        }
    }

    /// Says a question of the desk's.
    pub(super) fn ask_aloud(&mut self, id: ConsentId, prompt: &str, again: Option<Again>) {
        // Answered already: by the safe word that came with the wish, or by a quick hand.
        let waits = self.trusted.asks_again.take();
        if !self.app.trust.is_open(id) {
            if let Some(waits) = waits {
                self.say_to("All right.", waits);
            }
            return;
        }
        let before = match again {
            None => "",
            Some(Again::Unclear) => "I need a yes or a no. ",
            Some(Again::TooSoon) => "Let me finish the question first. ",
            Some(Again::NotByVoice) => "A voice is not enough for this; please click. ",
        };
        let text = format!("{before}{prompt}");
        match waits {
            Some(waits) => self.say_to(&text, waits),
            None => drop(self.say(&text)),
        }
        self.trusted.asked_aloud = Some((self.trusted.announced, id));
        self.send_question(id, text);
    }

    /// A question is over: it is not said to its end any more.
    pub(super) fn ask_no_more(&mut self, over: &str) {
        if let Some((announced, id)) = self.trusted.asked_aloud
            && id.to_string() == over
        {
            self.trusted.asked_aloud = None;
            if let Some(session) = &self.session {
                session.retract(announced).ok();
            }
        }
    }

    /// An announcement is over; who waited for it.
    pub(in crate::socket) fn on_announced(&mut self, id: u32, heard: bool) -> Option<Waits> {
        if let Some((asked, consent)) = self.trusted.asked_aloud
            && asked == id
        {
            self.trusted.asked_aloud = None;
            if heard {
                self.app.trust.prompt_played(consent);
            }
        }
        self.trusted.waiting.remove(&id)
    }
}
