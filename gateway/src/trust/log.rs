//! The audit log in the running process: written before anything that it tells of is done or told.

use std::sync::Arc;

use janet_protocol::{AuditEntry, ErrorCode, TrustEvent, WireError};
use janet_vault::audit::{AuditError, Ended, Entry, Event};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{block_in_place, spawn_blocking};

use super::Trust;
use crate::conversations::now_ms;

impl Trust {
    /// Writes an entry; it is on the disk when this returns. Its number, or that there is none: then what it
    /// would have told of must not be done.
    pub(crate) fn note(&self, event: &Event) -> Result<u64, AuditError> {
        let noted = on_disk(|| self.audit.append(now_ms(), event));
        let noted = noted
            .inspect_err(|error| tracing::error!(%error, "a decision is not in the audit log"));
        Ok(noted?.number)
    }

    /// How many entries there are.
    pub(crate) fn audit_entries(&self) -> u64 {
        self.audit.head().count
    }

    /// `audit_read`: a page, and whether the whole log is as it was written.
    pub(crate) async fn audit_page(
        self: &Arc<Self>,
        limit: usize,
        before: Option<u64>,
    ) -> Result<TrustEvent, WireError> {
        let trust = Arc::clone(self);
        let page = spawn_blocking(move || {
            let entries = trust.audit.read(limit, before)?;
            let verified = trust.audit.verify()?;
            if let Err(fault) = &verified {
                tracing::error!(%fault, "the audit log is not as Janet wrote it");
            }
            let head = trust.audit.head();
            Ok::<_, AuditError>(TrustEvent::AuditEntries {
                entries: entries.iter().map(told).collect(),
                count: head.count,
                verified: verified.is_ok(),
                head: head.head.iter().map(|byte| format!("{byte:02x}")).collect(),
            })
        });
        let died = |_| WireError::new(ErrorCode::Internal, "reading the audit log died");
        let failed = |error: AuditError| WireError::new(ErrorCode::Internal, error.to_string());
        page.await.map_err(died)?.map_err(failed)
    }
}

/// Something that waits for a disk, on a thread that others may need meanwhile.
pub(super) fn on_disk<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(work),
        _ => work(),
    }
}

fn told(entry: &Entry) -> AuditEntry {
    AuditEntry {
        number: entry.number,
        at_ms: entry.at_ms,
        event: kind(&entry.event),
        words: words(&entry.event),
    }
}

/// Its name in the log's own JSON.
fn kind(event: &Event) -> String {
    let json = serde_json::to_value(event).unwrap_or_default();
    json["kind"].as_str().unwrap_or("unknown").to_owned()
}

/// For people.
fn words(event: &Event) -> String {
    match event {
        Event::JanetStarted { version } => format!("Janet {version} was started."),
        Event::ConsentAsked {
            action, operator, ..
        } => format!("Asked ({operator}): may I {action}?"),
        Event::ConsentClosed {
            action,
            operator,
            decision,
            how,
            ..
        } => {
            let how = how
                .as_ref()
                .map_or(String::new(), |how| format!(", by {how}"));
            format!("Answer ({operator}) to {action}: {decision:?}{how}.")
        }
        Event::GrantAdded { action, .. } => format!("{action} is allowed once and for all."),
        Event::GrantRevoked { action, .. } => format!("{action} has to be asked for again."),
        Event::MemoryAdded { entry, .. } => format!("Remembered {entry}."),
        Event::MemoryEdited { entry, .. } => format!("Changed memory {entry}."),
        Event::MemoryForgotten { entry, .. } => format!("Forgot {entry}."),
        Event::MemoryForgottenAll { entries, .. } => {
            format!("Forgot everything: {entries} memories.")
        }
        Event::TransferStarted { from, to, .. } => format!("A transfer from {from} to {to} began."),
        Event::TransferEnded {
            messages,
            summaries,
            result,
            ..
        } => format!(
            "A transfer ended ({}): {messages} messages, {summaries} summaries.",
            ended(*result)
        ),
        Event::Exported { what, items, .. } => format!("{items} of {what} left as a file."),
        Event::Imported {
            what,
            items,
            refused,
            ..
        } => format!("{items} of {what} were taken in, {refused} refused."),
        Event::VaultCreated { operator } => format!("The vault was made ({operator})."),
        Event::VaultUnlocked { operator, items } => {
            format!("The vault was unlocked ({operator}); {items} secrets are in memory.")
        }
        Event::VaultLocked { why } => format!("The vault was locked: {why}."),
        Event::VaultRefused { operator } => format!("A wrong safe word ({operator})."),
        Event::SafeWordChanged { operator } => {
            format!("The safe word is another one ({operator}).")
        }
        Event::SecretStored { operator } => {
            format!("A secret was put into the vault ({operator}).")
        }
        Event::SecretRead { operator } => format!("A secret was handed out ({operator})."),
        Event::SecretForgotten { operator } => format!("A secret was forgotten ({operator})."),
        Event::RedThreadPulled { operator, .. } => {
            format!("The red thread was pulled ({operator}).")
        }
        Event::RedThreadCleared { operator, how, .. } => {
            format!("The red thread was cleared ({operator}), by {how}.")
        }
        Event::PersonaChanged { persona, .. } => format!("She is {persona} from here on."),
        Event::ConstitutionChecked { version, result } => {
            format!(
                "The constitution, version {version}, was checked: {}.",
                ended(*result)
            )
        }
        Event::ConstitutionChanged { version, .. } => {
            format!("Another constitution, version {version}, was accepted.")
        }
        Event::DevicePaired { device } => format!("The device {device} was paired."),
        Event::DeviceRevoked { device, operator } => {
            format!("The device {device} was shut out ({operator}).")
        }
        other => kind(other).replace('_', " "),
    }
}

const fn ended(ended: Ended) -> &'static str {
    match ended {
        Ended::Done => "done",
        Ended::Failed => "failed, nothing changed",
        Ended::Refused => "refused",
        Ended::Cancelled => "cancelled",
    }
}
