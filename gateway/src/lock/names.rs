//! What this machine is called: for its certificate, for the `Host` header, and for people.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The names and addresses under which others reach this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    /// In lower case.
    names: Vec<String>,
    addresses: Vec<IpAddr>,
}

impl Names {
    /// Of this machine now, and those that it has besides (`server.names`). What the system does not
    /// tell is left out.
    pub(crate) fn of_this_machine(besides: &[String]) -> Self {
        let host = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        let addresses = if_addrs::get_if_addrs().unwrap_or_else(|error| {
            tracing::warn!(%error, "this machine's addresses are not known");
            Vec::new()
        });
        Self::new(
            &host,
            besides,
            addresses.iter().map(if_addrs::Interface::ip),
        )
    }

    fn new(host: &str, besides: &[String], addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let host = host.to_ascii_lowercase();
        let local = format!("{}.local", host.split('.').next().unwrap_or_default());
        let mut names = vec!["localhost".to_owned()];
        for name in [host, local].into_iter().chain(besides.iter().cloned()) {
            if is_name(&name) && !names.contains(&name) {
                names.push(name);
            }
        }
        let mut addresses: Vec<IpAddr> = addresses
            .into_iter()
            // One of a single link means nothing without the link's name.
            .filter(|address| !matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local()))
            .collect();
        // Those that people type first.
        addresses.sort_by_key(|address| (address.is_loopback(), address.is_ipv6()));
        addresses.dedup();
        Self { names, addresses }
    }

    /// What the certificate is for.
    pub(super) fn in_certificate(&self) -> Vec<String> {
        let addresses = self.addresses.iter().map(ToString::to_string);
        self.names.iter().cloned().chain(addresses).collect()
    }

    /// Whether a `Host` header may name this machine so. A name of somebody else's may have been
    /// bound to our address in order to let a foreign page talk to us; an address has no such owner.
    pub(crate) fn is_ours(&self, host: &str) -> bool {
        host.parse::<IpAddr>().is_ok()
            || self
                .names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(host))
    }

    /// Where voice comes in of a server that listens on this address: one socket for each, because what is
    /// sent has to come from the address that the other end was told.
    pub(crate) fn of_media(&self, host: IpAddr) -> Vec<IpAddr> {
        let loopback: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        let mut hosts = Vec::new();
        if !host.is_unspecified() {
            hosts.push(host);
        } else {
            let family = |address: &&IpAddr| host.is_ipv6() || address.is_ipv4();
            hosts.extend(self.addresses.iter().filter(family));
        }
        // A browser on this machine tries both, and some have only one.
        hosts.extend(loopback);
        let mut seen = Vec::new();
        hosts.retain(|host| {
            !seen.contains(host) && {
                seen.push(*host);
                true
            }
        });
        hosts
    }

    /// Where other machines reach a server that listens on this address.
    pub(crate) fn reachable(&self, host: IpAddr, port: u16) -> Vec<String> {
        let url = |address: &IpAddr| match address {
            IpAddr::V4(v4) => format!("https://{v4}:{port}/"),
            IpAddr::V6(v6) => format!("https://[{v6}]:{port}/"),
        };
        if host.is_loopback() {
            return Vec::new();
        }
        if !host.is_unspecified() {
            return vec![url(&host)];
        }
        self.addresses
            .iter()
            .filter(|address| !address.is_loopback())
            // `::` takes IPv4, too.
            .filter(|address| host.is_ipv6() || address.is_ipv4())
            .map(url)
            .collect()
    }
}

/// Whether this can be the name of a host.
pub(crate) fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let addresses = [
            "fe80::1",
            "127.0.0.1",
            "fd00::2",
            "192.168.1.5",
            "::1",
            "192.168.1.5",
        ];
        let addresses = addresses.map(|text| text.parse().expect("an address"));
        Names::new("Box.home", &["janet.example".to_owned()], addresses)
    }

    #[test]
    fn the_certificate_is_for_every_name_and_address_but_those_of_one_link() {
        assert_eq!(
            names().in_certificate(),
            [
                "localhost",
                "box.home",
                "box.local",
                "janet.example",
                "192.168.1.5",
                "fd00::2",
                "127.0.0.1",
                "::1"
            ]
        );
        let nameless = Names::new("", &[], []);
        assert_eq!(nameless.in_certificate(), ["localhost"]);
    }

    #[test]
    fn a_host_is_one_of_our_names_or_an_address() {
        for ours in [
            "BOX.home",
            "box.local",
            "janet.example",
            "192.168.1.5",
            "fd00::2",
            "localhost",
        ] {
            assert!(names().is_ours(ours), "{ours}");
        }
        for foreign in [
            "evil.example",
            "box",
            "",
            "192.168.1.5.evil.example",
            "janet.example.",
        ] {
            assert!(!names().is_ours(foreign), "{foreign}");
        }
    }

    #[test]
    fn others_reach_the_addresses_that_are_listened_on() {
        let at = |host: &str| names().reachable(host.parse().expect("an address"), 8765);
        assert_eq!(at("0.0.0.0"), ["https://192.168.1.5:8765/"]);
        assert_eq!(
            at("::"),
            ["https://192.168.1.5:8765/", "https://[fd00::2]:8765/"]
        );
        assert_eq!(at("192.168.1.5"), ["https://192.168.1.5:8765/"]);
        assert!(at("127.0.0.1").is_empty() && at("::1").is_empty());
    }

    #[test]
    fn voice_comes_in_where_the_server_listens_and_on_this_machine() {
        let at = |host: &str| {
            let hosts = names().of_media(host.parse().expect("an address"));
            hosts.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(at("127.0.0.1"), ["127.0.0.1", "::1"]);
        assert_eq!(at("::1"), ["::1", "127.0.0.1"]);
        assert_eq!(at("192.168.1.5"), ["192.168.1.5", "127.0.0.1", "::1"]);
        assert_eq!(at("0.0.0.0"), ["192.168.1.5", "127.0.0.1", "::1"]);
        assert_eq!(at("::"), ["192.168.1.5", "fd00::2", "127.0.0.1", "::1"]);
    }

    #[test]
    fn this_machine_has_a_name_and_an_address() {
        let here = Names::of_this_machine(&[]).in_certificate();
        assert!(here.iter().any(|name| name == "127.0.0.1"), "{here:?}");
    }

    #[test]
    fn what_is_no_name_is_told_apart() {
        for good in ["a", "janet.home.arpa", "x-1.local", "my_box"] {
            assert!(is_name(good), "{good}");
        }
        for bad in [
            "",
            ".",
            "a..b",
            "-a",
            "a-",
            "a b",
            "a/b",
            "ä",
            &"a".repeat(64),
        ] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
