//! Who comes in from another machine: nobody without TLS and a key, and nobody who was shut out.
//!
//! This machine's own address stands for another machine: the server cannot tell the two apart.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use janet_tests::client::Frame;
use janet_tests::elsewhere::{self, Elsewhere, Key};
use janet_tests::{Client, Server, http};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

const OPEN: [&str; 2] = ["server.host=0.0.0.0", "server.names=janet.test"];

/// A server for other machines, and where they reach it; `None`: this machine has no such address.
fn open_house() -> Option<(Server, SocketAddr)> {
    let server = Server::start(&OPEN);
    let address = elsewhere::address(server.address().port())?;
    Some((server, address))
}

/// Opens a pairing, and gives the operator who holds it with what they were told.
async fn open_pairing(server: &Server, role: &str) -> (Client, Value) {
    let mut operator = Client::greet(server, "/ws").await;
    operator
        .send(json!({ "type": "pair_open", "role": role }))
        .await;
    let opened = operator.until("pair_opened").await;
    (operator, opened)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().expect("a text")
}

#[tokio::test]
async fn a_device_pairs_is_let_in_with_its_role_and_is_gone_once_it_is_revoked() {
    let Some((server, address)) = open_house() else {
        return;
    };
    let (mut operator, opened) = open_pairing(&server, "guest").await;
    let (code, seen) = (text(&opened, "code"), text(&opened, "fingerprint"));
    let here = format!("https://{address}/");
    assert!(
        opened["addresses"]
            .as_array()
            .expect("a list")
            .contains(&json!(here)),
        "{opened}"
    );

    let mut stranger = Elsewhere::open(address, seen, Key::None)
        .await
        .expect("upgraded");
    assert_eq!(stranger.told().await["type"], "pair_wanted");
    let wrong = stranger.pair("00000000", seen, "phone").await;
    assert_eq!(
        (&wrong["code"], &wrong["field"]),
        (&json!("pair_failed"), &json!("proof"))
    );
    let paired = stranger.pair(code, seen, "Ada's phone").await;
    assert_eq!(
        (&paired["type"], &paired["role"]),
        (&json!("paired"), &json!("guest"))
    );
    assert_eq!(stranger.goodbye().await.0, 1000);
    let told = operator.until("device_paired").await;
    assert_eq!(told["device"]["name"], "Ada's phone");
    let again = Elsewhere::open(address, seen, Key::None)
        .await
        .expect("upgraded");
    let again = {
        let mut again = again;
        again.told().await;
        again.pair(code, seen, "x").await
    };
    assert!(
        text(&again, "message").contains("paired a device already"),
        "{again}"
    );

    let (id, key) = (text(&paired, "device_id"), text(&paired, "key"));
    let mut device = Elsewhere::open(address, seen, Key::Bearer(key))
        .await
        .expect("upgraded");
    assert_eq!(device.until("connected").await["role"], "guest");
    device
        .send(json!({ "type": "device_list", "request_id": 7 }))
        .await;
    let refused = loop {
        let value = device.told().await;
        if value["request_id"] == 7 {
            break value;
        }
    };
    assert_eq!(
        (&refused["code"], &refused["field"]),
        (&json!("not_permitted"), &json!("type"))
    );
    assert!(
        text(&refused, "message").contains("\"device_list\""),
        "{refused}"
    );
    device.send(json!({ "type": "ping", "timestamp": 1 })).await;
    device.until("pong").await;
    let mut page = Elsewhere::open(address, seen, Key::Subprotocol(key))
        .await
        .expect("upgraded");
    assert_eq!(page.until("connected").await["role"], "guest");
    let bearer = format!("Bearer {key}");
    let with_key = [("Authorization", bearer.as_str())];
    assert_eq!(
        elsewhere::request(address, "GET", "/v1/models", &with_key)
            .await
            .0,
        200
    );
    assert_eq!(
        elsewhere::request(address, "GET", "/metrics", &with_key)
            .await
            .0,
        403
    );

    operator.send(json!({ "type": "device_list" })).await;
    let listed = operator.until("devices_listed").await;
    assert_eq!(listed["devices"][0]["device_id"], id, "{listed}");
    operator
        .send(json!({ "type": "device_revoke", "device_id": id }))
        .await;
    operator.until("device_revoked").await;
    operator.send(json!({ "type": "audit_read" })).await;
    let audit = operator.until("audit_entries").await.to_string();
    for event in ["\"device_paired\"", "\"device_revoked\""] {
        assert_eq!(audit.matches(event).count(), 1, "{event}: {audit}");
    }
    for mut open in [device, page] {
        let (code, reason) = open.goodbye().await;
        assert!(
            code == 1008 && reason.starts_with("not paired"),
            "{code} {reason}"
        );
    }
    assert_eq!(
        elsewhere::request(address, "GET", "/v1/models", &with_key)
            .await
            .0,
        401
    );
    let refused = Elsewhere::open(address, seen, Key::Bearer(key)).await;
    let mut refused = refused.expect("upgraded, to be told why");
    assert_eq!(refused.told().await["code"], "not_paired");
    assert_eq!(refused.goodbye().await.0, 1008);
    let log = server.log();
    for secret in [code, key, seen, "Ada's phone"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn a_code_is_tried_three_times_by_one_machine_and_not_by_another_certificate() {
    let Some((server, address)) = open_house() else {
        return;
    };
    let (operator, opened) = open_pairing(&server, "operator").await;
    let (code, seen) = (text(&opened, "code"), text(&opened, "fingerprint"));
    let mut stranger = Elsewhere::open(address, "", Key::None)
        .await
        .expect("upgraded");
    stranger.told().await;
    assert_eq!(
        stranger.fingerprint, seen,
        "the certificate is the one that was told"
    );
    let swapped = "0".repeat(64);
    for left in (0..3).rev() {
        let refused = stranger.pair(code, &swapped, "phone").await;
        let told = text(&refused, "message");
        assert!(told.ends_with(&format!("tries left: {left}")), "{told}");
    }
    let fourth = stranger.pair(code, seen, "phone").await;
    let told = text(&fourth, "message");
    assert!(told.contains("this machine has tried the code 3 times"));
    drop(operator);
    // A new code is a new chance.
    let (_operator, opened) = open_pairing(&server, "operator").await;
    let paired = stranger.pair(text(&opened, "code"), seen, "phone").await;
    assert_eq!(paired["type"], "paired", "{paired}");
}

#[tokio::test]
async fn one_machine_keeps_no_others_from_pairing() {
    let Some((_server, address)) = open_house() else {
        return;
    };
    let mut strangers = Vec::new();
    for _ in 0..4 {
        let stranger = Elsewhere::open(address, "", Key::None).await;
        let mut stranger = stranger.expect("upgraded");
        assert_eq!(stranger.told().await["type"], "pair_wanted");
        strangers.push(stranger);
    }
    let one_more = Elsewhere::open(address, "", Key::None).await;
    let (code, reason) = one_more.expect("upgraded").goodbye().await;
    assert_eq!(code, 1013, "{reason}");
    drop(strangers);
}

#[tokio::test]
async fn a_stranger_may_pair_and_nothing_else() {
    let Some((server, address)) = open_house() else {
        return;
    };
    let mut stranger = Elsewhere::open(address, "", Key::None)
        .await
        .expect("upgraded");
    let wanted = stranger.told().await;
    assert_eq!(wanted["fingerprint"], stranger.fingerprint.as_str());
    for (message, code) in [
        (
            json!({ "type": "message", "text": "hello" }),
            "not_permitted",
        ),
        (json!({ "type": "get_context" }), "not_permitted"),
        (
            json!({ "type": "pair_open", "role": "operator" }),
            "not_permitted",
        ),
        (
            json!({ "type": "pair_finish", "proof": "0".repeat(64) }),
            "pair_failed",
        ),
    ] {
        stranger.send(message.clone()).await;
        assert_eq!(stranger.told().await["code"], code, "{message}");
    }
    drop(stranger);
    let mut large = Elsewhere::open(address, "", Key::None)
        .await
        .expect("upgraded");
    large.told().await;
    large
        .send(json!({ "type": "message", "text": "x".repeat(100_000) }))
        .await;
    assert!(matches!(large.next().await, Frame::Close(..) | Frame::End));
    for (path, status) in [
        ("/healthz", 401),
        ("/metrics", 401),
        ("/v1/models", 401),
        ("/v1/nothing", 401),
        ("/nothing-here", 404),
        ("/", 200),
    ] {
        let (found, answer) = elsewhere::request(address, "GET", path, &[]).await;
        assert_eq!(found, status, "{path}: {answer}");
        let tells = status == 401 && answer.contains("\"status\"");
        assert!(!tells, "{path} tells something: {answer}");
    }
    let wrong = [("Authorization", "Bearer none")];
    let (status, answer) = elsewhere::request(address, "GET", "/v1/models", &wrong).await;
    assert!(
        status == 401 && answer.contains("invalid_api_key"),
        "{answer}"
    );
    let evil = [("Origin", "https://evil.example")];
    assert_eq!(elsewhere::request(address, "GET", "/", &evil).await.0, 403);
    Client::greet(&server, "/ws").await.is_served().await;
}

#[tokio::test]
async fn whoever_comes_in_the_clear_is_sent_to_tls_and_gets_no_content() {
    let Some((server, address)) = open_house() else {
        return;
    };
    let host = address.to_string();
    let ask = |method: &'static str, path: &'static str, host: String| {
        tokio::task::spawn_blocking(move || {
            http::request(
                address,
                method,
                path,
                &[("Host", &host), ("Content-Length", "0")],
            )
        })
    };
    let page = ask("GET", "/a?b", host.clone()).await.expect("asked");
    assert_eq!(page.status, 307, "{page:?}");
    assert_eq!(
        page.header("location"),
        Some(format!("https://{host}/a?b").as_str())
    );
    for (method, path) in [("POST", "/v1/chat/completions"), ("POST", "/")] {
        let answer = ask(method, path, host.clone()).await.expect("asked");
        assert!(
            answer.status == 403 && answer.body.contains("https://"),
            "{answer:?}"
        );
    }
    let foreign = ask("GET", "/", "evil.example".into()).await.expect("asked");
    assert!(
        foreign.status == 403 && foreign.header("location").is_none(),
        "{foreign:?}"
    );
    let named = ask("GET", "/", "janet.test".into()).await.expect("asked");
    assert_eq!(named.header("location"), Some("https://janet.test/"));
    let upgrade =
        tokio::task::spawn_blocking(move || http::upgrade(address, "/ws", &[("Host", &host)]));
    assert_eq!(upgrade.await.expect("asked"), 403);
    // This machine's own programs come in as ever, and by TLS if they like.
    Client::greet(&server, "/ws").await.is_served().await;
    let mut here = Elsewhere::open(server.address(), "", Key::None)
        .await
        .expect("upgraded");
    assert_eq!(here.until("connected").await["role"], "operator");
}

#[tokio::test]
async fn a_handshake_that_does_not_go_on_is_closed_and_keeps_nobody_out() {
    let settings = [&OPEN[..], &["server.request_timeout_ms=300"]].concat();
    let server = Server::start(&settings);
    let Some(address) = elsewhere::address(server.address().port()) else {
        return;
    };
    for words in [&[][..], &[0x16], &[0x16, 3, 1, 2, 0, 1], &[0x16; 64]] {
        let mut socket = TcpStream::connect(address).await.expect("it listens");
        socket.write_all(words).await.expect("it takes them");
        let mut told = Vec::new();
        // A reset is an end, too.
        let ended = timeout(Duration::from_secs(60), socket.read_to_end(&mut told)).await;
        drop(ended.expect("it is closed"));
        // At most what TLS has to say to such a thing: an alert.
        assert!(told.is_empty() || told[0] == 0x15, "{told:?}");
    }
    let mut stranger = Elsewhere::open(address, "", Key::None)
        .await
        .expect("upgraded");
    assert_eq!(stranger.told().await["type"], "pair_wanted");
}

#[tokio::test]
async fn a_stranger_who_only_pings_is_let_go() {
    let Some((_server, address)) = open_house() else {
        return;
    };
    let mut stranger = Elsewhere::open(address, "", Key::None)
        .await
        .expect("upgraded");
    assert_eq!(stranger.told().await["type"], "pair_wanted");
    for _ in 0..200 {
        if !stranger.ping().await {
            break;
        }
    }
    assert_eq!(stranger.goodbye().await.0, 1008);
}

#[tokio::test]
async fn one_machine_has_so_many_connections_and_this_one_is_served() {
    let settings = [&OPEN[..], &["server.request_timeout_ms=600000"]].concat();
    let server = Server::start(&settings);
    let Some(address) = elsewhere::address(server.address().port()) else {
        return;
    };
    let mut held = Vec::new();
    for _ in 0..32 {
        held.push(TcpStream::connect(address).await.expect("it listens"));
    }
    let mut more = TcpStream::connect(address).await.expect("it listens");
    let mut told = Vec::new();
    // A reset is an end, too; those that are held wait for ten minutes.
    let ended = timeout(Duration::from_secs(60), more.read_to_end(&mut told)).await;
    drop(ended.expect("it is closed"));
    assert!(told.is_empty());
    let client = Client::greet(&server, "/ws").await;
    drop(held);
    client.close().await;
}

#[tokio::test]
async fn older_clients_of_the_house_are_guests_where_that_is_set() {
    let server = Server::start(&["server.host=::", "server.legacy_lan=true"]);
    let Some(address) = elsewhere::private_address(server.address().port()) else {
        return;
    };
    let socket = TcpStream::connect(address).await.expect("it listens");
    let url = format!("ws://{address}/ws");
    let (mut socket, _) = client_async(url, socket).await.expect("upgraded");
    let mut told = async |message: Option<Value>| -> Value {
        if let Some(message) = message {
            let text = Message::text(message.to_string());
            socket.send(text).await.expect("it is open");
        }
        loop {
            // Pings come, too.
            if let Message::Text(text) = socket.next().await.expect("a frame").expect("a good one")
            {
                return serde_json::from_str(&text).expect("JSON");
            }
        }
    };
    assert_eq!(told(None).await["role"], "guest");
    // The models may be loaded meanwhile, which is told, too.
    let asked = json!({ "type": "pair_open", "role": "operator", "request_id": 1 });
    let mut refused = told(Some(asked)).await;
    while refused["request_id"] != 1 {
        refused = told(None).await;
    }
    assert_eq!(refused["code"], "not_permitted", "{refused}");
    let host = address.to_string();
    let page = tokio::task::spawn_blocking(move || {
        http::request(address, "GET", "/", &[("Host", &host)]).status
    });
    assert_eq!(
        page.await.expect("asked"),
        307,
        "the page comes by TLS alone"
    );
    assert!(
        server.log().contains("server.legacy_lan"),
        "it is warned of"
    );
}

#[tokio::test]
async fn the_command_line_pairs_lists_and_revokes() {
    let Some((server, address)) = open_house() else {
        return;
    };
    let port = server.address().port().to_string();
    let janet = |words: &[&str]| {
        let mut command = Command::new(janet_tests::server::janet());
        command.args(words).args(["--port", &port]);
        command
    };
    let mut pair = janet(&["pair"])
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
    let code: String = line("Code: ")
        .chars()
        .filter(char::is_ascii_digit)
        .take(8)
        .collect();
    let seen = line("SHA-256 of the certificate: ");
    let mut stranger = Elsewhere::open(address, &seen, Key::None)
        .await
        .expect("upgraded");
    stranger.told().await;
    let paired = stranger.pair(&code, &seen, "tablet").await;
    let id = text(&paired, "device_id");
    assert!(line("Paired: ").contains(id));
    assert!(pair.wait().expect("it ends").success());

    let run = |words: &[&str]| {
        let output = janet(words).output().expect("it runs");
        let told = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8(told).expect("text"),
        )
    };
    let (_, list) = run(&["devices", "list"]);
    assert!(
        list.contains(id) && list.contains("tablet") && list.contains("operator"),
        "{list}"
    );
    assert!(run(&["devices", "revoke", id]).0);
    let (went_well, told) = run(&["devices", "revoke", id]);
    assert!(!went_well && told.contains("device_id"), "{told}");
    assert!(run(&["devices", "list"]).1.contains("No device is paired"));
    drop(server);
    let (went_well, told) = run(&["devices", "list"]);
    assert!(
        !went_well && told.contains("`janet serve` starts one"),
        "{told}"
    );
}

#[tokio::test]
async fn devices_and_the_certificate_outlive_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = || Server::start_in(folder.path(), &OPEN);
    let server = start();
    let Some(address) = elsewhere::address(server.address().port()) else {
        return;
    };
    let (_operator, opened) = open_pairing(&server, "operator").await;
    let (code, seen) = (text(&opened, "code"), text(&opened, "fingerprint"));
    let mut stranger = Elsewhere::open(address, seen, Key::None)
        .await
        .expect("upgraded");
    stranger.told().await;
    let paired = stranger.pair(code, seen, "phone").await;
    let key = text(&paired, "key");
    server.signal("KILL");
    server.ended();
    let server = start();
    let address = SocketAddr::new(address.ip(), server.address().port());
    let mut device = Elsewhere::open(address, seen, Key::Bearer(key))
        .await
        .expect("known");
    assert_eq!(device.until("connected").await["role"], "operator");
    for file in ["devices.json", "tls.pem"] {
        let path = folder.path().join("data").join(file);
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(path).expect("it is there").permissions(),
        );
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn a_server_for_this_machine_alone_opens_no_pairing() {
    let port = Server::shared().address().port().to_string();
    let mut command = Command::new(janet_tests::server::janet());
    let output = command
        .args(["pair", "--port", &port])
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && told.contains("--host 0.0.0.0"),
        "{told}"
    );
}
