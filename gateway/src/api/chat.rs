//! `POST /v1/chat/completions`: an answer to a conversation that the client keeps.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use janet_engine::oneshot::{Chat, ChatAsk, ChatStep, ChatUsage};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::chat_request::ChatRequest;
use super::error::ApiError;
use super::measured::Measured;
use super::{LIMIT, PATIENCE, body, models, until};
use crate::app::App;

/// Bytes of a request: more than the largest context holds.
const LARGEST: usize = 1 << 20;

pub(super) async fn complete(State(app): State<Arc<App>>, request: Request) -> Response {
    let measured = Measured::begin("chat");
    measured.answer(answer(&app, request.into_body(), &measured).await)
}

async fn answer(app: &Arc<App>, body: Body, measured: &Measured) -> Result<Response, ApiError> {
    let began = Instant::now();
    let (seat, body) = body::enter(app, body, LARGEST).await?;
    let request = ChatRequest::read(&body)?;
    let model = models::chat_model(app, &request.model)?;
    let frame = Frame {
        id: format!("chatcmpl-{:016x}", fastrand::u64(..)),
        created: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs()),
        model: models::name_of(app, &model),
        include_usage: request.include_usage,
    };
    let ask = ChatAsk {
        messages: request.messages,
        model,
        temperature: request.temperature,
        top_p: request.top_p,
        seed: request.seed,
        max_tokens: request.max_tokens,
        stop: request.stop,
    };
    // Secrets are looked for and the conversation is encoded: milliseconds for a long one.
    let chat = tokio::task::spawn_blocking(move || seat.chat(ask)).await;
    let mut chat = chat.map_err(|_| ApiError::body("the conversation cannot be read"))??;
    // What fails at once still gets a status of its own.
    let first = until(began + PATIENCE, poll_fn(|cx| chat.poll(cx))).await??;
    let by = began + LIMIT;
    if !request.stream {
        return whole(&frame, chat, first, by).await;
    }
    let opening = frame.chunk(&json!({ "role": "assistant", "content": "" }), None);
    let opening = stream::iter([event(&opening)]);
    let pieces = opening.chain(pieces(frame, chat, first, by, measured.clone()));
    let head = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let body = Body::from_stream(pieces.map(Ok::<_, Infallible>));
    Ok((head, body).into_response())
}

/// The answer in one piece.
async fn whole(
    frame: &Frame,
    mut chat: Chat,
    first: ChatStep,
    by: Instant,
) -> Result<Response, ApiError> {
    let (mut text, mut step) = (String::new(), first);
    loop {
        match step {
            ChatStep::Text(more) => text += &more,
            ChatStep::Done { complete, usage } => {
                let answer = Json(frame.whole(&text, complete, usage));
                return Ok(([(header::CACHE_CONTROL, "no-store")], answer).into_response());
            }
        }
        step = until(by, poll_fn(|cx| chat.poll(cx))).await??;
    }
}

/// What is told next.
enum Next {
    Step(ChatStep),
    Look,
    /// Nothing: it is over.
    Nothing,
}

/// The answer as server-sent events. A failure is one of them, and the last.
fn pieces(
    frame: Frame,
    chat: Chat,
    first: ChatStep,
    by: Instant,
    measured: Measured,
) -> impl stream::Stream<Item = Bytes> {
    let state = (frame, chat, Next::Step(first), measured);
    stream::unfold(state, move |(frame, mut chat, next, measured)| async move {
        let step = match next {
            Next::Nothing => return None,
            Next::Step(step) => Ok(step),
            Next::Look => match until(by, poll_fn(|cx| chat.poll(cx))).await {
                Ok(step) => step.map_err(ApiError::from),
                Err(late) => Err(late),
            },
        };
        let (bytes, next) = match step {
            Ok(ChatStep::Text(text)) => {
                let chunk = frame.chunk(&json!({ "content": text }), None);
                (event(&chunk), Next::Look)
            }
            Ok(ChatStep::Done { complete, usage }) => (frame.end(complete, usage), Next::Nothing),
            Err(error) => (event(&error.value()), Next::Nothing),
        };
        Some((bytes, (frame, chat, next, measured)))
    })
}

fn event(value: &Value) -> Bytes {
    format!("data: {value}\n\n").into()
}

/// What is the same in every part of an answer.
struct Frame {
    id: String,
    created: u64,
    model: String,
    include_usage: bool,
}

impl Frame {
    fn whole(&self, text: &str, complete: bool, usage: Option<ChatUsage>) -> Value {
        json!({
            "id": self.id, "object": "chat.completion", "created": self.created,
            "model": self.model,
            "choices": [{
                "index": 0,
                "message": { "role": "assistant", "content": text, "refusal": null },
                "logprobs": null,
                "finish_reason": reason(complete),
            }],
            "usage": usage.map(cost),
        })
    }

    fn chunk(&self, delta: &Value, finish: Option<bool>) -> Value {
        let choice = json!({
            "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish.map(reason),
        });
        self.chunk_of(&json!([choice]))
    }

    fn chunk_of(&self, choices: &Value) -> Value {
        let mut chunk = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": self.created,
            "model": self.model, "choices": choices,
        });
        if self.include_usage {
            chunk["usage"] = Value::Null;
        }
        chunk
    }

    /// The last events: why it ended, what it cost if somebody asked, and that it is over.
    fn end(&self, complete: bool, usage: Option<ChatUsage>) -> Bytes {
        let mut end = event(&self.chunk(&json!({}), Some(complete))).to_vec();
        if self.include_usage {
            let mut chunk = self.chunk_of(&json!([]));
            chunk["usage"] = usage.map(cost).into();
            end.extend(event(&chunk));
        }
        end.extend(b"data: [DONE]\n\n");
        end.into()
    }
}

fn reason(complete: bool) -> &'static str {
    if complete { "stop" } else { "length" }
}

fn cost(usage: ChatUsage) -> Value {
    json!({
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.answer,
        "total_tokens": usage.prompt + usage.answer,
        "prompt_tokens_details": { "cached_tokens": usage.cached },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(include_usage: bool) -> Frame {
        Frame {
            id: "chatcmpl-7".into(),
            created: 7,
            model: "m".into(),
            include_usage,
        }
    }

    const USAGE: ChatUsage = ChatUsage {
        prompt: 40,
        cached: 30,
        answer: 2,
    };

    #[test]
    fn a_whole_answer_has_its_text_its_reason_and_its_cost() {
        let whole = frame(false).whole("Hi.", false, Some(USAGE));
        assert_eq!(whole["choices"][0]["message"]["content"], "Hi.");
        assert_eq!(whole["choices"][0]["finish_reason"], "length");
        assert_eq!(whole["usage"]["total_tokens"], 42);
        let elsewhere = frame(false).whole("Hi.", true, None);
        assert_eq!(elsewhere["usage"], Value::Null);
    }

    #[test]
    fn a_streams_end_says_why_what_it_cost_and_that_it_is_over() {
        let lines = |include_usage| {
            let end = frame(include_usage).end(true, Some(USAGE));
            let end = String::from_utf8(end.to_vec()).expect("text");
            let events = end.split_terminator("\n\n").map(|event| {
                let data = event.strip_prefix("data: ").expect("an event");
                serde_json::from_str(data).unwrap_or_else(|_| json!(data))
            });
            events.collect::<Vec<Value>>()
        };
        let plain = lines(false);
        assert_eq!(plain.len(), 2);
        assert_eq!(plain[0]["choices"][0]["finish_reason"], "stop");
        assert!(plain[0].get("usage").is_none());
        assert_eq!(plain[1], "[DONE]");
        let with_usage = lines(true);
        assert_eq!(with_usage[0]["usage"], Value::Null);
        assert_eq!(with_usage[1]["choices"], json!([]));
        assert_eq!(with_usage[1]["usage"]["prompt_tokens"], 40);
        assert_eq!(with_usage[2], "[DONE]");
    }
}
