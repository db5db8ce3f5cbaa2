//! A turn that sounds like somebody says the safe word is dropped.
//!
//! The safe word is typed. Said aloud it would pass the recogniser, partial transcripts, perhaps a
//! language server; so a turn that seems to hold it goes no further than here. Whether the word itself
//! was said cannot be asked: to know it again something would have to be kept that knows it, and
//! whatever answers as fast as speech needs (a hash, however keyed) answers as fast to whoever tries all
//! words; the slow derivation takes longer than the turn and would run for everything that is said. So
//! what is known is how people *say that they say it*: "my safe word is …", "unlock the vault with …",
//! "use … as my safe word". Where the rules cannot tell, the turn is dropped. Talk *about* the safe word
//! ("how do I change my safe word", "my safe word is too short") goes on. A safe word that is said with
//! nothing around it is not recognised. The rules know English, as the gate does, which hides other
//! secrets in what goes on.

/// What the safe word is called, as said and as recognisers hear it.
const NOUNS: &[&[&str]] = &[
    &["safe", "word"],
    &["safe", "words"],
    &["safeword"],
    &["safe", "phrase"],
    &["save", "word"],
    &["vault", "password"],
    &["vault", "passphrase"],
    &["vault", "word"],
    &["vault", "code"],
    &["vault", "pin"],
    &["password", "for", "the", "vault"],
    &["passphrase", "for", "the", "vault"],
    &["word", "for", "the", "vault"],
    &["password", "to", "the", "vault"],
    &["passphrase", "to", "the", "vault"],
    &["password", "of", "the", "vault"],
];

/// What leads from the noun to the word.
const LINKS: &[&[&str]] = &[
    &["is"],
    &["s"],
    &["was"],
    &["equals"],
    &["becomes"],
    &["will", "be"],
    &["should", "be"],
    &["shall", "be"],
    &["would", "be"],
    &["must", "be"],
    &["to", "be"],
    &["to"],
    &["goes"],
    &["reads"],
];

/// What begins a remark about it, and not it.
const ABOUT: &[&str] = &[
    "a",
    "about",
    "again",
    "all",
    "allowed",
    "also",
    "always",
    "and",
    "any",
    "anything",
    "are",
    "as",
    "asked",
    "at",
    "be",
    "because",
    "been",
    "being",
    "better",
    "but",
    "by",
    "can",
    "cannot",
    "case",
    "changed",
    "checked",
    "could",
    "did",
    "didn",
    "do",
    "does",
    "doesn",
    "don",
    "easy",
    "enough",
    "ever",
    "every",
    "expired",
    "exactly",
    "for",
    "forever",
    "forgotten",
    "from",
    "going",
    "gone",
    "good",
    "had",
    "hard",
    "has",
    "have",
    "here",
    "hidden",
    "how",
    "i",
    "if",
    "in",
    "instead",
    "into",
    "invalid",
    "isn",
    "it",
    "just",
    "kept",
    "known",
    "less",
    "like",
    "long",
    "longer",
    "lost",
    "may",
    "missing",
    "more",
    "must",
    "my",
    "needed",
    "needs",
    "never",
    "new",
    "no",
    "not",
    "nothing",
    "now",
    "of",
    "off",
    "ok",
    "okay",
    "old",
    "on",
    "only",
    "or",
    "out",
    "please",
    "protected",
    "really",
    "rejected",
    "required",
    "right",
    "safe",
    "saved",
    "secure",
    "sent",
    "shared",
    "should",
    "so",
    "something",
    "spoken",
    "still",
    "stored",
    "strong",
    "such",
    "supposed",
    "than",
    "thanks",
    "that",
    "the",
    "then",
    "there",
    "this",
    "though",
    "to",
    "today",
    "too",
    "typed",
    "until",
    "used",
    "very",
    "was",
    "wasn",
    "weak",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "why",
    "will",
    "with",
    "won",
    "work",
    "working",
    "works",
    "would",
    "written",
    "wrong",
    "yet",
    "you",
    "your",
];

/// Words that may stand in front of a value and are none.
const IN_FRONT: &[&str] = &[
    "now",
    "just",
    "uh",
    "um",
    "simply",
    "colon",
    "equal",
    "following",
    "the",
    "my",
    "a",
];

/// Whether somebody seems to say the safe word in this turn.
pub fn sounds_like_the_safe_word(transcript: &str) -> bool {
    let words: Vec<String> = transcript
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    (0..words.len()).any(|at| named(&words, at) || opens_with(&words, at))
}

/// A name of the safe word that begins here, with the word behind it or in front.
fn named(words: &[&str], at: usize) -> bool {
    let Some(noun) = NOUNS.iter().find(|noun| words[at..].starts_with(noun)) else {
        return false;
    };
    let behind = &words[at + noun.len()..];
    if let Some(link) = LINKS.iter().find(|link| behind.starts_with(link)) {
        // "change my safe word to …" says it, "I need the safe word to open it" does not.
        let sure = link[0] != "to" || changes(&words[..at]);
        if sure && is_value(&behind[link.len()..]) {
            return true;
        }
    } else if is_own(&words[..at]) && is_value(behind) {
        // "my safe word, tulips in may"
        return true;
    }
    in_front(&words[..at])
}

/// "… is my safe word", "use … as my safe word".
fn in_front(before: &[&str]) -> bool {
    let owner = before
        .iter()
        .rev()
        .take_while(|word| matches!(**word, "my" | "our" | "the" | "a" | "new" | "your" | "red"));
    let before = &before[..before.len() - owner.count()];
    match before.split_last() {
        Some((&("is" | "be"), said)) => {
            let asked = |word: &&str| {
                matches!(
                    *word,
                    "what" | "which" | "who" | "that" | "this" | "it" | "where" | "there" | "here"
                )
            };
            said.last().is_some_and(|word| !asked(word))
        }
        Some((&"as", said)) => changes(said),
        _ => false,
    }
}

/// "unlock the vault with …", "open red, the word is …".
fn opens_with(words: &[&str], at: usize) -> bool {
    let opens = matches!(
        words[at],
        "unlock" | "open" | "unseal" | "decrypt" | "unlocked"
    );
    if !opens {
        return false;
    }
    // The vault is named within a few words.
    let near = &words[at + 1..words.len().min(at + 7)];
    let Some(vault) = near
        .iter()
        .position(|word| matches!(*word, "vault" | "vaults" | "secrets" | "safe"))
    else {
        return false;
    };
    let behind = &words[at + 2 + vault..];
    let leads: &[&[&str]] = &[
        &["with"],
        &["using"],
        &["by", "saying"],
        &["saying"],
        &["the", "word", "is"],
        &["password"],
        &["code"],
        &["it", "s"],
        &["it", "is"],
    ];
    leads.iter().any(|lead| {
        let value = behind.strip_prefix(*lead);
        value.is_some_and(|value| {
            let named = NOUNS.iter().any(|noun| skipped(value).starts_with(noun));
            // "with the safe word" is talk; what the noun leads to is looked at on its own.
            let tool = matches!(
                skipped(value).first(),
                Some(
                    &("password"
                        | "passphrase"
                        | "word"
                        | "phone"
                        | "keyboard"
                        | "page"
                        | "button"
                        | "you"
                        | "your"
                        | "me")
                )
            ) && skipped(value).len() == 1;
            !named && !tool && !skipped(value).is_empty()
        })
    })
}

/// Whether what stands here is said as a word, and not about it.
fn is_value(words: &[&str]) -> bool {
    let value = skipped(words);
    value.first().is_some_and(|first| !ABOUT.contains(first))
}

fn skipped<'w>(words: &'w [&'w str]) -> &'w [&'w str] {
    let front = words.iter().take_while(|word| IN_FRONT.contains(word));
    &words[front.count()..]
}

/// Whether the words before a name make it the speaker's own.
fn is_own(before: &[&str]) -> bool {
    before
        .iter()
        .rev()
        .take(2)
        .any(|word| matches!(*word, "my" | "our"))
}

/// Whether somebody sets it.
fn changes(before: &[&str]) -> bool {
    before.iter().any(|word| {
        matches!(
            *word,
            "change"
                | "set"
                | "make"
                | "use"
                | "take"
                | "choose"
                | "want"
                | "reset"
                | "update"
                | "turn"
                | "switch"
                | "changed"
                | "pick"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_it_is_not_heard() {
        for said in [
            "my safe word is tulips in may",
            "Janet, my safe word is Zanzibar.",
            "The safe word is under the old bridge.",
            "the safeword's zanzibar",
            "my safe word, tulips in may",
            "My safe word: four horses",
            "My save word is zanzibar",
            "okay so the safe word is uh zanzibar forty two",
            "our safe word will be purple rain",
            "unlock the vault with tulips in may",
            "Unlock the vault using zanzibar",
            "please open my red vault by saying zanzibar",
            "open the vault, it's tulips in may",
            "unlock the vault the word is zanzibar",
            "unlock the vault with my safe word tulips",
            "change my safe word to purple rain",
            "set the safe word to four old horses",
            "use purple rain as my safe word",
            "I want purple rain as the new safe word",
            "zanzibar is my safe word",
            "the vault password is zanzibar",
            "the password for the vault is four horses",
            "MY SAFE WORD IS ZANZIBAR",
            "is my safe word zanzibar",
        ] {
            assert!(sounds_like_the_safe_word(said), "{said}");
        }
    }

    #[test]
    fn talk_about_it_goes_on() {
        for said in [
            "",
            "hello Janet",
            "what is my safe word",
            "what's a safe word?",
            "how do I change my safe word",
            "I forgot my safe word",
            "my safe word is too short",
            "my safe word is not working",
            "is my safe word strong enough",
            "can you explain what the safe word is for",
            "the safe word is",
            "my safe word is",
            "do I have to type the safe word",
            "I need the safe word to open it",
            "unlock the vault",
            "unlock the vault please",
            "please unlock the vault with the safe word",
            "unlock the vault with my password",
            "lock the vault",
            "can I open the vault with my phone",
            "open the door with the key",
            "is it safe",
            "a word of advice is always good",
            "save the word document as a file",
            "this is my safe word",
            "where is my safe word stored",
            "remember that the meeting is at five",
        ] {
            assert!(!sounds_like_the_safe_word(said), "{said}");
        }
    }

    #[test]
    fn partial_transcripts_are_dropped_from_the_first_word_of_it_on() {
        let said = "my safe word is tulips in may";
        let heard: Vec<_> = said
            .char_indices()
            .filter(|(_, c)| *c == ' ')
            .map(|(at, _)| sounds_like_the_safe_word(&said[..at]))
            .collect();
        assert_eq!(heard, [false, false, false, false, true, true]);
    }
}
