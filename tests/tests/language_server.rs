//! A language model behind HTTP: preferred while it is well, and no harm while it is not.

use std::time::Duration;

use janet_tests::language_server::{LanguageServer, MODEL, Manner};
use janet_tests::server::pause;
use janet_tests::{Client, Frame, Server, http};
use serde_json::{Value, json};

const LOOK: Duration = Duration::from_millis(50);

fn start(fake: &LanguageServer, dialect: &str) -> Server {
    let path = if dialect == "openai" { "/v1" } else { "" };
    let server = format!("llm.server={dialect}");
    let url = format!("llm.url=http://{}{path}", fake.address);
    Server::start(&[&server, &url, "llm.first_text_ms=400", "llm.stall_ms=400"]).ready()
}

/// Who answers, once it is who is wanted.
fn answered_by(server: &Server, wanted: &str) -> Value {
    for _ in 0..400 {
        let health: Value = serde_json::from_str(&http::get(server.address(), "/healthz").body)
            .expect("health is JSON");
        let models = health["models"].as_array().expect("models").clone();
        let llm = models.into_iter().find(|model| model["role"] == "llm");
        let llm = llm.expect("somebody answers");
        if llm["name"]
            .as_str()
            .is_some_and(|name| name.contains(wanted))
        {
            return llm;
        }
        pause(LOOK);
    }
    panic!("{wanted} never answers; log:\n{}", server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn its_answers_are_hers_without_its_thoughts_in_both_dialects() {
    for dialect in ["ollama", "openai"] {
        let pieces = vec!["<thi", "nk>France?\n</think>\n\n", "It is ", "Paris."];
        let fake = LanguageServer::start(0, Manner::Says(pieces)).await;
        let server = start(&fake, dialect);
        let llm = answered_by(&server, MODEL);
        let note = llm["note"].as_str().expect("a reason");
        assert!(
            note.contains("stands by") && note.contains("http://"),
            "{note}"
        );

        let mut client = Client::connect(&server).await;
        let secret = "My key is AKIAIOSFODNN7EXAMPLE. What is the capital of France?";
        assert_eq!(client.ask(secret).await["text"], "It is Paris.");
        assert_eq!(client.ask("And of Spain?").await["text"], "It is Paris.");
        let asked = fake.questions();
        let last = asked.last().expect("it was asked").to_string();
        assert!(
            last.contains("It is Paris.") && last.contains("And of Spain?"),
            "{last}"
        );
        assert!(
            !last.contains("AKIAIOSFODNN7EXAMPLE") && !last.contains("France?\\n"),
            "{last}"
        );
        assert!(
            !server.log().contains("Paris"),
            "what is said reaches no log"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn her_own_model_answers_when_it_does_not() {
    let only_thoughts = vec!["<think>France", "?</think>\n "];
    let wrong = [
        Manner::Fails,
        Manner::Lies,
        Manner::Hangs,
        Manner::Says(vec![]),
        Manner::Says(only_thoughts),
    ];
    for manner in wrong {
        let fake = LanguageServer::start(0, manner.clone()).await;
        let server = start(&fake, "ollama");
        answered_by(&server, MODEL);
        let mut client = Client::connect(&server).await;
        let answer = client.ask("What is the capital of France?").await;
        let text = answer["text"].as_str().expect("text");
        assert!(!text.trim().is_empty(), "{manner:?}: {answer}");
        assert!(
            !text.contains("think") && text != "France?",
            "{manner:?}: {answer}"
        );
        assert!(
            !fake.questions().is_empty(),
            "{manner:?}: it was never asked"
        );
        client.is_served().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_is_kept_as_far_as_it_came() {
    let fake = LanguageServer::start(0, Manner::BreaksOff(vec!["It is ", "Par"])).await;
    let server = start(&fake, "openai");
    answered_by(&server, MODEL);
    let mut client = Client::connect(&server).await;
    client
        .send(json!({ "type": "message", "text": "What is the capital of France?" }))
        .await;
    let answer = client.until("assistant_message").await;
    assert_eq!(answer["text"], "It is Par");
    // Looked at again soon, and used again.
    answered_by(&server, MODEL);
    fake.behave(Manner::Says(vec!["Yes."]));
    assert_eq!(client.ask("Are you there?").await["text"], "Yes.");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_answer_closes_its_connection() {
    let fake = LanguageServer::start(0, Manner::Endless).await;
    let server = start(&fake, "ollama");
    answered_by(&server, MODEL);
    let mut client = Client::connect(&server).await;
    client
        .send(json!({ "type": "message", "text": "Say it again." }))
        .await;
    client.until("assistant_delta").await;
    client.send(json!({ "type": "interrupt" })).await;
    for _ in 0..200 {
        if fake.called_off() == 1 {
            client.is_served().await;
            return;
        }
        drop(client.next_within(LOOK).await);
    }
    panic!("the connection stays open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_later_is_found() {
    let port = LanguageServer::start(0, Manner::Endless)
        .await
        .address
        .port();
    let url = format!("llm.url=http://127.0.0.1:{port}");
    let server = Server::start(&["llm.server=ollama", &url]).ready();
    let llm = answered_by(&server, "smollm2");
    assert!(
        llm["note"]
            .as_str()
            .is_some_and(|note| note.contains("cannot be reached")),
        "{llm}"
    );
    let mut client = Client::connect(&server).await;
    let mut trouble = async || {
        client.send(json!({ "type": "get_context" })).await;
        client.until("context").await["data"]["trouble"].clone()
    };
    let told = trouble().await;
    assert!(
        told.as_str()
            .is_some_and(|told| told.contains("cannot be reached")),
        "{told}"
    );
    let _fake = LanguageServer::start(port, Manner::Says(vec!["Here."])).await;
    answered_by(&server, MODEL);
    assert_eq!(trouble().await, Value::Null);
    client
        .send(json!({ "type": "message", "text": "Where are you?" }))
        .await;
    let answer = loop {
        match client.next().await {
            Frame::Text(frame) if frame["type"] == "assistant_message" => break frame,
            Frame::Text(_) => {}
            other => panic!("{other:?} came while text was awaited"),
        }
    };
    assert_eq!(answer["text"], "Here.");
}
