//! Requests that wait for the floor: typed texts, uploads, and turns whose transcript is late.
//!
//! Served in the order of their arrival; a late turn does not hold up the others. Bounded: past
//! [`WAITING`] a new request is refused, because a person who sent eight has stopped waiting for
//! the first.

use std::collections::VecDeque;

use crate::backchannel::repeats;
use crate::voice::{Part, is_taken, join};
use crate::{Mono, ReplyId};

/// Requests that may wait.
pub(crate) const WAITING: usize = 8;
/// Late turns that may wait besides: nobody's speech is lost because somebody typed a lot.
const LATE: usize = 4;

#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// Under which it will be answered.
    pub(crate) reply: ReplyId,
    pub(crate) body: Body,
    /// When it was made; for speech, where it ended.
    pub(crate) at: Mono,
    /// When what is missing is given up.
    pub(crate) lost_at: Option<Mono>,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    Text {
        text: String,
        speak: bool,
        tag: u32,
        /// Somebody else takes these words.
        taken: bool,
    },
    Upload {
        words: Option<String>,
        speak: bool,
        tag: u32,
        taken: bool,
    },
    /// A turn at the microphone that was given up waiting for; the last part is the ask's own.
    Late {
        parts: Vec<Part>,
        /// What she was saying, if it may be nothing but that.
        said: Option<String>,
    },
}

impl Ask {
    /// The words, if all are known.
    pub(crate) fn words(&self) -> Option<String> {
        match &self.body {
            Body::Text { text, .. } => Some(text.clone()),
            Body::Upload { words, .. } => words.clone(),
            Body::Late { parts, .. } => {
                let known = parts.iter().all(|part| part.text.is_some());
                known.then(|| join(parts.iter().filter_map(|part| part.text.as_deref())))
            }
        }
    }

    pub(crate) fn tag(&self) -> Option<u32> {
        match self.body {
            Body::Text { tag, .. } | Body::Upload { tag, .. } => Some(tag),
            Body::Late { .. } => None,
        }
    }

    pub(crate) fn speak(&self) -> bool {
        match self.body {
            Body::Text { speak, .. } | Body::Upload { speak, .. } => speak,
            Body::Late { .. } => true,
        }
    }

    /// Whether work was asked for under the id it will be answered under.
    pub(crate) fn has_worked(&self) -> bool {
        match &self.body {
            Body::Text { .. } => false,
            Body::Upload { .. } => true,
            Body::Late { parts, .. } => parts.iter().any(|part| part.reply == self.reply),
        }
    }

    /// The parts of a late turn.
    pub(crate) fn parts(&self) -> &[Part] {
        match &self.body {
            Body::Late { parts, .. } => parts,
            Body::Text { .. } | Body::Upload { .. } => &[],
        }
    }

    /// Whether somebody else takes its words.
    pub(crate) fn is_taken(&self) -> bool {
        match &self.body {
            Body::Text { taken, .. } | Body::Upload { taken, .. } => *taken,
            Body::Late { parts, .. } => is_taken(parts.iter().map(Part::words)),
        }
    }

    /// Whether its words are what she was saying when they were heard.
    pub(crate) fn is_hers(&self, words: &str) -> bool {
        match &self.body {
            Body::Late { said, .. } => said.as_ref().is_some_and(|said| repeats(words, said)),
            Body::Text { .. } | Body::Upload { .. } => false,
        }
    }

    pub(crate) fn is_late(&self) -> bool {
        matches!(self.body, Body::Late { .. })
    }

    /// Whether a transcript under this id is waited for.
    pub(crate) fn wants(&self, reply: ReplyId) -> bool {
        match &self.body {
            Body::Text { .. } => false,
            Body::Upload { words, .. } => self.reply == reply && words.is_none(),
            Body::Late { parts, .. } => parts
                .iter()
                .any(|part| part.reply == reply && part.text.is_none()),
        }
    }

    /// Takes in a transcript; `taken`: somebody else takes its words, if they are all there are.
    pub(crate) fn hear(&mut self, reply: ReplyId, text: String, taken: bool) {
        match &mut self.body {
            Body::Text { .. } => {}
            Body::Upload {
                words,
                taken: is_taken,
                ..
            } => (*words, *is_taken) = (Some(text), taken),
            Body::Late { parts, .. } => {
                for part in parts.iter_mut().filter(|part| part.reply == reply) {
                    part.hear(&text, taken);
                }
            }
        }
        if self.words().is_some() {
            self.lost_at = None;
        }
    }
}

impl Ask {
    /// What is missing never came: the ids whose work is of no use any more.
    ///
    /// The words of a long turn that did come are kept, and answered if there are any.
    pub(crate) fn give_up_waiting(&mut self) -> Vec<ReplyId> {
        self.lost_at = None;
        let mut ended = Vec::new();
        match &mut self.body {
            Body::Text { .. } => {}
            Body::Upload { words, .. } => {
                if words.is_none() {
                    ended.push(self.reply);
                }
                words.get_or_insert_default();
            }
            Body::Late { parts, .. } => {
                for part in parts.iter_mut().filter(|part| part.text.is_none()) {
                    ended.push(part.reply);
                    part.text = Some(String::new());
                }
            }
        }
        ended
    }
}

/// The queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asks {
    waiting: VecDeque<Ask>,
}

impl Asks {
    /// Adds a request; hands it back if too many wait.
    pub(crate) fn push(&mut self, ask: Ask) -> Result<(), Box<Ask>> {
        let alike = self
            .waiting
            .iter()
            .filter(|other| other.is_late() == ask.is_late())
            .count();
        if alike >= if ask.is_late() { LATE } else { WAITING } {
            return Err(Box::new(ask));
        }
        self.waiting.push_back(ask);
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Ask> {
        self.waiting.iter()
    }

    pub(crate) fn wanting(&mut self, reply: ReplyId) -> Option<&mut Ask> {
        self.waiting.iter_mut().find(|ask| ask.wants(reply))
    }

    /// Whose turn it is: the first whose words are known, unless an upload before it still waits.
    pub(crate) fn next(&self) -> Option<&Ask> {
        let next = self
            .waiting
            .iter()
            .find(|ask| ask.words().is_some() || !ask.is_late())?;
        next.words().is_some().then_some(next)
    }

    /// The first request whose missing words have run out of time.
    pub(crate) fn lost(&mut self, now: Mono) -> Option<&mut Ask> {
        self.waiting
            .iter_mut()
            .find(|ask| ask.lost_at.is_some_and(|at| now >= at))
    }

    pub(crate) fn remove(&mut self, reply: ReplyId) -> Option<Ask> {
        let at = self.waiting.iter().position(|ask| ask.reply == reply)?;
        self.waiting.remove(at)
    }

    /// Gives a request another id to be answered under.
    pub(crate) fn rename(&mut self, own: ReplyId, reply: ReplyId) {
        for ask in self.waiting.iter_mut().filter(|ask| ask.reply == own) {
            ask.reply = reply;
        }
    }

    /// Takes out all late turns whose words came and are for her, in order.
    pub(crate) fn take_late(&mut self) -> Vec<Ask> {
        let mut taken = Vec::new();
        self.waiting.retain(|ask| {
            let take = ask.is_late() && !ask.is_taken() && ask.words().is_some();
            if take {
                taken.push(ask.clone());
            }
            !take
        });
        taken
    }

    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Ask> + '_ {
        self.waiting.drain(..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(id: u32) -> Ask {
        let body = Body::Text {
            text: format!("t{id}"),
            speak: true,
            tag: id,
            taken: false,
        };
        Ask {
            reply: ReplyId(id),
            body,
            at: Mono::ZERO,
            lost_at: None,
        }
    }

    fn upload(id: u32) -> Ask {
        Ask {
            body: Body::Upload {
                words: None,
                speak: true,
                tag: id,
                taken: false,
            },
            ..text(id)
        }
    }

    fn late(id: u32) -> Ask {
        let part = Part {
            reply: ReplyId(id),
            text: None,
            taken: false,
        };
        Ask {
            body: Body::Late {
                parts: vec![part],
                said: None,
            },
            ..text(id)
        }
    }

    #[test]
    fn an_upload_holds_up_what_came_after_it_and_a_late_turn_does_not() {
        let mut asks = Asks::default();
        for ask in [late(1), upload(2), text(3)] {
            asks.push(ask).expect("room");
        }
        assert!(asks.next().is_none());
        asks.wanting(ReplyId(2))
            .expect("waits")
            .hear(ReplyId(2), "two".to_owned(), false);
        assert_eq!(asks.next().map(|ask| ask.reply), Some(ReplyId(2)));
        asks.remove(ReplyId(2));
        assert_eq!(asks.next().map(|ask| ask.reply), Some(ReplyId(3)));
        asks.wanting(ReplyId(1))
            .expect("waits")
            .hear(ReplyId(1), "one".to_owned(), false);
        assert_eq!(asks.take_late().len(), 1);
        assert!(asks.wanting(ReplyId(1)).is_none());
    }

    #[test]
    fn the_queue_is_bounded_and_hands_back_what_does_not_fit() {
        let mut asks = Asks::default();
        for id in 0..WAITING as u32 {
            asks.push(text(id)).expect("room");
        }
        let refused = asks.push(text(99)).expect_err("full");
        assert_eq!(refused.tag(), Some(99));
    }
}
