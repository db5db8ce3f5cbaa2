//! Sessions in which more is said than questions: the red thread, commands, announcements.

use std::time::Duration;

use fastrand::Rng;

use super::oracle::Property;
use super::plan::{Deed, Kind, Plan, Sound};
use super::schedule::Event;
use super::world::{WINDOW, World, name};
use crate::red_thread::{WORDS, pulls, pulls_at_the_end};
use crate::{Action, Input, MicMode, Mono};

/// So long after its last sound the red thread is pulled at the latest: if somebody goes on speaking,
/// with the next partial transcript.
const PULLED_WITHIN: Duration = Duration::from_millis(3500);
/// What happens to the microphone this near may keep it from being heard.
const NEAR: Duration = Duration::from_millis(700);

/// When the red thread was pulled and cleared, and how soon it was.
#[derive(Debug, Default)]
pub(super) struct Threads {
    /// From, and until.
    pub(super) stopped: Vec<(Mono, Option<Mono>)>,
    /// When the microphone was opened, closed, put on hold or taken off it.
    pub(super) touched: Vec<Mono>,
    /// When the microphone was closed.
    pub(super) closed: Vec<(Mono, Option<Mono>)>,
    /// When the conversation was on hold.
    pub(super) holds: Vec<(Mono, Option<Mono>)>,
    /// From the end of the words to the pull; those over her voice.
    pub(super) over_her_voice: Vec<Duration>,
}

/// Whether somebody else takes these words: some of the words that a person says, if they are all that
/// is said, and whatever is made of her own voice.
pub(super) fn takes(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let (Some(first), None) = (words.next(), words.next()) else {
        return !text.trim().is_empty() && text.split_whitespace().all(is_hers);
    };
    let number = first.strip_prefix(['w', 't']).and_then(|n| n.parse().ok());
    is_hers(first) || number.is_some_and(|n: u32| n.is_multiple_of(3))
}

/// Whether only she says this word.
fn is_hers(word: &str) -> bool {
    word.starts_with(['a', 'n'])
}

impl Threads {
    pub(super) fn new() -> Self {
        Self {
            closed: vec![(Mono::ZERO, None)],
            ..Self::default()
        }
    }
}

impl Plan {
    /// Puts in what ordinary sessions do not have.
    pub(super) fn say_more(&mut self, rng: &mut Rng) {
        let end = self.calm_from.as_millis();
        for id in 0..rng.u32(0..5) {
            let at = Mono::from_millis(rng.u64(0..end));
            // Somebody has much to tell.
            let times = if rng.u8(0..12) == 0 { 11 } else { 1 };
            for more in 0..times {
                self.deeds.push((at, Deed::Announce(id * 100 + more)));
            }
            if rng.u8(0..4) == 0 {
                let later = at + Duration::from_millis(rng.u64(0..3000));
                self.deeds.push((later, Deed::Retract(id * 100)));
            }
        }
        // A word that is alone may be a command.
        for n in 0..rng.u32(0..3) {
            if let Some(at) = self.gap(rng, 400) {
                let word = 3 * (1000 + n);
                self.put(at, 400, Kind::Word(word));
            }
        }
        for _ in 0..rng.u32(0..3) {
            let long = rng.u64(450..800);
            // Within what is being said, or anywhere.
            let at = match self.sounds.len() {
                0 => None,
                sounds if rng.bool() => Some(self.sounds[rng.usize(0..sounds)].from),
                _ => Some(Mono::from_millis(rng.u64(500..end + 1500))),
            };
            if let Some(at) = at.filter(|_| self.has_mic()) {
                self.sounds.retain(|sound| {
                    sound.to <= at || sound.from >= at + Duration::from_millis(long)
                });
                self.put(at, long, Kind::RedThread);
            }
        }
        self.deeds.sort_by_key(|(at, _)| *at);
    }

    fn has_mic(&self) -> bool {
        self.deeds
            .iter()
            .any(|(_, deed)| matches!(deed, Deed::Open(_)))
    }

    /// A moment at which nothing is said for so long, and nothing near it.
    fn gap(&self, rng: &mut Rng, long: u64) -> Option<Mono> {
        let at = Mono::from_millis(rng.u64(500..self.calm_from.as_millis() + 2000));
        let room = Duration::from_millis(2500);
        let (from, to) = (at - room, at + Duration::from_millis(long) + room);
        let busy = self.sounds.iter().any(|s| s.to > from && s.from < to);
        (!busy && self.has_mic()).then_some(at)
    }

    fn put(&mut self, from: Mono, long: u64, kind: Kind) {
        let to = from + Duration::from_millis(long);
        self.sounds.push(Sound { from, to, kind });
        self.sounds.sort_by_key(|sound| sound.from);
        self.calm_from = self.calm_from.max(to + Duration::from_secs(1));
    }
}

impl World {
    /// An input with words was handed in.
    pub(super) fn judge_words(&mut self, input: &Input) {
        let (Input::Partial { text, .. } | Input::Transcript { text, .. }) = input else {
            return;
        };
        // Whether more was said by then only she knows.
        let waits = matches!(input, Input::Partial { .. }) && pulls_at_the_end(text);
        if pulls(text) && !waits && !self.oracle.stopped {
            let detail = format!("{text:?} at {} stops nobody", self.now);
            self.oracle.breach(Property::TheRedThreadIsPulled, detail);
        }
    }

    /// The red thread was pulled by words, or from outside.
    pub(super) fn on_pulled(&mut self, by_words: bool) {
        self.excuse(Mono::ZERO, self.now + Duration::from_millis(500));
        if self.oracle.stopped && !by_words {
            return;
        }
        self.oracle.stopped = true;
        self.words.stopped.push((self.now, None));
        if by_words {
            let later = self.now + Duration::from_millis(self.rng.u64(100..3000));
            self.at(later, Event::Deed(Deed::Clear));
            let spoken = |s: &&Sound| s.kind == Kind::RedThread && s.from <= self.now;
            let last = self.plan.sounds.iter().rfind(spoken);
            if let Some(last) = last
                && self.trouble == 0
                && self.now < self.plan.calm_from
                && self.sounded_to + Duration::from_millis(500) >= last.from
            {
                self.words.over_her_voice.push(self.now.since(last.to));
            }
        }
    }

    pub(super) fn on_cleared(&mut self) {
        if let Some((_, until)) = self.words.stopped.last_mut() {
            until.get_or_insert(self.now);
        }
    }

    /// After the session: whether all that was said of the red thread pulled it.
    pub(super) fn check_threads(&mut self) {
        if self.trouble > 0 || self.plan.mode != MicMode::HandsFree {
            return;
        }
        let threads = self.plan.sounds.iter();
        let threads = threads.filter(|sound| sound.kind == Kind::RedThread);
        for sound in threads.cloned().collect::<Vec<_>>() {
            let late = sound.to + PULLED_WITHIN;
            let from = sound.from - NEAR;
            let touched = self.words.touched.iter();
            let touched = touched.filter(|at| (from..=late).contains(*at)).count();
            if late > self.plan.calm_from {
                continue;
            }
            let opened = self.words.touched.iter().any(|at| *at < from);
            let stopped =
                self.words.stopped.iter().any(|(since, until)| {
                    *since <= late && until.is_none_or(|until| until >= from)
                });
            if opened && touched == 0 && !stopped && !self.was_closed(sound.from) {
                let detail = format!("{} .. {} stops nobody", sound.from, sound.to);
                self.oracle.breach(Property::TheRedThreadIsPulled, detail);
            }
        }
    }

    /// Whether nobody listened then.
    fn was_closed(&self, at: Mono) -> bool {
        let holds = self.words.holds.iter();
        holds
            .chain(&self.words.closed)
            .any(|(from, to)| *from <= at && to.is_none_or(|to| at <= to))
    }

    /// What only announcements and commands promise.
    pub(super) fn judge_words_of_hers(&mut self, action: &Action) {
        match action {
            Action::RedThread { .. } => self.on_pulled(true),
            // Several words may come from several parts of a turn, none of which is all that was said.
            Action::Prepare { reply, text } if self.takes(text) && !text.contains(' ') => {
                let detail = format!("{reply} answers {text:?} at {}", self.now);
                self.oracle.breach(Property::CommandsAreNotAnswered, detail);
            }
            Action::Command {
                user_text,
                speech_end,
                ..
            } => {
                // What is left of a word that was cut off reads as hers here, and would as something else.
                let from = *speech_end - Duration::from_millis(600);
                let mut sounds = self.plan.sounds.iter();
                let beside = sounds.any(|sound| sound.to > from && sound.from < *speech_end);
                if user_text.split_whitespace().any(is_hers) && !beside {
                    let detail = format!("{user_text:?} at {}", self.now);
                    self.oracle.breach(Property::HerOwnVoiceIsNoCommand, detail);
                }
            }
            // What is said while the red thread is cleared is known with the next window.
            Action::Announce { id, spoken, .. }
                if *spoken
                    && self.last_window_spoke
                    && self.plan.mode == MicMode::HandsFree
                    && self.disturbed + WINDOW * 2 < self.now =>
            {
                let detail = format!("{id} is announced at {} into speech", self.now);
                self.oracle
                    .breach(Property::NeverSpeaksOverTheOperator, detail);
            }
            Action::AnnouncementOver {
                reply,
                id,
                text,
                heard,
            } => {
                *self.announced.entry(*id).or_default() -= 1;
                let Some(reply) = reply else {
                    return;
                };
                let sound = self.sounds.entry(*reply).or_default();
                let unheard =
                    |word: &str| sound.ends.get(word).is_none_or(|end| *end > sound.played);
                let whole = sound.made > 0 && sound.played >= sound.made;
                if sound.spoken && text.split_whitespace().any(unheard) || (*heard && !whole) {
                    let detail = format!("{id} keeps {text:?}, heard: {heard}, of {sound:?}");
                    self.oracle
                        .breach(Property::HistoryHoldsOnlyWhatWasHeard, detail);
                }
            }
            _ => {}
        }
    }

    pub(super) fn takes(&self, text: &str) -> bool {
        self.says_more && takes(text)
    }

    pub(super) fn announcement(&mut self, id: u32) -> String {
        *self.announced.entry(id).or_default() += 1;
        let words = (0..self.rng.u32(1..14)).map(|n| match n % 5 {
            4 => format!("n{n}b{id}."),
            _ => format!("n{n}b{id}"),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    pub(super) fn check_announcements(&mut self) {
        for (id, missing) in std::mem::take(&mut self.announced) {
            if missing != 0 {
                let detail = format!("{id} has not ended once but {missing} times too rarely");
                self.oracle
                    .breach(Property::EveryAnnouncementEndsOnce, detail);
            }
        }
    }
}

/// What a recogniser hears of this sound in such a span: whatever has its middle there.
pub(super) fn word_of(sound: &Sound, from: Mono, to: Mono) -> Option<String> {
    let part = |of: u64| {
        let middle = Mono(sound.from.0 + (sound.to.0 - sound.from.0) * of / 4);
        from <= middle && middle < to
    };
    match sound.kind {
        // Two words, one behind the other.
        Kind::RedThread => match (part(1), part(3)) {
            (true, true) => Some(WORDS.to_owned()),
            (true, false) => Some("red".to_owned()),
            (false, true) => Some("thread".to_owned()),
            (false, false) => None,
        },
        _ if !part(2) => None,
        Kind::Word(word) => Some(name(word)),
        Kind::Nod => Some("yeah".to_owned()),
        Kind::Click => None,
    }
}
