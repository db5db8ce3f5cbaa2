//! A fake room, a fake engine and a fake ear around one [`Turn`], on virtual time.
//!
//! Speech recognition knows which words lie in a span; everything takes a random time, may fail,
//! come late or never, and answers for cancelled work still arrive now and then.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::time::Duration;

use fastrand::Rng;

use super::oracle::{Life, Oracle, Property};
use super::plan::{Deed, Kind, Plan, Sound};
use crate::fault::Fault;
use crate::{
    Action, Config, Ending, Finish, Input, MicMode, Mono, Pass, ReplyId, Span, Stage, Turn,
    UtteranceId,
};

const WINDOW: Duration = Duration::from_millis(32);
/// Speech that lasts this long must have silenced her.
const POLITE: Duration = Duration::from_millis(260);
/// Her voice comes back from the loudspeaker this much later.
const ECHO_DELAY: Duration = Duration::from_millis(80);
const SAMPLES_PER_WORD: u64 = 6000;

#[derive(Clone, Debug)]
enum Event {
    Deed(Deed),
    Window {
        at: Mono,
        opened: Mono,
    },
    Answer(Input),
    /// The ear tells how far it is.
    Ear,
}

struct Scheduled {
    at: Mono,
    order: u32,
    event: Event,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}
impl Eq for Scheduled {}
impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// The sound that a reply has made.
#[derive(Debug, Default)]
struct Sounding {
    made: u64,
    played: u64,
    /// Where each spoken word ends.
    ends: BTreeMap<String, u64>,
    /// Until when the voice is busy: it makes one phrase after the other.
    busy_to: Mono,
    spoken: bool,
}

pub(super) struct World {
    rng: Rng,
    now: Mono,
    turn: Turn,
    pub(super) oracle: Oracle,
    plan: Plan,
    events: BinaryHeap<Reverse<Scheduled>>,
    order: u32,
    out: Vec<Action>,
    /// Chance in 1000 that a job fails, is very late or never answers.
    trouble: u32,
    lag: Duration,
    mic: Option<Mono>,
    /// Words after this were said to a closed microphone, or cut off by its closing.
    closed_at: Mono,
    next_sound: usize,
    speaking_since: Option<Mono>,
    last_window_spoke: bool,
    sounds: BTreeMap<ReplyId, Sounding>,
    playing: Option<ReplyId>,
    held: bool,
    played_to: Mono,
    ear_scheduled: bool,
    next_tag: u32,
    uploads: BTreeMap<UtteranceId, String>,
    speak_tags: BTreeSet<u32>,
    /// Words that nobody can demand an answer to.
    excused: BTreeSet<u32>,
    /// How loud her voice comes back, if it does.
    echo_db: Option<f32>,
    /// Until when she was last heard in the room.
    sounded_to: Mono,
    /// What happened, if anybody wants to read it.
    pub(super) log: Option<Vec<String>>,
    /// Before this, what happened may have interrupted her rightly.
    disturbed: Mono,
}

impl World {
    pub(super) fn new(seed: u64, fault: Option<Fault>) -> Self {
        let mut rng = Rng::with_seed(seed);
        let plan = Plan::draw(&mut rng);
        let config = Config {
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
        // An echo is 20 dB under the person, a bad one much louder.
        let echo_db = [None, None, None, Some(-42.0), Some(-31.0)][rng.usize(0..5)];
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
        self.trouble = 0;
        self.deed(Deed::Clear);
        self.run_until(calm + Duration::from_secs(70));
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
        let mut lost = Vec::new();
        for sound in &self.plan.sounds {
            let Kind::Word(word) = sound.kind else {
                continue;
            };
            let name = name(word);
            let times = answered.iter().filter(|said| **said == name).count();
            if times > 1 || (times == 0 && !self.excused.contains(&word)) {
                lost.push(format!(
                    "{name} ({}) was answered {times} times",
                    sound.from
                ));
            }
        }
        if !lost.is_empty() {
            self.oracle
                .breach(Property::AllSaidIsAnsweredOnce, lost.join("; "));
        }
    }

    fn at(&mut self, at: Mono, event: Event) {
        self.order += 1;
        self.events.push(Reverse(Scheduled {
            at,
            order: self.order,
            event,
        }));
    }

    fn after(&mut self, millis: std::ops::Range<u64>, input: Input) {
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

    fn answer(&mut self, input: Input) {
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
            self.handle(input);
            return;
        }
        // Cancelled work that answers all the same.
        if self.rng.u8(0..3) > 0 {
            return;
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
        if deed != Deed::Commit {
            self.disturbed = self.now;
        }
        match deed {
            Deed::Open(mode) => {
                if self.mic.is_none() {
                    self.mic = Some(self.now);
                    let (at, opened) = (self.now + WINDOW, self.now);
                    self.at(at + self.lag, Event::Window { at, opened });
                    self.excuse(self.closed_at, self.now + Duration::from_millis(500));
                }
                self.handle(Input::MicOpen(mode));
            }
            Deed::Close => {
                self.close();
                self.handle(Input::MicClose);
            }
            Deed::Gone => {
                self.close();
                // Nobody waits for an answer any more.
                self.excuse(Mono::ZERO, self.now + Duration::from_millis(500));
                self.handle(Input::Gone);
            }
            Deed::Commit => self.handle(Input::Commit),
            Deed::Interrupt => self.handle(Input::Interrupt),
            Deed::RedThread => {
                self.excuse(Mono::ZERO, self.now + Duration::from_millis(500));
                self.oracle.stopped = true;
                self.handle(Input::RedThread);
            }
            Deed::Clear => {
                if self.oracle.stopped {
                    self.excuse(Mono::ZERO, self.now + Duration::from_millis(500));
                }
                self.oracle.stopped = false;
                self.handle(Input::RedThreadCleared);
            }
            Deed::Text { speak } => {
                let tag = self.tag(speak);
                self.handle(Input::Text {
                    text: format!("t{tag}"),
                    speak,
                    tag,
                });
            }
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

    fn close(&mut self) {
        if self.mic.take().is_some() {
            self.closed_at = self.now - Duration::from_millis(500);
        }
        self.speaking_since = None;
        self.last_window_spoke = false;
    }

    fn excuse(&mut self, from: Mono, to: Mono) {
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
        self.speaking_since = spoken.then(|| self.speaking_since.unwrap_or(at - WINDOW));
        let next = self.next_window(at);
        self.at(next + self.lag, Event::Window { at: next, opened });
        self.last_window_spoke = spoken;
        let echo = self.echo_db.filter(|_| self.sounded_to + ECHO_DELAY >= at);
        let (speech, level_db) = match (spoken, echo) {
            (true, _) => (0.9, -22.0),
            (false, Some(level)) => (0.9, level + 3.0 * self.rng.f32()),
            (false, None) => (0.01, -70.0),
        };
        self.handle(Input::Vad {
            at,
            speech,
            level_db,
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

    /// Long silences are not worth a window each.
    fn next_window(&self, at: Mono) -> Mono {
        if self.echo_db.is_some() && at < self.plan.calm_from {
            return at + WINDOW;
        }
        let sounds = &self.plan.sounds;
        let before = self
            .next_sound
            .checked_sub(1)
            .and_then(|before| sounds.get(before));
        let quiet_before =
            before.is_none_or(|sound| at.since(sound.to) > Duration::from_millis(2500));
        let next = sounds.get(self.next_sound);
        match next {
            Some(sound) if quiet_before && sound.from > at + WINDOW * 6 => {
                let spare = sound.from.since(at).as_millis() as u64 / 32 - 3;
                at + WINDOW * spare as u32
            }
            None if quiet_before => at + Duration::from_secs(2),
            _ => at + WINDOW,
        }
    }

    fn is_sounding(&self) -> bool {
        let playing = self.playing.and_then(|reply| self.sounds.get(&reply));
        !self.held && playing.is_some_and(|sound| sound.played < sound.made)
    }

    /// Lets the speaker play up to now.
    fn play(&mut self) {
        if self.is_sounding() {
            self.sounded_to = self.now;
        }
        let passed = self.now.since(self.played_to).as_micros() as u64 * 24 / 1000;
        self.played_to = self.now;
        if !self.held
            && let Some(sound) = self.playing.and_then(|reply| self.sounds.get_mut(&reply))
        {
            sound.played = (sound.played + passed).min(sound.made);
        }
    }

    fn listen(&mut self) {
        let playing = self.playing.and_then(|reply| self.sounds.get(&reply));
        if !self.ear_scheduled && playing.is_some() {
            self.ear_scheduled = true;
            self.at(self.now + Duration::from_millis(100), Event::Ear);
        }
    }

    fn obey(&mut self) {
        for action in std::mem::take(&mut self.out) {
            if let Some(log) = &mut self.log {
                log.push(format!("{}      -> {action:?}", self.now));
            }
            self.judge_action(&action);
            self.oracle.observe(self.now, &action);
            self.act(action);
        }
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

    /// What only the room and the ear can tell.
    fn judge_action(&mut self, action: &Action) {
        match action {
            Action::Disregard { tag: Some(_), .. } => self.disturbed = self.now,
            Action::Release {
                tag: None, reply, ..
            } if self.last_window_spoke => {
                let detail = format!("{reply} is released at {} into speech", self.now);
                self.oracle
                    .breach(Property::NeverSpeaksOverTheOperator, detail);
            }
            Action::Finish {
                reply,
                text,
                ending,
                ..
            } => {
                let sound = self.sounds.entry(*reply).or_default();
                let spoken = sound.spoken;
                if spoken {
                    for word in text.split_whitespace() {
                        if sound.ends.get(word).is_none_or(|end| *end > sound.played) {
                            let detail = format!("{reply} keeps {word}, {sound:?}");
                            self.oracle
                                .breach(Property::HistoryHoldsOnlyWhatWasHeard, detail);
                            break;
                        }
                    }
                }
                if *ending == Ending::Interrupted
                    && spoken
                    && let Some(property) = self.interrupted_by_nobody()
                {
                    self.oracle
                        .breach(property, format!("{reply} at {}", self.now));
                }
            }
            _ => {}
        }
    }

    /// Whom an interruption by nothing but a nod, or nothing at all, blames.
    fn interrupted_by_nobody(&self) -> Option<Property> {
        let since = self.now - Duration::from_millis(3000);
        let quiet = self.trouble == 0 && self.disturbed < since;
        if !quiet || self.plan.mode != MicMode::HandsFree {
            return None;
        }
        let mut near = self
            .plan
            .sounds
            .iter()
            .filter(|s| s.to > since && s.from < self.now);
        match (near.next().map(|sound| sound.kind), near.next()) {
            (None, _) => Some(Property::HerEchoDoesNotStopHer),
            (Some(Kind::Nod), None) if self.echo_db.is_none() => Some(Property::ANodDoesNotStopHer),
            _ => None,
        }
    }

    /// What speech recognition makes of her own voice.
    fn echoed(&self, to: Mono) -> String {
        let sound = self.playing.and_then(|reply| self.sounds.get(&reply));
        let Some(sound) = sound.filter(|_| self.echo_db.is_some()) else {
            return String::new();
        };
        let ago = self.now.since(to).as_millis() as u64 * 24;
        let here = sound.played.saturating_sub(ago);
        let near = sound
            .ends
            .iter()
            .filter(|(_, end)| **end <= here && **end + 16_000 > here);
        near.map(|(word, _)| word.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::ScoreTurn { reply, to, .. } => self.score(reply, to),
            Action::Transcribe { reply, span, pass } => self.transcribe(reply, span, pass),
            Action::Prepare { reply, .. } => self.generate(reply),
            Action::Speak {
                reply,
                phrase,
                text,
            } => {
                if self.trouble_strikes() {
                    let input = Input::Failed {
                        reply,
                        stage: Stage::Speak,
                    };
                    self.after(10..300, input);
                    return;
                }
                let sound = self.sounds.entry(reply).or_default();
                let words: Vec<&str> = text.split(' ').collect();
                let before = sound.ends.values().max().copied().unwrap_or(0);
                for (place, word) in words.iter().enumerate() {
                    let end = before + SAMPLES_PER_WORD * (place as u64 + 1);
                    sound.ends.insert((*word).to_owned(), end);
                }
                let half = words.len() / 2;
                let upto: usize = words[..half].iter().map(|word| word.len() + 1).sum();
                let first =
                    sound.busy_to.max(self.now) + Duration::from_millis(self.rng.u64(20..200));
                let second = first + Duration::from_millis(30);
                sound.busy_to = second;
                let voiced = |words: usize, upto_byte: usize, last: bool| {
                    let samples = (SAMPLES_PER_WORD * words as u64) as u32;
                    Event::Answer(Input::Voiced {
                        reply,
                        phrase,
                        samples,
                        upto_byte,
                        last,
                    })
                };
                if half > 0 {
                    self.at(first, voiced(half, upto.saturating_sub(1), false));
                }
                self.at(second, voiced(words.len() - half, text.len(), true));
            }
            Action::Release { reply, tag, .. } => {
                self.playing = Some(reply);
                self.held = false;
                let spoken = tag.is_none_or(|tag| self.speak_tags.contains(&tag));
                self.sounds.entry(reply).or_default().spoken = spoken;
                self.listen();
            }
            Action::Pause => self.held = true,
            Action::Resume => self.held = false,
            Action::Flush => {
                self.held = false;
                if let Some(sound) = self.playing.and_then(|reply| self.sounds.get_mut(&reply)) {
                    sound.made = sound.played;
                }
            }
            Action::Finish { reply, .. } if self.playing == Some(reply) => self.playing = None,
            _ => {}
        }
    }

    fn trouble_strikes(&mut self) -> bool {
        self.rng.u32(0..1000) < self.trouble
    }

    fn score(&mut self, reply: ReplyId, to: Mono) {
        let goes_on = self
            .plan
            .sounds
            .iter()
            .any(|sound| sound.from > to && sound.from < to + Duration::from_millis(900));
        let complete = match (goes_on, self.rng.u8(0..5)) {
            (_, 0) => self.rng.f32(),
            (true, _) => 0.02,
            (false, _) => 0.9,
        };
        let input = match self.trouble_strikes() {
            true if self.rng.bool() => return,
            true => Input::Failed {
                reply,
                stage: Stage::Turn,
            },
            false => Input::TurnScore { reply, complete },
        };
        self.after(15..90, input);
        let core = Duration::from_millis(self.rng.u64(10..400));
        self.after(
            90..120,
            Input::Spent {
                reply,
                partial: false,
                core,
            },
        );
    }

    fn transcribe(&mut self, reply: ReplyId, span: Span, pass: Pass) {
        let text = match span {
            Span::Upload(id) => self.uploads.get(&id).cloned().unwrap_or_default(),
            Span::Mic { from, to } => {
                let within = |sound: &&Sound| {
                    let middle = Mono((sound.from.0 + sound.to.0) / 2);
                    from <= middle && middle < to
                };
                let heard = self.plan.sounds.iter().filter(within);
                let words = heard.filter_map(|sound| match sound.kind {
                    Kind::Word(word) => Some(name(word)),
                    Kind::Nod => Some("yeah".to_owned()),
                    Kind::Click => None,
                });
                let words = words.collect::<Vec<_>>().join(" ");
                if words.is_empty() {
                    self.echoed(to)
                } else {
                    words
                }
            }
        };
        let trouble = self.trouble_strikes();
        let mut takes = 20..220;
        let mut input = match pass {
            Pass::Partial => Input::Partial { reply, text },
            Pass::Final => Input::Transcript { reply, text },
        };
        if trouble {
            if let Span::Mic { from, to } = span {
                // Late words are not excused: they must be answered when they come.
                if pass == Pass::Partial {
                    self.excuse(from, to);
                }
            }
            match self.rng.u8(0..3) {
                0 => takes = 600..2500,
                1 => {
                    self.excuse_span(span);
                    input = Input::Failed {
                        reply,
                        stage: Stage::Transcribe,
                    };
                }
                _ => {
                    self.excuse_span(span);
                    return;
                }
            }
        }
        self.after(takes, input);
    }

    fn excuse_span(&mut self, span: Span) {
        if let Span::Mic { from, to } = span {
            self.excuse(from - Duration::from_secs(1), to + Duration::from_secs(1));
        }
    }

    fn generate(&mut self, reply: ReplyId) {
        let trouble = self.trouble_strikes();
        let words = self.rng.u64(1..30);
        let mut at = self.rng.u64(20..120);
        for word in 0..words {
            let stop = ["", "", "", "", ",", "."][self.rng.usize(0..6)];
            let text = format!("a{word}b{}{stop} ", reply.0);
            let when = self.now + Duration::from_millis(at);
            self.at(when, Event::Answer(Input::Token { reply, text }));
            at += self.rng.u64(1..40);
        }
        let when = self.now + Duration::from_millis(at);
        let end = match trouble {
            // It hangs.
            true if self.rng.bool() => return,
            true => Input::Failed {
                reply,
                stage: Stage::Generate,
            },
            false => Input::Generated {
                reply,
                finish: Finish::Complete,
            },
        };
        self.at(when, Event::Answer(end));
    }
}

fn name(word: u32) -> String {
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
        | Input::Heard { reply, .. }
        | Input::Failed { reply, .. } => Some(*reply),
        _ => None,
    }
}
