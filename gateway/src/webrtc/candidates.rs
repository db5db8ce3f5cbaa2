//! Addresses at which we can be reached, as the far end is told of them (RFC 8839 §5.1).

use std::net::SocketAddr;

use rtc::peer_connection::transport::{
    CandidateConfig, CandidateHostConfig, CandidateRelayConfig, CandidateServerReflexiveConfig,
    RTCIceCandidate, RTCIceCandidateInit,
};

use super::description::PeerError;
use super::peer::setup;

/// One of this machine's.
pub(super) fn host_candidate(local: SocketAddr) -> Result<RTCIceCandidateInit, PeerError> {
    let config = CandidateHostConfig {
        base_config: base(local),
        ..CandidateHostConfig::default()
    };
    let candidate = config.new_candidate_host().map_err(setup)?;
    RTCIceCandidate::from(&candidate).to_json().map_err(setup)
}

/// One of a relay's.
pub(super) fn relay_candidate(relayed: SocketAddr) -> Result<RTCIceCandidateInit, PeerError> {
    let config = CandidateRelayConfig {
        base_config: base(relayed),
        rel_addr: untold(relayed).to_owned(),
        ..CandidateRelayConfig::default()
    };
    let candidate = config.new_candidate_relay().map_err(setup)?;
    RTCIceCandidate::from(&candidate).to_json().map_err(setup)
}

/// One of ours as the outside sees it. Only the far end needs it: what it sends there comes in at the
/// address itself.
pub(super) fn reflexive_candidate(seen: SocketAddr) -> Result<String, PeerError> {
    let config = CandidateServerReflexiveConfig {
        base_config: base(seen),
        rel_addr: untold(seen).to_owned(),
        ..CandidateServerReflexiveConfig::default()
    };
    let candidate = config.new_candidate_server_reflexive().map_err(setup)?;
    let told = RTCIceCandidate::from(&candidate).to_json().map_err(setup)?;
    Ok(told.candidate)
}

/// The address behind it is this machine's own, and nobody's business.
fn untold(address: SocketAddr) -> &'static str {
    match address {
        SocketAddr::V4(_) => "0.0.0.0",
        SocketAddr::V6(_) => "::",
    }
}

fn base(address: SocketAddr) -> CandidateConfig {
    CandidateConfig {
        network: "udp".to_owned(),
        address: address.ip().to_string(),
        port: address.port(),
        component: 1,
        ..CandidateConfig::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_told_of_what_is_behind_a_router_or_a_relay() {
        for address in ["203.0.113.7:4444", "[2001:db8::7]:4444"] {
            let at: SocketAddr = address.parse().expect("an address");
            let place = format!(" {} {} typ ", at.ip(), at.port());
            let relay = relay_candidate(at).expect("a candidate").candidate;
            let reflexive = reflexive_candidate(at).expect("a candidate");
            for (candidate, kind) in [(relay, "relay"), (reflexive, "srflx")] {
                assert!(candidate.starts_with("candidate:"), "{candidate}");
                let untold = untold(at);
                let end = format!("{place}{kind} raddr {untold} rport 0");
                assert!(candidate.contains(&end), "{candidate}");
            }
        }
    }
}
