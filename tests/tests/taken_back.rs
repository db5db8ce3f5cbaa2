//! What the operator does not want remembered any more is not, however late they say so.

use janet_tests::language_server::{LanguageServer, Manner};
use janet_tests::{Client, Frame, Server};
use serde_json::{Value, json};

use crate::distil::{
    ABOUT_PLUMBER, ABOUT_TEA, FOUND, allow_for_good, memories, model, read, serve, until_read,
};

/// What comes of this kind, whatever else comes before it.
async fn hear(client: &mut Client, kind: &str) -> Value {
    loop {
        match client.next().await {
            Frame::Text(value) if value["type"] == kind => return value,
            _ => {}
        }
    }
}

async fn tell(client: &mut Client, text: &str) -> Value {
    client
        .send(json!({ "type": "message", "text": text }))
        .await;
    hear(client, "assistant_message").await
}

/// A client behind whose wish all others wait.
async fn in_front(server: &Server, fake: &LanguageServer) -> Client {
    fake.behave_for("Transcript:", Manner::Hangs);
    let mut front = Client::connect(server).await;
    front.ask(ABOUT_PLUMBER).await;
    front.send(json!({ "type": "memory_distil" })).await;
    until_read(fake, &mut front).await;
    front
}

/// … lets them go ahead, and comes back when they are done.
async fn step_aside(fake: &LanguageServer, front: &mut Client) {
    fake.behave_for("Transcript:", Manner::Says(vec![FOUND]));
    tell(front, "Don't remember this.").await;
    tell(
        front,
        "My bicycle is blue and stands in the shed behind the house.",
    )
    .await;
    front.send(json!({ "type": "memory_distil" })).await;
    assert_eq!(hear(front, "memory_result").await["success"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_the_gate_does_not_know_take_back_what_was_said_too() {
    let fake = model(FOUND).await;
    let server = serve(&fake).await;
    let mut client = Client::connect(&server).await;
    client.ask(ABOUT_TEA).await;
    let answer = client.ask("Never remember this.").await;
    assert_eq!(answer["text"], "I won't keep it.");
    client.send(json!({ "type": "memory_distil" })).await;
    assert_eq!(client.until("memory_result").await["success"], false);
    assert_eq!(read(&fake), [""; 0]);

    let order = "Remember that my sister is called Anna.";
    client
        .send(json!({ "type": "message", "text": order, "remember": false }))
        .await;
    let answer = client.until("assistant_message").await;
    let text = answer["text"].as_str().expect("a text");
    assert!(text.contains("not to be remembered"), "{answer}");
    assert_eq!(memories(&mut client).await["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_and_has_it_forgotten_is_not_read_behind_their_back() {
    let fake = model(FOUND).await;
    let server = serve(&fake).await;
    let mut front = in_front(&server, &fake).await;
    let mut client = Client::connect(&server).await;
    allow_for_good(&mut client).await;
    client.ask(ABOUT_TEA).await;
    let id = client.client_id.clone();
    client.close().await;
    let mut back = Client::resume(&server, &id).await;
    back.send(json!({ "type": "message", "text": "Forget this conversation." }))
        .await;
    back.until("conversation_forgotten").await;
    step_aside(&fake, &mut front).await;
    assert_eq!(memories(&mut front).await["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_remembered_ends_with_its_conversation() {
    let fake = model(FOUND).await;
    let server = serve(&fake).await;
    let mut front = in_front(&server, &fake).await;
    let mut client = Client::connect(&server).await;
    client.ask(ABOUT_TEA).await;
    for order in ["Remember this.", "Forget this conversation."] {
        client
            .send(json!({ "type": "message", "text": order }))
            .await;
    }
    client.until("conversation_forgotten").await;
    step_aside(&fake, &mut front).await;
    assert_eq!(memories(&mut front).await["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_counts_whose_answer_nobody_waits_for() {
    let fake = model(FOUND).await;
    let server = serve(&fake).await;
    let mut stays = Client::connect(&server).await;
    let mut client = Client::connect(&server).await;
    allow_for_good(&mut client).await;
    client.ask(ABOUT_TEA).await;
    let order = "Don't remember this conversation.";
    client
        .send(json!({ "type": "message", "text": order }))
        .await;
    client.close().await;
    // Whatever was wished before is done when this is.
    stays.ask(ABOUT_PLUMBER).await;
    stays.send(json!({ "type": "memory_distil" })).await;
    assert_eq!(hear(&mut stays, "memory_result").await["success"], false);
    assert_eq!(memories(&mut stays).await["total"], 0);

    let mut client = Client::connect(&server).await;
    client.ask(ABOUT_TEA).await;
    let id = client.client_id.clone();
    let order = "Forget this conversation.";
    client
        .send(json!({ "type": "message", "text": order }))
        .await;
    client.close().await;
    let back = Client::resume(&server, &id).await;
    assert_ne!(back.client_id, id, "it has ended");
}
