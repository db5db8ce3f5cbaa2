//! How she means what she says, and what she does with her head: told at the sample that it goes with.
//!
//! A phrase's tones and gestures stand at words. When the phrase's sound is made it is known how far into
//! the text that reaches, and so where in the sound a word lies; when the sound leaves for the ear it is
//! known which sample of her voice that is.

use std::collections::VecDeque;

use janet_face::animator::Gesture;
use janet_face::tone::{self, Mood};
use janet_face::{RATE_HZ, Tone};
use janet_talk::{PhraseId, ReplyId};

use super::core::Core;
use crate::Event;

/// One of these.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    /// She means it so from here on.
    Tone(Mood),
    /// She does this.
    Gesture(Gesture),
}

/// More acts than that are not on their way to the ear: the line is 200 ms ahead of it.
const MOST_TOLD: usize = 16;

/// One that was told, and may have to be taken back.
#[derive(Debug)]
pub(super) struct ToldAct {
    reply: Option<ReplyId>,
    /// The sample of her voice at 48 kHz.
    at: u64,
    act: Act,
    before: Mood,
}

/// A phrase that is being spoken.
struct Phrase {
    id: PhraseId,
    /// Its text is said up to here by the sound that was made.
    said: usize,
    /// By the byte of its text.
    acts: VecDeque<(usize, Act)>,
}

/// The acts of one attempt at an answer.
#[derive(Default)]
pub(super) struct Acts {
    phrases: VecDeque<Phrase>,
    /// By the sample at 48 kHz since its sound began.
    placed: VecDeque<(u64, Act)>,
}

impl Acts {
    /// This phrase is spoken next.
    pub(super) fn begin(&mut self, id: PhraseId, text: &str) {
        let tones = tone::of_sentences(text).into_iter();
        let tones = tones.map(|sentence| (sentence.at.start, Act::Tone(sentence.mood)));
        let gestures = tone::gestures(text).into_iter();
        let gestures = gestures.map(|placed| (placed.at, Act::Gesture(placed.gesture)));
        let mut acts: Vec<(usize, Act)> = tones.chain(gestures).collect();
        acts.sort_by_key(|(byte, _)| *byte);
        // It may have been begun by somebody who did not speak it to its end.
        self.phrases.retain(|phrase| phrase.id != id);
        self.phrases.push_back(Phrase {
            id,
            said: 0,
            acts: acts.into(),
        });
    }

    /// Sound from `start` to `end` says the phrase's text up to `upto_byte`.
    pub(super) fn place(
        &mut self,
        id: PhraseId,
        (start, end): (u64, u64),
        upto_byte: usize,
        last: bool,
    ) {
        let Some(phrase) = self.phrases.iter_mut().find(|phrase| phrase.id == id) else {
            return;
        };
        let bytes = upto_byte.saturating_sub(phrase.said).max(1) as u64;
        while let Some(&(byte, act)) = phrase.acts.front()
            // A word that follows what is said begins here, whenever it will have been said.
            && (byte <= upto_byte + 1 || last)
        {
            phrase.acts.pop_front();
            let into = (byte.saturating_sub(phrase.said) as u64).min(bytes);
            self.placed
                .push_back((start + (end - start) * into / bytes, act));
        }
        phrase.said = phrase.said.max(upto_byte);
        if last {
            self.phrases.retain(|phrase| phrase.id != id);
        }
    }

    /// What was to come from this sample on does not come.
    pub(super) fn truncate(&mut self, end: u64) {
        while self.placed.back().is_some_and(|(at, _)| *at >= end) {
            self.placed.pop_back();
        }
    }

    /// The next one, if its sample lies before this one.
    fn due(&mut self, before: u64) -> Option<(u64, Act)> {
        self.placed.pop_front_if(|(at, _)| *at < before)
    }
}

impl Core {
    /// Tells what goes with the sound that has left for the ear.
    pub(super) fn tell_acts(&mut self, reply: ReplyId) {
        loop {
            let (Some(line), Some(live)) = (&self.line, self.live.get_mut(&reply)) else {
                return;
            };
            let step = u64::from(RATE_HZ / line.rate_hz());
            let Some(base) = live.base else {
                return;
            };
            let left = line.next_sample().saturating_sub(base) * step;
            let Some((at, act)) = live.acts.due(left) else {
                return;
            };
            self.act(Some(reply), base * step + at, act);
        }
    }

    /// From this number of the line's on she means nothing in particular.
    pub(super) fn be_neutral(&mut self, number: u64) {
        if let Some(line) = &self.line {
            let at = number * u64::from(RATE_HZ / line.rate_hz());
            self.act(None, at, Act::Tone(Mood::NEUTRAL));
        }
    }

    /// What was told of samples behind this number of the line's is not heard, and the client forgets it. Where
    /// the sound `comes_again`, so does what goes with it.
    pub(super) fn untell_acts(&mut self, number: u64, comes_again: bool) {
        let Some(line) = &self.line else {
            return;
        };
        let step = u64::from(RATE_HZ / line.rate_hz());
        while let Some(told) = self.told_acts.pop_back_if(|told| told.at > number * step) {
            self.mood = told.before;
            let live = told.reply.and_then(|reply| self.live.get_mut(&reply));
            if let Some(live) = live.filter(|_| comes_again)
                && let Some(base) = live.base
            {
                let at = told.at.saturating_sub(base * step);
                live.acts.placed.push_front((at, told.act));
            }
        }
    }

    fn act(&mut self, reply: Option<ReplyId>, at: u64, act: Act) {
        let before = self.mood;
        if let Act::Tone(mood) = act {
            let is_known =
                mood == before || (mood.tone == Tone::Neutral && before.tone == Tone::Neutral);
            self.mood = mood;
            if is_known {
                return;
            }
        }
        if self.told_acts.len() == MOST_TOLD {
            self.told_acts.pop_front();
        }
        self.told_acts.push_back(ToldAct {
            reply,
            at,
            act,
            before,
        });
        let at_sample = at as u32;
        self.tell(Event::Acts { at_sample, act });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(acts: &Acts) -> Vec<(u64, Act)> {
        acts.placed.iter().copied().collect()
    }

    fn tone_at(placed: &[(u64, Act)], tone: Tone) -> Vec<u64> {
        let is_it = |act: &Act| matches!(act, Act::Tone(mood) if mood.tone == tone);
        let of_it = placed.iter().filter(|(_, act)| is_it(act));
        of_it.map(|(at, _)| *at).collect()
    }

    #[test]
    fn a_sentence_s_tone_lies_where_its_first_word_is_said() {
        let text = "I'm so sorry to hear that. Congratulations on the new job!";
        let second = text.find("Cong").expect("it is there");
        let mut acts = Acts::default();
        acts.begin(PhraseId(1), text);
        // The sound of the first sentence in two pieces, then the rest.
        acts.place(PhraseId(1), (0, 4800), 10, false);
        acts.place(PhraseId(1), (4800, 48_000), second, false);
        assert_eq!(tone_at(&placed(&acts), Tone::Concerned), [0]);
        acts.place(PhraseId(1), (48_000, 96_000), text.len(), true);
        assert_eq!(tone_at(&placed(&acts), Tone::Happy), [48_000]);
        assert!(acts.phrases.is_empty());
    }

    #[test]
    fn a_word_in_the_middle_of_a_piece_lies_in_the_middle_of_its_sound() {
        let text = "Well. Congratulations!";
        let mut acts = Acts::default();
        acts.begin(PhraseId(1), text);
        acts.place(PhraseId(1), (1000, 1000 + 2200), text.len(), true);
        let at = tone_at(&placed(&acts), Tone::Happy);
        assert_eq!(at, [1000 + 100 * text.find("Cong").expect("there") as u64]);
    }

    #[test]
    fn what_is_taken_back_is_said_again_once_and_what_has_left_is_told_once() {
        let text = "Congratulations!";
        let mut acts = Acts::default();
        acts.begin(PhraseId(1), text);
        acts.place(PhraseId(1), (500, 900), 5, false);
        acts.truncate(500);
        // Somebody else speaks that phrase.
        acts.begin(PhraseId(1), text);
        acts.place(PhraseId(1), (500, 1500), text.len(), true);
        assert_eq!(tone_at(&placed(&acts), Tone::Happy), [500]);
        assert_eq!(acts.due(500), None);
        let told = std::iter::from_fn(|| acts.due(501)).count();
        assert!(told >= 1 && acts.due(501).is_none());
    }
}
