//! One line of the log: the body as JSON, its hash, and the signature of the hash.
//!
//! The hash is over the bytes as they lie there, so nothing has to be written anew to be checked, and an
//! entry of a newer Janet can be checked by an older one.

use ring::digest;
use serde::{Deserialize, Serialize};

use super::Event;
use crate::hex;
use crate::identity::{Identity, PublicKey, Signature};

/// First in what is hashed and in what is signed.
const PURPOSE: &[u8] = b"janet audit entry 1";
/// Bytes of a line with its end; far more than names and ids take.
pub(super) const LONGEST_LINE: usize = 2048;

/// SHA-256 of an entry, over that of the one before it.
pub type Hash = [u8; 32];

/// An entry as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// From 1, without gaps.
    pub number: u64,
    /// When, in ms since 1970, by the clock of this machine.
    pub at_ms: u64,
    /// What happened.
    pub event: Event,
    /// Its hash.
    pub hash: Hash,
}

/// The body, whatever the event.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body<E> {
    pub(super) n: u64,
    pub(super) at_ms: u64,
    #[serde(with = "hex::array")]
    pub(super) prev: Hash,
    pub(super) event: E,
}

/// A line that is whole: its hash fits its body.
pub(super) struct Line<'a> {
    pub(super) body: &'a str,
    pub(super) hash: Hash,
    signature: Signature,
}

impl<'a> Line<'a> {
    /// `None` if a byte of it is another. Without the line's end.
    pub(super) fn read(line: &'a [u8]) -> Option<Self> {
        let text = str::from_utf8(line).ok()?;
        let (rest, signature) = text.rsplit_once(' ')?;
        let (body, hash) = rest.rsplit_once(' ')?;
        let hash = hex::decode(hash)?;
        (self::hash(body) == hash).then_some(Self {
            body,
            hash,
            signature: Signature(hex::decode(signature)?),
        })
    }

    pub(super) fn is_of(&self, key: &PublicKey) -> bool {
        key.has_signed(&signed(&self.hash), &self.signature)
    }

    /// Its place in the chain.
    pub(super) fn place(&self) -> Option<Body<serde::de::IgnoredAny>> {
        serde_json::from_str(self.body).ok()
    }

    /// The hash of the constitution that this entry accepts.
    pub(super) fn constitution(&self) -> Option<[u8; 32]> {
        // Most entries are about something else and need not be read for it.
        if !self.body.contains("constitution_changed") {
            return None;
        }
        match self.entry()?.event {
            Event::ConstitutionChanged { accepted, .. } => Some(*accepted.sha256()),
            _ => None,
        }
    }

    pub(super) fn entry(&self) -> Option<Entry> {
        let body: Body<Event> = serde_json::from_str(self.body).ok()?;
        Some(Entry {
            number: body.n,
            at_ms: body.at_ms,
            event: body.event,
            hash: self.hash,
        })
    }
}

/// The line with its end, and its hash.
pub(super) fn write(
    identity: &Identity,
    n: u64,
    at_ms: u64,
    prev: Hash,
    event: &Event,
) -> (String, Hash) {
    let body = Body {
        n,
        at_ms,
        prev,
        event,
    };
    let body = serde_json::to_string(&body).expect("its keys are texts");
    let hash = hash(&body);
    let signature = identity.sign(&signed(&hash));
    let line = format!(
        "{body} {} {}\n",
        hex::encode(&hash),
        hex::encode(&signature.0)
    );
    (line, hash)
}

fn hash(body: &str) -> Hash {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(PURPOSE);
    hash.update(body.as_bytes());
    hash.finish()
        .as_ref()
        .try_into()
        .expect("SHA-256 has 32 bytes")
}

fn signed(hash: &Hash) -> Vec<u8> {
    [PURPOSE, hash].concat()
}
