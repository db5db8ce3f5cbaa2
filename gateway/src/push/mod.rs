//! Rings for phones that are not connected: Apple wakes them up by a VoIP push, and they connect and
//! answer.
//!
//! ```text
//!  voip_ring, nobody there ─▶ Rings ─▶ a task per ring ─▶ Apns ─▶ the phone wakes up
//!                               │           └ in vain, or time over: missed, and told to who asked
//!  voip_call incoming ◀─ take ──┘ from there on its connection tells who asked, until somebody talks
//! ```
//! `provider`, `verdict` and `rings` decide, and have no clock and no network; `apns` asks.

mod apns;
mod provider;
mod rings;
mod verdict;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use janet_protocol::{Aps, PastCall, Private, PushKind, PushPayload};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::app::goes_down;
use crate::calls::{End, Event};
use crate::config;
use crate::conversations::{Conversations, NotRung, Ring, Unanswered};
use crate::lock::{DeviceId, Lock};
use crate::node::NodeId;
use apns::{Apns, NotSent};
pub(crate) use rings::Ringing;
use rings::{Rings, Whom};

/// Why nobody can be rung who is not connected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// A file cannot be read.
    #[error("`{setting}` = {}: {source}", path.display())]
    Read {
        /// Where it is named.
        setting: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error(
        "`calls.apns_key` = {}: there is no key of the kind that Apple gives out (.p8)",
        path.display()
    )]
    NotAKey {
        /// Which.
        path: PathBuf,
    },
    /// The file holds something else.
    #[error("`calls.apns_ca` = {}: there is no certificate in PEM", path.display())]
    NoCertificate {
        /// Which.
        path: PathBuf,
    },
    /// No HTTP client can be made.
    #[error("no HTTP client for Apple's push service can be made")]
    Http(#[from] reqwest::Error),
}

/// Who rings phones.
pub(crate) struct Push {
    apns: Apns,
    rings: Rings,
    conversations: Arc<Conversations>,
    lock: Arc<Lock>,
    node: NodeId,
    jobs: mpsc::Sender<Wanted>,
}

/// One ring on its way.
pub(crate) struct Job {
    call_id: String,
    token: Private<String>,
    payload: Vec<u8>,
    until: Instant,
}

/// A ring to be carried out, and what resolves once it is answered or declined.
pub(crate) type Wanted = (Job, oneshot::Receiver<()>);

/// Whether phones could be rung with these settings. Asks nobody.
pub(crate) fn check(config: &config::Apns) -> Result<(), PushError> {
    Apns::new(config).map(drop)
}

impl Push {
    /// Reads the key; rings go out while somebody [`run`](Self::run)s with what is given back. Blocks on
    /// the disk.
    pub(crate) fn new(
        config: &config::Apns,
        conversations: Arc<Conversations>,
        lock: Arc<Lock>,
        node: NodeId,
    ) -> Result<(Arc<Self>, mpsc::Receiver<Wanted>), PushError> {
        let (jobs, wanted) = mpsc::channel(rings::MOST);
        let push = Self {
            apns: Apns::new(config)?,
            rings: Rings::default(),
            conversations,
            lock,
            node,
            jobs,
        };
        Ok((Arc::new(push), wanted))
    }

    /// What went to the push service since the start.
    pub(crate) fn left(&self) -> janet_protocol::LeftMachine {
        self.apns.left()
    }

    /// Rings the client of this name, which is not connected. The client that asked is told if nobody
    /// talks to it.
    pub(crate) async fn ring(
        &self,
        client_id: &str,
        ring: Ring,
        asker: &str,
    ) -> Result<(), NotRung> {
        let token = self.conversations.push_token(client_id).await;
        let token = token.unwrap_or_else(|error| {
            tracing::error!(%error, "a push token cannot be read");
            None
        });
        let token = token.ok_or(NotRung::Away)?;
        let now = Instant::now();
        let whom = Whom {
            client_id: client_id.to_owned(),
            device: token.device.map(DeviceId),
        };
        let call_id = ring.call_id.clone();
        let caller = ring.caller.clone();
        let (until, taken) = self.rings.begin(ring, whom, asker, now)?;
        let lasts = u64::try_from((until - now).as_millis()).unwrap_or(u64::MAX);
        let payload = PushPayload {
            kind: PushKind::VoipIncoming,
            call_id: call_id.clone(),
            node_id: self.node.as_str().to_owned(),
            caller,
            expires_ms: self.conversations.now_ms().saturating_add(lasts),
            aps: Aps {},
        };
        let job = Job {
            call_id: call_id.clone(),
            token: token.token,
            payload: serde_json::to_vec(&payload).expect("strings and a number"),
            until,
        };
        // As many as there can be rings; full or closed, the server is going down.
        if self.jobs.try_send((job, taken)).is_err() {
            self.rings.end(&call_id, Event::ShuttingDown, now);
            return Err(NotRung::Away);
        }
        Ok(())
    }

    /// Whether this client is rung by a push just now.
    pub(crate) fn rings(&self, client_id: &str) -> bool {
        self.rings.rings(client_id)
    }

    /// The ring of this name, for who answers or declines it from this device.
    pub(crate) fn take(&self, call_id: &str, device: Option<&DeviceId>) -> Option<Ringing> {
        self.rings.take(call_id, device, Instant::now())
    }

    /// Carries rings out until the server goes down.
    pub(crate) async fn run(
        self: Arc<Self>,
        mut wanted: mpsc::Receiver<Wanted>,
        mut leaving: watch::Receiver<bool>,
    ) {
        // A device may have been revoked while nobody could be asked to forget its token.
        forget_revoked(&self.conversations, &self.lock).await;
        let mut under_way = JoinSet::new();
        loop {
            tokio::select! {
                Some((job, taken)) = wanted.recv() => {
                    under_way.spawn(self.clone().carry_out(job, taken));
                }
                Some(ended) = under_way.join_next() => {
                    if ended.is_err() {
                        tracing::error!("a ring by push died");
                    }
                }
                () = goes_down(&mut leaving) => break,
            }
        }
        under_way.shutdown().await;
        for call_id in self.rings.all() {
            self.over(&call_id, Event::ShuttingDown).await;
        }
    }

    async fn carry_out(self: Arc<Self>, job: Job, taken: oneshot::Receiver<()>) {
        let event = tokio::select! {
            // Resolves by being dropped: nobody sends anything.
            _ = taken => return,
            event = self.wait(&job) => event,
        };
        self.over(&job.call_id, event).await;
    }

    /// Sends the push and waits for the ring's end; gives what ends it.
    async fn wait(&self, job: &Job) -> Event {
        let sent = self.apns.send(&job.token, &job.payload, job.until).await;
        let outcome = match &sent {
            Ok(()) => "sent",
            Err(NotSent::Gone) => "gone",
            Err(NotSent::Refused(..)) => "refused",
            Err(NotSent::Unreachable) => "unreachable",
            Err(NotSent::Late) => "late",
            Err(NotSent::NotSigned) => "not_signed",
        };
        metrics::counter!("janet_pushes_total", "outcome" => outcome).increment(1);
        match sent {
            // It rings, or may ring.
            Ok(()) | Err(NotSent::Late) => {
                tokio::time::sleep_until(job.until.into()).await;
                return Event::MediaLost;
            }
            Err(NotSent::Gone) => {
                tracing::info!("the push service does not know a phone any more");
                let forgotten = self.conversations.forget_push_token(job.token.clone());
                if let Err(error) = forgotten.await {
                    tracing::error!(%error, "a push token that is of no use was not forgotten");
                }
            }
            Err(NotSent::Refused(status, reason)) => {
                let reason = reason.as_deref().unwrap_or("no reason given");
                tracing::warn!(status, reason, "the push service refused to ring a phone");
            }
            Err(NotSent::Unreachable | NotSent::NotSigned) => {
                tracing::warn!(outcome, "a phone could not be rung");
            }
        }
        Event::MediaLost
    }

    /// A ring ends, unless somebody has taken it.
    async fn over(&self, call_id: &str, event: Event) {
        let Some(over) = self.rings.end(call_id, event, Instant::now()) else {
            return;
        };
        let end = over.end;
        if let Some(asker) = &over.asker {
            let unanswered = Unanswered {
                call_id: call_id.to_owned(),
                reason: end.reason,
                words: None,
            };
            self.conversations.tell(asker, unanswered);
        }
        count(&end);
        let lasted = u64::try_from(over.lasted.as_millis()).unwrap_or(u64::MAX);
        let call = PastCall {
            direction: end.direction,
            started_ms: self.conversations.now_ms().saturating_sub(lasted),
            duration_ms: end.duration_ms,
            reason: end.reason,
            missed: end.missed,
            words: None,
        };
        let kept = self.conversations.keep_missed(&over.whom.client_id, call);
        if let Err(error) = kept.await {
            tracing::error!(%error, "a missed call was not kept in the history");
        }
    }
}

/// Counts a call that has ended.
pub(crate) fn count(end: &End) {
    metrics::counter!(
        "janet_calls_total",
        "direction" => end.direction.as_str(), "reason" => end.reason.as_str()
    )
    .increment(1);
}

/// Forgets by what devices are rung that are not paired any more.
pub(crate) async fn forget_revoked(conversations: &Conversations, lock: &Lock) {
    let paired = lock.devices.list().into_iter().map(|device| device.id.0);
    if let Err(error) = conversations.keep_push_tokens_of(paired.collect()).await {
        tracing::error!(%error, "the push tokens of revoked devices were not forgotten");
    }
}
