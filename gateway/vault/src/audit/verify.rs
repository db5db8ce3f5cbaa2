//! Checks the whole log, line by line in little memory, and says which entry is not as it was written.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::entry::{Hash, LONGEST_LINE, Line};
use super::head::{Found, Head};
use super::{AuditError, HEAD, LOG};
use crate::identity::PublicKey;

/// What a good log amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Entries.
    pub count: u64,
    /// The hash of the newest; zeros if there is none.
    pub head: Hash,
    /// The hash of the constitution that was accepted last; none: no other than the pinned one.
    pub constitution: Option<[u8; 32]>,
}

/// How far a log was checked: so many bytes of whole lines, which amount to this.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checked {
    length: u64,
    pub(super) so_far: Verified,
}

impl Checked {
    /// Nothing was.
    pub(super) const fn nothing() -> Self {
        Self {
            length: 0,
            so_far: Verified::none(),
        }
    }
}

/// Which entry is wrong, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The first entry that is not there or not as it was.
    pub entry: u64,
    /// What happened to it.
    pub kind: FaultKind,
}

/// What can have happened to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A byte of it is another.
    Changed,
    /// It is whole, but this Janet did not sign it.
    OtherKey,
    /// It is gone, and so are those up to this one.
    Removed {
        /// The last that is gone.
        until: u64,
    },
    /// Another stands in its place; it comes later, or came before.
    Reordered,
    /// It was written by her, after another entry than the one before it: parts of two logs.
    Foreign,
    /// The log ends before it, and there were so many.
    Cut {
        /// As many as the head beside the key knows of.
        of: u64,
    },
    /// The head beside the key is missing, though there is a log.
    HeadMissing,
    /// The head beside the key is not as she wrote it, or is another log's.
    HeadChanged,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.entry;
        match self.kind {
            FaultKind::Changed => write!(f, "entry {n} was changed"),
            FaultKind::OtherKey => write!(f, "entry {n} is not signed by this Janet"),
            FaultKind::Removed { until } if until == n => write!(f, "entry {n} was removed"),
            FaultKind::Removed { until } => write!(f, "entries {n} to {until} were removed"),
            FaultKind::Reordered => write!(f, "entry {n} is not in its place"),
            FaultKind::Foreign => write!(f, "entry {n} does not follow the one before it"),
            FaultKind::Cut { of } => write!(f, "the log ends before entry {n}; there were {of}"),
            FaultKind::HeadMissing => {
                write!(
                    f,
                    "{HEAD} is missing beside the identity key: what was cut off cannot be told"
                )
            }
            FaultKind::HeadChanged => write!(f, "{HEAD} is not what this Janet wrote for this log"),
        }
    }
}

/// Checks the log in `folder` against the head in `key_folder` (one being written beside it included: what
/// is not whole yet is not acknowledged yet).
pub fn verify(
    folder: &Path,
    key_folder: &Path,
    key: &PublicKey,
) -> Result<Result<Verified, Fault>, AuditError> {
    let checked = verify_from(folder, key_folder, key, Checked::nothing())?;
    Ok(checked.map(|checked| checked.so_far))
}

/// The same of what comes behind what was checked before.
pub(super) fn verify_from(
    folder: &Path,
    key_folder: &Path,
    key: &PublicKey,
    before: Checked,
) -> Result<Result<Checked, Fault>, AuditError> {
    // The head first: what is appended meanwhile only makes the log longer.
    let path = key_folder.join(HEAD);
    let head = Head::read(&path, key).map_err(|source| AuditError::io(&path, source))?;
    let path = folder.join(LOG);
    let io = |source| AuditError::io(&path, source);
    let file = match File::open(&path) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(source) => return Err(io(source)),
    };
    let length = match &file {
        Some(file) => file.metadata().map_err(io)?.len(),
        None => 0,
    };
    let head = match head {
        Found::Head(head) => head,
        Found::Nothing if length == 0 => Head::default(),
        found => {
            let kind = if found == Found::Nothing {
                FaultKind::HeadMissing
            } else {
                FaultKind::HeadChanged
            };
            return Ok(Err(Fault { entry: 0, kind }));
        }
    };
    let Some(file) = file else {
        return Ok(ends(Checked::nothing(), head));
    };
    // A log that has become shorter is another one.
    let before = match length < before.length {
        true => Checked::nothing(),
        false => before,
    };
    check(&file, length, key, head, before).map_err(io)
}

impl Verified {
    const fn none() -> Self {
        Self {
            count: 0,
            head: [0; 32],
            constitution: None,
        }
    }
}

fn check(
    file: &File,
    length: u64,
    key: &PublicKey,
    head: Head,
    before: Checked,
) -> std::io::Result<Result<Checked, Fault>> {
    let mut lines = Lines::new(file, before.length, length)?;
    let mut so_far = before.so_far;
    let mut whole = before.length;
    if head.count > 0 && head.count == so_far.count && head.hash != so_far.head {
        let kind = FaultKind::HeadChanged;
        let entry = so_far.count;
        return Ok(Err(Fault { entry, kind }));
    }
    while let Some(line) = lines.next()? {
        let entry = so_far.count + 1;
        let fault = |kind| Ok(Err(Fault { entry, kind }));
        whole += line.len() as u64 + 1;
        let Some((line, body)) = Line::read(line).and_then(|line| {
            let body = line.place()?;
            Some((line, body))
        }) else {
            return fault(FaultKind::Changed);
        };
        if !line.is_of(key) {
            return fault(FaultKind::OtherKey);
        }
        if body.n != entry {
            if body.n < entry || stands_later(lines, entry)? {
                return fault(FaultKind::Reordered);
            }
            return fault(FaultKind::Removed { until: body.n - 1 });
        }
        if body.prev != so_far.head {
            return fault(FaultKind::Foreign);
        }
        so_far = Verified {
            count: entry,
            head: line.hash,
            constitution: line.constitution().or(so_far.constitution),
        };
        if head.count == entry && head.hash != line.hash {
            let kind = FaultKind::HeadChanged;
            return Ok(Err(Fault { entry, kind }));
        }
    }
    let length = whole;
    Ok(ends(Checked { length, so_far }, head))
}

/// Whether there is what the head knows of.
const fn ends(checked: Checked, head: Head) -> Result<Checked, Fault> {
    let count = checked.so_far.count;
    if count < head.count {
        return Err(Fault {
            entry: count + 1,
            kind: FaultKind::Cut { of: head.count },
        });
    }
    Ok(checked)
}

/// Whether an entry that is missed comes behind.
fn stands_later(mut lines: Lines<'_>, entry: u64) -> std::io::Result<bool> {
    while let Some(line) = lines.next()? {
        let body = Line::read(line).and_then(|line| line.place());
        if body.is_some_and(|body| body.n == entry) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The whole lines of a file, from one place up to another, one at a time; a longer one than there can be is given cut.
struct Lines<'a> {
    from: std::io::Take<BufReader<&'a File>>,
    line: Vec<u8>,
}

impl<'a> Lines<'a> {
    fn new(file: &'a File, start: u64, length: u64) -> std::io::Result<Self> {
        let mut from = BufReader::new(file);
        from.seek(SeekFrom::Start(start))?;
        Ok(Self {
            from: from.take(length.saturating_sub(start)),
            line: Vec::with_capacity(LONGEST_LINE),
        })
    }

    /// Without its end; a last line that has none is not whole.
    fn next(&mut self) -> std::io::Result<Option<&[u8]>> {
        self.line.clear();
        let limit = LONGEST_LINE as u64;
        (&mut self.from)
            .take(limit)
            .read_until(b'\n', &mut self.line)?;
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
            return Ok(Some(&self.line));
        }
        // Too long for one of hers: it is no entry, wherever it ends.
        Ok((self.line.len() == LONGEST_LINE).then_some(&self.line))
    }
}
