//! Axiom 8, the Red Thread: a latch that every door passes through.
//!
//! Whoever reads or writes a vault, moves a soul, delegates or generates has to show a [`Pass`], and
//! only [`RedThread::pass`] makes one. Once the thread is pulled there are none until the operator
//! clears it, not in this process and not in the next: what was latched is on the disk before
//! [`RedThread::pull`] returns, and what held a pass has let go of it by then.
//!
//! A pass is for one short step (a transaction, a search). Long work takes one for each step, so that
//! nobody who pulls waits for it.
//!
//! Nodes tell each other what they know ([`Shared`]); a pull anywhere latches wherever it is heard of,
//! and a clearing opens what it had seen pulled.

mod clearance;
mod file;
mod shared;

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::clearance::{
    ClearError, Clearance, PROOF_FOR_MS, SafeWordProof, TOKEN_FROM_MS, TOKEN_UNTIL_MS, Token,
};
use self::clearance::{Tokens, Way};
pub use self::shared::Shared;

/// How long a pull waits for the steps that are under way.
const QUIET_WITHIN: Duration = Duration::from_secs(2);

/// Why the latch cannot be used, or is not kept.
#[derive(Debug, thiserror::Error)]
pub enum RedThreadError {
    /// Its file cannot be read or written.
    #[error("the red thread's state in {} cannot be kept: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The system gives no randomness.
    #[error("no random numbers from the operating system")]
    Random,
}

/// Nothing passes: the red thread was pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the red thread was pulled; the operator has to clear it first")]
pub struct Pulled;

/// Whether it is pulled, since when, and where that was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Nothing passes.
    pub active: bool,
    /// When it was pulled or cleared last, in ms since 1970; 0: never.
    pub since_ms: u64,
    /// The node where that was.
    pub node: String,
}

/// The latch of one machine. Shared by reference; every call is short but for a pull.
#[derive(Debug)]
pub struct RedThread {
    path: PathBuf,
    inner: Mutex<Inner>,
    let_go: Condvar,
    /// Held by whoever writes the file, which is written from what is true by then. Taken before `inner`.
    file: Mutex<()>,
}

#[derive(Debug)]
struct Inner {
    kept: Kept,
    passes: usize,
    tokens: Tokens,
}

/// What the file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    state: State,
    shared: Shared,
    /// When it last changed on this node's clock: what the operator allowed before is allowed no more.
    changed_ms: u64,
}

impl Kept {
    /// Nobody knows what was; the name is new, so that no clearing can have seen it.
    fn damaged(name: &str) -> Self {
        let mut shared = Shared::default();
        shared.pull(name, 1);
        Self {
            state: State {
                active: true,
                ..State::default()
            },
            shared,
            changed_ms: 0,
        }
    }
}

/// The right to do one short step. Made by [`RedThread::pass`] alone.
#[derive(Debug)]
#[must_use = "what is done without it is not guarded"]
pub struct Pass<'a> {
    thread: &'a RedThread,
}

impl RedThread {
    /// Reads the state in this folder, or begins with none. A file that cannot be understood counts as
    /// pulled: a latch that fails has to fail shut.
    pub fn open(folder: &Path) -> Result<Self, RedThreadError> {
        let path = folder.join(file::NAME);
        let kept = file::read(&path)?;
        Ok(Self {
            path,
            inner: Mutex::new(Inner {
                kept,
                passes: 0,
                tokens: Tokens::default(),
            }),
            let_go: Condvar::new(),
            file: Mutex::new(()),
        })
    }

    /// The right to do one step, unless the thread is pulled.
    pub fn pass(&self) -> Result<Pass<'_>, Pulled> {
        let mut inner = self.lock();
        if inner.kept.state.active {
            return Err(Pulled);
        }
        inner.passes += 1;
        Ok(Pass { thread: self })
    }

    /// Pulls it. No pass is given from the first instruction on; when this returns, it is on the disk
    /// and every step that had one is over (but for one that takes longer than two seconds, which the
    /// log tells). An error means that the next start will not know of it; it is pulled all the same.
    pub fn pull(&self, node: &str, now_ms: u64) -> Result<State, RedThreadError> {
        let state = self.latch(node, now_ms);
        self.settle().map(|()| state)
    }

    /// The first half of [`Self::pull`], which waits for nothing: no pass is given any more. What keeps it
    /// over a restart is [`Self::settle`].
    pub fn latch(&self, node: &str, now_ms: u64) -> State {
        let mut inner = self.lock();
        inner.kept.shared.pull(node, now_ms);
        inner.latch(node, now_ms);
        inner.kept.state.clone()
    }

    /// What another node knows, who has proved that it is one of this Janet's. A pull there latches here as
    /// [`Self::pull`] does; a clearing there opens here what it had seen. Returns what is true from now on.
    pub fn merge(&self, node: &str, other: &Shared, now_ms: u64) -> Result<State, RedThreadError> {
        // What opens has to be on the disk first, as in `clear`; so nobody else may write meanwhile.
        let writing = self.writing();
        let mut inner = self.lock();
        let mut both = inner.kept.shared.clone();
        both.merge(other, now_ms);
        if both == inner.kept.shared {
            return Ok(inner.kept.state.clone());
        }
        if both.active() {
            inner.kept.shared = both;
            inner.latch(node, now_ms);
            let state = inner.kept.state.clone();
            drop(inner);
            drop(writing);
            return self.settle().map(|()| state);
        }
        let after = inner.kept.cleared(both, node, now_ms);
        drop(inner);
        file::write(&self.path, &after)?;
        Ok(self.opened(after))
    }

    /// Gives the operator's device a token: the first of the two clicks. One that it had is void.
    pub fn token(&self, operator: &str, now_ms: u64) -> Result<Token, ClearError> {
        let mut inner = self.lock();
        if !inner.kept.state.active {
            return Err(ClearError::NotPulled);
        }
        let seen = inner.kept.shared.clone();
        Ok(inner.tokens.give(operator, seen, now_ms)?)
    }

    /// The second click: the token of this device, a second later at the soonest and half a minute at the
    /// latest. It is good for one try.
    pub fn redeem(
        &self,
        token: &str,
        operator: &str,
        now_ms: u64,
    ) -> Result<Clearance, ClearError> {
        self.lock().tokens.redeem(token, operator, now_ms)
    }

    /// Clears it. It is on the disk before anything passes; whatever was pulled meanwhile stays pulled.
    pub fn clear(
        &self,
        clearance: Clearance,
        node: &str,
        now_ms: u64,
    ) -> Result<State, ClearError> {
        let writing = self.writing();
        let kept = self.lock().kept.clone();
        if !kept.state.active {
            return Err(ClearError::NotPulled);
        }
        match clearance.0 {
            Way::SafeWord(proof) if !proof.is_fresh(now_ms) => return Err(ClearError::Proof),
            Way::SafeWord(proof) if proof.is_before(kept.changed_ms) => {
                return Err(ClearError::PulledAgain);
            }
            Way::TwoSteps(seen) if seen != kept.shared => return Err(ClearError::PulledAgain),
            Way::SafeWord(_) | Way::TwoSteps(_) => {}
        }
        let mut shared = kept.shared.clone();
        shared.clear();
        let after = kept.cleared(shared, node, now_ms);
        file::write(&self.path, &after)?;
        let state = self.opened(after);
        drop(writing);
        if state.active {
            return Err(ClearError::PulledAgain);
        }
        Ok(state)
    }

    /// Whether it is pulled.
    pub fn state(&self) -> State {
        self.lock().kept.state.clone()
    }

    /// What other nodes have to know.
    pub fn shared(&self) -> Shared {
        self.lock().kept.shared.clone()
    }

    /// Writes what is true, and waits for the steps that had a pass: the second half of [`Self::pull`].
    pub fn settle(&self) -> Result<(), RedThreadError> {
        let kept = {
            let _writing = self.writing();
            let kept = self.lock().kept.clone();
            file::write(&self.path, &kept)
        };
        let (inner, late) = self
            .let_go
            .wait_timeout_while(self.lock(), QUIET_WITHIN, |inner| inner.passes > 0)
            .unwrap_or_else(PoisonError::into_inner);
        if late.timed_out() {
            tracing::error!(steps = inner.passes, "steps go on behind the red thread");
        }
        drop(inner);
        kept
    }

    /// Lets pass what the file now lets pass, unless somebody pulled since it was begun: that one waits
    /// for the file and writes it again.
    fn opened(&self, after: Kept) -> State {
        let mut inner = self.lock();
        let mut both = inner.kept.shared.clone();
        both.merge(&after.shared, after.changed_ms);
        if both.active() {
            inner.kept.shared = both;
        } else {
            inner.kept = after;
            inner.tokens.forget();
        }
        inner.kept.state.clone()
    }

    fn writing(&self) -> MutexGuard<'_, ()> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Nothing passes from here on. Who was between two clicks begins anew.
    fn latch(&mut self, node: &str, now_ms: u64) {
        self.tokens.forget();
        if !self.kept.state.active {
            self.kept.state = State {
                active: true,
                since_ms: now_ms,
                node: node.to_owned(),
            };
        }
        self.kept.changed_ms = self.kept.changed_ms.max(now_ms);
    }
}

impl Kept {
    fn cleared(&self, shared: Shared, node: &str, now_ms: u64) -> Self {
        let state = if self.state.active {
            State {
                active: false,
                since_ms: now_ms,
                node: node.to_owned(),
            }
        } else {
            self.state.clone()
        };
        Self {
            state,
            shared,
            changed_ms: self.changed_ms.max(now_ms),
        }
    }
}

impl Pass<'_> {
    /// When the thread was last pulled or cleared: what was allowed before that is allowed no more.
    pub(crate) fn since_ms(&self) -> u64 {
        self.thread.lock().kept.changed_ms
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.thread.lock().passes -= 1;
        self.thread.let_go.notify_all();
    }
}

#[cfg(test)]
#[path = "red_thread_test.rs"]
mod tests;
