//! What is under way for one attempt at an answer.

use std::collections::VecDeque;

use janet_audio::Resampler;
use janet_models::llm;
use janet_talk::{Mono, PhraseId};

use super::acts::Acts;
use super::face::Course;
use super::recalling::Recalling;
use super::speaking::Speaker;
use super::thoughts::Thoughts;
use crate::arbiter::Ticket;
use crate::{Cause, Ledger, Mark};

/// An attempt's jobs, its sound on the way to the ear, and when each stage was through.
pub(super) struct Live {
    pub(super) tickets: Vec<Ticket>,
    /// Phrases that wait for the voice.
    pub(super) phrases: VecDeque<(PhraseId, String)>,
    pub(super) resampler: Option<Resampler>,
    /// Rate of this reply's sound: that of the line when its first sound was made.
    pub(super) rate_hz: u32,
    /// Sound at the play rate that is not in the line yet.
    pub(super) staged: VecDeque<f32>,
    /// Where this reply's sound begins in the line's count.
    pub(super) base: Option<u64>,
    /// Samples made so far, at the play rate.
    pub(super) made: u64,
    /// Those of them that belong to the phrase under way.
    pub(super) phrase_made: u64,
    /// What the mouth does with it.
    pub(super) course: Course,
    /// What she does beside it.
    pub(super) acts: Acts,
    /// Who speaks it.
    pub(super) speaker: Speaker,
    /// Samples heard so far, at the play rate.
    pub(super) heard: u64,
    /// Characters of its text that the client was told are heard.
    pub(super) chars_heard: usize,
    pub(super) released: bool,
    pub(super) user_text: String,
    pub(super) tag: Option<u32>,
    /// The ids of its text as generated.
    pub(super) generated: Option<Vec<u32>>,
    pub(super) thoughts: Thoughts,
    /// What the language server was asked, until it says something that is shown.
    pub(super) asked: Option<Vec<llm::Message>>,
    /// What is asked once the memory has answered.
    pub(super) recalling: Option<Recalling>,
    /// The whole sound, where a request asked for a file instead of a stream.
    pub(super) file: Option<Vec<f32>>,
    /// What has failed, if anything.
    pub(super) cause: Option<Cause>,
    pub(super) speech_end: Option<Mono>,
    pub(super) prompt: (u32, u32),
    marks: Vec<(Mark, Mono)>,
}

impl Live {
    pub(super) fn new() -> Self {
        Self {
            tickets: Vec::new(),
            phrases: VecDeque::new(),
            resampler: None,
            rate_hz: 24_000,
            staged: VecDeque::new(),
            base: None,
            made: 0,
            phrase_made: 0,
            course: Course::default(),
            acts: Acts::default(),
            speaker: Speaker::default(),
            heard: 0,
            chars_heard: 0,
            released: false,
            user_text: String::new(),
            tag: None,
            generated: None,
            thoughts: Thoughts::default(),
            asked: None,
            recalling: None,
            file: None,
            cause: None,
            speech_end: None,
            prompt: (0, 0),
            marks: Vec::new(),
        }
    }

    /// Notes that a stage is through; only the first time counts, but for the last token.
    pub(super) fn mark(&mut self, mark: Mark, at: Mono) {
        if mark == Mark::LlmLast {
            self.marks.retain(|(known, _)| *known != mark);
        }
        if !self.marks.iter().any(|(known, _)| *known == mark) {
            self.marks.push((mark, at));
        }
    }

    pub(super) fn cancel(&mut self) {
        for ticket in self.tickets.drain(..) {
            ticket.cancel();
        }
        self.recalling = None;
        self.phrases.clear();
        self.staged.clear();
    }

    /// The turn's ledger: milliseconds from the end of speech.
    pub(super) fn ledger(&self, speculations: u32) -> Ledger {
        let zero = self.speech_end.unwrap_or_default();
        let millis = |at: Mono| (at.0 as i64 - zero.0 as i64) / 1000;
        let mut marks: Vec<_> = self
            .marks
            .iter()
            .map(|(mark, at)| (*mark, millis(*at)))
            .collect();
        marks.sort_by_key(|(_, at)| *at);
        Ledger {
            marks,
            speculations,
            prompt_cached: self.prompt.0,
            prompt_new: self.prompt.1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_counts_from_the_end_of_speech_and_keeps_the_first_of_each_mark() {
        let mut live = Live::new();
        live.speech_end = Some(Mono::from_millis(1000));
        live.mark(Mark::FirstAudio, Mono::from_millis(1400));
        live.mark(Mark::FirstAudio, Mono::from_millis(1500));
        live.mark(Mark::Transcript, Mono::from_millis(900));
        live.mark(Mark::LlmLast, Mono::from_millis(1200));
        live.mark(Mark::LlmLast, Mono::from_millis(1300));
        assert_eq!(
            live.ledger(1).marks,
            [
                (Mark::Transcript, -100),
                (Mark::LlmLast, 300),
                (Mark::FirstAudio, 400)
            ]
        );
    }
}
