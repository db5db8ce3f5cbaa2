//! Axiom 8 in the running process: pulled by anybody, cleared by the operator alone.

use std::sync::Arc;
use std::time::Instant;

use janet_protocol::{ErrorCode, TrustEvent, WireError};
use janet_vault::audit::{Event, Name};
use janet_vault::red_thread::{ClearError, Clearance, State};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::{JoinHandle, spawn_blocking};

use super::{To, Told, Trust};
use crate::conversations::now_ms;

impl Trust {
    /// What is true of it now.
    pub(crate) fn red_thread_state(&self) -> TrustEvent {
        told(self.red_thread.state())
    }

    /// Refuses whatever has to wait until the operator clears it.
    pub(crate) fn may_act(&self) -> Result<(), WireError> {
        match self.red_thread.pass() {
            Ok(_) => Ok(()),
            Err(pulled) => Err(WireError::new(ErrorCode::RedThread, pulled.to_string())),
        }
    }

    /// Stops everything. When this returns, it is latched and all connections are told to stop; what comes
    /// back ends when it is on the disk and everybody was told why. That goes on by itself, two seconds at
    /// most, whether somebody waits for it or not.
    pub(crate) fn pull(self: &Arc<Self>, operator: &str) -> JoinHandle<()> {
        let began = Instant::now();
        let is_news = !self.red_thread.state().active;
        self.red_thread.latch(self.node.as_str(), now_ms());
        self.told.send(Told::Stop).ok();
        self.lock_vaults_at_once(None);
        metrics::counter!("janet_red_thread_pulled_total").increment(1);
        let pulled = Event::RedThreadPulled {
            node: Name::new(self.node.as_str()),
            operator: Name::new(operator),
        };
        let trust = Arc::clone(self);
        spawn_blocking(move || {
            if let Err(error) = trust.red_thread.settle() {
                tracing::error!(%error, "the red thread is pulled until the next start only");
            }
            trust.withdraw_all();
            // Once more, for a step that had its pass before.
            trust.lock_vaults(None);
            metrics::histogram!("janet_red_thread_seconds").record(began.elapsed().as_secs_f64());
            tracing::warn!("the red thread was pulled");
            if is_news {
                // It stays pulled, whatever the log says of it.
                trust.note(&pulled).ok();
            }
            trust.tell(To::Everybody, trust.red_thread_state());
        })
    }

    /// Resolves when the red thread is pulled.
    pub(crate) async fn pulled(&self, told: &mut broadcast::Receiver<Told>) {
        loop {
            match told.recv().await {
                Ok(Told::Stop) => return,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) if self.may_act().is_err() => return,
                Err(RecvError::Lagged(_)) => {}
                // The server goes down: whoever waits is told by that.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    /// What comes of this work; `None`: the red thread is pulled, or was before it was done.
    pub(crate) async fn unless_pulled<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        // First the ear, then the look: a pull in between is heard.
        let mut told = self.listen();
        self.may_act().ok()?;
        tokio::select! {
            () = self.pulled(&mut told) => None,
            done = work => Some(done),
        }
    }

    /// The first of the operator's two clicks.
    pub(crate) fn red_thread_token(&self, operator: &str) -> Result<TrustEvent, WireError> {
        let token = self.red_thread.token(operator, now_ms()).map_err(refused)?;
        Ok(TrustEvent::RedThreadToken {
            token: token.text.clone().into(),
            expires_at: token.until_ms,
        })
    }

    /// The second one.
    pub(crate) async fn red_thread_redeem(
        self: &Arc<Self>,
        token: &str,
        operator: &str,
    ) -> Result<(), WireError> {
        let clearance = self
            .red_thread
            .redeem(token, operator, now_ms())
            .map_err(refused)?;
        self.clear(clearance, operator, "two_steps").await
    }

    /// It goes on.
    pub(crate) async fn clear(
        self: &Arc<Self>,
        clearance: Clearance,
        operator: &str,
        how: &str,
    ) -> Result<(), WireError> {
        let trust = Arc::clone(self);
        let cleared = spawn_blocking(move || {
            trust
                .red_thread
                .clear(clearance, trust.node.as_str(), now_ms())
        });
        let died = |_| WireError::new(ErrorCode::Internal, "clearing the red thread died");
        cleared.await.map_err(died)?.map_err(refused)?;
        tracing::warn!("the operator cleared the red thread");
        let event = Event::RedThreadCleared {
            node: Name::new(self.node.as_str()),
            operator: Name::new(operator),
            how: Name::new(how),
        };
        if let Err(error) = self.note(&event) {
            // What nobody could look up later has not happened.
            drop(self.pull(operator));
            return Err(WireError::new(ErrorCode::Internal, error.to_string()));
        }
        self.tell(To::Everybody, self.red_thread_state());
        Ok(())
    }
}

fn told(state: State) -> TrustEvent {
    TrustEvent::RedThreadState {
        active: state.active,
        since: state.since_ms,
        node: state.node,
    }
}

fn refused(error: ClearError) -> WireError {
    let code = match error {
        ClearError::File(_) => ErrorCode::Internal,
        _ => ErrorCode::NotConsented,
    };
    WireError::new(code, error.to_string())
}
