//! Who comes in over QUIC, what is wrong on its control stream, and who is let go of.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use janet_protocol::quic::{ALPN, frame};
use janet_tests::elsewhere::{self, Elsewhere, Key};
use janet_tests::over_quic::Raw;
use janet_tests::relay::{Relay, Weather};
use janet_tests::server::{janet, look_again};
use janet_tests::{Client, Server};
use quinn::{ReadError, SendStream, VarInt, WriteError};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// Pairs a device of this role, and gives its id and its key.
pub(crate) async fn pair(
    server: &Server,
    address: SocketAddr,
    role: &str,
) -> (String, String, String) {
    let mut operator = Client::greet(server, "/ws").await;
    operator
        .send(json!({ "type": "pair_open", "role": role }))
        .await;
    let opened = operator.until("pair_opened").await;
    assert_eq!(opened["quic_port"], server.quic().port());
    let text = |value: &Value, field: &str| value[field].as_str().expect("a text").to_owned();
    let (code, seen) = (text(&opened, "code"), text(&opened, "fingerprint"));
    let stranger = Elsewhere::open(address, &seen, Key::None).await;
    let mut stranger = stranger.expect("upgraded");
    stranger.told().await;
    let paired = stranger.pair(&code, &seen, "headset").await;
    (text(&paired, "device_id"), text(&paired, "key"), seen)
}

#[tokio::test]
async fn from_elsewhere_a_key_is_needed_and_one_that_was_revoked_is_worth_nothing() {
    let server = Server::start(&["server.host=0.0.0.0"]);
    let Some(address) = elsewhere::address(server.address().port()) else {
        return;
    };
    let quic = SocketAddr::new(address.ip(), server.quic().port());
    let (id, key, fingerprint) = pair(&server, address, "guest").await;

    // Without a key: pairing and nothing else, as over the WebSocket.
    let mut stranger = Raw::greet(quic, None).await;
    assert_eq!(
        stranger.until("pair_wanted").await["fingerprint"],
        fingerprint
    );
    let refused = stranger
        .refusal(json!({ "type": "ping", "timestamp": 1 }))
        .await;
    assert_eq!(refused["code"], "not_permitted", "{refused}");
    let start = json!({ "type": "pair_start", "name": "x", "message": "zz" });
    assert_eq!(stranger.refusal(start).await["field"], "message");
    drop(stranger);

    let mut wrong = Raw::greet(quic, Some(&"A".repeat(43))).await;
    assert_eq!(wrong.until("error").await["code"], "not_paired");
    assert_eq!(wrong.goodbye().await.0, 1008);

    let mut device = Raw::greet(quic, Some(&key)).await;
    assert_eq!(device.until("connected").await["role"], "guest");
    let refused = device.refusal(json!({ "type": "device_list" })).await;
    assert_eq!(refused["code"], "not_permitted");
    device.is_served().await;
    let log = server.log();
    assert!(!log.contains(&key), "the key is in the log");

    let mut operator = Client::greet(&server, "/ws").await;
    operator
        .send(json!({ "type": "device_revoke", "device_id": id }))
        .await;
    operator.until("device_revoked").await;
    assert_eq!(device.until("error").await["code"], "not_paired");
    assert_eq!(device.goodbye().await.0, 1008);
    let mut again = Raw::greet(quic, Some(&key)).await;
    assert_eq!(again.until("error").await["code"], "not_paired");
}

/// Runs `janet` with these words: whether it went well, what it printed, and what it said besides.
fn run(words: &[&str]) -> (bool, String, String) {
    let output = Command::new(janet()).args(words).output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let (told, said) = (text(output.stdout), text(output.stderr));
    (output.status.success(), told, said)
}

#[test]
fn a_program_pairs_by_the_code_and_comes_in_by_its_file_from_then_on() {
    let server = Server::start(&["server.host=0.0.0.0"]);
    let Some(address) = elsewhere::address(server.address().port()) else {
        return;
    };
    let (port, quic_port) = (server.address().port().to_string(), server.quic().port());
    let quic = SocketAddr::new(address.ip(), quic_port).to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("janet.key");
    let file = path.to_str().expect("text");
    let setting = format!("server.quic_port={quic_port}");
    let mut pair = Command::new(janet())
        .args(["pair", "--guest", "--port", &port, "--set", &setting])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut lines = BufReader::new(pair.stdout.take().expect("piped")).lines();
    let mut line = |begin: &str| loop {
        let line = lines.next().expect("more is said").expect("text");
        if let Some(rest) = line.strip_prefix(begin) {
            return rest.to_owned();
        }
    };
    let command = line("Without a browser, on the device: ");
    let words: Vec<&str> = command.split(' ').collect();
    let [
        "janet",
        "client",
        "--quic",
        at,
        "--pair",
        code,
        "--key-file",
        "janet.key",
    ] = words[..]
    else {
        panic!("{command}");
    };
    assert!(at.ends_with(&format!(":{quic_port}")), "{command}");

    // Another code, and no file; then this one.
    let other = if code.starts_with('1') { "2" } else { "1" };
    let wrong = format!("{other}{}", &code[1..]);
    let pair_by = |code: &str| {
        let words = [
            "client",
            "--quic",
            &quic,
            "--pair",
            code,
            "--key-file",
            file,
        ];
        run(&[&words[..], &["--name", "a headset", "--json"]].concat())
    };
    let (went_well, _, said) = pair_by(&wrong);
    assert!(!went_well && said.contains("the code is wrong"), "{said}");
    assert!(!path.exists());
    let (went_well, told, said) = pair_by(code);
    assert!(went_well && said.contains("Paired as a headset"), "{said}");
    assert!(line("Paired: ").contains("a headset"));
    assert!(pair.wait().expect("it ends").success());
    let mode = std::fs::metadata(&path).expect("written").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let client_id = |told: &str| -> String {
        let object: Value = serde_json::from_str(told).expect("JSON");
        object["client_id"].as_str().expect("an id").to_owned()
    };
    let first = client_id(&told);

    // The file alone, a new conversation; and back in the first one.
    let (went_well, told, said) = run(&["client", "--key-file", file]);
    assert!(went_well && told.contains("--client-id="), "{told}{said}");
    let back = format!("--client-id={first}");
    let (went_well, told, said) = run(&["client", "--key-file", file, "--json", &back]);
    assert!(went_well, "{said}");
    assert_eq!(client_id(&told), first);

    // Whoever shows another certificate than hers is not shown the key.
    let held = std::fs::read_to_string(&path).expect("text");
    let key = held.lines().next().expect("a key");
    let pinned = held.lines().nth(1).expect("a fingerprint");
    let swapped = folder.path().join("swapped.key");
    let other = held.replace(pinned, &format!("sha256 {}", "0".repeat(64)));
    std::fs::write(&swapped, other).expect("written");
    let (went_well, _, said) = run(&["client", "--key-file", swapped.to_str().expect("text")]);
    assert!(!went_well && said.contains("another certificate"), "{said}");
    // On her own machine there is nothing to pair.
    let here = server.quic().to_string();
    let (went_well, _, said) = run(&[
        "client",
        "--quic",
        &here,
        "--pair",
        code,
        "--key-file",
        file,
    ]);
    assert!(!went_well && said.contains("no key is needed"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).expect("text"), held);
    let log = server.log();
    assert!(!log.contains(key) && !log.contains(code), "the log tells");
}

#[tokio::test]
async fn one_machine_elsewhere_has_so_many_connections_and_this_one_finds_room() {
    // None of them says what it wants before the last has come, however slow this machine is.
    let server = Server::start(&["server.host=0.0.0.0", "server.request_timeout_ms=120000"]);
    let Some(address) = elsewhere::address(server.address().port()) else {
        return;
    };
    let quic = SocketAddr::new(address.ip(), server.quic().port());
    let (mut held, mut refused) = (Vec::new(), 0);
    for _ in 0..40 {
        match Raw::connect(quic, ALPN).await {
            Ok(raw) => held.push(raw),
            Err(_) => refused += 1,
        }
    }
    assert_eq!((held.len(), refused), (32, 8));
    let mut here = Raw::greet(server.quic(), None).await;
    here.until("connected").await;
    // One that leaves makes room for another.
    held.pop();
    let since = Instant::now();
    while Raw::connect(quic, ALPN).await.is_err() {
        assert!(since.elapsed() < PATIENCE, "its place is never free");
        look_again().await;
    }
}

#[tokio::test]
async fn the_first_message_says_who_it_is_and_what_is_wrong_keeps_the_connection() {
    let server = Server::shared();
    let mut raw = Raw::open(server.quic()).await;
    let early = raw
        .refusal(json!({ "type": "ping", "timestamp": 1, "request_id": 3 }))
        .await;
    assert_eq!(
        (&early["code"], &early["request_id"]),
        (&json!("unexpected"), &json!(3))
    );
    raw.send(&frame("{")).await;
    assert_eq!(raw.until("error").await["code"], "bad_json");
    raw.say(json!({ "type": "client_connect", "request_id": 4 }))
        .await;
    assert_eq!(raw.until("connected").await["request_id"], 4);
    for (wrong, code) in [
        (String::new(), "bad_json"),
        ("no JSON".to_owned(), "bad_json"),
        ("{\"type\":\"pigeon\"}".to_owned(), "unknown_type"),
        // Longer than any frame may be, and answered all the same.
        (" ".repeat((1 << 20) + 1), "frame_too_large"),
    ] {
        raw.send(&frame(&wrong)).await;
        assert_eq!(raw.until("error").await["code"], code);
    }
    // In pieces, and several at once.
    let mut pieces = frame(&json!({ "type": "ping", "timestamp": 1 }).to_string());
    pieces.extend(pieces.clone());
    for piece in pieces.chunks(7) {
        raw.send(piece).await;
    }
    raw.until("pong").await;
    raw.until("pong").await;
    let again = raw.refusal(json!({ "type": "client_connect" })).await;
    assert_eq!(again["code"], "unexpected");
    let start = json!({ "type": "audio_start", "rate_hz": 16_000, "play_rate_hz": 48_000, "mode": "hands_free" });
    assert_eq!(raw.refusal(start).await["code"], "unexpected");
    raw.is_served().await;
}

#[tokio::test]
async fn what_cannot_be_a_control_stream_ends_the_connection_with_a_code() {
    let server = Server::shared();
    // A length beyond all limits.
    let mut raw = Raw::enter(server.quic(), None).await;
    raw.send(&u32::MAX.to_le_bytes()).await;
    assert_eq!(raw.goodbye().await.0, 1009);
    // Broken off in the middle of a frame.
    let mut raw = Raw::enter(server.quic(), None).await;
    raw.send(&frame("{\"type\":\"ping\"}")[..9]).await;
    raw.control.finish().expect("open");
    assert_eq!(raw.goodbye().await.0, 1002);
    // No text.
    let mut raw = Raw::enter(server.quic(), None).await;
    raw.send(&[1, 0, 0, 0, 0xFF]).await;
    assert_eq!(raw.goodbye().await.0, 1007);
    // Three times something else than who it is.
    let mut raw = Raw::open(server.quic()).await;
    for _ in 0..3 {
        raw.send(&frame("{}")).await;
    }
    assert_eq!(raw.goodbye().await.0, 1002);
    // A goodbye of the client's.
    let mut raw = Raw::enter(server.quic(), None).await;
    raw.control.finish().expect("open");
    assert_eq!(raw.goodbye().await.0, 1000);
    // Another protocol.
    assert!(Raw::connect(server.quic(), b"h3").await.is_err());
}

async fn write_until_refused(upload: &mut SendStream) -> WriteError {
    loop {
        if let Err(refused) = upload.write_all(&[0; 1024]).await {
            return refused;
        }
    }
}

#[tokio::test]
async fn streams_that_nobody_asked_for_are_refused_by_a_code_and_nothing_else_happens() {
    let server = Server::shared();
    let mut raw = Raw::enter(server.quic(), None).await;
    let code = VarInt::from_u32(janet_protocol::quic::NO_SUCH_STREAM);
    for _ in 0..20 {
        let (mut upload, mut answer) = raw.connection.open_bi().await.expect("there is room");
        let refused = write_until_refused(&mut upload).await;
        assert_eq!(refused, WriteError::Stopped(code));
        let read = answer.read(&mut [0; 1]).await;
        assert_eq!(read, Err(ReadError::Reset(code)));
        let mut upload = raw.connection.open_uni().await.expect("there is room");
        upload.write_all(&[0; 16]).await.ok();
        assert_eq!(upload.stopped().await.ok().flatten(), Some(code));
    }
    raw.is_served().await;
}

#[tokio::test]
async fn garbage_at_the_port_harms_nobody() {
    let server = Server::shared();
    let mut raw = Raw::enter(server.quic(), None).await;
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let mut rng = fastrand::Rng::with_seed(3);
    for n in 0..2000 {
        let mut garbage: Vec<u8> = (0..rng.usize(..1400)).map(|_| rng.u8(..)).collect();
        if let (0, Some(first)) = (n % 3, garbage.first_mut()) {
            // As long headers of QUIC begin, and of its first version.
            *first |= 0xC0;
            let version = 1..garbage.len().min(5);
            drop(garbage.splice(version, [0, 0, 0, 1]));
        }
        socket
            .send_to(&garbage, server.quic())
            .expect("loopback takes it");
    }
    raw.is_served().await;
    Raw::enter(server.quic(), None).await.is_served().await;
    assert!(!server.log().contains("quinn"), "strangers fill the log");
}

#[tokio::test]
async fn who_vanishes_frees_the_place_and_who_has_one_is_told_when_it_ends() {
    let server = Server::start(&[
        "server.max_clients=2",
        "server.ping_every_ms=500",
        "server.ping_timeout_ms=2000",
        "server.request_timeout_ms=3000",
    ])
    .ready();
    let here = SocketAddr::from(([127, 0, 0, 1], 0));
    let relay = Relay::start(here, server.quic(), Weather::FINE).await;
    let relay = relay.expect("a relay");
    let mut vanishing = Raw::enter(relay.address(), None).await;
    vanishing.open_voice().await;
    let mut staying = Raw::enter(server.quic(), None).await;
    let mut third = Raw::greet(server.quic(), None).await;
    assert_eq!(third.next().await, None);
    assert_eq!(third.goodbye().await.0, 1013);
    let address = server.quic().to_string();
    // The others go on meanwhile.
    let fourth = tokio::task::spawn_blocking(move || run(&["client", "--quic", &address]));
    let (went_well, _, said) = fourth.await.expect("it runs");
    assert!(
        !went_well && said.contains("code 1013: she is full"),
        "{said}"
    );
    assert!(said.contains("`server.max_clients`"), "{said}");
    // Whoever does not say what it wants has no place either.
    let silent = Raw::open(server.quic()).await;
    let mut slow = Raw::open(server.quic()).await;
    slow.send(&frame("{\"type\"")[..6]).await;
    assert_eq!(silent.goodbye().await.0, 1000);
    assert_eq!(slow.goodbye().await.0, 1000);
    relay.cut();
    let since = Instant::now();
    while server.clients() > 1 {
        assert!(since.elapsed() < PATIENCE, "its place is never freed");
        look_again().await;
    }
    Raw::enter(server.quic(), None).await.is_served().await;
    staying.is_served().await;
    server.signal("TERM");
    assert_eq!(staying.until("error").await["code"], "shutting_down");
    assert_eq!(staying.goodbye().await.0, 1001);
    let (_, well) = server.ended();
    assert!(well);
}

#[tokio::test]
async fn with_many_handshakes_under_way_an_address_is_proved_first() {
    let server = Server::start(&[]);
    let here = SocketAddr::from(([127, 0, 0, 1], 0));
    let relay = Relay::start(here, server.quic(), Weather::FINE).await;
    let relay = relay.expect("a relay");
    // Addresses from which nobody ever answers, as forged ones are.
    relay.deafen();
    let forged: Vec<_> = (0..12)
        .map(|_| {
            let address = relay.address();
            tokio::spawn(async move { Raw::connect(address, ALPN).await.is_ok() })
        })
        .collect();
    let since = Instant::now();
    while server.measured("janet_quic_retries_total") < 1.0 {
        assert!(
            since.elapsed() < PATIENCE,
            "no address is ever to be proved"
        );
        look_again().await;
    }
    Raw::greet(server.quic(), None)
        .await
        .until("connected")
        .await;
    for task in forged {
        task.abort();
    }
}

#[test]
fn a_port_that_somebody_has_is_named_where_it_was_asked_for() {
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let port = taken.local_addr().expect("bound").port();
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(janet())
        .args([
            "serve",
            "--port",
            "0",
            "--set",
            &format!("server.quic_port={port}"),
        ])
        .arg("--set")
        .arg(format!("conversation.data_dir={}", folder.path().display()))
        .output()
        .expect("it runs");
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("server.quic_port") && told.contains(&port.to_string()),
        "{told}"
    );
}

#[test]
fn a_server_of_ipv6_loopback_is_found_by_both_addresses_of_this_machine() {
    if UdpSocket::bind("[::1]:0").is_err() {
        return;
    }
    let server = Server::start(&["server.host=::1"]);
    let port = server.quic().port();
    for host in ["[::1]", "127.0.0.1", "localhost"] {
        let address = format!("{host}:{port}");
        let (went_well, _, said) = run(&["client", "--quic", &address]);
        assert!(went_well, "{address}: {said}");
    }
}

#[tokio::test]
async fn without_quic_the_rest_is_there_and_says_so() {
    let server = Server::start(&["server.quic=false"]);
    let mut client = Client::connect(&server).await;
    let capabilities = client.connected["capabilities"].as_array().expect("a list");
    assert!(!capabilities.contains(&json!("quic")));
    client
        .send(json!({ "type": "vr_connect", "transport": "quic" }))
        .await;
    let error = client.until("vr_error").await;
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|text| text.contains("only webrtc")),
        "{error}"
    );
    client.close().await;
}
