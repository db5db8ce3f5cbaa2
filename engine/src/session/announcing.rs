//! Words that no language model makes or answers: announcements, commands, the red thread.

use std::sync::atomic::Ordering;

use janet_models::llm;
use janet_talk::{Input, Mono, ReplyId, UtteranceId, red_thread};

use super::core::Core;
use super::live::Live;
use crate::ports::Gate;
use crate::{Event, Mark};

/// What may be handed on of the user's words: without secrets, and of words that pull the red thread
/// nothing but that they do, whatever else the gate would have made of them.
pub(super) fn gated(gate: &dyn Gate, words: &str) -> String {
    if red_thread::pulls(words) {
        red_thread::WORDS.to_owned()
    } else {
        gate.redact(words).into_owned()
    }
}

impl Core {
    /// Whether somebody else takes these words, which are gated.
    pub(super) fn takes(&self, words: &str) -> bool {
        let attendant = self.attendant.as_ref();
        attendant.is_some_and(|attendant| !words.is_empty() && attendant.takes(words))
    }

    /// Follows what was done to the red thread from outside.
    pub(super) fn follow_red_thread(&mut self, now: Mono) {
        let pulled = self.shared.red_thread.load(Ordering::Acquire);
        if pulled != self.is_stopped {
            self.is_stopped = pulled;
            if pulled {
                self.stop_work(now);
            }
            self.feed(
                now,
                if pulled {
                    Input::RedThread
                } else {
                    Input::RedThreadCleared
                },
            );
        }
    }

    /// The user's words have pulled it.
    pub(super) fn red_thread(&mut self, now: Mono, by_voice: bool) {
        self.is_stopped = true;
        self.shared.red_thread.store(true, Ordering::Release);
        self.tell(Event::RedThread { by_voice });
        self.stop_work(now);
    }

    /// What the conversation itself knows nothing of ends as well.
    fn stop_work(&mut self, now: Mono) {
        self.disturb_digest(now);
        self.uploads.clear();
    }

    pub(super) fn announce(
        &mut self,
        now: Mono,
        (reply, id): (ReplyId, u32),
        text: String,
        spoken: bool,
    ) {
        let live = self.live.entry(reply).or_insert_with(Live::new);
        live.released = true;
        live.speech_end = Some(now);
        live.mark(Mark::Decision, now);
        self.tell(Event::Announced {
            reply,
            id,
            text,
            spoken,
        });
    }

    pub(super) fn announcement_over(
        &mut self,
        reply: Option<ReplyId>,
        id: u32,
        text: String,
        heard: bool,
    ) {
        if let Some(reply) = reply {
            self.forget(reply);
        }
        if !text.trim().is_empty() {
            self.remember_her_words(&text);
        }
        self.tell(Event::AnnouncementOver {
            reply,
            id,
            text,
            heard,
        });
    }

    /// Adds to what she said last: many templates let nobody speak twice in a row.
    fn remember_her_words(&mut self, text: &str) {
        match self.history.last_mut() {
            Some(last) if last.role == llm::Role::Assistant => {
                last.text.push_str("\n\n");
                last.text.push_str(text);
            }
            _ => self.remember(llm::Message::new(llm::Role::Assistant, text)),
        }
    }

    pub(super) fn command(
        &mut self,
        reply: ReplyId,
        user_text: String,
        tag: Option<u32>,
        spoken: bool,
    ) {
        self.forget(reply);
        if let Some(tag) = tag {
            self.uploads.remove(&UtteranceId(tag));
            self.spoken_tags.retain(|spoken| *spoken != tag);
        }
        self.tell(Event::Command {
            user_text,
            tag,
            spoken,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    /// Takes every text for a secret.
    struct Everything;

    impl Gate for Everything {
        fn redact<'a>(&self, _: &'a str) -> Cow<'a, str> {
            "[secret]".into()
        }
    }

    #[test]
    fn no_gate_hides_the_red_thread_and_nothing_else_passes_beside_it() {
        let gate = Everything;
        assert_eq!(
            gated(&gate, "my pin is 4711, red thread!"),
            red_thread::WORDS
        );
        assert_eq!(gated(&gate, "my pin is 4711, red threat!"), "[secret]");
    }
}
