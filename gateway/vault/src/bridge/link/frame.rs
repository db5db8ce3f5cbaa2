//! What two souls say to each other, one message at a time.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::super::package::{MOST_CHUNK_BYTES, MOST_CONCLUSION_BYTES, MOST_HEADER_BYTES};
use super::super::{Outcome, PackageId, Party};
use super::LinkError;
use crate::conversations::ConversationUuid;

/// The version of what souls say.
pub const LINK_VERSION: u32 = 1;
/// Bytes of a message behind its length at most.
pub const MOST_FRAME_BYTES: usize = MOST_CHUNK_BYTES + 1;
/// Bytes of a message that is no chunk at most.
const MOST_WORDS: usize = 16 << 10;

/// Who is there. First, from either side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`LINK_VERSION`].
    pub version: u32,
    /// Who is speaking.
    pub party: Party,
}

/// Pieces that are wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// All from this one on.
    pub from: u32,
    /// And these, before it.
    pub missing: Vec<u32>,
}

/// Why a package is not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Not from a soul that is paired.
    NotPaired,
    /// For another soul.
    NotForUs,
    /// No consent in it.
    NoConsent,
    /// Too many at once.
    Busy,
    /// It was called off.
    CalledOff,
    /// It is not what it says it is.
    Damaged,
    /// The red thread is pulled there.
    RedThread,
    /// Its target cannot write.
    Failed,
}

/// A package is not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// Why.
    pub reason: Reason,
    /// Whether it is certain that it never will be.
    pub never: bool,
}

/// Which package is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Its name.
    pub package: PackageId,
    /// Its conversation.
    pub conversation: ConversationUuid,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Both: who is there.
    Hello(Hello),
    /// Source: a package, by its signed header.
    Offer(Vec<u8>),
    /// Target: these pieces, please.
    Wanted(Wanted),
    /// Source: a piece.
    Chunk(Vec<u8>),
    /// Target: that piece is on the disk.
    Kept(u32),
    /// Source: the signed end.
    End(Vec<u8>),
    /// Target: it was taken in.
    Over(Outcome),
    /// Target: it is not taken in.
    Refused(Refused),
    /// Source: call this off, or say what became of it.
    CallOff(About),
}

impl Frame {
    /// With its length before it: u32 LE | kind u8 | rest.
    pub fn write(&self) -> Vec<u8> {
        let json = |kind: u8, thing: &dyn Fn() -> Vec<u8>| (kind, thing());
        let (kind, body) = match self {
            Self::Hello(hello) => json(1, &|| text(hello)),
            Self::Offer(header) => (2, header.clone()),
            Self::Wanted(wanted) => json(3, &|| text(wanted)),
            Self::Chunk(chunk) => (4, chunk.clone()),
            Self::Kept(number) => (5, number.to_le_bytes().to_vec()),
            Self::End(conclusion) => (6, conclusion.clone()),
            Self::Over(outcome) => json(7, &|| text(outcome)),
            Self::Refused(refused) => json(8, &|| text(refused)),
            Self::CallOff(about) => json(9, &|| text(about)),
        };
        let length = u32::try_from(body.len() + 1).expect("every message has a bound");
        let mut bytes = Vec::with_capacity(body.len() + 5);
        bytes.extend(length.to_le_bytes());
        bytes.push(kind);
        bytes.extend(body);
        bytes
    }

    /// How many bytes follow these four.
    pub fn length(head: [u8; 4]) -> Result<usize, LinkError> {
        let length = u32::from_le_bytes(head);
        usize::try_from(length)
            .ok()
            .filter(|length| (1..=MOST_FRAME_BYTES).contains(length))
            .ok_or(LinkError::Length(length))
    }

    /// Reads what follows the length.
    pub fn read(bytes: &[u8]) -> Result<Self, LinkError> {
        let (kind, body) = bytes.split_first().ok_or(LinkError::Malformed("message"))?;
        let most = match kind {
            2 => MOST_HEADER_BYTES,
            4 => MOST_CHUNK_BYTES,
            6 => MOST_CONCLUSION_BYTES,
            _ => MOST_WORDS,
        };
        if body.len() > most {
            return Err(LinkError::Malformed("length"));
        }
        Ok(match kind {
            1 => Self::Hello(parsed(body, "hello")?),
            2 => Self::Offer(body.to_vec()),
            3 => Self::Wanted(parsed(body, "wanted")?),
            4 => Self::Chunk(body.to_vec()),
            5 => {
                let number = body.try_into().map_err(|_| LinkError::Malformed("kept"))?;
                Self::Kept(u32::from_le_bytes(number))
            }
            6 => Self::End(body.to_vec()),
            7 => Self::Over(parsed(body, "over")?),
            8 => Self::Refused(parsed(body, "refused")?),
            9 => Self::CallOff(parsed(body, "call off")?),
            _ => return Err(LinkError::Malformed("kind")),
        })
    }

    /// What it is, for errors.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Offer(_) => "offer",
            Self::Wanted(_) => "wanted",
            Self::Chunk(_) => "chunk",
            Self::Kept(_) => "kept",
            Self::End(_) => "end",
            Self::Over(_) => "over",
            Self::Refused(_) => "refused",
            Self::CallOff(_) => "call off",
        }
    }
}

fn text(thing: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(thing).expect("no map in it")
}

fn parsed<T: DeserializeOwned>(bytes: &[u8], what: &'static str) -> Result<T, LinkError> {
    serde_json::from_slice(bytes).map_err(|_| LinkError::Malformed(what))
}
