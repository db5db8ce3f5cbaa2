//! `POST /v1/audio/transcriptions`: a recording as text.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use janet_audio::wav;
use tokio::time::Instant;

use super::error::ApiError;
use super::form::Form;
use super::measured::Measured;
use super::transcript::Shape;
use super::{LIMIT, PATIENCE, body, until};
use crate::app::App;

/// Bytes of a form: OpenAI's limit for a file, and its fields.
const LARGEST: usize = (25 << 20) + (64 << 10);
/// Longest recording; half an hour is 115 MB of samples, and one is held at a time.
const LONGEST: Duration = Duration::from_secs(1800);

pub(super) async fn transcribe(State(app): State<Arc<App>>, request: Request) -> Response {
    let measured = Measured::begin("transcriptions");
    measured.answer(answer(&app, request).await)
}

async fn answer(app: &App, request: Request) -> Result<Response, ApiError> {
    let began = Instant::now();
    let (parts, body) = request.into_parts();
    let (seat, body) = body::enter(app, body, LARGEST).await?;
    let mut form = Form::read(&parts.headers, body).await?;
    let shape = checked(&form)?;
    let mut hearing = seat.hear();
    until(began + PATIENCE, poll_fn(|cx| hearing.poll_turn(cx))).await?;
    let file = std::mem::take(&mut form.file);
    let pcm = tokio::task::spawn_blocking(move || samples(&file)).await;
    let pcm = pcm.map_err(|_| ApiError::field("file", "cannot be read"))??;
    let sound_s = pcm.len() as f64 / f64::from(wav::MODEL_RATE_HZ);
    hearing.begin(pcm, form.get("language"), shape.wants_words())?;
    let heard = until(began + LIMIT, poll_fn(|cx| hearing.poll_heard(cx))).await??;
    Ok(shape.show(&heard, sound_s))
}

/// What is wanted; refuses what there is not.
fn checked(form: &Form) -> Result<Shape, ApiError> {
    let silent = |value: &str| value == "false" || value == "0" || value == "0.0";
    for name in ["prompt", "temperature", "stream", "include[]"] {
        if form.get(name).is_some_and(|value| !silent(value)) {
            return Err(ApiError::field(name, "is not supported"));
        }
    }
    let shape = Shape::of(form)?;
    if !wav::is_wav(&form.file) {
        let why = "is no WAV file, and no other kind is read; `ffmpeg -i FILE FILE.wav` makes one";
        return Err(ApiError::field("file", why));
    }
    Ok(shape)
}

/// Tens of milliseconds for each minute.
fn samples(file: &Bytes) -> Result<Vec<f32>, ApiError> {
    let pcm = wav::read(file, LONGEST).map_err(|error| ApiError::field("file", error))?;
    if pcm.is_empty() {
        return Err(ApiError::field("file", "holds no sound"));
    }
    Ok(pcm)
}
