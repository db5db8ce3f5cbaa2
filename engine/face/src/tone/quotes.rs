//! Takes out what somebody else said: quotes, quoted lines, code.

/// Within so many characters an apostrophe has to be closed to be a quote.
const LONGEST: usize = 400;

/// The text with everything that is quoted, or code, made blank. Places stay where they were.
pub(super) fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut until: Option<char> = None;
    let mut previous = '\n';
    for (at, mark) in text.char_indices() {
        let rest = &text[at + mark.len_utf8()..];
        if previous == '\n'
            && until.is_none()
            && text[at..].trim_start_matches([' ', '\t']).starts_with('>')
        {
            until = Some('\n');
        }
        match until {
            Some(end) if mark == end && closes(end, rest) => {
                until = None;
                blank(&mut out, mark);
            }
            // A quote that nobody closed ends with its paragraph.
            Some(_) if mark == '\n' && rest.starts_with('\n') => {
                until = None;
                out.push(mark);
            }
            Some(_) => blank(&mut out, mark),
            None => match end_of(mark, previous, rest) {
                Some(end) => {
                    until = Some(end);
                    blank(&mut out, mark);
                }
                None => out.push(mark),
            },
        }
        previous = mark;
    }
    out
}

/// Blank of the same length; a line's end stays one.
fn blank(out: &mut String, mark: char) {
    if mark == '\n' {
        out.push(mark);
    } else {
        out.extend(std::iter::repeat_n(' ', mark.len_utf8()));
    }
}

/// What ends the quote that `mark` begins, if it begins one.
fn end_of(mark: char, previous: char, rest: &str) -> Option<char> {
    let begins =
        !previous.is_alphanumeric() && rest.starts_with(|next: char| !next.is_whitespace());
    match mark {
        '“' => Some('”'),
        '„' => Some('“'),
        '«' => Some('»'),
        '「' => Some('」'),
        '`' => Some('`'),
        '"' if begins => Some('"'),
        // Also an apostrophe: only what is closed in the same line is a quote.
        '\'' | '‘' if begins => {
            let end = if mark == '\'' { '\'' } else { '’' };
            let line = rest.split('\n').next().unwrap_or_default();
            line.char_indices()
                .take(LONGEST)
                .any(|(at, other)| other == end && closes(end, &line[at + end.len_utf8()..]))
                .then_some(end)
        }
        _ => None,
    }
}

fn closes(end: char, rest: &str) -> bool {
    match end {
        '\'' | '’' => !rest.starts_with(char::is_alphanumeric),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_blank_and_everything_else_stays() {
        let table = [
            ("You said \"I am sad\" today.", "You said            today."),
            ("“Great” – no.", "            – no."),
            (
                "It's 'awful' here, isn't it?",
                "It's         here, isn't it?",
            ),
            ("The dogs' owner can't come.", "The dogs' owner can't come."),
            ("Run `fail()` now.", "Run          now."),
            ("> I am so sorry\nFine.", "               \nFine."),
            ("5\" and 6\" pipes", "5\" and 6\" pipes"),
            ("He said \"sorry", "He said       "),
            ("He said \"sorry\n\nGreat.", "He said       \n\nGreat."),
        ];
        for (text, own) in table {
            assert_eq!(masked(text), own, "{text}");
            assert_eq!(masked(text).len(), text.len(), "{text}");
        }
    }
}
