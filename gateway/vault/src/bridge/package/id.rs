//! Who and what a package names.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::hex;
use crate::identity::PublicKey;
use crate::soul::Soul;

/// 128 random bits that name a package; no secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PackageId(#[serde(with = "hex::array")] pub [u8; 16]);

impl PackageId {
    /// A fresh one from the operating system's generator.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One end of a transfer: which soul, and by which key it signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// Which of the two.
    pub soul: Soul,
    /// What its signatures are checked against.
    #[serde(with = "key")]
    pub key: PublicKey,
}

mod key {
    use serde::{Deserializer, Serializer};

    use super::{PublicKey, hex};

    pub(super) fn serialize<S: Serializer>(key: &PublicKey, to: S) -> Result<S::Ok, S::Error> {
        hex::array::serialize(&key.0, to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PublicKey, D::Error> {
        hex::array::deserialize(from).map(PublicKey)
    }
}
