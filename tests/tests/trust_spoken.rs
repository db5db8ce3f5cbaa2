//! Consent and the red thread by real speech: said by one voice, heard by the recogniser.

use std::process::Command;
use std::time::Duration;

use janet_audio::wav;
use janet_tests::server::janet;
use janet_tests::sound::s16;
use janet_tests::{Client, Server};
use serde_json::json;

use crate::voice::{Heard, speak, start};

/// This text as somebody says it, at 16 kHz.
fn said(text: &str) -> Vec<i16> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("said.wav");
    let status = Command::new(janet())
        .args(["say", "--offline", "-o"])
        .arg(&path)
        .arg(text)
        .output()
        .expect("it runs");
    assert!(
        status.status.success(),
        "{}",
        String::from_utf8_lossy(&status.stderr)
    );
    let bytes = std::fs::read(&path).expect("a file");
    s16(&wav::read(&bytes, Duration::from_secs(60)).expect("a WAV file"))
}

async fn asked_for_a_transfer(client: &mut Client, heard: &mut Heard) {
    client
        .send(json!({ "type": "transfer_context", "source_soul": "networked", "target_soul": "constitutional" }))
        .await;
    // Her question is heard to its end: only then an answer counts.
    speak(client, &[], heard, |heard| {
        !heard.of("assistant_message").is_empty()
    })
    .await;
    let question = heard.of("soul_check");
    assert_eq!(question[0]["needs_click"], false, "{question:?}");
}

#[tokio::test]
async fn a_spoken_yes_behind_the_whole_question_is_consent() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    client.ask("Hello there.").await;
    start(&mut client, "hands_free").await;
    let mut heard = Heard::default();
    asked_for_a_transfer(&mut client, &mut heard).await;
    speak(&mut client, &said("Yes, please."), &mut heard, |heard| {
        !heard.of("transfer_result").is_empty()
    })
    .await;
    let result = heard.of("transfer_result")[0];
    assert_eq!(result["success"], true, "{result}");
    client.send(json!({ "type": "audit_read" })).await;
    let log = client.until("audit_entries").await;
    assert!(log.to_string().contains("spoken"), "{log}");
}

#[tokio::test]
async fn a_spoken_no_is_one() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    client.ask("Hello there.").await;
    start(&mut client, "hands_free").await;
    let mut heard = Heard::default();
    asked_for_a_transfer(&mut client, &mut heard).await;
    speak(
        &mut client,
        &said("No, don't do that."),
        &mut heard,
        |heard| !heard.of("transfer_denied").is_empty(),
    )
    .await;
    assert!(heard.of("transfer_result").is_empty());
}

#[tokio::test]
async fn the_red_thread_is_heard_while_she_speaks() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    start(&mut client, "hands_free").await;
    let mut heard = Heard::default();
    client
        .send(json!({ "type": "message", "text": "Tell me a long story about the sea.", "speak": true }))
        .await;
    speak(&mut client, &[], &mut heard, |heard| {
        heard
            .of("speaking")
            .iter()
            .any(|frame| frame["state"] == "started")
    })
    .await;
    speak(&mut client, &said("Red thread!"), &mut heard, |heard| {
        !heard.of("red_thread_state").is_empty()
    })
    .await;
    assert_eq!(heard.of("red_thread_state")[0]["active"], true);
    assert_eq!(
        client
            .refusal(json!({ "type": "message", "text": "Hello?" }))
            .await["code"],
        "red_thread"
    );
}
