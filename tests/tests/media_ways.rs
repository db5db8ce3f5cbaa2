//! Ways to a far end that are not an IPv4 address that was named: IPv6, and names that only its own network
//! knows. And what is measured of a call on the way.

use janet_protocol::quic::{Header, Kind};
use janet_tests::over_quic::Raw;
use janet_tests::server::look_again;
use janet_tests::{Client, Server};
use serde_json::{Value, json};

/// A browser hides its address behind such a name (RFC 8828 §3.1.1).
const HIDDEN: &str = "candidate:842163049 1 udp 1677729535 4b4ae4e1-5a4f-4a5e-8f0d-0c3b1f0e6a11.local 50000 typ \
    host generation 0";

/// The description with those of its candidates only that are wanted, and one more line behind the first section.
fn with(sdp: &Value, is_wanted: impl Fn(&str) -> bool, more: &str) -> String {
    let mut out = String::new();
    for line in sdp.as_str().expect("a description").lines() {
        let is_end = line == "a=end-of-candidates";
        if is_end || line.starts_with("a=candidate:") && !is_wanted(line) {
            continue;
        }
        out += line;
        out += "\r\n";
        if line == "a=mid:0" {
            out += more;
        }
    }
    out
}

fn is_v6(line: &str) -> bool {
    line.contains(" ::1 ")
}

/// Waits until it is so.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        look_again().await;
    }
    panic!("{what}: it never was");
}

/// Two servers that listen on the loopback's IPv6 address, and a client of each.
async fn two() -> [(Server, Client); 2] {
    let servers = [(); 2].map(|()| Server::start(&["server.host=::1"]));
    let mut both = Vec::new();
    for server in servers {
        assert!(server.address().is_ipv6());
        let client = Client::connect(&server).await;
        both.push((server, client));
    }
    let Ok(both) = <[_; 2]>::try_from(both) else {
        panic!("two were started");
    };
    both
}

async fn hang_up(near: &mut Client, far: &mut Client) {
    near.send(json!({ "type": "audio_stop" })).await;
    while far.until("vr_response").await["status"] != "ended" {}
}

#[tokio::test]
async fn a_call_over_ipv6_or_to_a_far_end_behind_a_name_flows_and_is_measured() {
    let [(server, mut near), (_far_server, mut far)] = two().await;

    // Over IPv6, and nothing else.
    near.send(json!({ "type": "vr_connect" })).await;
    let offer = near.until("vr_offer").await;
    let sdp = with(&offer["sdp"], is_v6, "");
    assert!(sdp.lines().any(is_v6), "{sdp}");
    far.send(json!({ "type": "vr_connect", "sdp": sdp, "sdp_type": "offer" }))
        .await;
    let answer = far.until("vr_answer").await;
    let sdp = with(&answer["sdp"], is_v6, "");
    assert!(sdp.lines().any(is_v6), "{sdp}");
    let answer = json!({ "type": "vr_audio", "session_id": offer["session_id"], "sdp": sdp });
    near.send(answer).await;
    while near.until("vr_response").await["status"] != "connected" {}

    // The far end reports on what it hears every second or so.
    let reported = "janet_webrtc_jitter_seconds_count";
    until("the far end's reports are measured", || {
        server.measured(&format!("{reported}{{seen_by=\"far_end\"}}")) > 1.0
    })
    .await;
    for name in [
        &format!("{reported}{{seen_by=\"janet\"}}"),
        "janet_webrtc_loss_percent_count",
        "janet_webrtc_round_trip_seconds_count",
        "janet_mic_to_ring_seconds_count",
        "janet_ring_to_wire_seconds_count",
    ] {
        assert!(server.measured(name) > 0.0, "{name}");
    }
    let (sum, count) = (
        server.measured("janet_webrtc_round_trip_seconds_sum"),
        server.measured("janet_webrtc_round_trip_seconds_count"),
    );
    assert!(sum > 0.0 && sum / count < 1.0, "{sum} s in {count} reports");
    hang_up(&mut near, &mut far).await;

    // Behind a name, in the offer and by trickle: found when it calls.
    near.send(json!({ "type": "vr_connect" })).await;
    let offer = near.until("vr_offer").await;
    let hidden = with(&offer["sdp"], |_| false, &format!("a={HIDDEN}\r\n"));
    far.send(json!({ "type": "vr_connect", "sdp": hidden, "sdp_type": "offer" }))
        .await;
    let answer = far.until("vr_answer").await;
    let trickled = json!({ "type": "vr_ice", "session_id": answer["session_id"], "candidate": HIDDEN,
        "sdp_mid": "0", "sdp_mline_index": 0 });
    far.send(trickled).await;
    far.is_served().await;
    let answer =
        json!({ "type": "vr_audio", "session_id": offer["session_id"], "sdp": answer["sdp"] });
    near.send(answer).await;
    while near.until("vr_response").await["status"] != "connected" {}
    hang_up(&mut near, &mut far).await;
    near.close().await;
    far.close().await;
    over_quic_both_waits_are_measured(&server).await;
}

/// Nobody else talks to this server now.
async fn over_quic_both_waits_are_measured(server: &Server) {
    let waits = || {
        let names = ["janet_mic_to_ring_seconds", "janet_ring_to_wire_seconds"];
        names.map(|name| server.measured(&format!("{name}_count")))
    };
    let mut raw = Raw::enter(server.quic(), None).await;
    let session = raw.open_voice().await;
    let before = waits();
    for sequence in 0..20_u16 {
        let header = Header {
            kind: Kind::Opus,
            session,
            sequence,
            timestamp: u32::from(sequence) * 960,
        };
        // 20 ms of silence.
        let datagram = header.write(&[0xF8, 0xFF, 0xFE]).expect("short enough");
        let sent = raw.connection.send_datagram_wait(datagram.into()).await;
        sent.expect("the connection lasts");
    }
    until("what waits on its way over QUIC is measured", || {
        let now = waits();
        now[0] > before[0] && now[1] > before[1]
    })
    .await;
}
