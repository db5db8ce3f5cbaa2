//! Who has loaded a model: a file per process in `.users`, locked for as long as it runs.
//!
//! A file whose lock is free was left by a process that died; whoever registers or removes next
//! clears it away. Both hold the model's lock meanwhile; a mere look changes nothing.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::lock;

const FOLDER: &str = ".users";

/// Says that this process uses a model, until it is dropped.
#[derive(Debug)]
pub struct Hold {
    path: PathBuf,
    file: File,
}

impl Drop for Hold {
    fn drop(&mut self) {
        // First the name, then the lock: nobody finds a free file of a process that lives.
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "a sign of use stays behind; the next to look removes it");
        }
        drop(self.file.unlock());
    }
}

/// Registers this process; the caller holds the model's lock.
pub(super) fn register(folder: &Path, who: &str) -> io::Result<Hold> {
    let users = folder.join(FOLDER);
    fs::create_dir_all(&users)?;
    clear(folder);
    // Processes of two containers may have the same id.
    let name = format!("{}-{:08x}", std::process::id(), fastrand::u32(..));
    let path = users.join(name);
    let mut file = File::create_new(&path)?;
    // Somebody may just be looking at it.
    file.lock()?;
    lock::sign(&mut file, who)?;
    Ok(Hold { path, file })
}

/// Who uses the model now, in words.
pub(super) fn of(folder: &Path) -> Vec<String> {
    let mut users: Vec<String> = signs(folder).iter().filter_map(|path| user(path)).collect();
    users.sort();
    users
}

/// Removes what dead processes left; the caller holds the model's lock.
pub(super) fn clear(folder: &Path) {
    for path in signs(folder) {
        if user(&path).is_none() {
            // That it stays where it cannot be removed does no harm.
            fs::remove_file(path).ok();
        }
    }
}

fn signs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join(FOLDER));
    let entries = entries.into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

fn user(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    if file.try_lock_shared().is_ok() {
        return None;
    }
    Some(match lock::name(&mut file) {
        Ok(name) if !name.is_empty() => name,
        _ => "another process".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_died_is_no_user_and_its_sign_goes() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let hold = register(folder.path(), "janet serve").expect("it is writable");
        fs::write(folder.path().join(FOLDER).join("1-dead"), "x").expect("it is writable");
        let me = format!("janet serve (process {})", std::process::id());
        assert_eq!(of(folder.path()), [me]);
        clear(folder.path());
        assert_eq!(signs(folder.path()), std::slice::from_ref(&hold.path));
        drop(hold);
        assert!(of(folder.path()).is_empty() && signs(folder.path()).is_empty());
    }
}
