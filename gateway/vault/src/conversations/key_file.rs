//! The machine key: 32 random bytes in a file that only its owner may read.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use super::ConversationError;
use super::cipher::{KEY_BYTES, Key};

/// Reads the key, or makes one if there is none and no database needs an old one.
pub(super) fn load_or_create(path: &Path, database: &Path) -> Result<Key, ConversationError> {
    let needed = fs::metadata(database).is_ok_and(|file| file.len() > 0);
    match fs::metadata(path) {
        Ok(file) if file.len() == KEY_BYTES as u64 || needed => load(path),
        Ok(_) => {
            // A first start that was cut off between making the file and filling it.
            fs::remove_file(path).map_err(|source| ConversationError::io(path, source))?;
            create(path)
        }
        Err(error) if error.kind() == ErrorKind::NotFound && needed => {
            Err(ConversationError::KeyMissing {
                key: path.into(),
                database: database.into(),
            })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => create(path),
        Err(source) => Err(ConversationError::io(path, source)),
    }
}

fn load(path: &Path) -> Result<Key, ConversationError> {
    let io = |source| ConversationError::io(path, source);
    let mut file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(ConversationError::KeyMode {
                path: path.into(),
                mode,
            });
        }
    }
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    let wrong_length = || ConversationError::KeyLength {
        path: path.into(),
        found: metadata.len(),
    };
    if metadata.len() != KEY_BYTES as u64 {
        return Err(wrong_length());
    }
    file.read_exact(bytes.as_mut_slice()).map_err(io)?;
    Key::from_slice(bytes.as_slice()).ok_or_else(wrong_length)
}

/// `create_new` makes sure that no two processes believe in two keys.
fn create(path: &Path) -> Result<Key, ConversationError> {
    let io = |source| ConversationError::io(path, source);
    let key = Key::random().map_err(ConversationError::Random)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(io)?;
    file.write_all(key.as_slice())
        .and_then(|()| file.sync_all())
        .map_err(io)?;
    // The name itself must survive a power cut too, before anything is sealed with the key.
    if let Some(folder) = path.parent() {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(io)?;
    }
    Ok(key)
}
