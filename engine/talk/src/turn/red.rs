//! The red thread in the user's own words, spoken or typed.
//!
//! Looked for in everything that comes in as words, before anything else is made of it, partial
//! transcripts and those of sounds over her voice among them. Whose work brought the words does not
//! matter: an attempt that has ended was still said by somebody. Only her own voice coming back pulls
//! nothing; and a partial transcript that ends on these words while somebody speaks on waits for the next
//! one, because "red threat" cut off reads as them.

use crate::asks::Ask;
use crate::backchannel::repeats;
use crate::fault::Fault;
use crate::red_thread::{pulls, pulls_at_the_end};
use crate::turn::{Core, State, Turn};
use crate::voice::{Words, join};
use crate::{Action, Input, Mono, ReplyId};

impl Turn {
    /// Whether these words pull the red thread, and if so whether they were spoken.
    pub(super) fn pulled(&self, input: &Input) -> Option<bool> {
        match input {
            Input::Text { text, .. } if pulls(text) => Some(false),
            Input::Partial { reply, text, .. } | Input::Transcript { reply, text, .. }
                if (pulls(text) && !self.says_it_herself(*reply, text))
                    || self.is_parted(*reply, text) =>
            {
                let is_partial = matches!(input, Input::Partial { .. });
                let waits = is_partial && self.core.faults.has(Fault::RedThreadWaits);
                let is_sure = !is_partial || !pulls_at_the_end(text) || self.has_heard_all(*reply);
                (!waits && is_sure).then_some(true)
            }
            _ => None,
        }
    }

    /// The user's words have pulled it.
    pub(super) fn on_pull(&mut self, by_voice: bool, out: &mut Vec<Action>) {
        if !matches!(self.state, State::Stopped) {
            out.push(Action::RedThread { by_voice });
            self.on_red_thread(out);
        }
    }

    /// Whether nothing was said behind what this partial transcript was made of. If there was, it is
    /// listened to in a moment anyway.
    fn has_heard_all(&self, reply: ReplyId) -> bool {
        match &self.state {
            State::Listening { turn, .. } | State::Held { turn, .. } if turn.is_of(reply) => {
                turn.spoken_to <= turn.partials.upto
            }
            _ => false,
        }
    }

    /// Whether the two words lie on both sides of a border between parts of a long turn.
    fn is_parted(&self, reply: ReplyId, text: &str) -> bool {
        let (parts, last) = match &self.state {
            State::Listening { turn, .. } | State::Held { turn, .. } if turn.is_of(reply) => {
                let last = turn.attempt().and_then(|attempt| match &attempt.words {
                    Words::Known(text) => Some(text.as_str()),
                    _ => None,
                });
                (turn.parts.as_slice(), last)
            }
            _ => {
                let late = self.core.asks.iter().find(|ask| ask.wants(reply));
                (late.map_or(&[][..], Ask::parts), None)
            }
        };
        if parts.len() + usize::from(last.is_some()) < 2 && parts.iter().all(|p| p.reply == reply) {
            return false;
        }
        let is_last = parts.iter().all(|part| part.reply != reply);
        let known = parts.iter().map(|part| match &part.text {
            None if part.reply == reply => text,
            other => other.as_deref().unwrap_or_default(),
        });
        let last = if is_last {
            text
        } else {
            last.unwrap_or_default()
        };
        // Where a recogniser is cut off it ends its sentence.
        let texts = known.map(|text| text.trim_end_matches(|c: char| !c.is_alphanumeric()));
        pulls(&join(texts.chain([last])))
    }

    /// Whether these words are an echo of her speaking of the red thread.
    fn says_it_herself(&self, reply: ReplyId, text: &str) -> bool {
        match &self.state {
            State::Held {
                live,
                turn,
                judgement,
            } if turn.is_of(reply) => {
                let saying = live.saying();
                pulls(&saying)
                    && self
                        .core
                        .is_hers(turn.spoken_to, judgement.level_db(), text, &saying)
            }
            State::Listening { turn, .. } if turn.is_of(reply) => {
                let said = &self.core.said_last;
                let level_db = turn.tail.loudest_db();
                pulls(said) && self.core.is_hers(turn.spoken_to, level_db, text, said)
            }
            _ => false,
        }
    }
}

impl Core {
    /// Whether a sound that ended at `to` and reads as `text` may be nothing but her own voice coming
    /// back: it was over before her echo could be, no louder than an echo is, and says what she did.
    pub(super) fn is_hers(&self, to: Mono, level_db: f32, text: &str, said: &str) -> bool {
        self.may_be_hers(to, level_db) && repeats(text, said)
    }

    /// The same, whatever it reads as.
    pub(super) fn may_be_hers(&self, to: Mono, level_db: f32) -> bool {
        let may_sound = self.audible_to.is_some_and(|until| to <= until);
        may_sound && !self.echo.is_far_over(level_db)
    }
}
