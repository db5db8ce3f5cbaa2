//! The code that somebody reads off one screen and types on another.

use std::fmt;

use zeroize::Zeroizing;

/// So many codes there are: eight digits. Five tries find one of them once in twenty million times.
const CODES: u32 = 100_000_000;

/// Eight digits, which no log shows.
#[derive(Clone)]
pub(crate) struct Code(Zeroizing<String>);

impl Code {
    /// The code of this number, which is below [`CODES`].
    pub(crate) fn new(number: u32) -> Self {
        assert!(number < CODES, "a code has eight digits");
        Self(Zeroizing::new(format!("{number:08}")))
    }

    /// One that nobody can guess.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        // Each code is as likely as any other: what lies past the last whole round is drawn anew.
        const ROUNDS: u32 = u32::MAX / CODES * CODES;
        loop {
            let number = getrandom::u32()?;
            if number < ROUNDS {
                return Ok(Self::new(number % CODES));
            }
        }
    }

    /// The digits, as they are hashed.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_eight_digits_and_is_not_printed() {
        assert_eq!(Code::new(42).as_str(), "00000042");
        assert_eq!(Code::new(CODES - 1).as_str(), "99999999");
        assert_eq!(format!("{:?}", Code::new(42)), "[secret]");
    }

    #[test]
    fn codes_differ_and_use_every_first_digit() {
        let codes: std::collections::BTreeSet<String> = (0..500)
            .map(|_| Code::random().expect("randomness").as_str().to_owned())
            .collect();
        assert!(codes.len() > 495, "{}", codes.len());
        let first: std::collections::BTreeSet<&str> = codes.iter().map(|code| &code[..1]).collect();
        assert_eq!(first.len(), 10, "{first:?}");
    }
}
