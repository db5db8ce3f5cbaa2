//! Whether something is really gone: looks for it in every file of a folder.
//!
//! Files are read once, a window at a time, whatever they are as long as: for each byte the eight behind it are
//! looked up among the beginnings of the texts.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// Texts that are looked for at most; of more, the newest are.
pub(crate) const MOST_NEEDLES: usize = 256;
/// Shorter ones are found everywhere and prove nothing.
const SHORTEST: usize = 8;
/// Bytes that are read at a time.
const WINDOW: usize = 1 << 20;
/// Bytes of a text that are looked for; more of it adds nothing.
const LONGEST: usize = 4096;

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Bytes that were looked at.
    pub(crate) bytes: u64,
    /// Files that still hold one of the texts.
    pub(crate) files: u64,
}

/// Looks for these texts in every file below this folder. One that cannot be read counts as one that
/// holds them: what was not looked at proves nothing.
pub(crate) fn search<'a>(folder: &Path, texts: impl Iterator<Item = &'a [u8]>) -> Found {
    let needles = Needles::new(texts);
    let mut found = Found::default();
    if needles.longest == 0 {
        // Nothing can be found.
        return found;
    }
    look(folder, &needles, &mut found);
    found
}

/// Texts by how they begin.
struct Needles<'a> {
    by_beginning: HashMap<[u8; SHORTEST], Vec<&'a [u8]>>,
    /// Which first two bytes there are: most bytes of a file begin nothing.
    begins: Vec<bool>,
    longest: usize,
}

impl<'a> Needles<'a> {
    fn new(texts: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut needles = Self {
            by_beginning: HashMap::new(),
            begins: vec![false; 1 << 16],
            longest: 0,
        };
        let long = texts.filter(|text| text.len() >= SHORTEST);
        for text in long.take(MOST_NEEDLES) {
            let text = &text[..text.len().min(LONGEST)];
            let Some(beginning) = text.first_chunk::<SHORTEST>() else {
                continue;
            };
            needles.begins[first_two(text)] = true;
            needles.longest = needles.longest.max(text.len());
            let alike = needles.by_beginning.entry(*beginning).or_default();
            alike.push(text);
        }
        needles
    }

    /// Whether one of them lies in these bytes, whole.
    fn are_in(&self, bytes: &[u8]) -> bool {
        bytes.windows(SHORTEST).enumerate().any(|(at, eight)| {
            self.begins[first_two(eight)]
                && eight.first_chunk().is_some_and(|eight| {
                    let alike = self.by_beginning.get(eight);
                    alike
                        .is_some_and(|alike| alike.iter().any(|text| bytes[at..].starts_with(text)))
                })
        })
    }
}

fn first_two(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

fn look(folder: &Path, needles: &Needles<'_>, found: &mut Found) {
    let Ok(entries) = fs::read_dir(folder) else {
        found.files += 1;
        return;
    };
    for entry in entries {
        let Ok((path, metadata)) = entry.and_then(|it| Ok((it.path(), it.metadata()?))) else {
            found.files += 1;
            continue;
        };
        if metadata.is_dir() {
            look(&path, needles, found);
        } else if metadata.is_file() {
            let holds = File::open(&path).and_then(|file| holds(file, needles, &mut found.bytes));
            found.files += u64::from(holds.unwrap_or(true));
        }
    }
}

/// Whether a file holds one of them; counts what was read of it.
fn holds(mut file: impl Read, needles: &Needles<'_>, read: &mut u64) -> std::io::Result<bool> {
    let overlap = needles.longest.saturating_sub(1);
    let mut window = vec![0; WINDOW + overlap];
    // What may be the beginning of a text that goes on in the next window.
    let mut kept = 0;
    let mut holds = false;
    loop {
        let more = file.read(&mut window[kept..])?;
        *read += more as u64;
        if more == 0 {
            return Ok(holds);
        }
        let end = kept + more;
        holds |= needles.are_in(&window[..end]);
        let rest = end.saturating_sub(overlap);
        window.copy_within(rest..end, 0);
        kept = end - rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte at a time, or as many as there is room for.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let room = into.len().min(self.1);
            self.0.read(&mut into[..room])
        }
    }

    #[test]
    fn what_lies_across_two_windows_is_found_and_a_large_file_takes_a_window_of_memory() {
        let text = b"the tea is green and the cup is blue";
        let mut bytes = vec![b't'; 3 * WINDOW];
        for at in [
            0,
            WINDOW - 5,
            WINDOW,
            2 * WINDOW + 17,
            3 * WINDOW - text.len(),
        ] {
            let before = bytes.clone();
            bytes[at..at + text.len()].copy_from_slice(text);
            for step in [WINDOW * 8, 1 << 16, 4097] {
                let needles = Needles::new([&text[..], b"the tea is black"].into_iter());
                let mut read = 0;
                let found = holds(Slow(&bytes, step), &needles, &mut read).expect("bytes");
                assert!(found, "{at} {step}");
                assert_eq!(read, bytes.len() as u64);
                let other = Needles::new([&b"the tea is black"[..]].into_iter());
                let found = holds(Slow(&bytes, step), &other, &mut read).expect("bytes");
                assert!(!found, "{at} {step}");
            }
            bytes = before;
        }
    }

    #[test]
    fn what_lies_anywhere_is_found_and_what_does_not_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let below = folder.path().join("below");
        fs::create_dir(&below).expect("a folder");
        fs::write(folder.path().join("a"), b"nothing here").expect("a file");
        fs::write(below.join("b"), b"...the tea is green...").expect("a file");
        let all = |text: &'static [u8]| search(folder.path(), std::iter::once(text));
        assert_eq!(
            all(b"tea is green"),
            Found {
                bytes: 34,
                files: 1
            }
        );
        assert_eq!(
            all(b"tea is black"),
            Found {
                bytes: 34,
                files: 0
            }
        );
        assert_eq!(
            all(b"the"),
            Found::default(),
            "too short to say anything: nothing is read for it"
        );
    }
}
