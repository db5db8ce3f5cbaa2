//! The latch's file: replaced whole, so that a crash leaves the old state or the new one.
//!
//! Two lines: the SHA-256 of the second, and the state. A flipped bit must not open the latch.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use ring::digest;

use super::{Kept, RedThreadError};
use crate::hex;

/// Its name in the state's folder.
pub(super) const NAME: &str = "red-thread.json";

/// None is one that was never pulled; one that cannot be understood counts as pulled.
pub(super) fn read(path: &Path) -> Result<Kept, RedThreadError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Kept::default()),
        Err(source) => {
            return Err(RedThreadError::Io {
                path: path.into(),
                source,
            });
        }
    };
    if let Some(kept) = understood(&bytes) {
        return Ok(kept);
    }
    tracing::error!("the red thread's file is damaged; it counts as pulled");
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| RedThreadError::Random)?;
    Ok(Kept::damaged(&hex::encode(&random)))
}

fn understood(bytes: &[u8]) -> Option<Kept> {
    let (sum, text) = str::from_utf8(bytes).ok()?.split_once('\n')?;
    let found = digest::digest(&digest::SHA256, text.as_bytes());
    (sum == hex::encode(found.as_ref())).then(|| serde_json::from_str(text).ok())?
}

/// On the disk when this returns.
pub(super) fn write(path: &Path, kept: &Kept) -> Result<(), RedThreadError> {
    let io = |source| RedThreadError::Io {
        path: path.into(),
        source,
    };
    let text = serde_json::to_string(kept).expect("its keys are texts");
    let sum = hex::encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    let new = path.with_extension("json.new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new).map_err(io)?;
    file.write_all(format!("{sum}\n{text}").as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&new, path))
        .map_err(io)?;
    if let Some(folder) = path.parent() {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(io)?;
    }
    Ok(())
}
