//! The key by which this Janet signs: receipts, the audit log, packages for her other soul.
//!
//! Ed25519 (RFC 8032), as `ring` does it. The private half lies in a file of mode 0600 that is made
//! once; whoever has it is her.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use zeroize::Zeroizing;

/// Its name in the state's folder.
const NAME: &str = "identity.key";

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file cannot be read or written.
    #[error("the identity key {} cannot be used: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others may read the file.
    #[error("the identity key {} may be read by others (mode {mode:o}); make it 600", path.display())]
    Mode {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds no key of ours.
    #[error("{} is no identity key: put it back from a backup", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
    },
    /// The system gives no randomness.
    #[error("no key can be made")]
    Random,
}

/// A public key: whom a signature is checked against.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(pub [u8; 32]);

/// A signature of 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

/// Who signs.
pub struct Identity {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({:?})", self.public)
    }
}

impl fmt::Debug for PublicKey {
    /// In hexadecimal: it is no secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl PublicKey {
    /// Whether the owner of this key has signed these bytes.
    pub fn has_signed(&self, bytes: &[u8], signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0)
            .verify(bytes, &signature.0)
            .is_ok()
    }
}

impl Identity {
    /// Reads the key in this folder, or makes one.
    pub fn load_or_create(folder: &Path) -> Result<Self, IdentityError> {
        match Self::load(folder)? {
            Some(identity) => Ok(identity),
            None => create(&folder.join(NAME)),
        }
    }

    /// Reads the key in this folder, if there is one.
    pub fn load(folder: &Path) -> Result<Option<Self>, IdentityError> {
        let path = folder.join(NAME);
        match fs::read(&path) {
            Ok(bytes) => {
                check_mode(&path)?;
                Self::from_pkcs8(&Zeroizing::new(bytes))
                    .map(Some)
                    .ok_or_else(|| IdentityError::Malformed { path: path.clone() })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(IdentityError::Io { path, source }),
        }
    }

    /// What others check her signatures against.
    pub const fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs. Name what is signed within the bytes: a signature says nothing of the purpose.
    pub fn sign(&self, bytes: &[u8]) -> Signature {
        let signature = self.pair.sign(bytes);
        Signature(
            signature
                .as_ref()
                .try_into()
                .expect("Ed25519 signs in 64 bytes"),
        )
    }

    fn from_pkcs8(bytes: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(bytes).ok()?;
        let public = PublicKey(pair.public_key().as_ref().try_into().ok()?);
        Some(Self { pair, public })
    }
}

fn check_mode(path: &Path) -> Result<(), IdentityError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = fs::metadata(path).map_err(|source| IdentityError::Io {
            path: path.into(),
            source,
        })?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(IdentityError::Mode {
                path: path.into(),
                mode,
            });
        }
    }
    Ok(())
}

/// Written beside and then named: a crash leaves no half key.
fn create(path: &Path) -> Result<Identity, IdentityError> {
    let io = |source| IdentityError::Io {
        path: path.into(),
        source,
    };
    let bytes =
        Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| IdentityError::Random)?;
    if let Some(folder) = path.parent() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(io)?;
    }
    let new = path.with_extension("key.new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new).map_err(io)?;
    file.write_all(bytes.as_ref())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&new, path))
        .map_err(io)?;
    if let Some(folder) = path.parent() {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(io)?;
    }
    Identity::from_pkcs8(bytes.as_ref()).ok_or(IdentityError::Random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_she_signed_is_known_by_her_key_alone_and_after_a_restart() {
        let (folder, other) = (tempfile::tempdir(), tempfile::tempdir());
        let (folder, other) = (folder.expect("a folder"), other.expect("a folder"));
        let janet = Identity::load_or_create(folder.path()).expect("a key");
        let stranger = Identity::load_or_create(other.path()).expect("a key");
        let signature = janet.sign(b"a receipt");
        assert!(janet.public().has_signed(b"a receipt", &signature));
        assert!(!janet.public().has_signed(b"a recript", &signature));
        assert!(!stranger.public().has_signed(b"a receipt", &signature));
        let again = Identity::load_or_create(folder.path()).expect("the same key");
        assert_eq!(again.public(), janet.public());
    }

    #[test]
    fn a_damaged_key_is_not_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        Identity::load_or_create(folder.path()).expect("a key");
        let path = folder.path().join(NAME);
        fs::write(&path, b"short").expect("a file");
        let error = Identity::load_or_create(folder.path()).expect_err("damaged");
        assert!(matches!(error, IdentityError::Malformed { .. }), "{error}");
        assert_eq!(fs::read(&path).expect("the file"), b"short");
    }
}
