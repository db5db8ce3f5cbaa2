//! What a sound over Janet's voice was: nothing, a nod in words, her own voice, or speech.
//!
//! Judges words only; when to ask and what follows is for `barge`. Errs towards speech: a word that
//! could be meant for her ("no", "stop", "what") is never a nod, and one that a sentence may begin
//! with ("so", "I have") is only when nothing follows.

/// What the words of a sound amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// No words.
    Nothing,
    /// "Mm-hm", "I see": she may go on.
    Backchannel,
    /// A sentence's beginning and no more, so far: perhaps a hum, perhaps somebody who thinks.
    Begun,
    /// What she herself is saying.
    Echo,
    /// Somebody wants the floor.
    Words,
}

const NODS: [&str; 50] = [
    "m",
    "mm",
    "mmm",
    "mhm",
    "mmhm",
    "mmhmm",
    "hm",
    "hmm",
    "hmmm",
    "uh",
    "huh",
    "uhhuh",
    "uhuh",
    "um",
    "ah",
    "aha",
    "ahh",
    "oh",
    "ooh",
    "wow",
    "yeah",
    "yea",
    "yep",
    "yup",
    "yes",
    "ok",
    "okay",
    "kay",
    "right",
    "alright",
    "sure",
    "fine",
    "good",
    "great",
    "nice",
    "cool",
    "true",
    "exactly",
    "indeed",
    "really",
    "interesting",
    "absolutely",
    "totally",
    "definitely",
    "thanks",
    "gotcha",
    "bye",
    "mhmm",
    "hmhm",
    "you",
];
const NODDING_PHRASES: [&[&str]; 15] = [
    &["i", "see"],
    &["go", "on"],
    &["got", "it"],
    &["i", "know"],
    &["all", "right"],
    &["of", "course"],
    &["thank", "you"],
    &["makes", "sense"],
    &["that", "makes", "sense"],
    &["fair", "enough"],
    &["that's", "right"],
    &["that's", "true"],
    &["very", "good"],
    &["i", "understand"],
    &["thanks", "for", "watching"],
];
/// How a sentence begins that says nothing yet. When nothing follows, somebody has thought better of
/// it, or it was a hum: small recognisers hear "uh-huh" as "I have" and "mm-hm" as "I'm hm".
const BEGINNINGS: [&str; 14] = [
    "i", "i'm", "i'll", "i've", "i'd", "have", "a", "an", "in", "the", "and", "so", "to", "it's",
];
/// Other sentences that small recognisers make of "uh-huh".
const MISHEARD: [&[&str]; 4] = [
    &["i", "help"],
    &["i'll", "help"],
    &["i", "how"],
    &["bye", "bye"],
];
/// Words that want the floor however short the sound was.
const FLOOR: [&str; 20] = [
    "stop", "wait", "no", "nope", "hey", "hold", "pause", "quiet", "enough", "shut", "silence",
    "cancel", "janet", "what", "why", "sorry", "excuse", "listen", "but", "please",
];
/// More nods than this in a row are a sentence.
const MOST_NODS: usize = 6;

/// Judges `heard`; `saying` are the words of hers around the position that the ear has reached.
///
/// `far_over_echo`: the sound was much louder than any echo. Then two of her words are not enough
/// to call it an echo: people repeat words, to ask about them.
pub(crate) fn judge(heard: &str, saying: &str, far_over_echo: bool) -> Meaning {
    let heard = words(heard);
    if heard.is_empty() {
        return Meaning::Nothing;
    }
    if let Some(meaning) = nodding(&heard) {
        return meaning;
    }
    let alike = in_common(&heard, &words(saying));
    let least = if far_over_echo { 3 } else { 1 };
    if alike >= least && is_most(alike, &heard) {
        return Meaning::Echo;
    }
    Meaning::Words
}

/// Whether what was heard is what she said: speech recognition of an echo gets about every third word
/// wrong.
pub(crate) fn repeats(heard: &str, said: &str) -> bool {
    let heard = words(heard);
    let alike = in_common(&heard, &words(said));
    alike > 0 && is_most(alike, &heard)
}

fn is_most(alike: usize, heard: &[String]) -> bool {
    alike * 5 >= heard.len() * 3
}

/// Whether the beginning of a sound already says that somebody wants the floor.
pub(crate) fn asks_for_floor(heard: &str) -> bool {
    words(heard)
        .iter()
        .any(|word| FLOOR.contains(&word.as_str()))
}

/// Whether this word (lower case, letters only) can decide what a sound over her voice was. They are
/// words from short lists that say nothing about anybody, so a recording may keep them.
pub fn steers(word: &str) -> bool {
    let phrases = NODDING_PHRASES.iter().chain(&MISHEARD);
    let words = NODS.iter().chain(&BEGINNINGS).chain(&FLOOR);
    words
        .chain(phrases.flat_map(|phrase| phrase.iter()))
        // Letters part words in a recording: "i'll" comes as "i" and "ll".
        .any(|known| known.split('\'').any(|part| part == word))
}

/// Nods, or a sentence's beginning, and nothing else.
fn nodding(heard: &[String]) -> Option<Meaning> {
    let starts = |phrases: &[&[&str]], rest: &[String]| {
        let fits = |phrase: &&&[&str]| {
            rest.len() >= phrase.len() && rest.iter().zip(**phrase).all(|(a, b)| a == b)
        };
        phrases.iter().find(fits).map(|phrase| phrase.len())
    };
    let mut rest = heard;
    let (mut nods, mut begun) = (0, false);
    while let Some(first) = rest.first() {
        let first = first.as_str();
        let length = if let Some(length) = starts(&NODDING_PHRASES, rest) {
            length
        } else if let Some(length) = starts(&MISHEARD, rest) {
            begun = true;
            length
        } else if NODS.contains(&first) || is_hum(first) {
            1
        } else if BEGINNINGS.contains(&first) {
            begun = true;
            1
        } else {
            return None;
        };
        rest = &rest[length..];
        nods += 1;
    }
    let meaning = if begun {
        Meaning::Begun
    } else {
        Meaning::Backchannel
    };
    (nods <= MOST_NODS).then_some(meaning)
}

/// "Mm-hm", "uh-huh" and the like, as recognisers spell them: "mhm", "M-ham", "H.M.".
fn is_hum(word: &str) -> bool {
    word.len() <= 5
        && word.contains(['m', 'h'])
        && word.chars().all(|c| matches!(c, 'm' | 'h' | 'u' | 'a'))
}

/// Length of the longest common subsequence of words.
fn in_common(heard: &[String], saying: &[String]) -> usize {
    let mut row = vec![0usize; saying.len() + 1];
    for word in heard {
        let mut diagonal = 0;
        for (column, said) in saying.iter().enumerate() {
            let above = row[column + 1];
            row[column + 1] = if word == said {
                diagonal + 1
            } else {
                above.max(row[column])
            };
            diagonal = above;
        }
    }
    row[saying.len()]
}

/// Lower-case words without punctuation; hyphens part words, descriptions of sounds are dropped.
fn words(text: &str) -> Vec<String> {
    let mut plain = String::with_capacity(text.len());
    let mut described = 0usize;
    for c in text.chars() {
        match c {
            '[' | '(' | '*' if described == 0 => described = 1,
            ']' | ')' | '*' => described = 0,
            _ if described > 0 => {}
            '\'' | '’' => plain.push('\''),
            c if c.is_alphanumeric() => plain.extend(c.to_lowercase()),
            _ => plain.push(' '),
        }
    }
    plain
        .split_whitespace()
        .map(|word| word.trim_matches('\'').to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nods_are_backchannels_alone_and_in_a_row() {
        for text in [
            "Mm-hmm.",
            "M-HAM.",
            "mm-ma",
            "Mhm",
            "Uh-huh.",
            "Yeah.",
            "Okay.",
            "Right.",
            "I see.",
            "Yeah, yeah.",
            "Oh, okay. I see.",
            "All right.",
            "Thank you.",
            "Go on.",
            "That makes sense.",
        ] {
            assert_eq!(judge(text, "", false), Meaning::Backchannel, "{text}");
        }
    }

    #[test]
    fn words_that_may_be_meant_for_her_are_never_backchannels() {
        for text in [
            "Stop.",
            "Wait.",
            "No.",
            "No no no",
            "Hold on.",
            "What?",
            "But",
            "Yeah, but",
            "Okay, stop.",
            "Janet",
            "Right, and what about Paris?",
            "I see them",
            "Quiet",
        ] {
            assert_eq!(judge(text, "", false), Meaning::Words, "{text}");
        }
    }

    #[test]
    fn a_sentence_that_is_only_begun_asks_for_nothing() {
        for text in ["I have.", "I'll", "And so", "I help.", "The", "I'm HM"] {
            assert_eq!(judge(text, "", false), Meaning::Begun, "{text}");
        }
        for text in [
            "I have a question",
            "Help",
            "And Paris",
            "To the left",
            "How",
        ] {
            assert_eq!(judge(text, "", false), Meaning::Words, "{text}");
        }
    }

    #[test]
    fn sounds_without_words_are_nothing() {
        for text in ["", "  ", "[music]", "(coughs)", "*laughs*", "...", "♪"] {
            assert_eq!(judge(text, "", false), Meaning::Nothing, "{text}");
        }
    }

    #[test]
    fn her_own_words_are_an_echo_even_if_badly_heard() {
        let saying = "The capital of France is Paris, and it lies on the Seine.";
        assert_eq!(judge("capital of trance is", saying, false), Meaning::Echo);
        assert_eq!(judge("Paris", saying, false), Meaning::Echo);
        assert_eq!(judge("Paris?", saying, true), Meaning::Words);
        assert_eq!(judge("is Paris and it lies", saying, true), Meaning::Echo);
        assert_eq!(
            judge("What about the capital of Spain?", saying, false),
            Meaning::Words
        );
    }

    #[test]
    fn many_nods_in_a_row_are_a_sentence() {
        assert_eq!(judge(&"yeah ".repeat(9), "", false), Meaning::Words);
    }
}
