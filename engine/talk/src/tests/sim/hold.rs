//! A conversation that is put on hold: what must not be heard or said then.

use std::time::Duration;

use super::oracle::Property;
use super::plan::Kind;
use super::world::{WINDOW, World};

impl World {
    pub(super) fn hold_begins(&mut self) {
        if self
            .on_hold
            .replace(self.on_hold.unwrap_or(self.now))
            .is_none()
        {
            self.words.holds.push((self.now, None));
        }
        self.speaking_since = None;
        self.last_window_spoke = false;
    }

    pub(super) fn hold_ends(&mut self) {
        let Some(since) = self.on_hold.take() else {
            return;
        };
        if let Some((_, until)) = self.words.holds.last_mut() {
            until.get_or_insert(self.now);
        }
        let edge = Duration::from_millis(500);
        self.excuse(since - edge, self.now + edge);
        for sound in &self.plan.sounds {
            let Kind::Word(word) = sound.kind else {
                continue;
            };
            if sound.from > since + WINDOW && sound.to < self.now {
                self.unheard.insert(word);
            }
        }
        // What held her before the hold is judged for a while.
        let judged = Duration::from_secs(4);
        if self.now.since(since) > self.hold_patience + judged
            && let Some(reply) = self.oracle.live()
            && self
                .sounds
                .get(&reply)
                .is_some_and(|sound| sound.spoken && sound.released < since)
        {
            let detail = format!("{reply} was on hold from {since} to {}", self.now);
            self.oracle.breach(Property::SheComesToRest, detail);
        }
    }

    /// Whether she keeps silent.
    pub(super) fn judge_hold(&mut self) {
        if self.on_hold.is_some() && self.is_sounding() {
            self.oracle.breach(
                Property::OnHoldSheIsSilent,
                format!("she sounds at {}", self.now),
            );
        }
    }
}
