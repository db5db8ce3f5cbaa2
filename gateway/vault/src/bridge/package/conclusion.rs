//! What a package ends with: how much it was, its hashes, and the signature over all of it.

use ring::digest;
use serde::{Deserialize, Serialize};

use super::chunk::finish;
use super::{Chunk, PackageError, PackageId, Section};
use crate::hex;
use crate::identity::{Identity, PublicKey, Signature};

/// Bytes of a conclusion at most.
pub const MOST_CONCLUSION_BYTES: usize = 2 << 10;

const WHOLE: &[u8] = b"janet package 1";
const SIGNED: &[u8] = b"janet package conclusion 1";

/// One section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sum {
    /// How many things.
    pub items: u64,
    /// SHA-256 of its chunks without their numbers, one behind the other.
    #[serde(with = "hex::array")]
    pub sha256: [u8; 32],
}

/// The end of a package. Of one that hands a conversation over it is the proof that its source has given
/// it up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conclusion {
    /// How many chunks there are.
    pub chunks: u32,
    /// Of the conversation.
    pub messages: Sum,
    /// Of Green.
    pub summaries: Sum,
    /// Of Red.
    pub red: Sum,
    /// SHA-256 of the header and the hashes of all chunks.
    #[serde(with = "hex::array")]
    pub whole: [u8; 32],
    #[serde(with = "hex::array")]
    signature: [u8; 64],
}

impl Conclusion {
    /// As it is sent and kept.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("no map in it")
    }

    /// Reads one.
    pub fn read(bytes: &[u8]) -> Result<Self, PackageError> {
        if bytes.len() > MOST_CONCLUSION_BYTES {
            return Err(PackageError::TooLarge("conclusion"));
        }
        serde_json::from_slice(bytes).map_err(|_| PackageError::Malformed("conclusion"))
    }

    /// Whether whoever has this key has signed it.
    pub fn is_of(&self, key: &PublicKey) -> bool {
        key.has_signed(&self.signed(), &Signature(self.signature))
    }

    fn signed(&self) -> Vec<u8> {
        let mut bytes = SIGNED.to_vec();
        bytes.extend(self.chunks.to_le_bytes());
        for sum in [&self.messages, &self.summaries, &self.red] {
            bytes.extend(sum.items.to_le_bytes());
            bytes.extend(sum.sha256);
        }
        bytes.extend(self.whole);
        bytes
    }
}

/// Adds a package up, chunk by chunk.
#[derive(Clone)]
pub struct Tally {
    package: PackageId,
    chunks: u32,
    whole: digest::Context,
    sections: [(u64, digest::Context); 3],
}

impl Tally {
    /// Of the package with this header, as it is sent.
    pub fn new(package: PackageId, header: &[u8]) -> Self {
        let mut whole = digest::Context::new(&digest::SHA256);
        whole.update(WHOLE);
        whole.update(&(header.len() as u64).to_le_bytes());
        whole.update(header);
        Self {
            package,
            chunks: 0,
            whole,
            sections: std::array::from_fn(|_| (0, digest::Context::new(&digest::SHA256))),
        }
    }

    /// The number of the next chunk.
    pub const fn chunks(&self) -> u32 {
        self.chunks
    }

    /// Adds the next one; each thing in it is looked at.
    pub fn add(&mut self, chunk: &Chunk<'_>) -> Result<(), PackageError> {
        if chunk.number != self.chunks {
            return Err(PackageError::Order);
        }
        let count = chunk.count()?;
        let section = usize::from(chunk.section.code());
        let (items, hash) = &mut self.sections[section];
        *items = items.saturating_add(count);
        hash.update(chunk.body());
        self.whole.update(&chunk.hash(self.package));
        self.chunks = self.chunks.checked_add(1).ok_or(PackageError::Order)?;
        Ok(())
    }

    /// How many things of this kind were added.
    pub fn items(&self, section: Section) -> u64 {
        self.sections[usize::from(section.code())].0
    }

    /// Ends it.
    pub(crate) fn conclude(self, identity: &Identity) -> Conclusion {
        let mut conclusion = self.summed();
        conclusion.signature = identity.sign(&conclusion.signed()).0;
        conclusion
    }

    /// Whether what was added is what this says, hash for hash.
    pub fn check(self, conclusion: &Conclusion) -> Result<(), PackageError> {
        let mut expected = self.summed();
        expected.signature = conclusion.signature;
        if expected == *conclusion {
            Ok(())
        } else {
            Err(PackageError::Checksum)
        }
    }

    fn summed(self) -> Conclusion {
        let [messages, summaries, red] = self.sections.map(|(items, hash)| Sum {
            items,
            sha256: finish(hash),
        });
        Conclusion {
            chunks: self.chunks,
            messages,
            summaries,
            red,
            whole: finish(self.whole),
            signature: [0; 64],
        }
    }
}
