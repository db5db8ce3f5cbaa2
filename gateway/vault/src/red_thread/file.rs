//! The latch's file: replaced whole, so that a crash leaves the old state or the new one.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use super::{RedThreadError, State};

/// Its name in the state's folder.
pub(super) const NAME: &str = "red-thread.json";

/// None is one that was never pulled; one that cannot be understood counts as pulled.
pub(super) fn read(path: &Path) -> Result<State, RedThreadError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(State::default()),
        Err(source) => {
            return Err(RedThreadError::Io {
                path: path.into(),
                source,
            });
        }
    };
    Ok(serde_json::from_slice(&bytes).unwrap_or_else(|error| {
        tracing::error!(%error, "the red thread's file is damaged; it counts as pulled");
        State {
            active: true,
            ..State::default()
        }
    }))
}

/// On the disk when this returns.
pub(super) fn write(path: &Path, state: &State) -> Result<(), RedThreadError> {
    let io = |source| RedThreadError::Io {
        path: path.into(),
        source,
    };
    let text = serde_json::to_vec(state).expect("no map in it");
    let new = path.with_extension("json.new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new).map_err(io)?;
    file.write_all(&text)
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
