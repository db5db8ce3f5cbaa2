//! A session as the pacer sees it: a plain struct that is stepped.
//!
//! Drains what the transport and the jobs left, hands it to the conversation as inputs with their
//! times, and obeys the actions. Decides nothing itself; never waits, never runs a model but the
//! VAD (0.1 ms per 32 ms of sound, behind an energy gate) and, on speech over her voice, the
//! comparison of the two.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use janet_audio::Line;
use janet_face::tone::Mood;
use janet_models::llm;
use janet_models::visemes::Visemes;
use janet_talk::red_thread::pulls;
use janet_talk::{Action, Input, Mono, ReplyId, Stage, Turn, UtteranceId, Why};

use super::acts::ToldAct;
use super::announcing::gated;
use super::command::Command;
use super::digest::Digest;
use super::face;
use super::jobs::{Ask, ForgetJob};
use super::listen::Ear;
use super::live::Live;
use super::loopback::Loopback;
use super::places::{Number, Places};
use super::posted::{Posted, What};
use super::shared::{EVENTS_RESERVED, Shared};
use super::thoughts::Thoughts;
use super::{Role, SessionSpec};
use crate::arbiter::{Submit, Ticket};
use crate::histogram::Histogram;
use crate::models::Models;
use crate::ports::{Attendant, Gate, LanguageServer, Memory, SpeechServer};
use crate::record::Recorder;
use crate::{Cause, EngineConfig, Event, Mark, ModelChoice, VoiceChoice};

/// Rate in which `talk` counts played samples; a line at 48 kHz is counted in halves.
pub(super) const TALK_HZ: u64 = 24_000;
/// After a session its prompt's cache is erased, once nobody waits for a core.
const FORGET_WITHIN: Duration = Duration::from_secs(2);
/// Uploaded utterances that wait to be transcribed.
const UPLOADS: usize = 8;

/// What all sessions of an engine share.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) models: Arc<Models>,
    pub(crate) gate: Arc<dyn Gate>,
    /// Another process's language model, preferred while it is up.
    pub(crate) server: Option<Arc<dyn LanguageServer>>,
    /// Another process's voice, preferred while it is up.
    pub(crate) speech: Option<Arc<dyn SpeechServer>>,
    /// Reads the mouth's shapes from that voice.
    pub(crate) visemes: Option<Visemes>,
    pub(crate) submit: Submit,
    pub(crate) config: Arc<EngineConfig>,
    /// What the language model is told first, in what begins from now on.
    pub(crate) system_prompt: Arc<Mutex<Arc<str>>>,
    /// Answers that may still begin: the language model's free slots.
    pub(crate) llm_places: Arc<Places>,
    /// From a push of microphone samples to their judgement.
    pub(crate) vad_late: Arc<Histogram>,
}

impl Parts {
    /// What the language model is told first.
    pub(crate) fn system_prompt(&self) -> Arc<str> {
        let prompt = self.system_prompt.lock();
        Arc::clone(&prompt.unwrap_or_else(PoisonError::into_inner))
    }
}

/// One session.
pub(crate) struct Core {
    pub(super) parts: Parts,
    pub(super) shared: Arc<Shared>,
    /// Names this session in logs and owns its slot of the language model.
    pub(super) number: u64,
    pub(super) turn: Turn,
    pub(super) actions: Vec<Action>,
    /// Inputs that obeying an action brought about; handed in after it.
    pub(super) inputs: VecDeque<Input>,
    pub(super) ear: Ear,
    pub(super) line: Option<Box<Line>>,
    /// The microphone is heard back, and not listened to.
    pub(super) looped: Option<Loopback>,
    pub(super) live: HashMap<ReplyId, Live>,
    pub(super) uploads: HashMap<UtteranceId, Vec<f32>>,
    pub(super) history: Vec<llm::Message>,
    /// What stands for the history's beginning in prompts.
    pub(super) digest: Digest,
    /// The language model's job of this session: one at a time, because they share a slot.
    pub(super) llm_lane: Option<(ReplyId, Ticket)>,
    pub(super) llm_waiting: VecDeque<(ReplyId, Ask)>,
    /// Since when: the number drawn for a place of the own model's.
    pub(super) llm_number: Option<Number>,
    /// The voice's job of this session: phrases are made in order.
    pub(super) voice_lane: Option<(ReplyId, Ticket)>,
    /// Attempts since the last released one, for the ledger.
    pub(super) speculations: u32,
    /// Requests that want their answer spoken.
    pub(super) spoken_tags: Vec<u32>,
    /// How fast the phrases that are made from now on are spoken.
    pub(super) voice_speed: f32,
    /// With which voice.
    pub(super) voice: VoiceChoice,
    /// Who makes the answers that begin from now on.
    pub(super) model: ModelChoice,
    pub(super) recorder: Option<Recorder>,
    /// Takes words that are no question to her.
    pub(super) attendant: Option<Arc<dyn Attendant>>,
    /// What is remembered of the user.
    pub(super) memory: Option<Arc<dyn Memory>>,
    /// The red thread is pulled.
    pub(super) is_stopped: bool,
    /// Something was put out since the transport was last woken.
    pub(super) told: bool,
    /// Whether the mouth moves: it has to be closed when her voice stops.
    pub(super) mouth_moves: bool,
    /// How she means what she says, as it was told last.
    pub(super) mood: Mood,
    /// What of that was told last.
    pub(super) told_acts: VecDeque<ToldAct>,
    /// Where the mouth was closed last, in the line's numbers.
    pub(super) closed_at: u64,
}

impl Core {
    pub(crate) fn new(parts: Parts, shared: Arc<Shared>, number: u64, spec: SessionSpec) -> Self {
        let config = &parts.config;
        let talk = janet_talk::Config {
            play_rate_hz: TALK_HZ as u32,
            ..config.talk.clone()
        };
        let mut history = vec![llm::Message::new(
            llm::Role::System,
            &*parts.system_prompt(),
        )];
        history.extend(spec.history.iter().map(|(role, text)| match role {
            Role::User => llm::Message::new(llm::Role::User, text),
            Role::Assistant => llm::Message::new(llm::Role::Assistant, text),
        }));
        let voice_speed = config.speed;
        let seed = config.seed ^ number;
        let context_tokens = config.context_tokens;
        let recorder = config
            .record_dir
            .as_ref()
            .and_then(|dir| Recorder::begin(dir, number, &talk, seed));
        Self {
            turn: Turn::new(talk, seed),
            ear: Ear::new(parts.models.vad.stream(), config.gate_db),
            parts,
            shared,
            number,
            actions: Vec::new(),
            inputs: VecDeque::new(),
            line: None,
            looped: None,
            live: HashMap::new(),
            uploads: HashMap::new(),
            history,
            digest: Digest::new(context_tokens),
            llm_lane: None,
            llm_waiting: VecDeque::new(),
            llm_number: None,
            voice_lane: None,
            speculations: 0,
            spoken_tags: Vec::new(),
            voice_speed,
            voice: VoiceChoice::default(),
            model: ModelChoice::default(),
            recorder,
            attendant: spec.attendant,
            memory: spec.memory,
            is_stopped: false,
            told: false,
            mouth_moves: false,
            mood: Mood::NEUTRAL,
            told_acts: VecDeque::new(),
            closed_at: 0,
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Goes as far as possible now. `false`: the session has ended.
    pub(crate) fn step(&mut self) -> bool {
        if self.shared.closed.load(Ordering::Acquire) {
            return false;
        }
        let now = Mono(self.shared.now_micros());
        self.follow_red_thread(now);
        while let Some(command) = self.shared.commands.pop() {
            self.take(now, command);
        }
        self.listen(now);
        while let Some(posted) = self.shared.results.pop() {
            self.take_result(now, posted);
        }
        self.pump_sound(now);
        while self.turn.poll_timeout().is_some_and(|(due, _)| due <= now) {
            if let Some(recorder) = &mut self.recorder {
                recorder.timers(now);
            }
            self.turn.handle_timeout(now, &mut self.actions);
            self.obey_all(now);
        }
        self.pump_digest(now);
        self.hurry_recalls(now);
        self.pump_models();
        if std::mem::take(&mut self.told) {
            self.shared.wake();
        }
        true
    }

    /// Hands an input to the conversation and obeys what comes of it.
    pub(super) fn feed(&mut self, now: Mono, input: Input) {
        self.inputs.push_back(input);
        while let Some(input) = self.inputs.pop_front() {
            if let Some(recorder) = &mut self.recorder {
                recorder.input(now, &input);
            }
            self.turn.handle(now, input, &mut self.actions);
            self.obey_all(now);
        }
    }

    pub(super) fn obey_all(&mut self, now: Mono) {
        // Obeying never adds actions: it only queues inputs.
        for action in std::mem::take(&mut self.actions) {
            self.obey(now, action);
        }
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.told = true;
        let events = &self.shared.events;
        let crowded = events.len() + EVENTS_RESERVED >= events.capacity();
        if crowded && event.can_be_missed() || events.push(event).is_err() {
            metrics::counter!("janet_session_events_dropped_total").increment(1);
        }
    }

    fn take(&mut self, now: Mono, command: Command) {
        match command {
            Command::Text { text, speak, tag } => {
                let text = gated(&*self.parts.gate, &text);
                let taken = self.takes(&text);
                self.want_spoken(tag, speak);
                let input = Input::Text {
                    text,
                    speak,
                    tag,
                    taken,
                };
                self.feed(now, input);
            }
            Command::Utterance {
                id,
                pcm_16k,
                speak,
                tag,
            } => {
                if self.uploads.len() >= UPLOADS {
                    self.tell(Event::Disregarded {
                        tag: Some(tag),
                        why: Why::TooMany,
                    });
                    return;
                }
                self.uploads.insert(id, pcm_16k);
                self.want_spoken(tag, speak);
                self.feed(now, Input::Utterance { id, speak, tag });
            }
            Command::MicOpen {
                reader,
                mut line,
                mode,
            } => {
                let was_moving = self.mouth_moves;
                self.silence(now);
                self.ear.open(reader, now);
                if let Some(before) = &self.line {
                    // Numbers go on: a client counts them per connection. What the old line cut
                    // may never have been told; it is told by the new one.
                    let heard = before.heard(now.0);
                    line.begin_at(before.end(), heard);
                    if was_moving {
                        line.cue(face::closed(heard));
                        self.mouth_moves = false;
                    }
                }
                self.line = Some(line);
                self.looped = None;
                self.ear.mode = mode;
                self.feed(now, Input::MicOpen(mode));
            }
            Command::Loop(on) => self.loop_back(now, on),
            Command::MicClose => {
                self.listen(now);
                self.looped = None;
                self.ear.close();
                self.feed(now, Input::MicClose);
            }
            Command::Settings(settings) => {
                self.voice_speed = settings.voice_speed.unwrap_or(self.voice_speed);
                if let Some(voice) = settings.voice {
                    self.voice = voice;
                }
                if let Some(model) = settings.model {
                    self.model = model;
                }
                if let (Some(prompt), Some(first)) =
                    (settings.system_prompt, self.history.first_mut())
                {
                    *first = llm::Message::new(llm::Role::System, prompt);
                }
                if let Some(sensitivity) = settings.sensitivity {
                    let (on, off) = sensitivity.thresholds(&self.parts.config.talk);
                    self.feed(now, Input::Thresholds { on, off });
                }
            }
            Command::Commit => {
                self.listen(now);
                self.feed(now, Input::Commit);
            }
            Command::Interrupt => self.feed(now, Input::Interrupt),
            Command::Hold => {
                self.listen(now);
                self.feed(now, Input::Hold);
            }
            Command::GoOn => {
                self.listen(now);
                self.feed(now, Input::GoOn);
            }
            Command::Played(sample) => {
                if let Some(line) = &mut self.line {
                    line.played(sample, now.0);
                }
            }
            Command::Announce { id, text } => {
                let text = self.parts.gate.redact(&text).into_owned();
                self.feed(now, Input::Announce { id, text });
            }
            Command::Retract(id) => self.feed(now, Input::Retract { id }),
            Command::Detach => {
                self.looped = None;
                self.ear.close();
                self.feed(now, Input::MicClose);
                self.feed(now, Input::Gone);
                self.line = None;
                self.tell(Event::Detached);
            }
        }
    }

    fn want_spoken(&mut self, tag: u32, speak: bool) {
        if speak {
            self.spoken_tags.push(tag);
        }
    }

    /// Before the line is replaced: whatever it still holds will not be heard.
    pub(super) fn silence(&mut self, now: Mono) {
        if self.line.is_some() {
            self.feed(now, Input::MicClose);
            self.feed(now, Input::Interrupt);
        }
    }

    fn listen(&mut self, now: Mono) {
        let pushed = self.shared.pushed_at.swap(0, Ordering::AcqRel);
        if let (Some(looped), Some(line)) = (&mut self.looped, &mut self.line) {
            looped.pass(&mut self.ear, line);
            return;
        }
        let windows = self.ear.drain(now, self.line.as_deref());
        if pushed > 0 {
            let late = Duration::from_micros(now.0.saturating_sub(pushed - 1));
            metrics::histogram!("janet_vad_late_seconds").record(late.as_secs_f64());
            self.parts.vad_late.record(late);
        }
        for window in windows {
            // Somebody is speaking, or about to.
            if matches!(window, Input::Vad { speech, .. } if self.turn.is_speech(speech)) {
                self.disturb_digest(now);
            }
            self.feed(now, window);
        }
    }

    fn take_result(&mut self, now: Mono, posted: Posted) {
        let Posted { reply, what } = posted;
        if self.digest.take(reply, &what, &*self.parts.gate) {
            if matches!(what, What::Generated { .. } | What::Failed(_)) {
                self.forget_digest();
            }
            return;
        }
        // What belongs to no live attempt is stale. `talk` drops it too; this keeps the tables
        // below free of it.
        let taken = matches!(&what, What::Transcript(text) if self.takes(text));
        let Some(live) = self.live.get_mut(&reply) else {
            let input = match what {
                What::Spent { partial, core } => Input::Spent {
                    reply,
                    partial,
                    core,
                },
                // It was said, whatever it was listened to for.
                What::Transcript(text) if pulls(&text) => Input::Transcript {
                    reply,
                    text,
                    taken: false,
                },
                What::Partial { text, doubtful } if pulls(&text) => Input::Partial {
                    reply,
                    text,
                    doubtful,
                },
                _ => return,
            };
            self.feed(now, input);
            return;
        };
        let input = match what {
            What::Score(complete) => {
                live.mark(Mark::TurnScore, now);
                Input::TurnScore { reply, complete }
            }
            What::Partial { text, doubtful } => Input::Partial {
                reply,
                text,
                doubtful,
            },
            What::Transcript(text) => {
                live.mark(Mark::Transcript, now);
                Input::Transcript { reply, text, taken }
            }
            What::Token(text) => {
                let text = live.thoughts.pass(&text);
                if text.is_empty() {
                    return;
                }
                if !text.trim().is_empty() {
                    live.asked = None;
                }
                live.mark(Mark::LlmFirst, now);
                Input::Token { reply, text }
            }
            What::Generated {
                finish,
                ids,
                cached,
                new,
            } => {
                let text = live.thoughts.end();
                if text.trim().is_empty() && self.ask_own_instead(reply) {
                    return;
                }
                let live = self.live.get_mut(&reply).expect("it was there above");
                live.mark(Mark::LlmLast, now);
                live.generated = Some(ids);
                live.prompt = (cached, new);
                if !text.is_empty() {
                    self.feed(now, Input::Token { reply, text });
                }
                Input::Generated { reply, finish }
            }
            What::Recalled(recalled) => {
                self.take_recalled(reply, recalled);
                return;
            }
            What::Sound(piece) => {
                self.take_sound(now, reply, piece);
                return;
            }
            What::Unspoken => {
                self.speak_own_instead(now, reply);
                return;
            }
            What::Spent { partial, core } => Input::Spent {
                reply,
                partial,
                core,
            },
            What::Because(cause) => {
                live.cause = Some(cause);
                return;
            }
            // Requests of other software do; nothing of a session's.
            What::GaveWay => return,
            What::Failed(Stage::Generate) if self.ask_own_instead(reply) => return,
            What::Failed(stage) => {
                let live = self.live.get_mut(&reply).expect("it was there above");
                live.cause.get_or_insert(Cause::Fault);
                Input::Failed { reply, stage }
            }
        };
        self.feed(now, input);
    }
}

impl Core {
    /// Where a language server was asked and showed nothing: the own model is asked.
    fn ask_own_instead(&mut self, reply: ReplyId) -> bool {
        let Some(live) = self.live.get_mut(&reply) else {
            return false;
        };
        let Some(messages) = live.asked.take() else {
            return false;
        };
        live.thoughts = Thoughts::default();
        metrics::counter!("janet_llm_fallbacks_total").increment(1);
        self.llm_waiting
            .push_front((reply, Ask::OwnAnswer(messages)));
        true
    }
}

impl Drop for Core {
    /// Nobody will take the results any more: every job of this session ends at its next step.
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        for live in self.live.values_mut() {
            live.cancel();
        }
        for (_, ticket) in self.llm_lane.iter().chain(&self.voice_lane) {
            ticket.cancel();
        }
        if self.digest.stop() {
            self.forget_digest();
        }
        let forget = ForgetJob {
            models: self.parts.models.clone(),
            owner: self.number,
        };
        if let Err(error) =
            self.parts
                .submit
                .submit(Box::new(forget), FORGET_WITHIN, Arc::new(|| {}))
        {
            // It is overwritten when another conversation gets the slot.
            tracing::debug!(%error, "a conversation's cache is not erased at once");
        }
    }
}
