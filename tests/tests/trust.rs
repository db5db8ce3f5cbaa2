//! The red thread, and memory in the operator's own words: typed, over a restart, and out of every file.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use janet_tests::{Client, Frame, Server, http};
use serde_json::{Value, json};

/// What is told of it; what was asked meanwhile may be refused before.
pub(crate) async fn pulled(client: &mut Client) -> Value {
    loop {
        if let Frame::Text(frame) = client.next().await
            && frame["type"] == "red_thread_state"
        {
            return frame;
        }
    }
}

/// Clears it by two clicks, the second one as soon as it counts.
async fn clear(client: &mut Client) {
    client.send(json!({ "type": "red_thread_clear" })).await;
    let token = client.until("red_thread_token").await["token"].clone();
    loop {
        client
            .send(json!({ "type": "red_thread_clear", "token": token, "request_id": "second" }))
            .await;
        loop {
            let Frame::Text(frame) = client.next().await else {
                continue;
            };
            if frame["type"] == "red_thread_state" {
                assert_eq!(frame["active"], false, "{frame}");
                return;
            }
            if frame["type"] == "error" {
                let message = frame["message"].as_str().unwrap_or_default();
                assert!(message.contains("too quick"), "{frame}");
                // What a person takes to move a finger.
                client.next_within(Duration::from_millis(200)).await;
                break;
            }
        }
    }
}

#[tokio::test]
async fn the_red_thread_stops_everybody_survives_a_restart_and_takes_two_clicks() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start_in(folder.path(), &[]).ready();
    let mut one = Client::connect(&server).await;
    let mut other = Client::connect(&server).await;
    one.send(json!({ "type": "red_thread", "reason": "a test" }))
        .await;
    assert_eq!(pulled(&mut one).await["active"], true);
    assert_eq!(pulled(&mut other).await["active"], true);
    for message in [
        json!({ "type": "message", "text": "Hello?" }),
        json!({ "type": "memory_remember", "text": "I like green tea." }),
        json!({ "type": "memory_list" }),
        json!({ "type": "vault_list" }),
    ] {
        assert_eq!(
            other.refusal(message.clone()).await["code"],
            "red_thread",
            "{message}"
        );
    }
    drop((one, other, server));

    let server = Server::start_in(folder.path(), &[]).ready();
    let mut client = Client::greet(&server, "/ws").await;
    assert_eq!(
        pulled(&mut client).await["active"],
        true,
        "told at the door"
    );
    let wrong = json!({ "type": "red_thread_clear", "token": "0".repeat(32) });
    assert_eq!(client.refusal(wrong).await["code"], "not_consented");
    clear(&mut client).await;
    let mut client = Client::connect(&server).await;
    client.ask("Hello?").await;
    client.send(json!({ "type": "audit_read" })).await;
    let log = client.until("audit_entries").await;
    assert_eq!(log["verified"], true, "{log}");
    let events: Vec<_> = log["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| entry["event"].clone())
        .collect();
    assert!(
        events.contains(&json!("red_thread_pulled"))
            && events.contains(&json!("red_thread_cleared")),
        "{events:?}"
    );
    assert!(
        !log.to_string().contains("a test"),
        "the reason is kept nowhere"
    );
}

#[tokio::test]
async fn typed_words_pull_it_and_words_like_them_do_not() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    client.ask("I read a thread about red threats.").await;
    client
        .send(json!({ "type": "message", "text": "Janet, red thread!" }))
        .await;
    assert_eq!(pulled(&mut client).await["active"], true);
    clear(&mut client).await;
    client.ask("Hello again.").await;
}

#[tokio::test]
async fn what_other_software_asks_stops_as_well() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    let long = json!({
        "model": "any", "stream": true, "max_tokens": 4000, "temperature": 1,
        "messages": [{ "role": "user", "content": "Tell me a very long story about the sea." }],
    });
    let body = long.to_string();
    let (path, kind) = ("/v1/chat/completions", ("Content-Type", "application/json"));
    let mut stream = http::begin_post(server.address(), path, &[kind], body.as_bytes());
    let mut first = [0; 400];
    stream.read_exact(&mut first).expect("it begins");
    client.send(json!({ "type": "red_thread" })).await;
    assert_eq!(pulled(&mut client).await["active"], true);
    let mut rest = Vec::new();
    // A connection that breaks off has ended as well.
    stream.read_to_end(&mut rest).ok();
    assert!(
        !String::from_utf8_lossy(&rest).contains("[DONE]"),
        "it went on to its end"
    );
    let (refused, _) = http::post(server.address(), path, kind.1, body.as_bytes());
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.body.contains("red_thread"), "{refused:?}");
    assert_eq!(http::get(server.address(), "/v1/models").status, 200);
}

#[tokio::test]
async fn what_is_to_be_remembered_is_and_what_is_forgotten_is_in_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start_in(folder.path(), &[]).ready();
    let mut client = Client::connect(&server).await;
    let answer = client
        .ask("Please remember that my parrot is called Zanzibarius.")
        .await;
    assert_eq!(answer["text"], "I'll remember that.", "{answer}");
    client.close().await;
    drop(server);

    let server = Server::start_in(folder.path(), &[]).ready();
    let mut client = Client::connect(&server).await;
    let answer = client.ask("What do you know about me?").await;
    let text = answer["text"].as_str().expect("a text");
    assert!(
        text.contains("My parrot is called Zanzibarius."),
        "{answer}"
    );
    client
        .send(json!({ "type": "memory_search", "query": "what is the name of my bird" }))
        .await;
    let found = client.until("memory_results").await;
    let entry = &found["results"][0];
    assert!(
        entry["text"]
            .as_str()
            .is_some_and(|text| text.contains("Zanzibarius")),
        "{found}"
    );
    assert_eq!(entry["receipt"]["how"], "command", "{found}");
    assert!(holds(folder.path(), b"Zanzibarius"), "the control");

    client
        .send(json!({ "type": "message", "text": "Forget that my parrot is called Zanzibarius." }))
        .await;
    let forgotten = client.until("memory_result").await;
    assert_eq!(forgotten["action"], "forget", "{forgotten}");
    assert_eq!(forgotten["proof"]["traces"], 0, "{forgotten}");
    let answer = client.until("assistant_message").await;
    assert_eq!(answer["text"], "Forgotten.", "{answer}");
    let answer = client.ask("What do you know about me?").await;
    assert!(
        answer["text"]
            .as_str()
            .expect("a text")
            .starts_with("Nothing"),
        "{answer}"
    );
    client.close().await;
    drop(server);
    assert!(!holds(folder.path(), b"Zanzibarius"));
}

#[tokio::test]
async fn secrets_and_what_is_too_private_are_not_remembered_by_any_door() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    for text in [
        "My PIN is 4711.",
        "The password of the router is hunter2hunter2.",
    ] {
        let refused = client
            .refusal(json!({ "type": "memory_remember", "text": text }))
            .await;
        assert_eq!(refused["code"], "not_kept", "{refused}");
        assert!(!refused.to_string().contains("4711"), "{refused}");
    }
    client.send(json!({ "type": "memory_list" })).await;
    assert_eq!(client.until("memory_results").await["total"], 0);
}

#[tokio::test]
async fn everything_is_forgotten_by_a_click_and_by_nothing_less() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    client
        .send(json!({ "type": "memory_remember", "text": "My bicycle is blue as a kingfisher." }))
        .await;
    assert_eq!(client.until("memory_result").await["success"], true);
    client
        .send(json!({ "type": "memory_forget_all", "request_id": 7 }))
        .await;
    let asked = client.until("soul_check").await;
    assert_eq!(
        (&asked["action"], &asked["needs_click"]),
        (&json!("forget_all"), &json!(true)),
        "{asked}"
    );
    // Words are not enough, and an answer to another question is none.
    let other =
        json!({ "type": "consent_response", "consent_id": "0".repeat(32), "granted": true });
    assert_eq!(client.refusal(other).await["code"], "not_found");
    let by_name = json!({ "type": "consent_response", "conversation_uuid": asked["conversation_uuid"], "granted": true });
    assert_eq!(client.refusal(by_name).await["code"], "not_consented");
    client.send(json!({ "type": "consent_response", "consent_id": asked["consent_id"], "granted": true })).await;
    let result = client.until("memory_result").await;
    assert_eq!(
        (&result["action"], &result["request_id"]),
        (&json!("forget_all"), &json!(7)),
        "{result}"
    );
    assert_eq!(
        (&result["proof"]["entries"], &result["proof"]["traces"]),
        (&json!(1), &json!(0)),
        "{result}"
    );
}

fn holds(folder: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(folder)
        .expect("a folder")
        .flatten()
        .any(|entry| {
            let path = entry.path();
            if path.is_dir() {
                return holds(&path, needle);
            }
            let bytes = std::fs::read(&path).unwrap_or_default();
            bytes.windows(needle.len()).any(|window| window == needle)
        })
}
