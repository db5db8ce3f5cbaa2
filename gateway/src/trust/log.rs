//! The audit log in the running process: written before anything that it tells of is done or told.

use std::sync::Arc;

use janet_protocol::{AuditEntry, ErrorCode, TrustEvent, WireError};
use janet_vault::audit::{AuditError, Entry, Event, LARGEST_PAGE};
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

    /// Shows what happened, the newest first. Blocks on the disk.
    pub(crate) fn look_back(&self, mut look: impl FnMut(&Event)) -> Result<(), AuditError> {
        let mut before = None;
        loop {
            let page = self.audit.read(LARGEST_PAGE, before)?;
            let Some(oldest) = page.last() else {
                return Ok(());
            };
            before = Some(oldest.number);
            page.iter().for_each(|entry| look(&entry.event));
        }
    }

    /// How many entries there are.
    pub(crate) fn audit_entries(&self) -> u64 {
        self.audit.head().count
    }

    /// `audit_read`: a page, and whether the log is as it was written: all of it was looked at when she
    /// started and once a day, and what came since is looked at now.
    pub(crate) async fn audit_page(
        self: &Arc<Self>,
        limit: usize,
        before: Option<u64>,
    ) -> Result<TrustEvent, WireError> {
        let trust = Arc::clone(self);
        let page = spawn_blocking(move || {
            let entries = trust.audit.read(limit, before)?;
            let verified = trust.audit.verify_news()?;
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
        event: entry.event.name(),
        words: entry.event.to_string(),
    }
}
