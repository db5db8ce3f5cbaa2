//! A call whose client's socket broke waits for it, and is not deaf meanwhile.

use std::time::{Duration, Instant};

use janet_tests::server::look_again;
use janet_tests::{Client, Server, http};
use serde_json::json;

use crate::calls::connected;

/// Waits until so many calls are parked.
async fn until_parked(server: &Server, number: u32) {
    let wanted = format!("janet_calls_parked {number}");
    // A call that hears nothing waits half a minute.
    let until = Instant::now() + Duration::from_secs(15);
    while !http::get(server.address(), "/metrics")
        .body
        .contains(&wanted)
    {
        assert!(Instant::now() < until, "{wanted}");
        look_again().await;
    }
}

#[tokio::test]
async fn a_call_that_waits_for_its_client_ends_when_everything_is_forgotten() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    let (_, far) = connected(&mut client).await;
    let client_id = client.client_id.clone();
    let mut other = Client::connect(&server).await;
    drop(client);
    until_parked(&server, 1).await;
    other
        .send(json!({ "type": "memory_forget_all", "everything": true }))
        .await;
    let asked = other.until("soul_check").await;
    other
        .send(json!({
            "type": "consent_response", "consent_id": asked["consent_id"], "granted": true,
        }))
        .await;
    other.until("conversation_forgotten").await;
    until_parked(&server, 0).await;
    let new = Client::resume(&server, &client_id).await;
    assert_ne!(new.client_id, client_id);
    far.close().await;
}

#[tokio::test]
async fn whoever_comes_back_to_a_call_is_told_what_stopped_meanwhile() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    let (_, far) = connected(&mut client).await;
    let client_id = client.client_id.clone();
    let mut other = Client::connect(&server).await;
    drop(client);
    until_parked(&server, 1).await;
    other.send(json!({ "type": "red_thread" })).await;
    while other.until("red_thread_state").await["active"] != true {}
    let mut back = Client::resume(&server, &client_id).await;
    assert_eq!(back.client_id, client_id);
    while back.until("red_thread_state").await["active"] != true {}
    far.close().await;
}
