//! Where `janet client` finds Janet: what `--quic` says.

use std::net::{Ipv6Addr, SocketAddr, ToSocketAddrs as _};

use anyhow::{Context as _, bail, ensure};

/// Unless somebody says otherwise (`server.quic_port`).
const PORT: u16 = 8767;

/// The address of `HOST:PORT`, of this machine's names the one that Janet listens at. A bare name or
/// address has the port 8767. An error says what is wrong.
pub(super) fn address(text: &str) -> anyhow::Result<SocketAddr> {
    let (host, port) = split(text).with_context(|| format!("--quic {text}: expected HOST:PORT"))?;
    let found = (host, port).to_socket_addrs();
    let found =
        found.with_context(|| format!("--quic {text}: the host {host} is not known here"))?;
    let first = found.min_by_key(|address| address.ip().is_loopback() && address.is_ipv6());
    first.with_context(|| format!("--quic {text}: the host {host} has no address"))
}

fn split(text: &str) -> anyhow::Result<(&str, u16)> {
    if text.contains('/') {
        bail!("without https:// before it and a path behind it");
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let inside = rest.split_once(']').context("there is no ] behind the [")?;
            let (host, behind) = inside;
            ensure!(
                host.parse::<Ipv6Addr>().is_ok(),
                "what is between [ and ] is no IPv6 address"
            );
            match behind {
                "" => (host, None),
                _ => {
                    let port = behind.strip_prefix(':');
                    (host, Some(port.context("there is no : behind the ]")?))
                }
            }
        }
        // Without brackets, and so without a port.
        None if text.parse::<Ipv6Addr>().is_ok() => (text, None),
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    ensure!(!host.is_empty(), "there is no host");
    ensure!(
        !host.contains(':') || text.starts_with('[') || port.is_none(),
        "an IPv6 address stands in brackets, as [::1]:8767"
    );
    let port = match port {
        None => PORT,
        Some("") => bail!("there is no port behind the last colon"),
        Some(port) => match port.parse() {
            Ok(0) | Err(_) => bail!("{port} is no port; they are numbers from 1 to 65535"),
            Ok(port) => port,
        },
    };
    Ok((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_with_and_without_a_port() {
        for (text, expected) in [
            ("127.0.0.1:9000", "127.0.0.1:9000"),
            ("127.0.0.1", "127.0.0.1:8767"),
            ("[::1]:9000", "[::1]:9000"),
            ("[::1]", "[::1]:8767"),
            ("::1", "[::1]:8767"),
        ] {
            assert_eq!(address(text).expect("an address").to_string(), expected);
        }
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said() {
        for (text, wanted) in [
            ("127.0.0.1:many", "many is no port"),
            ("127.0.0.1:0", "0 is no port"),
            ("127.0.0.1:70000", "1 to 65535"),
            ("127.0.0.1:", "no port behind"),
            (":8767", "no host"),
            ("", "no host"),
            ("https://127.0.0.1:8767", "without https://"),
            ("[::1:8767", "no ]"),
            ("[::1]8767", "no :"),
            ("[janet]:8767", "no IPv6 address"),
            ("::1:many", "in brackets"),
            ("::g:8767", "in brackets"),
            ("no such host.invalid:8767", "the host no such host.invalid"),
        ] {
            let error = address(text).expect_err(text);
            let told = format!("{error:#}");
            assert!(told.contains(wanted), "{text}: {told}");
            assert!(told.starts_with(&format!("--quic {text}: ")), "{told}");
        }
    }
}
