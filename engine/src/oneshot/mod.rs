//! What other software asks for outside of any conversation: an answer, a transcript, speech.
//!
//! The same jobs on the same arbiter as those of conversations, in the class that takes what
//! conversations leave; the same places of the language model, the same gate, the same servers
//! elsewhere. A request is a plain value that its owner polls, in the manner of a future; it decides
//! then what comes next. Dropping it calls everything off. Nothing of it is kept: the language
//! model's cache is erased with it.
//!
//! ```text
//!  Engine::request ─▶ Seat ─┬─ chat ──▶ Chat      own line, then everybody's ─▶ AnswerJob
//!   busy, or no seat        ├─ hear ──▶ Hear      own line ──▶ HearJob
//!                           └─ speak ─▶ Speaking  a VoiceJob for each phrase, when it is asked for
//! ```

mod chat;
mod hear;
mod inbox;
mod speak;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

pub use chat::{Chat, ChatAsk, ChatStep, ChatUsage};
pub use hear::Hear;
pub use speak::{SPEECH_HZ, SpeakAsk, Speaking};

use crate::EngineError;
use crate::session::{Admission, Parts, Places};

/// Within what a job of a request should be done; orders requests among each other.
const WITHIN: Duration = Duration::from_secs(2);
/// Recordings that are held as samples and heard at once. The others wait as they came.
const HEARINGS: usize = 1;
/// A request's place in the language model's cache is no session's.
const REQUEST: u64 = 1 << 62;

/// Where requests are taken in.
pub(crate) struct Desk {
    parts: Parts,
    admission: Admission,
    open: AtomicUsize,
    numbers: AtomicU64,
    /// Of the language model's places, requests have at most half at once.
    chats: Arc<Places>,
    hearings: Arc<Places>,
}

impl Desk {
    pub(crate) fn new(parts: Parts, admission: Admission) -> Arc<Self> {
        Arc::new(Self {
            open: AtomicUsize::new(0),
            numbers: AtomicU64::new(0),
            chats: Places::new((parts.config.llm_slots / 2).max(1)),
            hearings: Places::new(HEARINGS),
            parts,
            admission,
        })
    }

    /// A seat, or busy.
    pub(crate) fn sit(self: &Arc<Self>) -> Result<Seat, EngineError> {
        self.admission.ask()?;
        let limit = self.parts.config.requests;
        let taken = self
            .open
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |open| {
                (open < limit).then_some(open + 1)
            });
        match taken {
            Ok(_) => Ok(Seat(Arc::clone(self))),
            Err(open) => Err(EngineError::Crowded { open, limit }),
        }
    }

    /// Requests that are open.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }
}

/// A request that may be made. Its place is given back when it, or what it became, is dropped.
pub struct Seat(Arc<Desk>);

impl Seat {
    fn parts(&self) -> &Parts {
        &self.0.parts
    }

    /// A number that no other request has.
    fn number(&self) -> u64 {
        self.0.numbers.fetch_add(1, Ordering::Relaxed)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::AcqRel);
    }
}
