//! What has happened in a conversation so far, as the judge of a trial needs it.

use std::time::Duration;

use janet_engine::client::Heard;
use janet_engine::{Ending, Event, ReplyId, Voice};

use crate::clips::last_audible;

/// The voices of a conversation so far, from its events.
pub(super) struct Scene<'a>(pub(super) &'a Heard);

impl Scene<'_> {
    /// The reply that is sounding, with the moment it began.
    pub(super) fn sounding(&self) -> Option<(ReplyId, Duration)> {
        let mut now = None;
        for (at, event) in &self.0.events {
            match event {
                Event::Speaking {
                    reply,
                    voice: Voice::Started,
                } => now = Some((*reply, *at)),
                Event::Finished { reply, .. } if now.is_some_and(|(known, _)| known == *reply) => {
                    now = None;
                }
                _ => {}
            }
        }
        now
    }

    /// Whether she is held back at the moment.
    pub(super) fn is_held(&self) -> bool {
        let last = self
            .0
            .events
            .iter()
            .rev()
            .find_map(|(_, event)| match event {
                Event::Speaking { voice, .. } => Some(*voice),
                _ => None,
            });
        last == Some(Voice::Paused)
    }

    pub(super) fn ending(&self, of: ReplyId) -> Option<(Duration, Ending)> {
        self.0.events.iter().find_map(|(at, event)| match event {
            Event::Finished { reply, ending, .. } if *reply == of => Some((*at, *ending)),
            _ => None,
        })
    }

    /// Whether the last reply came to its own end.
    pub(super) fn has_ended_by_herself(&self) -> bool {
        let last = self
            .0
            .events
            .iter()
            .rev()
            .find_map(|(_, event)| match event {
                Event::Finished { ending, .. } => Some(*ending),
                _ => None,
            });
        last == Some(Ending::Complete) && self.sounding().is_none()
    }

    /// When the first reply after this one begins to sound.
    pub(super) fn next_voice(&self, after: ReplyId) -> Option<Duration> {
        self.0.events.iter().find_map(|(at, event)| match event {
            Event::Speaking {
                reply,
                voice: Voice::Started,
            } if *reply > after => Some(*at),
            _ => None,
        })
    }

    /// The last audible sample in a stretch of time.
    pub(super) fn last_audible(&self, from: Duration, to: Duration) -> Option<Duration> {
        last_audible(&self.0.sound, from, to)
    }

    /// Words of a reply that came after it had ended.
    pub(super) fn stale_words(&self) -> usize {
        let mut ended: Vec<ReplyId> = Vec::new();
        let mut words = 0;
        for (_, event) in &self.0.events {
            match event {
                Event::Finished { reply, .. } => ended.push(*reply),
                Event::Delta { reply, text } if ended.contains(reply) => {
                    words += text.split_whitespace().count().max(1);
                }
                Event::Speaking { reply, .. } if ended.contains(reply) => words += 1,
                _ => {}
            }
        }
        words
    }
}
