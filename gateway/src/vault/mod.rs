//! The vaults of secrets in the running process, one for each soul: where its slow steps run, and when they lock themselves.
//!
//! The safe word's key costs 64 MiB and some hundred milliseconds. So one derivation runs at a time, on a
//! thread of its own that does not disturb Janet's voice ([`slow`]); everything else blocks on the disk.

mod slow;
mod sounding;
mod work;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use janet_protocol::{ErrorCode, TrustEvent, VaultStatus, VaultVerb, WireError};
use janet_vault::audit::{AuditError, Event, Name};
use janet_vault::blue::{self, Blue, BlueError, Limits};
use janet_vault::red::{Red, RedError};
use janet_vault::soul::Soul;
use tokio::sync::watch;

use crate::app::goes_down;
use crate::config;
use crate::conversations::now_ms;
use crate::souls::soul_name;
use crate::trust::{To, Trust};
use slow::Slow;
pub(crate) use sounding::{Audible, Sounding};
pub(crate) use work::{Came, Failed, Safe, Word};

/// How long another process may take to let go of the vault's file.
const WAIT_FOR_FILE: Duration = Duration::from_secs(3);
/// The longest pause between two looks whether nobody has used it for a while.
const LOOK: Duration = Duration::from_secs(5);

/// A soul's vault and what it needs.
pub(crate) struct Vault {
    soul: Soul,
    red: Arc<Red>,
    blue: Blue,
    /// All vaults'.
    slow: Arc<Slow>,
    sounding: Sounding,
}

/// The vaults of this process's souls. Each has a safe word of its own.
pub(crate) struct Vaults {
    all: Vec<(Soul, Result<Arc<Vault>, BlueError>)>,
    sounding: Sounding,
}

impl Vaults {
    /// Opens them in the folders of these souls. Without memory that can be locked, a soul has none.
    pub(crate) fn open(
        data_dir: &Path,
        souls: config::Souls,
        lock_after: Duration,
    ) -> Result<Self, RedError> {
        let limits = Limits {
            lock_after,
            ..Limits::default()
        };
        let (slow, sounding) = (Arc::new(Slow::default()), Sounding::default());
        let open = |soul: Soul| {
            let blue = match Blue::new(limits) {
                Ok(blue) => blue,
                Err(error) => {
                    tracing::warn!(%error, %soul, "there is no vault of secrets");
                    return Ok((soul, Err(error)));
                }
            };
            blue::zeroize_on_panic(&blue);
            let red = Red::open(
                &soul.folder(data_dir),
                blue.clone(),
                WAIT_FOR_FILE,
                now_ms(),
            )?;
            let vault = Vault {
                soul,
                red: Arc::new(red),
                blue,
                slow: slow.clone(),
                sounding: sounding.clone(),
            };
            Ok((soul, Ok(Arc::new(vault))))
        };
        let here = [souls.first, souls.first.other()];
        let all = here.into_iter().filter(|soul| souls.has(*soul)).map(open);
        Ok(Self {
            all: all.collect::<Result<_, RedError>>()?,
            sounding,
        })
    }

    /// This soul's.
    pub(crate) fn of(&self, soul: Soul) -> Result<&Arc<Vault>, WireError> {
        let found = self.all.iter().find(|(it, _)| *it == soul);
        match found {
            Some((_, Ok(vault))) => Ok(vault),
            Some((_, Err(error))) => Err(WireError::new(ErrorCode::Internal, error.to_string())),
            None => {
                let message = format!("the {soul} soul does not live here");
                Err(WireError::new(ErrorCode::NotFound, message))
            }
        }
    }

    /// Counts whose voice is on its way.
    pub(crate) const fn sounding(&self) -> &Sounding {
        &self.sounding
    }

    fn here(&self) -> impl Iterator<Item = &Arc<Vault>> {
        self.all.iter().filter_map(|(_, vault)| vault.as_ref().ok())
    }
}

impl Vault {
    /// What is at rest.
    pub(crate) const fn red(&self) -> &Arc<Red> {
        &self.red
    }

    /// Whose it is, for the log.
    fn named(&self) -> Option<Name> {
        Some(Name::new(self.soul.name()))
    }

    /// Runs a derivation of a key.
    async fn derive<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failed> {
        self.slow.run(&self.sounding, work).await
    }
}

impl Trust {
    /// Zeroes what is unlocked of this soul, or of all, whoever is busy with a vault. Whose was open.
    pub(crate) fn lock_vaults_at_once(&self, soul: Option<Soul>) -> Vec<Soul> {
        let all = self.vaults().here();
        all.filter(|vault| soul.is_none_or(|soul| vault.soul == soul))
            .filter(|vault| vault.blue.zeroize_all())
            .map(|vault| vault.soul)
            .collect()
    }

    /// Locks this soul's vault, or all. Blocks until nobody is busy with them. Whose was open.
    pub(crate) fn lock_vaults(&self, soul: Option<Soul>) -> Vec<Soul> {
        // A vault without its keys looks locked: asked afterwards, none was ever open.
        let mut were_open = self.lock_vaults_at_once(soul);
        for vault in self.vaults().here() {
            if soul.is_none_or(|soul| vault.soul == soul) {
                // Whoever was busy with it may have opened it meanwhile.
                if !vault.red.is_locked() && !were_open.contains(&vault.soul) {
                    were_open.push(vault.soul);
                }
                vault.red.lock();
            }
        }
        self.tell_locked();
        were_open
    }

    /// Writes down whose vaults were locked, and why. They are, whatever the log says of it.
    pub(crate) fn note_locked(
        &self,
        were_open: &[Soul],
        why: &'static str,
    ) -> Result<(), AuditError> {
        for soul in were_open {
            self.note(&Event::VaultLocked {
                why: Name::new(why),
                soul: Some(Name::new(soul.name())),
            })?;
        }
        Ok(())
    }

    /// Locks a vault when nobody has used it for a while, and all when the server goes down.
    pub(crate) async fn watch_the_vaults(self: Arc<Self>, mut leaving: watch::Receiver<bool>) {
        loop {
            let due = self.vaults().here().filter_map(|it| it.blue.poll_timeout());
            let due = due.min();
            let left = due.map_or(LOOK, |due| {
                Duration::from_millis(due.saturating_sub(now_ms())).min(LOOK)
            });
            tokio::select! {
                () = tokio::time::sleep(left) => {
                    for vault in self.vaults().here() {
                        if vault.blue.expire(now_ms()) {
                            self.note_locked(&[vault.soul], "time_out").ok();
                            self.tell_locked();
                            self.tell_expired(vault.soul);
                        }
                    }
                }
                () = goes_down(&mut leaving) => {
                    self.lock_vaults_at_once(None);
                    return;
                }
            }
        }
    }

    /// Tells all of the operator's connections that it has locked itself.
    fn tell_expired(&self, soul: Soul) {
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
            soul: soul_name(soul),
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
