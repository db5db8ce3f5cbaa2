//! The souls of this process, those that it is paired with, and what goes from one to the other.
//!
//! ```text
//!  transfer_context ─▶ red thread? ─▶ survey ─▶ the operator is asked ─▶ packed ─┬─▶ in memory ─▶ result
//!                                                                              └─▶ over TLS ──┘
//! ```
//! One transfer is under way at a time, in either direction. What was given up and not answered for is asked
//! about until it is ([`settle`]).

mod exported;
mod listed;
mod pairings;
mod peers;
mod settle;
mod transfer;
mod trigger;
pub(crate) mod wire;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use janet_vault::bridge::Party;
use janet_vault::conversations::ConversationUuid;
use janet_vault::green::Green;
use janet_vault::red::Red;
use janet_vault::soul::Soul;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::config;
use crate::conversations::{Conversations, now_ms};
use crate::trust::{Mark, Trust};
pub(crate) use listed::{name as soul_name, soul as soul_named};
use pairings::Pairings;
pub(crate) use pairings::{paired, parted};
pub(crate) use peers::{Peer, add, read, remove};
pub(crate) use transfer::Wanted;
pub(crate) use trigger::{Trigger, trigger};
use wire::{Answering, Home, Keeper};

/// How long a transfer that was consented to waits for another one.
const PATIENCE: Duration = Duration::from_secs(15);

/// All of it; one value for the whole process.
pub(crate) struct Souls {
    homes: Vec<Home>,
    data_dir: PathBuf,
    under_way: Arc<Semaphore>,
    pairings: Pairings,
    trust: Arc<Trust>,
    conversations: Arc<Conversations>,
}

impl Souls {
    /// Joins what each soul keeps.
    pub(crate) fn new(
        souls: config::Souls,
        data_dir: &Path,
        conversations: &Arc<Conversations>,
        trust: &Arc<Trust>,
    ) -> Self {
        let here = Soul::ALL.into_iter().filter(|soul| souls.has(*soul));
        let homes = here.filter_map(|soul| {
            let trust = trust.clone();
            Some(Home {
                soul,
                store: conversations.stores().of(soul)?,
                identity: trust.identity.clone(),
                red_thread: trust.red_thread.clone(),
                keeper: Arc::new(Kept { trust, soul }),
            })
        });
        Self {
            homes: homes.collect(),
            data_dir: data_dir.to_path_buf(),
            under_way: Arc::new(Semaphore::new(1)),
            // Where no soul was ever paired, the log need not be read for it.
            pairings: match peers::were_ever(data_dir) {
                true => Pairings::in_log_of(trust),
                false => Pairings::default(),
            },
            trust: trust.clone(),
            conversations: conversations.clone(),
        }
    }

    /// A soul of this process.
    fn home(&self, soul: Soul) -> Option<&Home> {
        self.homes.iter().find(|home| home.soul == soul)
    }

    /// Those of other processes that this one is paired with.
    fn paired(&self) -> Vec<Peer> {
        match peers::read(&self.data_dir) {
            Ok(peers) => self.in_log(peers),
            Err(error) => {
                tracing::warn!(%error, "no soul elsewhere is paired");
                Vec::new()
            }
        }
    }

    /// The only transfer that is under way, until it is dropped.
    fn alone(&self) -> Option<OwnedSemaphorePermit> {
        self.under_way.clone().try_acquire_owned().ok()
    }

    /// The same, waited for a while: what is left of an earlier one may be asked after just now.
    async fn alone_soon(&self) -> Option<OwnedSemaphorePermit> {
        let alone = self.under_way.clone().acquire_owned();
        timeout(PATIENCE, alone).await.ok()?.ok()
    }

    /// This conversation comes from elsewhere, with its times and without what is not to be remembered of it:
    /// no memory is made of what was said in it until now. Where the first soul does not know it yet, that is
    /// noted when somebody comes to it. Blocks on the disk.
    fn leave_out(&self, uuid: ConversationUuid) {
        let found = self.conversations.stores().find(uuid);
        let mut marks = self.trust.marks();
        match found {
            Ok(Some(id)) => marks.mark(id, Mark::Unwanted, 0..=now_ms()),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "what was said until now is read for no memory");
                marks.everything_forgotten(now_ms());
            }
        }
    }

    /// Somebody who sits in a conversation goes on in it, wherever it lives now.
    async fn moved(&self, uuid: ConversationUuid) {
        if let Err(error) = self.conversations.moved(uuid).await {
            tracing::warn!(%error, "a conversation that moved may end while somebody sits in it");
        }
    }
}

impl Answering for Souls {
    fn peers(&self) -> Vec<Party> {
        self.paired().into_iter().map(|peer| peer.party).collect()
    }

    fn home_for(&self, peer: Party) -> Option<Home> {
        self.home(peer.soul.other()).cloned()
    }

    fn begin(&self) -> Option<Box<dyn Send>> {
        self.alone().map(|only| Box::new(only) as Box<dyn Send>)
    }

    fn comes(&self, conversation: ConversationUuid) {
        self.leave_out(conversation);
    }

    fn came(&self, peer: Party) {
        tracing::info!(from = %peer.soul, at_ms = now_ms(), "a conversation came from the other soul");
    }
}

/// What a soul of this process keeps.
struct Kept {
    trust: Arc<Trust>,
    soul: Soul,
}

impl Keeper for Kept {
    fn green(&self) -> Option<&Green> {
        self.trust.green(self.soul)
    }

    fn red(&self) -> Option<&Red> {
        let vault = self.trust.vaults().of(self.soul).ok()?;
        Some(vault.red())
    }
}
