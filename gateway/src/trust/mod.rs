//! What Janet may: the red thread, whom she asks first, what she remembers, and the log of it.
//!
//! One value for the whole process. Connections ask it and are told by it: what concerns more than who
//! asked goes out to all of them ([`Told`]), and each passes on what is meant for it.

mod attendant;
mod daily;
mod desk;
mod log;
mod memory;
pub(crate) mod privacy;
mod recall;
mod red_thread;
mod traces;
mod words;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use janet_protocol::{ErrorCode, Private, TrustEvent, WireError};
use janet_vault::audit::{AuditError, AuditLog, Event, Name};
use janet_vault::blue::BlueError;
use janet_vault::constitution::ConstitutionError;
use janet_vault::conversations::ConversationId;
use janet_vault::desk::{Again, ConsentId, Desk, GrantError, Grants};
use janet_vault::green::{Green, GreenError};
use janet_vault::identity::{Identity, IdentityError};
use janet_vault::red::RedError;
use janet_vault::red_thread::{RedThread, RedThreadError};
use janet_vault::soul::Soul;
use tokio::sync::broadcast;

use crate::conversations::now_ms;
use crate::node::NodeId;
use crate::vault::Vault;
pub(crate) use attendant::Attendant;
pub(crate) use desk::NotGranted;
pub(crate) use memory::{Asker, Forgotten, open_green, receipt};
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
    counter: desk::Counter,
    audit: AuditLog,
    /// Who listens.
    pub(crate) microphones: privacy::Microphones,
    memory: memory::Memory,
    /// The vault of secrets; without memory that can be locked there is none, and why.
    vault: Result<Arc<Vault>, BlueError>,
}

impl Trust {
    /// Opens all of it in this folder, for this soul's memory. Blocks on the disk.
    pub(crate) fn open(
        folder: &Path,
        soul: Soul,
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
        let vault = Vault::open(folder, lock_after)?;
        if let Err(error) = &vault {
            tracing::warn!(%error, "there is no vault of secrets");
        }
        Ok(Self {
            red_thread,
            identity,
            node,
            counter: desk::Counter::new(desk),
            audit,
            microphones: privacy::Microphones::default(),
            memory: memory::Memory::open(folder, soul)?,
            told: broadcast::Sender::new(UNTOLD),
            vault: vault.map(Arc::new),
        })
    }

    /// What the first soul of this process remembers.
    pub(crate) const fn green(&self) -> &Green {
        &self.memory.green
    }

    /// What happens from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Told> {
        self.told.subscribe()
    }

    /// The vault of secrets.
    pub(crate) fn vault(&self) -> Result<&Arc<Vault>, WireError> {
        let none = |error: &BlueError| WireError::new(ErrorCode::Internal, error.to_string());
        self.vault.as_ref().map_err(none)
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
