//! Dates and times of day.

use super::digits::{run, small};
use super::numbers::{cardinal, ordinal, year};
use super::{Reading, words};

const MONTHS: [(&str, &str); 12] = [
    ("jan", "January"),
    ("feb", "February"),
    ("mar", "March"),
    ("apr", "April"),
    ("may", "May"),
    ("jun", "June"),
    ("jul", "July"),
    ("aug", "August"),
    ("sep", "September"),
    ("oct", "October"),
    ("nov", "November"),
    ("dec", "December"),
];

/// Whether nothing that belongs to the token follows.
fn ends(text: &str) -> bool {
    let goes_on = text.starts_with(|c: char| c.is_alphanumeric() || c == '/' || c == ':');
    let number_follows = text.starts_with(['.', '-']) && run(&text[1..]) > 0;
    !goes_on && !number_follows
}

/// "2026-11-22".
pub(super) fn iso_date(text: &str) -> Reading {
    let (number, mut at) = small(text, 4)?;
    if at != 4 {
        return None;
    }
    let rest = text[at..].strip_prefix('-')?;
    let (month, length) = small(rest, 2)?;
    let rest = rest[length..].strip_prefix('-')?;
    at += 1 + length + 1;
    let (day, length) = small(rest, 2)?;
    at += length;
    let month = MONTHS.get((month as usize).checked_sub(1)?)?.1;
    if !(1..=31).contains(&day) || text[at..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some((
        at,
        words(&format!("{month} {} {}", ordinal(day), year(number))),
    ))
}

/// "22/11/2026", "11/22/26", "22/11". Of two numbers that both may be months the first one is, as
/// in American English.
pub(super) fn slash_date(text: &str) -> Reading {
    let (first, mut at) = small(text, 2)?;
    let rest = text[at..].strip_prefix('/')?;
    let (second, length) = small(rest, 2)?;
    at += 1 + length;
    let mut said = String::new();
    let (month, day) = if first <= 12 {
        (first, second)
    } else {
        (second, first)
    };
    let with_year = text[at..].strip_prefix('/').and_then(|rest| {
        let (number, length) = small(rest, 4)?;
        (length == 2 || length == 4).then_some((number, length))
    });
    if let Some((number, length)) = with_year {
        at += 1 + length;
        said = year(if length == 2 { 2000 + number } else { number });
    } else if (first <= 12 && second <= 12) || (first, second) == (24, 7) {
        return None;
    }
    let month = MONTHS.get((month as usize).checked_sub(1)?)?.1;
    if !(1..=31).contains(&day) || !ends(&text[at..]) {
        return None;
    }
    Some((at, words(&format!("{month} {} {said}", ordinal(day)))))
}

/// The month that `text` begins with, abbreviated or not, and its bytes with a full stop.
fn month(text: &str) -> Option<(&'static str, usize)> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let word = &text[..letters];
    let (_, name) = MONTHS.iter().find(|(short, name)| {
        word.eq_ignore_ascii_case(name)
            || word.eq_ignore_ascii_case(short)
            || (*short == "sep" && word.eq_ignore_ascii_case("sept"))
    })?;
    if !word.starts_with(|c: char| c.is_uppercase()) {
        return None;
    }
    let dot = usize::from(word.len() < name.len() && text[letters..].starts_with('.'));
    Some((name, letters + dot))
}

/// A year behind a date, with or without a comma: ", 2026".
fn year_behind(text: &str) -> Option<(String, usize)> {
    let rest = text.strip_prefix(',').unwrap_or(text);
    let rest = rest.strip_prefix(' ')?;
    let (number, length) = small(rest, 4)?;
    if length != 4 || !ends(&rest[length..]) {
        return None;
    }
    Some((year(number), text.len() - rest.len() + length))
}

/// A day of the month with or without its ending: "22", "22nd".
fn day(text: &str) -> Option<(u64, usize)> {
    let (day, mut at) = small(text, 2)?;
    if ["st", "nd", "rd", "th"]
        .iter()
        .any(|ending| text[at..].starts_with(ending))
    {
        at += 2;
    }
    ((1..=31).contains(&day) && ends(&text[at..])).then_some((day, at))
}

/// "Nov 22", "November 22nd, 2026", "Nov. 2026".
pub(super) fn month_first(text: &str) -> Reading {
    let (name, at) = month(text)?;
    let rest = text[at..].strip_prefix(' ')?;
    if let Some((number, length)) = small(rest, 4).filter(|&(_, length)| length == 4) {
        let end = at + 1 + length;
        return ends(&text[end..]).then(|| (end, words(&format!("{name} {}", year(number)))));
    }
    let (day, length) = day(rest)?;
    let end = at + 1 + length;
    let (said, more) = year_behind(&text[end..]).unwrap_or_default();
    Some((
        end + more,
        words(&format!("{name} {} {said}", ordinal(day))),
    ))
}

/// "22 November 2026", "22nd of Nov".
pub(super) fn day_first(text: &str) -> Reading {
    let (number, at) = small(text, 2)?;
    let at = at + day(text).map_or(0, |(_, length)| length - at);
    if !(1..=31).contains(&number) {
        return None;
    }
    let mut rest = text[at..].strip_prefix(' ')?;
    let of = rest.strip_prefix("of ");
    rest = of.unwrap_or(rest);
    let (name, length) = month(rest)?;
    // "3 May" is a date, "3 may" was refused by its small letter; a longer word is no month.
    let end = text.len() - rest.len() + length;
    if text[end..].starts_with(|c: char| c.is_alphanumeric()) {
        return None;
    }
    let (said, more) = year_behind(&text[end..]).unwrap_or_default();
    let day = ordinal(number);
    let date = if of.is_some() {
        format!("{day} of {name}")
    } else {
        format!("{name} {day}")
    };
    Some((end + more, words(&format!("{date} {said}"))))
}

/// "3:30", "15:05", "3:30 pm", "3 p.m.", "12:00:05".
pub(super) fn time(text: &str) -> Reading {
    let (hour, mut at) = small(text, 2)?;
    if hour > 24 {
        return None;
    }
    let mut minute = None;
    let mut second = None;
    if let Some(rest) = text[at..].strip_prefix(':') {
        let (value, _) = small(rest, 2).filter(|&(value, length)| length == 2 && value < 60)?;
        minute = Some(value);
        at += 3;
        if let Some(rest) = text[at..].strip_prefix(':') {
            let (value, _) = small(rest, 2).filter(|&(value, length)| length == 2 && value < 60)?;
            second = Some(value);
            at += 3;
        }
    }
    let half = half_of_day(&text[at..]);
    if minute.is_none() && half.is_none() {
        return None;
    }
    if let Some((_, length)) = half {
        at += length;
    } else if !ends(&text[at..]) {
        return None;
    }
    let mut said = cardinal(hour);
    match minute {
        None => {}
        Some(0) if half.is_some() => {}
        Some(0) if second.is_some() => said.push_str(" hundred"),
        Some(0) if (1..=12).contains(&hour) => said.push_str(" o'clock"),
        Some(0) => said.push_str(" hundred"),
        Some(minute @ 1..10) => said.push_str(&format!(" oh {}", cardinal(minute))),
        Some(minute) => said.push_str(&format!(" {}", cardinal(minute))),
    }
    if let Some(second) = second {
        let unit = if second == 1 { "second" } else { "seconds" };
        said.push_str(&format!(" and {} {unit}", cardinal(second)));
    }
    let mut said = words(&said);
    if let Some((letters, _)) = half {
        said.push(super::Said::Spelled(letters.to_owned()));
    }
    Some((at, said))
}

/// "am", " pm", " a.m." and the bytes of it.
fn half_of_day(text: &str) -> Option<(&'static str, usize)> {
    let rest = text
        .strip_prefix([' ', '\u{a0}', '\u{202f}'])
        .unwrap_or(text);
    let space = text.len() - rest.len();
    for (written, letters) in [
        ("a.m.", "am"),
        ("p.m.", "pm"),
        ("am", "am"),
        ("pm", "pm"),
        ("a.m", "am"),
        ("p.m", "pm"),
    ] {
        let found = rest
            .get(..written.len())
            .is_some_and(|r| r.eq_ignore_ascii_case(written));
        if found && !rest[written.len()..].starts_with(char::is_alphanumeric) {
            // The last full stop may end the sentence too: then it is left for it.
            let behind = rest[written.len()..].trim_start_matches(['"', '\'', ')']);
            let ends_sentence = written.ends_with('.')
                && (behind.is_empty()
                    || behind
                        .strip_prefix(' ')
                        .is_some_and(|b| b.starts_with(char::is_uppercase)));
            return Some((letters, space + written.len() - usize::from(ends_sentence)));
        }
    }
    None
}
