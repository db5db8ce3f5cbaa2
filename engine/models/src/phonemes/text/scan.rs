//! Goes over the text once and lets the first reader that knows what stands there have it.

use super::abbreviations::{abbreviation, initials, roman};
use super::amounts::{counted, money_before, telephone};
use super::dates::{day_first, iso_date, month_first, slash_date, time};
use super::signs::{self, is_apostrophe, plain};
use super::web::{bare_host, email, link};
use super::{Piece, Reading, Said};

/// Letters of a token that are read; what is longer is no word.
const MOST_LETTERS: usize = 60;

/// The words and stops of `text`.
pub(in crate::phonemes) fn pieces(text: &str) -> Vec<Piece> {
    let mut scan = Scan {
        text,
        at: 0,
        pieces: Vec::new(),
        last_word: "",
    };
    while scan.at < text.len() {
        scan.next();
    }
    scan.pieces
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    pieces: Vec<Piece>,
    /// The word read last, as written, if nothing but a space stood behind it.
    last_word: &'a str,
}

impl<'a> Scan<'a> {
    fn next(&mut self) {
        let rest = &self.text[self.at..];
        let Some(first) = rest.chars().next() else {
            return;
        };
        let before = self.text[..self.at].chars().next_back();
        // Readers see whole tokens only, never the second half of one.
        let begins = before.is_none_or(|c| !c.is_alphanumeric());
        let line_begins = before.is_none_or(|c| c == '\n');
        if line_begins && let Some(length) = line_mark(rest) {
            self.at += length;
            return;
        }
        if begins && let Some((length, said)) = self.read(rest, first, before) {
            self.say(length, said);
            return;
        }
        if first.is_alphabetic() {
            self.word(rest);
        } else if first.is_ascii_digit() {
            match counted(rest) {
                Some((length, said)) => self.say(length, said),
                None => self.at += 1,
            }
        } else {
            self.sign(rest, first, before);
        }
    }

    /// What a reader makes of the token that begins here.
    fn read(&self, rest: &str, first: char, before: Option<char>) -> Reading {
        match first {
            '0'..='9' => email(rest)
                .or_else(|| iso_date(rest))
                .or_else(|| slash_date(rest))
                .or_else(|| day_first(rest))
                .or_else(|| time(rest))
                .or_else(|| counted(rest)),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => counted(rest),
            '+' | '(' => telephone(rest),
            '$' | '€' | '£' | '¥' | '₹' => money_before(rest),
            '-' | '−' if before.is_none_or(char::is_whitespace) => {
                let (length, mut said) = money_before(&rest[first.len_utf8()..])?;
                said.insert(0, Said::word("minus"));
                Some((first.len_utf8() + length, said))
            }
            'w' | 'W' if rest.starts_with("w/") => abbreviation(rest),
            _ if first.is_alphabetic() => link(rest)
                .or_else(|| email(rest))
                .or_else(|| bare_host(rest))
                .or_else(|| month_first(rest))
                .or_else(|| abbreviation(rest))
                .or_else(|| initials(rest))
                .or_else(|| roman(rest, self.last_word)),
            _ => None,
        }
    }

    /// Reads the letters of a word; a change of case or to digits begins a new one.
    fn word(&mut self, rest: &'a str) {
        let mut word = String::new();
        let (mut length, mut previous) = (0, ' ');
        for (at, letter) in rest.char_indices() {
            let inner = is_apostrophe(letter)
                && at > 0
                && rest[at + letter.len_utf8()..].starts_with(char::is_alphabetic);
            let camel = previous.is_lowercase() && letter.is_uppercase();
            if !(letter.is_alphabetic() || inner) || camel {
                break;
            }
            if word.len() < MOST_LETTERS {
                word.push_str(if inner { "'" } else { plain(letter) });
            }
            length = at + letter.len_utf8();
            previous = letter;
        }
        self.last_word = &rest[..length];
        self.at += length;
        // Letters of other scripts leave nothing to say.
        if !word.is_empty() {
            self.pieces.push(Piece::Word {
                word,
                end_byte: self.at,
            });
        }
    }

    fn sign(&mut self, rest: &'a str, sign: char, before: Option<char>) {
        let after = rest[sign.len_utf8()..].chars().next();
        let spaced =
            before.is_none_or(char::is_whitespace) && after.is_none_or(char::is_whitespace);
        if !sign.is_whitespace() {
            self.last_word = "";
        }
        if rest.starts_with("](") {
            // A link in markdown: its text has been read, its address is not.
            let end = rest.find(')').map_or(rest.len(), |end| end + 1);
            self.at += end;
            return;
        }
        if rest.starts_with("...") {
            self.pause(',', 3);
        } else if let Some(word) = signs::word(sign, before, after) {
            self.say(sign.len_utf8(), super::words(word));
        } else if sign == '\n' {
            let blank = rest[1..]
                .trim_start_matches([' ', '\t', '\r'])
                .starts_with('\n');
            self.pause(if blank { '.' } else { ',' }, 1);
        } else if matches!(sign, '-' | '–') {
            // Between spaces a dash is a pause, within a word nothing.
            if spaced && before.is_some() {
                self.pause(',', sign.len_utf8());
            } else {
                self.at += sign.len_utf8();
            }
        } else if let Some(mark) = signs::stop(sign) {
            self.pause(mark, sign.len_utf8());
        } else {
            self.at += sign.len_utf8();
        }
    }

    /// Adds a stop; of stops in a row the strongest stays, and none stands at the beginning.
    fn pause(&mut self, mark: char, length: usize) {
        self.at += length;
        let end = self.at;
        let strength = |mark: char| ",:;.!?".find(mark);
        match self.pieces.last_mut() {
            None => {}
            Some(Piece::Pause {
                mark: last,
                end_byte,
            }) => {
                if strength(mark) > strength(*last) {
                    *last = mark;
                }
                *end_byte = end;
            }
            Some(_) => self.pieces.push(Piece::Pause {
                mark,
                end_byte: end,
            }),
        }
    }

    fn say(&mut self, length: usize, said: Vec<Said>) {
        self.at += length;
        self.last_word = "";
        let count = said.len();
        for (index, said) in said.into_iter().enumerate() {
            let end_byte = if index + 1 == count { self.at } else { 0 };
            self.pieces.push(match said {
                Said::Word(word) => Piece::Word { word, end_byte },
                Said::Spelled(letters) => Piece::Spelled { letters, end_byte },
                Said::Pause(mark) => Piece::Pause { mark, end_byte },
            });
        }
    }
}

/// Marks that only mean something at the beginning of a line: headings, bullets, quotes, rules,
/// fences. The bytes of them.
fn line_mark(rest: &str) -> Option<usize> {
    let rest_trimmed = rest.trim_start_matches([' ', '\t']);
    let indent = rest.len() - rest_trimmed.len();
    if rest_trimmed.starts_with("```") || rest_trimmed.starts_with("---") {
        let end = rest_trimmed.find('\n').unwrap_or(rest_trimmed.len());
        return Some(indent + end);
    }
    let hashes = rest_trimmed
        .bytes()
        .take_while(|&byte| byte == b'#')
        .count();
    let marks = match rest_trimmed.chars().next()? {
        '#' => hashes,
        '-' | '*' | '>' => 1,
        '•' => '•'.len_utf8(),
        _ => return None,
    };
    rest_trimmed[marks..]
        .starts_with(' ')
        .then_some(indent + marks)
}
