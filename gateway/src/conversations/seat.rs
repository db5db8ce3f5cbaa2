//! One client's place in one conversation.

use std::pin::Pin;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::{Duration, Instant};

use janet_engine::Role;
use janet_protocol::PastCall;
use janet_vault::conversations::{
    ConversationError, ConversationId, PushToken, Role as Speaker, Standing, Stored,
};
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use super::bell::{Bell, Ear, Sound};
use super::{Conversations, NotRung, Ring, StoreError, Unanswered, blocking, now_ms};

/// The messages of a conversation, once it is polled.
pub(crate) type Reading = Pin<Box<dyn Future<Output = Result<Vec<Stored>, StoreError>> + Send>>;

/// How long a message waits for its conversation to arrive in the other soul.
const MOVED: Duration = Duration::from_secs(5);
/// Between two looks whether it has.
const LOOK: Duration = Duration::from_millis(50);

/// What everybody who wants the same seat shares.
#[derive(Default)]
pub(super) struct Place {
    /// Held by the one who sits here.
    pub(super) lease: Arc<Mutex<()>>,
    /// Number of the latest who asked for the seat.
    newest: watch::Sender<u64>,
    /// Of the one who sits here. Held for a few instructions only.
    bell: Lock<Option<Bell>>,
}

/// What is wanted of the one who sits somewhere.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Summons {
    /// Somebody else asks for this seat.
    Leave,
    /// Janet rings.
    Ring(Ring),
    /// A ring that the one here had asked for has ended.
    Unanswered(Unanswered),
}

impl Place {
    /// Rings the one who sits here.
    pub(super) fn ring(&self, ring: Ring) -> Result<(), NotRung> {
        self.bell().as_ref().ok_or(NotRung::Away)?.ring(ring)
    }

    /// Tells the one who sits here that a ring has ended.
    pub(super) fn tell(&self, unanswered: Unanswered) {
        if let Some(bell) = self.bell().as_ref() {
            bell.tell(unanswered);
        }
    }

    fn bell(&self) -> std::sync::MutexGuard<'_, Option<Bell>> {
        self.bell.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next number, which tells the one who sits here to leave.
    pub(super) fn summon(&self) -> u64 {
        let mut number = 0;
        self.newest.send_modify(|newest| {
            *newest += 1;
            number = *newest;
        });
        number
    }
}

/// The right to speak in a conversation; nobody else has it at the same time.
pub(crate) struct Seat {
    conversations: Arc<Conversations>,
    id: ConversationId,
    client_id: String,
    /// What the conversation is called where that would let somebody in.
    uuid: String,
    place: Arc<Place>,
    number: u64,
    newest: watch::Receiver<u64>,
    ear: Ear,
    /// `None` once given back.
    lease: Option<OwnedMutexGuard<()>>,
}

impl Seat {
    pub(super) fn new(
        conversations: Arc<Conversations>,
        (id, uuid): (ConversationId, String),
        place: Arc<Place>,
        number: u64,
        lease: OwnedMutexGuard<()>,
    ) -> Self {
        let newest = place.newest.subscribe();
        let (bell, ear) = Bell::new();
        *place.bell() = Some(bell);
        Self {
            conversations,
            client_id: id.to_string(),
            uuid,
            id,
            place,
            number,
            newest,
            ear,
            lease: Some(lease),
        }
    }

    /// What the conversation is called where its `client_id` would let somebody in.
    pub(crate) fn uuid(&self) -> &str {
        &self.uuid
    }

    /// Which conversation.
    pub(crate) fn id(&self) -> ConversationId {
        self.id
    }

    /// Brings the client back to this conversation, and every other one of its owner's.
    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Resolves when somebody else asks for this seat, or rings. May be cancelled.
    pub(crate) async fn summons(&mut self) -> Summons {
        let number = self.number;
        tokio::select! {
            // The sender lives in `place`, which this seat holds.
            _ = self.newest.wait_for(|newest| *newest > number) => Summons::Leave,
            sound = self.ear.hear() => match sound {
                Sound::Ring(ring) => Summons::Ring(ring),
                Sound::Unanswered(unanswered) => Summons::Unanswered(unanswered),
            },
        }
    }

    /// From here on nobody rings. A ring that is not heard yet came first.
    #[must_use = "a ring must not be lost"]
    pub(crate) fn engage(&mut self) -> Option<Ring> {
        self.ear.engage()
    }

    /// From here on its client is away. A ring that is not heard yet came first.
    #[must_use = "a ring must not be lost"]
    pub(crate) fn leave_door(&mut self) -> Option<Ring> {
        self.ear.leave()
    }

    /// Whether there is a call or a session, so that nobody rings.
    pub(crate) fn set_engaged(&mut self, is_engaged: bool) {
        self.ear.set_engaged(is_engaged);
    }

    /// The time of the history, in ms since 1970.
    pub(crate) fn now_ms(&self) -> u64 {
        now_ms()
    }

    /// Adds a call to the history; it is on disk when this returns.
    pub(crate) async fn keep_call(&self, call: PastCall) -> Result<(), StoreError> {
        let (stores, id) = (self.conversations.stores.clone(), self.id);
        blocking(move || stores.first().keep_call(id, &call)).await
    }

    /// Keeps by what this client is rung while it is not connected, and on which paired device it is.
    pub(crate) async fn keep_push_token(&self, token: PushToken) -> Result<(), StoreError> {
        let (stores, id) = (self.conversations.stores.clone(), self.id);
        blocking(move || stores.first().keep_push_token(id, &token, now_ms())).await
    }

    /// The calls of this conversation, first to last.
    pub(crate) async fn calls(&self) -> Result<Vec<PastCall>, StoreError> {
        let (stores, id) = (self.conversations.stores.clone(), self.id);
        blocking(move || stores.first().calls(id)).await
    }

    /// Its client leaves with its microphone open: whoever comes back goes on talking.
    pub(crate) fn leaves_talking(&self, now: Instant) {
        self.conversations.talkers().left(self.id, now);
    }

    /// Whether its client was talking until a moment ago, on another connection.
    pub(crate) fn was_talking(&self, now: Instant) -> bool {
        self.conversations.talkers().knows(self.id, now)
    }

    /// Whether what is said in it is kept in this process.
    pub(crate) async fn lives_here(&self) -> Result<bool, StoreError> {
        let (stores, id) = (self.conversations.stores.clone(), self.id);
        blocking(move || {
            let (store, id) = stores.living(id)?;
            Ok(store.standing(id)?.1 == Standing::Here)
        })
        .await
    }

    /// Everything that was said, first to last.
    pub(crate) async fn messages(&self) -> Result<Vec<Stored>, StoreError> {
        self.reading().await
    }

    /// The same, for whoever reads it later.
    pub(crate) fn reading(&self) -> Reading {
        let (stores, id) = (self.conversations.stores.clone(), self.id);
        Box::pin(blocking(move || {
            let (store, id) = stores.living(id)?;
            store.messages(id)
        }))
    }

    /// The same as the engine takes it.
    pub(crate) async fn history(&self) -> Result<Vec<(Role, String)>, StoreError> {
        let role = |speaker| match speaker {
            Speaker::User => Role::User,
            Speaker::Assistant | Speaker::AssistantCut => Role::Assistant,
        };
        let messages = self.messages().await?.into_iter();
        Ok(messages
            .map(|message| (role(message.role), message.text.into_exposed()))
            .collect())
    }

    /// Adds a message; it is on disk when this returns, and the time is the message's. Between two souls of this process a conversation lives
    /// nowhere for a moment, which is waited for.
    pub(crate) async fn append(&self, speaker: Speaker, text: &str) -> Result<u64, StoreError> {
        let began = Instant::now();
        loop {
            let (stores, id, text) = (self.conversations.stores.clone(), self.id, text.to_owned());
            let at_ms = now_ms();
            let appended = blocking(move || {
                let (store, id) = stores.living(id)?;
                store.append(id, speaker, &text, at_ms)
            });
            match appended.await {
                Err(StoreError::Store(ConversationError::Elsewhere(_)))
                    if self.conversations.stores.are_both() && began.elapsed() < MOVED =>
                {
                    tokio::time::sleep(LOOK).await;
                }
                appended => return appended.map(|_| at_ms),
            }
        }
    }

    /// Gives the seat back; from here on the conversation's time runs.
    pub(crate) async fn leave(mut self) {
        let (stores, id) = (self.conversations.stores.clone(), self.id);
        if let Err(error) = blocking(move || stores.left(id, now_ms())).await {
            tracing::error!(%error, "that a client left was not noted");
        }
        self.give_back();
    }

    /// Gives back a seat in a conversation that is not there (any more).
    pub(crate) fn abandon(mut self) {
        self.give_back();
    }

    fn give_back(&mut self) {
        if self.lease.take().is_none() {
            return;
        }
        let mut places = self.conversations.places();
        // One in the map, one here: nobody waits.
        if Arc::strong_count(&self.place) == 2 {
            places.remove(&self.id);
        }
    }
}

impl Drop for Seat {
    /// A task that died must not keep its conversation alive for ever.
    fn drop(&mut self) {
        if self.lease.is_some() {
            if let Err(error) = self.conversations.stores.left(self.id, now_ms()) {
                tracing::error!(%error, "that a client left was not noted");
            }
            self.give_back();
        }
    }
}
