//! How other processes are asked: what language and speech servers have in common.

mod left;
mod listed;
mod server;

use std::time::Duration;

pub(crate) use left::Left;
pub(crate) use listed::Listed;
pub(crate) use server::{Fault, Server};

/// Between two looks at a server that is well.
pub(crate) const RECHECK: Duration = Duration::from_secs(30);
/// After the first failure; twice as long after each further one, up to these: of a look, which
/// costs nothing, and of work that failed, for which somebody waited.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_LOOK_PAUSE: Duration = RECHECK;
const LONGEST_WORK_PAUSE: Duration = Duration::from_secs(300);
/// The session's queue is full: it is emptied every 10 ms.
pub(crate) const QUEUE_PAUSE: Duration = Duration::from_millis(5);

/// The HTTP client cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client for servers elsewhere can be made")]
pub struct SetupError(#[from] reqwest::Error);

/// Before the next look at a server that is not well, after so many looks and so much work that
/// failed in a row.
pub(crate) fn pause(looks: u32, works: u32) -> Duration {
    after(looks, LONGEST_LOOK_PAUSE).max(work_pause(works))
}

/// Before it is given work again, after so much of it failed in a row.
fn work_pause(works: u32) -> Duration {
    after(works, LONGEST_WORK_PAUSE)
}

fn after(failures: u32, longest: Duration) -> Duration {
    match failures.checked_sub(1) {
        None => Duration::ZERO,
        Some(doublings) => (FIRST_PAUSE * 2u32.pow(doublings.min(16))).min(longest),
    }
}
