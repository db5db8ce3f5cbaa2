//! Decides which text may go anywhere at all.
//!
//! Every text passes here before it reaches a prompt, the model's cache, storage or a log, partial
//! transcripts too. A secret span (a key, a password, a PIN, a card or account number) becomes
//! `[secret]`. Rules only: no model, no network, no state, no regular expression that backtracks;
//! each rule looks a bounded number of words ahead, so the work grows with the length alone.
//!
//! Secrets are found in two ways: by their own shape ([`tokens`], [`numbers`]), and by what is said
//! in front of them or behind ([`spoken`]: "my password is …", "the pin for the door is …"). A
//! secret that is still being spoken is hidden from its first word on. The rules know English.
//!
//! What stays, on purpose: UUIDs, hashes and commit ids (they name things and do not open them),
//! links, times, years, sums, and "my password is too short". Where a rule cannot tell, secrecy
//! wins behind a word like "password", and the sentence wins elsewhere.

mod numbers;
mod sensitive;
mod spoken;
mod tokens;

mod text;

use std::borrow::Cow;
use std::ops::Range;

use text::{MARKER, Text};

/// How a text may be kept. Ordered: each is more delicate than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Nothing that is worth keeping ("uh-huh"), or the speaker said that it is not to be kept.
    Discard,
    /// May be kept with consent.
    Normal,
    /// Health, faith, love, money, addresses: stays in memory.
    Sensitive,
    /// Holds a secret: not to be kept without explicit words, and never in the clear.
    Secret,
}

/// What the gate found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The most delicate of what was found.
    pub class: Class,
    /// Byte ranges of the secrets: sorted, apart, never empty, on character borders.
    pub spans: Vec<Range<usize>>,
}

/// The rules. Has no state; share it freely.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gate;

impl Gate {
    /// The gate with its built-in rules.
    pub const fn new() -> Self {
        Self
    }

    /// Sorts a text and finds its secrets.
    pub fn classify(&self, text: &str) -> Verdict {
        let text = Text::new(text);
        let spans = secrets(&text);
        let class = if !spans.is_empty() {
            Class::Secret
        } else if sensitive::worthless(&text) {
            Class::Discard
        } else if sensitive::sensitive(&text) {
            Class::Sensitive
        } else {
            Class::Normal
        };
        Verdict { class, spans }
    }

    /// Whether somebody says that what was said is not to be remembered.
    pub fn is_unwanted(&self, text: &str) -> bool {
        sensitive::unwanted(&Text::new(text))
    }

    /// The text with every secret replaced by `[secret]`; borrowed if there is none.
    ///
    /// Redacting what was redacted changes nothing.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut redacted = Cow::Borrowed(text);
        // A hidden secret can uncover the next one to a rule. Every round hides at least a
        // character that was not hidden, so this ends; one round is usual, two are rare.
        loop {
            let spans = secrets(&Text::new(&redacted));
            if spans.is_empty() {
                return redacted;
            }
            redacted = Cow::Owned(replaced(&redacted, &spans));
        }
    }
}

fn secrets(text: &Text<'_>) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    tokens::find(text, &mut spans);
    numbers::find(text, &mut spans);
    spoken::find(text, &mut spans);
    merged(text.raw, spans)
}

/// Sorted and joined, with nothing in them that is a marker already.
fn merged(raw: &str, mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.retain(|span| {
        let inside = &raw[span.clone()];
        !inside.trim().is_empty() && inside.trim() != MARKER
    });
    spans.sort_unstable_by_key(|span| (span.start, span.end));
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => joined.push(span),
        }
    }
    joined
}

fn replaced(text: &str, spans: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        out.push_str(&text[at..span.start]);
        out.push_str(MARKER);
        at = span.end;
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
#[path = "gate_rows.rs"]
mod rows;

#[cfg(test)]
#[path = "gate_test.rs"]
mod tests;
