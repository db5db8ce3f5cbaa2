//! What is looked at when Janet starts and once a day: that the constitution is the one that counts, and
//! that the log of what was decided is as she wrote it.

use std::sync::Arc;
use std::time::Duration;

use janet_vault::audit::{AuditLog, Ended, Event};
use janet_vault::constitution::{Constitution, ConstitutionError, SHIPPED};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use super::Trust;
use crate::app::goes_down;

/// Between two looks.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The constitution that counts: the one whose hash is pinned, or the one that the operator accepted last.
pub(super) fn constitution(audit: &AuditLog) -> Result<Constitution, ConstitutionError> {
    Constitution::load(SHIPPED, audit.head().constitution)
}

impl Trust {
    /// Looks once a day, until the server goes down.
    pub(crate) async fn look_daily(self: Arc<Self>, mut leaving: watch::Receiver<bool>) {
        let mut day = interval(DAY);
        day.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = day.tick() => {}
                () = goes_down(&mut leaving) => return,
            }
            let trust = Arc::clone(&self);
            if spawn_blocking(move || trust.look()).await.is_err() {
                tracing::error!("looking at the constitution and the audit log died");
            }
        }
    }

    fn look(&self) {
        let checked = constitution(&self.audit);
        let result = match &checked {
            Ok(_) => Ended::Done,
            Err(error) => {
                tracing::error!(%error, "the constitution is not the one that counts");
                Ended::Failed
            }
        };
        let version = checked.map_or(0, |constitution| constitution.version());
        // An entry that cannot be written is told by `note` itself.
        self.note(&Event::ConstitutionChecked { version, result })
            .ok();
        match self.audit.verify() {
            Ok(Ok(verified)) => tracing::debug!(entries = verified.count, "the audit log is whole"),
            Ok(Err(fault)) => tracing::error!(%fault, "the audit log is not as Janet wrote it"),
            Err(error) => tracing::error!(%error, "the audit log cannot be checked"),
        }
    }
}
