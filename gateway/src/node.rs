//! What this machine is called among those that are one Janet: a random name that it keeps.

use std::io;
use std::path::{Path, PathBuf};

use crate::lock::file;

/// Its name in the state's folder.
const FILE: &str = "node_id";
/// 128 bits.
const DIGITS: usize = 32;

/// The name: 128 random bits in lower-case hexadecimal digits. No secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeId(String);

/// Why there is no name.
#[derive(Debug, thiserror::Error)]
pub enum NodeIdError {
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds something else.
    #[error(
        "{} does not hold {DIGITS} hexadecimal digits; move it away to have another name made",
        path.display()
    )]
    Malformed {
        /// Which.
        path: PathBuf,
    },
    /// The system gives no randomness.
    #[error("no name of this machine can be made")]
    Random(#[from] getrandom::Error),
}

impl NodeId {
    /// The one in this folder, made where there is none. Blocks on the disk.
    pub(crate) fn open(folder: &Path) -> Result<Self, NodeIdError> {
        let path = folder.join(FILE);
        match file::read(&path) {
            Ok(Some(bytes)) => Self::parse(&bytes).ok_or(NodeIdError::Malformed { path }),
            Ok(None) => {
                let id = format!("{:016x}{:016x}", getrandom::u64()?, getrandom::u64()?);
                match file::replace(&path, format!("{id}\n").as_bytes()) {
                    Ok(()) => Ok(Self(id)),
                    Err(source) => Err(NodeIdError::Io { path, source }),
                }
            }
            Err(source) => Err(NodeIdError::Io { path, source }),
        }
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let id = std::str::from_utf8(bytes).ok()?.trim_ascii();
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_id = id.len() == DIGITS && id.bytes().all(is_digit);
        is_id.then(|| Self(id.to_owned()))
    }

    /// As it is told.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_machine_keeps_its_name_and_no_two_have_the_same() {
        let (here, there) = (tempfile::tempdir(), tempfile::tempdir());
        let (here, there) = (here.expect("a folder"), there.expect("a folder"));
        let id = NodeId::open(here.path()).expect("made");
        assert_eq!(NodeId::open(here.path()).expect("read"), id);
        assert_ne!(NodeId::open(there.path()).expect("made"), id);
        assert_eq!(id.as_str().len(), DIGITS);
        let metadata = std::fs::metadata(here.path().join(FILE)).expect("a file");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_no_name_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        let digits = "0123456789abcdef".repeat(2);
        for wrong in ["", "local", &digits[1..], &digits.to_uppercase(), "\u{e9}"] {
            file::replace(&path, wrong.as_bytes()).expect("written");
            let error = NodeId::open(folder.path()).expect_err("no name");
            assert!(error.to_string().contains(FILE), "{error}");
            assert_eq!(std::fs::read(&path).expect("there"), wrong.as_bytes());
        }
    }
}
