//! What a persona is called in settings and on the disk.

use std::fmt;

use super::PersonaError;

/// Longest id, in bytes.
const LONGEST: usize = 48;
const WANTED: &str = "1 to 48 small letters, digits and hyphens, beginning with a letter or digit";

/// An id: safe as a file's name on every system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonaId(String);

impl PersonaId {
    /// Takes a text that is an id.
    pub fn parse(text: &str) -> Result<Self, PersonaError> {
        if is_id(text) {
            return Ok(Self(text.to_owned()));
        }
        let shown = text.len() <= LONGEST && text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        let found = if shown {
            format!("`{text}`")
        } else {
            format!("{} bytes of something else", text.len())
        };
        Err(PersonaError::field("id", WANTED, found))
    }

    /// Makes one of a name; `None` where no letter of it can stand in an id.
    pub fn of_name(name: &str) -> Option<Self> {
        let mut id = String::new();
        for c in name.chars() {
            let c = c.to_ascii_lowercase();
            if c.is_ascii_alphanumeric() {
                id.push(c);
            } else if !id.is_empty() && !id.ends_with('-') {
                id.push('-');
            }
            if id.len() == LONGEST {
                break;
            }
        }
        let id = id.trim_end_matches('-');
        is_id(id).then(|| Self(id.to_owned()))
    }

    /// The id itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn is_id(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=LONGEST).contains(&text.len())
        && text.bytes().all(|b| is_plain(b) || b == b'-')
        && text.bytes().next().is_some_and(is_plain)
        && !is_device(text)
}

/// Names that one system keeps for devices.
fn is_device(text: &str) -> bool {
    let numbered = |prefix| {
        let rest = text.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    matches!(text, "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_safe_names() {
        for good in ["janet", "a", "7-of-9", "x-"] {
            assert_eq!(PersonaId::parse(good).expect(good).as_str(), good);
        }
        let long = "a".repeat(LONGEST + 1);
        for bad in [
            "", "-a", "Janet", "a b", "../x", "a/b", "a.b", "é", "con", "com1", &long,
        ] {
            let error = PersonaId::parse(bad).expect_err(bad).to_string();
            assert!(error.starts_with("`id` must be 1 to 48"), "{error}");
        }
    }

    #[test]
    fn names_become_ids() {
        for (name, id) in [
            ("Janet", Some("janet")),
            ("Dr. Ada  Lovelace!", Some("dr-ada-lovelace")),
            ("--- x", Some("x")),
            ("Zoë", Some("zo")),
            ("ゆき", None),
            ("", None),
            ("CON", None),
        ] {
            let made = PersonaId::of_name(name);
            assert_eq!(made.as_ref().map(PersonaId::as_str), id, "{name}");
        }
        let long = PersonaId::of_name(&"ab ".repeat(100)).expect("letters");
        assert!(long.as_str().len() <= LONGEST && PersonaId::parse(long.as_str()).is_ok());
    }
}
