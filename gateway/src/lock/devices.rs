//! The paired devices of this server, in memory and in a file.
//!
//! The file is replaced before a new device is told its key, so that a key that somebody has is
//! known after a crash in any moment. A revoked device is shut out first and taken out of the file
//! then: should that fail, whoever revoked it is told.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use janet_protocol::Role;
use tokio::sync::watch;

use super::device_key::DeviceKey;
use super::file;
use super::registry::{Device, DeviceId, Full, Registry};

/// Its name in the state's folder.
const FILE: &str = "devices.json";

/// Why the devices cannot be used, or a change is not kept.
#[derive(Debug, thiserror::Error)]
pub enum DevicesError {
    /// The file cannot be read or written.
    #[error("the paired devices in {} cannot be kept: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not one of ours.
    #[error("{} is no list of paired devices: {source}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Where and why; quotes no key, because none is in it.
        source: serde_json::Error,
    },
    /// The system gives no randomness.
    #[error("no key can be made")]
    Random(#[from] getrandom::Error),
    /// No room.
    #[error(transparent)]
    Full(#[from] FullError),
}

/// As [`Full`].
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct FullError(#[from] Full);

/// All devices.
#[derive(Debug)]
pub(crate) struct Devices {
    path: PathBuf,
    /// Held for a few instructions only.
    registry: Mutex<Registry>,
    /// Held while the file is written, so that an older state never comes after a newer one.
    writing: Mutex<()>,
    /// Whether a visit is not written down yet.
    has_news: AtomicBool,
    /// Grows with each device that comes or goes.
    changes: watch::Sender<u64>,
}

impl Devices {
    /// Reads the file in this folder; none is no fault. Blocks on the disk, as all that writes does.
    pub(crate) fn open(folder: &Path) -> Result<Self, DevicesError> {
        let path = folder.join(FILE);
        let registry = match file::read(&path) {
            Ok(None) => Registry::default(),
            Ok(Some(bytes)) => match serde_json::from_slice(&bytes) {
                Ok(registry) => registry,
                Err(source) => return Err(DevicesError::Malformed { path, source }),
            },
            Err(source) => return Err(DevicesError::Io { path, source }),
        };
        Ok(Self {
            path,
            registry: Mutex::new(registry),
            writing: Mutex::new(()),
            has_news: AtomicBool::new(false),
            changes: watch::Sender::new(0),
        })
    }

    /// Takes in a device, and gives it with the key that nobody sees again.
    pub(crate) fn add(
        &self,
        name: String,
        role: Role,
    ) -> Result<(Device, DeviceKey), DevicesError> {
        let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let (id, key) = (DeviceId::random()?, DeviceKey::random()?);
        let mut with = self.registry().clone();
        let device = with.add(id, name, role, &key, now_s()).map_err(FullError)?;
        self.write(&with)?;
        // Visits that were noted meanwhile are not: they are a minute's worth.
        *self.registry() = with;
        drop(writing);
        self.changed();
        Ok((device, key))
    }

    /// Shuts a device out; `None`: there is none of this id.
    pub(crate) fn revoke(&self, id: &DeviceId) -> Result<Option<Device>, DevicesError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(device) = self.registry().revoke(id) else {
            return Ok(None);
        };
        self.changed();
        let without = self.registry().clone();
        let written = self.write(&without);
        if written.is_err() {
            // It is tried again: in the file the device is still there.
            self.has_news.store(true, Ordering::Relaxed);
        }
        written.map(|()| Some(device))
    }

    /// Whose key this is, and that it was here. Never blocks on the disk: [`save`](Self::save) does.
    pub(crate) fn visit(&self, key: &DeviceKey) -> Option<Device> {
        let mut registry = self.registry();
        let device = registry.find(key)?.clone();
        if registry.seen(&device.id, now_s()) {
            self.has_news.store(true, Ordering::Relaxed);
        }
        Some(device)
    }

    /// Whether somebody was here since the last [`save`](Self::save).
    pub(crate) fn has_news(&self) -> bool {
        self.has_news.load(Ordering::Relaxed)
    }

    /// Writes down who was here.
    pub(crate) fn save(&self) -> Result<(), DevicesError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.has_news.store(false, Ordering::Relaxed);
        let now = self.registry().clone();
        let written = self.write(&now);
        if written.is_err() {
            self.has_news.store(true, Ordering::Relaxed);
        }
        written
    }

    /// Whether this device is still paired.
    pub(crate) fn is_paired(&self, id: &DeviceId) -> bool {
        self.registry().device(id).is_some()
    }

    /// All of them.
    pub(crate) fn list(&self) -> Vec<Device> {
        self.registry().devices().to_vec()
    }

    /// Resolves once this device is not paired any more.
    pub(crate) async fn revoked(&self, id: &DeviceId) {
        let mut changes = self.changes.subscribe();
        while self.is_paired(id) {
            // The sender lives as long as `self`.
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    fn changed(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, registry: &Registry) -> Result<(), DevicesError> {
        let text = serde_json::to_vec_pretty(registry).expect("strings and numbers");
        file::replace(&self.path, &text).map_err(|source| DevicesError::Io {
            path: self.path.clone(),
            source,
        })
    }
}

/// Seconds since 1970; 0 for a clock before that.
fn now_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
#[path = "devices_test.rs"]
mod tests;
