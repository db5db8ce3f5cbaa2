//! What Janet may: the red thread, whom she asks first, what she remembers, and the log of it.
//!
//! One value for the whole process. Connections ask it and are told by it: what concerns more than who
//! asked goes out to all of them ([`Told`]), and each passes on what is meant for it.

mod attendant;
mod daily;
mod desk;
mod distil;
mod everything;
mod kept;
mod log;
mod marks;
mod memories;
mod memory;
pub(crate) mod privacy;
mod recall;
mod red_thread;
mod traces;
mod words;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use janet_protocol::{Private, Proof, TrustEvent};
use janet_vault::audit::{AuditError, AuditLog, Event, Name};
use janet_vault::constitution::ConstitutionError;
use janet_vault::conversations::ConversationId;
use janet_vault::desk::{Again, ConsentId, Desk, GrantError, Grants};
use janet_vault::green::GreenError;
use janet_vault::identity::{Identity, IdentityError};
use janet_vault::red::RedError;
use janet_vault::red_thread::{RedThread, RedThreadError};
use tokio::sync::broadcast;

use crate::config;
use crate::conversations::{Stores, now_ms};
use crate::node::NodeId;
use crate::vault::Vaults;
pub(crate) use attendant::Attendant;
pub(crate) use desk::NotGranted;
pub(crate) use distil::{Distiller, NotDistilled, Then, Wish};
pub(crate) use everything::{forget_as_well, forget_conversation, forget_everything};
pub(crate) use kept::{Found, Kept};
pub(crate) use marks::{Mark, Part};
pub(crate) use memory::{Asker, Forgotten, receipt};
pub(crate) use recall::{Recall, Vectors};
pub(crate) use words::{Order, as_memory, understood};

/// Events that a connection may not have passed on yet. One that is further behind is told anew what holds.
const UNTOLD: usize = 256;

/// Why Janet cannot be trusted with anything.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The latch cannot be used.
    #[error(transparent)]
    RedThread(#[from] RedThreadError),
    /// She has no key to sign by.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The audit log cannot be used, or somebody changed it.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The constitution is another one than what counts.
    #[error(transparent)]
    Constitution(#[from] ConstitutionError),
    /// What she remembers cannot be read.
    #[error(transparent)]
    Memory(#[from] GreenError),
    /// What stands consented to cannot be read.
    #[error(transparent)]
    Grants(#[from] GrantError),
    /// The vault of secrets cannot be used.
    #[error(transparent)]
    Vault(#[from] RedError),
}

/// For whom an event is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// Whoever is connected.
    Everybody,
    /// The connections of all of the operator's devices.
    Operator,
    /// The connections of one of the operator's devices, by its id; `here` is one on this machine.
    Device(String),
}

/// What all connections have to know.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    /// Everything stops at once, before anybody is told why.
    Stop,
    /// The vault was locked: what led to its secrets is overwritten.
    Locked,
    /// All conversations were forgotten, and this is the proof: whoever is connected begins anew.
    Forgotten(Proof),
    /// To be passed on.
    Event(To, TrustEvent),
    /// A question is to be said in this conversation.
    Ask {
        /// Which.
        id: ConsentId,
        /// Where.
        conversation: ConversationId,
        /// The question.
        prompt: Private<String>,
        /// Why it is said once more.
        again: Option<Again>,
    },
}

/// The process's conscience.
pub(crate) struct Trust {
    pub(crate) red_thread: Arc<RedThread>,
    pub(crate) identity: Arc<Identity>,
    node: NodeId,
    told: broadcast::Sender<Told>,
    forgettings: everything::Forgettings,
    counter: desk::Counter,
    audit: AuditLog,
    /// Who listens.
    pub(crate) microphones: privacy::Microphones,
    memories: memories::Memories,
    /// Held for a few instructions only.
    marks: Mutex<marks::Marks>,
    /// The vaults of secrets, one for each soul; without memory that can be locked there is none, and why.
    vaults: Vaults,
}

impl Trust {
    /// Opens all of it in this folder, with what these souls keep in theirs. Blocks on the disk.
    pub(crate) fn open(
        folder: &Path,
        souls: config::Souls,
        stores: Stores,
        node: NodeId,
        lock_after: Duration,
    ) -> Result<Self, TrustError> {
        let red_thread = RedThread::open(folder)?;
        if red_thread.state().active {
            tracing::warn!(
                "the red thread is pulled: nothing is done until the operator clears it"
            );
        }
        let red_thread = Arc::new(red_thread);
        let identity = Arc::new(Identity::load_or_create(folder)?);
        let grants = Grants::open(folder, &identity.public())?;
        let audit = AuditLog::open(folder, folder, identity.clone())?;
        daily::constitution(&audit)?;
        let started = Event::JanetStarted {
            version: Name::new(env!("CARGO_PKG_VERSION")),
        };
        audit.append(now_ms(), &started)?;
        let desk = Desk::new(identity.clone(), red_thread.clone(), grants);
        Ok(Self {
            red_thread,
            identity,
            node,
            counter: desk::Counter::new(desk),
            audit,
            microphones: privacy::Microphones::default(),
            memories: memories::Memories::open(folder, souls, stores)?,
            marks: Mutex::new(marks::Marks::new(now_ms())),
            told: broadcast::Sender::new(UNTOLD),
            forgettings: everything::Forgettings::default(),
            vaults: Vaults::open(folder, souls, lock_after)?,
        })
    }

    /// What may be read of conversations for memories, and what was.
    pub(crate) fn marks(&self) -> MutexGuard<'_, marks::Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happens from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Told> {
        self.told.subscribe()
    }

    /// The vaults of secrets.
    pub(crate) const fn vaults(&self) -> &Vaults {
        &self.vaults
    }

    /// Tells all connections that the vault was locked.
    pub(crate) fn tell_locked(&self) {
        self.told.send(Told::Locked).ok();
    }

    /// Tells everybody whom it is for. Nobody may be there.
    pub(crate) fn tell(&self, to: To, event: TrustEvent) {
        self.told.send(Told::Event(to, event)).ok();
    }
}
