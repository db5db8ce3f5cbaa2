//! Conversations outlive connections and processes, but not their time.

use std::time::Duration;

use janet_tests::server::pause;
use janet_tests::{Client, Server};
use serde_json::{Value, json};

async fn messages(client: &mut Client) -> Vec<Value> {
    client.send(json!({ "type": "get_context" })).await;
    client.until("context").await["data"]["messages"]
        .as_array()
        .expect("a list")
        .clone()
}

#[tokio::test]
async fn a_client_that_comes_back_finds_its_conversation() {
    let server = Server::shared();
    let mut client = Client::connect(server).await;
    client.ask("My cat is called Pixel.").await;
    let id = client.client_id.clone();
    client.close().await;

    let mut again = Client::resume(server, &id).await;
    assert_eq!(again.client_id, id);
    assert_eq!(messages(&mut again).await.len(), 2);
    again.ask("And my dog is called Voxel.").await;
    let all = messages(&mut again).await;
    assert_eq!(all.len(), 4);
    assert_eq!(
        all[2],
        json!({ "role": "user", "text": "And my dog is called Voxel." })
    );
}

#[tokio::test]
async fn a_client_that_comes_back_to_another_process_finds_its_conversation() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start_in(folder.path(), &[]).ready();
    let mut client = Client::connect(&server).await;
    client.ask("Remember the number forty two.").await;
    let (id, before) = (client.client_id.clone(), messages(&mut client).await);
    client.close().await;
    drop(server);

    let server = Server::start_in(folder.path(), &[]);
    let mut again = Client::greet(&server, &format!("/ws?client_id={id}")).await;
    assert_eq!(again.client_id, id);
    assert_eq!(messages(&mut again).await, before);
}

#[tokio::test]
async fn an_unknown_client_id_begins_a_new_conversation_and_says_so() {
    let server = Server::shared();
    for id in ["0123456789abcdef0123456789abcdef", "my-own-name", ""] {
        let mut client = Client::resume(server, id).await;
        assert_ne!(client.client_id, id);
        let error = client.error().await;
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!("unknown_client"), &json!("client_id"))
        );
        assert!(messages(&mut client).await.is_empty());
    }
}

#[tokio::test]
async fn a_second_client_on_one_id_takes_over_and_the_first_is_told() {
    let server = Server::shared();
    let mut first = Client::connect(server).await;
    first.ask("Hello, it is me.").await;
    let mut second = Client::resume(server, &first.client_id).await;
    assert_eq!(first.error().await["code"], "superseded");
    let (code, reason) = first.goodbye().await;
    assert_eq!(code, 1008);
    assert!(reason.contains("connected elsewhere"), "{reason}");
    assert_eq!(second.client_id, first.client_id);
    assert_eq!(messages(&mut second).await.len(), 2);
    second.ask("Now I am here.").await;
}

#[tokio::test]
async fn a_take_over_in_mid_answer_keeps_the_conversation_whole() {
    let server = Server::shared();
    let mut first = Client::connect(server).await;
    first
        .send(json!({ "type": "message", "text": "Tell me a long story about the sea." }))
        .await;
    first.until("assistant_delta").await;
    let mut second = Client::resume(server, &first.client_id).await;
    let all = messages(&mut second).await;
    assert_eq!(
        all[0],
        json!({ "role": "user", "text": "Tell me a long story about the sea." })
    );
    assert!(all.len() <= 2, "{all:?}");
    second.ask("What did I ask you for?").await;
    let after = messages(&mut second).await;
    assert_eq!(after.len(), all.len() + 2);
}

#[tokio::test]
async fn a_conversation_ends_when_its_time_is_over() {
    let server = Server::start(&["conversation.keep_minutes=0.01"]).ready();
    let mut client = Client::connect(&server).await;
    client.ask("This will not last.").await;
    let id = client.client_id.clone();
    client.close().await;
    pause(Duration::from_millis(1500));
    let mut again = Client::resume(&server, &id).await;
    assert_ne!(again.client_id, id);
    assert_eq!(again.error().await["code"], "unknown_client");
}

#[tokio::test]
async fn a_conversation_does_not_end_while_somebody_is_there() {
    let server = Server::start(&["conversation.keep_minutes=0.005"]).ready();
    let mut client = Client::connect(&server).await;
    client.ask("I stay here.").await;
    pause(Duration::from_millis(1500));
    assert_eq!(messages(&mut client).await.len(), 2);
}

#[tokio::test]
async fn early_clients_are_told_that_the_models_load_and_when_they_are_ready() {
    let server = Server::start(&[]);
    let mut client = Client::greet(&server, "/ws").await;
    if client.connected["status"] == "models_loading" {
        let error = client
            .refusal(json!({ "type": "message", "text": "Hello?", "request_id": 3 }))
            .await;
        assert_eq!(
            (&error["code"], &error["request_id"]),
            (&json!("not_ready"), &json!(3))
        );
        client.is_served().await;
        let ready = client.until("connected").await;
        assert_eq!(
            (&ready["status"], &ready["client_id"]),
            (&json!("ready"), &json!(client.client_id))
        );
    }
    client.ask("Hello?").await;
}
