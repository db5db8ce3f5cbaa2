//! The file's form, and what is wrong with one that has another.

use std::fmt;

use serde::Deserialize;

use super::{AXIOMS, Axiom, ENFORCED};

/// Bytes of the file.
const LONGEST: usize = 64 * 1024;
/// Characters of a name.
const LONGEST_NAME: usize = 48;
/// Characters of a text.
const LONGEST_TEXT: usize = 400;

/// Where something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// The file's version.
    Version,
    /// The list.
    Axioms,
    /// A key of one of them, counted from 1.
    Axiom(usize, &'static str),
}

/// Why a text is no constitution, or none that counts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConstitutionError {
    /// It is not TOML, or has an unknown, a missing or a wrong key.
    #[error("the constitution cannot be read: {0}")]
    Form(String),
    /// A value is not what it has to be.
    #[error("the constitution's {field} {what}")]
    Value {
        /// Which.
        field: Field,
        /// What it has to be.
        what: String,
    },
    /// It is well formed and says something that nobody accepted.
    #[error(
        "the constitution was changed: its SHA-256 is {found}, {pinned} is pinned, and the audit log holds \
         no consent to the change; put the old text back, or have the operator accept the new one"
    )]
    Changed {
        /// Of the text, in hexadecimal digits.
        found: String,
        /// Of the one that ships.
        pinned: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    axiom: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    number: u8,
    name: String,
    text: String,
    #[serde(default)]
    enforced: bool,
}

pub(super) fn parse(text: &str) -> Result<(u32, Vec<Axiom>), ConstitutionError> {
    let wrong = |field, what: String| Err(ConstitutionError::Value { field, what });
    if text.len() > LONGEST {
        return Err(ConstitutionError::Form(format!(
            "more than {LONGEST} bytes"
        )));
    }
    let file: File =
        toml::from_str(text).map_err(|error| ConstitutionError::Form(error.to_string()))?;
    if file.version == 0 {
        return wrong(Field::Version, "has to be 1 or more".into());
    }
    if file.axiom.len() != AXIOMS {
        let what = format!("have to be {AXIOMS}, there are {}", file.axiom.len());
        return wrong(Field::Axioms, what);
    }
    let mut axioms: Vec<Axiom> = Vec::with_capacity(AXIOMS);
    for (place, entry) in (1..).zip(file.axiom) {
        if usize::from(entry.number) != place {
            let what = format!("has to be {place}, not {}", entry.number);
            return wrong(Field::Axiom(place, "number"), what);
        }
        for (key, value, longest) in [
            ("name", &entry.name, LONGEST_NAME),
            ("text", &entry.text, LONGEST_TEXT),
        ] {
            let trimmed = value.trim() == value && !value.is_empty();
            let good = trimmed && !value.contains(char::is_control);
            if !good || value.chars().count() > longest {
                let what = format!("has to be one line of 1 to {longest} characters");
                return wrong(Field::Axiom(place, key), what);
            }
        }
        if axioms.iter().any(|before| before.name == entry.name) {
            return wrong(Field::Axiom(place, "name"), "is there twice".into());
        }
        let held = ENFORCED.contains(&entry.number);
        if entry.enforced != held {
            let what = if held {
                "has to be true: the code holds this axiom"
            } else {
                "has to be false: the code does not hold this axiom"
            };
            return wrong(Field::Axiom(place, "enforced"), what.into());
        }
        axioms.push(Axiom {
            number: entry.number,
            name: entry.name,
            text: entry.text,
            enforced: entry.enforced,
        });
    }
    Ok((file.version, axioms))
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version => f.write_str("`version`"),
            Self::Axioms => f.write_str("axioms"),
            Self::Axiom(number, key) => write!(f, "`{key}` of axiom {number}"),
        }
    }
}
