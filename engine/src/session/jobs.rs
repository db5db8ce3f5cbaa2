//! Model work of one session, as jobs of the arbiter. Each posts its results to the core.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use janet_models::{ModelError, Step, llm, smart_turn, vits, whisper};
use janet_talk::{Finish, PhraseId, ReplyId, Stage};

use super::announcing::gated;
use super::courtesy::Courtesy;
use super::places::Place;
use super::posted::{Mouth, Piece, Posted, Results, What};
use crate::Cause;
use crate::arbiter::{Class, Job, Outcome};
use crate::models::Models;
use crate::ports::Gate;

/// Where a job's results go; keeps what the queue had no room for.
pub(crate) struct Outbox {
    to: Arc<dyn Results>,
    reply: ReplyId,
    unsent: VecDeque<What>,
    spent: Duration,
}

/// Core time is reported once this much has come together, and at the end.
const REPORT_EVERY: Duration = Duration::from_millis(50);

impl Outbox {
    pub(crate) fn new<R: Results + 'static>(to: &Arc<R>, reply: ReplyId) -> Self {
        let to: Arc<R> = Arc::clone(to);
        Self {
            to,
            reply,
            unsent: VecDeque::new(),
            spent: Duration::ZERO,
        }
    }

    pub(super) fn post(&mut self, what: What) {
        self.unsent.push_back(what);
        self.send();
    }

    /// Whether everything is sent. A job goes on only then, so `unsent` holds one step's results.
    pub(super) fn send(&mut self) -> bool {
        if self.to.is_closed() {
            self.unsent.clear();
            return true;
        }
        while let Some(what) = self.unsent.pop_front() {
            if let Err(back) = self.to.push(Posted {
                reply: self.reply,
                what,
            }) {
                self.unsent.push_front(back.what);
                self.to.poke();
                return false;
            }
        }
        self.to.poke();
        true
    }

    /// Whether anybody still takes it.
    pub(super) fn is_wanted(&self) -> bool {
        !self.to.is_closed()
    }

    pub(super) fn poke(&self) {
        self.to.poke();
    }

    fn fail(&mut self, stage: Stage, error: &(dyn std::error::Error + 'static)) -> Outcome {
        tracing::warn!(reply = %self.reply, ?stage, error, "a stage failed");
        self.post(What::Failed(stage));
        self.end()
    }

    /// Adds up core time; tells it now and then, so that the core is not woken at every step.
    pub(super) fn spend(&mut self, partial: bool, began: Instant, outcome: Outcome) -> Outcome {
        self.spent += began.elapsed();
        if outcome == Outcome::Done || self.spent > REPORT_EVERY {
            let core = std::mem::take(&mut self.spent);
            self.post(What::Spent { partial, core });
        }
        outcome
    }

    pub(super) fn end(&mut self) -> Outcome {
        if self.unsent.is_empty() {
            Outcome::Done
        } else {
            Outcome::Again
        }
    }
}

/// The stages share this shape: begin on a worker (tokenising and feature extraction take
/// milliseconds), then step until done.
enum Run<A, R> {
    Begin(A),
    Going(R),
    Over,
}

/// Asks Smart Turn whether a turn is complete.
pub(super) struct TurnJob {
    pub(super) out: Outbox,
    pub(super) models: Arc<Models>,
    pub(super) run: Begin<smart_turn::TurnJob>,
}

/// A job that begins with samples.
pub(super) struct Begin<R>(Run<Vec<f32>, R>);

impl<R> Begin<R> {
    pub(super) const fn with(pcm: Vec<f32>) -> Self {
        Self(Run::Begin(pcm))
    }
}

impl Job for TurnJob {
    fn class(&self) -> Class {
        Class::Final
    }

    fn step(&mut self) -> Outcome {
        if !self.out.send() {
            return Outcome::Again;
        }
        let began = Instant::now();
        let outcome = match std::mem::replace(&mut self.run.0, Run::Over) {
            Run::Begin(pcm) => match self.models.turn.begin(&pcm) {
                Ok(job) => {
                    self.run.0 = Run::Going(job);
                    Outcome::Again
                }
                Err(error) => self.out.fail(Stage::Turn, &error),
            },
            Run::Going(mut job) => match job.step() {
                Ok(Step::More) => {
                    self.run.0 = Run::Going(job);
                    Outcome::Again
                }
                Ok(Step::Ready(complete)) => {
                    self.out.post(What::Score(complete));
                    self.out.end()
                }
                Err(error) => self.out.fail(Stage::Turn, &error),
            },
            Run::Over => self.out.end(),
        };
        self.out.spend(false, began, outcome)
    }
}

/// Turns speech into gated text.
pub(super) struct SpeechJob {
    pub(super) out: Outbox,
    pub(super) models: Arc<Models>,
    pub(super) gate: Arc<dyn Gate>,
    pub(super) pass: janet_talk::Pass,
    /// The samples passed the VAD.
    pub(super) voiced: bool,
    pub(super) run: Begin<whisper::TranscribeJob>,
}

/// A text that is no good may be drawn anew until so long after the hearing began: somebody waits.
const MOST_DRAWING: Duration = Duration::from_millis(500);
/// While she is held, not at all: a hum drawn anew is another hum, and the rest of it is to be heard.
const MOST_DRAWING_HELD: Duration = Duration::ZERO;

impl Job for SpeechJob {
    fn class(&self) -> Class {
        match self.pass {
            janet_talk::Pass::Partial => Class::Partial,
            // She is held until it is known.
            janet_talk::Pass::Overheard | janet_talk::Pass::Final => Class::Final,
        }
    }

    fn step(&mut self) -> Outcome {
        if !self.out.send() {
            return Outcome::Again;
        }
        let began = Instant::now();
        let partial = self.pass != janet_talk::Pass::Final;
        let outcome = match std::mem::replace(&mut self.run.0, Run::Over) {
            Run::Begin(pcm) => {
                let pass = match self.pass {
                    janet_talk::Pass::Partial => whisper::Pass::Partial,
                    // A hum reads as words at the first look, and is known at the second.
                    janet_talk::Pass::Overheard | janet_talk::Pass::Final => whisper::Pass::Final,
                };
                let drawing = match self.pass {
                    janet_talk::Pass::Overheard => MOST_DRAWING_HELD,
                    janet_talk::Pass::Partial | janet_talk::Pass::Final => MOST_DRAWING,
                };
                let voiced = self.voiced;
                let options = whisper::Options {
                    pass,
                    voiced,
                    language: self.models.language,
                    deadline: Some(Instant::now() + drawing),
                    ..whisper::Options::default()
                };
                match self.models.stt.begin(pcm, options) {
                    Ok(job) => {
                        self.run.0 = Run::Going(job);
                        Outcome::Again
                    }
                    Err(error) => self.out.fail(Stage::Transcribe, &error),
                }
            }
            Run::Going(mut job) => match job.step() {
                Ok(Step::More) => {
                    self.run.0 = Run::Going(job);
                    Outcome::Again
                }
                Ok(Step::Ready(heard)) => {
                    let text = gated(&*self.gate, heard.text.trim());
                    self.out.post(if partial {
                        What::Partial {
                            text,
                            doubtful: heard.is_doubtful(),
                        }
                    } else {
                        What::Transcript(text)
                    });
                    self.out.end()
                }
                Err(error) => self.out.fail(Stage::Transcribe, &error),
            },
            Run::Over => self.out.end(),
        };
        self.out.spend(partial, began, outcome)
    }
}

/// What the language model is asked.
pub(crate) enum Ask {
    /// An answer to the last message, by the language server if one is up.
    Answer(Vec<llm::Message>),
    /// An answer by the engine's own model: the server had none.
    OwnAnswer(Vec<llm::Message>),
    /// An answer by the engine's own model to a conversation that is not shortened.
    Whole(Vec<llm::Message>),
    /// Nothing but the cache filled with these messages and the beginning of the user's next.
    Prefill(Vec<llm::Message>, String),
}

/// Runs the language model.
pub(crate) struct AnswerJob {
    pub(crate) out: Outbox,
    pub(crate) models: Arc<Models>,
    pub(crate) owner: u64,
    pub(crate) sampling: llm::Sampling,
    pub(crate) run: Asking,
    pub(crate) waits: Waits,
    // Dropped after the run, whose slot it stands for.
    pub(crate) _place: Place,
}

/// Who waits for an answer.
pub(crate) enum Waits {
    /// Somebody in a conversation.
    Session,
    /// Nobody: everything else goes first.
    Nobody,
    /// Other software. It takes what conversations leave; where one waits for its place it hurries,
    /// and gives way in the end.
    Request(Courtesy),
}

/// How far the asking is.
pub(crate) enum Asking {
    Begin(Ask),
    Answering(Box<llm::Generation>),
    Prefilling(Box<llm::Prefill>),
    Over,
}

impl AnswerJob {
    fn begin(&mut self, ask: Ask) -> Outcome {
        let (llm, owner) = (&self.models.llm, self.owner);
        let begun = match ask {
            Ask::Answer(messages) | Ask::OwnAnswer(messages) => {
                llm.begin(owner, &messages, self.sampling.clone())
            }
            Ask::Whole(messages) => llm.begin_whole(owner, &messages, self.sampling.clone()),
            Ask::Prefill(messages, words) => {
                return match llm.prefill(owner, &messages, &words) {
                    Ok(going) => self.go(Asking::Prefilling(Box::new(going))),
                    // Work ahead of time: its failure shows when the answer is asked for.
                    Err(_) => Outcome::Done,
                };
            }
        };
        match begun {
            Ok(going) => self.go(Asking::Answering(Box::new(going))),
            Err(error) => {
                if let ModelError::TooLong { tokens, limit } = error {
                    self.out
                        .post(What::Because(Cause::TooLong { tokens, limit }));
                }
                self.out.fail(Stage::Generate, &error)
            }
        }
    }

    fn go(&mut self, run: Asking) -> Outcome {
        self.run = run;
        Outcome::Again
    }

    fn answer(&mut self, mut going: Box<llm::Generation>) -> Outcome {
        match going.step() {
            Ok(llm::LlmStep::More) => self.go(Asking::Answering(going)),
            Ok(llm::LlmStep::Text(text)) => {
                if !text.is_empty() {
                    self.out.post(What::Token(text));
                }
                self.go(Asking::Answering(going))
            }
            Ok(llm::LlmStep::Done(finish)) => {
                let usage = going.usage();
                let posted = What::Generated {
                    finish: match finish {
                        llm::Finish::EndOfTurn | llm::Finish::Stop => Finish::Complete,
                        llm::Finish::MaxTokens | llm::Finish::ContextFull => Finish::Length,
                    },
                    ids: usage.generated.to_vec(),
                    cached: u32::try_from(usage.cached).unwrap_or(u32::MAX),
                    new: u32::try_from(usage.new).unwrap_or(u32::MAX),
                };
                self.out.post(posted);
                self.out.end()
            }
            Err(error) => self.out.fail(Stage::Generate, &error),
        }
    }
}

impl Job for AnswerJob {
    fn class(&self) -> Class {
        match (&self.run, &self.waits) {
            (Asking::Prefilling(_) | Asking::Begin(Ask::Prefill(..)), _) | (_, Waits::Nobody) => {
                Class::Partial
            }
            (_, Waits::Request(courtesy)) if !courtesy.hurries() => Class::Request,
            (_, Waits::Request(_) | Waits::Session) => Class::Token,
        }
    }

    fn step(&mut self) -> Outcome {
        if !self.out.send() {
            return Outcome::Again;
        }
        let began = Instant::now();
        if let Waits::Request(courtesy) = &mut self.waits
            && !matches!(self.run, Asking::Over)
            && courtesy.gives_way(began)
        {
            self.run = Asking::Over;
            self.out.post(What::GaveWay);
        }
        let ahead = matches!(self.waits, Waits::Nobody)
            || matches!(
                self.run,
                Asking::Prefilling(_) | Asking::Begin(Ask::Prefill(..))
            );
        let outcome = match std::mem::replace(&mut self.run, Asking::Over) {
            Asking::Begin(ask) => self.begin(ask),
            Asking::Answering(going) => self.answer(going),
            Asking::Prefilling(mut going) => match going.step() {
                Ok(Step::More) => self.go(Asking::Prefilling(going)),
                Ok(Step::Ready(())) | Err(_) => Outcome::Done,
            },
            Asking::Over => self.out.end(),
        };
        self.out.spend(ahead, began, outcome)
    }
}

/// Erases what the language model's cache holds of an ended conversation.
pub(crate) struct ForgetJob {
    pub(crate) models: Arc<Models>,
    pub(crate) owner: u64,
}

impl Job for ForgetJob {
    fn class(&self) -> Class {
        Class::Partial
    }

    fn step(&mut self) -> Outcome {
        if let Err(error) = self.models.llm.forget(self.owner) {
            tracing::error!(%error, "a conversation's cache could not be erased");
        }
        Outcome::Done
    }
}

/// Speaks one phrase.
pub(crate) struct VoiceJob {
    pub(crate) out: Outbox,
    pub(crate) voice: vits::Voice,
    pub(crate) phrase: PhraseId,
    pub(crate) text: String,
    pub(crate) options: vits::SpeakOptions,
    pub(crate) run: Run2,
    /// [`Class::FirstSound`] until the first chunk of this phrase, if somebody waits for it.
    pub(crate) class: Class,
}

/// The voice's run: it begins with the text.
pub(crate) enum Run2 {
    Begin,
    Going(Box<vits::SpeakJob>),
    Over,
}

impl Job for VoiceJob {
    fn class(&self) -> Class {
        self.class
    }

    fn step(&mut self) -> Outcome {
        if !self.out.send() {
            return Outcome::Again;
        }
        let began = Instant::now();
        let outcome = match std::mem::replace(&mut self.run, Run2::Over) {
            Run2::Begin => match self.voice.begin(&self.text, self.options.clone()) {
                Ok(job) => {
                    self.run = Run2::Going(Box::new(job));
                    Outcome::Again
                }
                Err(error) => self.out.fail(Stage::Speak, &error),
            },
            Run2::Going(mut job) => match job.step() {
                Ok(vits::SpeakStep::More) => {
                    self.run = Run2::Going(job);
                    Outcome::Again
                }
                Ok(vits::SpeakStep::Sound {
                    samples,
                    upto_byte,
                    phonemes,
                }) => {
                    if self.class == Class::FirstSound {
                        self.class = Class::MoreSound;
                    }
                    self.out.post(What::Sound(Piece {
                        phrase: self.phrase,
                        samples,
                        rate_hz: self.voice.sample_rate_hz(),
                        upto_byte,
                        last: false,
                        mouth: Mouth::Phonemes(phonemes),
                    }));
                    self.run = Run2::Going(job);
                    Outcome::Again
                }
                Ok(vits::SpeakStep::Done) => {
                    self.out.post(What::Sound(Piece {
                        phrase: self.phrase,
                        samples: Vec::new(),
                        rate_hz: self.voice.sample_rate_hz(),
                        upto_byte: self.text.len(),
                        last: true,
                        mouth: Mouth::Phonemes(Vec::new()),
                    }));
                    self.out.end()
                }
                Err(error) => self.out.fail(Stage::Speak, &error),
            },
            Run2::Over => self.out.end(),
        };
        self.out.spend(false, began, outcome)
    }
}
