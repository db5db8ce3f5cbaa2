//! What is remembered, and what is known of where it came from.

use std::fmt;
use std::str::FromStr;

use janet_protocol::Private;

use crate::conversations::ConversationId;
use crate::desk::Receipt;
use crate::hex;
use crate::soul::Soul;

/// 128 random bits: two souls that remember apart never give the same one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub [u8; 16]);

/// What sort of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// What a conversation was about.
    Summary,
    /// Something that is so: a taste, a name, a habit.
    Fact,
    /// What the operator asked for in these words.
    Note,
}

/// From what an entry was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The conversation, which may long be gone.
    pub conversation: Option<ConversationId>,
    /// In words for the operator ("your words", "a file that you sent").
    pub description: Private<String>,
}

/// An entry to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// What sort.
    pub kind: Kind,
    /// The memory itself.
    pub text: Private<String>,
    /// From what.
    pub source: Source,
    /// When, in ms since 1970.
    pub created_ms: u64,
}

/// An entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub id: EntryId,
    /// What sort.
    pub kind: Kind,
    /// The memory itself.
    pub text: Private<String>,
    /// From what it was made.
    pub source: Source,
    /// When it was made, in ms since 1970.
    pub created_ms: u64,
    /// When its text was last changed.
    pub edited_ms: Option<u64>,
    /// The soul that was asked to remember it.
    pub soul: Soul,
    /// The entry that had the same id and another text when this one came from the other soul.
    pub differs_from: Option<EntryId>,
    /// Who allowed the text as it is now, when and how.
    pub receipt: Receipt,
}

impl EntryId {
    /// A fresh one from the operating system's generator.
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e{}", hex::encode(&self.0[..4]))
    }
}

/// The text is no id of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a memory's id has 32 lower-case hexadecimal digits")]
pub struct NotAnEntry;

impl FromStr for EntryId {
    type Err = NotAnEntry;

    fn from_str(text: &str) -> Result<Self, NotAnEntry> {
        hex::decode(text).map(Self).ok_or(NotAnEntry)
    }
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Summary, Self::Fact, Self::Note];

    /// Its name on the wire and on disk.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Fact => "fact",
            Self::Note => "note",
        }
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
