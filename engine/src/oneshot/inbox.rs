//! Between a request's jobs, which run when they can, and its owner, who polls.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use crate::session::{Mouth, Piece, Posted, Results, Tell, What};

/// Bytes of text and sound that wait for the owner: more than a phrase in the slowest voice, and
/// more than any answer. Past it a job keeps its result and tries at its next step, and another
/// process's sender waits.
const ROOM: usize = 8 << 20;

/// What jobs brought, and whom to wake for it.
#[derive(Default)]
pub(super) struct Inbox(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: VecDeque<What>,
    bytes: usize,
    /// Something came since the owner was last woken.
    is_fresh: bool,
    is_closed: bool,
    owner: Option<Waker>,
}

impl Inbox {
    /// From now on this task is woken. Comes before every look, so that nothing is missed.
    pub(super) fn listen(&self, cx: &Context<'_>) {
        let mut state = self.state();
        match &mut state.owner {
            Some(owner) => owner.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
    }

    /// The next thing that came.
    pub(super) fn take(&self) -> Option<What> {
        let mut state = self.state();
        let what = state.waiting.pop_front()?;
        state.bytes -= size(&what);
        Some(what)
    }

    /// The owner is gone, or has what it wanted.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        let left = std::mem::take(&mut state.waiting);
        drop(state);
        drop(left);
    }

    /// Wakes the owner, whatever happened.
    pub(super) fn wake(&self) {
        let mut state = self.state();
        state.is_fresh = false;
        let owner = state.owner.clone();
        drop(state);
        if let Some(owner) = owner {
            owner.wake();
        }
    }

    /// The same as a value.
    pub(super) fn waker(self: &Arc<Self>) -> Tell {
        let inbox = Arc::clone(self);
        Arc::new(move || inbox.wake())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Results for Inbox {
    fn push(&self, posted: Posted) -> Result<(), Posted> {
        let bytes = size(&posted.what);
        let mut state = self.state();
        if state.bytes > 0 && state.bytes + bytes > ROOM {
            return Err(posted);
        }
        state.bytes += bytes;
        state.is_fresh = true;
        match posted.what {
            // Core time is for conversations.
            What::Spent { .. } => {}
            What::Token(text) => match state.waiting.back_mut() {
                Some(What::Token(before)) => before.push_str(&text),
                _ => state.waiting.push_back(What::Token(text)),
            },
            what => state.waiting.push_back(what),
        }
        Ok(())
    }

    fn is_closed(&self) -> bool {
        self.state().is_closed
    }

    fn poke(&self) {
        if self.state().is_fresh {
            self.wake();
        }
    }
}

fn size(what: &What) -> usize {
    match what {
        What::Token(text) => text.len(),
        What::Sound(Piece { samples, mouth, .. }) => {
            let mouth = match mouth {
                Mouth::Phonemes(phonemes) => size_of_val(phonemes.as_slice()),
                Mouth::Audio(frames) => size_of_val(frames.as_slice()),
            };
            size_of_val(samples.as_slice()) + mouth
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use janet_talk::ReplyId;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn post(inbox: &Inbox, what: What) -> bool {
        let reply = ReplyId(0);
        let pushed = inbox.push(Posted { reply, what }).is_ok();
        inbox.poke();
        pushed
    }

    fn text(inbox: &Inbox) -> Option<String> {
        match inbox.take()? {
            What::Token(text) => Some(text),
            _ => None,
        }
    }

    #[test]
    fn text_that_waits_is_one_piece_and_its_owner_is_woken_for_news_alone() {
        let inbox = Inbox::default();
        let woken = Arc::new(Woken::default());
        let waker = Arc::clone(&woken).into();
        inbox.listen(&Context::from_waker(&waker));
        assert!(post(&inbox, What::Token("It ".into())));
        assert!(post(&inbox, What::Token("is.".into())));
        assert_eq!(woken.0.load(Ordering::Relaxed), 2);
        inbox.poke();
        assert_eq!(woken.0.load(Ordering::Relaxed), 2);
        assert_eq!(text(&inbox).as_deref(), Some("It is."));
        assert!(inbox.take().is_none());
    }

    #[test]
    fn an_inbox_that_is_full_takes_again_what_was_refused_once_there_is_room() {
        let inbox = Inbox::default();
        let long = || What::Token("x".repeat(ROOM / 2 + 1));
        assert!(post(&inbox, long()));
        assert!(!post(&inbox, long()));
        assert!(inbox.take().is_some());
        assert!(post(&inbox, long()));
        inbox.close();
        assert!(inbox.is_closed() && inbox.take().is_none());
    }

    #[test]
    fn one_piece_of_any_size_gets_through() {
        let inbox = Inbox::default();
        assert!(post(&inbox, What::Token("x".repeat(2 * ROOM))));
    }
}
