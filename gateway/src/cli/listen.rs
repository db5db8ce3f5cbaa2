//! `janet listen`: a recording as text.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::ensure;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use janet_engine::hear::hear;
use janet_models::whisper::{Transcription, Word};
use serde_json::{Value, json};

use super::out::outln;
use super::{loading, sound};
use crate::config::{Config, Request};

/// Longest recording: two hours are 460 MB of samples.
const LONGEST: Duration = Duration::from_secs(2 * 3600);

/// Flags of `janet listen`.
#[derive(Debug, Args)]
pub(super) struct Listen {
    /// The recording, a WAV file of any rate; - reads standard input
    input: PathBuf,
    /// What is spoken: auto, or a code such as de; needs a multilingual model, such as
    /// --set models.stt=whisper-base
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
    /// Print every word on a line of its own: start and end in seconds, probability, word
    #[arg(long)]
    words: bool,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

impl Listen {
    /// Adds what was given to the request for settings.
    pub(super) fn flags(&self, request: &mut Request) {
        if let Some(language) = &self.language {
            let (flag, key) = ("--language".to_owned(), "stt.language".to_owned());
            request.flags.push((flag, key, language.clone()));
        }
    }

    /// Listens and prints.
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<()> {
        let speech = sound::read(&self.input, LONGEST)?;
        let (models, _weights) = loading::models(config, "listen")?;
        let sound_s = speech.len() as f64 / 16_000.0;
        // On standard error, and hidden where that is no terminal.
        let style = ProgressStyle::with_template("{bar:30} {pos} of {len} s heard, {eta} left")?;
        let bar = ProgressBar::new(sound_s.ceil() as u64).with_style(style);
        let began = Instant::now();
        let heard = hear(&models, speech, self.words, &mut |done| {
            bar.set_position((f64::from(done) * sound_s) as u64);
        })?;
        bar.finish_and_clear();
        if self.json {
            let took_s = began.elapsed().as_secs_f64();
            outln!("{}", self.object(&heard, sound_s, took_s))?;
            return Ok(());
        }
        ensure!(
            !heard.text.is_empty(),
            "nobody speaks in {}",
            sound::shown(&self.input)
        );
        if self.words {
            for word in &heard.words {
                outln!("{}", line(word))?;
            }
        } else {
            outln!("{}", heard.text)?;
        }
        Ok(())
    }

    fn object(&self, heard: &Transcription, sound_s: f64, took_s: f64) -> Value {
        let mut object = json!({ "text": heard.text, "sound_s": sound_s, "took_s": took_s });
        if let Some(language) = &heard.language {
            object["language"] = json!(language.code);
            object["language_probability"] = json!(language.probability);
        }
        if self.words {
            let hundredths = |seconds: f32| (f64::from(seconds) * 100.0).round() / 100.0;
            let word = |word: &Word| {
                json!({
                    "word": word.text, "start_s": hundredths(word.start_s),
                    "end_s": hundredths(word.end_s), "probability": hundredths(word.probability),
                })
            };
            object["words"] = heard.words.iter().map(word).collect();
        }
        object
    }
}

fn line(word: &Word) -> String {
    let Word {
        text,
        start_s,
        end_s,
        probability,
    } = word;
    format!("{start_s:8.2} {end_s:8.2} {probability:5.2}  {text}")
}

#[cfg(test)]
mod tests {
    use janet_models::whisper::Spoken;

    use super::*;

    fn heard() -> Transcription {
        Transcription {
            text: "Go on.".into(),
            language: Some(Spoken {
                code: "en".into(),
                probability: 0.5,
            }),
            words: vec![Word {
                text: "Go".into(),
                start_s: 0.12,
                end_s: 61.5,
                probability: 0.875,
            }],
            ..Transcription::default()
        }
    }

    #[test]
    fn a_word_is_a_line_with_its_times() {
        assert_eq!(line(&heard().words[0]), "    0.12    61.50  0.88  Go");
    }

    #[test]
    fn words_are_in_the_object_only_when_they_are_asked_for() {
        let listen = |words| Listen {
            input: PathBuf::from("-"),
            language: None,
            words,
            json: true,
        };
        let with = listen(true).object(&heard(), 2.0, 0.5);
        assert_eq!(
            with["words"],
            json!([{ "word": "Go", "start_s": 0.12, "end_s": 61.5, "probability": 0.88 }])
        );
        assert_eq!(
            (&with["language"], &with["language_probability"]),
            (&json!("en"), &json!(0.5))
        );
        let without = listen(false).object(&heard(), 2.0, 0.5);
        assert_eq!(
            (without.get("words"), &without["text"]),
            (None, &json!("Go on."))
        );
    }

    #[test]
    fn a_language_is_a_setting_and_is_named_as_the_flag() {
        let listen = Listen {
            input: PathBuf::from("-"),
            language: Some("de".into()),
            words: false,
            json: false,
        };
        let mut request = Request::default();
        listen.flags(&mut request);
        let flag = ("--language".into(), "stt.language".into(), "de".into());
        assert_eq!(request.flags, [flag]);
    }
}
