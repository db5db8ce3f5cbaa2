//! One answer, from its first token to its last heard sample.
//!
//! A [`Draft`] is an answer in the making: text comes in, phrases go to the voice, nothing leaves.
//! A [`Live`] reply is a released one: its text is shown, its sound plays, it ends by exactly one
//! `Finish`. Which of the two an answer is, and when it changes, is decided elsewhere.

use std::collections::VecDeque;
use std::time::Duration;

use crate::fault::{Fault, Faults};
use crate::phrase::{Phrase, PhraseCutter};
use crate::playout::PlayoutLedger;
use crate::{Action, Config, Ending, Mono, PhraseId, ReplyId, Voice};

/// Phrases at the voice at once: one that sounds soon and one behind it.
const AT_THE_VOICE: usize = 2;
/// Sound made ahead of the ear; the playout ring is no larger.
const AHEAD: Duration = Duration::from_secs(8);

/// Where an answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Written,
    /// Written and spoken.
    Spoken,
}

impl Form {
    pub(crate) fn new(speak: bool) -> Self {
        if speak { Self::Spoken } else { Self::Written }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    Growing,
    Complete,
}

/// An answer in the making.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) id: ReplyId,
    pub(crate) user_text: String,
    form: Form,
    cutter: PhraseCutter,
    waiting: VecDeque<Phrase>,
    sound: PlayoutLedger,
    text: Text,
}

impl Draft {
    /// Starts the language model on `user_text`.
    pub(crate) fn prepare(
        id: ReplyId,
        user_text: String,
        form: Form,
        out: &mut Vec<Action>,
    ) -> Self {
        out.push(Action::Prepare {
            reply: id,
            text: user_text.clone(),
        });
        Self {
            id,
            user_text,
            form,
            cutter: PhraseCutter::default(),
            waiting: VecDeque::new(),
            sound: PlayoutLedger::default(),
            text: Text::Growing,
        }
    }

    /// An answer whose text is given: no language model has anything to do with it.
    fn given(id: ReplyId, text: &str, form: Form) -> Self {
        let mut draft = Self {
            id,
            user_text: String::new(),
            form,
            cutter: PhraseCutter::default(),
            waiting: VecDeque::new(),
            sound: PlayoutLedger::default(),
            text: Text::Growing,
        };
        let Self {
            cutter, waiting, ..
        } = &mut draft;
        cutter.push(text, |phrase| waiting.push_back(phrase));
        draft.on_generated();
        draft
    }

    fn on_token(&mut self, config: &Config, text: &str, out: &mut Vec<Action>) {
        if self.text == Text::Complete {
            return;
        }
        let room = config
            .longest_reply
            .saturating_sub(self.cutter.written().len());
        let mut kept = room.min(text.len());
        while !text.is_char_boundary(kept) {
            kept -= 1;
        }
        let Self {
            cutter, waiting, ..
        } = self;
        cutter.push(&text[..kept], |phrase| waiting.push_back(phrase));
        if kept < text.len() {
            out.push(Action::Enough { reply: self.id });
            self.on_generated();
        }
    }

    fn on_generated(&mut self) {
        if self.text == Text::Growing {
            self.text = Text::Complete;
            let Self {
                cutter, waiting, ..
            } = self;
            cutter.finish(|phrase| waiting.push_back(phrase));
        }
    }

    /// Sends phrases to the voice as far as it may work ahead.
    fn speak(
        &mut self,
        config: &Config,
        at_the_voice: usize,
        ahead: Duration,
        out: &mut Vec<Action>,
    ) {
        if self.form == Form::Written {
            self.waiting.clear();
            return;
        }
        let ahead = u64::from(config.play_rate_hz) * ahead.as_millis() as u64 / 1000;
        while self.sound.at_the_voice() < at_the_voice && self.sound.ahead() < ahead {
            let Some(phrase) = self.waiting.pop_front() else {
                return;
            };
            let text = phrase.text.clone();
            if let Some(phrase) = self.sound.ask(phrase) {
                out.push(Action::Speak {
                    reply: self.id,
                    phrase,
                    text,
                });
            }
        }
    }

    /// More text while nothing may leave yet.
    pub(crate) fn stage_token(&mut self, config: &Config, text: &str, out: &mut Vec<Action>) {
        self.on_token(config, text, out);
        self.stage(config, out);
    }

    /// The text is complete while nothing may leave yet.
    pub(crate) fn stage_end(&mut self, config: &Config, out: &mut Vec<Action>) {
        self.on_generated();
        self.stage(config, out);
    }

    /// More sound in staging.
    pub(crate) fn stage_sound(
        &mut self,
        config: &Config,
        (phrase, samples, upto, last): (PhraseId, u32, usize, bool),
        out: &mut Vec<Action>,
    ) {
        self.sound.voiced(phrase, samples, upto, last);
        self.stage(config, out);
    }

    /// Sound in staging that is made anew.
    pub(crate) fn take_back(&mut self, phrase: PhraseId, samples: u32, faults: Faults) {
        self.sound.taken_back(phrase, samples, faults);
    }

    /// One phrase at a time, and no more than the staging buffer holds.
    fn stage(&mut self, config: &Config, out: &mut Vec<Action>) {
        self.speak(config, 1, config.staging, out);
    }

    /// Whether a release would be noticed at once.
    pub(crate) fn has_something(&self) -> bool {
        let silent = self.waiting.is_empty() && self.sound.at_the_voice() == 0;
        match self.form {
            Form::Spoken => self.sound.samples() > 0 || (self.text == Text::Complete && silent),
            Form::Written => !self.cutter.written().is_empty() || self.text == Text::Complete,
        }
    }
}

/// What a client was last told of her voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    /// Held before she began: nothing was told, and nothing is until she goes on.
    HeldBack,
    Sounding,
    Paused,
}

/// A released reply.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    draft: Draft,
    /// Whose given text it is, if it is one.
    announcement: Option<u32>,
    shown: usize,
    told: Told,
    pub(crate) released: Mono,
    /// When anything last went on.
    pub(crate) progress: Mono,
}

impl Live {
    /// Makes a draft real: from here on it leaves; on hold, but for its sound.
    pub(crate) fn release(
        draft: Draft,
        now: Mono,
        (speech_end, tag): (Mono, Option<u32>),
        on_hold: bool,
        config: &Config,
        out: &mut Vec<Action>,
    ) -> Self {
        out.push(Action::Release {
            reply: draft.id,
            user_text: draft.user_text.clone(),
            speech_end,
            tag,
        });
        Self::begin(draft, None, now, on_hold, config, out)
    }

    /// Says a given text: all of it is shown at once, and its sound leaves unless it is on hold.
    pub(crate) fn announce(
        (reply, id): (ReplyId, u32),
        text: String,
        form: Form,
        now: Mono,
        on_hold: bool,
        config: &Config,
        out: &mut Vec<Action>,
    ) -> Self {
        let draft = Draft::given(reply, &text, form);
        let spoken = form == Form::Spoken;
        out.push(Action::Announce {
            reply,
            id,
            text,
            spoken,
        });
        Self::begin(draft, Some(id), now, on_hold, config, out)
    }

    fn begin(
        draft: Draft,
        announcement: Option<u32>,
        now: Mono,
        on_hold: bool,
        config: &Config,
        out: &mut Vec<Action>,
    ) -> Self {
        let shown = announcement.map_or(0, |_| draft.cutter.written().len());
        let mut live = Self {
            draft,
            announcement,
            shown,
            told: Told::Nothing,
            released: now,
            progress: now,
        };
        if on_hold && live.is_spoken() {
            live.hold(out);
        }
        live.go_on(config, out);
        live
    }

    /// Whether it says this announcement.
    pub(crate) fn announces(&self, id: u32) -> bool {
        self.announcement == Some(id)
    }

    pub(crate) fn id(&self) -> ReplyId {
        self.draft.id
    }

    /// Whether her voice is part of it.
    pub(crate) fn is_spoken(&self) -> bool {
        self.draft.form == Form::Spoken
    }

    /// Whether sound of it is on its way to the ear.
    pub(crate) fn sounds(&self) -> bool {
        self.told == Told::Sounding && self.draft.sound.ahead() > 0
    }

    /// Whether its last sound is being heard now, or was just now.
    pub(crate) fn was_sounding(&self) -> bool {
        self.told == Told::Sounding
    }

    pub(crate) fn on_token(
        &mut self,
        now: Mono,
        config: &Config,
        text: &str,
        out: &mut Vec<Action>,
    ) {
        self.progress = now;
        self.draft.on_token(config, text, out);
        self.go_on(config, out);
    }

    pub(crate) fn on_generated(&mut self, now: Mono, config: &Config, out: &mut Vec<Action>) {
        self.progress = now;
        self.draft.on_generated();
        self.go_on(config, out);
    }

    pub(crate) fn on_voiced(
        &mut self,
        now: Mono,
        config: &Config,
        (phrase, samples, upto, last): (PhraseId, u32, usize, bool),
        out: &mut Vec<Action>,
    ) {
        if self.draft.sound.voiced(phrase, samples, upto, last) {
            self.progress = now;
        }
        self.go_on(config, out);
    }

    pub(crate) fn on_taken_back(
        &mut self,
        now: Mono,
        (phrase, samples): (PhraseId, u32),
        faults: Faults,
    ) {
        if self.draft.sound.taken_back(phrase, samples, faults) {
            // Somebody else has just begun on it.
            self.progress = now;
        }
    }

    pub(crate) fn on_heard(
        &mut self,
        now: Mono,
        config: &Config,
        sample: u64,
        out: &mut Vec<Action>,
    ) {
        if self.draft.sound.heard(sample) {
            self.progress = now;
        }
        self.go_on(config, out);
    }

    /// Shows new text, sends phrases to the voice, says that sound has begun.
    fn go_on(&mut self, config: &Config, out: &mut Vec<Action>) {
        let written = self.draft.cutter.written();
        if self.shown < written.len() {
            let text = written[self.shown..].to_owned();
            self.shown = written.len();
            out.push(Action::ShowDelta {
                reply: self.draft.id,
                text,
            });
        }
        if self.told == Told::Nothing && self.draft.sound.samples() > 0 {
            self.tell(Told::Sounding, Voice::Started, out);
        }
        self.draft.speak(config, AT_THE_VOICE, AHEAD, out);
    }

    fn tell(&mut self, told: Told, voice: Voice, out: &mut Vec<Action>) {
        self.told = told;
        out.push(Action::ShowVoice {
            reply: self.draft.id,
            voice,
        });
    }

    /// Holds her voice where it is.
    pub(crate) fn hold(&mut self, out: &mut Vec<Action>) {
        out.push(Action::Pause);
        match self.told {
            Told::Sounding => self.tell(Told::Paused, Voice::Paused, out),
            _ => self.told = Told::HeldBack,
        }
    }

    /// Goes on from where she was held.
    pub(crate) fn resume(&mut self, now: Mono, config: &Config, out: &mut Vec<Action>) {
        self.progress = now;
        out.push(Action::Resume);
        match self.told {
            Told::Paused => self.tell(Told::Sounding, Voice::Resumed, out),
            _ => self.told = Told::Nothing,
        }
        self.go_on(config, out);
    }

    fn was_told(&self) -> bool {
        matches!(self.told, Told::Sounding | Told::Paused)
    }

    /// Whether nothing is left to say, show or hear.
    pub(crate) fn is_complete(&self) -> bool {
        let said = self.draft.waiting.is_empty() && self.draft.sound.all_heard();
        self.draft.text == Text::Complete && (self.draft.form == Form::Written || said)
    }

    /// Characters of its text up to the end of the last word that was wholly heard.
    pub(crate) fn heard_chars(&self, reply: ReplyId) -> Option<usize> {
        (self.draft.id == reply && self.is_spoken()).then(|| {
            let heard = self.draft.sound.heard_written();
            self.draft.cutter.written()[..heard].chars().count()
        })
    }

    /// What she is saying where the ear is.
    pub(crate) fn saying(&self) -> String {
        self.draft.sound.saying()
    }

    /// What she has said last, and perhaps begun to say.
    pub(crate) fn said_last(&self) -> String {
        self.draft.sound.said_last()
    }

    /// Ends a reply that has nothing left to do.
    pub(crate) fn complete(mut self, out: &mut Vec<Action>) {
        if matches!(self.told, Told::Paused | Told::HeldBack) {
            out.push(Action::Flush);
        }
        if self.was_told() {
            self.tell(Told::Nothing, Voice::Finished, out);
        }
        let text = self.draft.cutter.written().to_owned();
        let heard = self.is_spoken() && self.draft.sound.samples() > 0;
        self.end((text.clone(), text), Ending::Complete, heard, out);
    }

    /// The last that is said of it.
    fn end(
        self,
        (text, shown): (String, String),
        ending: Ending,
        heard: bool,
        out: &mut Vec<Action>,
    ) {
        let reply = self.draft.id;
        out.push(match self.announcement {
            Some(id) => Action::AnnouncementOver {
                reply: Some(reply),
                id,
                text,
                heard,
            },
            None => Action::Finish {
                reply,
                text,
                shown,
                ending,
            },
        });
    }

    /// Ends a reply before its end. After the red thread not even the indicator is told.
    pub(crate) fn cut(mut self, ending: Ending, faults: Faults, out: &mut Vec<Action>) {
        if self.is_spoken() {
            out.push(Action::Flush);
        }
        out.push(Action::Cancel {
            reply: self.draft.id,
        });
        if self.was_told() && ending != Ending::RedThread {
            self.tell(Told::Nothing, Voice::Stopped, out);
        }
        let shown = self.draft.cutter.written()[..self.shown].to_owned();
        let kept = match self.draft.form {
            Form::Written => shown.len(),
            Form::Spoken if faults.has(Fault::UnheardKept) => shown.len(),
            Form::Spoken => self.draft.sound.heard_written(),
        };
        let heard = faults.has(Fault::CutAnnouncementsHeard);
        self.end((shown[..kept].to_owned(), shown), ending, heard, out);
    }
}
