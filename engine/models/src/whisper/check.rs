//! Whether a folder holds a Whisper that can be loaded, told before anything is.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::ModelError;

/// What [`super::Whisper::load`] reads.
const FILES: [&str; 3] = ["model.bin", "config.json", "tokenizer.json"];
/// Files of the same models in formats that are not read here.
const OTHERS: [&str; 3] = ["model.safetensors", "pytorch_model.bin", "ggml-model.bin"];
/// The file's version, and the length and text of its specification's name.
const HEAD: &[u8] = b"\x06\x00\x00\x00\x0c\x00WhisperSpec\x00";

/// Says what keeps a folder from being loaded as a CTranslate2 Whisper: no such folder, a file that
/// is missing, another format, another model. Weights are not looked at.
pub fn check(dir: &Path) -> Result<(), ModelError> {
    let wrong = |reason: String| {
        Err(ModelError::Format {
            path: dir.to_path_buf(),
            reason,
        })
    };
    if !dir.is_dir() {
        return wrong("there is no such folder; a Whisper is a folder with model.bin".to_owned());
    }
    if let Some(missing) = FILES.iter().find(|name| !dir.join(name).is_file()) {
        let other = OTHERS.iter().find(|name| dir.join(name).is_file());
        return wrong(match (*missing, other) {
            ("model.bin", Some(other)) => format!(
                "holds {other}, which is another format; `ct2-transformers-converter` makes the \
                 model.bin that is needed"
            ),
            ("tokenizer.json", _) => {
                "has no tokenizer.json; the one of the same Whisper from its publisher fits"
                    .to_owned()
            }
            (missing, _) => format!("has no {missing}; needed are {}", FILES.join(", ")),
        });
    }
    let path = dir.join("model.bin");
    let mut head = Vec::new();
    File::open(&path)
        .and_then(|file| file.take(HEAD.len() as u64).read_to_end(&mut head))
        .map_err(|source| ModelError::Read {
            path: path.clone(),
            source,
        })?;
    if head != HEAD {
        return wrong("its model.bin is not a Whisper of CTranslate2 (file version 6)".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_folder_is_said() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let put = |name: &str, bytes: &[u8]| {
            std::fs::write(folder.path().join(name), bytes).expect("it is writable");
        };
        let refusal = || {
            let error = check(folder.path()).expect_err("it is refused");
            error.to_string()
        };
        let nowhere = check(&folder.path().join("nowhere")).expect_err("nothing is there");
        assert!(nowhere.to_string().contains("no such folder"), "{nowhere}");
        assert!(refusal().contains("has no model.bin"), "{}", refusal());
        put("model.safetensors", b"x");
        assert!(
            refusal().contains("ct2-transformers-converter"),
            "{}",
            refusal()
        );
        put("model.bin", b"\x06\x00\x00\x00\x0f\x00TransformerSpec\x00");
        put("config.json", b"{}");
        assert!(refusal().contains("no tokenizer.json"), "{}", refusal());
        put("tokenizer.json", b"{}");
        assert!(refusal().contains("not a Whisper"), "{}", refusal());
        put("model.bin", HEAD);
        check(folder.path()).expect("nothing more is looked at");
    }
}
