//! What stands open on the port, and to whom.

use std::process::Command;

use janet_tests::{Client, Server, http};
use serde_json::Value;

#[test]
fn a_name_that_was_rebound_to_loopback_reaches_nothing() {
    let address = Server::shared().address();
    for path in ["/", "/healthz", "/metrics"] {
        let answer = http::request(address, "GET", path, &[("Host", "evil.example")]);
        assert_eq!(answer.status, 403, "{path}: {answer:?}");
        assert!(!answer.body.contains("janet_"), "{answer:?}");
    }
    assert_eq!(
        http::upgrade(address, "/ws", &[("Host", "evil.example:8765")]),
        403
    );
    assert_eq!(
        http::upgrade(address, "/", &[("Host", "evil.example")]),
        403
    );
    assert_eq!(
        http::request(address, "GET", "/healthz", &[]).status,
        403,
        "no Host at all"
    );
}

#[test]
fn a_page_from_elsewhere_cannot_open_a_socket() {
    let address = Server::shared().address();
    let host = address.to_string();
    for origin in [
        "http://evil.example",
        "null",
        "http://127.0.0.1:1",
        "https://localhost",
    ] {
        for path in ["/ws", "/"] {
            let status = http::upgrade(address, path, &[("Host", &host), ("Origin", origin)]);
            assert_eq!(status, 403, "{origin} at {path}");
        }
    }
    let own = format!("http://{host}");
    assert_eq!(
        http::upgrade(address, "/ws", &[("Host", &host), ("Origin", &own)]),
        101
    );
    assert_eq!(
        http::upgrade(address, "/", &[("Host", &host)]),
        101,
        "programs send no Origin"
    );
}

#[test]
fn health_tells_what_is_loaded() {
    let answer = http::get(Server::shared().address(), "/healthz");
    let health: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!((answer.status, &health["status"]), (200, &"ready".into()));
    assert_eq!(
        health["models"].as_array().expect("a list").len(),
        5,
        "{health}"
    );
    assert!(
        health["sessions"].is_u64() && health["clients"].is_u64(),
        "{health}"
    );
}

#[tokio::test]
async fn metrics_count_what_happened() {
    let server = Server::shared();
    Client::connect(server).await.ask("Hello!").await;
    let address = server.address();
    let scrape = tokio::task::spawn_blocking(move || http::get(address, "/metrics"))
        .await
        .expect("done");
    assert_eq!(scrape.status, 200);
    for name in [
        "janet_socket_clients",
        "janet_socket_message_seconds_bucket",
        "janet_turn_mark_seconds_bucket",
        "janet_engine_sessions",
    ] {
        assert!(
            scrape.body.contains(name),
            "{name} is missing:\n{}",
            scrape.body
        );
    }
    for line in scrape
        .body
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        assert!(line.starts_with("janet_"), "{line}");
    }
}

#[test]
fn the_page_is_served_with_strict_headers_and_nothing_beside_it() {
    let address = Server::shared().address();
    let page = http::get(address, "/");
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(
        policy.contains("default-src 'none'")
            && policy.contains("frame-ancestors 'none'")
            && !policy.contains("unsafe"),
        "{policy}"
    );
    for path in [
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/..%2f..%2fCargo.toml",
        "/nothing-here",
        "/.env",
    ] {
        assert_eq!(http::get(address, path).status, 404, "{path}");
    }
    let post = http::request(
        address,
        "POST",
        "/",
        &[("Host", &address.to_string()), ("Content-Length", "0")],
    );
    assert_eq!(post.status, 405);
    assert_eq!(
        http::get(address, "/ws").status,
        426,
        "a plain GET is told that an upgrade is wanted"
    );
}

#[test]
fn a_server_that_cannot_serve_says_which_setting_helps() {
    let empty = tempfile::tempdir().expect("a folder");
    let refusal = |setting: &str| {
        let mut command = Command::new(janet_tests::server::janet());
        let data_dir = format!(
            "conversation.data_dir={}",
            empty.path().join("data").display()
        );
        command.args(["serve", "--set", &data_dir, "--set", setting]);
        let output = command.output().expect("the binary runs");
        assert!(!output.status.success(), "{setting} was accepted");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let page = refusal(&format!("server.web_dir={}", empty.path().display()));
    assert!(
        page.contains("`server.web_dir`") && page.contains("index.html"),
        "{page}"
    );
    let taken = Server::shared().address().port();
    let port = refusal(&format!("server.port={taken}"));
    assert!(
        port.contains("--port N") && port.contains("conversation.data_dir"),
        "{port}"
    );
    assert!(
        !empty.path().join("data").exists(),
        "nothing was made before it"
    );
}

#[tokio::test]
async fn one_client_too_many_is_told_to_come_back() {
    let server = Server::start(&["server.max_clients=2"]);
    let first = Client::greet(&server, "/ws").await;
    let _second = Client::greet(&server, "/ws").await;
    let mut socket = Client::open(&server, "/ws", None).await;
    let goodbye = janet_tests::client::goodbye(&mut socket).await;
    assert_eq!(
        goodbye,
        (1013, "no place is free; try again later".to_owned())
    );
    first.close().await;
    let mut third = Client::greet_when_free(&server).await;
    third.is_served().await;
}
