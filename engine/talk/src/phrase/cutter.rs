//! Cuts the reply into pieces worth speaking.
//!
//! Sits between the language model and the voice. Shorter first pieces mean earlier sound; longer
//! ones mean better prosody, so only the first piece may end before its sentence does. Remembers
//! for every spoken word where it ends in the written text. Never sees audio, never emits an empty
//! piece, never drops a word that can be spoken.

use crate::phrase::speakable::{Break, Place};

/// The first piece may end at a comma from here on.
const FIRST_CLAUSE_WORDS: usize = 3;
/// From here on it may end before a word that opens a part of the sentence.
const FIRST_NATURAL_WORDS: usize = 5;
/// And here it ends anyway.
const FIRST_LONGEST_WORDS: usize = 9;
/// Later sentences shorter than this are spoken with the next one.
const SHORT_SENTENCE_WORDS: usize = 3;
/// No piece is longer.
const LONGEST_BYTES: usize = 220;
/// A run without a space that is longer than this is taken as a word.
const LONGEST_RUN_BYTES: usize = 160;

/// A piece of a reply that is spoken in one go.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Phrase {
    /// What the voice is to say; never empty.
    pub(crate) text: String,
    /// For each word: where it ends in `text`, and where in the written text.
    pub(crate) words: Vec<WordEnd>,
}

/// The end of a word, in bytes of the spoken phrase and of the whole written reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WordEnd {
    pub(crate) spoken: usize,
    pub(crate) written: usize,
}

#[derive(Clone, Debug)]
struct Word {
    text: String,
    written: usize,
    then: Break,
}

/// The text so far and the words that are not in a phrase yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct PhraseCutter {
    written: String,
    taken: usize,
    place: Place,
    words: Vec<Word>,
    began: bool,
}

impl PhraseCutter {
    /// All text that was pushed.
    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    /// Takes in more text and hands every finished phrase to `emit`.
    pub(crate) fn push(&mut self, text: &str, mut emit: impl FnMut(Phrase)) {
        self.written.push_str(text);
        while let Some(run) = self.next_run() {
            self.take(run, &mut emit);
        }
    }

    /// The text is complete: hands out what is left.
    pub(crate) fn finish(&mut self, mut emit: impl FnMut(Phrase)) {
        self.skip_space();
        if self.taken < self.written.len() {
            self.take(self.written.len(), &mut emit);
        }
        self.cut(self.words.len(), &mut emit);
    }

    /// End of the next whole run of non-space characters.
    fn next_run(&mut self) -> Option<usize> {
        self.skip_space();
        let rest = &self.written[self.taken..];
        if let Some(end) = rest.find(char::is_whitespace) {
            return Some(self.taken + end.min(floor_char(rest, LONGEST_RUN_BYTES)));
        }
        (rest.len() > LONGEST_RUN_BYTES).then(|| self.taken + floor_char(rest, LONGEST_RUN_BYTES))
    }

    fn skip_space(&mut self) {
        let rest = &self.written[self.taken..];
        let word = rest.trim_start();
        let space = &rest[..rest.len() - word.len()];
        if space.contains('\n') {
            self.place.newline();
            if let Some(last) = self.words.last_mut() {
                last.then = Break::Sentence;
            }
        }
        self.taken += space.len();
    }

    fn take(&mut self, end: usize, emit: &mut impl FnMut(Phrase)) {
        // A newline behind the last word may have ended a piece.
        if self
            .words
            .last()
            .is_some_and(|last| last.then == Break::Sentence)
        {
            self.cut_after_last(emit);
        }
        let spoken = self.place.say(&self.written[self.taken..end]);
        self.taken = end;
        if spoken.text.is_empty() {
            if let Some(last) = self.words.last_mut() {
                last.then = last.then.max(spoken.then);
                self.cut_after_last(emit);
            }
            return;
        }
        let first = !self.began;
        if first && self.words.len() >= FIRST_NATURAL_WORDS && opens_a_part(&spoken.text) {
            self.cut(self.words.len(), emit);
        }
        self.words.push(Word {
            text: spoken.text,
            written: end,
            then: spoken.then,
        });
        self.cut_after_last(emit);
    }

    /// Cuts behind the last word if that is a good place, or where it must be.
    fn cut_after_last(&mut self, emit: &mut impl FnMut(Phrase)) {
        let count = self.words.len();
        let Some(last) = self.words.last() else {
            return;
        };
        let good = match (self.began, last.then) {
            (false, Break::Sentence) => true,
            (false, Break::Clause) => count >= FIRST_CLAUSE_WORDS,
            (false, Break::None) => count >= FIRST_LONGEST_WORDS,
            (true, Break::Sentence) => count >= SHORT_SENTENCE_WORDS,
            (true, _) => false,
        };
        if good {
            self.cut(count, emit);
        } else if self.bytes() > LONGEST_BYTES {
            let clause = self.words[count / 2..]
                .iter()
                .rposition(|w| w.then >= Break::Clause);
            let at = clause.map_or(count - 1, |at| count / 2 + at + 1);
            self.cut(at.max(1), emit);
        }
    }

    fn bytes(&self) -> usize {
        self.words.iter().map(|word| word.text.len() + 1).sum()
    }

    fn cut(&mut self, count: usize, emit: &mut impl FnMut(Phrase)) {
        if count == 0 {
            return;
        }
        self.began = true;
        let mut phrase = Phrase {
            text: String::new(),
            words: Vec::with_capacity(count),
        };
        for word in self.words.drain(..count) {
            if !phrase.text.is_empty() {
                phrase.text.push(' ');
            }
            phrase.text.push_str(&word.text);
            phrase.words.push(WordEnd {
                spoken: phrase.text.len(),
                written: word.written,
            });
        }
        emit(phrase);
    }
}

fn opens_a_part(word: &str) -> bool {
    const OPENERS: [&str; 26] = [
        "and", "or", "but", "because", "which", "that", "who", "when", "where", "while", "if",
        "so", "to", "in", "on", "at", "for", "with", "from", "by", "as", "than", "into", "about",
        "after", "before",
    ];
    OPENERS.contains(&word.to_lowercase().as_str())
}

/// The last character border at or before `at`, but behind at least one character.
fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_in_steps(text: &str, steps: impl Iterator<Item = usize>) -> Vec<String> {
        let mut cutter = PhraseCutter::default();
        let mut phrases = Vec::new();
        let mut rest = text;
        for step in steps {
            if rest.is_empty() {
                break;
            }
            let mut at = step.clamp(1, rest.len());
            while !rest.is_char_boundary(at) {
                at += 1;
            }
            cutter.push(&rest[..at], |phrase| phrases.push(phrase));
            rest = &rest[at..];
        }
        cutter.push(rest, |phrase| phrases.push(phrase));
        cutter.finish(|phrase| phrases.push(phrase));
        for phrase in &phrases {
            let last = phrase.words.last().expect("a phrase has words");
            assert_eq!(last.spoken, phrase.text.len());
            assert!(last.written <= text.len());
        }
        phrases.into_iter().map(|phrase| phrase.text).collect()
    }

    fn cut(text: &str) -> Vec<String> {
        cut_in_steps(text, std::iter::repeat(1))
    }

    #[test]
    fn the_first_piece_may_end_at_a_comma_and_later_ones_only_with_their_sentence() {
        assert_eq!(
            cut("Paris is old, large, and grey. It lies on a river, the Seine. Go there."),
            [
                "Paris is old,",
                "large, and grey.",
                "It lies on a river, the Seine.",
                "Go there."
            ]
        );
    }

    #[test]
    fn the_first_piece_ends_before_a_word_that_opens_a_part_of_the_sentence() {
        assert_eq!(
            cut("The old grey tower stands near the river"),
            ["The old grey tower stands near the river"]
        );
        assert_eq!(
            cut("The old grey tower stood on the hill by the sea"),
            ["The old grey tower stood", "on the hill by the sea"]
        );
        let long = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda";
        assert_eq!(
            cut(long)[0],
            "alpha beta gamma delta epsilon zeta eta theta iota"
        );
    }

    #[test]
    fn abbreviations_and_decimals_stay_inside_their_sentence() {
        assert_eq!(
            cut("Yes. Dr. Smith paid 3.5 dollars, e.g. for tea. Fine by me."),
            [
                "Yes.",
                "Dr. Smith paid 3.5 dollars, e.g. for tea.",
                "Fine by me."
            ]
        );
    }

    #[test]
    fn short_sentences_are_spoken_with_the_next_one() {
        assert_eq!(
            cut("Sure. Yes. No. Well then, go."),
            ["Sure.", "Yes. No. Well then, go."]
        );
    }

    #[test]
    fn list_items_and_paragraphs_end_a_piece() {
        assert_eq!(
            cut("Three things:\n\n- one red apple\n- two green pears\n- **three** plums"),
            [
                "Three things:",
                "one red apple",
                "two green pears",
                "three plums"
            ]
        );
    }

    #[test]
    fn nothing_to_say_gives_no_piece() {
        for text in ["", "  \n ", "🎉 ** --- ```", "...", "```\nlet x;\n```"] {
            assert_eq!(cut(text), Vec::<String>::new(), "{text:?}");
        }
    }

    #[test]
    fn no_piece_is_longer_than_the_bound_even_without_a_full_stop_or_a_space() {
        let endless = "and on and on it goes ".repeat(200);
        let unspaced = "x".repeat(5000);
        let foreign = "長い話".repeat(500);
        for text in [endless, unspaced, foreign] {
            for phrase in cut_in_steps(&text, std::iter::repeat(7)) {
                assert!(
                    phrase.len() <= LONGEST_BYTES + LONGEST_RUN_BYTES,
                    "{}",
                    phrase.len()
                );
            }
        }
    }

    #[test]
    fn every_word_is_spoken_once_however_the_text_arrives() {
        const PARTS: [&str; 16] = [
            "word",
            "Dr.",
            "end.",
            "what?",
            "well,",
            "\n",
            "\n- ",
            "3.5",
            "**bold**",
            "and",
            "🎉",
            "e.g.",
            "“quoted”",
            "—",
            "longerwordthanothers",
            "to",
        ];
        for seed in 0..400 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let text: String = (0..rng.usize(0..120))
                .map(|_| format!("{} ", PARTS[rng.usize(0..PARTS.len())]))
                .collect();
            let mut place = Place::default();
            let mut expected = Vec::new();
            for line in text.split('\n') {
                place.newline();
                expected.extend(line.split_whitespace().map(|run| place.say(run).text));
            }
            expected.retain(|word| !word.is_empty());
            let steps = std::iter::repeat_with(|| rng.usize(1..12));
            let phrases = cut_in_steps(&text, steps);
            assert!(
                phrases.iter().all(|phrase| !phrase.is_empty()),
                "seed {seed}"
            );
            assert_eq!(
                phrases.join(" "),
                expected.join(" "),
                "seed {seed}: {text:?}"
            );
        }
    }

    #[test]
    fn what_has_no_end_is_cut_behind_the_last_comma_of_its_second_half_or_before_its_last_word() {
        let word = "abcdefghi";
        // Ten bytes a word; the first piece is out of the way.
        let fits = LONGEST_BYTES / 10;
        let run = |comma: Option<usize>| {
            let words = (0..fits + 5).map(|at| match comma {
                Some(comma) if at == comma => "abcdefgh,".to_owned(),
                _ => word.to_owned(),
            });
            cut(&format!("Yes. {}", words.collect::<Vec<_>>().join(" ")))
        };
        let words = |piece: &String| piece.split(' ').count();
        let at_comma = run(Some(fits - 2));
        assert_eq!(words(&at_comma[1]), fits - 1, "{at_comma:?}");
        let too_early = run(Some(1));
        assert_eq!(words(&too_early[1]), fits, "{too_early:?}");
        assert_eq!(words(&run(None)[1]), fits);
    }
}
