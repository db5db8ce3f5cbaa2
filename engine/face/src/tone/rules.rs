//! From the words of a sentence to its tone.

use super::lexicon::{self, NEGATORS, NOTHING, STRONGER, WEAKER};
use super::words::{Word, Words};
use super::{Mood, Tone};

/// What a tone has to weigh before it shows.
const ENOUGH: f64 = 0.5;
/// How far before a word a negation reaches, in words of the same clause.
const REACH: usize = 3;

/// A phrase of the lexicon in the sentence.
struct Found {
    tone: Tone,
    weight: f64,
    words: usize,
}

pub(super) fn judge(sentence: &Words) -> Mood {
    let mut sums = [0.0; Tone::COUNT];
    let mut at = 0;
    while at < sentence.words.len() {
        let Some(found) = longest(&sentence.words[at..]) else {
            at += 1;
            continue;
        };
        let (tone, weight) = in_its_place(sentence, at, &found);
        sums[tone.at()] += weight;
        at += found.words;
    }
    sums[Tone::Happy.at()] += 0.6 * f64::from(sentence.smileys.max(0));
    sums[Tone::Concerned.at()] += 0.6 * f64::from((-sentence.smileys).max(0));
    let troubled = sums[Tone::Concerned.at()];
    if sentence.exclaims {
        // Who exclaims and does not complain is glad.
        if troubled < ENOUGH {
            sums[Tone::Happy.at()] = sums[Tone::Happy.at()] * 1.3 + 0.2;
        } else {
            sums[Tone::Concerned.at()] *= 1.1;
        }
    }
    // A thanks or a greeting does not make up for bad news.
    if troubled >= ENOUGH {
        sums[Tone::Happy.at()] *= 0.6;
    }
    weigh(&sums)
}

/// The heaviest; of equals, the one that it would be worst to miss.
fn weigh(sums: &[f64; Tone::COUNT]) -> Mood {
    let mut best = Mood::NEUTRAL;
    let mut most = 0.0;
    for tone in [Tone::Concerned, Tone::Happy, Tone::Thinking] {
        let weight = sums[tone.at()];
        if weight >= ENOUGH && weight > most {
            most = weight;
            // From a half for what is just enough towards 1.
            best = Mood {
                tone,
                intensity: 1.0 - 0.8 * (-weight).exp(),
            };
        }
    }
    best
}

/// What the phrase weighs, and for which tone, with what stands around it.
fn in_its_place(sentence: &Words, at: usize, found: &Found) -> (Tone, f64) {
    let words = &sentence.words;
    let (mut tone, mut weight) = (found.tone, found.weight);
    let clause = words[at].clause;
    let before = &words[..at];
    let same_clause = || {
        before
            .iter()
            .rev()
            .take_while(move |word| word.clause == clause)
    };
    if let Some(previous) = before.last().filter(|word| word.clause == clause) {
        if STRONGER.contains(&previous.text.as_str()) {
            weight *= 1.25;
        } else if WEAKER.contains(&previous.text.as_str()) {
            weight *= 0.7;
        }
    }
    // A phrase that negates is one already: “not sure”, “don't worry”.
    let negates_itself = words[at..at + found.words].iter().any(is_negator);
    if !negates_itself && same_clause().take(REACH).any(is_negator) {
        (tone, weight) = match tone {
            // Faint praise that is denied is plain enough.
            Tone::Happy => (Tone::Concerned, (0.8 * weight).max(0.55)),
            Tone::Concerned => (Tone::Happy, 0.5 * weight),
            other => (other, 0.5 * weight),
        };
    }
    if tone == Tone::Happy {
        // Whether somebody is glad, or would be, is not known yet.
        if sentence.is_question {
            weight *= 0.4;
        }
        if same_clause().any(|word| word.text == "if" || word.text == "whether") {
            weight *= 0.4;
        }
        // What comes before a “but” is politeness.
        if words[at..]
            .iter()
            .any(|word| word.text == "but" || word.text == "however")
        {
            weight *= 0.5;
        }
    }
    (tone, weight)
}

fn is_negator(word: &Word) -> bool {
    word.text.ends_with("n't") || NEGATORS.contains(&word.text.as_str())
}

/// The longest phrase that begins here.
fn longest(words: &[Word]) -> Option<Found> {
    let mut best: Option<Found> = None;
    let mut offer = |tone, weight, length: usize| {
        if length > best.as_ref().map_or(0, |best| best.words) {
            best = Some(Found {
                tone,
                weight,
                words: length,
            });
        }
    };
    for phrase in NOTHING {
        if let Some(length) = fits(phrase, words) {
            offer(Tone::Neutral, 0.0, length);
        }
    }
    for tone in Tone::ALL {
        for &(phrase, weight) in lexicon::of(tone) {
            if let Some(length) = fits(phrase, words) {
                offer(tone, weight, length);
            }
        }
    }
    best
}

/// How many words of the sentence the phrase takes, if it begins here and with no name.
fn fits(phrase: &str, words: &[Word]) -> Option<usize> {
    let first = words.first()?;
    if first.is_name {
        return None;
    }
    let mut length = 0;
    for part in phrase.split(' ') {
        let word = words.get(length)?;
        let is_it = match part.strip_suffix('*') {
            Some(stem) => word.text.starts_with(stem),
            None => word.text == part,
        };
        // Also at a comma a phrase is over.
        if !is_it || word.clause != first.clause {
            return None;
        }
        length += 1;
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_phrase_stands_in_two_lists() {
        let mut phrases: Vec<&str> = Tone::ALL
            .into_iter()
            .flat_map(|tone| lexicon::of(tone).iter().map(|(phrase, _)| *phrase))
            .chain(NOTHING.iter().copied())
            .collect();
        let all = phrases.len();
        phrases.sort_unstable();
        phrases.dedup();
        assert_eq!(phrases.len(), all);
        assert!(
            phrases
                .iter()
                .all(|phrase| *phrase == phrase.to_lowercase().trim())
        );
    }
}
