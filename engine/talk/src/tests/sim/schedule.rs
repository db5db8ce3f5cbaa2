//! What is to happen in a session, in the order of its time; what happens at once, as it was planned.

use super::plan::Deed;
use crate::{Input, Mono};

#[derive(Clone, Debug)]
pub(super) enum Event {
    Deed(Deed),
    Window {
        at: Mono,
        opened: Mono,
    },
    Answer(Input),
    /// The ear tells how far it is.
    Ear,
}

pub(super) struct Scheduled {
    pub(super) at: Mono,
    pub(super) order: u32,
    pub(super) event: Event,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}
impl Eq for Scheduled {}
impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}
