//! The audit log: who decided what, when, and what became of it. Never content.
//!
//! A file that only grows. Each line holds the hash of the one before it and is signed by the identity key;
//! how many there are and the hash of the last also lies beside that key. So a line that is changed, taken
//! out, moved or put in is found ([`verify()`] says which), and so is an end that was cut off. What is not
//! found: a log and a head that were both put back to what they once were.
//!
//! **Durability.** When [`AuditLog::append`] returns, the line and then the head are on the disk. A crash
//! between the two leaves a line more than the head knows of; a crash within a line leaves a part of it,
//! which nobody was told of and which the next start takes away.

mod entry;
mod event;
mod head;
mod pages;
mod verify;
mod words;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use self::entry::{Entry, Hash};
pub use self::event::{Accepted, Decision, Ended, Event, Id, Name};
pub use self::pages::LARGEST_PAGE;
pub use self::verify::{Fault, FaultKind, Verified, verify};

use self::head::Head;
use self::pages::PageError;
use self::verify::{Checked, verify_from};
use crate::constitution::Constitution;
use crate::desk::{Consent, ConsentError};
use crate::identity::Identity;
use crate::red_thread::Pass;

/// The log's name in its folder.
const LOG: &str = "audit.log";
/// The head's, beside the key.
const HEAD: &str = head::NAME;

/// Why nothing is written or read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A file cannot be used.
    #[error("the audit log in {} cannot be used: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process appends to it.
    #[error("{} is in use by another process; is janet running already?", path.display())]
    InUse {
        /// The log.
        path: PathBuf,
    },
    /// It is not as she wrote it.
    #[error(
        "the audit log {} is not as Janet wrote it: {fault}; keep it, and move it and {} away together \
         to begin anew",
        path.display(),
        head.display()
    )]
    Fault {
        /// The log.
        path: PathBuf,
        /// The head beside the key.
        head: PathBuf,
        /// Which entry.
        fault: Fault,
    },
    /// A page of it cannot be read.
    #[error("the audit log {} cannot be read near byte {at}; `janet audit verify` says more", path.display())]
    Unreadable {
        /// The log.
        path: PathBuf,
        /// Where.
        at: u64,
    },
    /// The entry itself changes what counts.
    #[error("another constitution is accepted by a consent alone")]
    TakesConsent,
    /// An earlier write failed half way.
    #[error("the audit log {} could not be written to; start Janet anew", path.display())]
    Broken {
        /// The log.
        path: PathBuf,
    },
}

/// Why another constitution does not count.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The consent was for something else.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// It could not be written down.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl AuditError {
    fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            path: path.into(),
            source,
        }
    }
}

/// The log, open for appending. One process has it at a time.
#[derive(Debug)]
pub struct AuditLog {
    folder: PathBuf,
    key_folder: PathBuf,
    identity: Arc<Identity>,
    inner: Mutex<Inner>,
    /// How far it was found whole. Held while it is looked at.
    checked: Mutex<Checked>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    /// Bytes of whole lines.
    length: u64,
    head: Head,
    /// The hash of the text that was accepted last.
    constitution: Option<[u8; 32]>,
    /// What is in the file is not known: a write failed, and so did taking it back.
    broken: bool,
}

impl AuditLog {
    /// Opens the log in `folder`, whose head lies in `key_folder`, after checking it whole.
    pub fn open(
        folder: &Path,
        key_folder: &Path,
        identity: Arc<Identity>,
    ) -> Result<Self, AuditError> {
        let path = folder.join(LOG);
        let io = |source| AuditError::io(&path, source);
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(io)?;
        file.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => AuditError::InUse { path: path.clone() },
            std::fs::TryLockError::Error(source) => io(source),
        })?;
        let head_path = key_folder.join(HEAD);
        let checked = verify_from(folder, key_folder, &identity.public(), Checked::nothing())?;
        let checked = checked.map_err(|fault| AuditError::Fault {
            path: path.clone(),
            head: head_path.clone(),
            fault,
        })?;
        let good = checked.so_far;
        let head = Head {
            count: good.count,
            hash: good.head,
        };
        // Before the first line: from then on a missing head is a fault.
        head.write(&head_path, &identity)
            .map_err(|source| AuditError::io(&head_path, source))?;
        let length = whole(&mut file).map_err(io)?;
        file.set_len(length)
            .and_then(|()| file.sync_all())
            .and_then(|()| File::open(folder)?.sync_all())
            .map_err(io)?;
        Ok(Self {
            folder: folder.into(),
            key_folder: key_folder.into(),
            identity,
            inner: Mutex::new(Inner {
                file,
                length,
                head,
                constitution: good.constitution,
                broken: false,
            }),
            checked: Mutex::new(checked),
        })
    }

    /// Adds an entry. It is on the disk when this returns. After an error it may be there all the same, if
    /// only the head could not be written: what happened twice is better than what never did.
    pub fn append(&self, at_ms: u64, event: &Event) -> Result<Entry, AuditError> {
        if matches!(event, Event::ConstitutionChanged { .. }) {
            return Err(AuditError::TakesConsent);
        }
        self.write(at_ms, event)
    }

    fn write(&self, at_ms: u64, event: &Event) -> Result<Entry, AuditError> {
        let path = self.folder.join(LOG);
        let mut inner = self.lock();
        if inner.broken {
            return Err(AuditError::Broken { path });
        }
        let number = inner.head.count + 1;
        let (line, hash) = entry::write(&self.identity, number, at_ms, inner.head.hash, event);
        let length = inner.length;
        let written = inner
            .file
            .write_all(line.as_bytes())
            .and_then(|()| inner.file.sync_data());
        if let Err(source) = written {
            let back = inner
                .file
                .set_len(length)
                .and_then(|()| inner.file.sync_data());
            inner.broken = back.is_err();
            return Err(AuditError::io(&path, source));
        }
        inner.length += line.len() as u64;
        inner.head = Head {
            count: number,
            hash,
        };
        if let Event::ConstitutionChanged { accepted, .. } = event {
            inner.constitution = Some(*accepted.sha256());
        }
        let head_path = self.key_folder.join(HEAD);
        inner
            .head
            .write(&head_path, &self.identity)
            .map_err(|source| AuditError::io(&head_path, source))?;
        Ok(Entry {
            number,
            at_ms,
            event: event.clone(),
            hash,
        })
    }

    /// How many entries there are, and the hash of the newest.
    pub fn head(&self) -> Verified {
        let inner = self.lock();
        Verified {
            count: inner.head.count,
            head: inner.head.hash,
            constitution: inner.constitution,
        }
    }

    /// The operator has accepted another constitution: from this entry on it counts. Takes a consent to
    /// [`crate::desk::Action::ConstitutionChange`] on [`Constitution::subject`] of its hash.
    pub fn accept_constitution(
        &self,
        pass: &Pass<'_>,
        consent: Consent,
        new: &Constitution,
        at_ms: u64,
    ) -> Result<Entry, AcceptError> {
        let accepted = Accepted::by(pass, consent, new.sha256())?;
        let event = Event::ConstitutionChanged {
            version: new.version(),
            accepted,
        };
        Ok(self.write(at_ms, &event)?)
    }

    /// Up to `limit` entries (at most [`LARGEST_PAGE`]) before that number, the newest first.
    pub fn read(&self, limit: usize, before: Option<u64>) -> Result<Vec<Entry>, AuditError> {
        let length = self.lock().length;
        read(&self.folder, length, limit, before)
    }

    /// Checks the whole log; takes as long as it has entries.
    pub fn verify(&self) -> Result<Result<Verified, Fault>, AuditError> {
        self.check(|_| Checked::nothing())
    }

    /// Checks what was written since it was last found whole, which it was when it was opened; after a fault
    /// the whole log.
    pub fn verify_news(&self) -> Result<Result<Verified, Fault>, AuditError> {
        self.check(|checked| checked)
    }

    fn check(
        &self,
        from: impl FnOnce(Checked) -> Checked,
    ) -> Result<Result<Verified, Fault>, AuditError> {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let before = from(*checked);
        *checked = Checked::nothing();
        let key = self.identity.public();
        let found = verify_from(&self.folder, &self.key_folder, &key, before)?;
        if let Ok(whole) = found {
            *checked = whole;
        }
        Ok(found.map(|whole| whole.so_far))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A page of the log in this folder, for who does not append to it.
pub fn read_page(
    folder: &Path,
    limit: usize,
    before: Option<u64>,
) -> Result<Vec<Entry>, AuditError> {
    let path = folder.join(LOG);
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(AuditError::io(&path, source)),
    };
    let length = whole(&mut file).map_err(|source| AuditError::io(&path, source))?;
    read(folder, length, limit, before)
}

fn read(
    folder: &Path,
    length: u64,
    limit: usize,
    before: Option<u64>,
) -> Result<Vec<Entry>, AuditError> {
    let path = folder.join(LOG);
    let mut file = File::open(&path).map_err(|source| AuditError::io(&path, source))?;
    pages::page(&mut file, length, limit, before).map_err(|error| match error {
        PageError::Io(source) => AuditError::io(&path, source),
        PageError::At(at) => AuditError::Unreadable {
            path: path.clone(),
            at,
        },
    })
}

/// How far the file goes in whole lines.
fn whole(file: &mut File) -> std::io::Result<u64> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let length = file.metadata()?.len();
    let from = length.saturating_sub(entry::LONGEST_LINE as u64);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.take(entry::LONGEST_LINE as u64)
        .read_to_end(&mut tail)?;
    let end = tail.iter().rposition(|&byte| byte == b'\n');
    Ok(end.map_or(from, |end| from + end as u64 + 1))
}

#[cfg(test)]
#[path = "audit_test.rs"]
mod tests;

#[cfg(test)]
#[path = "kill_test.rs"]
mod kill_tests;
