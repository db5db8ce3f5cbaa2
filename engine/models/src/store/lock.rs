//! One process at a time works on a model's folder; the others are told whom they wait for.
//!
//! The system lets a lock go when its process dies, however that happens, so a killed pull never
//! blocks the next one.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use super::error::{StoreError, io_error};
use super::progress::Progress;

/// The lock file of a model's folder. It is never removed: whoever waits, waits for this very file.
pub(super) const LOCK: &str = ".lock";
/// Longest name of a holder that is repeated.
const NAME_BYTES: u64 = 200;

/// Takes the lock of a model's folder; it is let go when the file is dropped.
///
/// Waits without a limit for whoever has it, which `progress` is told: a large model takes its
/// time, and the one who waits can be stopped.
pub(super) fn lock(
    folder: &Path,
    model: &str,
    who: &str,
    progress: &mut dyn Progress,
) -> Result<File, StoreError> {
    let path = folder.join(LOCK);
    let mut file = open(&path).map_err(io_error("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = name(&mut file).unwrap_or_default();
            let holder = match holder.as_str() {
                "" => "another process",
                holder => holder,
            };
            progress.begin(
                &format!("waiting for {holder}, which works on {model}"),
                None,
            );
            let locked = file.lock();
            progress.end();
            locked.map_err(io_error("lock", &path))?;
        }
        Err(TryLockError::Error(source)) => return Err(io_error("lock", &path)(source)),
    }
    // Only for the message above: a full disk must not keep anybody from the lock.
    if let Err(error) = sign(&mut file, who) {
        tracing::debug!(%error, "the lock does not name its holder");
    }
    Ok(file)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path)
}

/// Writes who holds this lock into its file.
pub(super) fn sign(file: &mut File, who: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{who} (process {})", std::process::id())
}

/// Who wrote its name into a lock's file.
pub(super) fn name(file: &mut File) -> io::Result<String> {
    let mut name = Vec::new();
    file.rewind()?;
    file.take(NAME_BYTES).read_to_end(&mut name)?;
    let name = String::from_utf8_lossy(&name);
    // It goes to a terminal.
    Ok(name.chars().filter(|c| !c.is_control()).collect())
}
