//! Models that somebody put into the store's folder and that no catalogue names: GGUF files, and
//! folders with a Whisper.

use std::fs;
use std::path::{Path, PathBuf};

use super::catalogue::{Catalogue, Role};
use crate::whisper;

/// A model without a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// What it looks like: nobody has opened it.
    pub role: Role,
    /// The GGUF file, or the Whisper's folder.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// Looks into the store's folder and one level below; sorted by path.
pub(super) fn find(store: &Path, catalogue: &Catalogue) -> Vec<Stranger> {
    let mut found = Vec::new();
    for path in entries(store) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || catalogue.find(&name).is_some() {
            continue;
        }
        if path.is_dir() {
            found.extend(whisper(&path));
            found.extend(entries(&path).iter().filter_map(|path| gguf(path)));
        } else {
            found.extend(gguf(&path));
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

fn gguf(path: &Path) -> Option<Stranger> {
    let is_gguf = path.extension()?.eq_ignore_ascii_case("gguf") && path.is_file();
    is_gguf.then_some(Stranger {
        role: Role::Llm,
        path: path.to_path_buf(),
        bytes: fs::metadata(path).ok()?.len(),
    })
}

fn whisper(folder: &Path) -> Option<Stranger> {
    let size = |name| Some(fs::metadata(folder.join(name)).ok()?.len());
    let sizes: Option<Vec<u64>> = whisper::files(folder).ok()?.into_iter().map(size).collect();
    Some(Stranger {
        role: Role::Stt,
        path: folder.to_path_buf(),
        bytes: sizes?.iter().sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_there_without_a_name_is_found_and_what_has_one_is_not() {
        let store = tempfile::tempdir().expect("a temporary folder");
        let put = |path: &str| {
            let path = store.path().join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("writable");
            fs::write(path, "12345").expect("writable");
        };
        for file in [
            "a.gguf",
            "mine/B.GGUF",
            "mine/deeper/c.gguf",
            "whisper-large/model.bin",
            "whisper-large/config.json",
            "whisper-large/tokenizer.json",
            "whisper-small/model.safetensors",
            "whisper-small/config.json",
            "whisper-small/tokenizer.json",
            "half/model.bin",
            ".hidden/d.gguf",
            "smollm2-135m-instruct-q4_1/SmolLM2-135M-Instruct.Q4_1.gguf",
        ] {
            put(file);
        }
        let found = find(store.path(), &Catalogue::builtin());
        let found = found.iter().map(|one| {
            let path = one.path.strip_prefix(store.path()).expect("below it");
            (one.role, path.to_string_lossy(), one.bytes)
        });
        assert_eq!(
            found.collect::<Vec<_>>(),
            [
                (Role::Llm, "a.gguf".into(), 5),
                (Role::Llm, "mine/B.GGUF".into(), 5),
                (Role::Stt, "whisper-large".into(), 15),
                (Role::Stt, "whisper-small".into(), 15)
            ]
        );
    }
}
