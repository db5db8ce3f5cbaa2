//! Whether words are a yes, a no, or neither. Secrecy wins: what could be either is no yes.
//!
//! An utterance is cut into known phrases. It is a yes only if it holds nothing else than yeses and
//! courtesies; one unknown word, a doubt, a condition, a quotation or a question takes that away. A no is
//! taken more readily, since it opens nothing. English, as the rest of what hears here.

use self::Sense::{Courtesy, Doubt, Ease, No, Nod, Yes};

/// What words mean as the answer to a question of the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Clearly.
    Yes,
    /// Clearly, or as good as.
    No,
    /// An answer, but which? It is to be asked again.
    Unclear,
    /// Something else was said.
    Unrelated,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sense {
    Yes,
    No,
    /// "No problem": goes with a yes, is none alone, and makes a no unclear.
    Ease,
    /// "Okay", "mm-hm": goes with either and is neither, for it is also said by who merely listens.
    Nod,
    /// Maybe, and what begins a condition.
    Doubt,
    /// Goes with anything and means nothing.
    Courtesy,
}

/// The longest yes in words: who means yes says so shortly.
const LONGEST_YES: usize = 12;
/// Beyond this, an utterance that does not begin with an answer is about something else.
const LONGEST_ANSWER: usize = 6;
/// No more words than this are looked at; more is no answer.
const MOST_WORDS: usize = 60;
/// Words of the longest phrase below.
const LONGEST_PHRASE: usize = 5;

/// Each phrase without apostrophes and hyphens, as [`words`] leaves them. The longest counts.
#[rustfmt::skip]
const PHRASES: &[(Sense, &[&str])] = &[
    (Yes, &[
        "yes", "yeah", "yep", "yup", "yea", "aye", "sure", "sure thing", "of course", "absolutely",
        "definitely", "certainly", "by all means", "be my guest", "affirmative", "go ahead", "go for it",
        "do it", "do so", "do that", "please do", "lets do it", "lets do that", "agreed", "i agree",
        "i consent", "i allow it", "i allow that", "i approve", "i confirm", "approved", "confirmed", "granted",
        "permission granted", "you may", "you may do it", "you may do that", "you can", "you can do it",
        "you can do that", "you can go ahead", "please proceed", "please go ahead", "yes proceed",
        "thats fine", "that is fine", "thats okay", "thats ok", "thats alright", "fine with me",
        "fine by me", "okay with me", "ok with me", "okay by me", "i do", "i am sure", "im sure", "im certain",
        "i am certain", "no objection", "no objections", "i have no objection", "i have no objections",
        "i dont mind", "i do not mind", "i dont mind at all", "yes i said", "i said yes", "i say yes",
        "the answer is yes", "my answer is yes", "thats a yes", "that is a yes",
    ]),
    (No, &[
        "no", "nope", "nah", "nay", "no way", "never", "never ever", "not", "not now", "not yet", "not today",
        "not at all", "not really", "not this time", "dont", "do not", "dont do it", "do not do it",
        "dont do that", "do not do that", "please dont", "please do not", "dont you dare", "i dont", "i do not",
        "i dont want that", "i dont want to", "i do not want that", "i do not want to", "i dont agree",
        "i do not agree", "i dont consent", "i do not consent", "i dont allow it", "i do not allow it",
        "i dont think so", "i do not think so", "id rather not", "i would rather not", "rather not",
        "better not", "please no", "of course not", "absolutely not", "certainly not", "definitely not",
        "sure not", "certainly no", "under no circumstances", "no chance", "stop", "stop it", "stop that",
        "cancel", "cancel it", "cancel that", "abort", "abort it", "abort that", "forget it", "nevermind",
        "never mind", "leave it", "skip it", "negative", "denied", "i deny it", "i decline", "decline",
        "declined", "i refuse", "refused", "i object", "i said no", "i say no", "the answer is no",
        "my answer is no", "thats a no", "that is a no", "no thanks", "no thank you", "red thread",
        "you may not", "you can not", "you cannot", "you cant", "you must not", "you mustnt", "cannot", "cant",
        "wont", "i wont", "shouldnt", "you shouldnt", "you should not", "not okay", "not ok", "thats not okay",
        "thats not ok", "thats not fine", "that is not fine", "thats not alright",
    ]),
    (Ease, &[
        "no problem", "no problems", "no problem at all", "no worries", "not a problem", "not at all a problem",
        "why not", "no doubt", "no question", "without a doubt", "no matter", "no need to ask",
    ]),
    (Nod, &[
        "ok", "okay", "kay", "right", "alright", "all right", "fine", "good", "great", "perfect", "cool",
        "mm", "mmm", "mhm", "mmhm", "mmhmm", "mm hm", "mm hmm", "uh huh", "uhhuh", "aha", "ah", "proceed",
        "continue", "sounds good", "that sounds good", "got it", "i see", "true", "correct", "exactly",
        "thats right", "that is right", "thats correct", "that is correct", "remember it", "remember this",
        "remember that", "save it", "save that", "keep it", "send it", "sync it", "transfer it", "sync",
        "transfer", "lets go",
    ]),
    (Doubt, &[
        "maybe", "perhaps", "possibly", "probably", "i guess", "i guess so", "i suppose", "i suppose so",
        "i think so", "i think", "i dont know", "i do not know", "dunno", "not sure", "im not sure",
        "i am not sure", "not certain", "im not certain", "i am not certain", "hm", "hmm", "hmmm", "huh", "what",
        "what was that", "what did you say", "what is that", "pardon", "pardon me", "excuse me", "sorry", "come again",
        "say again", "say that again", "repeat", "repeat that", "repeat it", "once more", "again", "wait",
        "wait a moment", "wait a second", "wait a minute", "hold on", "hang on", "one moment", "one second",
        "just a moment", "just a second", "a moment", "let me think", "let me see", "it depends", "that depends",
        "depends", "but", "if", "unless", "only", "except", "when", "whenever", "later", "until", "or", "and no",
        "if you must", "if you say so", "whatever", "whatever you want", "you decide", "up to you",
        "as you like", "as you wish", "i dont care", "i do not care", "why", "how", "who", "which", "where",
        "ask me later", "ask me again", "sort of", "kind of", "almost", "as if", "yeah right", "sure sure",
        "yeah yeah", "yes yes whatever", "as soon as", "once", "would", "should", "could",
    ]),
    (Courtesy, &[
        "please", "thanks", "thank you", "thank you very much", "many thanks", "janet", "hey janet", "well",
        "oh", "um", "uh", "er", "erm", "then", "so", "now", "just", "really", "very much", "dear", "sir",
        "maam", "and", "with pleasure", "right now", "right away", "at once", "hey", "hi", "hello", "to it",
        "to that",
    ]),
];

/// What these words say to an open question.
pub fn judge(text: &str) -> Verdict {
    let (words, more) = words(text);
    if words.is_empty() {
        return Verdict::Unrelated;
    }
    let mut found = Found::default();
    let mut rest = words.as_slice();
    while !rest.is_empty() {
        let (sense, length) = longest(rest).map_or((None, 1), |(sense, n)| (Some(sense), n));
        found.add(sense);
        rest = &rest[length..];
    }
    found.verdict(words.len(), more, asks(text), quotes(text))
}

#[derive(Default)]
struct Found {
    /// The first that is no courtesy; of an unknown word, `Some(None)`.
    first: Option<Option<Sense>>,
    yes: usize,
    no: usize,
    ease: usize,
    nod: usize,
    doubt: usize,
    unknown: usize,
}

impl Found {
    fn add(&mut self, sense: Option<Sense>) {
        let count = match sense {
            Some(Courtesy) => return,
            Some(Yes) => &mut self.yes,
            Some(No) => &mut self.no,
            Some(Ease) => &mut self.ease,
            Some(Nod) => &mut self.nod,
            Some(Doubt) => &mut self.doubt,
            None => &mut self.unknown,
        };
        *count += 1;
        // "Okay, no" begins with a no.
        if sense != Some(Nod) && self.first.is_none() {
            self.first = Some(sense);
        }
    }

    fn verdict(&self, words: usize, more: bool, asks: bool, quotes: bool) -> Verdict {
        let plain = self.unknown == 0 && !more && !quotes;
        let only_no = self.no > 0 && self.yes + self.ease == 0 && !quotes;
        if only_no && plain && self.doubt == 0 && !asks {
            return Verdict::No;
        }
        // "No, why would you?": who begins so and goes on in other words has answered.
        if only_no && !plain && self.first == Some(Some(No)) {
            return Verdict::No;
        }
        let only_yes = self.yes > 0 && self.no + self.doubt == 0;
        if only_yes && plain && !asks && words <= LONGEST_YES {
            return Verdict::Yes;
        }
        let answers = self.yes + self.no + self.ease > 0;
        let begins = matches!(self.first, Some(Some(Yes | No | Ease)));
        let nods = plain && self.nod + self.doubt > 0;
        if nods || (answers && (begins || plain || words <= LONGEST_ANSWER)) {
            return Verdict::Unclear;
        }
        Verdict::Unrelated
    }
}

/// The longest phrase that begins here, and how many words it has.
fn longest(words: &[String]) -> Option<(Sense, usize)> {
    (1..=LONGEST_PHRASE.min(words.len())).rev().find_map(|n| {
        let phrase = words[..n].join(" ");
        let sense = PHRASES
            .iter()
            .find_map(|(sense, all)| all.contains(&phrase.as_str()).then_some(*sense));
        sense.map(|sense| (sense, n))
    })
}

/// Lower-case words without apostrophes; a hyphen parts them. And whether there are too many.
fn words(text: &str) -> (Vec<String>, bool) {
    let mut words = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric() && !is_apostrophe(c)) {
        let word: String = word
            .chars()
            .filter(|c| !is_apostrophe(*c))
            .flat_map(char::to_lowercase)
            .collect();
        if word.is_empty() {
            continue;
        }
        if words.len() == MOST_WORDS {
            return (words, true);
        }
        words.push(word);
    }
    (words, false)
}

const fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | '`' | 'ʼ')
}

fn asks(text: &str) -> bool {
    text.contains(['?', '？', '؟', '⁇'])
}

/// Somebody else's words: in quotation marks, in backquotes, or shown as a quotation.
fn quotes(text: &str) -> bool {
    let single = |c: char| matches!(c, '\'' | '‘' | '’' | '`');
    let opens = text
        .split_whitespace()
        .any(|word| word.starts_with(single) && word.len() > 1);
    opens
        || text.contains(['"', '“', '”', '„', '«', '»', '‹', '›', '「', '」', '＂'])
        || text.lines().any(|line| line.trim_start().starts_with('>'))
}

#[cfg(test)]
#[path = "judge_test.rs"]
mod tests;
