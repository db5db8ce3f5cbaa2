//! A recording heard for somebody else.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use janet_models::Step;
use janet_models::whisper::{Transcription, Word};

use super::inbox::Inbox;
use super::{Seat, WITHIN};
use crate::EngineError;
use crate::arbiter::{Class, Job, Outcome, Ticket};
use crate::hear::Hearing;
use crate::models::Models;
use crate::ports::Gate;
use crate::session::{Number, Place};

/// Why was logged where it happened.
const FAILED: EngineError = EngineError::Failed { role: "stt" };
/// What the gate puts in a secret's place.
const SECRET: &str = "[secret]";

/// A recording to be heard.
pub struct Hear {
    stage: Stage,
    inbox: Arc<Inbox>,
    seat: Seat,
}

enum Stage {
    Lined(Number),
    /// Its samples may be made.
    Called(Place),
    Hearing {
        ticket: Ticket,
        heard: Heard,
        _turn: Place,
    },
    Over,
}

/// Where the job leaves what it heard; empty at its end: it failed.
type Heard = Arc<Mutex<Option<Transcription>>>;

impl Seat {
    /// Lines up for being heard.
    pub fn hear(self) -> Hear {
        let inbox = Arc::new(Inbox::default());
        let number = self.0.hearings.line_up_told(inbox.waker());
        Hear {
            stage: Stage::Lined(number),
            inbox,
            seat: self,
        }
    }
}

impl Hear {
    /// Ready once it is this recording's turn: only then it is decoded, so that of all that wait only
    /// what was sent is held.
    pub fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.inbox.listen(cx);
        if let Stage::Lined(number) = &self.stage {
            match number.take() {
                Some(place) => self.stage = Stage::Called(place),
                None => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }

    /// Begins to hear these samples (16 kHz, mono, −1 to 1) in its turn. `language` is a code such as
    /// `de`, or `auto`; `None`: as configured. `words`: with the words' times.
    pub fn begin(
        &mut self,
        pcm_16k: Vec<f32>,
        language: Option<&str>,
        words: bool,
    ) -> Result<(), EngineError> {
        let parts = self.seat.parts();
        let models = parts.models.clone();
        let language = match language {
            None => models.language,
            Some(name) => models
                .stt
                .language(name)
                .map_err(|error| EngineError::Refused {
                    field: "language",
                    source: error.into(),
                })?,
        };
        let Stage::Called(place) = std::mem::replace(&mut self.stage, Stage::Over) else {
            return Err(EngineError::Ended);
        };
        let heard = Heard::default();
        let job = HearJob {
            hearing: Hearing::new(&models, pcm_16k, language, words),
            models,
            heard: Arc::clone(&heard),
        };
        let started = parts
            .submit
            .submit(Box::new(job), WITHIN, self.inbox.waker());
        let ticket = started.map_err(|_| EngineError::QueueFull)?;
        self.stage = Stage::Hearing {
            ticket,
            heard,
            _turn: place,
        };
        Ok(())
    }

    /// What was heard, without secrets.
    pub fn poll_heard(&mut self, cx: &mut Context<'_>) -> Poll<Result<Transcription, EngineError>> {
        self.inbox.listen(cx);
        let Stage::Hearing { ticket, heard, .. } = &self.stage else {
            return Poll::Ready(Err(EngineError::Ended));
        };
        if !ticket.has_ended() {
            return Poll::Pending;
        }
        let heard = heard.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.stage = Stage::Over;
        let gated = heard.map(|heard| gated(heard, &*self.seat.parts().gate));
        Poll::Ready(gated.ok_or(FAILED))
    }
}

impl Drop for Hear {
    fn drop(&mut self) {
        if let Stage::Hearing { ticket, .. } = &self.stage {
            ticket.cancel();
            self.seat.parts().submit.sweep();
        }
    }
}

/// Turns a recording into text.
struct HearJob {
    hearing: Hearing,
    models: Arc<Models>,
    heard: Heard,
}

impl Job for HearJob {
    fn class(&self) -> Class {
        Class::Request
    }

    fn step(&mut self) -> Outcome {
        match self.hearing.step(&self.models) {
            Ok(Step::More) => Outcome::Again,
            Ok(Step::Ready(heard)) => {
                *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(heard);
                Outcome::Done
            }
            Err(error) => {
                tracing::warn!(%error, "a recording could not be heard");
                Outcome::Done
            }
        }
    }
}

/// Without secrets, in the text and in its words.
fn gated(mut heard: Transcription, gate: &dyn Gate) -> Transcription {
    let text = gate.redact(&heard.text).into_owned();
    if text != heard.text {
        heard.words = words_of(&text, heard.words);
        heard.tokens = Vec::new();
        heard.text = text;
    }
    heard
}

/// The words with those blanked that do not stand in `text` any more. Where it cannot be told which
/// those are, all are.
fn words_of(text: &str, mut words: Vec<Word>) -> Vec<Word> {
    let mut shown = text.split_whitespace().peekable();
    let mut in_secret = false;
    let mut is_sure = true;
    for word in &mut words {
        // A secret ends where the word behind it comes.
        match shown.peek() {
            Some(at) if at.contains(SECRET) => in_secret = true,
            Some(at) if *at == word.text => in_secret = false,
            _ if in_secret => {
                SECRET.clone_into(&mut word.text);
                continue;
            }
            _ => is_sure = false,
        }
        shown.next();
        if in_secret {
            SECRET.clone_into(&mut word.text);
        }
    }
    if !is_sure || shown.next().is_some() {
        for word in &mut words {
            SECRET.clone_into(&mut word.text);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, words: &str) -> String {
        let words = words.split_whitespace().map(|text| Word {
            text: text.to_owned(),
            start_s: 0.0,
            end_s: 0.0,
            probability: 1.0,
        });
        let words = words_of(text, words.collect());
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        texts.join(" ")
    }

    #[test]
    fn a_secret_is_blanked_word_by_word() {
        assert_eq!(
            shown("The pin is [secret] today.", "The pin is 4711 0815 today."),
            "The pin is [secret] [secret] today."
        );
        assert_eq!(shown("[secret]", "swordfish again"), "[secret] [secret]");
        assert_eq!(
            shown("It is [secret].", "It is swordfish."),
            "It is [secret]"
        );
    }

    #[test]
    fn where_it_is_not_sure_which_words_are_secret_all_are() {
        // Words of a language without spaces, or the word behind the secret stands in it, too.
        assert_eq!(
            shown("ab[secret]", "a b c d"),
            "[secret] [secret] [secret] [secret]"
        );
        let doubtful = shown("is [secret] blue", "is blue moon blue");
        assert!(!doubtful.contains("moon"), "{doubtful}");
    }
}
