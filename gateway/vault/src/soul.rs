//! The two souls: the one that many clients talk to, and the private core.
//!
//! Each has databases of its own, and a process runs one or both. Decides where they lie, and nothing else:
//! what goes from one to the other is [`crate::bridge`]'s.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Soul {
    /// Many clients, sessions and conversations.
    Networked,
    /// The vaults, the constitution, the delegation; one operator.
    Constitutional,
}

impl Soul {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Networked, Self::Constitutional];

    /// Its name on the wire and in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Networked => "networked",
            Self::Constitutional => "constitutional",
        }
    }

    /// The one that is not this one.
    pub const fn other(self) -> Self {
        match self {
            Self::Networked => Self::Constitutional,
            Self::Constitutional => Self::Networked,
        }
    }

    /// Where its databases lie. The networked soul's are where they were before there were two, so that no
    /// conversation is lost.
    pub fn folder(self, data_dir: &Path) -> PathBuf {
        match self {
            Self::Networked => data_dir.to_path_buf(),
            Self::Constitutional => data_dir.join("souls").join(self.name()),
        }
    }

    /// In a database and in a package.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Networked => 0,
            Self::Constitutional => 1,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Networked),
            1 => Some(Self::Constitutional),
            _ => None,
        }
    }
}

impl fmt::Display for Soul {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a soul is `networked` or `constitutional`")]
pub struct NotASoul;

impl FromStr for Soul {
    type Err = NotASoul;

    fn from_str(text: &str) -> Result<Self, NotASoul> {
        Self::ALL
            .into_iter()
            .find(|soul| soul.name() == text)
            .ok_or(NotASoul)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_come_back_and_nothing_else_does() {
        for soul in Soul::ALL {
            assert_eq!(soul.name().parse(), Ok(soul));
            assert_eq!(Soul::from_code(soul.code()), Some(soul));
            assert_ne!(soul.other(), soul);
            assert_eq!(soul.other().other(), soul);
        }
        for wrong in ["", "Networked", "both", "networked "] {
            assert_eq!(wrong.parse::<Soul>(), Err(NotASoul), "{wrong:?}");
        }
        assert_eq!(Soul::from_code(2), None);
    }

    #[test]
    fn what_was_there_before_is_the_networked_soul_s() {
        let data = Path::new("/data");
        assert_eq!(Soul::Networked.folder(data), data);
        let other = Soul::Constitutional.folder(data);
        assert_eq!(other, data.join("souls/constitutional"));
    }
}
