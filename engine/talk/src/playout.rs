//! What of a reply was spoken, and what of that was heard.
//!
//! Maps samples to phrases to bytes of the written text. A word counts as heard only when all
//! sound of it was: between two marks nothing is guessed, so history may hold a word too few after
//! an interruption, but never one that nobody heard.

use crate::PhraseId;
use crate::fault::{Fault, Faults};
use crate::phrase::Phrase;

#[derive(Clone, Debug)]
struct Spoken {
    phrase: Phrase,
    /// (samples of the reply, bytes of the phrase that these samples complete)
    marks: Vec<(u64, usize)>,
    complete: bool,
}

/// The sound of one reply.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlayoutLedger {
    phrases: Vec<Spoken>,
    /// Index of the first phrase whose sound is not complete.
    voicing: usize,
    samples: u64,
    heard: u64,
}

impl PlayoutLedger {
    /// A phrase was sent to the voice; returns its number, or `None` when there are too many.
    pub(crate) fn ask(&mut self, phrase: Phrase) -> Option<PhraseId> {
        let id = PhraseId(u16::try_from(self.phrases.len()).ok()?);
        self.phrases.push(Spoken {
            phrase,
            marks: Vec::new(),
            complete: false,
        });
        Some(id)
    }

    /// Sound of a phrase was made. False, and without effect, if it is not that phrase's turn.
    pub(crate) fn voiced(&mut self, id: PhraseId, samples: u32, upto: usize, last: bool) -> bool {
        if usize::from(id.0) != self.voicing {
            return false;
        }
        let Some(spoken) = self.phrases.get_mut(self.voicing) else {
            return false;
        };
        self.samples += u64::from(samples);
        let upto = if last { spoken.phrase.text.len() } else { upto };
        spoken.marks.push((self.samples, upto));
        if last {
            spoken.complete = true;
            self.voicing += 1;
        }
        true
    }

    /// The newest samples of the phrase at the voice are gone again, as far as they were not heard.
    /// False, and without effect, if it is not that phrase's turn.
    pub(crate) fn taken_back(&mut self, id: PhraseId, samples: u32, faults: Faults) -> bool {
        if usize::from(id.0) != self.voicing {
            return false;
        }
        let Some(spoken) = self.phrases.get_mut(self.voicing) else {
            return false;
        };
        let left = self.samples.saturating_sub(u64::from(samples));
        self.samples = left.max(self.heard);
        if !faults.has(Fault::TakenBackMarksKept) {
            spoken.marks.retain(|(end, _)| *end <= self.samples);
        }
        true
    }

    /// The ear has reached this sample; true if that is further than before.
    pub(crate) fn heard(&mut self, sample: u64) -> bool {
        let sample = sample.min(self.samples);
        let further = sample > self.heard;
        self.heard = self.heard.max(sample);
        further
    }

    /// Phrases at the voice whose sound is not complete.
    pub(crate) fn at_the_voice(&self) -> usize {
        self.phrases.len() - self.voicing
    }

    /// Samples made and not heard yet.
    pub(crate) fn ahead(&self) -> u64 {
        self.samples - self.heard
    }

    /// Samples made so far.
    pub(crate) fn samples(&self) -> u64 {
        self.samples
    }

    /// Whether every phrase was made and heard to its end.
    pub(crate) fn all_heard(&self) -> bool {
        self.at_the_voice() == 0 && self.heard == self.samples
    }

    /// Bytes of the written text up to the end of the last word that was wholly heard.
    pub(crate) fn heard_written(&self) -> usize {
        let mut written = 0;
        for spoken in &self.phrases {
            let reached = spoken
                .marks
                .iter()
                .take_while(|(samples, _)| *samples <= self.heard);
            let Some(upto) = reached.map(|(_, upto)| *upto).max() else {
                break;
            };
            let words = spoken
                .phrase
                .words
                .iter()
                .take_while(|word| word.spoken <= upto);
            written = words.last().map_or(written, |word| word.written);
            if upto < spoken.phrase.text.len() {
                break;
            }
        }
        written
    }

    /// What she is saying around the position that the ear has reached: that phrase and its
    /// neighbours.
    pub(crate) fn saying(&self) -> String {
        self.around_ear(1)
    }

    /// What of hers the room may still hold when her voice ends here: the last phrases, and the one
    /// that had begun.
    pub(crate) fn said_last(&self) -> String {
        self.around_ear(2)
    }

    fn around_ear(&self, before: usize) -> String {
        let ended = |spoken: &Spoken| {
            spoken.complete
                && spoken
                    .marks
                    .last()
                    .is_some_and(|(end, _)| *end <= self.heard)
        };
        let here = self
            .phrases
            .iter()
            .take_while(|spoken| ended(spoken))
            .count();
        let from = here.saturating_sub(before);
        let near = self.phrases.iter().skip(from).take(before + 2);
        near.map(|spoken| spoken.phrase.text.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phrase::PhraseCutter;

    fn ledger(text: &str) -> PlayoutLedger {
        let mut ledger = PlayoutLedger::default();
        let mut cutter = PhraseCutter::default();
        let mut phrases = Vec::new();
        cutter.push(text, |phrase| phrases.push(phrase));
        cutter.finish(|phrase| phrases.push(phrase));
        for phrase in phrases {
            ledger.ask(phrase).expect("few phrases");
        }
        ledger
    }

    #[test]
    fn only_words_whose_sound_was_heard_to_its_end_count() {
        let text = "**One** two three. Four five six.";
        let mut ledger = ledger(text);
        assert!(ledger.voiced(PhraseId(0), 100, 7, false));
        assert!(ledger.voiced(PhraseId(0), 100, 0, true));
        assert!(ledger.voiced(PhraseId(1), 100, 6, false));
        let heard = |ledger: &mut PlayoutLedger, sample| {
            ledger.heard(sample);
            text[..ledger.heard_written()].to_owned()
        };
        assert_eq!(heard(&mut ledger, 99), "");
        assert_eq!(heard(&mut ledger, 100), "**One** two");
        assert_eq!(heard(&mut ledger, 199), "**One** two");
        assert_eq!(heard(&mut ledger, 200), "**One** two three.");
        assert_eq!(
            heard(&mut ledger, 300),
            "**One** two three. Four",
            "byte 6 is inside 'five'"
        );
        assert!(!ledger.all_heard());
    }

    #[test]
    fn the_position_never_goes_back_nor_beyond_what_was_made() {
        let mut ledger = ledger("One two three.");
        ledger.voiced(PhraseId(0), 100, 14, true);
        assert!(ledger.heard(60));
        assert!(!ledger.heard(30));
        assert_eq!(ledger.ahead(), 40);
        assert!(ledger.heard(u64::MAX));
        assert!(ledger.all_heard());
    }

    #[test]
    fn sound_out_of_order_is_refused() {
        let mut ledger = ledger("One two three. Four five six.");
        assert!(!ledger.voiced(PhraseId(1), 100, 3, true));
        assert!(ledger.voiced(PhraseId(0), 100, 3, true));
        assert!(!ledger.voiced(PhraseId(0), 100, 3, true));
        assert!(!ledger.voiced(PhraseId(7), 100, 3, true));
        assert_eq!(ledger.samples(), 100);
    }

    #[test]
    fn a_phrase_that_is_made_anew_keeps_what_was_heard_of_it_and_no_more() {
        let text = "One two three. Four five six.";
        let mut ledger = ledger(text);
        ledger.voiced(PhraseId(0), 100, 14, true);
        ledger.voiced(PhraseId(1), 100, 4, false);
        ledger.voiced(PhraseId(1), 100, 9, false);
        ledger.heard(200);
        let none = Faults::default();
        assert!(!ledger.taken_back(PhraseId(0), 100, none), "it is complete");
        assert!(ledger.taken_back(PhraseId(1), u32::MAX, none));
        assert_eq!(ledger.samples(), 200, "what was heard stays");
        assert_eq!(&text[..ledger.heard_written()], "One two three. Four");
        ledger.voiced(PhraseId(1), 100, 4, false);
        ledger.voiced(PhraseId(1), 200, 0, true);
        ledger.heard(300);
        assert_eq!(&text[..ledger.heard_written()], "One two three. Four");
        assert!(!ledger.all_heard());
        ledger.heard(500);
        assert!(ledger.all_heard());
        assert_eq!(&text[..ledger.heard_written()], text);
    }

    #[test]
    fn a_phrase_without_sound_is_heard_with_the_one_before() {
        let mut ledger = ledger("One two three. Four five six.");
        ledger.voiced(PhraseId(0), 100, 14, true);
        ledger.voiced(PhraseId(1), 0, 0, true);
        ledger.heard(100);
        assert!(ledger.all_heard());
        assert_eq!(
            ledger.heard_written(),
            "One two three. Four five six.".len()
        );
    }

    #[test]
    fn what_she_is_saying_is_the_phrase_at_the_ear_and_its_neighbours() {
        let mut ledger = ledger("One two three. Four five six. Seven eight nine. Ten to twelve.");
        ledger.voiced(PhraseId(0), 100, 0, true);
        ledger.voiced(PhraseId(1), 100, 0, true);
        assert_eq!(
            ledger.saying(),
            "One two three. Four five six. Seven eight nine."
        );
        ledger.heard(200);
        assert_eq!(
            ledger.saying(),
            "Four five six. Seven eight nine. Ten to twelve."
        );
    }
}
