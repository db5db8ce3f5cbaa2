//! What Janet may: the red thread, whom she asks first, what she remembers, and the log of it.
//!
//! One value for the whole process. Connections ask it and are told by it: what concerns more than who
//! asked goes out to all of them ([`Told`]), and each passes on what is meant for it.

mod red_thread;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use janet_protocol::TrustEvent;
use janet_vault::identity::{Identity, IdentityError};
use janet_vault::red_thread::{RedThread, RedThreadError};
use tokio::sync::broadcast;

use crate::node::NodeId;

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
}

/// For whom an event is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// Whoever is connected.
    Everybody,
    /// The operator's connections.
    Operator,
}

/// What all connections have to know.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    /// Everything stops at once, before anybody is told why.
    Stop,
    /// To be passed on.
    Event(To, TrustEvent),
}

/// The process's conscience.
pub(crate) struct Trust {
    pub(crate) red_thread: Arc<RedThread>,
    pub(crate) identity: Arc<Identity>,
    /// Where all of it lies.
    pub(crate) folder: PathBuf,
    node: NodeId,
    told: broadcast::Sender<Told>,
}

impl Trust {
    /// Opens all of it in this folder. Blocks on the disk.
    pub(crate) fn open(folder: &Path, node: NodeId) -> Result<Self, TrustError> {
        let red_thread = RedThread::open(folder)?;
        if red_thread.state().active {
            tracing::warn!(
                "the red thread is pulled: nothing is done until the operator clears it"
            );
        }
        Ok(Self {
            red_thread: Arc::new(red_thread),
            identity: Arc::new(Identity::load_or_create(folder)?),
            folder: folder.to_path_buf(),
            node,
            told: broadcast::Sender::new(UNTOLD),
        })
    }

    /// What happens from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Told> {
        self.told.subscribe()
    }

    /// Tells everybody whom it is for. Nobody may be there.
    pub(crate) fn tell(&self, to: To, event: TrustEvent) {
        self.told.send(Told::Event(to, event)).ok();
    }
}
