//! How somebody who sits in a conversation is rung from elsewhere in the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;

/// A ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ring {
    /// What the call is called.
    pub(crate) call_id: String,
    /// Who calls, for people.
    pub(crate) caller: String,
}

/// Why nobody was rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotRung {
    /// No client is connected there.
    #[error("nobody is connected there")]
    Away,
    /// There is a call already, or it rings.
    #[error("whoever is connected there is in a call, or rung already")]
    Busy,
}

/// At the door of one connection.
#[derive(Clone, Debug)]
pub(super) struct Bell {
    rings: mpsc::Sender<Ring>,
    is_engaged: Arc<AtomicBool>,
}

impl Bell {
    /// A bell, and where it is heard. One ring at a time.
    pub(super) fn new() -> (Self, mpsc::Receiver<Ring>) {
        let (rings, heard) = mpsc::channel(1);
        let is_engaged = Arc::default();
        (Self { rings, is_engaged }, heard)
    }

    /// Rings.
    pub(super) fn ring(&self, ring: Ring) -> Result<(), NotRung> {
        if self.is_engaged.load(Ordering::Acquire) {
            return Err(NotRung::Busy);
        }
        self.rings.try_send(ring).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotRung::Busy,
            mpsc::error::TrySendError::Closed(_) => NotRung::Away,
        })
    }

    /// Whether there is a call already.
    pub(super) fn set_engaged(&self, is_engaged: bool) {
        self.is_engaged.store(is_engaged, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> Ring {
        Ring {
            call_id: "c".to_owned(),
            caller: "Janet".to_owned(),
        }
    }

    #[test]
    fn one_ring_is_heard_and_a_second_or_one_in_a_call_is_refused() {
        let (bell, mut heard) = Bell::new();
        assert_eq!(bell.ring(ring()), Ok(()));
        assert_eq!(bell.ring(ring()), Err(NotRung::Busy));
        assert_eq!(heard.try_recv(), Ok(ring()));
        bell.set_engaged(true);
        assert_eq!(bell.ring(ring()), Err(NotRung::Busy));
        bell.set_engaged(false);
        assert_eq!(bell.ring(ring()), Ok(()));
    }

    #[test]
    fn who_has_left_is_not_rung() {
        let (bell, heard) = Bell::new();
        drop(heard);
        assert_eq!(bell.ring(ring()), Err(NotRung::Away));
    }
}
