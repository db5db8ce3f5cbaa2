//! The newest entry's number and hash, signed, in a file beside the identity key: by it a tail that was cut
//! off the log is missed.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::entry::Hash;
use crate::hex;
use crate::identity::{Identity, PublicKey, Signature};

/// Its name in the key's folder.
pub(super) const NAME: &str = "audit.head";
const PURPOSE: &[u8] = b"janet audit head 1";

/// How many entries there are at least, and the hash of the last of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Head {
    pub(super) count: u64,
    pub(super) hash: Hash,
}

/// What lies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// Not as she wrote it.
    Changed,
    Head(Head),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    count: u64,
    #[serde(with = "hex::array")]
    head: Hash,
    #[serde(with = "hex::array")]
    signature: [u8; 64],
}

impl Head {
    fn signed(&self) -> Vec<u8> {
        [PURPOSE, &self.count.to_be_bytes(), &self.hash].concat()
    }

    pub(super) fn read(path: &Path, key: &PublicKey) -> std::io::Result<Found> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(error),
        };
        let Ok(kept) = serde_json::from_slice::<Kept>(&bytes) else {
            return Ok(Found::Changed);
        };
        let head = Self {
            count: kept.count,
            hash: kept.head,
        };
        let good = key.has_signed(&head.signed(), &Signature(kept.signature));
        Ok(if good {
            Found::Head(head)
        } else {
            Found::Changed
        })
    }

    /// Written beside and then named. On the disk when this returns.
    pub(super) fn write(&self, path: &Path, identity: &Identity) -> std::io::Result<()> {
        let kept = Kept {
            count: self.count,
            head: self.hash,
            signature: identity.sign(&self.signed()).0,
        };
        let text = serde_json::to_vec(&kept).expect("no map in it");
        let new = path.with_extension("head.new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&new)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        match path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}
