//! A fake room, a fake engine and a fake ear around one [`Turn`], on virtual time.
//!
//! Speech recognition knows which words lie in a span; everything takes a random time, may fail,
//! come late or never, and answers for cancelled work still arrive now and then.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::time::Duration;

use fastrand::Rng;

use super::oracle::{Life, Oracle, Property};
use super::plan::{Deed, Kind, Plan};
use super::schedule::{Event, Scheduled};
use super::sounding::Sounding;
use super::words::Threads;
use super::{HOLDS, WORDS};
use crate::fault::Fault;
use crate::red_thread::pulls;
use crate::{Action, Config, Input, Mono, ReplyId, Stage, Turn, UtteranceId};

pub(super) const WINDOW: Duration = Duration::from_millis(32);
/// Speech that lasts this long must have silenced her.
const POLITE: Duration = Duration::from_millis(260);
/// She comes to rest in this time,
const CALM: Duration = Duration::from_secs(70);
/// and this for each request that still waits for its turn: a spoken answer of the fake voice.
const LONGEST_ANSWER: Duration = Duration::from_secs(10);

pub(super) struct World {
    pub(super) rng: Rng,
    pub(super) now: Mono,
    pub(super) turn: Turn,
    pub(super) oracle: Oracle,
    pub(super) plan: Plan,
    pub(super) events: BinaryHeap<Reverse<Scheduled>>,
    pub(super) order: u32,
    pub(super) out: Vec<Action>,
    /// Chance in 1000 that a job fails, is very late or never answers.
    pub(super) trouble: u32,
    pub(super) lag: Duration,
    /// How often the ear tells how far it is.
    pub(super) ear_every: Duration,
    pub(super) mic: Option<Mono>,
    /// Words after this were said to a closed microphone, or cut off by its closing.
    pub(super) closed_at: Mono,
    pub(super) next_sound: usize,
    pub(super) speaking_since: Option<Mono>,
    pub(super) last_window_spoke: bool,
    pub(super) sounds: BTreeMap<ReplyId, Sounding>,
    pub(super) playing: Option<ReplyId>,
    pub(super) held: bool,
    pub(super) played_to: Mono,
    pub(super) ear_scheduled: bool,
    pub(super) next_tag: u32,
    pub(super) uploads: BTreeMap<UtteranceId, String>,
    pub(super) speak_tags: BTreeSet<u32>,
    /// Words that nobody can demand an answer to.
    pub(super) excused: BTreeSet<u32>,
    /// How loud her voice comes back, if it does.
    pub(super) echo_db: Option<f32>,
    /// Until when she was last heard in the room.
    pub(super) sounded_to: Mono,
    /// What happened, if anybody wants to read it.
    pub(super) log: Option<Vec<String>>,
    /// Since when the conversation is on hold.
    pub(super) on_hold: Option<Mono>,
    /// Words that were said on hold from their first sound to their last.
    pub(super) unheard: BTreeSet<u32>,
    pub(super) hold_patience: Duration,
    /// Red threads, commands and announcements are part of it.
    pub(super) says_more: bool,
    pub(super) words: Threads,
    /// How often each announcement has yet to end.
    pub(super) announced: BTreeMap<u32, i32>,
    /// The end of her voice comes back late, and louder than what came before.
    pub(super) late_echo: bool,
    /// Whose sound was played last.
    pub(super) played_last: Option<ReplyId>,
    /// Before this, what happened may have interrupted her rightly.
    pub(super) disturbed: Mono,
}

impl World {
    pub(super) fn new(seed: u64, fault: Option<Fault>) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut plan = Plan::draw(&mut rng);
        // Drawn from numbers of its own.
        let mut other = Rng::with_seed(!seed);
        if (HOLDS..WORDS).contains(&seed) {
            plan.hold(&mut other);
        }
        if seed >= WORDS {
            plan.say_more(&mut other);
            if other.u8(0..5) == 0 {
                plan.hold(&mut other);
            }
        }
        let hold_patience = Duration::from_millis(other.u64(200..12_000));
        let config = Config {
            hold_patience,
            transcript_patience: Duration::from_millis(rng.u64(600..8000)),
            reply_patience: Duration::from_millis(rng.u64(3000..20_000)),
            longest_turn: Duration::from_millis(rng.u64(2500..30_000)),
            longest_reply: rng.usize(60..6000),
            waste_limit: if rng.u8(0..6) == 0 { 0.02 } else { 0.5 },
            ..Config::default()
        };
        let turn = match fault {
            Some(fault) => Turn::with_fault(config, seed, fault),
            None => Turn::new(config, seed),
        };
        let trouble = [0, 0, 30, 150][rng.usize(0..4)];
        let lag = Duration::from_millis(rng.u64(0..40));
        let ear_every = Duration::from_millis(rng.u64(50..400));
        // An echo is 20 dB under the person, a bad one much louder.
        let echo_db = [None, None, None, Some(-42.0), Some(-31.0)][rng.usize(0..5)];
        let late_echo = seed >= WORDS && other.u8(0..4) == 0;
        let echo_db = if late_echo { Some(-42.0) } else { echo_db };
        let mut world = Self {
            rng,
            now: Mono::ZERO,
            turn,
            oracle: Oracle::default(),
            events: BinaryHeap::new(),
            order: 0,
            out: Vec::new(),
            trouble,
            lag,
            ear_every,
            mic: None,
            closed_at: Mono::ZERO,
            next_sound: 0,
            speaking_since: None,
            last_window_spoke: false,
            sounds: BTreeMap::new(),
            playing: None,
            held: false,
            played_to: Mono::ZERO,
            ear_scheduled: false,
            next_tag: 0,
            uploads: BTreeMap::new(),
            speak_tags: BTreeSet::new(),
            excused: BTreeSet::new(),
            on_hold: None,
            unheard: BTreeSet::new(),
            hold_patience,
            says_more: seed >= WORDS,
            words: Threads::new(),
            late_echo,
            played_last: None,
            announced: BTreeMap::new(),
            disturbed: Mono::ZERO,
            echo_db,
            sounded_to: Mono::ZERO,
            log: None,
            plan,
        };
        for at in 0..world.plan.deeds.len() {
            let (at, deed) = world.plan.deeds[at];
            world.at(at, Event::Deed(deed));
        }
        world
    }

    /// Runs the session to its end and beyond, until nothing moves any more.
    pub(super) fn run(&mut self) {
        let calm = self.plan.calm_from;
        self.run_until(calm);
        self.check_threads();
        self.trouble = 0;
        self.deed(Deed::Clear);
        if self.on_hold.is_some() {
            self.deed(Deed::GoOn);
        }
        let announced: i32 = self.announced.values().sum();
        let asked = self.unanswered() + announced.unsigned_abs();
        self.run_until(calm + CALM + LONGEST_ANSWER * asked);
        self.at_rest("after the session");
        // The last question proves that she still listens.
        self.deed(Deed::Text { speak: true });
        let tag = self.next_tag - 1;
        self.run_until(self.now + Duration::from_secs(60));
        self.at_rest("after the last question");
        let released = self
            .oracle
            .answered
            .last()
            .is_some_and(|text| *text == format!("t{tag}"));
        if !released {
            self.oracle.breach(
                Property::SheComesToRest,
                "the last question is not answered".into(),
            );
        }
        if self.mic.is_none() {
            self.excuse(self.closed_at, self.now);
        }
        self.check_answers();
        self.check_announcements();
    }

    fn at_rest(&mut self, when: &str) {
        let open: Vec<(ReplyId, Life)> = self
            .oracle
            .lives
            .iter()
            .filter(|(_, life)| matches!(life, Life::Open | Life::Released))
            .map(|(reply, life)| (*reply, *life))
            .collect();
        for (reply, life) in open {
            let property = match life {
                Life::Released => Property::SheComesToRest,
                _ => Property::EveryAttemptEndsOnce,
            };
            self.oracle
                .breach(property, format!("{reply} is still {life:?} {when}"));
            self.oracle.lives.insert(reply, Life::Ended);
        }
        if self.held {
            self.oracle.breach(
                Property::SheComesToRest,
                format!("she is still held {when}"),
            );
        }
    }

    fn unanswered(&self) -> u32 {
        let waits = |tag: &u32| !self.oracle.tags.contains_key(tag);
        (0..self.next_tag).filter(waits).count() as u32
    }

    fn check_answers(&mut self) {
        for tag in 0..self.next_tag {
            let times = self.oracle.tags.get(&tag).copied().unwrap_or(0);
            if times != 1 {
                let detail = format!("request {tag} was answered {times} times");
                self.oracle
                    .breach(Property::EveryTaggedRequestIsAnsweredOnce, detail);
            }
        }
        let answered: Vec<&str> = self
            .oracle
            .answered
            .iter()
            .flat_map(|text| text.split_whitespace())
            .collect();
        let (mut lost, mut unheard) = (Vec::new(), Vec::new());
        for sound in &self.plan.sounds {
            let Kind::Word(word) = sound.kind else {
                continue;
            };
            let name = name(word);
            let times = answered.iter().filter(|said| **said == name).count();
            if times > 0 && self.unheard.contains(&word) {
                let detail = format!("{name} ({}) was answered", sound.from);
                unheard.push(detail);
            }
            if times > 1 || (times == 0 && !self.excused.contains(&word)) {
                lost.push(format!(
                    "{name} ({}) was answered {times} times",
                    sound.from
                ));
            }
        }
        if !unheard.is_empty() {
            self.oracle
                .breach(Property::OnHoldNothingIsHeard, unheard.join("; "));
        }
        if !lost.is_empty() {
            self.oracle
                .breach(Property::AllSaidIsAnsweredOnce, lost.join("; "));
        }
    }

    pub(super) fn at(&mut self, at: Mono, event: Event) {
        self.order += 1;
        self.events.push(Reverse(Scheduled {
            at,
            order: self.order,
            event,
        }));
    }

    pub(super) fn after(&mut self, millis: std::ops::Range<u64>, input: Input) {
        let at =
            self.now + Duration::from_micros(self.rng.u64(millis.start * 1000..millis.end * 1000));
        self.at(at, Event::Answer(input));
    }

    fn run_until(&mut self, until: Mono) {
        for _ in 0..200_000 {
            let event = self.events.peek().map(|Reverse(next)| next.at);
            let timer = self.turn.poll_timeout().map(|(at, _)| at);
            let Some(next) = [event, timer]
                .into_iter()
                .flatten()
                .min()
                .filter(|at| *at <= until)
            else {
                self.now = until;
                return;
            };
            self.now = self.now.max(next);
            self.play();
            if timer == Some(next) && event != Some(next) {
                let now = self.now;
                self.turn.handle_timeout(now, &mut self.out);
                self.obey();
            } else if let Some(Reverse(next)) = self.events.pop() {
                self.happen(next.event);
            }
        }
        self.oracle.breach(
            Property::NoTimerInThePast,
            "the session does not end".into(),
        );
        self.now = until;
    }

    fn handle(&mut self, input: Input) {
        let now = self.now;
        if let Some(log) = &mut self.log {
            log.push(format!("{now} <- {input:?}"));
        }
        self.turn.handle(now, input, &mut self.out);
        self.obey();
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Deed(deed) => self.deed(deed),
            Event::Window { at, opened } if self.mic == Some(opened) => self.window(at),
            Event::Window { .. } => {}
            Event::Ear => {
                self.ear_scheduled = false;
                if let Some(reply) = self.playing {
                    let sample = self.sounds.get(&reply).map_or(0, |sound| sound.played);
                    self.handle(Input::Heard { reply, sample });
                    self.listen();
                }
            }
            Event::Answer(input) => self.answer(input),
        }
    }

    fn answer(&mut self, mut input: Input) {
        let Some(reply) = id(&input) else {
            return self.handle(input);
        };
        if self.oracle.is_open(reply) {
            if matches!(
                input,
                Input::Partial { .. }
                    | Input::Failed {
                        stage: Stage::Transcribe,
                        ..
                    }
            ) {
                self.oracle.partial_answered(reply);
            }
            if let Input::Voiced { samples, .. } = input {
                self.sounds.entry(reply).or_default().made += u64::from(samples);
            }
            if let Input::TakenBack { samples, .. } = &mut input {
                // Of what was heard nothing can be taken back.
                let sound = self.sounds.entry(reply).or_default();
                *samples = sound.take_back(*samples);
            }
            self.handle(input.clone());
            self.judge_words(&input);
            return;
        }
        // Cancelled work that answers all the same.
        if self.rng.u8(0..3) > 0 {
            return;
        }
        if let Input::Partial { text, .. } | Input::Transcript { text, .. } = &input
            && pulls(text)
        {
            // What pulls the red thread has been said, whoever heard it.
            return self.handle(input);
        }
        let now = self.now;
        self.turn.handle_timeout(now, &mut self.out);
        self.obey();
        let stale = format!("{input:?} at {now}");
        self.turn.handle(now, input, &mut self.out);
        if !self.out.is_empty() {
            let detail = format!("{stale} gave {:?}", self.out);
            self.oracle.breach(Property::StaleIdsHaveNoEffect, detail);
        }
        self.obey();
    }

    fn deed(&mut self, deed: Deed) {
        if !matches!(
            deed,
            Deed::Commit | Deed::Hold | Deed::GoOn | Deed::Announce(_)
        ) {
            self.disturbed = self.now;
        }
        match deed {
            Deed::Open(mode) => {
                self.hold_ends();
                self.words.touched.push(self.now);
                if self.mic.is_none() {
                    if let Some((_, until)) = self.words.closed.last_mut() {
                        until.get_or_insert(self.now);
                    }
                    self.mic = Some(self.now);
                    let (at, opened) = (self.now + WINDOW, self.now);
                    self.at(at + self.lag, Event::Window { at, opened });
                    self.excuse(self.closed_at, self.now + Duration::from_millis(500));
                }
                self.handle(Input::MicOpen(mode));
            }
            Deed::Close => {
                self.hold_ends();
                self.close();
                self.handle(Input::MicClose);
            }
            Deed::Gone => {
                self.hold_ends();
                self.close();
                // Nobody waits for an answer any more.
                self.excuse(Mono::ZERO, self.now + Duration::from_millis(500));
                self.handle(Input::Gone);
            }
            Deed::Commit => self.handle(Input::Commit),
            Deed::Hold => {
                self.words.touched.push(self.now);
                self.hold_begins();
                self.handle(Input::Hold);
            }
            Deed::GoOn => {
                self.words.touched.push(self.now);
                self.hold_ends();
                self.handle(Input::GoOn);
            }
            Deed::Interrupt => self.handle(Input::Interrupt),
            Deed::RedThread => {
                self.on_pulled(false);
                self.handle(Input::RedThread);
            }
            Deed::Clear => {
                if self.oracle.stopped {
                    self.excuse(Mono::ZERO, self.now + Duration::from_millis(500));
                }
                self.oracle.stopped = false;
                self.on_cleared();
                self.handle(Input::RedThreadCleared);
            }
            Deed::Text { speak } => {
                let tag = self.tag(speak);
                let text = format!("t{tag}");
                let taken = self.takes(&text);
                self.handle(Input::Text {
                    text,
                    speak,
                    tag,
                    taken,
                });
            }
            Deed::Announce(id) => {
                let text = self.announcement(id);
                self.handle(Input::Announce { id, text });
            }
            Deed::Retract(id) => self.handle(Input::Retract { id }),
            Deed::Upload { speak } => {
                let tag = self.tag(speak);
                let id = UtteranceId(tag);
                let empty = self.rng.u8(0..5) == 0;
                let words = if empty {
                    String::new()
                } else {
                    format!("t{tag}")
                };
                self.uploads.insert(id, words);
                self.handle(Input::Utterance { id, speak, tag });
            }
        }
    }

    fn tag(&mut self, speak: bool) -> u32 {
        let tag = self.next_tag;
        self.next_tag += 1;
        if speak {
            self.speak_tags.insert(tag);
        }
        tag
    }

    pub(super) fn excuse(&mut self, from: Mono, to: Mono) {
        for sound in self
            .plan
            .sounds
            .iter()
            .filter(|sound| sound.to > from && sound.from < to)
        {
            if let Kind::Word(word) = sound.kind {
                self.excused.insert(word);
            }
        }
    }

    fn window(&mut self, at: Mono) {
        let Some(opened) = self.mic else { return };
        let is_heard = self.on_hold.is_none();
        let sounds = &self.plan.sounds;
        while sounds
            .get(self.next_sound)
            .is_some_and(|sound| sound.to + WINDOW < at)
        {
            self.next_sound += 1;
        }
        let middle = at - WINDOW / 2;
        let spoken = sounds[self.next_sound.min(sounds.len())..]
            .iter()
            .take(3)
            .any(|sound| sound.from <= middle && middle < sound.to);
        self.speaking_since =
            (spoken && is_heard).then(|| self.speaking_since.unwrap_or(at - WINDOW));
        let next = self.next_window(at);
        self.at(next + self.lag, Event::Window { at: next, opened });
        self.last_window_spoke = spoken && is_heard;
        let echo = self.echo_at(at);
        let (speech, level_db) = match (spoken, echo) {
            (true, _) => (0.9, -22.0),
            (false, Some(level)) => (0.9, level + 3.0 * self.rng.f32()),
            (false, None) => (0.01, -70.0),
        };
        self.handle(Input::Vad {
            at,
            speech,
            level_db,
            whose: crate::Whose::Unknown,
        });
        let long = self
            .speaking_since
            .is_some_and(|since| at.since(since) >= POLITE);
        if long && self.is_sounding() {
            let detail = format!(
                "at {} she sounds into speech since {:?}",
                self.now, self.speaking_since
            );
            self.oracle
                .breach(Property::NeverSpeaksOverTheOperator, detail);
        }
    }

    fn obey(&mut self) {
        for action in std::mem::take(&mut self.out) {
            if let Some(log) = &mut self.log {
                log.push(format!("{}      -> {action:?}", self.now));
            }
            self.judge_words_of_hers(&action);
            self.judge_action(&action);
            self.oracle.observe(self.now, &action);
            self.act(action);
        }
        self.judge_hold();
        if self
            .turn
            .poll_timeout()
            .is_some_and(|(at, _)| at <= self.now)
        {
            let detail = format!("{:?} at {}", self.turn.poll_timeout(), self.now);
            if self.oracle.breaches.len() < 20 {
                self.oracle.breach(Property::NoTimerInThePast, detail);
            }
        }
    }
}

pub(super) fn name(word: u32) -> String {
    format!("w{word}")
}

fn id(input: &Input) -> Option<ReplyId> {
    match input {
        Input::TurnScore { reply, .. }
        | Input::Partial { reply, .. }
        | Input::Transcript { reply, .. }
        | Input::Token { reply, .. }
        | Input::Generated { reply, .. }
        | Input::Voiced { reply, .. }
        | Input::TakenBack { reply, .. }
        | Input::Heard { reply, .. }
        | Input::Failed { reply, .. } => Some(*reply),
        _ => None,
    }
}
