//! A transcript in the shape that was asked for.

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use janet_models::whisper::{Transcription, Word};
use serde_json::{Value, json};

use super::error::ApiError;
use super::form::Form;
use super::segments::{Segment, segments, srt, vtt};

/// What a transcript looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Json,
    Text,
    Srt,
    Vtt,
    Verbose {
        /// Each word with its times.
        words: bool,
        /// Sentences with theirs.
        segments: bool,
    },
}

impl Shape {
    pub(super) fn of(form: &Form) -> Result<Self, ApiError> {
        let plural = "timestamp_granularities";
        let times: Vec<&str> = form
            .all("timestamp_granularities[]")
            .chain(form.all(plural))
            .collect();
        if let Some(other) = times
            .iter()
            .find(|time| !["word", "segment"].contains(*time))
        {
            let why = format!("{other:?} is none of word, segment");
            return Err(ApiError::field(plural, why));
        }
        let shape = match form.get("response_format").unwrap_or("json") {
            "json" => Self::Json,
            "text" => Self::Text,
            "srt" => Self::Srt,
            "vtt" => Self::Vtt,
            "verbose_json" => Self::Verbose {
                words: times.contains(&"word"),
                segments: times.is_empty() || times.contains(&"segment"),
            },
            other => {
                let why = format!("{other:?} is none of json, text, srt, verbose_json, vtt");
                return Err(ApiError::field("response_format", why));
            }
        };
        if !times.is_empty() && !matches!(shape, Self::Verbose { .. }) {
            return Err(ApiError::field(
                plural,
                "needs response_format=verbose_json",
            ));
        }
        Ok(shape)
    }

    /// Whether the words' times are needed for it.
    pub(super) fn wants_words(self) -> bool {
        match self {
            Self::Json | Self::Text => false,
            Self::Srt | Self::Vtt => true,
            Self::Verbose { words, segments } => words || segments,
        }
    }

    /// What was heard in `sound_s` seconds.
    pub(super) fn show(self, heard: &Transcription, sound_s: f64) -> Response {
        // In some languages no spaces stand between words.
        let spaced = heard.text.contains(char::is_whitespace);
        let parts = || segments(&heard.words, spaced);
        let text = |text: String, kind| ([(header::CONTENT_TYPE, kind)], text).into_response();
        match self {
            Self::Json => Json(json!({ "text": heard.text })).into_response(),
            Self::Text => text(heard.text.clone() + "\n", "text/plain; charset=utf-8"),
            Self::Srt => text(srt(&parts()), "application/x-subrip; charset=utf-8"),
            Self::Vtt => text(vtt(&parts()), "text/vtt; charset=utf-8"),
            Self::Verbose { words, segments } => {
                // A model that knows English alone names no language.
                let language = heard.language.as_ref();
                let language = language.map_or("en", |language| language.code.as_str());
                let mut object = json!({
                    "task": "transcribe", "language": language, "duration": sound_s,
                    "text": heard.text,
                });
                if words {
                    object["words"] = heard.words.iter().map(word).collect();
                }
                if segments {
                    let parts = parts();
                    let numbered = parts.iter().enumerate();
                    object["segments"] = numbered.map(|at| entry(at, heard)).collect();
                }
                Json(object).into_response()
            }
        }
    }
}

fn word(word: &Word) -> Value {
    json!({ "word": word.text, "start": rounded(word.start_s), "end": rounded(word.end_s) })
}

/// How sure the model was is known of the recording as a whole. Clients that are strict want a field
/// for tokens; what is put together from words has none of its own.
fn entry((id, segment): (usize, &Segment), heard: &Transcription) -> Value {
    json!({
        "id": id, "start": rounded(segment.start_s), "end": rounded(segment.end_s),
        "text": segment.text, "tokens": [],
        "avg_logprob": heard.avg_logprob, "no_speech_prob": heard.no_speech,
    })
}

fn rounded(seconds: f32) -> f64 {
    (f64::from(seconds) * 100.0).round() / 100.0
}
