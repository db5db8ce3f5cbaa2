//! What `janet doctor` finds of the ways to Janet: her ports, and the servers that help voice through
//! routers.

use std::io::{Error, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};

use futures_util::future::join_all;

use super::{Finding, State};
use crate::config::{Config, IceKind, IcePolicy, IceServer, Layers, Origin, Quic};
use crate::lock::Names;
use crate::quic;
use crate::webrtc::{Probed, probe};

/// The port for everything, the one for voice, and the one for QUIC.
pub(super) fn ports(config: &Config) -> Vec<Finding> {
    let server = &config.server;
    let names = Names::of_this_machine(&server.names);
    let mut findings = vec![
        port(SocketAddr::new(server.host, server.port)),
        voice_port(&names.of_media(server.host), server.port),
    ];
    findings.extend(server.quic.map(|quic| quic_port(server.host, quic)));
    findings
}

fn port(address: SocketAddr) -> Finding {
    const WHAT: &str = "port";
    match TcpListener::bind(address) {
        Ok(_) => Finding::new(WHAT, State::Fine, format!("{address} is free")),
        Err(error) => Finding::new(WHAT, State::Bad, format!("{address}: {error}"))
            .todo("`janet serve --port N` takes another; perhaps Janet runs already: look at it"),
    }
}

/// Of the same number, by UDP. Janet takes another where somebody has it.
fn voice_port(hosts: &[IpAddr], port: u16) -> Finding {
    const WHAT: &str = "voice port";
    // Addresses that this machine does not have are left out then as well.
    let is_missing = |error: &Error| {
        let kind = error.kind();
        kind != ErrorKind::AddrInUse && kind != ErrorKind::PermissionDenied
    };
    match taken(hosts, port).filter(|(_, error)| !is_missing(error)) {
        None => Finding::new(WHAT, State::Fine, format!("UDP {port} is free")),
        Some((address, error)) => {
            let found = format!("UDP {address}: {error}; calls take a port that nobody foresees");
            Finding::new(WHAT, State::Note, found).todo(
                "free it, or `janet serve --port N`; perhaps Janet runs already. A firewall has to know it",
            )
        }
    }
}

fn quic_port(host: IpAddr, quic: Quic) -> Finding {
    const WHAT: &str = "QUIC port";
    let port = quic.port;
    let Some((address, error)) = taken(&quic::hosts(host), port) else {
        return Finding::new(WHAT, State::Fine, format!("UDP {port} is free"));
    };
    let (state, so) = match quic.is_asked_for {
        true => (State::Bad, "`janet serve` does not start"),
        false => (State::Note, "there is no QUIC"),
    };
    Finding::new(WHAT, state, format!("UDP {address}: {error}; {so}")).todo(
        "`--set server.quic_port=N` takes another, `--set server.quic=false` none; perhaps Janet runs already",
    )
}

/// The first address at which this UDP port cannot be had.
fn taken(hosts: &[IpAddr], port: u16) -> Option<(SocketAddr, Error)> {
    hosts.iter().find_map(|host| {
        let address = SocketAddr::new(*host, port);
        UdpSocket::bind(address).err().map(|error| (address, error))
    })
}

/// Whether the servers answer that help voice through routers.
pub(super) fn ice_servers(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let realtime = &config.realtime;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let probes = realtime.ice_servers.iter();
    let probed = runtime.block_on(join_all(probes.map(|server| probe(server, realtime))));
    Ok(told(&realtime.ice_servers, &probed, realtime.ice_policy))
}

fn told(servers: &[IceServer], probed: &[Probed], policy: IcePolicy) -> Vec<Finding> {
    let is_relayed = probed
        .iter()
        .any(|probed| matches!(probed, Probed::Relays(_)));
    let is_cut_off = policy == IcePolicy::Relay && !is_relayed;
    let all = servers.iter().zip(probed);
    all.map(|(server, probed)| one(server, probed, is_cut_off && server.relays()))
        .collect()
}

/// One server; `is_needed`: no other way may be taken, and none is there.
fn one(server: &IceServer, probed: &Probed, is_needed: bool) -> Finding {
    const WHAT: &str = "voice's way";
    let found = match probed {
        Probed::Sees(address) => {
            let found = format!("{server} sees this machine as {}", address.ip());
            return Finding::new(WHAT, State::Fine, found);
        }
        Probed::Relays(address) => {
            let found = format!("{server} relays, from {}", address.ip());
            return Finding::new(WHAT, State::Fine, found);
        }
        Probed::NotOurs => {
            let found = format!("{server} is told to clients; Janet herself is relayed over UDP");
            return Finding::new(WHAT, State::Fine, found);
        }
        Probed::Unknown => format!("{server} is not known"),
        Probed::Refused => format!("{server} does not answer, or refuses"),
    };
    if is_needed {
        let found = format!("{found}: no voice gets through, as `realtime.ice_policy` = relay");
        return Finding::new(WHAT, State::Bad, found).todo(
            "correct `realtime.ice_servers`, `realtime.turn_username` and its password, and let UDP out; \
             `--set realtime.ice_policy=all` takes ways without a relay, too",
        );
    }
    Finding::new(WHAT, State::Note, found).todo(match probed {
        Probed::Unknown => {
            "correct `realtime.ice_servers`; without it voice finds its way inside this network only"
        }
        _ => {
            "is it reached by UDP, and are `realtime.turn_username` and its password right? Voice goes \
             without it"
        }
    })
}

/// Settings that were made and do nothing, because the one is missing that they belong to.
pub(super) fn in_vain(config: &Config, layers: &Layers) -> Vec<Finding> {
    let rows = || layers.rows().filter(|(_, value, _)| value != "\"\"");
    let set = |beginning: &str| -> Vec<String> {
        let ours = rows().filter(|(key, _, origin)| {
            key.starts_with(beginning) && !matches!(origin, Origin::Default)
        });
        ours.map(|(key, ..)| format!("`{key}`")).collect()
    };
    let phones = config.apns.is_none().then(|| set("calls.apns_"));
    let servers = &config.realtime.ice_servers;
    let relays = servers.iter().any(|server| server.kind != IceKind::Stun);
    let turn = (!relays).then(|| set("realtime.turn_"));
    [
        without(
            "phones",
            &phones.unwrap_or_default(),
            "`calls.apns_key` is not: no phone is rung",
            "name the file of the signing key (.p8), or leave the others out",
        ),
        without(
            "voice's way",
            &turn.unwrap_or_default(),
            "no server of `realtime.ice_servers` relays: it is not used",
            "add turn:HOST:PORT?transport=udp to `realtime.ice_servers`, or leave it out",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn without(what: &'static str, set: &[String], but: &str, todo: &str) -> Option<Finding> {
    let is_set = if set.len() == 1 { "is" } else { "are" };
    let found = format!("{} {is_set} set, but {but}", set.join(", "));
    (!set.is_empty()).then(|| Finding::new(what, State::Note, found).todo(todo))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::config::tests::{load_with, machine};

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn a_udp_port_that_somebody_has_is_named_and_what_follows_from_it() {
        let somebody = UdpSocket::bind((HERE, 0)).expect("a socket");
        let port = somebody.local_addr().expect("bound").port();
        let quic = |is_asked_for| quic_port(HERE, Quic { port, is_asked_for });
        let rows = [
            (quic(true), State::Bad, "server.quic_port"),
            (quic(false), State::Note, "server.quic_port"),
            (voice_port(&[HERE], port), State::Note, "--port N"),
        ];
        for (finding, state, helps) in rows {
            let told = finding.to_string();
            assert_eq!(finding.state, state, "{told}");
            let place = format!("UDP 127.0.0.1:{port}");
            assert!(told.contains(&place) && told.contains(helps), "{told}");
        }
        drop(somebody);
        assert_eq!(quic(true).state, State::Fine);
        assert_eq!(voice_port(&[HERE], port).state, State::Fine);
        // An address that is not ours is no fault of the port's.
        let elsewhere = "192.0.2.1".parse().expect("an address");
        assert_eq!(voice_port(&[elsewhere], port).state, State::Fine);
    }

    #[test]
    fn without_a_relay_nothing_works_that_may_take_no_other_way() {
        let server = |kind| IceServer {
            kind,
            host: "t.example".into(),
            port: 3478,
            over_tcp: false,
        };
        let (stun, turn) = (server(IceKind::Stun), server(IceKind::Turn));
        let servers = [stun, turn.clone(), turn];
        let address = SocketAddr::new(HERE, 1);
        let states = |probed: [Probed; 3], policy| -> Vec<State> {
            let findings = told(&servers, &probed, policy);
            findings.iter().map(|finding| finding.state).collect()
        };
        use State::{Bad, Fine, Note};
        let dead = || [Probed::Refused, Probed::Unknown, Probed::Refused];
        assert_eq!(states(dead(), IcePolicy::All), [Note, Note, Note]);
        assert_eq!(states(dead(), IcePolicy::Relay), [Note, Bad, Bad]);
        let one_left = [
            Probed::Sees(address),
            Probed::Refused,
            Probed::Relays(address),
        ];
        assert_eq!(states(one_left, IcePolicy::Relay), [Fine, Note, Fine]);
        let told = told(&servers, &dead(), IcePolicy::Relay)[1].to_string();
        assert!(told.contains("realtime.ice_policy=all"), "{told}");
    }

    #[test]
    fn settings_that_do_nothing_are_named_with_the_one_that_is_missing() {
        let told = |settings: &[(&str, &str)]| -> Vec<String> {
            let flags = settings.iter().map(|(key, value)| ("--set", *key, *value));
            let flags: Vec<_> = flags.collect();
            let variables = [("TURN_PASSWORD", "zanzibar")];
            let loaded = load_with(&flags, &variables, machine(2, 8));
            let (config, layers) = loaded.expect("a good configuration");
            let findings = in_vain(&config, &layers);
            findings.iter().map(ToString::to_string).collect()
        };
        assert!(told(&[("calls.apns_topic", "")]).is_empty());
        let phones = told(&[
            ("calls.apns_key_id", "ABC1234567"),
            ("calls.apns_topic", "com.example.janet"),
        ]);
        for word in [
            "`calls.apns_key_id`, `calls.apns_topic`",
            "`calls.apns_key`",
        ] {
            assert!(phones[0].contains(word), "{phones:?}");
        }
        let name = ("realtime.turn_username", "janet");
        let password = ("realtime.turn_password_env", "TURN_PASSWORD");
        let turn = told(&[name, password, ("realtime.ice_servers", "stun:s.example")]);
        assert!(turn[0].contains("`realtime.turn_username`"), "{turn:?}");
        assert!(turn[0].contains("`realtime.ice_servers`"), "{turn:?}");
        assert!(!turn[0].contains("zanzibar"), "{turn:?}");
        let used = ("realtime.ice_servers", "turn:t.example");
        assert!(told(&[name, password, used]).is_empty());
    }
}
