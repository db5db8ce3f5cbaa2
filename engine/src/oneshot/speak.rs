//! A text spoken for somebody else, phrase by phrase.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use janet_audio::Resampler;
use janet_models::vits;
use janet_talk::{PhraseId, ReplyId};

use super::inbox::Inbox;
use super::{Seat, WITHIN};
use crate::arbiter::{Class, Ticket};
use crate::ports::{Phrase, Speech, Voicing};
use crate::session::{Outbox, Piece, Run2, VoiceJob, What};
use crate::{EngineError, VoiceChoice};

/// Samples per second of everything that is spoken.
pub const SPEECH_HZ: u32 = 24_000;

/// Why was logged where it happened.
const FAILED: EngineError = EngineError::Failed { role: "tts" };

/// What is to be said.
pub struct SpeakAsk {
    /// The text, of any length: as much of it is held as sound as a phrase has.
    pub text: String,
    /// Who speaks.
    pub voice: VoiceChoice,
    /// 1 is the voice's own pace; 0.25 to 4.
    pub speed: f32,
}

/// A text being spoken.
pub struct Speaking {
    phrases: VecDeque<String>,
    stage: Stage,
    /// Which of the server's voices speaks, while one does; its own voice speaks from the first
    /// failure to the end.
    server: Option<Option<String>>,
    speed: f32,
    seed: u64,
    phrase: u16,
    resampler: Option<Resampler>,
    inbox: Arc<Inbox>,
    seat: Seat,
}

enum Stage {
    /// The next phrase has not begun: what was made of the one before is out.
    Between,
    /// Her own voice is at a phrase.
    Own(Ticket),
    /// A server is at this phrase, and has made this much of it. It goes out whole: what a server
    /// does not say to the end is said by her own voice, and nobody hears it twice.
    Server(Ticket, String, Vec<f32>),
    /// The end was told.
    Over,
}

impl Seat {
    /// Begins to speak.
    pub fn speak(self, ask: SpeakAsk) -> Speaking {
        let parts = self.parts();
        let text = parts.gate.redact(&ask.text).into_owned();
        let server = match ask.voice {
            VoiceChoice::Configured => Some(None),
            VoiceChoice::Server(name) => Some(Some(name)),
            VoiceChoice::Own => None,
        };
        Speaking {
            phrases: janet_talk::phrases(&text).into(),
            stage: Stage::Between,
            server,
            speed: ask.speed,
            seed: parts.config.seed ^ self.number(),
            phrase: 0,
            resampler: None,
            inbox: Arc::new(Inbox::default()),
            seat: self,
        }
    }
}

impl Speaking {
    /// The next sound (mono, −1 to 1, at [`SPEECH_HZ`]); `None`: all is said. A phrase begins when
    /// the sound of the one before was taken. After the end, and after an error, it is not polled
    /// any more.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Vec<f32>>, EngineError>> {
        self.inbox.listen(cx);
        loop {
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Between => match self.phrases.pop_front() {
                    Some(text) => self.stage = self.begin(text)?,
                    None => return Poll::Ready(Ok(None)),
                },
                Stage::Own(ticket) => {
                    // Looked at before the inbox: what came until the end is in there then.
                    let has_ended = ticket.has_ended();
                    let (sound, last) = match self.inbox.take() {
                        Some(What::Sound(Piece {
                            samples,
                            rate_hz,
                            last,
                            ..
                        })) => (self.resampled(&samples, rate_hz, last)?, last),
                        Some(_) => return Poll::Ready(Err(FAILED)),
                        None if has_ended => return Poll::Ready(Err(FAILED)),
                        None => {
                            self.stage = Stage::Own(ticket);
                            return Poll::Pending;
                        }
                    };
                    self.stage = if last {
                        Stage::Between
                    } else {
                        Stage::Own(ticket)
                    };
                    if !sound.is_empty() {
                        return Poll::Ready(Ok(Some(sound)));
                    }
                }
                Stage::Server(ticket, text, mut held) => {
                    let has_ended = ticket.has_ended();
                    match self.inbox.take() {
                        Some(What::Sound(Piece {
                            samples,
                            rate_hz,
                            last,
                            ..
                        })) => {
                            held.extend(self.resampled(&samples, rate_hz, last)?);
                            if last {
                                self.stage = Stage::Between;
                                return Poll::Ready(Ok(Some(held)));
                            }
                            self.stage = Stage::Server(ticket, text, held);
                        }
                        Some(_) => self.speak_own_instead(text),
                        None if has_ended => self.speak_own_instead(text),
                        None => {
                            self.stage = Stage::Server(ticket, text, held);
                            return Poll::Pending;
                        }
                    }
                }
                Stage::Over => return Poll::Ready(Err(EngineError::Ended)),
            }
        }
    }

    fn begin(&mut self, text: String) -> Result<Stage, EngineError> {
        let phrase = PhraseId(self.phrase);
        // A number names a phrase among those near it.
        self.phrase = self.phrase.wrapping_add(1);
        let parts = self.seat.parts();
        let server = parts.speech.as_ref();
        // A server that is down at the first phrase, or at a later one, speaks no more of this text.
        self.server = self
            .server
            .take()
            .filter(|voice| server.is_some_and(|server| server.is_up(voice.as_deref())));
        // Nothing to say: not every server takes that for an answer.
        let is_said = text.contains(char::is_alphanumeric);
        if let (Some(server), Some(voice), true) = (server, &self.server, is_said) {
            let speech = Speech::new(phrase, text.len(), None);
            let (voicing, ticket) = Voicing::new(&self.inbox, ReplyId(0), speech);
            let asked = Phrase {
                text: text.clone(),
                speed: self.speed,
                voice: voice.clone(),
            };
            server.speak(asked, voicing);
            return Ok(Stage::Server(ticket, text, Vec::new()));
        }
        let job = VoiceJob {
            out: Outbox::new(&self.inbox, ReplyId(0)),
            voice: parts.models.voice.clone(),
            options: vits::SpeakOptions {
                seed: self.seed ^ u64::from(phrase.0),
                length_scale: 1.0 / self.speed,
                ..vits::SpeakOptions::default()
            },
            phrase,
            text,
            run: Run2::Begin,
            class: Class::Request,
        };
        let started = parts
            .submit
            .submit(Box::new(job), WITHIN, self.inbox.waker());
        Ok(Stage::Own(started.map_err(|_| EngineError::QueueFull)?))
    }

    fn speak_own_instead(&mut self, text: String) {
        metrics::counter!("janet_tts_fallbacks_total").increment(1);
        self.server = None;
        self.resampler = None;
        self.phrases.push_front(text);
        self.stage = Stage::Between;
    }

    fn resampled(
        &mut self,
        samples: &[f32],
        from_hz: u32,
        last: bool,
    ) -> Result<Vec<f32>, EngineError> {
        let resampler = match &mut self.resampler {
            Some(resampler) if resampler.from_hz() == from_hz => resampler,
            none => {
                let new = Resampler::new(from_hz, SPEECH_HZ);
                none.insert(new.map_err(|error| {
                    tracing::error!(%error, "the voice cannot be resampled");
                    FAILED
                })?)
            }
        };
        let mut sound = Vec::with_capacity(samples.len() * 2);
        resampler.process_into(samples, &mut sound);
        if last {
            resampler.flush_into(&mut sound);
        }
        Ok(sound)
    }
}

impl Drop for Speaking {
    fn drop(&mut self) {
        self.inbox.close();
        if let Stage::Own(ticket) | Stage::Server(ticket, ..) = &self.stage {
            ticket.cancel();
        }
    }
}
