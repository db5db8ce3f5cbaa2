//! Which half of Janet something belongs to.

use std::fmt;
use std::str::FromStr;

/// A soul. Each has databases of its own; what passes from one to the other goes over the bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Soul {
    /// The mesh server: many clients, conversations, clustering.
    Networked,
    /// The private core: vaults, constitution, delegation.
    Constitutional,
}

impl Soul {
    /// Its name on the wire and in file names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Networked => "networked",
            Self::Constitutional => "constitutional",
        }
    }
}

impl fmt::Display for Soul {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no soul.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a soul is `networked` or `constitutional`")]
pub struct NotASoul;

impl FromStr for Soul {
    type Err = NotASoul;

    fn from_str(text: &str) -> Result<Self, NotASoul> {
        [Self::Networked, Self::Constitutional]
            .into_iter()
            .find(|soul| soul.name() == text)
            .ok_or(NotASoul)
    }
}
