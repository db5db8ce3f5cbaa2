//! Numbers that are secrets by themselves (cards, accounts), and digits however they are said.

use std::ops::Range;

use super::text::Text;

/// Longest run of digits that is read as one.
const RUN_DIGITS: usize = 64;

pub(super) fn find(text: &Text<'_>, spans: &mut Vec<Range<usize>>) {
    let mut index = 0;
    while index < text.words.len() {
        let Some(run) = Run::at(text, index) else {
            index += 1;
            continue;
        };
        if let Some(card) = run.card() {
            spans.push(text.words[card.start].start..text.words[card.end - 1].end);
        }
        if run.is_social_security_number(text) {
            spans.push(run.span(text));
        }
        index = run.words.end;
    }
    accounts(text, spans);
}

/// Digits in a row, spoken or typed: "4711", "4 7 1 1", "forty seven eleven", "double oh seven".
pub(super) struct Run {
    /// Its words.
    pub(super) words: Range<usize>,
    /// Its digits, 0 to 9.
    pub(super) digits: Vec<u8>,
    /// Per item (a numeral or a number word): the word behind it and the digits up to there.
    items: Vec<(usize, usize)>,
}

impl Run {
    /// The run that begins with this word.
    pub(super) fn at(text: &Text<'_>, first: usize) -> Option<Self> {
        let mut run = Self {
            words: first..first,
            digits: Vec::new(),
            items: Vec::new(),
        };
        while run.digits.len() < RUN_DIGITS {
            let at = run.words.end;
            let joined = run.items.is_empty() || joins(text, at);
            if !joined || !run.push(text, at) {
                break;
            }
            run.items.push((run.words.end, run.digits.len()));
        }
        (!run.items.is_empty()).then_some(run)
    }

    pub(super) fn span(&self, text: &Text<'_>) -> Range<usize> {
        text.words[self.words.start].start..text.words[self.words.end - 1].end
    }

    /// Takes the item at this word, if it is one.
    fn push(&mut self, text: &Text<'_>, at: usize) -> bool {
        let word = text.word(at);
        if word.is_empty() {
            return false;
        }
        if word.bytes().all(|b| b.is_ascii_digit()) {
            self.digits
                .extend(word.bytes().take(RUN_DIGITS).map(|b| b - b'0'));
            self.words.end = at + 1;
            return true;
        }
        let next = |offset: usize| {
            if joins(text, at + offset) {
                text.word(at + offset)
            } else {
                ""
            }
        };
        let taken = match (word, digit(word), tens(word)) {
            ("o" | "oh", ..) if self.items.is_empty() && digit(next(1)).is_none() => return false,
            (_, Some(digit), _) => {
                self.digits.push(digit);
                1
            }
            (_, _, Some(tens)) => {
                let unit =
                    digit(next(1)).filter(|unit| *unit > 0 && !matches!(next(1), "o" | "oh"));
                self.digits.extend([tens, unit.unwrap_or(0)]);
                1 + usize::from(unit.is_some())
            }
            ("double" | "triple", ..) => {
                let repeated = match next(1) {
                    numeral if numeral.len() == 1 => {
                        numeral.bytes().next().filter(u8::is_ascii_digit)
                    }
                    name => digit(name).map(|digit| digit + b'0'),
                };
                let Some(repeated) = repeated else {
                    return false;
                };
                let times = if word == "double" { 2 } else { 3 };
                self.digits
                    .extend(std::iter::repeat_n(repeated - b'0', times));
                2
            }
            _ => match teen(word) {
                Some(unit) => {
                    self.digits.extend([1, unit]);
                    1
                }
                None => return false,
            },
        };
        self.words.end = at + taken;
        true
    }

    /// The words of a payment card's number in this run.
    fn card(&self) -> Option<Range<usize>> {
        let sizes: Vec<usize> = std::iter::once(0)
            .chain(self.items.iter().map(|item| item.1))
            .zip(&self.items)
            .map(|(before, item)| item.1 - before)
            .collect();
        let begins = |item: usize| match item {
            0 => (self.words.start, 0),
            item => self.items[item - 1],
        };
        // Said digit by digit, the whole run has to be the number: any long series of digits
        // holds a valid one somewhere.
        if sizes.iter().all(|size| *size <= 2) {
            let whole = is_card(&self.digits) && !counts_up(&self.digits);
            return whole.then(|| self.words.clone());
        }
        for first in 0..sizes.len() {
            for last in first..sizes.len().min(first + 5) {
                let groups = &sizes[first..=last];
                let typical = matches!(
                    groups,
                    [13..=19] | [4, 4, 4, 4] | [4, 4, 4, 4, 3] | [4, 6, 5] | [4, 6, 4] | [8, 8]
                );
                let (word, digit) = begins(first);
                if typical && is_card(&self.digits[digit..self.items[last].1]) {
                    return Some(word..self.items[last].0);
                }
            }
        }
        None
    }

    /// `123-45-6789`, with an area, a group and a serial that are given out.
    fn is_social_security_number(&self, text: &Text<'_>) -> bool {
        let ends: Vec<usize> = self.items.iter().map(|item| item.1).collect();
        let dashed = || (1..3).all(|item| text.gap(self.items[item - 1].0) == "-");
        let number = |part: Range<usize>| {
            self.digits[part]
                .iter()
                .fold(0_u32, |sum, digit| sum * 10 + u32::from(*digit))
        };
        ends == [3, 5, 9]
            && dashed()
            && !matches!(number(0..3), 0 | 666 | 900..)
            && number(3..5) > 0
            && number(5..9) > 0
    }
}

/// Whether a word goes on with the run of digits in front of it.
fn joins(text: &Text<'_>, index: usize) -> bool {
    if index == 0 || index >= text.words.len() {
        return false;
    }
    let gap = text.gap(index);
    match gap {
        "." | "-" | "–" | "·" => true,
        _ => {
            gap.len() <= 6
                && !gap.contains('\n')
                && gap
                    .chars()
                    .all(|c| c.is_whitespace() || matches!(c, ',' | '-' | '–'))
                && gap.chars().any(char::is_whitespace)
        }
    }
}

/// Whether this may become a number word when the rest of it is heard.
pub(super) fn begins_digit(start: &str) -> bool {
    const NAMES: &[&str] = &[
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
        "thirty",
        "forty",
        "fifty",
        "sixty",
        "seventy",
        "eighty",
        "ninety",
        "double",
        "triple",
    ];
    !start.is_empty() && NAMES.iter().any(|name| name.starts_with(start))
}

fn digit(word: &str) -> Option<u8> {
    Some(match word {
        "zero" | "oh" | "o" | "nought" | "naught" => 0,
        "one" => 1,
        "two" => 2,
        "three" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "nine" | "niner" => 9,
        _ => return None,
    })
}

fn teen(word: &str) -> Option<u8> {
    Some(match word {
        "ten" => 0,
        "eleven" => 1,
        "twelve" => 2,
        "thirteen" => 3,
        "fourteen" => 4,
        "fifteen" => 5,
        "sixteen" => 6,
        "seventeen" => 7,
        "eighteen" => 8,
        "nineteen" => 9,
        _ => return None,
    })
}

fn tens(word: &str) -> Option<u8> {
    Some(match word {
        "twenty" => 2,
        "thirty" => 3,
        "forty" => 4,
        "fifty" => 5,
        "sixty" => 6,
        "seventy" => 7,
        "eighty" => 8,
        "ninety" => 9,
        _ => return None,
    })
}

/// Length, issuer and check digit of a payment card.
fn is_card(digits: &[u8]) -> bool {
    if !(13..=19).contains(&digits.len()) {
        return false;
    }
    let lead = digits[..4]
        .iter()
        .fold(0_u32, |sum, digit| sum * 10 + u32::from(*digit));
    let issued = match digits.len() {
        13 | 19 if lead / 1000 == 4 => true,
        14 => matches!(lead / 10, 300..=305) || matches!(lead / 100, 36 | 38 | 39),
        15 => matches!(lead / 100, 34 | 37),
        16 => {
            matches!(lead / 1000, 4)
                || matches!(lead / 100, 50..=69)
                || matches!(lead, 2221..=2720 | 3528..=3589 | 6011)
        }
        17.. => matches!(lead / 100, 50 | 56..=69),
        _ => false,
    };
    issued && luhn(digits)
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(*digit) << (place % 2);
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// "4 5 6 7 8 9 …": somebody counts, or looks for a test value.
fn counts_up(digits: &[u8]) -> bool {
    digits
        .windows(2)
        .filter(|pair| (pair[0] + 1) % 10 == pair[1])
        .count()
        * 2
        > digits.len()
}

/// International bank account numbers, in one piece or in groups of four.
fn accounts(text: &Text<'_>, spans: &mut Vec<Range<usize>>) {
    let mut index = 0;
    while index < text.words.len() {
        index = match account(text, index) {
            Some(end) => {
                spans.push(text.words[index].start..text.words[end - 1].end);
                end
            }
            None => index + 1,
        };
    }
}

/// The word behind the account number that begins with this one.
fn account(text: &Text<'_>, first: usize) -> Option<usize> {
    const MAX: usize = 34;
    let head = text.word(first).as_bytes();
    let [a, b, c, d, ..] = head else { return None };
    if !(a.is_ascii_alphabetic()
        && b.is_ascii_alphabetic()
        && c.is_ascii_digit()
        && d.is_ascii_digit())
    {
        return None;
    }
    let mut number = Vec::with_capacity(MAX);
    let mut found = None;
    for index in first..text.words.len() {
        let word = text.word(index).as_bytes();
        let grouped = index == first || (word.len() <= 4 && matches!(text.gap(index), " " | "-"));
        if !grouped
            || word.is_empty()
            || number.len() + word.len() > MAX
            || !word.iter().all(u8::is_ascii_alphanumeric)
        {
            break;
        }
        number.extend_from_slice(word);
        if number.len() >= 15 && leaves_one_of_97(&number) {
            found = Some(index + 1);
        }
    }
    found
}

/// The check of an account number in lower case.
fn leaves_one_of_97(number: &[u8]) -> bool {
    let rest = number[4..]
        .iter()
        .chain(&number[..4])
        .fold(0_u32, |rest, byte| match byte {
            b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
            _ => (rest * 100 + u32::from(byte - b'a') + 10) % 97,
        });
    rest == 1
}
