//! Whether something is really gone: looks for it in every file of a folder.

use std::fs;
use std::path::Path;

/// Texts that are looked for at most; of more, the newest are.
pub(crate) const MOST_NEEDLES: usize = 256;
/// Shorter ones are found everywhere and prove nothing.
const SHORTEST: usize = 8;
/// Larger files hold no texts.
const LARGEST_FILE: u64 = 1 << 30;

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
    let needles: Vec<&[u8]> = texts
        .filter(|text| text.len() >= SHORTEST)
        .take(MOST_NEEDLES)
        .collect();
    let mut found = Found::default();
    look(folder, &needles, &mut found);
    found
}

fn look(folder: &Path, needles: &[&[u8]], found: &mut Found) {
    let Ok(entries) = fs::read_dir(folder) else {
        found.files += 1;
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => look(&path, needles, found),
            Ok(metadata) if metadata.is_file() && metadata.len() <= LARGEST_FILE => {
                match fs::read(&path) {
                    Ok(bytes) => {
                        found.bytes += bytes.len() as u64;
                        let holds = |needle: &&[u8]| {
                            bytes.windows(needle.len()).any(|window| window == *needle)
                        };
                        found.files += u64::from(needles.iter().any(holds));
                    }
                    Err(_) => found.files += 1,
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            Found {
                bytes: 34,
                files: 0
            },
            "too short to say anything"
        );
    }
}
