//! Secrets that are known by what is said around them: "my password is …", "… is my pin".
//!
//! A *noun* says that a secret may follow and of which kind; a *link* leads from it to the value;
//! the value's own look decides the rest (`value`). Behind a noun of one's own ("my password is")
//! any word is a secret that is not plainly something else ("too short"); behind "the password is"
//! a little more has to speak for it; a PIN has digits; a token looks like one.

mod looks;
mod nouns;
mod value;
mod words;

use std::ops::Range;

use super::numbers::Run;
use super::text::Text;
use looks::is_complex;
use nouns::{Kind, Noun};
use value::{Style, said_chunk};

/// How far a link may be from its noun, in words: "the password for the wifi in the attic is …".
const LINK_WORDS: usize = 9;
/// How many digits make a secret where nothing but the noun leads to them: "pin 4711".
const BARE_DIGITS: usize = 4;

pub(super) fn find(text: &Text<'_>, spans: &mut Vec<Range<usize>>) {
    let mut index = 0;
    while index < text.words.len() {
        let Some(noun) = nouns::at(text, index) else {
            index += 1;
            continue;
        };
        index = noun.words.end;
        let found = behind(text, &noun).or_else(|| in_front(text, &noun));
        spans.extend(found);
    }
}

/// The value that follows a noun.
fn behind(text: &Text<'_>, noun: &Noun) -> Option<Range<usize>> {
    if let Some((at, style)) = assigned(text, text.words[noun.words.end - 1].end) {
        return value::at(text, noun, at, style);
    }
    let first = noun.words.end;
    if !text.breaks(first) {
        if let Some(span) = linked(text, noun, first) {
            return Some(span);
        }
        if let Some(span) = value::at(text, noun, text.words[first - 1].end, Style::Bare) {
            return Some(span);
        }
    }
    pointed(text, noun, first)
}

/// `=`, `:`, `=>` behind a name: where the value begins, and whether it was written like code.
fn assigned(text: &Text<'_>, from: usize) -> Option<(usize, Style)> {
    let rest = &text.raw[from..];
    let sign = rest.trim_start_matches(['"', '\'', '`', ']', ')', '*', ' ', '\t']);
    let value = sign.trim_start_matches(['=', ':', '>', '!']);
    let sign = &sign[..sign.len() - value.len()];
    if !sign.contains(['=', ':']) || sign.contains("::") || value.starts_with("//") {
        return None;
    }
    let begin = value.trim_start_matches([' ', '\t']);
    let spaced = begin.len() < value.len();
    let style = if sign == ":" && spaced {
        Style::Said
    } else {
        Style::Assigned
    };
    Some((text.raw.len() - begin.len(), style))
}

/// The value behind the first link that leads to one.
fn linked(text: &Text<'_>, noun: &Noun, first: usize) -> Option<Range<usize>> {
    let opened = matches!(
        text.word(first),
        "for"
            | "to"
            | "of"
            | "on"
            | "at"
            | "in"
            | "from"
            | "with"
            | "into"
            | "i"
            | "you"
            | "we"
            | "he"
            | "she"
            | "they"
            | "that"
            | "which"
            | "here"
            | "now"
            | "again"
            | "number"
            | "code"
            | "my"
    );
    let changed = changes(text, noun.words.start);
    for index in first..first + LINK_WORDS {
        if text.breaks(index) || (index > first && !opened) {
            return None;
        }
        // `password.as_bytes()` is no sentence.
        let apart = text.gap(index).contains(char::is_whitespace);
        let behind_link = match (text.word(index), text.word(index + 1)) {
            ("is" | "was" | "equals" | "becomes" | "are", _) => Some(index),
            ("s", _) if matches!(text.gap(index), "'" | "’") => Some(index),
            ("will" | "should" | "would" | "must" | "shall", "be") => Some(index + 1),
            ("to" | "as" | "into", _) if changed => Some(index),
            _ => None,
        }
        .filter(|link| apart || text.word(*link) == "s");
        if let Some(link) = behind_link {
            let span = value::at(text, noun, text.words[link].end, Style::Said);
            if span.is_some() {
                return span;
            }
        }
    }
    None
}

/// Whether the words in front of a noun change it: "set the wifi password to …".
fn changes(text: &Text<'_>, noun: usize) -> bool {
    (noun.saturating_sub(5)..noun).any(|index| {
        matches!(
            text.word(index),
            "change"
                | "changed"
                | "changing"
                | "set"
                | "setting"
                | "reset"
                | "update"
                | "updated"
                | "make"
                | "made"
                | "switch"
                | "switched"
        )
    })
}

/// "My password? It's …", "What is the pin? 4711."
fn pointed(text: &Text<'_>, noun: &Noun, first: usize) -> Option<Range<usize>> {
    let gap = text.gap(first);
    if first >= text.words.len() || !gap.contains(['?', '.', ',', ':', '\n']) {
        return None;
    }
    let link = match (text.word(first), text.word(first + 1)) {
        ("it" | "that", "is" | "s" | "was") => Some(first + 1),
        _ => None,
    };
    if let Some(link) = link {
        return value::at(text, noun, text.words[link].end, Style::Bare);
    }
    let run = Run::at(text, first).filter(|_| noun.kind.has_digits())?;
    let alone = text.breaks(run.words.end);
    (alone && run.digits.len() >= BARE_DIGITS).then(|| run.span(text))
}

/// The value in front of a noun: "4711 is my pin", "use swordfish as the password".
fn in_front(text: &Text<'_>, noun: &Noun) -> Option<Range<usize>> {
    const BACK_WORDS: usize = 16;
    let determiner = (noun.words.start.saturating_sub(3)..noun.words.start)
        .rev()
        .find(|index| {
            matches!(
                text.word(*index),
                "my" | "our" | "the" | "a" | "his" | "her" | "their" | "your"
            )
        })?;
    let link = determiner.checked_sub(1)?;
    let unbroken = (link..noun.words.start).all(|index| !text.breaks(index + 1));
    let sentence = (link.saturating_sub(BACK_WORDS)..=link)
        .rev()
        .take_while(|index| *index == link || !text.breaks(*index + 1))
        .last()?;
    if !unbroken || sentence == link || text.words[link - 1].marker {
        return None;
    }
    if !matches!(text.word(link), "is" | "was" | "as") {
        return None;
    }
    if noun.kind.has_digits() {
        let run = (sentence..link)
            .filter_map(|index| Run::at(text, index))
            .find(|run| run.words.end == link);
        if let Some(run) = run.filter(|run| run.digits.len() >= BARE_DIGITS) {
            return Some(run.span(text));
        }
    }
    let last = said_chunk(text, text.words[link - 1].start, link - 1)?;
    if is_complex(&text.raw[last.clone()]) {
        return Some(last);
    }
    if !matches!(noun.kind, Kind::Phrase | Kind::Motto) {
        return None;
    }
    let begin = if text.word(link) == "as" {
        let verb = (sentence..link).rev().find(|index| {
            matches!(
                text.word(*index),
                "use" | "using" | "choose" | "pick" | "take" | "want"
            )
        })?;
        verb + 1
    } else if noun.own {
        sentence
    } else {
        return None;
    };
    let vague = (begin..link).any(|index| {
        text.words[index].marker
            || matches!(
                text.word(index),
                "what"
                    | "which"
                    | "this"
                    | "that"
                    | "it"
                    | "here"
                    | "there"
                    | "where"
                    | "who"
                    | "how"
                    | "when"
                    | "why"
                    | "something"
                    | "nothing"
                    | "the"
                    | "same"
                    | "one"
                    | "if"
                    | "but"
                    | "and"
                    | "so"
                    | "think"
                    | "sure"
                    | "them"
                    | "my"
                    | "your"
            )
    });
    let short = (1..=4).contains(&(link - begin));
    (short && !vague).then(|| text.words[begin].start..last.end)
}
