//! What a connection keeps for its conversation with Janet's conscience.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use janet_engine::ReplyId;
use janet_vault::desk::ConsentId;
use janet_vault::green::EntryId;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{oneshot, watch};

use super::{Forgets, Pending};
use crate::socket::overwrite::Input;
use crate::socket::requests::Asked;

/// Who waits for what she says to words that no language model answers, and the words.
pub(in crate::socket) type Waits = (Asked, String);

/// What was remembered last on a connection, and in which of its turns. Shared with the work that remembers,
/// so that the next order knows it as soon as it is done.
#[derive(Clone, Debug, Default)]
pub(super) struct LastMemory(Arc<Mutex<Last>>);

/// Nothing, where there are no ids.
#[derive(Debug, Default)]
struct Last {
    ids: Vec<EntryId>,
    turn: u64,
}

impl LastMemory {
    pub(super) fn set(&self, ids: Vec<EntryId>, turn: u64) {
        *self.lock() = Last { ids, turn };
    }

    pub(super) fn clear(&self) {
        *self.lock() = Last::default();
    }

    /// What "that" means in this turn: what the turn just before was about, and nothing older.
    pub(super) fn of_turn_before(&self, turn: u64) -> Option<Vec<EntryId>> {
        let last = self.lock();
        let is_it = !last.ids.is_empty() && last.turn + 1 == turn;
        is_it.then(|| last.ids.clone())
    }

    /// One of them, however long ago.
    pub(super) fn any(&self) -> Option<EntryId> {
        self.lock().ids.first().copied()
    }

    fn lock(&self) -> MutexGuard<'_, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Beside everything else that a connection has.
#[derive(Default)]
pub(in crate::socket) struct Trusted {
    /// Requests and orders that take their time.
    pub(in crate::socket) pending: Pending,
    /// When the engine's session began, in ms since 1970.
    pub(in crate::socket) session_began_ms: u64,
    /// When the words that were heard last began, in ms since 1970.
    pub(in crate::socket) words_began_ms: u64,
    /// What the operator said last that was no order, and when, in ms since 1970.
    pub(in crate::socket) last_said: Option<(String, u64)>,
    /// Numbers what the operator says: turns and orders, not answers to her questions.
    pub(in crate::socket) turn: u64,
    /// Who waits for what she is given to say, by its number.
    pub(super) waiting: HashMap<u32, Waits>,
    /// Whose unclear answer has her ask once more.
    pub(super) asks_again: Option<Waits>,
    /// What was remembered last on this connection.
    pub(super) last: LastMemory,
    /// Work that may remember something and has not ended.
    under_way: Vec<oneshot::Receiver<()>>,
    /// Changes when what is under way is not wanted any more.
    pub(super) taken_back: watch::Sender<u64>,
    /// Turns with a wish about themselves, and when they began.
    pub(super) marked: HashMap<ReplyId, u64>,
    /// Numbers what she is given to say.
    pub(super) announced: u32,
    /// The question that she says, by that number.
    pub(super) asked_aloud: Option<(u32, ConsentId)>,
    /// What is known of the buffer that its frames are read into.
    pub(in crate::socket) input: Input,
    /// Why the conversation goes, and the connection with it.
    pub(in crate::socket) forgets: Option<Forgets>,
    /// How often everything had been forgotten before this began.
    pub(super) forgettings: u64,
    /// Whether the microphone was open when it was looked at last.
    pub(super) listens: bool,
}

impl Trusted {
    /// Of a connection that begins after everything was forgotten so often.
    pub(in crate::socket) fn new(forgettings: u64) -> Self {
        Self {
            forgettings,
            ..Self::default()
        }
    }

    /// Work begins that may remember something; it has ended when this is dropped.
    pub(super) fn begins(&mut self) -> oneshot::Sender<()> {
        let (ended, under_way) = oneshot::channel();
        self.under_way
            .retain_mut(|work| work.try_recv() == Err(TryRecvError::Empty));
        self.under_way.push(under_way);
        ended
    }

    /// What is under way is not wanted any more.
    pub(super) fn wants_no_more(&self) {
        self.taken_back.send_modify(|times| *times += 1);
    }

    /// The same; what has to end before that is sure.
    pub(super) fn take_back(&mut self) -> Vec<oneshot::Receiver<()>> {
        self.wants_no_more();
        self.last_said = None;
        std::mem::take(&mut self.under_way)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_is_what_the_turn_before_was_about() {
        let last = LastMemory::default();
        assert_eq!((last.of_turn_before(1), last.any()), (None, None));
        let id = EntryId([7; 16]);
        last.set(vec![id], 4);
        assert_eq!(last.of_turn_before(5), Some(vec![id]));
        assert_eq!(
            last.of_turn_before(6),
            None,
            "something else was said since"
        );
        assert_eq!(last.any(), Some(id));
        last.clear();
        assert_eq!(last.of_turn_before(5), None);
    }

    #[test]
    fn who_takes_back_waits_for_what_is_under_way() {
        let mut trusted = Trusted::default();
        let wanted = trusted.taken_back.subscribe();
        drop(trusted.begins());
        let works = trusted.begins();
        let mut before = trusted.take_back();
        assert!(wanted.has_changed().expect("it is held"));
        assert_eq!(before.len(), 1, "the first has ended");
        assert_eq!(before[0].try_recv(), Err(TryRecvError::Empty));
        drop(works);
        assert_eq!(before[0].try_recv(), Err(TryRecvError::Closed));
        assert!(trusted.take_back().is_empty());
    }
}
