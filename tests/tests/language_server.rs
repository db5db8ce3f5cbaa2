//! A language model behind HTTP: preferred while it is well, and no harm while it is not.

use std::time::Duration;

use janet_tests::language_server::{LanguageServer, MODEL, Manner, OTHER_MODEL};
use janet_tests::{Client, Frame, Server};
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
    server.has("llm", wanted)
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

fn choose(id: &str) -> Value {
    json!({ "type": "settings_set", "model": id })
}

async fn context(client: &mut Client) -> Value {
    client.send(json!({ "type": "get_context" })).await;
    client.until("context").await["data"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_its_models_is_asked_for_by_name_and_her_own_asks_nobody() {
    let fake = LanguageServer::start(0, Manner::Says(vec!["Yes."])).await;
    let server = start(&fake, "openai");
    answered_by(&server, MODEL);
    let mut client = Client::connect(&server).await;
    let (first, second) = (format!("server:{MODEL}"), format!("server:{OTHER_MODEL}"));
    let (first, second) = (first.as_str(), second.as_str());
    let listed = context(&mut client).await["language_models"].clone();
    let listed = listed.as_array().expect("a list");
    let ids: Vec<_> = listed.iter().map(|model| &model["id"]).collect();
    assert_eq!(ids, ["auto", "own", first, second]);
    assert_eq!(listed[0]["name"], MODEL);

    for (id, name) in [("auto", MODEL), (second, OTHER_MODEL), (first, MODEL)] {
        client.send(choose(id)).await;
        assert_eq!(client.until("settings").await["model"], id);
        assert_eq!(client.ask("Are you there?").await["text"], "Yes.");
        let asked = fake.questions();
        assert_eq!(asked.last().expect("it was asked")["model"], name, "{id}");
        assert_eq!(
            context(&mut client).await["models"]["llm"]["name"],
            name,
            "{id}"
        );
    }

    let before = fake.questions().len();
    client.send(choose("own")).await;
    assert_eq!(client.until("settings").await["model"], "own");
    let answer = client.ask("What is the capital of France?").await;
    let text = answer["text"].as_str().expect("text").trim();
    assert!(!text.is_empty() && text != "Yes.", "{answer}");
    assert_eq!(fake.questions().len(), before, "nobody was asked");
    let data = context(&mut client).await;
    let own = data["models"]["llm"]["name"].as_str();
    assert!(own.is_some_and(|own| own.contains("smollm2")), "{data}");
    // What one client chooses is its own.
    let mut other = Client::connect(&server).await;
    assert_eq!(other.ask("And you?").await["text"], "Yes.");

    let error = client.refusal(choose("server:nobody")).await;
    assert_eq!(
        (&error["code"], &error["field"]),
        (&json!("out_of_range"), &json!("model"))
    );
    let message = error["message"].as_str().expect("words");
    for id in ["auto", "own", first, second] {
        assert!(message.contains(id), "{id} is not in: {message}");
    }
    client.send(json!({ "type": "settings_set" })).await;
    assert_eq!(client.until("settings").await["model"], "own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_model_that_fails_takes_no_other_down() {
    let fake = LanguageServer::start(0, Manner::Says(vec!["Yes."])).await;
    fake.behave_for(OTHER_MODEL, Manner::Fails);
    let server = start(&fake, "ollama");
    answered_by(&server, MODEL);
    let mut client = Client::connect(&server).await;
    client.send(choose(&format!("server:{OTHER_MODEL}"))).await;
    client.until("settings").await;
    let answer = client.ask("What is the capital of France?").await;
    let text = answer["text"].as_str().expect("text").trim();
    assert!(!text.is_empty() && text != "Yes.", "{answer}");
    let asked = fake.questions();
    assert_eq!(asked.last().expect("it was asked")["model"], OTHER_MODEL);
    let data = context(&mut client).await;
    assert_eq!(data["trouble"], json!([]), "the server is well");
    let note = data["models"]["llm"]["note"].as_str().expect("a reason");
    assert!(note.contains("HTTP status 500"), "{note}");
    let mut other = Client::connect(&server).await;
    assert_eq!(other.ask("Are you there?").await["text"], "Yes.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_model_that_refuses_is_told_of_and_stays_in_the_list() {
    let fake = LanguageServer::start(0, Manner::Says(vec!["Yes."])).await;
    fake.behave_for(OTHER_MODEL, Manner::Refuses);
    let server = start(&fake, "ollama");
    answered_by(&server, MODEL);
    let mut client = Client::connect(&server).await;
    let chosen = format!("server:{OTHER_MODEL}");
    client.send(choose(&chosen)).await;
    client.until("settings").await;
    let answer = client.ask("What is the capital of France?").await;
    assert_ne!(answer["text"], "Yes.", "her own model answers");
    let data = context(&mut client).await;
    let llm = &data["models"]["llm"];
    let (name, note) = (llm["name"].as_str(), llm["note"].as_str());
    assert!(name.is_some_and(|own| own.contains("smollm2")), "{llm}");
    assert!(
        note.is_some_and(|note| note.contains("HTTP status 400")),
        "{llm}"
    );
    let listed = data["language_models"].to_string();
    assert!(listed.contains(&chosen), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_refuses_one_question_can_still_be_chosen() {
    let fake = LanguageServer::start(0, Manner::Says(vec!["Yes."])).await;
    fake.behave_for("odd", Manner::Refuses);
    let server = start(&fake, "ollama");
    answered_by(&server, MODEL);
    let mut client = Client::connect(&server).await;
    let answer = client.ask("Is this an odd question?").await;
    assert_ne!(answer["text"], "Yes.", "her own model answers");
    // `auto` goes on with the next one that the server has.
    answered_by(&server, OTHER_MODEL);
    let chosen = format!("server:{MODEL}");
    client.send(choose(&chosen)).await;
    assert_eq!(client.until("settings").await["model"], chosen);
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
    assert_eq!(told[0]["role"], "llm", "{told}");
    let why = told[0]["why"].as_str().expect("a reason");
    assert!(why.contains("cannot be reached"), "{told}");
    let _fake = LanguageServer::start(port, Manner::Says(vec!["Here."])).await;
    answered_by(&server, MODEL);
    assert_eq!(trouble().await, json!([]));
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
