//! What is delicate without being a secret, and what is not worth keeping.
//!
//! Coarse on purpose: a listed word makes the whole text sensitive, whoever it is about. All that
//! follows is that the text stays out of what is kept for good.

use super::numbers::Run;
use super::text::Text;

/// Most words that a text of fillers has.
const FILLER_WORDS: usize = 6;

/// Health, body, faith, love, law and money, as single words.
fn is_delicate(word: &str) -> bool {
    matches!(
        word,
        // Health of body and mind.
        "diagnosed" | "diagnosis" | "cancer" | "tumor" | "tumour" | "hiv" | "chemo"
            | "chemotherapy" | "diabetes" | "diabetic" | "epilepsy" | "depression" | "depressed"
            | "anxiety" | "bipolar" | "schizophrenia" | "autism" | "autistic" | "adhd"
            | "suicide" | "suicidal" | "therapist" | "psychiatrist" | "antidepressant"
            | "antidepressants" | "medication" | "overdose" | "rehab" | "alcoholic" | "addiction"
            | "addicted" | "pregnant" | "pregnancy" | "miscarriage" | "abortion" | "infertility"
            // Love and sex.
            | "sex" | "sexual" | "sexuality" | "gay" | "lesbian" | "bisexual" | "transgender"
            | "porn" | "divorce"
            // Faith.
            | "christian" | "catholic" | "protestant" | "muslim" | "jewish" | "hindu" | "buddhist"
            | "atheist" | "mosque" | "synagogue"
            // Law and harm.
            | "arrested" | "convicted" | "felony" | "lawsuit" | "abused" | "abuse" | "assaulted"
            | "rape" | "raped"
            // Money.
            | "salary" | "bankrupt" | "bankruptcy" | "overdraft"
    )
}

pub(super) fn sensitive(text: &Text<'_>) -> bool {
    (0..text.words.len()).any(|index| {
        is_delicate(text.word(index))
            || matches!(
                (text.word(index), text.word(index + 1), text.word(index + 2)),
                ("i", "live", "at") | ("my", "address", "is") | ("criminal", "record", _)
            )
    }) || text
        .chunks
        .iter()
        .any(|chunk| is_mail_address(&text.raw[chunk.clone()]))
        || has_phone_number(text)
}

/// Nothing but fillers, or the wish that this be forgotten.
pub(super) fn worthless(text: &Text<'_>) -> bool {
    let filler = |index| {
        matches!(
            text.word(index),
            "uh" | "um"
                | "uhm"
                | "er"
                | "erm"
                | "hm"
                | "hmm"
                | "mm"
                | "mhm"
                | "huh"
                | "ah"
                | "oh"
                | "hi"
                | "hey"
                | "hello"
                | "yeah"
                | "yep"
                | "yes"
                | "no"
                | "nope"
                | "ok"
                | "okay"
                | "right"
                | "sure"
                | "thanks"
                | "thank"
                | "you"
                | "bye"
                | "janet"
                | "well"
        )
    };
    (text.words.len() <= FILLER_WORDS && (0..text.words.len()).all(filler)) || unwanted(text)
}

/// The wish that what was said be forgotten.
pub(super) fn unwanted(text: &Text<'_>) -> bool {
    (0..text.words.len()).any(|index| {
        let said = |offset| text.word(index + offset);
        matches!(
            (said(0), said(1), said(2), said(3)),
            ("don", "t", "remember", "this" | "that" | "it")
                | ("do", "not", "remember", "this" | "that")
                | ("off", "the", "record", _)
                | (
                    "don",
                    "t",
                    "save" | "store" | "keep",
                    "this" | "that" | "it"
                )
        ) || matches!((said(0), said(1), said(2)), ("forget", "this" | "that", ""))
    })
}

fn is_mail_address(chunk: &str) -> bool {
    chunk.split_once('@').is_some_and(|(local, domain)| {
        let local_ends = local.chars().next_back().is_some_and(char::is_alphanumeric);
        let dot = domain.find('.').is_some_and(|dot| {
            dot > 0 && domain[dot + 1..].starts_with(|c: char| c.is_ascii_alphabetic())
        });
        local_ends && dot
    })
}

/// Nine to fifteen digits in groups or behind a plus.
fn has_phone_number(text: &Text<'_>) -> bool {
    let mut index = 0;
    while index < text.words.len() {
        let Some(run) = Run::at(text, index) else {
            index += 1;
            continue;
        };
        let groups = run.words.len();
        let plus = text.gap(run.words.start).ends_with('+');
        if (9..=15).contains(&run.digits.len()) && (plus || groups > 1) {
            return true;
        }
        index = run.words.end;
    }
    false
}
