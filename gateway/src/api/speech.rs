//! `POST /v1/audio/speech`: a text as sound, sent as it is spoken.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use janet_audio::wav::to_s16;
use janet_engine::oneshot::{SPEECH_HZ, SpeakAsk, Speaking};
use serde_json::json;
use tokio::time::Instant;

use super::error::ApiError;
use super::fields::Fields;
use super::measured::Measured;
use super::wav::endless_header;
use super::{LIMIT, PATIENCE, body, models, until};
use crate::app::App;

/// Bytes of a request.
const LARGEST: usize = 64 << 10;
/// Characters that are spoken at once, as OpenAI has it: about five minutes.
const LONGEST: usize = 4096;

pub(super) async fn speak(State(app): State<Arc<App>>, request: Request) -> Response {
    let measured = Measured::begin("speech");
    measured.answer(answer(&app, request.into_body(), &measured).await)
}

async fn answer(app: &App, body: Body, measured: &Measured) -> Result<Response, ApiError> {
    let began = Instant::now();
    let (seat, body) = body::enter(app, body, LARGEST).await?;
    let wanted = Wanted::read(&body)?;
    let mut speaking = seat.speak(SpeakAsk {
        text: wanted.text,
        voice: models::voice(app, &wanted.voice)?,
        speed: wanted.speed,
    });
    // What fails at once still gets a status of its own.
    let first = until(began + PATIENCE, poll_fn(|cx| speaking.poll(cx))).await??;
    let Some(first) = first else {
        let why = "there is nothing in it that can be pronounced";
        return Err(ApiError::field("input", why));
    };
    let (kind, mut head) = match wanted.format {
        Format::Wav => ("audio/wav", endless_header(SPEECH_HZ)),
        Format::Pcm => ("audio/pcm", Vec::new()),
    };
    head.extend(bytes(&first));
    let first = stream::iter([Ok(Bytes::from(head))]);
    let sound = first.chain(rest(speaking, began + LIMIT, measured.clone()));
    Ok(([(header::CONTENT_TYPE, kind)], Body::from_stream(sound)).into_response())
}

/// The sound behind the first. A failure breaks the answer off, because nothing else can be said in
/// it.
fn rest(
    speaking: Speaking,
    by: Instant,
    measured: Measured,
) -> impl stream::Stream<Item = io::Result<Bytes>> {
    stream::unfold(Some((speaking, measured)), move |state| async move {
        let (mut speaking, measured) = state?;
        match until(by, poll_fn(|cx| speaking.poll(cx))).await {
            Ok(Ok(Some(sound))) => Some((Ok(bytes(&sound).into()), Some((speaking, measured)))),
            Ok(Ok(None)) => None,
            Ok(Err(error)) => Some((Err(io::Error::other(error)), None)),
            Err(_) => Some((Err(io::ErrorKind::TimedOut.into()), None)),
        }
    })
}

fn bytes(sound: &[f32]) -> Vec<u8> {
    let samples = sound.iter().map(|sample| to_s16(*sample));
    samples.flat_map(i16::to_le_bytes).collect()
}

/// How the sound is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// A file that was begun before its length was known.
    Wav,
    /// Its samples alone.
    Pcm,
}

/// A request whose fields are all right.
struct Wanted {
    text: String,
    voice: String,
    speed: f32,
    format: Format,
}

impl Wanted {
    fn read(body: &[u8]) -> Result<Self, ApiError> {
        let fields = Fields::read(body)?;
        fields.only("instructions", &[])?;
        fields.only("stream_format", &[json!("audio")])?;
        // Named for its form alone: whoever speaks is chosen by the voice.
        fields.text("model")?;
        let text = fields.text("input")?.unwrap_or_default();
        if text.trim().is_empty() {
            return Err(ApiError::field("input", "there is nothing to say"));
        }
        let letters = text.chars().count();
        if letters > LONGEST {
            let why = format!("has {letters} characters, at most {LONGEST} are spoken at once");
            return Err(ApiError::field("input", why));
        }
        Ok(Self {
            text: text.to_owned(),
            voice: fields.text("voice")?.unwrap_or("auto").to_owned(),
            speed: fields.number("speed", 0.25..=4.0)?.unwrap_or(1.0) as f32,
            format: match fields.text("response_format")?.unwrap_or("wav") {
                "wav" => Format::Wav,
                "pcm" => Format::Pcm,
                other => {
                    let why =
                        format!("{other:?} is not made; wav and pcm (s16le, 24 kHz, mono) are");
                    return Err(ApiError::field("response_format", why));
                }
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn read(more: &Value) -> Result<Wanted, ApiError> {
        let mut body = json!({ "model": "tts-1", "input": "Hello.", "voice": "alloy" });
        for (name, value) in more.as_object().expect("fields") {
            body[name] = value.clone();
        }
        Wanted::read(body.to_string().as_bytes())
    }

    #[test]
    fn what_is_wanted_is_read_and_the_rest_is_as_usual() {
        let wanted = read(&json!({})).expect("it is all right");
        assert_eq!((wanted.format, wanted.speed), (Format::Wav, 1.0));
        assert_eq!(
            (wanted.text.as_str(), wanted.voice.as_str()),
            ("Hello.", "alloy")
        );
        let wanted =
            read(&json!({ "speed": 0.25, "response_format": "pcm", "stream_format": "audio" }));
        let wanted = wanted.expect("it is all right");
        assert_eq!((wanted.format, wanted.speed), (Format::Pcm, 0.25));
    }

    #[test]
    fn what_there_is_not_is_refused_by_its_name() {
        for (name, value) in [
            ("input", json!("  ")),
            ("input", json!("x".repeat(LONGEST + 1))),
            ("input", json!(["Hello."])),
            ("voice", json!({ "id": "x" })),
            ("speed", json!(0.2)),
            ("speed", json!(5)),
            ("response_format", json!("mp3")),
            ("instructions", json!("Whisper.")),
            ("stream_format", json!("sse")),
        ] {
            let error = read(&json!({ name: value })).err().expect(name);
            assert_eq!(error.value()["error"]["param"], name);
        }
        let long = "ü".repeat(LONGEST);
        assert!(
            read(&json!({ "input": long })).is_ok(),
            "characters count, not bytes"
        );
    }
}
