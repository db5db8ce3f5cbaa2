//! What a string is by its look alone: a made-up one, a number, code, or a gap to fill in.

use super::words::one_of;

/// What numbers of sentences end with.
const ENDINGS: &str = "\
    st nd rd th am pm s h m x k km kg cm mm ms gb mb kb tb hz mhz ghz bit px mg ml w v c f \
    min hrs kwh";

/// Types and examples that stand where a value would.
const TYPES: &str = "\
    str string text varchar none null nil undefined true false required optional input value \
    password token secret bytes char option option<string> any bool &str hash hashed \
    encrypted field type number int";

/// Whether a string is no plain word: letters among digits, signs inside, or a capital inside.
pub(super) fn is_complex(shown: &str) -> bool {
    if shown.chars().nth(3).is_none() || is_ordinary_number(shown) {
        return false;
    }
    let has = |of: fn(&u8) -> bool| shown.bytes().any(|b| of(&b));
    let letter = has(u8::is_ascii_alphabetic);
    let sign = shown.contains([
        '@', '#', '$', '^', '*', '+', '=', '~', '_', '<', '>', '|', '\\', '!',
    ]);
    let capital_inside = shown
        .as_bytes()
        .windows(2)
        .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    letter && (has(u8::is_ascii_digit) || sign || capital_inside)
}

/// "3rd", "10am", "1990s", "24h", "50km": numbers as sentences have them.
pub(super) fn is_ordinary_number(shown: &str) -> bool {
    let rest =
        shown.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | ':'));
    let ordinary = one_of(&rest.to_ascii_lowercase(), ENDINGS);
    rest.len() < shown.len() && ordinary
}

/// Whether code names another value here instead of writing it.
pub(super) fn is_expression(shown: &str) -> bool {
    let lower = shown.to_ascii_lowercase();
    let name = lower
        .bytes()
        .all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'.' | b'-'));
    shown.contains(['(', '[', '<'])
        || [
            "self.",
            "this.",
            "os.",
            "process.",
            "env.",
            "config.",
            "args.",
            "req.",
            "request.",
            "settings.",
        ]
        .iter()
        .any(|prefix| lower.starts_with(prefix))
        || (name
            && ["password", "passwd", "token", "secret", "key"]
                .iter()
                .any(|noun| lower.ends_with(noun)))
}

/// Types, masks and "put yours here".
pub(super) fn is_placeholder(shown: &str) -> bool {
    let bare = shown.trim_matches(['<', '>', '{', '}', '[', ']', '%', '"', '\'', ',', ';']);
    let lower = bare.to_ascii_lowercase();
    let first = bare.chars().next();
    let masked = bare.chars().all(|c| Some(c) == first)
        && (bare.chars().count() != 1 || !bare.chars().all(char::is_alphanumeric))
        && first.is_none_or(|c| matches!(c, '*' | 'x' | 'X' | '•' | '.' | '-' | '_' | '?' | '…'));
    let variable = shown.strip_prefix('$').is_some_and(|name| {
        let name = name.trim_matches(['{', '}', '(', ')']);
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
    });
    masked
        || variable
        || lower.starts_with("your")
        || lower.contains("placeholder")
        || one_of(&lower, TYPES)
}
