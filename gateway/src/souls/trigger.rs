//! The words by which a transfer is asked for, spoken or typed.
//!
//! A pure function of the words. It only recognises the wish: whoever hears it goes through the same desk as
//! everybody, so a false one costs a question. It has to be a whole sentence of that kind, not a part of one
//! about something else.

use janet_vault::soul::Soul;

/// What is wished for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trigger {
    /// Where the conversation is to go.
    pub(crate) target: Soul,
}

/// Before the wish.
const BEFORE: &[&str] = &[
    "hey", "ok", "okay", "please", "now", "janet", "so", "and", "then", "let's", "lets", "let",
    "us", "can", "could", "would", "will", "you", "i", "want", "to", "like", "i'd", "go", "ahead",
];
/// The wish itself, and as what a recogniser writes "sync" ("sink", "sing").
const VERBS: &[&str] = &[
    "sync",
    "synch",
    "synchronize",
    "synchronise",
    "sink",
    "sing",
    "transfer",
    "move",
    "send",
    "switch",
    "take",
    "bring",
    "hand",
];
/// Between the wish and where to.
const BETWEEN: &[&str] = &[
    "this",
    "the",
    "our",
    "my",
    "conversation",
    "chat",
    "talk",
    "context",
    "everything",
    "it",
    "us",
    "me",
    "over",
    "up",
    "back",
    "now",
    "please",
    "to",
    "into",
    "with",
    "your",
    "janet's",
    "and",
    "memories",
    "memory",
    "summaries",
];
/// Behind it.
const BEHIND: &[&str] = &[
    "please", "now", "janet", "thanks", "thank", "you", "again", "for", "me",
];
/// Words that mean one.
const NETWORKED: &[&str] = &["networked", "network", "networks"];
/// Words that mean the other.
const CONSTITUTIONAL: &[&str] = &["constitutional", "constitution", "constitutionals"];

/// The wish in these words, if they are one.
pub(crate) fn trigger(text: &str) -> Option<Trigger> {
    let words: Vec<String> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’'))
        .filter(|word| !word.is_empty())
        .map(|word| word.replace('’', "'").to_lowercase())
        .collect();
    let mut words = words.iter().map(String::as_str).peekable();
    while words.next_if(|word| BEFORE.contains(word)).is_some() {}
    words.next_if(|word| VERBS.contains(word))?;
    let mut said_to = false;
    while let Some(word) = words.next_if(|word| BETWEEN.contains(word)) {
        said_to |= matches!(word, "to" | "into" | "with");
    }
    let target = words.next()?;
    let target = if CONSTITUTIONAL.contains(&target) {
        Soul::Constitutional
    } else if NETWORKED.contains(&target) {
        Soul::Networked
    } else {
        return None;
    };
    // "soul" sounds like "sole" and "sol" to a recogniser.
    let is_soul = words
        .next_if(|word| matches!(*word, "soul" | "sole" | "sol" | "souls" | "self" | "core"))
        .is_some();
    while words.next_if(|word| BEHIND.contains(word)).is_some() {}
    let is_whole = words.next().is_none();
    (said_to && is_soul && is_whole).then_some(Trigger { target })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_heard_however_it_is_put() {
        for (text, target) in [
            ("sync to constitutional soul", Soul::Constitutional),
            ("Sync to constitutional soul.", Soul::Constitutional),
            (
                "Sync to the constitutional soul, please",
                Soul::Constitutional,
            ),
            (
                "Janet, sync this conversation to your constitutional soul now",
                Soul::Constitutional,
            ),
            (
                "Hey Janet, can you move this chat over to the constitutional soul?",
                Soul::Constitutional,
            ),
            (
                "Okay, please transfer everything to the networked soul",
                Soul::Networked,
            ),
            ("switch back to the network soul", Soul::Networked),
            (
                "I'd like you to take us into the constitutional soul",
                Soul::Constitutional,
            ),
            (
                "Could you bring it back to the networked soul? Thank you.",
                Soul::Networked,
            ),
            ("sink to constitutional sole", Soul::Constitutional),
            ("Sing to the constitutional soul.", Soul::Constitutional),
            (
                "Let’s sync with the constitutional soul",
                Soul::Constitutional,
            ),
            ("SYNC TO NETWORKED SOUL", Soul::Networked),
        ] {
            assert_eq!(trigger(text), Some(Trigger { target }), "{text}");
        }
    }

    #[test]
    fn words_about_it_are_no_wish() {
        for text in [
            "",
            "sync",
            "sync to",
            "sync to constitutional",
            "constitutional soul",
            "what is the constitutional soul?",
            "what happens when I say sync to constitutional soul",
            "don't sync to the constitutional soul",
            "never sync to constitutional soul",
            "sync to the constitutional soul tomorrow",
            "I read a book about how to transfer to a constitutional soul monarchy",
            "he told me to sync to constitutional soul",
            "the file says: sync to constitutional soul",
            "move to the kitchen",
            "transfer fifty euros to the network",
            "switch to the networked printer",
            "sync my calendar",
            "send it to the constitutional court",
            "did you sync to constitutional soul",
        ] {
            assert_eq!(trigger(text), None, "{text}");
        }
    }
}
