//! How other processes are spoken to: the HTTP client of language and speech servers.

use std::time::Duration;

use reqwest::redirect::Policy;

/// A server on the same machine or in the same house answers at once.
const CONNECT: Duration = Duration::from_secs(2);

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
