//! What is sent to a speech server, and the look at it.
//!
//! `audio/speech`: <https://platform.openai.com/docs/api-reference/audio/createSpeech>.

use janet_engine::ports::Phrase;
use reqwest::Response;
use serde_json::{Value, json};

use super::{Inner, TtsError, voices};
use crate::config::SpeechFormat;
use crate::elsewhere::Fault;

/// What OpenAI's interface allows.
const SPEEDS: (f32, f32) = (0.25, 4.0);

impl Inner {
    /// Whether somebody is there who may be such a server, and its voices; `None`: they could not
    /// be asked for now. Costs it nothing.
    pub(super) async fn look(&self) -> Result<Option<Vec<String>>, TtsError> {
        match self.server.list("/models").await {
            Ok(_) => {}
            Err(fault) if lists_nothing(&fault) => {}
            Err(fault) => return Err(fault.into()),
        }
        match self.server.list("/audio/voices").await {
            Ok(list) => Ok(Some(voices::names(&list))),
            Err(fault) if lists_nothing(&fault) => Ok(Some(Vec::new())),
            // It may only be slow just now.
            Err(_) => Ok(None),
        }
    }

    /// Asks for the sound of a phrase.
    pub(super) async fn ask(&self, phrase: &Phrase) -> Result<Response, TtsError> {
        let body = body(&self.config, phrase);
        Ok(self.server.ask("/audio/speech", &body).await?)
    }
}

/// Not every server of this kind does.
const fn lists_nothing(fault: &Fault) -> bool {
    matches!(fault, Fault::Status(404 | 405 | 501))
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
    use std::time::Duration;

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
