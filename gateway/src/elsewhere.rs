//! How other processes are spoken to: the HTTP client of language and speech servers, and when one
//! that failed is asked again.

use std::time::Duration;

use reqwest::redirect::Policy;

/// A server on the same machine or in the same house answers at once.
const CONNECT: Duration = Duration::from_secs(2);

/// Between two looks at a server that is well.
pub(crate) const RECHECK: Duration = Duration::from_secs(30);
/// After the first failure; twice as long after each further one, up to these: of a look, which
/// costs nothing, and of work that failed, for which somebody waited.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_LOOK_PAUSE: Duration = RECHECK;
const LONGEST_WORK_PAUSE: Duration = Duration::from_secs(300);
/// The session's queue is full: it is emptied every 10 ms.
pub(crate) const QUEUE_PAUSE: Duration = Duration::from_millis(5);

/// Before the next look at a server that is not well, after so many failures in a row.
pub(crate) fn pause(looks: u32, works: u32) -> Duration {
    after(looks, LONGEST_LOOK_PAUSE).max(work_pause(works))
}

/// Before it is given work again, after so much of it failed in a row.
pub(crate) fn work_pause(works: u32) -> Duration {
    after(works, LONGEST_WORK_PAUSE)
}

fn after(failures: u32, longest: Duration) -> Duration {
    match failures.checked_sub(1) {
        None => Duration::ZERO,
        Some(doublings) => (FIRST_PAUSE * 2u32.pow(doublings.min(16))).min(longest),
    }
}

/// The HTTP client cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client for servers elsewhere can be made")]
pub struct SetupError(#[from] reqwest::Error);

/// A client for the server at this address and for no other.
pub(crate) fn client(url: &str) -> Result<reqwest::Client, SetupError> {
    // Somebody may have installed one: any will do.
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut http = reqwest::Client::builder()
        .connect_timeout(CONNECT)
        // What is said goes where the configuration says and nowhere else.
        .redirect(Policy::none())
        .no_proxy()
        .tcp_nodelay(true)
        .user_agent(concat!("janet/", env!("CARGO_PKG_VERSION")));
    if url.starts_with("http://") {
        // Works on machines without certificates.
        http = http.tls_certs_only([]);
    }
    Ok(http.build()?)
}
