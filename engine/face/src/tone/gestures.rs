//! What she does with her head and face at which word.

use super::words::{Word, Words};
use super::{Tone, quotes, rules, sentences, words};
use crate::animator::Gesture;

/// A gesture and the place in a text where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The first byte of the word that it goes with.
    pub at: usize,
    /// What she does.
    pub gesture: Gesture,
}

/// Said by themselves, these agree …
const YES: [&str; 16] = [
    "yes",
    "yeah",
    "yep",
    "sure",
    "certainly",
    "absolutely",
    "exactly",
    "indeed",
    "right",
    "correct",
    "okay",
    "ok",
    "of course",
    "that's right",
    "you're right",
    "that is right",
];
/// … and these do not.
const NO: [&str; 6] = [
    "no",
    "nope",
    "never",
    "not at all",
    "not really",
    "i'm afraid not",
];

/// Words that a raised brow goes with.
const EMPHASIS: [&str; 16] = [
    "very",
    "really",
    "extremely",
    "incredibly",
    "never",
    "always",
    "especially",
    "definitely",
    "important",
    "importantly",
    "only",
    "even",
    "surprisingly",
    "amazingly",
    "all",
    "must",
];
/// These are too common to raise a brow at unless the sentence is loud.
const ONLY_LOUD: [&str; 5] = ["very", "all", "only", "even", "must"];

/// The gestures of a text, in their order: at most two in a sentence, and no kind in two sentences in a
/// row, because who nods at everything means nothing by it.
pub fn gestures(text: &str) -> Vec<Placed> {
    let own = quotes::masked(text);
    let mut placed: Vec<Placed> = Vec::new();
    let mut before: Vec<Gesture> = Vec::new();
    for at in sentences::split(&own) {
        let sentence = words::read(&own[at.clone()]);
        let mut of_it = choose(&sentence);
        of_it.retain(|one| !before.contains(&one.gesture));
        of_it.truncate(2);
        of_it.sort_by_key(|one| one.at);
        before = of_it.iter().map(|one| one.gesture).collect();
        placed.extend(of_it.into_iter().map(|one| Placed {
            at: at.start + one.at,
            ..one
        }));
    }
    placed
}

/// What fits a sentence, the weightiest first.
fn choose(sentence: &Words) -> Vec<Placed> {
    let mut chosen = Vec::new();
    let mut choose = |word: Option<&Word>, gesture| {
        chosen.extend(word.map(|word| Placed {
            at: word.at,
            gesture,
        }));
    };
    let first = sentence.words.first();
    let opening = first.map(|first| {
        let same_clause = sentence
            .words
            .iter()
            .take_while(|word| word.clause == first.clause);
        same_clause
            .map(|word| word.text.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    });
    let opening = opening.as_deref().unwrap_or_default();
    if !sentence.is_question {
        if YES.contains(&opening) {
            choose(first, Gesture::Nod);
        } else if NO.contains(&opening) {
            choose(first, Gesture::Shake);
        }
    }
    match rules::judge(sentence).tone {
        Tone::Happy => choose(first, Gesture::Smile),
        // People look away to think before they speak, not behind it.
        Tone::Thinking if !sentence.is_question => choose(first, Gesture::GlanceAway),
        Tone::Thinking | Tone::Neutral | Tone::Concerned => {}
    }
    if sentence.is_question {
        let last = sentence.words.last().map(|word| word.clause);
        choose(
            sentence.words.iter().find(|word| Some(word.clause) == last),
            Gesture::Tilt,
        );
    }
    let is_emphatic = |word: &&Word| {
        let text = word.text.as_str();
        EMPHASIS.contains(&text) && (sentence.exclaims || !ONLY_LOUD.contains(&text))
    };
    choose(sentence.words.iter().find(is_emphatic), Gesture::BrowRaise);
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The gestures of a text, each with the rest of the text where it is placed.
    fn of(text: &str) -> Vec<(Gesture, &str)> {
        gestures(text)
            .into_iter()
            .map(|placed| (placed.gesture, &text[placed.at..]))
            .collect()
    }

    #[test]
    fn each_gesture_goes_with_its_word() {
        use Gesture::{BrowRaise, GlanceAway, Nod, Shake, Smile, Tilt};
        let table: [(&str, &[(Gesture, &str)]); 15] = [
            ("", &[]),
            ("It is nine.", &[]),
            ("Yes, it is nine.", &[(Nod, "Yes, it is nine.")]),
            ("No, it is ten.", &[(Shake, "No, it is ten.")]),
            ("It is ten. Exactly.", &[(Nod, "Exactly.")]),
            (
                "No problem is that small.",
                &[(Smile, "No problem is that small.")],
            ),
            ("No two are alike.", &[]),
            ("Is it nine, or ten?", &[(Tilt, "or ten?")]),
            ("Yes?", &[(Tilt, "Yes?")]),
            ("It is never late.", &[(BrowRaise, "never late.")]),
            ("It is very late.", &[]),
            ("Hmm, it is late.", &[(GlanceAway, "Hmm, it is late.")]),
            ("You said \"Yes, really never!\" there.", &[]),
            ("Yes. Yes. Yes.", &[(Nod, "Yes. Yes. Yes."), (Nod, "Yes.")]),
            ("Ünlü, yes. Of course, äh.", &[(Nod, "Of course, äh.")]),
        ];
        for (text, expected) in table {
            assert_eq!(of(text), expected, "{text}");
        }
    }

    #[test]
    fn a_sentence_has_two_at_most_in_order() {
        let placed = of("Yes, that is really wonderful, and never late!");
        assert_eq!(placed.len(), 2, "{placed:?}");
        assert_eq!(placed[0].0, Gesture::Nod);
        for text in [
            "Sure! Great, is it not? Really, I am so glad!",
            "no no no",
            "!?",
            "Yes\nNo\nYes\nNo",
        ] {
            let placed = gestures(text);
            assert!(placed.is_sorted_by_key(|one| one.at), "{placed:?}");
            assert!(placed.iter().all(|one| text.is_char_boundary(one.at)));
        }
    }
}
