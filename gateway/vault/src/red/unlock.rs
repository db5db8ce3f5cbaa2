//! A guess, from the question whether it may be made to the proof that it was right.

use std::fmt;

use janet_protocol::Private;

use super::RedError;
use super::key::{Cost, Key, SALT_BYTES, random, slow};
use super::schema::Header;
use super::word::{MOST_BYTES, SafeWord};

/// A guess that is allowed and counted. Deriving takes some hundred milliseconds and 64 MiB: whoever
/// calls decides on which thread.
#[must_use = "it is counted as a wrong guess until it was right"]
pub struct Guess {
    pub(super) who: String,
    /// None where there is no vault to guess at: the same work is done for nothing.
    pub(super) header: Option<Box<Header>>,
}

/// A guess with the key of its word, which is right or wrong.
#[must_use = "it is counted as a wrong guess until it was right"]
pub struct Derived {
    pub(super) who: String,
    pub(super) header: Option<Box<Header>>,
    pub(super) key: Key,
}

/// A key of a new word, for a new vault, a changed word or an export.
pub struct Fresh {
    pub(super) key: Key,
    pub(super) salt: [u8; SALT_BYTES],
    pub(super) cost: Cost,
}

/// Proof that the operator knew the safe word. Only a right guess makes one; it is used up by value.
#[must_use = "it proves something to whoever takes it"]
pub struct Verified {
    who: String,
    at_ms: u64,
}

impl fmt::Debug for Guess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guess([private])")
    }
}

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Derived([private])")
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fresh([private])")
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("who", &Private::new(()))
            .field("at_ms", &self.at_ms)
            .finish()
    }
}

impl Guess {
    /// The slow step. It runs once whatever the word is and whether or not there is a vault.
    pub fn derive(self, word: &str) -> Result<Derived, RedError> {
        let (salt, cost) = match &self.header {
            Some(header) => (header.salt, header.cost),
            None => (random()?, Cost::DEFAULT),
        };
        // No vault has so long a word: as good as any other wrong one.
        let word = if word.len() > MOST_BYTES { "" } else { word };
        Ok(Derived {
            key: slow(word, &salt, cost)?,
            who: self.who,
            header: self.header,
        })
    }
}

impl Fresh {
    /// The slow step for a word that was chosen.
    pub fn derive(word: &SafeWord) -> Result<Self, RedError> {
        Self::at(word, Cost::DEFAULT)
    }

    pub(super) fn at(word: &SafeWord, cost: Cost) -> Result<Self, RedError> {
        let salt = random()?;
        Ok(Self {
            key: slow(word.as_str(), &salt, cost)?,
            salt,
            cost,
        })
    }
}

impl Verified {
    pub(super) const fn new(who: String, at_ms: u64) -> Self {
        Self { who, at_ms }
    }

    /// Whose guess it was: a device's id, or who sits at this machine.
    pub fn who(&self) -> &str {
        &self.who
    }

    /// When, in ms since 1970.
    pub const fn at_ms(&self) -> u64 {
        self.at_ms
    }

    /// For tests of what asks for a proof.
    #[cfg(test)]
    pub(crate) fn for_test(who: &str, at_ms: u64) -> Self {
        Self::new(who.to_owned(), at_ms)
    }
}
