//! A piece of a package: some things of one kind.

use janet_protocol::Private;
use ring::digest;

use super::{PackageError, PackageId};
use crate::bridge::{RedStub, Summary};
use crate::conversations::{Role, Said};
use crate::soul::Soul;

/// Bytes of a chunk at most.
pub const MOST_CHUNK_BYTES: usize = 1 << 20;
/// A chunk is closed when it has so many.
pub(crate) const CHUNK_BYTES: usize = 64 << 10;

const PURPOSE: &[u8] = b"janet package chunk 1";
/// Number and section.
const HEAD: usize = 5;
/// A thing's length.
const LENGTH: usize = 4;
/// Time, speaker and soul of a message.
const MESSAGE: usize = 10;

/// What a package can hold. There is none for Blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Section {
    /// Of the conversation.
    Messages,
    /// Entries of Green, each with its receipt.
    Summaries,
    /// Names in Red, without what they name.
    Red,
}

impl Section {
    /// All.
    pub const ALL: [Self; 3] = [Self::Messages, Self::Summaries, Self::Red];

    pub(super) const fn code(self) -> u8 {
        self as u8
    }

    fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// A chunk as it is sent and kept, read without a copy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// Its place in the package, from 0.
    pub number: u32,
    /// What it holds.
    pub section: Section,
    /// All of it.
    bytes: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// Reads one; that it is cut into things is certain from here on.
    pub fn read(bytes: &'a [u8]) -> Result<Self, PackageError> {
        if bytes.len() > MOST_CHUNK_BYTES {
            return Err(PackageError::TooLarge("chunk"));
        }
        let (number, rest) = bytes
            .split_first_chunk::<4>()
            .ok_or(PackageError::Cut("chunk"))?;
        let (section, mut rest) = rest.split_first().ok_or(PackageError::Cut("chunk"))?;
        let section = Section::from_code(*section).ok_or(PackageError::Malformed("chunk"))?;
        while !rest.is_empty() {
            (_, rest) = item(rest).ok_or(PackageError::Cut("chunk"))?;
        }
        Ok(Self {
            number: u32::from_le_bytes(*number),
            section,
            bytes,
        })
    }

    /// As it is sent and kept.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What names it and its place.
    pub fn hash(&self, package: PackageId) -> [u8; 32] {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(PURPOSE);
        hash.update(&package.0);
        hash.update(self.bytes);
        finish(hash)
    }

    /// The messages in it.
    pub fn messages(&self) -> impl Iterator<Item = Result<Said, PackageError>> + use<'a> {
        self.of(Section::Messages).map(message)
    }

    /// The entries of Green in it.
    pub fn summaries(&self) -> impl Iterator<Item = Result<Summary, PackageError>> + use<'a> {
        let malformed = |_| PackageError::Malformed("summary");
        self.of(Section::Summaries)
            .map(move |bytes| serde_json::from_slice(bytes).map_err(malformed))
    }

    /// The names of Red in it.
    pub fn stubs(&self) -> impl Iterator<Item = Result<RedStub, PackageError>> + use<'a> {
        let malformed = |_| PackageError::Malformed("red stub");
        self.of(Section::Red)
            .map(move |bytes| serde_json::from_slice(bytes).map_err(malformed))
    }

    /// How many things it holds; an error if one of them is none.
    pub fn count(&self) -> Result<u64, PackageError> {
        match self.section {
            Section::Messages => count(self.messages()),
            Section::Summaries => count(self.summaries()),
            Section::Red => count(self.stubs()),
        }
    }

    pub(super) fn body(&self) -> &'a [u8] {
        self.bytes.get(HEAD..).unwrap_or_default()
    }

    fn of(&self, section: Section) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = if self.section == section {
            self.body()
        } else {
            &[]
        };
        std::iter::from_fn(move || {
            let (found, behind) = item(rest)?;
            rest = behind;
            Some(found)
        })
    }
}

impl std::fmt::Debug for Chunk<'_> {
    /// Without content.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Chunk {} {:?}", self.number, self.section)
    }
}

/// Fills a chunk.
pub(crate) struct Packing {
    section: Section,
    bytes: Vec<u8>,
}

impl Packing {
    pub(crate) fn new(number: u32, section: Section) -> Self {
        let mut bytes = Vec::with_capacity(CHUNK_BYTES + (CHUNK_BYTES >> 2));
        bytes.extend(number.to_le_bytes());
        bytes.push(section.code());
        Self { section, bytes }
    }

    /// Whether the next thing goes into the next chunk.
    pub(crate) const fn is_full(&self) -> bool {
        self.bytes.len() >= CHUNK_BYTES
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.bytes.len() == HEAD
    }

    /// `here`: the soul in whose database it is.
    pub(crate) fn message(&mut self, said: &Said, here: Soul) -> Result<(), PackageError> {
        debug_assert_eq!(self.section, Section::Messages);
        let text = said.text.expose().as_bytes();
        self.length(MESSAGE + text.len())?;
        self.bytes.extend(said.created_ms.to_le_bytes());
        self.bytes.push(said.role.code());
        self.bytes.push(said.origin.unwrap_or(here).code());
        self.bytes.extend(text);
        Ok(())
    }

    pub(crate) fn json(&mut self, thing: &impl serde::Serialize) -> Result<(), PackageError> {
        let text = serde_json::to_vec(thing).expect("no map in it");
        self.length(text.len())?;
        self.bytes.extend(text);
        Ok(())
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn length(&mut self, length: usize) -> Result<(), PackageError> {
        if self.bytes.len() + LENGTH + length > MOST_CHUNK_BYTES {
            return Err(PackageError::TooLarge("chunk"));
        }
        let length = u32::try_from(length).expect("a chunk is smaller");
        self.bytes.extend(length.to_le_bytes());
        Ok(())
    }
}

fn count<T>(
    mut things: impl Iterator<Item = Result<T, PackageError>>,
) -> Result<u64, PackageError> {
    things.try_fold(0, |sum, thing| thing.map(|_| sum + 1))
}

fn item(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    rest.split_at_checked(length)
}

fn message(bytes: &[u8]) -> Result<Said, PackageError> {
    let malformed = || PackageError::Malformed("message");
    let (created_ms, rest) = bytes.split_first_chunk::<8>().ok_or_else(malformed)?;
    let (&[role, soul], text) = rest.split_first_chunk::<2>().ok_or_else(malformed)?;
    let text = std::str::from_utf8(text).map_err(|_| malformed())?;
    let created_ms = u64::from_le_bytes(*created_ms);
    if i64::try_from(created_ms).is_err() {
        return Err(malformed());
    }
    Ok(Said {
        role: Role::from_code(role).ok_or_else(malformed)?,
        text: Private::from(text),
        created_ms,
        origin: Some(Soul::from_code(soul).ok_or_else(malformed)?),
    })
}

pub(super) fn finish(hash: digest::Context) -> [u8; 32] {
    hash.finish()
        .as_ref()
        .try_into()
        .expect("SHA-256 has 32 bytes")
}
