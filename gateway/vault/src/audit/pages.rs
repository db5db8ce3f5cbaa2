//! Reads the log backwards in pages, without an index: entries are numbered, so their places are found by
//! halving.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use super::Entry;
use super::entry::{LONGEST_LINE, Line};

/// The most entries of a page.
pub const LARGEST_PAGE: usize = 200;

/// Why a page cannot be given.
pub(super) enum PageError {
    Io(std::io::Error),
    /// An entry near this byte cannot be read.
    At(u64),
}

impl From<std::io::Error> for PageError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// Up to `limit` entries with numbers below `before`, the newest first. The first `length` bytes of the file
/// are whole lines.
pub(super) fn page(
    file: &mut File,
    length: u64,
    limit: usize,
    before: Option<u64>,
) -> Result<Vec<Entry>, PageError> {
    let mut end = match before {
        Some(before) => start_of(file, length, before)?,
        None => length,
    };
    let mut entries = Vec::new();
    while end > 0 && entries.len() < limit.min(LARGEST_PAGE) {
        let (start, entry) = last_before(file, end)?;
        entries.push(entry);
        end = start;
    }
    Ok(entries)
}

/// Where the first entry begins whose number is not below this one.
fn start_of(file: &mut File, length: u64, number: u64) -> Result<u64, PageError> {
    // Invariant: what begins below `low` is below `number`, what begins at `high` or later is not.
    let (mut low, mut high) = (0, length);
    while low < high {
        let middle = low + (high - low) / 2;
        let end = line_end(file, middle, length)?;
        let (start, entry) = last_before(file, end)?;
        if entry.number < number {
            low = end;
        } else {
            high = start;
        }
    }
    Ok(low)
}

/// The end of the line that this byte is in.
fn line_end(file: &mut File, at: u64, length: u64) -> Result<u64, PageError> {
    let bytes = read(file, at, length.min(at + LONGEST_LINE as u64))?;
    let end = bytes.iter().position(|&byte| byte == b'\n');
    end.map(|end| at + end as u64 + 1).ok_or(PageError::At(at))
}

/// The line that ends here, and where it begins.
fn last_before(file: &mut File, end: u64) -> Result<(u64, Entry), PageError> {
    let from = end.saturating_sub(LONGEST_LINE as u64 + 1);
    let bytes = read(file, from, end)?;
    let wrong = || PageError::At(end);
    let text = bytes.strip_suffix(b"\n").ok_or_else(wrong)?;
    let start = match text.iter().rposition(|&byte| byte == b'\n') {
        Some(before) => before + 1,
        None if from == 0 => 0,
        None => return Err(wrong()),
    };
    let entry = Line::read(&text[start..])
        .and_then(|line| line.entry())
        .ok_or_else(wrong)?;
    Ok((from + start as u64, entry))
}

fn read(file: &mut File, from: u64, until: u64) -> std::io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(from))?;
    let length = usize::try_from(until - from).expect("a line's length");
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}
