//! What must hold in every session, checked from outside: inputs and actions only.

use std::collections::BTreeMap;
use std::fmt;

use crate::{Action, Ending, Mono, Pass, ReplyId, Voice};

/// A promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Property {
    AllSaidIsAnsweredOnce,
    NeverTwoVoices,
    NeverSpeaksOverTheOperator,
    HistoryHoldsOnlyWhatWasHeard,
    AnUnreleasedReplyLeavesNoTrace,
    AfterRedThreadNothingLeaves,
    StaleIdsHaveNoEffect,
    EveryTaggedRequestIsAnsweredOnce,
    NoTimerInThePast,
    EveryAttemptEndsOnce,
    OnePartialAtATime,
    ANodDoesNotStopHer,
    HerEchoDoesNotStopHer,
    SheComesToRest,
    OnHoldSheIsSilent,
    OnHoldNothingIsHeard,
    TheRedThreadIsPulled,
    CommandsAreNotAnswered,
    HerOwnVoiceIsNoCommand,
    EveryAnnouncementEndsOnce,
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// A broken promise.
#[derive(Clone, Debug)]
pub(super) struct Breach {
    pub(super) property: Property,
    pub(super) detail: String,
}

/// How far an id has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Open,
    Released,
    /// Cancelled; a last `Finish` or `Disregard` may follow.
    Cancelled,
    CancelledReleased,
    Ended,
}

/// Follows the actions.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    pub(super) lives: BTreeMap<ReplyId, Life>,
    pub(super) stopped: bool,
    /// Texts of the user that entered history.
    pub(super) answered: Vec<String>,
    pub(super) tags: BTreeMap<u32, u32>,
    shown: BTreeMap<ReplyId, String>,
    partial: Option<ReplyId>,
    pub(super) breaches: Vec<Breach>,
}

impl Oracle {
    pub(super) fn breach(&mut self, property: Property, detail: String) {
        self.breaches.push(Breach { property, detail });
    }

    pub(super) fn live(&self) -> Option<ReplyId> {
        self.lives
            .iter()
            .find(|(_, life)| **life == Life::Released)
            .map(|(reply, _)| *reply)
    }

    /// Whether jobs of this id may still answer.
    pub(super) fn is_open(&self, reply: ReplyId) -> bool {
        matches!(self.lives.get(&reply), Some(Life::Open | Life::Released))
    }

    /// The partial transcript was answered.
    pub(super) fn partial_answered(&mut self, reply: ReplyId) {
        if self.partial == Some(reply) {
            self.partial = None;
        }
    }

    pub(super) fn observe(&mut self, now: Mono, action: &Action) {
        if self.stopped
            && !matches!(
                action,
                Action::Flush
                    | Action::Cancel { .. }
                    | Action::Finish { .. }
                    | Action::Disregard { .. }
                    | Action::RedThread { .. }
                    | Action::AnnouncementOver { heard: false, .. }
            )
        {
            self.breach(
                Property::AfterRedThreadNothingLeaves,
                format!("{action:?} at {now}"),
            );
        }
        match action {
            Action::Transcribe {
                reply,
                pass: Pass::Partial | Pass::Overheard,
                ..
            } => {
                if self.partial.is_some_and(|open| self.is_open(open)) {
                    self.breach(Property::OnePartialAtATime, format!("{reply} at {now}"));
                }
                self.partial = Some(*reply);
                self.work(now, *reply);
            }
            Action::ScoreTurn { reply, .. }
            | Action::Transcribe { reply, .. }
            | Action::Prefill { reply, .. }
            | Action::Prepare { reply, .. }
            | Action::Enough { reply }
            | Action::Speak { reply, .. } => self.work(now, *reply),
            Action::Release {
                reply,
                user_text,
                tag,
                ..
            } => {
                self.work(now, *reply);
                if let Some(other) = self.live() {
                    let detail = format!("{reply} is released beside {other} at {now}");
                    self.breach(Property::NeverTwoVoices, detail);
                }
                self.lives.insert(*reply, Life::Released);
                self.answered.push(user_text.clone());
                self.tagged(*tag);
            }
            Action::Cancel { reply } => {
                let life = match self.lives.get(reply) {
                    Some(Life::Open) => Life::Cancelled,
                    Some(Life::Released) => Life::CancelledReleased,
                    other => {
                        let detail = format!("{reply} is cancelled at {now} but {other:?}");
                        self.breach(Property::EveryAttemptEndsOnce, detail);
                        Life::Ended
                    }
                };
                self.lives.insert(*reply, life);
            }
            Action::Disregard { reply, tag, .. } => {
                if matches!(self.lives.get(reply), Some(life) if !matches!(life, Life::Open | Life::Cancelled))
                {
                    let detail = format!(
                        "{reply} is disregarded at {now} but {:?}",
                        self.lives.get(reply)
                    );
                    self.breach(Property::EveryAttemptEndsOnce, detail);
                }
                self.lives.insert(*reply, Life::Ended);
                self.tagged(*tag);
            }
            Action::Command {
                reply,
                user_text,
                tag,
                ..
            } => {
                if matches!(self.lives.get(reply), Some(life) if *life != Life::Open) {
                    let detail = format!("{reply} is a command at {now} but was something else");
                    self.breach(Property::EveryAttemptEndsOnce, detail);
                }
                self.lives.insert(*reply, Life::Ended);
                self.answered.push(user_text.clone());
                self.tagged(*tag);
            }
            Action::Announce { reply, text, .. } => {
                self.work(now, *reply);
                if let Some(other) = self.live() {
                    let detail = format!("{reply} is announced beside {other} at {now}");
                    self.breach(Property::NeverTwoVoices, detail);
                }
                self.lives.insert(*reply, Life::Released);
                self.shown.insert(*reply, text.clone());
            }
            Action::AnnouncementOver { reply: None, .. } => {}
            Action::AnnouncementOver {
                reply: Some(reply),
                text,
                heard,
                ..
            } => {
                let shown = self.shown.get(reply).cloned().unwrap_or_default();
                let ending = if *heard {
                    Ending::Complete
                } else {
                    Ending::Interrupted
                };
                self.finish(now, *reply, text, &shown, ending);
            }
            Action::ShowDelta { reply, text } => {
                self.trace(now, *reply, "text");
                self.shown.entry(*reply).or_default().push_str(text);
            }
            Action::ShowVoice { reply, voice } => {
                let last = matches!(voice, Voice::Stopped | Voice::Finished);
                if !(last && self.lives.get(reply) == Some(&Life::CancelledReleased)) {
                    self.trace(now, *reply, "voice");
                }
            }
            Action::Finish {
                reply,
                text,
                shown,
                ending,
            } => self.finish(now, *reply, text, shown, *ending),
            Action::Pause
            | Action::Resume
            | Action::Flush
            | Action::ShowTranscript { .. }
            | Action::RedThread { .. }
            | Action::Idle => {}
        }
    }

    fn finish(&mut self, now: Mono, reply: ReplyId, text: &str, shown: &str, ending: Ending) {
        match self.lives.get(&reply) {
            Some(Life::Released | Life::CancelledReleased) => {}
            Some(Life::Ended) => {
                self.breach(
                    Property::EveryAttemptEndsOnce,
                    format!("{reply} finishes twice at {now}"),
                );
            }
            other => {
                let detail = format!("{reply} finishes at {now} but {other:?}");
                self.breach(Property::AnUnreleasedReplyLeavesNoTrace, detail);
            }
        }
        let seen = self.shown.remove(&reply).unwrap_or_default();
        if seen != shown || !shown.starts_with(text) {
            let detail = format!("{reply} {ending:?}: kept {text:?} of {shown:?}, shown {seen:?}");
            self.breach(Property::HistoryHoldsOnlyWhatWasHeard, detail);
        }
        self.lives.insert(reply, Life::Ended);
    }

    fn work(&mut self, now: Mono, reply: ReplyId) {
        let life = *self.lives.entry(reply).or_insert(Life::Open);
        if !matches!(life, Life::Open | Life::Released) {
            let detail = format!("work for {reply} at {now} but it is {life:?}");
            self.breach(Property::EveryAttemptEndsOnce, detail);
        }
    }

    fn trace(&mut self, now: Mono, reply: ReplyId, what: &str) {
        if self.lives.get(&reply) != Some(&Life::Released) {
            let detail = format!("{what} of {reply} at {now}");
            self.breach(Property::AnUnreleasedReplyLeavesNoTrace, detail);
        }
    }

    fn tagged(&mut self, tag: Option<u32>) {
        if let Some(tag) = tag {
            *self.tags.entry(tag).or_default() += 1;
        }
    }
}
