//! Crowds, silent strangers, a machine with its hands full, and processes that end at the wrong
//! moment.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use janet_tests::server::look_again;
use janet_tests::sound::{self, RATE_HZ, s16};
use janet_tests::{Client, Frame, Server, http};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::client_async;

/// Bytes that the kernel does not buffer for one connection.
const LARGE: usize = 64 << 20;

fn hands_free() -> Value {
    json!({ "type": "audio_start", "rate_hz": RATE_HZ, "play_rate_hz": 24000, "mode": "hands_free" })
}

async fn health(server: &Server) -> Value {
    let address = server.address();
    let answer = tokio::task::spawn_blocking(move || http::get(address, "/healthz")).await;
    serde_json::from_str(&answer.expect("it does not panic").body).expect("JSON")
}

/// Waits until `field` of the health page is `value`.
async fn comes_to(server: &Server, field: &str, value: u64) {
    let since = Instant::now();
    while health(server).await[field] != value {
        assert!(
            since.elapsed() < Duration::from_secs(60),
            "{field} does not come to {value}"
        );
        look_again().await;
    }
}

/// How one of a crowd was received.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Received {
    Greeted,
    TurnedAway,
}

async fn arrive(address: std::net::SocketAddr) -> Received {
    let stream = TcpStream::connect(address)
        .await
        .expect("the kernel queues");
    let (mut socket, _) = client_async(format!("ws://{address}/ws"), stream)
        .await
        .expect("the server upgrades");
    match janet_tests::client::frame(&mut socket).await {
        Frame::Text(first) => {
            assert_eq!(first["type"], "connected", "{first}");
            Received::Greeted
        }
        Frame::Close(code, reason) => {
            assert_eq!((code, reason.is_empty()), (1013, false));
            Received::TurnedAway
        }
        other => panic!("neither greeted nor turned away: {other:?}"),
    }
}

#[tokio::test]
async fn a_thousand_clients_at_once_are_each_greeted_or_told_to_come_back() {
    let server = Server::start(&[]).ready();
    let mut early = Client::connect(&server).await;
    let files = server.files();
    let all = join_all((0..1000).map(|_| arrive(server.address()))).await;
    let greeted = all.iter().filter(|one| **one == Received::Greeted).count();
    // Places become free while the crowd goes; how many is a matter of time.
    assert!(greeted >= 63, "only {greeted} were greeted");
    assert!(
        greeted < 1000,
        "nobody was turned away: the limit is no limit"
    );
    early.is_served().await;
    comes_to(&server, "clients", 1).await;
    comes_to(&server, "sessions", 1).await;
    let since = Instant::now();
    while server.files() > files {
        assert!(
            since.elapsed() < Duration::from_secs(30),
            "{} files were open before, {} are now",
            files,
            server.files()
        );
        look_again().await;
    }
}

#[tokio::test]
async fn connections_that_say_nothing_keep_nobody_out() {
    let server = Server::start(&["server.max_clients=8", "server.request_timeout_ms=500"]);
    let mut silent = Vec::new();
    // More than all places together.
    for number in 0..250 {
        let mut stream = TcpStream::connect(server.address())
            .await
            .expect("the kernel queues");
        if number % 2 == 0 {
            // Half a request is as good as none.
            stream.write_all(b"GET /ws HTT").await.expect("it is read");
        }
        silent.push(stream);
    }
    let mut client = timeout(Duration::from_secs(20), Client::greet(&server, "/ws"))
        .await
        .expect("the silent ones are sent away");
    client.is_served().await;
    for mut stream in silent {
        let mut rest = Vec::new();
        let ended = timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "a silent connection stays open");
    }
}

/// A folder with a page, and beside it a file that no socket's buffers hold.
fn page_with_a_large_file() -> tempfile::TempDir {
    let web = tempfile::tempdir().expect("a folder");
    std::fs::write(web.path().join("index.html"), "<p>page").expect("writable");
    std::fs::write(web.path().join("large.bin"), vec![7; LARGE]).expect("writable");
    web
}

async fn asks_for_the_large_file(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address())
        .await
        .expect("the kernel queues");
    let host = server.address();
    let request = format!("GET /large.bin HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it is read");
    stream
}

#[tokio::test]
async fn who_asks_and_never_reads_keeps_no_place() {
    let web = page_with_a_large_file();
    let web_dir = format!("server.web_dir={}", web.path().display());
    let server = Server::start(&[&web_dir, "server.write_timeout_ms=500"]).ready();
    let files = server.files();
    let _deaf = asks_for_the_large_file(&server).await;
    let mut deaf_too = asks_for_the_large_file(&server).await;
    deaf_too
        .read_exact(&mut [0; 1000])
        .await
        .expect("its beginning comes");
    let since = Instant::now();
    while server.files() > files {
        assert!(
            since.elapsed() < Duration::from_secs(30),
            "a client that does not read keeps its place"
        );
        look_again().await;
    }
    let mut rest = Vec::new();
    let ended = timeout(Duration::from_secs(20), deaf_too.read_to_end(&mut rest)).await;
    assert!(ended.is_ok() && rest.len() < LARGE, "all of it came");
}

#[tokio::test]
async fn a_busy_machine_begins_no_further_conversation_and_says_so() {
    // A hundredth of the machine: one answer is enough.
    let server = Server::start(&["engine.busy_at=0.01"]).ready();
    let mut talker = Client::connect(&server).await;
    talker.send(hands_free()).await;
    talker.until("audio_ready").await;
    talker
        .send(json!({ "type": "message", "text": "Tell me about the sea.", "speak": true }))
        .await;
    talker.until("assistant_message").await;

    let mut other = Client::connect(&server).await;
    let error = other.refusal(hands_free()).await;
    assert_eq!(error["code"], "overloaded", "{error}");
    let message = error["message"].as_str().expect("a text");
    assert!(message.contains("try again"), "{message}");
    // Who talks already goes on, and so does typing.
    talker.ask("And the land?").await;
    other.ask("And the sky?").await;
    // Also in another mode, and on another connection.
    talker.send(json!({ "type": "audio_stop" })).await;
    let mut push_to_talk = hands_free();
    push_to_talk["mode"] = json!("push_to_talk");
    talker.send(push_to_talk).await;
    talker.until("audio_ready").await;
    let id = talker.client_id.clone();
    talker.close().await;
    let mut talker = Client::resume(&server, &id).await;
    talker.send(hands_free()).await;
    talker.until("audio_ready").await;
    let error = other.refusal(hands_free()).await;
    assert_eq!(error["code"], "overloaded", "{error}");
    let since = Instant::now();
    loop {
        other.send(hands_free()).await;
        let frame = loop {
            match other.next().await {
                Frame::Text(frame) => break frame,
                Frame::Sound(..) => {}
                ended => panic!("{ended:?}"),
            }
        };
        if frame["type"] == "audio_ready" {
            return;
        }
        assert_eq!(frame["code"], "overloaded", "{frame}");
        assert!(
            since.elapsed() < Duration::from_secs(90),
            "it stays busy: {}",
            health(&server).await
        );
        look_again().await;
    }
}

/// Speaks a clip and waits in silence for a frame of this type.
async fn speak_until(client: &mut Client, clip: &str, kind: &str) -> Value {
    let speech = s16(&sound::clip(clip));
    client
        .speak_until(&speech, |frame| frame["type"] == kind)
        .await
}

#[tokio::test]
async fn sigterm_while_she_speaks_keeps_what_was_said_and_the_client_goes_on_in_the_next_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start_in(folder.path(), &[]).ready();
    let mut client = Client::connect(&server).await;
    client.send(hands_free()).await;
    client.until("audio_ready").await;
    let speaking = speak_until(&mut client, "goforward", "speaking").await;
    assert_eq!(speaking["state"], "started", "{speaking}");
    let id = client.client_id.clone();
    server.signal("TERM");
    assert_eq!(client.goodbye().await.0, 1001);
    drop(client);
    let (took, well) = server.ended();
    assert!(
        well && took < Duration::from_secs(8),
        "{took:?}, ended well: {well}"
    );

    let server = Server::start_in(folder.path(), &[]).ready();
    let mut again = Client::resume(&server, &id).await;
    assert_eq!(again.client_id, id);
    again.send(json!({ "type": "get_context" })).await;
    let context = again.until("context").await;
    let said = context["data"]["messages"][0]["text"].as_str();
    assert!(
        said.is_some_and(|said| said.to_lowercase().contains("forward")),
        "{context}"
    );
    again.send(hands_free()).await;
    again.until("audio_ready").await;
    speak_until(&mut again, "cards_003", "assistant_message").await;
}

#[tokio::test]
async fn what_was_answered_survives_a_kill_at_any_moment() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut known: Vec<Value> = Vec::new();
    let mut id: Option<String> = None;
    for round in 0..4_u64 {
        let server = Server::start_in(folder.path(), &[]).ready();
        let mut client = match &id {
            None => Client::connect(&server).await,
            Some(id) => Client::resume(&server, id).await,
        };
        id = Some(client.client_id.clone());
        client.send(json!({ "type": "get_context" })).await;
        let context = client.until("context").await;
        let kept = context["data"]["messages"].as_array().expect("a list");
        assert!(kept.len() >= known.len(), "{kept:?} of {known:?}");
        assert_eq!(kept[..known.len()], known, "something acknowledged is lost");
        known = kept.clone();
        let text = format!("This is round {round}.");
        let answer = client.ask(&text).await;
        known.push(json!({ "role": "user", "text": text }));
        known.push(json!({ "role": "assistant", "text": answer["text"] }));
        // The next question is under way, a little further each time.
        client
            .send(json!({ "type": "message", "text": "Tell me a long story." }))
            .await;
        for _ in 0..round {
            client.until("assistant_delta").await;
        }
        server.signal("KILL");
        server.ended();
    }
}

#[tokio::test]
async fn an_upload_that_is_far_too_long_is_refused_by_name_and_the_client_goes_on() {
    let mut client = Client::connect(Server::shared()).await;
    // Five minutes fit a frame but not a turn; twenty fit neither.
    for (minutes, code) in [(5, "field_too_large"), (20, "frame_too_large")] {
        let bytes = vec![0_u8; minutes * 60 * 2 * RATE_HZ as usize];
        let audio = sound::base64(&bytes);
        let error = client
            .refusal(json!({ "type": "audio", "audio": audio }))
            .await;
        assert_eq!(error["code"], code, "{error}");
        client.is_served().await;
    }
}

#[tokio::test]
async fn what_is_not_answered_in_time_is_told_as_overload() {
    let tight = [
        "engine.llm_slots=1",
        "engine.max_tokens=300",
        "talk.reply_patience_ms=500",
    ];
    let server = Server::start(&tight).ready();
    let ask = |server: Arc<Server>| async move {
        let mut client = Client::connect(&server).await;
        client
            .send(json!({ "type": "message", "text": "Tell me a very long story." }))
            .await;
        loop {
            match client.next().await {
                Frame::Text(frame) if frame["type"] == "assistant_message" => return false,
                Frame::Text(frame) if frame["type"] == "error" => {
                    assert_eq!(frame["code"], "overloaded", "{frame}");
                    return true;
                }
                Frame::Text(_) => {}
                other => panic!("{other:?} instead of an answer"),
            }
        }
    };
    let server = Arc::new(server);
    let refused = join_all((0..6).map(|_| ask(server.clone()))).await;
    assert!(refused.contains(&true), "one at a time, and none waited");
}
