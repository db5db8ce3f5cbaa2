//! A value that must not reach a log.
//!
//! Texts, secrets and addresses travel in a [`Private`]: whoever prints it by accident prints
//! `[private]`, and whoever needs the value says so with a word that a reviewer can search for.
//! Serialising is allowed, because the wire and the encrypted store are where such values belong.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Hides its value from `Debug` and `Display`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
pub struct Private<T>(T);

impl<T> Private<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Not for logs, errors or metrics.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Unwraps the value.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> From<T> for Private<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for Private<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private]")
    }
}

impl<T> fmt::Display for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_shows_nothing_of_the_value_in_any_form() {
        let word = Private::<String>::from("zanzibar");
        for shown in [
            format!("{word}"),
            format!("{word:?}"),
            format!("{word:#?}"),
            format!("{:?}", Some(&word)),
        ] {
            assert!(!shown.contains("zanzibar"), "{shown}");
            assert!(shown.contains("[private]"));
        }
        assert_eq!(word.expose(), "zanzibar");
    }

    #[test]
    fn the_wire_carries_the_value_itself() {
        let word = Private::<String>::from("zanzibar");
        let json = serde_json::to_string(&word).expect("a string serialises");
        assert_eq!(json, "\"zanzibar\"");
        assert_eq!(
            serde_json::from_str::<Private<String>>(&json).expect("and back"),
            word
        );
    }
}
