//! What is left of transfers that were cut off: finished, asked about, or thrown away.

use std::sync::Arc;
use std::time::Duration;

use janet_vault::bridge::link::{Given, Giving, LinkError, carry, finish_unfinished};
use janet_vault::bridge::{BridgeError, Header, Released, expire};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::MissedTickBehavior;

use super::Souls;
use super::wire::{CarryError, Home, connect, give};
use crate::app::goes_down;
use crate::conversations::now_ms;

/// How often it is looked for.
const LOOK: Duration = Duration::from_secs(20);
/// A package that comes in and that nobody goes on with for so long is called off.
const STALE: Duration = Duration::from_secs(24 * 3600);

impl Souls {
    /// Looks at once and every now and then, until the server goes down.
    pub(crate) async fn settle(self: Arc<Self>, mut leaving: watch::Receiver<bool>) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = look.tick() => self.settle_now().await,
                () = goes_down(&mut leaving) => return,
            }
        }
    }

    async fn settle_now(&self) {
        // Whatever is under way now is not left over.
        let Some(_only) = self.alone() else {
            return;
        };
        for home in &self.homes {
            let here = home.clone();
            let finished = spawn_blocking(move || {
                let now = now_ms();
                let finished =
                    here.with_side(now, |side| finish_unfinished(side, &here.red_thread, now))?;
                let before = now.saturating_sub(STALE.as_millis() as u64);
                expire(&here.store, before, now)?;
                let pass = here.red_thread.pass()?;
                Ok::<_, LinkError>((finished, Released::all(&pass, &here.store)?))
            });
            let released = match finished.await {
                Ok(Ok((finished, released))) => {
                    if finished > 0 {
                        // Of which conversations is not known any more: some came from elsewhere.
                        self.trust.marks().everything_forgotten(now_ms());
                        tracing::info!(finished, "transfers that were cut off are finished");
                    }
                    released
                }
                // Everything waits until the operator clears it.
                Ok(Err(LinkError::Pulled(_))) => return,
                Ok(Err(error)) => {
                    tracing::warn!(%error, "a transfer that was cut off cannot be finished yet");
                    continue;
                }
                Err(error) => {
                    tracing::error!(%error, "finishing a transfer died");
                    continue;
                }
            };
            for released in released {
                match self.ask_after(home, released).await {
                    Ok(Given::Delivered(_)) => {
                        tracing::info!("a transfer that was cut off arrived")
                    }
                    Ok(Given::Refused(_)) => {
                        tracing::info!("a transfer that was cut off is taken back");
                    }
                    Err(error) => tracing::debug!(%error, "the other soul is not asked yet"),
                }
            }
        }
    }

    /// Whether the target has it; what it has not, it is given.
    async fn ask_after(&self, home: &Home, released: Released) -> Result<Given, CarryError> {
        let header = Header::read(&released.header)
            .map_err(|error| LinkError::from(BridgeError::from(error)))?;
        let target = header.target;
        let giving = Giving::again(released);
        if let Some(there) = self.home(target.soul).filter(|it| it.me() == target) {
            return in_memory(home.clone(), there.clone(), giving, |_| {}).await;
        }
        let peer = self.paired().into_iter().find(|it| it.party == target);
        let address = peer.and_then(|peer| peer.address).ok_or_else(|| {
            CarryError::from(std::io::Error::from(std::io::ErrorKind::AddrNotAvailable))
        })?;
        let stream = connect(&address, home.identity.clone(), target).await?;
        self.goes_to(&address);
        give(stream, home, target, giving, now_ms, |_| {}).await
    }
}

/// Both souls are in this process.
pub(super) async fn in_memory(
    here: Home,
    there: Home,
    giving: Giving,
    mut tell: impl FnMut(janet_vault::bridge::link::Progress) + Send + 'static,
) -> Result<Given, CarryError> {
    let carrying = spawn_blocking(move || {
        let now = now_ms();
        here.with_side(now, |source| {
            there.with_side(now, |target| {
                carry(giving, source, target, &here.red_thread, now, &mut tell)
            })
        })
    });
    Ok(carrying.await.map_err(|_| CarryError::Died)??)
}
