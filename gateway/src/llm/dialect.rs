//! What language servers speak: Ollama's own API and OpenAI's.
//!
//! Ollama: <https://docs.ollama.com/api/chat>. OpenAI: `chat/completions` with `stream`, as
//! llama.cpp, vLLM, LM Studio and many others serve it. Nothing here does any I/O.

use janet_engine::ports::Question;
use janet_models::llm::{Message, Role};
use serde_json::{Value, json};

use super::LlmError;
use crate::config::LlmDialect;

/// Bytes of a token on average, a low guess.
const BYTES_PER_TOKEN: usize = 3;
/// In the names of models that make vectors or order texts.
const CANNOT_CHAT: [&str; 4] = ["embed", "minilm", "bge-", "rerank"];

/// Whether a model runs in Ollama's cloud, by its tag: of models listed in OpenAI's way Ollama tells
/// nothing else (<https://docs.ollama.com/cloud>).
fn is_of_the_cloud(name: &str) -> bool {
    name.rsplit_once(':')
        .is_some_and(|(_, tag)| tag == "cloud" || tag.ends_with("-cloud"))
}

/// What one line of an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Nothing for the user: a comment, a thought, a keep-alive.
    Nothing,
    /// Text that follows.
    Text(String),
    /// Text that follows, and that is all; `true`: the model ended it itself.
    End(String, bool),
}

impl LlmDialect {
    /// What people call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ollama => "Ollama",
            Self::OpenAi => "OpenAI-compatible",
        }
    }

    /// Where its models are listed.
    pub(super) fn list_path(self) -> &'static str {
        match self {
            Self::Ollama => "/api/tags",
            Self::OpenAi => "/models",
        }
    }

    /// Where it is asked.
    pub(super) fn chat_path(self) -> &'static str {
        match self {
            Self::Ollama => "/api/chat",
            Self::OpenAi => "/chat/completions",
        }
    }

    /// The names of the models in a list; none of those that only make vectors or that run on
    /// somebody else's machine (Ollama lists those of its cloud, too).
    pub(super) fn models(self, list: &Value) -> Result<Vec<String>, LlmError> {
        let (field, name) = match self {
            Self::Ollama => ("models", "name"),
            Self::OpenAi => ("data", "id"),
        };
        let listed = list[field]
            .as_array()
            .ok_or(LlmError::Nonsense("a list of models without models"))?;
        Ok(listed
            .iter()
            .filter(|model| {
                ["remote_host", "remote_model"]
                    .iter()
                    .all(|key| model[key].as_str().is_none_or(str::is_empty))
            })
            .filter_map(|model| model[name].as_str())
            .filter(|name| !is_of_the_cloud(name))
            .filter(|name| {
                let name = name.to_lowercase();
                !CANNOT_CHAT.iter().any(|kind| name.contains(kind))
            })
            .map(str::to_owned)
            .collect())
    }

    /// The body of a question.
    pub(super) fn body(self, model: &str, question: &Question, max_tokens: usize) -> Value {
        let messages: Vec<Value> = newest(question)
            .map(|message| {
                let role = match message.role {
                    Role::System => "system",
                    Role::User => "user",
                    Role::Assistant => "assistant",
                };
                json!({ "role": role, "content": message.text })
            })
            .collect();
        let seed = question.seed & i32::MAX as u64;
        let max_tokens = question.max_tokens.unwrap_or(max_tokens).min(max_tokens);
        let mut body = match self {
            Self::Ollama => json!({
                "model": model,
                "messages": messages,
                "stream": true,
                // Nobody waits for thoughts in a conversation.
                "think": false,
                "options": {
                    "temperature": question.temperature,
                    "num_predict": max_tokens,
                    "seed": seed,
                },
            }),
            Self::OpenAi => json!({
                "model": model,
                "messages": messages,
                "stream": true,
                "temperature": question.temperature,
                "max_tokens": max_tokens,
                "seed": seed,
            }),
        };
        // Only what was asked for: a server has its own idea of the rest.
        let options = match self {
            Self::Ollama => &mut body["options"],
            Self::OpenAi => &mut body,
        };
        if let Some(top_p) = question.top_p {
            options["top_p"] = json!(top_p);
        }
        if !question.stop.is_empty() {
            options["stop"] = json!(question.stop);
        }
        body
    }

    /// What a line of the answer says.
    pub(super) fn piece(self, line: &str) -> Result<Piece, LlmError> {
        match self {
            Self::Ollama => ollama(line),
            Self::OpenAi => openai(line),
        }
    }
}

/// The system's message and as many of the newest as the context holds, judged by their length: a
/// server that gets more refuses, or forgets the system's message first.
fn newest(question: &Question) -> impl Iterator<Item = &Message> {
    let (first, rest) = question.messages.split_at(question.messages.len().min(1));
    let mut left = question.context_tokens * BYTES_PER_TOKEN;
    let kept = rest.iter().rev().take_while(|message| {
        let fits = left >= message.text.len();
        left = left.saturating_sub(message.text.len());
        fits
    });
    // The question itself goes, however long it is.
    let kept = kept.count().max(1).min(rest.len());
    first.iter().chain(&rest[rest.len() - kept..])
}

fn ollama(line: &str) -> Result<Piece, LlmError> {
    if line.trim().is_empty() {
        return Ok(Piece::Nothing);
    }
    let value = object(line)?;
    if !value["error"].is_null() {
        return Err(LlmError::Refused);
    }
    let text = value["message"]["content"].as_str().unwrap_or_default();
    if value["done"] == true {
        let complete = value["done_reason"] != "length";
        return Ok(Piece::End(text.to_owned(), complete));
    }
    if !value["message"].is_object() {
        return Err(LlmError::Nonsense("an object without a message"));
    }
    Ok(piece(text))
}

fn openai(line: &str) -> Result<Piece, LlmError> {
    // Of server-sent events, data is all that counts: https://html.spec.whatwg.org/#event-stream-interpretation
    let Some(data) = line.strip_prefix("data:") else {
        let known = ["", ":", "event:", "id:", "retry:"];
        let is_event = line.is_empty() || known[1..].iter().any(|field| line.starts_with(field));
        return if is_event {
            Ok(Piece::Nothing)
        } else {
            Err(LlmError::Nonsense("a line that is no server-sent event"))
        };
    };
    let data = data.trim();
    if data == "[DONE]" {
        return Ok(Piece::End(String::new(), true));
    }
    let value = object(data)?;
    if !value["error"].is_null() {
        return Err(LlmError::Refused);
    }
    // A last object may hold the usage and no choice.
    let Some(choice) = value["choices"].get(0) else {
        return if value["choices"].is_array() {
            Ok(Piece::Nothing)
        } else {
            Err(LlmError::Nonsense("an object without choices"))
        };
    };
    let text = choice["delta"]["content"].as_str().unwrap_or_default();
    Ok(match choice["finish_reason"].as_str() {
        Some(reason) => Piece::End(text.to_owned(), reason != "length"),
        None => piece(text),
    })
}

fn piece(text: &str) -> Piece {
    if text.is_empty() {
        Piece::Nothing
    } else {
        Piece::Text(text.to_owned())
    }
}

fn object(text: &str) -> Result<Value, LlmError> {
    serde_json::from_str(text).map_err(|_| LlmError::Nonsense("a line that is no JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ollamas_lines_are_understood() {
        let read = |line| LlmDialect::Ollama.piece(line).ok();
        let text = |text: &str| Some(Piece::Text(text.into()));
        assert_eq!(
            read(r#"{"message":{"role":"assistant","content":" Paris"},"done":false}"#),
            text(" Paris")
        );
        assert_eq!(
            read(r#"{"message":{"content":"","thinking":"France…"},"done":false}"#),
            Some(Piece::Nothing)
        );
        assert_eq!(
            read(r#"{"message":{"content":"."},"done":true,"done_reason":"stop"}"#),
            Some(Piece::End(".".into(), true))
        );
        assert_eq!(
            read(r#"{"message":{"content":""},"done":true,"done_reason":"length"}"#),
            Some(Piece::End(String::new(), false))
        );
        for wrong in [r#"{"error":"no such model"}"#, "<html>", "{}", "[1]", "7"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn openais_events_are_understood() {
        let read = |line| LlmDialect::OpenAi.piece(line).ok();
        assert_eq!(
            read(r#"data: {"choices":[{"delta":{"content":" Paris"},"finish_reason":null}]}"#),
            Some(Piece::Text(" Paris".into()))
        );
        for nothing in [
            "",
            ": ping",
            "event: message",
            r#"data: {"choices":[{"delta":{"role":"assistant","content":null}}]}"#,
            r#"data: {"choices":[{"delta":{"reasoning_content":"France…"}}]}"#,
            r#"data: {"choices":[],"usage":{"total_tokens":7}}"#,
        ] {
            assert_eq!(read(nothing), Some(Piece::Nothing), "{nothing}");
        }
        assert_eq!(
            read(r#"data: {"choices":[{"delta":{},"finish_reason":"length"}]}"#),
            Some(Piece::End(String::new(), false))
        );
        assert_eq!(read("data: [DONE]"), Some(Piece::End(String::new(), true)));
        for wrong in [
            "<html>",
            "data: <html>",
            "data: {}",
            r#"data: {"error":{"message":"no"}}"#,
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lists_of_models_leave_out_those_that_cannot_chat() {
        let list = json!({ "models": [{ "name": "nomic-embed-text:latest" }, { "name": "gpt:cloud", "remote_host": "https://ollama.com" }, { "name": "qwen3:4b" }, 7] });
        assert_eq!(
            LlmDialect::Ollama.models(&list).ok(),
            Some(vec!["qwen3:4b".into()])
        );
        let list = json!({ "data": [{ "id": "a" }, { "id": "b" }] });
        assert_eq!(
            LlmDialect::OpenAi.models(&list).ok(),
            Some(vec!["a".into(), "b".into()])
        );
        assert!(LlmDialect::OpenAi.models(&json!({ "models": [] })).is_err());
    }

    #[test]
    fn a_question_carries_the_whole_conversation() {
        let question = Question {
            model: None,
            messages: vec![
                Message::new(Role::System, "Be brief."),
                Message::new(Role::User, "Hello."),
            ],
            context_tokens: 100,
            temperature: 0.0,
            seed: u64::MAX,
            top_p: None,
            max_tokens: None,
            stop: Vec::new(),
        };
        let messages = json!([
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "Hello." },
        ]);
        let ollama = LlmDialect::Ollama.body("m", &question, 7);
        assert_eq!(ollama["messages"], messages);
        assert_eq!(ollama["options"]["num_predict"], 7);
        let openai = LlmDialect::OpenAi.body("m", &question, 7);
        assert_eq!(openai["messages"], messages);
        assert_eq!(
            (&openai["max_tokens"], &openai["stream"]),
            (&json!(7), &json!(true))
        );
    }

    #[test]
    fn what_a_question_wants_beside_is_asked_for_and_nothing_else() {
        let mut question = Question {
            model: None,
            messages: vec![Message::new(Role::User, "Hello.")],
            context_tokens: 100,
            temperature: 0.0,
            seed: 0,
            top_p: None,
            max_tokens: None,
            stop: Vec::new(),
        };
        for dialect in [LlmDialect::Ollama, LlmDialect::OpenAi] {
            let body = dialect.body("m", &question, 7).to_string();
            assert!(!body.contains("top_p") && !body.contains("stop"), "{body}");
        }
        question.top_p = Some(0.5);
        question.max_tokens = Some(3);
        question.stop = vec!["\n".into()];
        let ollama = LlmDialect::Ollama.body("m", &question, 7);
        let wanted = json!({ "temperature": 0.0, "seed": 0, "num_predict": 3, "top_p": 0.5, "stop": ["\n"] });
        assert_eq!(ollama["options"], wanted);
        let openai = LlmDialect::OpenAi.body("m", &question, 2);
        let got = [&openai["max_tokens"], &openai["top_p"], &openai["stop"]];
        assert_eq!(got, [&json!(2), &json!(0.5), &json!(["\n"])]);
    }

    #[test]
    fn of_a_long_conversation_the_rules_and_the_newest_messages_go() {
        let mut messages = vec![Message::new(Role::System, "Be brief.")];
        messages.extend((0..50).map(|n| Message::new(Role::User, format!("message {n:02}"))));
        let mut question = Question {
            model: None,
            messages,
            context_tokens: 10,
            temperature: 0.0,
            seed: 0,
            top_p: None,
            max_tokens: None,
            stop: Vec::new(),
        };
        let sent = |question: &Question| -> Vec<String> {
            newest(question)
                .map(|message| message.text.clone())
                .collect()
        };
        assert_eq!(
            sent(&question),
            ["Be brief.", "message 47", "message 48", "message 49"]
        );
        question
            .messages
            .push(Message::new(Role::User, "long ".repeat(50)));
        assert_eq!(
            sent(&question),
            ["Be brief.".to_owned(), "long ".repeat(50)]
        );
    }
}
