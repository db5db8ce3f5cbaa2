//! Who sits in which conversation, over the encrypted store.
//!
//! A conversation has one seat. Whoever comes with its `client_id`, and is who it belongs to, takes it: the
//! one who sat there is told, ends what it was saying, and leaves; only then does the newer one read the
//! history. The store blocks on the disk, so every call to it runs off the socket threads, in order.

mod bell;
mod clock;
mod forgetting;
mod phones;
mod seat;
mod souls;
mod talkers;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use janet_vault::conversations::{
    Config, ConversationError, ConversationId, ConversationUuid, Conversations as Store, Counts,
    Owner,
};
use janet_vault::soul::Soul;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, timeout};

use crate::app::goes_down;
use crate::config::Souls;
pub(crate) use bell::{NotRung, Ring, Unanswered};
pub(crate) use clock::now_ms;
pub(crate) use forgetting::Gone;
use seat::Place;
pub(crate) use seat::{Reading, Seat, Summons};
pub(crate) use souls::Stores;
use talkers::Talkers;

/// How long the one who sat there may take to leave.
const HANDOVER: Duration = Duration::from_secs(10);
/// Bounds of the pause between two looks for conversations whose time is over.
const LOOK: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(60));

/// Why a conversation could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store itself.
    #[error(transparent)]
    Store(#[from] ConversationError),
    /// The call was cut short by a panic.
    #[error("a call of the conversation store died")]
    Died,
    /// The earlier connection does not end.
    #[error("the earlier connection of this client does not end")]
    Occupied,
}

/// How a client came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// A new conversation, as wished.
    New,
    /// Back in its conversation.
    Resumed,
    /// It named one that is not there (any more); a new one was begun.
    Unknown,
}

/// All conversations of this process.
pub(crate) struct Conversations {
    stores: Stores,
    keep: Duration,
    /// Those that somebody sits in or waits for. Held for a few instructions only.
    places: Mutex<HashMap<ConversationId, Arc<Place>>>,
    /// Those that were cut off in the middle of talking. Held for a few instructions only.
    talkers: Mutex<Talkers>,
}

impl Conversations {
    /// Opens the stores of these souls below this folder.
    pub(crate) async fn open(
        data_dir: &Path,
        souls: Souls,
        keep: Duration,
    ) -> Result<Self, StoreError> {
        let data_dir = data_dir.to_path_buf();
        let config = Config {
            keep_after_left: keep,
            ..Config::default()
        };
        let stores = blocking(move || {
            let open = |soul: Soul| Store::open(&soul.folder(&data_dir), config, now_ms());
            let first = open(souls.first)?;
            let other = souls.first.other();
            let second = souls.has(other).then(|| open(other)).transpose()?;
            Ok(Stores::new(souls.first, first, second))
        });
        Ok(Self {
            stores: stores.await?,
            keep,
            places: Mutex::default(),
            talkers: Mutex::default(),
        })
    }

    /// Takes the seat that `client_id` names, if it is in a conversation of this one's, or a new one. The
    /// operator may also come by what a conversation is called between souls: one that came from elsewhere
    /// has no client that knows its id.
    pub(crate) async fn enter(
        self: &Arc<Self>,
        client_id: Option<&str>,
        owner: Owner,
    ) -> Result<(Seat, Arrival), StoreError> {
        let Some(client_id) = client_id else {
            return Ok((self.begin(owner).await?, Arrival::New));
        };
        if let Some(id) = self.named(client_id, owner.clone()).await?
            && let Some(seat) = self.resume(id).await?
        {
            return Ok((seat, Arrival::Resumed));
        }
        Ok((self.begin(owner).await?, Arrival::Unknown))
    }

    /// The conversation of this name, if it is this one's. Whoever names another's learns what is learnt of
    /// one that is not there, and nobody who sits in it is told to leave.
    async fn named(&self, name: &str, owner: Owner) -> Result<Option<ConversationId>, StoreError> {
        let id = name.parse::<ConversationId>().ok();
        let uuid = name.parse::<ConversationUuid>().ok();
        let uuid = uuid.filter(|_| owner == Owner::Operator);
        if id.is_none() && uuid.is_none() {
            return Ok(None);
        }
        let stores = self.stores.clone();
        blocking(move || {
            let first = stores.first();
            if let Some(id) = id
                && first.belongs_to(id, &owner)?
            {
                return Ok(Some(id));
            }
            let called = uuid.map(|uuid| first.find(uuid)).transpose()?.flatten();
            match called {
                Some(id) if first.belongs_to(id, &owner)? => Ok(Some(id)),
                _ => Ok(None),
            }
        })
        .await
    }

    async fn begin(self: &Arc<Self>, owner: Owner) -> Result<Seat, StoreError> {
        let stores = self.stores.clone();
        let id = blocking(move || stores.first().create_for(&owner, now_ms())).await?;
        self.sit(id).await
    }

    async fn resume(self: &Arc<Self>, id: ConversationId) -> Result<Option<Seat>, StoreError> {
        let seat = self.sit(id).await?;
        let stores = self.stores.clone();
        let goes_on = blocking(move || stores.resume(id, now_ms())).await?;
        if !goes_on {
            seat.abandon();
            return Ok(None);
        }
        Ok(Some(seat))
    }

    /// The databases, for what concerns both souls.
    pub(crate) const fn stores(&self) -> &Stores {
        &self.stores
    }

    /// A conversation has come to the other soul of this process: while somebody sits in it, it stays there,
    /// too.
    pub(crate) async fn moved(&self, uuid: ConversationUuid) -> Result<(), StoreError> {
        let stores = self.stores.clone();
        let seated: Vec<_> = self.places().keys().copied().collect();
        blocking(move || {
            let first = stores.first();
            if let Some(id) = first.find(uuid)?.filter(|id| seated.contains(id)) {
                stores.resume(id, now_ms())?;
            }
            Ok(())
        })
        .await
    }

    /// Asks whoever sits there to leave, and waits for it.
    async fn sit(self: &Arc<Self>, id: ConversationId) -> Result<Seat, StoreError> {
        let place = self.places().entry(id).or_default().clone();
        let number = place.summon();
        let taken = timeout(HANDOVER, place.lease.clone().lock_owned()).await;
        match taken {
            Ok(lease) => {
                let stores = self.stores.clone();
                let called = blocking(move || match stores.first().standing(id) {
                    Ok((uuid, _)) => Ok(uuid.to_string()),
                    // It has ended; whoever comes to it is told so next.
                    Err(ConversationError::Unknown(_)) => Ok(String::new()),
                    Err(error) => Err(error),
                });
                let uuid = called.await?;
                Ok(Seat::new(self.clone(), (id, uuid), place, number, lease))
            }
            Err(_) => Err(StoreError::Occupied),
        }
    }

    /// Rings whoever sits there: the connection hears of it, and decides what becomes of it.
    pub(crate) fn ring(&self, client_id: &str, ring: Ring) -> Result<(), NotRung> {
        let id: ConversationId = client_id.parse().map_err(|_| NotRung::Away)?;
        let place = self.places().get(&id).cloned().ok_or(NotRung::Away)?;
        place.ring(ring)
    }

    /// Tells whoever sits there that a ring it had asked for has ended.
    pub(crate) fn tell(&self, client_id: &str, unanswered: Unanswered) {
        let id = client_id.parse::<ConversationId>().ok();
        let place = id.and_then(|id| self.places().get(&id).cloned());
        if let Some(place) = place {
            place.tell(unanswered);
        }
    }

    /// Ends conversations whose time is over, until the server goes down.
    pub(crate) async fn expire(self: Arc<Self>, mut leaving: watch::Receiver<bool>) {
        let mut look = tokio::time::interval((self.keep / 4).clamp(LOOK.0, LOOK.1));
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = look.tick() => self.expire_now().await,
                () = goes_down(&mut leaving) => return,
            }
        }
    }

    async fn expire_now(&self) {
        let stores = self.stores.clone();
        match blocking(move || stores.expire(now_ms())).await {
            Ok(0) => {}
            Ok(ended) => {
                metrics::counter!("janet_conversation_expired_total").increment(ended as u64);
                tracing::debug!(ended, "conversations have ended");
            }
            Err(error) => {
                tracing::error!(%error, "conversations could not be ended; the next look tries again")
            }
        }
    }

    /// How much there is in each soul of this process.
    pub(crate) async fn counts(&self) -> Result<Vec<(Soul, Counts)>, StoreError> {
        let stores = self.stores.clone();
        blocking(move || stores.counts()).await
    }

    /// The last sign of life, from which the next process counts.
    pub(crate) async fn close(&self) {
        self.expire_now().await;
    }

    fn talkers(&self) -> std::sync::MutexGuard<'_, Talkers> {
        self.talkers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn places(&self) -> std::sync::MutexGuard<'_, HashMap<ConversationId, Arc<Place>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a call that blocks on the disk where it may block.
async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, ConversationError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(call).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(StoreError::Died),
    }
}
