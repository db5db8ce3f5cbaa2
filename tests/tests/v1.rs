//! `/v1/chat/completions` and `/v1/models`: other software asks.

use std::io::Read;
use std::net::SocketAddr;
use std::time::Duration;

use janet_tests::http::{self, Answer};
use janet_tests::server::pause;
use janet_tests::{Client, Server};
use serde_json::{Value, json};

const CHAT: &str = "/v1/chat/completions";
const LOOK: Duration = Duration::from_millis(50);

/// A question that is always answered alike.
fn question(more: &Value) -> Value {
    let mut question = json!({
        "model": "gpt-4o-mini", "temperature": 0, "max_tokens": 40,
        "messages": [
            { "role": "system", "content": "Answer in one short sentence." },
            { "role": "user", "content": "What is the capital of France?" },
        ],
    });
    for (name, value) in more.as_object().expect("fields") {
        question[name] = value.clone();
    }
    question
}

fn post(address: SocketAddr, path: &str, body: &Value) -> Answer {
    http::post(
        address,
        path,
        "application/json",
        body.to_string().as_bytes(),
    )
    .0
}

fn ask(server: &Server, more: &Value) -> Value {
    let answer = post(server.address(), CHAT, &question(more));
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).expect("JSON")
}

fn text(answer: &Value) -> &str {
    let text = answer["choices"][0]["message"]["content"].as_str();
    text.unwrap_or_else(|| panic!("no text in {answer}"))
}

/// Chat requests that are open, as the metrics have it, once there are so many.
fn has_requests(server: &Server, wanted: usize) {
    for _ in 0..1200 {
        let scrape = http::get(server.address(), "/metrics").body;
        if scrape.contains(&format!("janet_engine_requests {wanted}\n")) {
            return;
        }
        pause(LOOK);
    }
    panic!("there are never {wanted} requests");
}

#[test]
fn an_answer_in_pieces_is_word_for_word_the_one_in_one() {
    let server = Server::shared();
    let whole = ask(server, &json!({}));
    assert_eq!(whole["object"], "chat.completion");
    assert_eq!(whole["choices"][0]["message"]["role"], "assistant");
    assert!(text(&whole).contains("Paris"), "{whole}");
    let usage = &whole["usage"];
    let sum = usage["prompt_tokens"].as_u64().expect("tokens")
        + usage["completion_tokens"].as_u64().expect("tokens");
    assert_eq!(usage["total_tokens"], sum);

    let more = json!({ "stream": true, "stream_options": { "include_usage": true } });
    let answer = post(server.address(), CHAT, &question(&more));
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let mut events: Vec<&str> = answer.body.split_terminator("\n\n").collect();
    assert_eq!(events.pop(), Some("data: [DONE]"));
    let chunks = events.iter().map(|event| {
        let data = event.strip_prefix("data: ").expect("an event");
        serde_json::from_str(data).expect("JSON")
    });
    let chunks: Vec<Value> = chunks.collect();
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    let said = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str());
    let pieces: Vec<&str> = said.filter(|piece| !piece.is_empty()).collect();
    assert!(pieces.len() > 1, "{pieces:?}");
    assert_eq!(pieces.concat(), text(&whole));
    let last = chunks.last().expect("some");
    assert_eq!(
        last["usage"]["completion_tokens"],
        usage["completion_tokens"]
    );
    let reason = &chunks[chunks.len() - 2]["choices"][0]["finish_reason"];
    assert_eq!(reason, &whole["choices"][0]["finish_reason"]);
}

#[test]
fn an_answer_ends_where_it_is_told_to() {
    let server = Server::shared();
    let cut = ask(server, &json!({ "max_tokens": 2 }));
    assert_eq!(cut["choices"][0]["finish_reason"], "length");
    assert_eq!(cut["usage"]["completion_tokens"], 2);
    let stopped = ask(server, &json!({ "stop": ["Paris"] }));
    assert_eq!(stopped["choices"][0]["finish_reason"], "stop");
    assert!(!text(&stopped).contains("Paris"), "{stopped}");
    let seeded = || {
        let more = json!({ "temperature": 1.5, "seed": 7, "top_p": 0.9, "max_tokens": 12 });
        text(&ask(server, &more)).to_owned()
    };
    assert_eq!(seeded(), seeded());
}

#[test]
fn what_cannot_be_had_is_refused_by_its_field() {
    let address = Server::shared().address();
    let long = "word ".repeat(4000);
    for (more, status, param, code) in [
        (json!({ "tools": [{}] }), 400, "tools", Value::Null),
        (json!({ "n": 3 }), 400, "n", Value::Null),
        (json!({ "messages": [] }), 400, "messages", Value::Null),
        (
            json!({ "model": "server:none" }),
            404,
            "model",
            json!("model_not_found"),
        ),
        (
            json!({ "messages": [{ "role": "user", "content": long }] }),
            400,
            "messages",
            json!("context_length_exceeded"),
        ),
    ] {
        let answer = post(address, CHAT, &question(&more));
        let body: Value = serde_json::from_str(&answer.body).expect("JSON");
        let error = &body["error"];
        assert_eq!(
            (answer.status, &error["param"]),
            (status, &json!(param)),
            "{body}"
        );
        assert_eq!(
            (&error["code"], &error["type"]),
            (&code, &json!("invalid_request_error"))
        );
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|text| text.contains(param)),
            "{body}"
        );
    }
    let json = "application/json";
    let (broken, _) = http::post(address, CHAT, json, b"{\"messages\": [");
    assert_eq!(broken.status, 400);
    let (large, _) = http::post(address, CHAT, json, &vec![b' '; (1 << 20) + 1]);
    assert_eq!(large.status, 413, "{large:?}");
    assert!(large.body.contains("request_too_large"), "{large:?}");
}

#[test]
fn only_local_programs_get_in_and_a_wrong_door_says_which_there_are() {
    let address = Server::shared().address();
    let host = address.to_string();
    for path in [CHAT, "/v1/models", "/v1/audio/speech"] {
        let rebound = http::request(address, "POST", path, &[("Host", "evil.example")]);
        assert_eq!(rebound.status, 403, "{path}");
        let origin = [("Host", host.as_str()), ("Origin", "http://evil.example")];
        let foreign = http::request(address, "POST", path, &origin);
        assert_eq!(foreign.status, 403, "{path}");
    }
    let key = [
        ("Host", host.as_str()),
        ("Authorization", "Bearer sk-anything"),
    ];
    assert_eq!(
        http::request(address, "GET", "/v1/models", &key).status,
        200
    );
    for (path, status) in [("/v1/embeddings", 404), (CHAT, 405)] {
        let answer = http::get(address, path);
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        let body: Value = serde_json::from_str(&answer.body).expect("JSON");
        let message = body["error"]["message"].as_str().expect("a message");
        assert!(message.contains("/v1/audio/speech"), "{message}");
    }
}

#[test]
fn the_models_of_this_process_are_listed() {
    let address = Server::shared().address();
    let list = http::get(address, "/v1/models").body;
    let list: Value = serde_json::from_str(&list).expect("JSON");
    let models = list["data"].as_array().expect("a list");
    let ids: Vec<&str> = models
        .iter()
        .filter_map(|model| model["id"].as_str())
        .collect();
    let all = ["auto", "own", "whisper-tiny.en", "piper-en_US-joe-medium"];
    assert_eq!(ids, all);
    let one = http::get(address, "/v1/models/whisper-tiny.en");
    let one: Value = serde_json::from_str(&one.body).expect("JSON");
    assert_eq!(
        (&one["object"], &one["role"]),
        (&json!("model"), &json!("stt"))
    );
    let none = http::get(address, "/v1/models/gpt-4o");
    assert_eq!(none.status, 404);
    assert!(none.body.contains("model_not_found"), "{none:?}");
}

/// Both share a server of their own, because of its settings.
#[tokio::test(flavor = "multi_thread")]
async fn one_too_many_comes_back_and_who_goes_away_makes_room_for_people_and_others() {
    let settings = [
        "engine.requests=1",
        "engine.llm_slots=1",
        "log.filter=trace",
    ];
    let server = Server::start(&settings).ready();
    let address = server.address();
    let endless = question(&json!({
        "stream": true, "max_tokens": 600, "temperature": 1.2,
        "messages": [{ "role": "user", "content": "Write a long story about zanzibarquux." }],
    }));
    let begin = || {
        let body = endless.to_string();
        let mut socket = http::begin_post(address, CHAT, &[], body.as_bytes());
        let mut first = [0; 512];
        let read = socket.read(&mut first).expect("an answer");
        assert!(String::from_utf8_lossy(&first[..read]).contains(" 200 "));
        socket
    };
    let socket = begin();
    has_requests(&server, 1);
    let busy = post(address, CHAT, &question(&json!({})));
    assert_eq!(busy.status, 429, "{busy:?}");
    assert_eq!(busy.header("retry-after"), Some("2"));
    assert!(busy.body.contains("rate_limit_error"), "{busy:?}");

    // The only place of the language model's is the request's: it gives way to a conversation.
    let mut client = Client::connect(&server).await;
    let answer = client.ask("Hello!").await;
    assert!(!answer["text"].as_str().expect("text").is_empty());

    drop(socket);
    has_requests(&server, 0);
    // Called off in the middle, its slot is free at once.
    let socket = begin();
    drop(socket);
    has_requests(&server, 0);
    assert!(text(&ask(&server, &json!({}))).contains("Paris"));
    let log = server.log();
    assert!(
        !log.contains("zanzibarquux") && !log.contains("Paris"),
        "it was logged"
    );
}
