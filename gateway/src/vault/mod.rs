//! The vault of secrets in the running process: where its slow steps run, and when it locks itself.
//!
//! The safe word's key costs 64 MiB and some hundred milliseconds on all cores. So one derivation runs at
//! a time, on a thread of its own beside the sockets', and it waits for a moment in which Janet's voice is
//! not on its way to anybody ([`Sounding`]), a second at most.

mod sounding;
mod work;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use janet_protocol::{ErrorCode, TrustEvent, VaultStatus, VaultVerb, WireError};
use janet_vault::audit::{Event, Name};
use janet_vault::blue::{self, Blue, BlueError, Limits};
use janet_vault::red::{Red, RedError};
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::app::goes_down;
use crate::conversations::now_ms;
use crate::trust::{To, Trust};
pub(crate) use sounding::{Audible, Sounding};
pub(crate) use work::{Came, Failed, Word};

/// How long another process may take to let go of the vault's file.
const WAIT_FOR_FILE: Duration = Duration::from_secs(3);
/// How long a derivation waits for a moment without her voice.
const WAIT_FOR_QUIET: Duration = Duration::from_secs(1);
/// The longest pause between two looks whether nobody has used it for a while.
const LOOK: Duration = Duration::from_secs(5);

/// The vault and what it needs.
pub(crate) struct Vault {
    red: Arc<Red>,
    blue: Blue,
    /// One derivation at a time: two would take the memory and the cores of four.
    slow: Semaphore,
    sounding: Sounding,
}

impl Vault {
    /// Opens it in this folder. The inner error: there is no memory that can be locked, and so no vault.
    pub(crate) fn open(
        folder: &Path,
        lock_after: Duration,
    ) -> Result<Result<Self, BlueError>, RedError> {
        let limits = Limits {
            lock_after,
            ..Limits::default()
        };
        let blue = match Blue::new(limits) {
            Ok(blue) => blue,
            Err(error) => return Ok(Err(error)),
        };
        blue::zeroize_on_panic(&blue);
        let red = Red::open(folder, blue.clone(), WAIT_FOR_FILE, now_ms())?;
        Ok(Ok(Self {
            red: Arc::new(red),
            blue,
            slow: Semaphore::new(1),
            sounding: Sounding::default(),
        }))
    }

    /// What is at rest.
    pub(crate) const fn red(&self) -> &Arc<Red> {
        &self.red
    }

    /// Counts whose voice is on its way.
    pub(crate) const fn sounding(&self) -> &Sounding {
        &self.sounding
    }

    /// Runs a derivation of a key.
    async fn derive<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failed> {
        let _turn = self.slow.acquire().await.map_err(|_| Failed::died())?;
        // Whether or not it becomes quiet.
        timeout(WAIT_FOR_QUIET, self.sounding.quiet()).await.ok();
        let began = std::time::Instant::now();
        let done = spawn_blocking(work).await.map_err(|_| Failed::died())?;
        metrics::histogram!("janet_vault_derive_seconds").record(began.elapsed().as_secs_f64());
        Ok(done)
    }
}

impl Trust {
    /// Zeroes what is unlocked, whoever is busy with the vault.
    pub(crate) fn lock_vault_at_once(&self) {
        if let Ok(vault) = self.vault() {
            vault.blue.zeroize_all();
        }
    }

    /// Locks it. Blocks until nobody is busy with it.
    pub(crate) fn lock_vault(&self) {
        if let Ok(vault) = self.vault() {
            vault.red.lock();
            self.tell_locked();
        }
    }

    /// Locks the vault when nobody has used it for a while, and when the server goes down.
    pub(crate) async fn watch_the_vault(self: Arc<Self>, mut leaving: watch::Receiver<bool>) {
        let Ok(vault) = self.vault().cloned() else {
            return;
        };
        loop {
            let due = vault.blue.poll_timeout();
            let left = due.map_or(LOOK, |due| {
                Duration::from_millis(due.saturating_sub(now_ms())).min(LOOK)
            });
            tokio::select! {
                () = tokio::time::sleep(left) => {
                    if vault.blue.expire(now_ms()) {
                        // It is locked, whether the log can say so or not.
                        let why = Name::new("time_out");
                        self.note(&Event::VaultLocked { why }).ok();
                        self.tell_locked();
                        self.tell_expired();
                    }
                }
                () = goes_down(&mut leaving) => {
                    vault.blue.zeroize_all();
                    return;
                }
            }
        }
    }

    /// Tells all of the operator's connections that it has locked itself.
    fn tell_expired(&self) {
        let event = TrustEvent::VaultResult {
            action: VaultVerb::Status,
            status: VaultStatus::Done,
            // Something was unlocked.
            exists: true,
            locked: true,
            message: "the vault has locked itself: nobody used it for a while".to_owned(),
            items: None,
            value: None,
            retry_after_ms: None,
        };
        self.tell(To::Operator, event);
    }
}

/// What an error of the vault is on the wire, where it is not an answer of its own.
fn refusal(error: &RedError) -> WireError {
    let text = error.to_string();
    match error {
        RedError::Refused | RedError::Export | RedError::Stub | RedError::Delayed(_) => {
            WireError::new(ErrorCode::VaultRefused, text)
        }
        RedError::Locked => WireError::new(ErrorCode::VaultLocked, text),
        RedError::Absent => WireError::new(ErrorCode::NotFound, text),
        RedError::Exists => WireError::new(ErrorCode::Unexpected, text),
        RedError::Stale | RedError::Consent(_) => WireError::new(ErrorCode::NotConsented, text),
        RedError::TooLong { field, .. } => WireError::in_field(
            ErrorCode::FieldTooLarge,
            wire_field(field),
            format!("field \"{}\": {text}", wire_field(field)),
        ),
        RedError::Empty { field } => {
            WireError::in_field(ErrorCode::OutOfRange, wire_field(field), text)
        }
        RedError::TooMany { .. } | RedError::TooMuch { .. } => {
            WireError::new(ErrorCode::OutOfRange, text)
        }
        RedError::Blue(BlueError::Full { .. } | BlueError::TooMany { .. })
        | RedError::Memory { .. } => WireError::new(ErrorCode::Overloaded, text),
        _ => {
            tracing::error!(%error, "the vault of secrets failed");
            WireError::new(ErrorCode::Internal, text)
        }
    }
}

fn wire_field(field: &'static str) -> &'static str {
    match field {
        "a tag" => "tags",
        field => field,
    }
}
