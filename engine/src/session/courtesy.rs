//! How a request of other software behaves that has a place which a conversation waits for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::places::Places;

/// So long it goes on, then it gives its place up.
const GOES_ON: Duration = Duration::from_secs(3);

/// What a request knows of those who wait.
pub(crate) struct Courtesy {
    places: Arc<Places>,
    /// Since when it has seen a conversation wait, without a break.
    since: Option<Instant>,
}

impl Courtesy {
    pub(crate) fn new(places: &Arc<Places>) -> Self {
        Self {
            places: Arc::clone(places),
            since: None,
        }
    }

    /// Whether a conversation waits: then the request hurries.
    pub(super) fn hurries(&self) -> bool {
        self.places.sessions_wait()
    }

    /// Whether one has waited so long that the request ends here.
    pub(super) fn gives_way(&mut self, now: Instant) -> bool {
        if !self.hurries() {
            self.since = None;
            return false;
        }
        let since = *self.since.get_or_insert(now);
        now.saturating_duration_since(since) >= GOES_ON
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_way_to_a_conversation_that_waits_on_and_to_nobody_else() {
        let places = Places::new(1);
        let held = places.line_up().take();
        let mut courtesy = Courtesy::new(&places);
        let now = Instant::now();
        let other = places.line_up_told(Arc::new(|| {}));
        assert!(!courtesy.hurries() && !courtesy.gives_way(now));
        let session = places.line_up();
        assert!(courtesy.hurries() && !courtesy.gives_way(now));
        drop(session);
        assert!(!courtesy.gives_way(now + GOES_ON), "it went");
        let _session = places.line_up();
        assert!(!courtesy.gives_way(now + GOES_ON), "another came");
        assert!(courtesy.gives_way(now + 2 * GOES_ON));
        drop((held, other));
    }
}
