//! What stands where a secret was announced: is it one, and where does it end?

use std::ops::Range;

use super::BARE_DIGITS;
use super::looks::{is_complex, is_expression, is_ordinary_number, is_placeholder};
use super::nouns::{Kind, Noun};
use super::words::{self, one_of};
use crate::gate::numbers::{Run, begins_digit};
use crate::gate::text::{Text, trimmed};
use crate::gate::tokens::looks_random;

/// How the value was led up to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// By a word or a colon: "is", "to".
    Said,
    /// By a sign, as in code and forms: `password=…`.
    Assigned,
    /// By nothing but the noun, or by "it's": the value has to look like a secret.
    Bare,
}

/// How many words of a phrase are taken. Single letters and digits do not count: spelled words
/// are long.
const PHRASE_WORDS: usize = 6;
/// The same for what may be a whole wallet's seed.
const MOTTO_WORDS: usize = 24;
/// Bytes within which a quotation has to close.
const QUOTE_BYTES: usize = 120;

/// The secret of this noun's kind that begins at this offset, if there is one.
pub(super) fn at(
    text: &Text<'_>,
    noun: &Noun,
    offset: usize,
    style: Style,
) -> Option<Range<usize>> {
    let offset = begin(text, offset, style)?;
    match noun.kind {
        Kind::Digits => digits(text, offset, style),
        Kind::Code => digits(text, offset, style).or_else(|| code(text, offset, style)),
        Kind::Token => token(text, offset, style),
        Kind::Phrase | Kind::Motto => match style {
            Style::Assigned => written(text, offset),
            Style::Said => said(text, noun, offset),
            Style::Bare => bare(text, offset),
        },
    }
}

/// Skips the signs between a link and its value. A question or an exclamation ends the search.
fn begin(text: &Text<'_>, offset: usize, style: Style) -> Option<usize> {
    let rest = &text.raw[offset..];
    let skipped: &[char] = match style {
        Style::Assigned => &[' ', '\t'],
        Style::Said | Style::Bare => &[
            ' ', '\t', '\n', '\r', ',', ':', '.', '…', '-', '–', '—', '#',
        ],
    };
    let value = rest.trim_start_matches(skipped);
    let signs = &rest[..rest.len() - value.len()];
    let apart = signs.contains([' ', '\t']) && !signs.contains(['\n', '.']);
    let crosses = style == Style::Bare && !apart;
    let ended = value.is_empty() || value.starts_with(['?', '!']) || crosses;
    (!ended).then(|| text.raw.len() - value.len())
}

/// A run of digits, with the small words that people put between them.
fn digits(text: &Text<'_>, offset: usize, style: Style) -> Option<Range<usize>> {
    const ITEMS: usize = 24;
    let mut index = text.word_from(offset);
    let lead = index;
    while style == Style::Said && index < lead + 3 && one_of(text.word(index), words::FILLERS) {
        index += 1;
    }
    // In front of the first digit nothing but signs may stand.
    if text.words.get(index)?.start < offset {
        return None;
    }
    let first = Run::at(text, index)?;
    let (mut end, mut count) = (first.words.end, first.digits.len());
    for _ in 0..ITEMS {
        let between = usize::from(matches!(
            text.word(end),
            "dash" | "hyphen" | "space" | "then" | "uh" | "um" | "and"
        ));
        match Run::at(text, end + between).filter(|_| !text.breaks(end)) {
            Some(more) => {
                end = more.words.end;
                count += more.digits.len();
            }
            None => break,
        }
    }
    // While it is still being spoken, one digit is one too many, and so is the beginning of one.
    let beginning = end + 1 == text.words.len()
        && text.raw.ends_with(text.word(end))
        && begins_digit(text.word(end));
    end += usize::from(beginning);
    let cut_off = end == text.words.len() && style == Style::Said;
    let enough = match style {
        Style::Bare => count >= BARE_DIGITS || (count == 3 && text.breaks(end)),
        Style::Said | Style::Assigned => count >= 3,
    };
    (enough || cut_off).then(|| text.words[index].start..text.words[end - 1].end)
}

/// A short string with a digit in it, in capitals, or spelled out.
fn code(text: &Text<'_>, offset: usize, style: Style) -> Option<Range<usize>> {
    let index = text.word_from(offset);
    let spelled = (index..text.words.len())
        .take_while(|at| text.word(*at).len() == 1 && (*at == index || !text.breaks(*at)))
        .take(PHRASE_WORDS * 3)
        .count();
    if spelled >= 3 {
        return Some(text.words[index].start..text.words[index + spelled - 1].end);
    }
    let chunk = trimmed(text.raw, text.chunk_from(offset)?);
    let shown = &text.raw[chunk.clone()];
    let has_digit = shown.bytes().any(|b| b.is_ascii_digit()) && !is_ordinary_number(shown);
    let capitals = shown.len() >= 4 && shown.bytes().all(|b| b.is_ascii_uppercase());
    let min = if style == Style::Bare { 5 } else { 3 };
    ((has_digit && shown.len() >= min) || capitals).then_some(chunk)
}

/// A string that nobody would say.
fn token(text: &Text<'_>, offset: usize, style: Style) -> Option<Range<usize>> {
    let chunk = match quoted(text, offset) {
        Some(inner) if text.raw[inner.clone()].contains(char::is_whitespace) => return None,
        Some(inner) => inner,
        None => assigned_part(text, offset, style)?,
    };
    let shown = &text.raw[chunk.clone()];
    if is_expression(shown) || is_placeholder(shown) {
        return None;
    }
    let min = if style == Style::Bare { 8 } else { 6 };
    let mixed = shown.bytes().any(|b| b.is_ascii_digit()) && is_complex(shown);
    let digits = shown.len() >= 8 && shown.bytes().all(|b| b.is_ascii_digit());
    let fits = shown.len() >= min && (mixed || (digits && style == Style::Assigned));
    (fits || looks_random(shown)).then_some(chunk)
}

/// A password as code and forms have it: one string.
fn written(text: &Text<'_>, offset: usize) -> Option<Range<usize>> {
    if let Some(inner) = quoted(text, offset) {
        return (!is_placeholder(&text.raw[inner.clone()])).then_some(inner);
    }
    let chunk = assigned_part(text, offset, Style::Assigned)?;
    let shown = &text.raw[chunk.clone()];
    (!is_expression(shown) && !is_placeholder(shown)).then_some(chunk)
}

/// "password hunter2": only what looks like one.
fn bare(text: &Text<'_>, offset: usize) -> Option<Range<usize>> {
    let chunk = trimmed(text.raw, text.chunk_from(offset)?);
    let shown = &text.raw[chunk.clone()];
    let mixed = shown.len() >= 5
        && shown.bytes().any(|b| b.is_ascii_digit())
        && shown.bytes().any(|b| b.is_ascii_alphabetic())
        && !is_ordinary_number(shown);
    (mixed && !is_expression(shown)).then_some(chunk)
}

/// A password as it is spoken or written in a sentence.
fn said(text: &Text<'_>, noun: &Noun, offset: usize) -> Option<Range<usize>> {
    if let Some(inner) = quoted(text, offset) {
        return (!is_placeholder(&text.raw[inner.clone()])).then_some(inner);
    }
    let mut first = text.word_from(offset);
    let lead = first;
    while first < lead + 3 && one_of(text.word(first), words::FILLERS) {
        first += 1;
        if text.breaks(first) {
            return None;
        }
    }
    let Some(word) = text.words.get(first) else {
        // Signs only: hidden, unless it is a row of stars.
        let chunk = trimmed(text.raw, text.chunk_from(offset)?);
        return (!is_placeholder(&text.raw[chunk.clone()])).then_some(chunk);
    };
    if word.marker {
        return None;
    }
    let from = if first == lead { offset } else { word.start };
    let head = said_chunk(text, from, first)?;
    let shown = &text.raw[head.clone()];
    let complex = is_complex(shown);
    if !complex && is_placeholder(shown) && !noun.own {
        return None;
    }
    if !complex && harmless(text, noun, first) {
        // "not the old one but hunter2": the string itself still goes.
        return (first..first + PHRASE_WORDS)
            .take_while(|index| *index == first || !text.breaks(*index))
            .filter_map(|index| said_chunk(text, text.words[index].start, index))
            .find(|chunk| {
                let shown = &text.raw[chunk.clone()];
                is_complex(shown) && shown.bytes().any(|b| b.is_ascii_digit())
            });
    }
    let plain = !complex && !shown.bytes().any(|b| b.is_ascii_digit());
    let end = phrase_end(text, noun, first, plain).max(head.end);
    Some(head.start..end)
}

/// Where a phrase ends: with the sentence, at a new clause, or after enough words.
fn phrase_end(text: &Text<'_>, noun: &Noun, first: usize, plain: bool) -> usize {
    let reach = if noun.kind == Kind::Motto {
        MOTTO_WORDS
    } else {
        PHRASE_WORDS
    };
    let (mut end, mut taken) = (0, 0);
    for index in first..text.words.len() {
        let word = text.words[index];
        let inside = word.start < end;
        let clause = match text.word(index) {
            "please" | "but" | "because" | "thanks" => true,
            "and" | "so" | "can" | "could" | "would" | "will" | "which" | "what" | "that"
            | "if" | "i" | "it" | "is" | "do" | "don" | "you" | "we" | "for" | "thank" | "okay"
            | "ok" | "in" | "on" | "at" | "to" | "now" | "not" | "the" => !plain,
            _ => false,
        };
        if index > first && !inside && (text.breaks(index) || clause || taken >= reach) {
            break;
        }
        let Some(chunk) = said_chunk(text, word.start, index) else {
            break;
        };
        end = end.max(chunk.end);
        taken += usize::from(!inside && chunk.len() > 1);
    }
    end
}

/// Whether what follows "the password is" says something about it instead of saying it.
fn harmless(text: &Text<'_>, noun: &Noun, first: usize) -> bool {
    let next = if text.breaks(first + 1) {
        ""
    } else {
        text.word(first + 1)
    };
    let ends = |word: &str| word.is_empty() || one_of(word, words::GOES_ON);
    let word = text.word(first);
    if Run::at(text, first).is_some() {
        return (first + 1..first + 4)
            .take_while(|index| !text.breaks(*index))
            .any(|index| one_of(text.word(index), words::UNITS));
    }
    match word {
        "the" | "a" | "an" | "my" | "your" | "our" => {
            !noun.own || next.is_empty() || one_of(next, words::DESCRIBES)
        }
        "case" => next == "sensitive",
        _ if one_of(word, words::ABOUT) => true,
        _ if one_of(word, words::ADJECTIVES) => ends(next),
        // "the password is accepted by", but "my password is fishing".
        _ => {
            !noun.own
                && ["ed", "ing", "able"]
                    .iter()
                    .any(|ending| word.ends_with(ending))
                && ends(next)
        }
    }
}

/// The chunk of this word from this offset on, without the signs around it. A complex one keeps
/// its exclamation marks: they may be part of it.
pub(super) fn said_chunk(text: &Text<'_>, offset: usize, word: usize) -> Option<Range<usize>> {
    let word = text.words.get(word).filter(|word| !word.marker)?;
    let at = text.chunks.partition_point(|chunk| chunk.end <= word.start);
    let chunk = text.chunks.get(at)?.clone();
    let start = if offset >= chunk.start {
        offset
    } else {
        chunk.start
    };
    let mut cut = trimmed(text.raw, start.min(word.start)..chunk.end);
    if is_complex(&text.raw[cut.clone()]) {
        let behind = &text.raw[cut.end..chunk.end];
        cut.end += behind.len() - behind.trim_start_matches('!').len();
    }
    (!cut.is_empty()).then_some(cut)
}

/// The inside of a quotation that opens at this offset.
fn quoted(text: &Text<'_>, offset: usize) -> Option<Range<usize>> {
    let rest = &text.raw[offset..];
    let open = rest.chars().next()?;
    let close = match open {
        '"' | '\'' | '`' => open,
        '“' => '”',
        '‘' => '’',
        _ => return None,
    };
    let inside = &rest[open.len_utf8()..];
    let length = inside
        .find(close)
        .filter(|length| (1..=QUOTE_BYTES).contains(length))?;
    let start = offset + open.len_utf8();
    let marked = text.words[text.word_from(start)..]
        .iter()
        .take_while(|word| word.start < start + length)
        .any(|word| word.marker);
    (!inside[..length].contains('\n') && !marked).then_some(start..start + length)
}

/// The string behind a sign, up to the next blank; inside a link up to the next parameter.
fn assigned_part(text: &Text<'_>, offset: usize, style: Style) -> Option<Range<usize>> {
    let index = text.chunks.partition_point(|chunk| chunk.end <= offset);
    let whole = text.chunks.get(index)?;
    let mut chunk = whole.start.max(offset)..whole.end;
    // A marker between the sign and here means that the value is hidden already.
    if style == Style::Assigned && chunk.start != offset {
        return None;
    }
    let shown = &text.raw[chunk.clone()];
    let query = text.raw[whole.start..chunk.start].contains(['?', '&', '/']);
    if let Some(cut) = shown.find(['&', '#']).filter(|_| query) {
        chunk.end = chunk.start + cut;
    }
    let cut = trimmed(text.raw, chunk);
    (!cut.is_empty()).then_some(cut)
}
