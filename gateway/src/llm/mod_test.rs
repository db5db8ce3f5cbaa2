//! What is known of a server after answers that came or did not.

use super::*;

fn server(model: Option<&str>) -> Arc<LanguageServer> {
    let wait = Duration::from_secs(1);
    let server = LanguageServer::new(LlmServer {
        dialect: LlmDialect::Ollama,
        url: "http://127.0.0.1:1".into(),
        model: model.map(str::to_owned),
        api_key: None,
        max_tokens: 16,
        first_text: wait,
        stall: wait,
        is_a_guess: false,
    });
    let server = server.expect("a client");
    let mut known = server.inner.known();
    known.listed.list(&["a".to_owned(), "b".to_owned()]);
    known.model = Some("a".into());
    drop(known);
    server
}

#[tokio::test]
async fn every_answer_that_comes_ends_the_row_of_failures() {
    for by_name in [false, true] {
        let server = server(None);
        server.inner.failed("a", by_name, LlmError::Unreachable);
        assert_eq!(server.inner.known().answers, 1);
        assert!(server.model().is_none() && server.trouble().is_some());
        server.inner.answered("a".into(), by_name);
        assert_eq!(server.inner.known().answers, 0, "by name: {by_name}");
    }
}

#[tokio::test]
async fn what_lies_at_one_question_or_one_model_leaves_the_others() {
    let is_up = |server: &LanguageServer, name: Option<&str>| {
        let server: &dyn ports::LanguageServer = server;
        server.is_up(name)
    };
    // Asked for by its name: it alone rests, whatever is wrong with it.
    for error in [LlmError::Empty, LlmError::Status(400), LlmError::BrokeOff] {
        let server = server(None);
        server.inner.failed("b", true, error.clone());
        assert!(!is_up(&server, Some("b")), "{error}");
        assert!(is_up(&server, Some("a")) && is_up(&server, None));
        assert_eq!(server.trouble(), None);
        assert_eq!(server.models(), ["a", "b"]);
    }
    // Refused where `auto` took it: another one is looked for, at once.
    let refused = server(None);
    refused.inner.failed("a", false, LlmError::Status(413));
    assert!(!is_up(&refused, None) && refused.inner.pause() == Duration::ZERO);
    // Refused where it is the one to be asked: the next question may be shorter.
    let wanted = server(Some("a"));
    wanted.inner.failed("a", false, LlmError::Status(413));
    assert!(is_up(&wanted, None));
    let mut own = ModelInfo {
        role: "llm",
        name: "own".into(),
        note: String::new(),
    };
    wanted.describe(&mut own, &ModelChoice::Configured);
    assert!(own.note.contains("HTTP status 413"), "{}", own.note);
}
