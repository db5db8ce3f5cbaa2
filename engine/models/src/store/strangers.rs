//! Models that somebody put into the store's folder and that no catalogue names: GGUF files, and
//! folders with a Whisper.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::catalogue::{Catalogue, Role};
use crate::whisper;

/// As much of a `config.json` is read; a Whisper's has a few thousand bytes.
const LONGEST_CONFIG: u64 = 1 << 20;

/// A model without a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// What it looks like by its names and heads: nobody has loaded it.
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
    // Any model of Hugging Face's has files of these names.
    whisper::check(folder)
        .ok()
        .filter(|()| is_called_whisper(folder))?;
    let size = |name| Some(fs::metadata(folder.join(name)).ok()?.len());
    let sizes: Option<Vec<u64>> = whisper::files(folder).ok()?.into_iter().map(size).collect();
    Some(Stranger {
        role: Role::Stt,
        path: folder.to_path_buf(),
        bytes: sizes?.iter().sum(),
    })
}

#[derive(serde::Deserialize)]
struct Config {
    model_type: Option<String>,
}

/// Whether `config.json` says so. CTranslate2's names no family, its weights do.
fn is_called_whisper(folder: &Path) -> bool {
    let mut text = Vec::new();
    let read = File::open(folder.join("config.json"))
        .and_then(|file| file.take(LONGEST_CONFIG).read_to_end(&mut text));
    let config = read
        .ok()
        .and_then(|_| serde_json::from_slice::<Config>(&text).ok());
    config.is_some_and(|config| config.model_type.is_none_or(|family| family == "whisper"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file's version, and the length and text of its specification's name.
    const CT2: &[u8] = b"\x06\0\0\0\x0c\0WhisperSpec\0";

    /// The head of a safetensors file with a tensor of this name.
    fn safetensors(tensor: &str) -> Vec<u8> {
        let head = format!(r#"{{"{tensor}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}}}"#);
        let length = head.len() as u64;
        [&length.to_le_bytes()[..], head.as_bytes()].concat()
    }

    #[test]
    fn only_a_whisper_is_taken_for_one() {
        let store = tempfile::tempdir().expect("a temporary folder");
        let first = safetensors("model.encoder.conv1.weight");
        let bert = safetensors("bert.embeddings");
        let folders: [(&str, &str, &[u8], &str); 6] = [
            ("ct2", "model.bin", CT2, "{}"),
            (
                "hf",
                "model.safetensors",
                &first,
                r#"{"model_type": "whisper"}"#,
            ),
            (
                "bert",
                "model.safetensors",
                &bert,
                r#"{"model_type": "bert"}"#,
            ),
            // Another family that begins alike.
            (
                "moonshine",
                "model.safetensors",
                &first,
                r#"{"model_type": "moonshine"}"#,
            ),
            ("nothing", "model.safetensors", &first, "[]"),
            (
                "translator",
                "model.bin",
                b"\x06\0\0\0\x10\0TransformerSpec\0",
                "{}",
            ),
        ];
        for (name, weights, head, config) in folders {
            let folder = store.path().join(name);
            fs::create_dir(&folder).expect("writable");
            fs::write(folder.join(weights), head).expect("writable");
            fs::write(folder.join("config.json"), config).expect("writable");
            fs::write(folder.join("tokenizer.json"), "{}").expect("writable");
        }
        let found = find(store.path(), &Catalogue::builtin());
        let names = found.iter().map(|one| one.path.file_name());
        let names: Vec<_> = names.map(|name| name.expect("it has one")).collect();
        assert_eq!(names, ["ct2", "hf"]);
    }

    #[test]
    fn what_lies_there_without_a_name_is_found_and_what_has_one_is_not() {
        let store = tempfile::tempdir().expect("a temporary folder");
        let put = |path: &str| {
            let path = store.path().join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("writable");
            let bytes: &[u8] = match path.file_name().and_then(|name| name.to_str()) {
                Some("model.bin") => CT2,
                Some("config.json") => b"{}",
                _ => b"12345",
            };
            fs::write(path, bytes).expect("writable");
        };
        for file in [
            "a.gguf",
            "mine/B.GGUF",
            "mine/deeper/c.gguf",
            "whisper-large/model.bin",
            "whisper-large/config.json",
            "whisper-large/tokenizer.json",
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
                (Role::Stt, "whisper-large".into(), CT2.len() as u64 + 7)
            ]
        );
    }
}
