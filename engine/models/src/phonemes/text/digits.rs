//! Numbers as they are written: separators, decimals, signs.

use super::numbers::{cardinal, digits};

/// Digits beyond these are not read: nobody follows them.
const MOST_DIGITS: usize = 24;

/// A number at the beginning of a text.
pub(super) struct Written<'a> {
    /// The whole part without separators.
    pub(super) whole: String,
    /// The digits behind the point.
    pub(super) decimals: Option<&'a str>,
    /// Bytes read.
    pub(super) length: usize,
}

/// How many ASCII digits `text` begins with.
pub(super) fn run(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

impl<'a> Written<'a> {
    /// Reads `1234`, `1,234`, `0.5` or `.5`.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let mut length = run(text);
        let mut whole = text[..length].to_owned();
        while length > 0 && text[length..].starts_with(',') && run(&text[length + 1..]) == 3 {
            // "1,234" is one number, "2026,100" are two.
            if whole.len() > 3 && !text[..length].contains(',') {
                break;
            }
            whole.push_str(&text[length + 1..length + 4]);
            length += 4;
        }
        let mut decimals = None;
        if let Some(rest) = text[length..].strip_prefix('.') {
            let count = run(rest);
            if count > 0 {
                decimals = Some(&rest[..count]);
                length += 1 + count;
            }
        }
        (length > 0 && text[..length].bytes().any(|byte| byte.is_ascii_digit())).then_some(Self {
            whole,
            decimals,
            length,
        })
    }

    /// The value of a whole number that is not absurdly long.
    pub(super) fn value(&self) -> Option<u64> {
        if self.decimals.is_some() {
            None
        } else {
            self.whole.parse().ok()
        }
    }

    /// Whether it is exactly one, for the singular.
    pub(super) fn is_one(&self) -> bool {
        self.value() == Some(1)
    }

    /// The number in words.
    pub(super) fn words(&self) -> String {
        let zeros = self.whole.len() > 1 && self.whole.starts_with('0');
        let whole = match self.whole.parse::<u64>() {
            Ok(value) if !zeros && self.whole.len() <= 15 => cardinal(value),
            _ if self.whole.is_empty() => String::new(),
            _ => digits(self.whole.get(..MOST_DIGITS).unwrap_or(&self.whole)),
        };
        match self.decimals {
            Some(decimals) => {
                let decimals = decimals.get(..MOST_DIGITS).unwrap_or(decimals);
                format!("{whole} point {}", digits(decimals))
                    .trim_start()
                    .to_owned()
            }
            None => whole,
        }
    }
}

/// A whole number of at most `most` digits at the beginning: value and bytes.
pub(super) fn small(text: &str, most: usize) -> Option<(u64, usize)> {
    let length = run(text);
    if length == 0 || length > most {
        return None;
    }
    Some((text[..length].parse().ok()?, length))
}
