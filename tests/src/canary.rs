//! Looks for planted words wherever a process could have left them: below a folder, and in its memory.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// So much of a process's memory is looked at at once.
const CHUNK: usize = 4 << 20;
/// So much of one look is looked at again in the next: longer than any needle.
const OVERLAP: u64 = 256;

/// Words that no program writes by itself: behind `what`, random letters.
pub fn planted(what: &str) -> String {
    let letters = std::iter::repeat_with(fastrand::alphabetic).take(24);
    format!("{what} {}", letters.collect::<String>())
}

/// The needle in UTF-8, in UTF-16 and inside of base64, wherever in a group of three it begins there.
fn spellings(needle: &str) -> Vec<Vec<u8>> {
    let mut all = vec![
        needle.as_bytes().to_vec(),
        needle.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    ];
    for shift in 0..3 {
        let text = STANDARD.encode([&b"   "[..shift], needle.as_bytes()].concat());
        // Its ends depend on what stands beside it.
        all.push(text.as_bytes()[4..text.len() - 4].to_vec());
    }
    all
}

/// Whether the part stands in these bytes. By Horspool: logs and memory are long, and searched often.
fn has(bytes: &[u8], part: &[u8]) -> bool {
    let Some((end, start)) = part.split_last() else {
        return true;
    };
    let mut skips = [part.len(); 256];
    for (at, byte) in start.iter().enumerate() {
        skips[usize::from(*byte)] = start.len() - at;
    }
    let mut at = 0;
    while let Some(here) = bytes.get(at..at + part.len()) {
        let last = here[start.len()];
        if last == *end && here.starts_with(start) {
            return true;
        }
        at += skips[usize::from(last)];
    }
    false
}

/// Whether these bytes hold the needle, in any spelling.
pub fn is_in(needle: &str, bytes: &[u8]) -> bool {
    spellings(needle).iter().any(|part| has(bytes, part))
}

/// Files below `folder` that hold the needle, in any spelling.
pub fn holding(folder: &Path, needle: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(holding(&path, needle));
        } else if is_in(needle, &fs::read(&path).expect("a file of ours")) {
            found.push(path);
        }
    }
    found
}

/// How many of the process's mappings hold the needle; `None`: this user may not look, which is told, and
/// which fails where nobody reads what is told (`CI` is set).
pub fn in_memory(pid: u32, needle: &str) -> Option<usize> {
    let memory = File::open(format!("/proc/{pid}/mem"));
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"));
    let (Ok(mut memory), Ok(maps)) = (memory, maps) else {
        let why = "this user may not look into the server's memory (run the tests as root)";
        assert!(std::env::var_os("CI").is_none(), "{why}");
        println!("SKIPPED: {why}");
        return None;
    };
    // Weights are mapped from files, and nobody writes into them.
    let written = maps.lines().filter_map(|line| {
        let (range, rest) = line.split_once(' ')?;
        rest.starts_with("rw").then_some(range)
    });
    Some(
        written
            .filter(|range| holds(&mut memory, range, needle))
            .count(),
    )
}

fn holds(memory: &mut File, range: &str, needle: &str) -> bool {
    let (start, end) = range.split_once('-').expect("from - to");
    let number = |text| u64::from_str_radix(text, 16).expect("hexadecimal");
    let (mut at, end) = (number(start), number(end));
    let mut bytes = vec![0; CHUNK];
    while at < end {
        let wanted = usize::try_from(end - at).expect("fits").min(CHUNK);
        memory.seek(SeekFrom::Start(at)).expect("an address");
        // It may have been given back meanwhile.
        if memory.read_exact(&mut bytes[..wanted]).is_err() {
            return false;
        }
        if has(&bytes[..wanted], needle.as_bytes()) {
            return true;
        }
        at += match wanted {
            CHUNK => CHUNK as u64 - OVERLAP,
            rest => rest as u64,
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_every_spelling_and_wherever_it_stands() {
        let word = planted("word");
        let wide =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        for before in ["", "a", "ab", "abc"] {
            let text = format!("{before}{word} and more");
            assert!(is_in(&word, text.as_bytes()));
            assert!(is_in(&word, &wide(&text)));
            assert!(
                is_in(&word, STANDARD.encode(&text).as_bytes()),
                "{before:?}"
            );
        }
        assert!(!is_in(&word, planted("word").as_bytes()));
    }
}
