//! The addresses of servers that Janet asks: what is one, and how open the way to it is.

use std::net::IpAddr;

use reqwest::Url;

/// The address of an HTTP server, with a host and without a password or anything behind its path;
/// `None`: it is none.
pub(crate) fn parse(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    (is_http && is_bare && !text.contains(char::is_whitespace)).then_some(url)
}

/// An address as an error may repeat it: no password, and nothing that may be a key.
pub(crate) fn told(text: &str) -> String {
    let text = text.trim();
    if text.contains('@') {
        return "one with a password".to_owned();
    }
    match text.find(['?', '#']) {
        Some(behind) => format!("{:?} with something behind it", &text[..behind]),
        None => format!("{text:?}"),
    }
}

/// Whether it is one of this machine.
pub(crate) fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost" || ip(host).is_some_and(|address| address.is_loopback())
}

/// Whether what is shown to it can be read by nobody but the house: the way is protected, or does
/// not leave the private network.
pub(crate) fn is_private(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let is_at_home = match ip(host) {
        Some(IpAddr::V4(v4)) => v4.is_private() || v4.is_link_local(),
        Some(IpAddr::V6(v6)) => v6.is_unique_local() || v6.is_unicast_link_local(),
        None => {
            let ends = [".local", ".lan", ".internal", ".home.arpa"];
            !host.contains('.') || ends.iter().any(|end| host.ends_with(end))
        }
    };
    url.scheme() == "https" || is_here(url) || is_at_home
}

fn ip(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_of_a_server_is_refused() {
        for good in [
            "http://127.0.0.1:8080/v1",
            "https://api.example.org/v1",
            "http://[::1]:1",
            "http://gpu",
        ] {
            assert!(parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "http://",
            "http://[::1",
            "ftp://host",
            "host:8080",
            "http://a b",
            "http://host:99999",
            "http://user@host",
            "http://user:s3cret@host",
            "http://host/v1?key=s3cret",
            "http://host/#s3cret",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
            assert!(!told(bad).contains("s3cret"), "{bad}");
        }
    }

    #[test]
    fn open_ways_out_of_the_house_are_told_apart() {
        let url = |text: &str| parse(text).expect("an address");
        for private in [
            "https://example.org",
            "http://localhost:1",
            "http://127.0.0.2",
            "http://[::1]",
            "http://192.168.1.5:8080",
            "http://10.0.0.1",
            "http://[fd00::1]",
            "http://gpu:8080",
            "http://gpu.local",
        ] {
            assert!(is_private(&url(private)), "{private}");
        }
        for open in [
            "http://example.org",
            "http://8.8.8.8",
            "http://[2001:db8::1]",
        ] {
            assert!(!is_private(&url(open)), "{open}");
        }
        assert!(is_here(&url("http://[::1]:9")) && !is_here(&url("http://gpu")));
    }
}
