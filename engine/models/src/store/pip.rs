//! Gets a wheel through the ordinary pip client, as a process of its own.
//!
//! pip keeps its own temporary files inside the folder it downloads to, so that what it has fetched
//! can be shown by looking there, and nothing is left elsewhere when it is killed.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use super::error::FetchError;
use super::progress::Progress;

/// The folder of wheels in a model's folder.
pub(super) const WHEELS: &str = ".wheels";
/// How much of what pip wrote is kept for an error.
const SAID_BYTES: usize = 2000;
/// How often the growing wheel is looked at.
const WATCH: Duration = Duration::from_millis(200);

/// How to call a pip client: the program and the arguments before `download`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipProgram(Vec<String>);

impl PipProgram {
    /// From words such as `python3 -m pip`, split at blanks.
    pub fn from_words(words: &str) -> Self {
        Self(words.split_whitespace().map(str::to_owned).collect())
    }

    /// What is tried where nothing is configured.
    pub fn defaults() -> Vec<Self> {
        vec![Self::from_words("python3 -m pip"), Self::from_words("pip3")]
    }

    fn command(&self) -> Option<Command> {
        let (program, first) = self.0.split_first()?;
        let mut command = Command::new(program);
        command.args(first).stdin(Stdio::null());
        Some(command)
    }

    fn answers(&self) -> bool {
        let Some(mut command) = self.command() else {
            return false;
        };
        command
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

impl std::fmt::Display for PipProgram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// The folder in which the wheel of `requirement` is looked for: complete once it exists.
pub(super) fn wheel_folder(wheels: &Path, requirement: &str) -> PathBuf {
    wheels.join(requirement)
}

/// The wheel in `folder`, if one lies there.
pub(super) fn wheel_in(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|e| e == "whl"))
}

/// Downloads the wheel of `requirement` into its folder under `wheels`.
pub(super) fn download(
    programs: &[PipProgram],
    timeout: Duration,
    wheels: &Path,
    requirement: &str,
    progress: &mut dyn Progress,
) -> Result<PathBuf, FetchError> {
    let folder = wheel_folder(wheels, requirement);
    // A pip whose Janet was killed may still write to its folder: each has its own.
    let attempt = format!("{}-{:08x}", std::process::id(), fastrand::u32(..));
    let part = wheels.join(format!("{requirement}.{attempt}.part"));
    let shown = |program: &dyn std::fmt::Display, into: &Path| {
        let into = into.display();
        format!("{program} download --no-deps --only-binary=:all: -d {into} {requirement}")
    };
    let Some(program) = programs.iter().find(|program| program.answers()) else {
        let tried: Vec<_> = programs.iter().map(ToString::to_string).collect();
        let command = shown(&"python3 -m pip", &folder);
        return Err(FetchError::NoPip {
            tried: tried.join(", "),
            command,
        });
    };
    // What a pip that was killed left behind: it cannot go on from there, so it starts anew.
    clear_attempts(wheels);
    let temporary = part.join("tmp");
    fs::create_dir_all(&temporary).map_err(FetchError::at(&temporary))?;
    let mut command = program
        .command()
        .expect("a program that answers has a name");
    command
        .args([
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "--disable-pip-version-check",
        ])
        .args(["--no-input", "--progress-bar", "off", "-d"])
        .arg(&part)
        .arg(requirement)
        .env("TMPDIR", &temporary)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let child = command
        .spawn()
        .map_err(FetchError::at(Path::new(&program.0[0])))?;
    progress.begin(&format!("downloading {requirement}"), None);
    let ended = watch(child, timeout, &part, progress);
    progress.end();
    match ended.map_err(FetchError::at(&part))? {
        Ended::Well => {}
        Ended::Badly { status, said } => {
            remove_folder(&part)?;
            return Err(FetchError::PipFailed {
                command: shown(program, &folder),
                status,
                said,
            });
        }
        Ended::Stopped => {
            let command = shown(program, &folder);
            return Err(FetchError::PipTimedOut {
                command,
                seconds: timeout.as_secs(),
            });
        }
    }
    remove_folder(&temporary)?;
    if wheel_in(&part).is_none() {
        let reason = "pip ended well but left no .whl file".to_owned();
        return Err(FetchError::Wheel { path: part, reason });
    }
    remove_folder(&folder)?;
    fs::rename(&part, &folder).map_err(FetchError::at(&part))?;
    wheel_in(&folder).ok_or_else(|| {
        let reason = "it vanished while the store looked at it".to_owned();
        FetchError::Wheel {
            path: folder,
            reason,
        }
    })
}

/// Removes what earlier attempts left. The caller holds the model's lock: none of them counts.
fn clear_attempts(wheels: &Path) {
    let entries = fs::read_dir(wheels).into_iter().flatten();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_some_and(|e| e == "part")
            && let Err(error) = remove_folder(&path)
        {
            // An orphan may be writing there; it goes with the next attempt, or with the model.
            tracing::debug!(%error, "a package that broke off stays behind");
        }
    }
}

/// Removes a folder and all in it; one that is not there is fine.
pub(super) fn remove_folder(folder: &Path) -> Result<(), FetchError> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(FetchError::at(folder)(e)),
        _ => Ok(()),
    }
}

enum Ended {
    Well,
    Badly { status: String, said: String },
    Stopped,
}

/// Waits for the child, tells how the wheel grows, and stops the child when its time is over.
fn watch(
    mut child: Child,
    timeout: Duration,
    folder: &Path,
    progress: &mut dyn Progress,
) -> std::io::Result<Ended> {
    let mut errors = child.stderr.take().expect("stderr was asked for as a pipe");
    // One message: what it wrote, when it has closed its end.
    let (done, closed) = sync_channel(1);
    std::thread::Builder::new()
        .name("janet-pip".to_owned())
        .spawn(move || {
            let mut said = Vec::new();
            let mut block = [0; 4096];
            while let Ok(read @ 1..) = errors.read(&mut block) {
                said.extend_from_slice(&block[..read]);
                said.drain(..said.len().saturating_sub(SAID_BYTES));
            }
            // Nobody listens any more when the child was stopped.
            done.send(said).ok();
        })?;
    let begun = Instant::now();
    let mut shown = 0;
    let said = loop {
        match closed.recv_timeout(WATCH) {
            Ok(said) => break said,
            Err(RecvTimeoutError::Disconnected) => break Vec::new(),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let size = largest_file(folder);
        progress.advance(size.saturating_sub(shown));
        shown = shown.max(size);
        if begun.elapsed() > timeout {
            child.kill()?;
            child.wait()?;
            return Ok(Ended::Stopped);
        }
    };
    let status = child.wait()?;
    if status.success() {
        return Ok(Ended::Well);
    }
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    Ok(Ended::Badly {
        status: status.to_string(),
        said,
    })
}

/// The size of the largest file under `folder`: of the wheel, wherever pip keeps it until it is
/// whole (for a moment it lies there twice).
fn largest_file(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .filter_map(Result::ok)
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => largest_file(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .max()
        .unwrap_or(0)
}
