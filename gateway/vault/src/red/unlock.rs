//! A guess, from the question whether it may be made to the proof that it was right.

use std::fmt;

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
