//! Where sentences end.

use std::ops::Range;

/// Words with a full stop that ends no sentence.
const ABBREVIATIONS: [&str; 15] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "vs", "e.g", "i.e", "etc", "approx", "jr", "sr", "inc",
    "fig",
];

const BRACKETS: [char; 4] = [')', ']', '*', '_'];

/// The sentences of a text by their bytes, without the blanks around them. What has no words is none.
pub(super) fn split(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut begin = 0;
    for (at, mark) in text.char_indices() {
        let end = at + mark.len_utf8();
        if ends(text, begin, at, mark, &text[end..]) {
            keep(text, begin..end, &mut found);
            begin = end;
        }
    }
    keep(text, begin..text.len(), &mut found);
    found
}

fn keep(text: &str, at: Range<usize>, found: &mut Vec<Range<usize>>) {
    let piece = &text[at.clone()];
    let begin = at.start + (piece.len() - piece.trim_start().len());
    let end = begin + piece.trim().len();
    if piece.contains(char::is_alphanumeric) {
        found.push(begin..end);
    }
}

fn ends(text: &str, begin: usize, at: usize, mark: char, rest: &str) -> bool {
    match mark {
        '\n' => true,
        // Scripts that leave no blank behind a sentence.
        '。' | '！' | '？' | '।' => true,
        // Of several marks the last one; a bracket behind it is the sentence's, too.
        '.' | '!' | '?' | '…' | ')' | ']' | '*' | '_' => {
            if !(rest.is_empty() || rest.starts_with(char::is_whitespace)) {
                return false;
            }
            let said = text[begin..at + mark.len_utf8()].trim_end_matches(BRACKETS);
            match said.chars().last() {
                Some('!' | '?') => true,
                Some('.' | '…') => {
                    let word = said.rsplit(char::is_whitespace).next().unwrap_or_default();
                    let word = word.trim_end_matches('.').to_lowercase();
                    let goes_on = rest.trim_start().starts_with(char::is_lowercase);
                    !goes_on && !ABBREVIATIONS.contains(&word.as_str())
                }
                _ => false,
            }
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_where_a_reader_stops() {
        let table: [(&str, &[&str]); 10] = [
            ("", &[]),
            (" … !? \n", &[]),
            ("One. Two! Three?", &["One.", "Two!", "Three?"]),
            (
                "Dr. Smith has 3.5 of them, e.g. this one.",
                &["Dr. Smith has 3.5 of them, e.g. this one."],
            ),
            (
                "Well... that is it. Really?!",
                &["Well... that is it.", "Really?!"],
            ),
            ("First line\nSecond line", &["First line", "Second line"]),
            ("今日は。元気ですか？", &["今日は。", "元気ですか？"]),
            ("(It rains.) *Stay!* In", &["(It rains.)", "*Stay!*", "In"]),
            ("No end", &["No end"]),
            (
                "See www.example.org for it.",
                &["See www.example.org for it."],
            ),
        ];
        for (text, expected) in table {
            let found: Vec<&str> = split(text).into_iter().map(|at| &text[at]).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
