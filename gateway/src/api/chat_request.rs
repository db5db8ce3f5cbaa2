//! What is asked of `/v1/chat/completions`.

use janet_models::llm::{Message, Role};
use serde_json::{Value, json};

use super::error::ApiError;
use super::fields::Fields;

/// More than the largest context holds of short ones; a template takes its time for each.
const MOST_MESSAGES: usize = 256;
/// Texts that an answer may end before, as OpenAI has it, and bytes of each.
const MOST_STOPS: usize = 4;
const LONGEST_STOP: usize = 256;

/// What may be in a request and is not there to be had, and what may stand in it anyway.
fn unsupported() -> [(&'static str, Vec<Value>); 15] {
    let zero = || vec![json!(0), json!(0.0)];
    [
        ("tools", vec![]),
        ("tool_choice", vec![json!("none"), json!("auto")]),
        ("functions", vec![]),
        ("function_call", vec![json!("none"), json!("auto")]),
        ("n", vec![json!(1)]),
        ("logprobs", vec![]),
        ("top_logprobs", vec![json!(0)]),
        ("logit_bias", vec![]),
        ("frequency_penalty", zero()),
        ("presence_penalty", zero()),
        ("response_format", vec![json!({ "type": "text" })]),
        ("modalities", vec![json!(["text"])]),
        ("audio", vec![]),
        ("web_search_options", vec![]),
        // Nothing is stored.
        ("store", vec![]),
    ]
}

/// A request whose fields are all right.
pub(super) struct ChatRequest {
    pub(super) model: String,
    pub(super) messages: Vec<Message>,
    pub(super) temperature: Option<f32>,
    pub(super) top_p: Option<f32>,
    pub(super) seed: Option<u64>,
    pub(super) max_tokens: Option<usize>,
    pub(super) stop: Vec<String>,
    /// In pieces, as it is made.
    pub(super) stream: bool,
    /// The last piece says what it cost.
    pub(super) include_usage: bool,
}

impl ChatRequest {
    pub(super) fn read(body: &[u8]) -> Result<Self, ApiError> {
        let fields = Fields::read(body)?;
        for (name, anyway) in unsupported() {
            fields.only(name, &anyway)?;
        }
        let newer = fields.whole("max_completion_tokens", 1)?;
        let max_tokens = match newer {
            Some(most) => Some(most),
            None => fields.whole("max_tokens", 1)?,
        };
        Ok(Self {
            model: fields.text("model")?.unwrap_or("auto").to_owned(),
            messages: messages(&fields)?,
            temperature: fields.number("temperature", 0.0..=2.0)?.map(|t| t as f32),
            top_p: fields.number("top_p", 0.0..=1.0)?.map(|p| p as f32),
            // Any whole number is a seed; a negative one is another than its amount.
            seed: fields.whole("seed", i64::MIN)?.map(i64::cast_unsigned),
            max_tokens: max_tokens.map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
            stop: stops(&fields)?,
            stream: fields.flag("stream")?,
            include_usage: match fields.get("stream_options") {
                None => false,
                Some(options) => options["include_usage"] == true,
            },
        })
    }
}

fn stops(fields: &Fields) -> Result<Vec<String>, ApiError> {
    let refused = || {
        let why = format!(
            "is neither a text nor a list of at most {MOST_STOPS} texts of 1 to {LONGEST_STOP} bytes"
        );
        ApiError::field("stop", why)
    };
    let stops: Vec<&Value> = match fields.get("stop") {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) if list.len() <= MOST_STOPS => list.iter().collect(),
        Some(one) => vec![one],
    };
    let text = |stop: &Value| match stop.as_str() {
        Some(text) if (1..=LONGEST_STOP).contains(&text.len()) => Ok(text.to_owned()),
        _ => Err(refused()),
    };
    stops.into_iter().map(text).collect()
}

fn messages(fields: &Fields) -> Result<Vec<Message>, ApiError> {
    let list = match fields.get("messages") {
        Some(Value::Array(list)) if !list.is_empty() => list,
        _ => return Err(ApiError::field("messages", "is no list of messages")),
    };
    if list.len() > MOST_MESSAGES {
        let why = format!(
            "has {} messages, at most {MOST_MESSAGES} are taken",
            list.len()
        );
        return Err(ApiError::field("messages", why));
    }
    let messages: Result<Vec<Message>, ApiError> = list.iter().enumerate().map(message).collect();
    let messages = messages?;
    if messages.iter().all(|message| message.role == Role::System) {
        return Err(ApiError::field("messages", "nobody says anything"));
    }
    Ok(messages)
}

fn message((number, message): (usize, &Value)) -> Result<Message, ApiError> {
    let at = |field: &str| format!("messages[{number}].{field}");
    let role = match message["role"].as_str() {
        Some("system" | "developer") => Role::System,
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("tool" | "function") => {
            return Err(ApiError::field(&at("role"), "tools are not supported"));
        }
        _ => {
            let why = "is none of system, developer, user, assistant";
            return Err(ApiError::field(&at("role"), why));
        }
    };
    for field in ["tool_calls", "function_call", "audio"] {
        let value = &message[field];
        if !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()) {
            return Err(ApiError::field(&at(field), "is not supported"));
        }
    }
    let text = match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let parts = parts.iter().enumerate().map(|(part, value)| {
                let at = at(&format!("content[{part}]"));
                match (value["type"].as_str(), value["text"].as_str()) {
                    (Some("text"), Some(text)) => Ok(text),
                    (Some("text"), None) => Err(ApiError::field(&at, "has no text")),
                    _ => Err(ApiError::field(
                        &at,
                        "only parts of the type text are supported",
                    )),
                }
            });
            parts.collect::<Result<Vec<&str>, ApiError>>()?.join("\n")
        }
        _ => {
            let why = "is neither a text nor a list of parts";
            return Err(ApiError::field(&at("content"), why));
        }
    };
    Ok(Message::new(role, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(more: Value) -> Result<ChatRequest, ApiError> {
        let mut body =
            json!({ "model": "gpt-4o", "messages": [{ "role": "user", "content": "Hi" }] });
        for (name, value) in more.as_object().expect("fields") {
            body[name] = value.clone();
        }
        ChatRequest::read(body.to_string().as_bytes())
    }

    fn param(more: Value) -> String {
        let shown = more.to_string();
        let error = read(more)
            .err()
            .unwrap_or_else(|| panic!("{shown} was taken"));
        let value = error.value();
        value["error"]["param"]
            .as_str()
            .expect("a field")
            .to_owned()
    }

    #[test]
    fn a_plain_question_is_taken_with_its_wishes() {
        let request = read(json!({
            "messages": [
                { "role": "developer", "content": "Be brief." },
                { "role": "user", "name": "ada", "content": [
                    { "type": "text", "text": "One." }, { "type": "text", "text": "Two." },
                ] },
            ],
            "temperature": 0, "top_p": 0.5, "seed": -1, "stop": "\n", "max_tokens": 7,
            "max_completion_tokens": 9, "stream": true, "stream_options": { "include_usage": true },
            "n": 1, "tools": null, "user": "x", "something": "new",
        }));
        let request = request.expect("it is all right");
        let said: Vec<_> = request
            .messages
            .iter()
            .map(|m| (m.role, m.text.as_str()))
            .collect();
        assert_eq!(
            said,
            [(Role::System, "Be brief."), (Role::User, "One.\nTwo.")]
        );
        assert_eq!((request.temperature, request.top_p), (Some(0.0), Some(0.5)));
        assert_eq!(
            (request.seed, request.max_tokens),
            (Some(u64::MAX), Some(9))
        );
        assert_eq!(request.stop, ["\n"]);
        assert!(request.stream && request.include_usage);
        assert_eq!(request.model, "gpt-4o");
    }

    #[test]
    fn what_there_is_not_is_refused_by_its_name() {
        for (name, value) in [
            ("tools", json!([{ "type": "function" }])),
            ("tool_choice", json!("required")),
            ("n", json!(2)),
            ("logprobs", json!(true)),
            ("logit_bias", json!({ "7": 1 })),
            ("frequency_penalty", json!(0.5)),
            ("response_format", json!({ "type": "json_object" })),
            ("modalities", json!(["text", "audio"])),
            ("store", json!(true)),
            ("temperature", json!(2.5)),
            ("top_p", json!(-0.1)),
            ("seed", json!("x")),
            ("max_tokens", json!(0)),
            ("max_completion_tokens", json!(1.5)),
            ("stop", json!(["a", "b", "c", "d", "e"])),
            ("stop", json!([""])),
            ("stream", json!("yes")),
            ("model", json!(7)),
            ("messages", json!([])),
            ("messages", json!("Hi")),
            (
                "messages",
                json!([{ "role": "system", "content": "Be brief." }]),
            ),
        ] {
            assert_eq!(param(json!({ name: value })), name);
        }
    }

    #[test]
    fn a_message_is_refused_by_its_number() {
        let image = json!([{ "type": "text", "text": "What is it?" }, { "type": "image_url" }]);
        for (message, field) in [
            (json!({ "role": "tool", "content": "7" }), "role"),
            (json!({ "content": "Hi" }), "role"),
            (json!("Hi"), "role"),
            (json!({ "role": "user", "content": image }), "content[1]"),
            (json!({ "role": "user", "content": null }), "content"),
            (
                json!({ "role": "assistant", "content": "", "tool_calls": [1] }),
                "tool_calls",
            ),
        ] {
            let messages = json!([{ "role": "user", "content": "Hi" }, message]);
            let wanted = format!("messages[1].{field}");
            assert_eq!(param(json!({ "messages": messages })), wanted);
        }
        let many = vec![json!({ "role": "user", "content": "" }); MOST_MESSAGES + 1];
        assert_eq!(param(json!({ "messages": many })), "messages");
    }
}
