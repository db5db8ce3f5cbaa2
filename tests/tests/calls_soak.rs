//! A thousand calls, one after the other, and a thousand clients that come and go, over QUIC and with a call
//! over a WebSocket of its own: what the first hundred have made is all that there is.

use janet_protocol::quic::{Header, Kind};
use janet_tests::far::Far;
use janet_tests::over_quic::Raw;
use janet_tests::server::look_again;
use janet_tests::{Client, Server, http};
use serde_json::json;

/// After these, whatever is made once has been made.
const FIRST: usize = 100;
/// All calls; `JANET_SOAK_CALLS` says otherwise, for a shorter trial by hand.
const CALLS: usize = 1000;
/// Threads for blocking work end after ten idle seconds.
const LOOKS: usize = 600;

/// What a server holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    files: usize,
    tasks: u64,
    threads: usize,
}

fn number(metrics: &str, name: &str) -> u64 {
    let found = metrics.lines().find_map(|line| line.strip_prefix(name));
    found
        .and_then(|value| value.trim().parse().ok())
        .unwrap_or_else(|| panic!("{name} is not in:\n{metrics}"))
}

/// What is held once nobody calls: the least of half a minute, as looking takes a connection itself.
async fn held(server: &Server) -> (Held, u64) {
    let mut least: Option<Held> = None;
    for _ in 0..LOOKS {
        let metrics = http::get(server.address(), "/metrics").body;
        for table in ["calls", "names", "addresses"] {
            let name = format!("janet_webrtc_table_entries{{table=\"{table}\"}} ");
            // They are there from the first call on.
            if metrics.contains(&name) {
                assert_eq!(number(&metrics, &name), 0, "{table} are kept");
            }
        }
        let now = Held {
            files: server.files(),
            tasks: number(&metrics, "janet_runtime_tasks "),
            threads: server.threads(),
        };
        least = Some(least.map_or(now, |least| Held {
            files: least.files.min(now.files),
            tasks: least.tasks.min(now.tasks),
            threads: least.threads.min(now.threads),
        }));
        look_again().await;
    }
    (least.expect("it was looked at"), server.memory())
}

/// One call, from the offer to the goodbye at both ends.
async fn call(client: &mut Client, far: &mut Far) {
    client.send(json!({ "type": "vr_connect" })).await;
    let offer = client.until("vr_offer").await;
    let sdp = far.answer(&offer).await;
    let id = &offer["session_id"];
    client
        .send(json!({ "type": "vr_audio", "session_id": id, "sdp": sdp }))
        .await;
    while client.until("vr_response").await["status"] != "connected" {}
    client.send(json!({ "type": "audio_stop" })).await;
    while far.client.until("vr_response").await["status"] != "ended" {}
}

/// How many times.
fn times() -> usize {
    #[expect(clippy::disallowed_methods, reason = "for a shorter trial by hand")]
    let calls = std::env::var("JANET_SOAK_CALLS").ok();
    calls.map_or(CALLS, |calls| calls.parse().expect("a number"))
}

/// The second look is like the first.
fn nothing_grew((before, memory): (Held, u64), (after, memory_after): (Held, u64)) {
    println!("{before:?}, {memory} bytes; then {after:?}, {memory_after} bytes");
    assert_eq!(before, after);
    assert!(
        memory_after as f64 <= 1.05 * memory as f64,
        "memory grew from {memory} to {memory_after} bytes"
    );
}

#[tokio::test]
#[ignore = "the long tier: a thousand calls"]
async fn soak_a_thousand_calls_leave_nothing_behind() {
    let calls = times();
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    let mut far = Far::meet().await;
    let mut first = None;
    for number in 1..=calls {
        call(&mut client, &mut far).await;
        if number == FIRST.min(calls / 2) {
            first = Some(held(&server).await);
        }
    }
    nothing_grew(first.expect("it was looked at"), held(&server).await);
    client.close().await;
    far.close().await;
    assert!(!server.log().contains("panicked"), "a panic is in the log");
}

/// A client over QUIC that opens voice, says a little and leaves; every third without a goodbye of its session.
async fn visit(server: &Server, number: usize) {
    let mut raw = Raw::enter(server.quic(), None).await;
    let session = raw.open_voice().await;
    for sequence in 0..5_u16 {
        let header = Header {
            kind: Kind::Opus,
            session,
            sequence,
            timestamp: u32::from(sequence) * 960,
        };
        let datagram = header.write(&[0xF8, 0xFF, 0xFE]).expect("short enough");
        let sent = raw.connection.send_datagram_wait(datagram.into()).await;
        sent.expect("the connection lasts");
    }
    if !number.is_multiple_of(3) {
        raw.say(json!({ "type": "audio_stop" })).await;
        raw.is_served().await;
    }
    raw.connection.close(0_u32.into(), b"enough");
}

#[tokio::test]
#[ignore = "the long tier: a thousand clients"]
async fn soak_a_thousand_clients_over_quic_leave_nothing_behind() {
    let visits = times();
    let server = Server::start(&[]).ready();
    let mut first = None;
    for number in 1..=visits {
        visit(&server, number).await;
        if number == FIRST.min(visits / 2) {
            first = Some(held(&server).await);
        }
    }
    nothing_grew(first.expect("it was looked at"), held(&server).await);
    assert!(!server.log().contains("panicked"), "a panic is in the log");
}

/// A client with a WebSocket of its own that calls, and leaves while it is not answered yet, or is.
async fn ring_and_leave(server: &Server, far: &mut Far, number: usize) {
    let mut client = Client::connect(server).await;
    let device = json!({ "platform": "test", "device": "a socket" });
    client
        .send(json!({ "type": "voip_call", "direction": "outgoing", "device_info": device }))
        .await;
    let offer = client.until("voip_offer").await;
    if number.is_multiple_of(10) {
        let sdp = far.answer(&offer).await;
        let id = &offer["call_id"];
        client
            .send(json!({ "type": "voip_answer", "call_id": id, "sdp": sdp, "sdp_type": "answer" }))
            .await;
        client.until("voip_connected").await;
        client
            .send(json!({ "type": "voip_end", "call_id": id, "reason": "enough" }))
            .await;
        client.until("voip_ended").await;
        while far.client.until("vr_response").await["status"] != "ended" {}
    }
    client.close().await;
}

#[tokio::test]
#[ignore = "the long tier: a thousand clients"]
async fn soak_a_thousand_clients_that_ring_leave_nothing_behind() {
    let visits = times();
    let server = Server::start(&[]).ready();
    let mut far = Far::meet().await;
    let mut first = None;
    for number in 1..=visits {
        ring_and_leave(&server, &mut far, number).await;
        if number == FIRST.min(visits / 2) {
            first = Some(held(&server).await);
        }
    }
    nothing_grew(first.expect("it was looked at"), held(&server).await);
    far.close().await;
    assert!(!server.log().contains("panicked"), "a panic is in the log");
}
