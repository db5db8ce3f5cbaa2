//! One turn of the person at the microphone, from onset to release.
//!
//! Holds what is known of it: where its samples lie, which attempt at its end is in flight, which
//! partial transcript was asked for. Decides nothing; `turn::listen` and `turn::settle` do.
//!
//! ```text
//!  Speaking ──silence──▶ Pausing ──long enough, commit, microphone closed──▶ Over ──▶ released
//!     ▲                     │                                                 │
//!     └──── speech goes on: the attempt is cancelled, the turn is not ────────┘
//! ```

use std::time::Duration;

use crate::endpointer::{Look, Score, look};
use crate::reply::Draft;
use crate::stable::StableWords;
use crate::{Mono, ReplyId};

/// A transcript without a word says nothing about speech that came this much later.
const WORDLESS: Duration = Duration::from_millis(1300);

/// Speech that nobody listened to because work ahead of time has cost too much: no more than this.
const UNHEARD: Duration = Duration::from_secs(2);

/// What follows speech without a break and is at most this much quieter than its loudest window is
/// still speech: the end of a word that the VAD gives up early.
const AUDIBLE_DB: f32 = 20.0;
/// Longest end of a word; what goes on behind it is the room.
const LONGEST_TAIL: Duration = Duration::from_millis(480);
/// A break of more than one window ends a word.
const TAIL_BREAK: Duration = Duration::from_millis(64);

/// A sound rises in a pause when a window is this much louder than the quietest one …
const RISE_DB: f32 = 6.0;
/// … and at most this much quieter than the loudest window of the speech.
const RISEN_DB: f32 = 28.0;

/// A turn that is open.
#[derive(Clone, Debug)]
pub(crate) struct VoiceTurn {
    /// First sample of the turn.
    pub(crate) from: Mono,
    /// First sample that is not in a closed part.
    pub(crate) part_from: Mono,
    /// End of the last speech.
    pub(crate) spoken_to: Mono,
    /// Parts that were closed because the turn is long.
    pub(crate) parts: Vec<Part>,
    pub(crate) phase: Phase,
    pub(crate) partials: Partials,
    pub(crate) tail: Tail,
    /// Behind what was said so far lies a hold.
    pub(crate) was_on_hold: bool,
    /// Up to where anybody listened, for all that is known.
    pub(crate) listened_to: Mono,
    /// She was speaking and was silenced by it: what it says may be that she is to stop.
    pub(crate) took_floor: bool,
}

/// How loud the speech is, to know the end of its last word from silence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail {
    /// Infinitely quiet before a level was known.
    loudest_db: f32,
    voiced_to: Mono,
    /// The quietest window since then and the last one; infinite before there was one.
    quietest_db: f32,
    last_db: f32,
}

impl Tail {
    /// The loudest window of the speech.
    pub(crate) fn loudest_db(&self) -> f32 {
        self.loudest_db
    }

    /// A window of speech.
    pub(crate) fn speak(&mut self, at: Mono, level_db: f32) {
        self.loudest_db = self.loudest_db.max(level_db);
        self.voiced_to = at;
        self.quietest_db = f32::INFINITY;
        self.last_db = f32::INFINITY;
    }

    /// A window of the pause.
    pub(crate) fn pause(&mut self, level_db: f32) {
        self.quietest_db = self.quietest_db.min(level_db);
        self.last_db = level_db;
    }

    /// Whether something is to be heard in the pause that was not there before: a breath, a word
    /// that sets in, people who begin to clap. Steady noise is none of it.
    pub(crate) fn is_rising(&self) -> bool {
        self.last_db.is_finite()
            && self.last_db >= self.quietest_db + RISE_DB
            && self.last_db >= self.loudest_db - RISEN_DB
    }
}

/// A stretch of a long turn that is transcribed for itself.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) reply: ReplyId,
    /// `None` until the transcript came.
    pub(crate) text: Option<String>,
    /// Somebody else takes its words, if they are all of the turn's.
    pub(crate) taken: bool,
}

impl Part {
    /// Takes in its transcript, once.
    pub(crate) fn hear(&mut self, text: &str, taken: bool) {
        if self.text.is_none() {
            self.text = Some(text.to_owned());
            self.taken = taken;
        }
    }

    /// Its words so far, and whether somebody else takes them.
    pub(crate) fn words(&self) -> (&str, bool) {
        (self.text.as_deref().unwrap_or_default(), self.taken)
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Phase {
    Speaking,
    Pausing(Option<Attempt>),
    /// The end is decided; what is missing is waited for.
    Over {
        attempt: Attempt,
        since: Mono,
    },
}

/// Work on the assumption that the turn is over.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) reply: ReplyId,
    /// Whether anything was asked for under its id.
    pub(crate) asked: bool,
    pub(crate) score: Score,
    /// Scores that were asked for again in this pause.
    pub(crate) rescored: usize,
    /// Scores asked for and not answered.
    pub(crate) scores_open: u32,
    pub(crate) words: Words,
    /// Somebody else takes its words, if they are all of the turn's.
    pub(crate) taken: bool,
    pub(crate) answer: Answer,
    /// Core time that went into it.
    pub(crate) spent: Duration,
}

/// The transcript of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Words {
    Unasked,
    Asked,
    /// Asked for again after a failure.
    AskedAgain,
    Known(String),
    Failed,
}

/// The answer of an attempt.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    None,
    Draft(Box<Draft>),
    Failed,
}

/// Transcripts of the turn while it is spoken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Partials {
    /// Under which they are asked for; ends with the stretch of speech.
    pub(crate) reply: Option<ReplyId>,
    pub(crate) open: Option<Mono>,
    /// Up to where the last one went.
    pub(crate) upto: Mono,
    pub(crate) stable: StableWords,
    /// How many in a row held no word.
    pub(crate) blank: u32,
}

impl Partials {
    pub(crate) fn new(upto: Mono) -> Self {
        Self {
            upto,
            ..Self::default()
        }
    }
}

impl VoiceTurn {
    pub(crate) fn new(from: Mono, speech_from: Mono, spoken_to: Mono) -> Self {
        Self {
            from,
            part_from: from,
            spoken_to,
            parts: Vec::new(),
            phase: Phase::Speaking,
            partials: Partials::new(speech_from),
            was_on_hold: false,
            listened_to: speech_from,
            took_floor: false,
            tail: Tail {
                loudest_db: f32::NEG_INFINITY,
                voiced_to: Mono::ZERO,
                quietest_db: f32::INFINITY,
                last_db: f32::INFINITY,
            },
        }
    }

    /// A window that the VAD takes for silence, right behind speech: loud enough, it belongs to it.
    pub(crate) fn fade(&mut self, at: Mono, level_db: f32) {
        let waits = matches!(self.phase, Phase::Speaking | Phase::Pausing(None));
        let follows =
            at.since(self.spoken_to) <= TAIL_BREAK && at.since(self.tail.voiced_to) <= LONGEST_TAIL;
        let known = self.tail.loudest_db.is_finite();
        if waits && follows && known && level_db >= self.tail.loudest_db - AUDIBLE_DB {
            self.spoken_to = at;
        }
    }

    /// Whether an id that is still worked on belongs to it.
    pub(crate) fn is_of(&self, reply: ReplyId) -> bool {
        self.partials.reply == Some(reply)
            || self.attempt().is_some_and(|attempt| attempt.reply == reply)
            || self.parts.iter().any(|part| part.reply == reply)
    }

    pub(crate) fn attempt(&self) -> Option<&Attempt> {
        match &self.phase {
            Phase::Speaking => None,
            Phase::Pausing(attempt) => attempt.as_ref(),
            Phase::Over { attempt, .. } => Some(attempt),
        }
    }

    pub(crate) fn attempt_mut(&mut self) -> Option<&mut Attempt> {
        match &mut self.phase {
            Phase::Speaking => None,
            Phase::Pausing(attempt) => attempt.as_mut(),
            Phase::Over { attempt, .. } => Some(attempt),
        }
    }

    /// The words of the closed parts followed by `last`.
    pub(crate) fn text_with(&self, last: &str) -> String {
        let parts = self.parts.iter().filter_map(|part| part.text.as_deref());
        join(parts.chain([last]))
    }

    /// Whether seconds of it were listened to and no word was found.
    pub(crate) fn is_wordless(&self) -> bool {
        let texts = self
            .parts
            .iter()
            .all(|part| part.text.as_deref().is_some_and(str::is_empty));
        let fresh = self.spoken_to.since(self.partials.upto) <= WORDLESS;
        let silent = self.partials.open.is_none() && self.partials.blank >= 2;
        texts && silent && fresh && self.attempt().is_none()
    }

    /// Whether so much was said unheard that it is listened to whatever that costs: it may be that she
    /// is to stop.
    pub(crate) fn is_unheard(&self) -> bool {
        self.spoken_to.since(self.listened_to) >= UNHEARD
    }

    /// Whether every closed part has its transcript.
    pub(crate) fn parts_known(&self) -> bool {
        self.parts.iter().all(|part| part.text.is_some())
    }
}

impl Attempt {
    pub(crate) fn look(&self) -> Look {
        match &self.words {
            Words::Known(text) => look(text),
            _ => Look::Plain,
        }
    }
}

/// Whether somebody else takes these texts, of which only one may say anything.
pub(crate) fn is_taken<'a>(texts: impl Iterator<Item = (&'a str, bool)>) -> bool {
    let mut worded = texts.filter(|(text, _)| !text.trim().is_empty());
    matches!((worded.next(), worded.next()), (Some((_, true)), None))
}

/// Texts in a row, blank ones left out.
pub(crate) fn join<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let texts: Vec<&str> = texts
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .collect();
    texts.join(" ")
}
