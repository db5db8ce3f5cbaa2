//! Whether a folder holds a Whisper that can be loaded, told before anything is.

use std::path::Path;

use super::settings::Settings;
use super::vocabulary::Vocabulary;
use super::weights::{self, WeightsFile};
use crate::ModelError;

/// Files of the same models in formats that are not read here.
const OTHERS: [&str; 2] = ["pytorch_model.bin", "ggml-model.bin"];

/// Says what keeps a folder from being loaded as a Whisper of CTranslate2's or Hugging Face's
/// layout: no such folder, a file that is missing, another format, another model. Weights are not
/// looked at.
pub fn check(dir: &Path) -> Result<(), ModelError> {
    let wrong = |reason: String| ModelError::Format {
        path: dir.to_path_buf(),
        reason,
    };
    if !dir.is_dir() {
        let needed = "there is no such folder; a Whisper is a folder with model.bin or \
                      model.safetensors";
        return Err(wrong(needed.to_owned()));
    }
    let files = weights::files(dir).map_err(|reason| {
        let other = OTHERS.iter().find(|name| dir.join(name).is_file());
        wrong(match other {
            Some(other) => format!(
                "holds {other}, which is another format; model.safetensors from the model's \
                 publisher fits, or the model.bin that `ct2-transformers-converter` makes"
            ),
            None => reason,
        })
    })?;
    match files.iter().find(|name| !dir.join(name).is_file()) {
        None => WeightsFile::check(dir, files[0]),
        Some(&"tokenizer.json") => Err(wrong(
            "has no tokenizer.json; the one of the same Whisper from its publisher fits".to_owned(),
        )),
        Some(missing) => Err(wrong(format!(
            "has no {missing}; needed are {}",
            files.join(", ")
        ))),
    }
}

/// Languages that every Whisper hears.
const ALWAYS: [&str; 2] = ["auto", "en"];

/// Says what keeps the Whisper in a folder from hearing in the language of this name, as
/// [`Whisper::language`](super::Whisper::language) will. Of its weights only the shapes count.
pub fn check_language(dir: &Path, name: &str) -> Result<(), ModelError> {
    // Files are read for a name that may be wrong only.
    if ALWAYS.contains(&name) {
        return Ok(());
    }
    let settings = Settings::load(dir)?;
    let dims = WeightsFile::open(dir)?.dims(&settings)?;
    let vocabulary = Vocabulary::load(dir, dims.vocabulary, &settings)?;
    vocabulary.language(name).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file's version, and the length and text of its specification's name.
    const CT2: &[u8] = b"\x06\x00\x00\x00\x0c\x00WhisperSpec\x00";

    /// The head of a safetensors file with a tensor of this name.
    fn safetensors(tensor: &str) -> Vec<u8> {
        let head = format!(r#"{{"{tensor}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}}}"#);
        let length = head.len() as u64;
        [&length.to_le_bytes()[..], head.as_bytes()].concat()
    }

    #[test]
    fn what_is_wrong_with_a_folder_is_said() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let put = |name: &str, bytes: &[u8]| {
            std::fs::write(folder.path().join(name), bytes).expect("it is writable");
        };
        let refused = |because: &str| {
            let error = check(folder.path()).expect_err("it is refused").to_string();
            assert!(error.contains(because), "{error}");
        };
        let nowhere = check(&folder.path().join("nowhere")).expect_err("nothing is there");
        assert!(nowhere.to_string().contains("no such folder"), "{nowhere}");
        refused("neither model.bin (CTranslate2) nor model.safetensors");
        put("pytorch_model.bin", b"x");
        refused("model.safetensors from the model's publisher fits");
        put("model.safetensors", b"x");
        refused("has no config.json");
        put("config.json", b"{}");
        refused("no tokenizer.json");
        put("tokenizer.json", b"{}");
        refused("is no safetensors file");
        put("model.safetensors", &safetensors("bert.embeddings"));
        refused("not a Whisper");
        for prefix in ["", "model."] {
            let tensor = format!("{prefix}encoder.conv1.weight");
            put("model.safetensors", &safetensors(&tensor));
            check(folder.path()).expect("nothing more is looked at");
        }
        // Where both are there, this one is loaded.
        put("model.bin", b"\x06\x00\x00\x00\x0f\x00TransformerSpec\x00");
        refused("not a Whisper");
        put("model.bin", CT2);
        check(folder.path()).expect("nothing more is looked at");
    }
}
