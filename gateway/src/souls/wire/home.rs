//! A soul in this process, with all that a transfer needs of it.

use std::sync::Arc;

use janet_vault::bridge::{Kept, Party, Side};
use janet_vault::conversations::Conversations;
use janet_vault::green::Green;
use janet_vault::identity::Identity;
use janet_vault::red::Red;
use janet_vault::red_thread::RedThread;
use janet_vault::soul::Soul;

/// Whoever keeps a soul's vaults.
pub(crate) trait Keeper: Send + Sync {
    /// What it remembers.
    fn green(&self) -> Option<&Green>;
    /// Its secrets.
    fn red(&self) -> Option<&Red>;
}

/// Everything of a soul; shared.
#[derive(Clone)]
pub(crate) struct Home {
    pub(crate) soul: Soul,
    pub(crate) store: Arc<Conversations>,
    pub(crate) keeper: Arc<dyn Keeper>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) red_thread: Arc<RedThread>,
}

impl Home {
    /// Who it is to others.
    pub(crate) fn me(&self) -> Party {
        Party {
            soul: self.soul,
            key: self.identity.public(),
        }
    }

    /// Its end of the bridge.
    pub(crate) fn with_side<T>(&self, now_ms: u64, work: impl FnOnce(&Side<'_>) -> T) -> T {
        let vaults = Kept {
            green: self.keeper.green(),
            red: self.keeper.red(),
            store: &self.store,
            now_ms,
        };
        work(&Side {
            me: self.me(),
            store: &self.store,
            vaults: &vaults,
            identity: &self.identity,
        })
    }
}
