//! Which souls of other processes this Janet is paired with: their keys, and where they are.
//!
//! Read anew whenever it is needed, so that what `janet soul` writes counts at once.

use std::io;
use std::path::{Path, PathBuf};

use janet_vault::bridge::Party;
use janet_vault::soul::Soul;
use serde::{Deserialize, Serialize};

use crate::lock::file;

/// Its name in the state's folder.
const FILE: &str = "souls.json";
/// Souls that can be paired.
const MOST: usize = 8;

/// A soul elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peer {
    /// Which, and its key.
    pub(crate) party: Party,
    /// Where it listens; none: it comes to us.
    pub(crate) address: Option<String>,
    /// Since when, in ms since 1970.
    pub(crate) since_ms: u64,
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PeersError {
    /// It cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It says something else.
    #[error("{}: no list of paired souls; pair them again (`janet soul pair`)", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
    },
    /// There are as many as there may be.
    #[error("{MOST} souls are paired already; `janet soul unpair` parts with one")]
    Full,
}

/// Those that are paired.
pub(crate) fn read(folder: &Path) -> Result<Vec<Peer>, PeersError> {
    let path = folder.join(FILE);
    let bytes = file::read(&path).map_err(|source| PeersError::Io {
        path: path.clone(),
        source,
    })?;
    let Some(bytes) = bytes else {
        return Ok(Vec::new());
    };
    serde_json::from_slice(&bytes).map_err(|_| PeersError::Malformed { path })
}

/// Whether any soul was ever paired.
pub(super) fn were_ever(folder: &Path) -> bool {
    folder.join(FILE).exists()
}

/// Pairs with one; one of the same key is replaced.
pub(crate) fn add(folder: &Path, peer: Peer) -> Result<(), PeersError> {
    let mut peers = read(folder)?;
    peers.retain(|other| other.party.key != peer.party.key);
    if peers.len() >= MOST {
        return Err(PeersError::Full);
    }
    peers.push(peer);
    write(folder, &peers)
}

/// Parts with those of this kind; says whether there were any.
pub(crate) fn remove(folder: &Path, soul: Soul) -> Result<bool, PeersError> {
    let mut peers = read(folder)?;
    let before = peers.len();
    peers.retain(|peer| peer.party.soul != soul);
    let removed = peers.len() < before;
    if removed {
        write(folder, &peers)?;
    }
    Ok(removed)
}

fn write(folder: &Path, peers: &[Peer]) -> Result<(), PeersError> {
    let path = folder.join(FILE);
    let text = serde_json::to_vec_pretty(peers).expect("no map in it");
    file::replace(&path, &text).map_err(|source| PeersError::Io { path, source })
}

#[cfg(test)]
mod tests {
    use janet_vault::identity::PublicKey;

    use super::*;

    fn peer(n: u8) -> Peer {
        Peer {
            party: Party {
                soul: Soul::Constitutional,
                key: PublicKey([n; 32]),
            },
            address: Some("192.168.1.5:8768".to_owned()),
            since_ms: 7,
        }
    }

    #[test]
    fn who_is_paired_is_kept_until_it_is_parted_with() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(read(folder.path()).expect("none yet").is_empty());
        add(folder.path(), peer(1)).expect("written");
        add(folder.path(), peer(2)).expect("written");
        add(folder.path(), peer(1)).expect("replaced");
        assert_eq!(read(folder.path()).expect("read"), [peer(2), peer(1)]);
        assert!(!remove(folder.path(), Soul::Networked).expect("read"));
        assert!(remove(folder.path(), Soul::Constitutional).expect("written"));
        assert!(read(folder.path()).expect("read").is_empty());
        for n in 0..8 {
            add(folder.path(), peer(n)).expect("written");
        }
        assert!(matches!(add(folder.path(), peer(9)), Err(PeersError::Full)));
    }

    #[test]
    fn a_file_that_is_no_list_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        file::replace(&folder.path().join(FILE), b"{}").expect("written");
        let error = read(folder.path()).expect_err("no list").to_string();
        assert!(error.contains(FILE), "{error}");
    }
}
