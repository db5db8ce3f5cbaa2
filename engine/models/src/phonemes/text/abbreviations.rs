//! Abbreviations, initials and Roman numerals.

use super::numbers::{cardinal, ordinal};
use super::{Reading, Said, words};

/// What is written with its full stops, and what is said.
const DOTTED: [(&str, &str); 30] = [
    ("e.g.", "for example"),
    ("i.e.", "that is"),
    ("etc.", "et cetera"),
    ("vs.", "versus"),
    ("Dr.", "doctor"),
    ("Mr.", "mister"),
    ("Mrs.", "missus"),
    ("Ms.", "miz"),
    ("Prof.", "professor"),
    ("Jr.", "junior"),
    ("Sr.", "senior"),
    ("Mt.", "mount"),
    ("Capt.", "captain"),
    ("Lt.", "lieutenant"),
    ("Gen.", "general"),
    ("Rev.", "reverend"),
    ("Hon.", "honorable"),
    ("approx.", "approximately"),
    ("appt.", "appointment"),
    ("apt.", "apartment"),
    ("dept.", "department"),
    ("est.", "established"),
    ("govt.", "government"),
    ("Inc.", "incorporated"),
    ("Corp.", "corporation"),
    ("Ltd.", "limited"),
    ("Ave.", "avenue"),
    ("Blvd.", "boulevard"),
    ("a.k.a.", "also known as"),
    ("Ph.D.", "P H D"),
];

/// What is written without a full stop, and what is said.
const BARE: [(&str, &str); 16] = [
    ("eg", "for example"),
    ("ie", "that is"),
    ("etc", "et cetera"),
    ("vs", "versus"),
    ("Dr", "doctor"),
    ("Mr", "mister"),
    ("Mrs", "missus"),
    ("Ms", "miz"),
    ("Prof", "professor"),
    ("approx", "approximately"),
    ("aka", "also known as"),
    ("ASAP", "as soon as possible"),
    ("w/o", "without"),
    ("w/", "with"),
    ("PhD", "P H D"),
    ("FAQ", "F A Q"),
];

/// Abbreviations that no sentence ends with: their full stop is theirs alone.
const TITLES: [&str; 14] = [
    "Dr.", "Mr.", "Mrs.", "Ms.", "Prof.", "Mt.", "Capt.", "Lt.", "Gen.", "Rev.", "Hon.", "e.g.",
    "i.e.", "vs.",
];

/// An abbreviation at the beginning of `text`.
pub(super) fn abbreviation(text: &str) -> Reading {
    let free =
        |length: usize| !text[length..].starts_with(|c: char| c.is_alphanumeric() || c == '\'');
    for (written, said) in DOTTED {
        let same = text.get(..written.len()).is_some_and(|start| {
            start == written || (start.eq_ignore_ascii_case(written) && !TITLES.contains(&written))
        });
        if same && free(written.len()) {
            let kept =
                usize::from(!TITLES.contains(&written) && ends_sentence(&text[written.len()..]));
            return Some((written.len() - kept, spoken(said)));
        }
    }
    street(text).or_else(|| number_sign(text)).or_else(|| {
        let (written, said) = BARE
            .into_iter()
            .find(|(written, _)| text.starts_with(written) && free(written.len()))?;
        // A dot behind it ends the sentence or belongs to something else.
        Some((written.len(), spoken(said)))
    })
}

fn spoken(said: &str) -> Vec<Said> {
    let letters = |word: &str| word.len() == 1 && word != "a";
    said.split(' ')
        .map(|word| {
            if letters(word) {
                Said::Spelled(word.to_owned())
            } else {
                Said::word(word)
            }
        })
        .collect()
}

/// Whether what follows a full stop is the end or a new sentence.
fn ends_sentence(behind: &str) -> bool {
    let behind = behind.trim_start_matches(['"', ')', '\'', '”', '’']);
    let next = behind.trim_start();
    next.is_empty() || (next.len() < behind.len() && next.starts_with(char::is_uppercase))
}

/// "St. John" is a saint, "Main St." is a street.
fn street(text: &str) -> Reading {
    let rest = text.strip_prefix("St.")?;
    let name = rest
        .strip_prefix(' ')
        .is_some_and(|rest| rest.starts_with(char::is_uppercase));
    Some(if name {
        (3, words("saint"))
    } else {
        (2, words("street"))
    })
}

/// "No. 5".
fn number_sign(text: &str) -> Reading {
    let rest = text
        .strip_prefix("No. ")
        .or_else(|| text.strip_prefix("no. "))?;
    rest.starts_with(|c: char| c.is_ascii_digit())
        .then(|| (3, words("number")))
}

/// "U.S.", "a.m.", "J. R. R.": letters, each with a full stop.
pub(super) fn initials(text: &str) -> Reading {
    let (mut at, mut letters) = (0, String::new());
    while let Some(letter) = text[at..].chars().next().filter(char::is_ascii_alphabetic) {
        if !text[at + 1..].starts_with('.') {
            break;
        }
        letters.push(letter);
        at += 2;
    }
    if letters.len() < 2 {
        // One initial before a name: its full stop ends nothing.
        let single = letters.len() == 1
            && letters.chars().all(char::is_uppercase)
            && letters != "I"
            && text[at..]
                .strip_prefix(' ')
                .is_some_and(|rest| rest.starts_with(char::is_uppercase));
        return single.then(|| (at, vec![Said::Spelled(letters)]));
    }
    if text[at..].starts_with(char::is_alphanumeric) {
        return None;
    }
    let kept = usize::from(ends_sentence(&text[at..]));
    Some((at - kept, vec![Said::Spelled(letters)]))
}

/// A Roman numeral behind a word that asks for one: "Chapter IV", "Henry VIII", "World War II".
pub(super) fn roman(text: &str, before: &str) -> Reading {
    let length = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let numeral = &text[..length];
    if length == 0
        || text[length..].starts_with(|c: char| {
            c.is_alphanumeric()
                || c == '\''
                || c == '.' && text[length + 1..].starts_with(char::is_alphabetic)
        })
    {
        return None;
    }
    let value = value(numeral)?;
    let counted = matches!(
        before.to_lowercase().as_str(),
        "chapter"
            | "part"
            | "volume"
            | "book"
            | "act"
            | "scene"
            | "section"
            | "war"
            | "phase"
            | "type"
            | "level"
            | "stage"
            | "appendix"
            | "class"
            | "grade"
    );
    let named = before.starts_with(char::is_uppercase) && length >= 2;
    let king = matches!(
        before,
        "Henry"
            | "Louis"
            | "Charles"
            | "George"
            | "Edward"
            | "James"
            | "William"
            | "Elizabeth"
            | "Philip"
            | "Richard"
            | "John"
            | "Paul"
            | "Pius"
            | "Benedict"
            | "Francis"
            | "Frederick"
            | "Napoleon"
            | "Alexander"
            | "Nicholas"
            | "Catherine"
            | "Mary"
            | "Leo"
            | "Gregory"
    );
    match () {
        () if king => Some((length, words(&format!("the {}", ordinal(value))))),
        () if counted
            || (named
                && matches!(
                    numeral,
                    "II" | "III"
                        | "IV"
                        | "VI"
                        | "VII"
                        | "VIII"
                        | "IX"
                        | "XI"
                        | "XII"
                        | "XIV"
                        | "XV"
                        | "XVI"
                        | "XX"
                        | "XXI"
                )) =>
        {
            Some((length, words(&cardinal(value))))
        }
        () => None,
    }
}

/// The value of a well-formed Roman numeral below 90.
fn value(numeral: &str) -> Option<u64> {
    let value = (1..90).find(|&value| write(value) == numeral)?;
    Some(value)
}

fn write(mut value: u64) -> String {
    let mut numeral = String::new();
    for (worth, letters) in [
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ] {
        while value >= worth {
            numeral.push_str(letters);
            value -= worth;
        }
    }
    numeral
}
