//! What is sent to a speech server, and the look at it.
//!
//! `audio/speech`: <https://platform.openai.com/docs/api-reference/audio/createSpeech>.

use std::time::Duration;

use janet_engine::ports::Phrase;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{Inner, TtsError};
use crate::config::SpeechFormat;

/// A list is at hand at once.
const LIST: Duration = Duration::from_secs(3);
/// Largest list.
const LARGEST_LIST: usize = 1 << 20;
/// What OpenAI's interface allows.
const SPEEDS: (f32, f32) = (0.25, 4.0);

impl Inner {
    /// Whether somebody is there who may be such a server. Costs it nothing.
    pub(super) async fn look(&self) -> Result<(), TtsError> {
        match self.list("/models").await {
            Ok(_) => Ok(()),
            // Not every server of this kind lists its models.
            Err(TtsError::Status(404 | 405 | 501)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What is listed below this path.
    pub(super) async fn list(&self, path: &str) -> Result<Value, TtsError> {
        let list = async {
            let request = self.http.get(format!("{}{path}", self.config.url));
            let mut response = self.send(request).await?;
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|_| TtsError::BrokeOff)? {
                body.extend_from_slice(&chunk);
                if body.len() > LARGEST_LIST {
                    return Err(TtsError::NoList("something without an end"));
                }
            }
            serde_json::from_slice(&body).map_err(|_| TtsError::NoList("something that is no JSON"))
        };
        let listed = timeout(LIST, list).await;
        listed.map_err(|_| TtsError::Late(LIST))?
    }

    /// Asks for the sound of a phrase.
    pub(super) async fn ask(&self, phrase: &Phrase) -> Result<Response, TtsError> {
        let request = self
            .http
            .post(format!("{}/audio/speech", self.config.url))
            .json(&body(&self.config, phrase));
        self.send(request).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, TtsError> {
        let request = match &self.config.api_key {
            Some(key) => request.bearer_auth(&key.0),
            None => request,
        };
        let response = request.send().await.map_err(|_| TtsError::Unreachable)?;
        match response.status().as_u16() {
            200 => Ok(response),
            status => Err(TtsError::Status(status)),
        }
    }
}

fn body(config: &crate::config::SpeechServer, phrase: &Phrase) -> Value {
    // By way of its decimal form: 1.1 is sent as 1.1.
    let speed: f64 = phrase
        .speed
        .clamp(SPEEDS.0, SPEEDS.1)
        .to_string()
        .parse()
        .unwrap_or(1.0);
    json!({
        "model": config.model,
        "input": phrase.text,
        "voice": phrase.voice.as_ref().unwrap_or(&config.voice),
        "response_format": match config.format {
            SpeechFormat::Pcm => "pcm",
            SpeechFormat::Wav => "wav",
        },
        "speed": speed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_what_openai_s_interface_says() {
        let config = crate::config::SpeechServer {
            url: "http://127.0.0.1:1/v1".into(),
            model: "kokoro".into(),
            voice: "af_heart".into(),
            api_key: None,
            format: SpeechFormat::Pcm,
            rate_hz: 24_000,
            first_sound: Duration::from_secs(1),
            stall: Duration::from_secs(1),
        };
        let mut phrase = Phrase {
            text: "Hello.".into(),
            speed: 1.1,
            voice: None,
        };
        assert_eq!(
            body(&config, &phrase),
            json!({ "model": "kokoro", "input": "Hello.", "voice": "af_heart", "response_format": "pcm", "speed": 1.1 })
        );
        phrase.voice = Some("bm_george".into());
        assert_eq!(body(&config, &phrase)["voice"], "bm_george");
        assert!(!format!("{phrase:?}").contains("Hello"));
    }
}
