//! What can be wrong with a configuration, said so that it can be put right.

use std::fmt;
use std::path::PathBuf;

use janet_models::store::CatalogueError;
use janet_vault::persona::PersonaError;

use super::Origin;

/// Why the configuration was refused. Each names where the value came from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The named file cannot be read.
    #[error("cannot read configuration file {path}: {source}", path = path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not TOML at all.
    #[error("{origin} is not valid TOML: {broken}")]
    Syntax {
        /// Which layer.
        origin: Origin,
        /// Where and why.
        broken: Broken,
    },
    /// No such key.
    #[error("{origin}: unknown key `{key}` = {found}; {}", hint.as_ref().map_or_else(|| "`janet config explain` lists every key".to_owned(), |near| format!("did you mean `{near}`?")))]
    UnknownKey {
        /// Which layer.
        origin: Origin,
        /// The key, dotted.
        key: String,
        /// Its value.
        found: String,
        /// A key that exists and looks alike.
        hint: Option<String>,
    },
    /// A value of the wrong type.
    #[error("{origin}: `{key}` must be {expected}, found {found}")]
    WrongType {
        /// Which layer.
        origin: Origin,
        /// The key, dotted.
        key: String,
        /// What it must be.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A value outside its range.
    #[error("{origin}: `{key}` must be {expected}, found {found}")]
    OutOfRange {
        /// Which layer.
        origin: Origin,
        /// The key, dotted.
        key: &'static str,
        /// What it must be.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// Two values that do not go together.
    #[error(transparent)]
    Conflict(Box<Conflict>),
    /// A catalogue of the user's that cannot be used.
    #[error("{origin}: `models.catalogue` = {}: {source}", path.display())]
    Catalogue {
        /// Which layer.
        origin: Origin,
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<CatalogueError>,
    },
    /// No persona, or one that cannot be used.
    #[error("{origin}: `persona.name`: {source}")]
    Persona {
        /// Which layer.
        origin: Origin,
        /// What is wrong with it.
        source: Box<PersonaError>,
    },
    /// No such profile.
    #[error("unknown profile `{name}`; there are {known}")]
    UnknownProfile {
        /// What was asked for.
        name: String,
        /// Those that exist.
        known: String,
    },
    /// No home to put data in.
    #[error("there is no home folder; set `{key}`, or the variable JANET_HOME")]
    NoHome {
        /// The setting that would do instead.
        key: &'static str,
    },
}

/// Where a text is no TOML, and why. The text itself may hold a password, and is not repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Line and column, in characters, both from 1.
    place: Option<(usize, usize)>,
    reason: String,
}

impl Broken {
    /// What the parser found in this text.
    pub(super) fn of(error: &toml::de::Error, text: &str) -> Self {
        let at = error.span().and_then(|span| text.get(..span.start));
        let place = at.map(|before| {
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            (before.matches('\n').count() + 1, column)
        });
        let reason = error.message().to_owned();
        Self { place, reason }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.place {
            write!(f, "line {line}, column {column}: ")?;
        }
        f.write_str(&self.reason)
    }
}

/// Two values that do not go together.
#[derive(Debug, thiserror::Error)]
#[error("{first} must be {relation} {second}")]
pub struct Conflict {
    pub(super) first: Setting,
    pub(super) relation: &'static str,
    pub(super) second: Setting,
}

/// A setting as it is named in a [`Conflict`].
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) key: &'static str,
    pub(super) value: String,
    pub(super) origin: Origin,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` = {} ({})", self.key, self.value, self.origin)
    }
}
