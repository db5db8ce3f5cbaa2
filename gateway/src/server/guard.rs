//! Whose pages may talk to the server: those that it served itself. Programs may in any case.
//!
//! A web page anywhere can make the user's browser send requests to 127.0.0.1, or to an address of
//! the house. Two headers that a page cannot forge give it away: `Host` (a name that was re-bound to
//! our address is none of our names) and `Origin` (a page from elsewhere). Checked on every request,
//! upgrades included; what somebody may have is `entry`'s to say.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::{HeaderMap, header};

use crate::lock::{Names, Peer, Way};

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// Not one `Host` header, or not a legible one.
    #[error("the Host header is missing or malformed")]
    NoHost,
    /// A name that is none of ours.
    #[error("the Host header names another machine; `server.names` adds a name to this one's")]
    ForeignName,
    /// A name that is not this machine's loopback.
    #[error("the Host header does not name this machine's loopback; use 127.0.0.1 or localhost")]
    ForeignHost,
    /// A page that this server did not serve.
    #[error("the Origin header names another site")]
    ForeignOrigin,
}

/// Judges the headers alone.
pub(super) fn check(headers: &HeaderMap, peer: &Peer, names: &Names) -> Result<(), Refusal> {
    let host = only(headers, header::HOST).ok_or(Refusal::NoHost)?;
    let name = host_name(host).ok_or(Refusal::NoHost)?;
    if peer.is_here() && !is_loopback(name) {
        return Err(Refusal::ForeignHost);
    }
    if !names.is_ours(name) {
        return Err(Refusal::ForeignName);
    }
    if !headers.contains_key(header::ORIGIN) {
        // Programs send none; browsers always do where it matters.
        return Ok(());
    }
    let origin = only(headers, header::ORIGIN).ok_or(Refusal::ForeignOrigin)?;
    // A page that came in the clear may be anybody's.
    let authority = match peer.way {
        Way::Plain => origin.strip_prefix("http://"),
        Way::Tls => origin.strip_prefix("https://"),
    };
    match authority {
        Some(authority) if authority.eq_ignore_ascii_case(host) => Ok(()),
        _ => Err(Refusal::ForeignOrigin),
    }
}

/// The value of a header that must stand there once.
pub(super) fn only(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// The name in `name`, `name:port`, `[v6]` or `[v6]:port`.
fn host_name(host: &str) -> Option<&str> {
    let (name, rest) = match host.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let port = match rest.strip_prefix(':') {
        Some(port) => port,
        None if rest.is_empty() => "0",
        None => return None,
    };
    (!name.is_empty() && port.parse::<u16>().is_ok()).then_some(name)
}

fn is_loopback(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
        || name
            .parse::<Ipv6Addr>()
            .is_ok_and(|address| IpAddr::V6(address).is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn peer(address: &str, way: Way) -> Peer {
        let address: IpAddr = address.parse().expect("an address");
        Peer::new((address, 5000).into(), way)
    }

    fn judge(host: &str, origin: Option<&str>) -> Result<(), Refusal> {
        judge_from(&peer("127.0.0.1", Way::Plain), host, origin)
    }

    fn judge_from(peer: &Peer, host: &str, origin: Option<&str>) -> Result<(), Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(host).expect("a header"));
        if let Some(origin) = origin {
            headers.insert(
                header::ORIGIN,
                HeaderValue::from_str(origin).expect("a header"),
            );
        }
        check(&headers, peer, &names())
    }

    fn names() -> Names {
        Names::of_this_machine(&["janet.example".to_owned()])
    }

    #[test]
    fn loopback_names_pass_with_and_without_a_port() {
        for host in [
            "localhost",
            "LOCALHOST:8765",
            "127.0.0.1:8765",
            "127.1.2.3",
            "[::1]",
            "[::1]:80",
        ] {
            assert_eq!(judge(host, None), Ok(()), "{host}");
        }
    }

    #[test]
    fn a_name_that_was_rebound_to_loopback_is_refused() {
        for host in [
            "evil.example",
            "evil.example:8765",
            "127.0.0.1.evil.example",
            "0.0.0.0",
            "[::]:8765",
            "localhost.evil",
        ] {
            assert_eq!(judge(host, None), Err(Refusal::ForeignHost), "{host}");
        }
    }

    #[test]
    fn a_malformed_or_doubled_host_is_refused() {
        for host in [
            "",
            ":8765",
            "localhost:",
            "localhost:http",
            "[::1",
            "[::1]x",
            "127.0.0.1:99999",
        ] {
            assert_eq!(judge(host, None), Err(Refusal::NoHost), "{host}");
        }
        let here = peer("127.0.0.1", Way::Plain);
        let check = |headers: &HeaderMap| check(headers, &here, &names());
        assert_eq!(check(&HeaderMap::new()), Err(Refusal::NoHost));
        let mut twice = HeaderMap::new();
        twice.append(header::HOST, HeaderValue::from_static("localhost"));
        twice.append(header::HOST, HeaderValue::from_static("evil.example"));
        assert_eq!(check(&twice), Err(Refusal::NoHost));
    }

    #[test]
    fn only_pages_of_this_very_server_pass() {
        let host = "127.0.0.1:8765";
        assert_eq!(judge(host, Some("http://127.0.0.1:8765")), Ok(()));
        for origin in [
            "http://evil.example",
            "http://127.0.0.1:9999",
            "http://localhost:8765",
            "null",
            "",
            "file://",
            "http://127.0.0.1:8765.evil.example",
        ] {
            assert_eq!(
                judge(host, Some(origin)),
                Err(Refusal::ForeignOrigin),
                "{origin}"
            );
        }
    }

    #[test]
    fn from_elsewhere_our_names_and_addresses_pass_and_no_others() {
        let far = peer("192.168.1.7", Way::Tls);
        for host in [
            "192.168.1.5:8765",
            "[fd00::2]:8765",
            "janet.example",
            "JANET.example:1",
        ] {
            assert_eq!(judge_from(&far, host, None), Ok(()), "{host}");
            let own = format!("https://{host}");
            assert_eq!(judge_from(&far, host, Some(&own)), Ok(()), "{host}");
        }
        for host in ["evil.example", "192.168.1.5.evil.example:8765"] {
            assert_eq!(
                judge_from(&far, host, None),
                Err(Refusal::ForeignName),
                "{host}"
            );
        }
    }

    #[test]
    fn a_page_that_came_in_the_clear_is_not_trusted_with_what_is_encrypted() {
        let host = "192.168.1.5:8765";
        let plain = "http://192.168.1.5:8765";
        let over = |way| judge_from(&peer("192.168.1.7", way), host, Some(plain));
        assert_eq!(over(Way::Plain), Ok(()));
        assert_eq!(over(Way::Tls), Err(Refusal::ForeignOrigin));
    }
}
