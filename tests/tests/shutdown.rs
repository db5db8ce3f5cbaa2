//! The process ends when it is told to: promptly, politely, with nothing lost.

use std::time::Duration;

use janet_tests::{Client, Frame, Server};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The signals that end her. Under `nohup`, SIGHUP is none of them.
fn endings() -> Vec<&'static str> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let mut endings = vec!["TERM", "INT"];
    if ignored.is_some_and(|mask| mask & 1 == 0) {
        endings.push("HUP");
    }
    endings
}

#[tokio::test]
async fn sigterm_says_goodbye_to_everybody_and_ends_well() {
    for signal in endings() {
        let server = Server::start(&[]);
        let mut client = Client::greet(&server, "/ws").await;
        server.signal(signal);
        assert_eq!(client.error().await["code"], "shutting_down");
        let (code, _) = client.goodbye().await;
        assert_eq!(code, 1001);
        drop(client);
        let (took, well) = server.ended();
        assert!(
            well && took < Duration::from_secs(8),
            "{signal}: {took:?}, ended well: {well}"
        );
    }
}

#[tokio::test]
async fn a_call_is_ended_before_the_goodbye() {
    let server = Server::start(&[]);
    let mut client = Client::greet(&server, "/ws").await;
    client.send(json!({ "type": "voip_ring" })).await;
    client.until("voip_incoming").await;
    server.signal("TERM");
    let mut reasons = Vec::new();
    let code = loop {
        match client.next().await {
            Frame::Text(frame) if frame["type"] == "voip_ended" => {
                reasons.push(frame["reason"].clone());
            }
            Frame::Text(_) | Frame::Sound(..) => {}
            Frame::Close(code, _) => break code,
            Frame::End => panic!("no goodbye"),
        }
    };
    assert_eq!((reasons, code), (vec![json!("shutting_down")], 1001));
    drop(client);
    let (took, well) = server.ended();
    assert!(well && took < Duration::from_secs(8), "{took:?}, {well}");
}

#[tokio::test]
async fn a_reply_in_progress_does_not_keep_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start_in(folder.path(), &["engine.max_tokens=1000"]).ready();
    let mut client = Client::connect(&server).await;
    client
        .send(json!({ "type": "message", "text": "Tell me everything about the ocean." }))
        .await;
    client.until("assistant_delta").await;
    let id = client.client_id.clone();
    server.signal("TERM");
    assert_eq!(client.goodbye().await.0, 1001);
    drop(client);
    let (took, well) = server.ended();
    assert!(
        well && took < Duration::from_secs(8),
        "{took:?}, ended well: {well}"
    );

    let server = Server::start_in(folder.path(), &[]);
    let mut again = Client::greet(&server, &format!("/ws?client_id={id}")).await;
    again.send(json!({ "type": "get_context" })).await;
    let context = again.until("context").await;
    assert_eq!(
        context["data"]["messages"][0]["text"],
        "Tell me everything about the ocean."
    );
}

#[tokio::test]
async fn a_client_that_does_not_answer_does_not_keep_the_process() {
    let server = Server::start(&["server.shutdown_ms=1000"]);
    // Connected, greeted, and never read again.
    let _deaf = Client::greet(&server, "/ws").await;
    server.signal("TERM");
    let (took, well) = server.ended();
    assert!(
        well && took < Duration::from_secs(6),
        "{took:?}, ended well: {well}"
    );
}

#[tokio::test]
async fn a_page_that_is_under_way_arrives_whole() {
    // More than the kernel buffers for one connection.
    const LARGE: usize = 64 << 20;
    let web = tempfile::tempdir().expect("a folder");
    std::fs::write(web.path().join("index.html"), "<p>page").expect("writable");
    std::fs::write(web.path().join("large.bin"), vec![7; LARGE]).expect("writable");
    let web_dir = format!("server.web_dir={}", web.path().display());
    let server = Server::start(&[&web_dir, "server.shutdown_ms=60000"]);
    let address = server.address();
    // Two that ask for nothing (any more) do not keep the process.
    let _silent = TcpStream::connect(address).await.expect("it listens");
    let mut idle = TcpStream::connect(address).await.expect("it listens");
    let ask = |path| format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    idle.write_all(ask("/").as_bytes()).await.expect("read");
    idle.read_exact(&mut [0; 100]).await.expect("the page");
    let mut slow = TcpStream::connect(address).await.expect("it listens");
    slow.write_all(ask("/large.bin").as_bytes())
        .await
        .expect("read");
    let mut bytes = vec![0; 1000];
    slow.read_exact(&mut bytes).await.expect("its beginning");
    server.signal("TERM");
    // Closed only once the server is going down.
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.expect("it is closed");
    slow.read_to_end(&mut bytes).await.expect("the rest comes");
    assert!(bytes.len() > LARGE, "only {} bytes came", bytes.len());
    let (took, well) = server.ended();
    assert!(
        well && took < Duration::from_secs(30),
        "{took:?}, ended well: {well}"
    );
}
