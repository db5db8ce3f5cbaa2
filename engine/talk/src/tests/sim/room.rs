//! Promises that only the room and the ear can judge: who spoke, what was heard.

use std::time::Duration;

use super::oracle::Property;
use super::plan::Kind;
use super::world::World;
use crate::{Action, Ending, MicMode, Mono};

impl World {
    /// What only the room and the ear can tell.
    pub(super) fn judge_action(&mut self, action: &Action) {
        match action {
            Action::Disregard { tag: Some(_), .. } => self.disturbed = self.now,
            Action::Resume if self.last_window_spoke => {
                let detail = format!("she goes on at {} into speech", self.now);
                self.oracle
                    .breach(Property::NeverSpeaksOverTheOperator, detail);
            }
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
        let on_hold = |hold: Mono| self.now.since(hold) >= self.hold_patience;
        if self.on_hold.is_some_and(on_hold) {
            // It was on hold for too long.
            return None;
        }
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
}
