//! Ways between two peers that are not IPv4 with known addresses.

use std::net::Ipv6Addr;

use super::tests::{Seen, World};
use super::*;

fn v6(port: u16) -> SocketAddr {
    (Ipv6Addr::LOCALHOST, port).into()
}

/// They meet, and fifty packets each way arrive.
fn talk(world: &mut World) {
    let both = |seen: &[Seen; 2]| seen.iter().all(|s| s.connected > 0 && s.events_open > 0);
    assert!(world.until(Duration::from_secs(5), both), "they never met");
    for n in 0..50_u16 {
        let now = world.now;
        for peer in &mut world.peers {
            peer.voice(now, n, u32::from(n) * 960, &[0xF8; 60]);
        }
        for _ in 0..4 {
            world.step();
        }
    }
    assert_eq!(world.seen.each_ref().map(|seen| seen.voice.len()), [50; 2]);
}

#[test]
fn two_peers_talk_over_ipv6() {
    let mut world = World::between([v6(1000), v6(2000)], 21, 0);
    let offer = world.peers[0].offer(world.now).expect("an offer");
    assert!(offer.contains(" ::1 1000 typ host"), "{offer}");
    let answer = world.peers[1].accept(world.now, offer).expect("an answer");
    assert!(answer.contains(" ::1 2000 typ host"), "{answer}");
    let taken = world.peers[0].answered(world.now, answer);
    taken.expect("it was offered");
    talk(&mut world);
}

/// The description without its candidates, and with this one.
fn with_only(sdp: &str, candidate: &str) -> String {
    let mut out = String::new();
    for line in sdp.lines() {
        if line.starts_with("a=candidate:") || line == "a=end-of-candidates" {
            continue;
        }
        out += line;
        out += "\r\n";
        if line.starts_with("a=mid:0") {
            out += candidate;
        }
    }
    out
}

/// A browser hides its address behind a name that only its own network knows (RFC 8828 §3.1.1).
const HIDDEN: &str = "candidate:842163049 1 udp 1677729535 \
    4b4ae4e1-5a4f-4a5e-8f0d-0c3b1f0e6a11.local 50000 typ host generation 0 ufrag x network-cost 999";

#[test]
fn a_far_end_behind_a_name_is_found_when_it_calls() {
    for in_offer in [true, false] {
        let mut world = World::new(22, 0);
        let offer = world.peers[0].offer(world.now).expect("an offer");
        let line = match in_offer {
            true => format!("a={HIDDEN}\r\n"),
            false => String::new(),
        };
        let hidden = with_only(&offer, &line);
        assert!(!hidden.contains("127.0.0.1 1000"), "{hidden}");
        assert_eq!(hidden.contains(".local"), in_offer);
        let answer = world.peers[1].accept(world.now, hidden).expect("an answer");
        if !in_offer {
            world.peers[1]
                .candidate(HIDDEN.to_owned())
                .expect("it is understood");
        }
        let taken = world.peers[0].answered(world.now, answer);
        taken.expect("it was offered");
        talk(&mut world);
    }
}

#[test]
fn a_name_in_an_answer_is_no_obstacle_either() {
    let mut world = World::new(23, 0);
    let offer = world.peers[0].offer(world.now).expect("an offer");
    let answer = world.peers[1].accept(world.now, offer).expect("an answer");
    let hidden = with_only(&answer, &format!("a={HIDDEN}\r\n"));
    let taken = world.peers[0].answered(world.now, hidden);
    taken.expect("it was offered");
    talk(&mut world);
}
