//! What the JSON files beside the weights say: tokens never to be chosen, and attention heads.
//!
//! CTranslate2 writes it all into `config.json`. Hugging Face has it in `config.json` and
//! `generation_config.json`, under other names; what the latter says counts.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::ModelError;

/// The settings of both layouts under one set of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    /// Tokens never chosen: symbols that only annotate.
    pub suppressed: Vec<u32>,
    /// Tokens not chosen as the first one either.
    pub suppressed_first: Vec<u32>,
    /// Heads (layer, head) of the decoder whose attention follows the sound; empty: not known.
    pub alignment_heads: Vec<(usize, usize)>,
    /// Attention heads of every layer, where the weights do not say it.
    pub heads: Option<usize>,
    /// Whether the model takes a language and a task, where a file says so.
    pub multilingual: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Config {
    // CTranslate2's names.
    suppress_ids: Option<Vec<i64>>,
    suppress_ids_begin: Option<Vec<i64>>,
    // Hugging Face's.
    suppress_tokens: Option<Vec<i64>>,
    begin_suppress_tokens: Option<Vec<i64>>,
    encoder_attention_heads: Option<usize>,
    is_multilingual: Option<bool>,
    // Of both.
    alignment_heads: Option<Vec<(usize, usize)>>,
}

impl Settings {
    /// Reads `config.json`, which has to be there, and `generation_config.json`, if it is.
    pub(super) fn load(dir: &Path) -> Result<Self, ModelError> {
        let config: Config = read(&dir.join("config.json"))?;
        let path = dir.join("generation_config.json");
        let generation: Config = if path.exists() {
            read(&path)?
        } else {
            Config::default()
        };
        // −1 stands for "the default ones" in some files; a token it is not.
        let tokens = |ids: Option<Vec<i64>>| {
            let ids = ids.unwrap_or_default().into_iter();
            ids.filter_map(|id| u32::try_from(id).ok()).collect()
        };
        let suppressed = generation.suppress_tokens.or(config.suppress_tokens);
        let first = generation.begin_suppress_tokens;
        let first = first.or(config.begin_suppress_tokens);
        let heads = generation.alignment_heads.or(config.alignment_heads);
        Ok(Self {
            suppressed: tokens(config.suppress_ids.or(suppressed)),
            suppressed_first: tokens(config.suppress_ids_begin.or(first)),
            alignment_heads: heads.unwrap_or_default(),
            heads: config.encoder_attention_heads,
            multilingual: generation.is_multilingual.or(config.is_multilingual),
        })
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ModelError> {
    let bytes = fs::read(path).map_err(|source| ModelError::Read {
        path: path.to_path_buf(),
        source,
    })?;
    serde_json::from_slice(&bytes).map_err(|e| ModelError::Format {
        path: path.to_path_buf(),
        reason: e.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(files: &[(&str, &str)]) -> Result<Settings, ModelError> {
        let dir = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(dir.path().join(name), text).expect("the folder is writable");
        }
        Settings::load(dir.path())
    }

    #[test]
    fn both_layouts_say_the_same_under_their_own_names() {
        let ct2 =
            r#"{"suppress_ids": [1, 2], "suppress_ids_begin": [220], "alignment_heads": [[3, 1]]}"#;
        let hf = r#"{"suppress_tokens": [-1, 1, 2], "begin_suppress_tokens": [220]}"#;
        let generation = r#"{"alignment_heads": [[3, 1]]}"#;
        let ct2 = load(&[("config.json", ct2)]).expect("fine");
        let hf = [("config.json", hf), ("generation_config.json", generation)];
        assert_eq!(ct2, load(&hf).expect("fine"));
        assert_eq!(ct2.alignment_heads, [(3, 1)]);
    }

    #[test]
    fn a_file_that_is_no_json_is_named() {
        let error = load(&[("config.json", "{}"), ("generation_config.json", "?")]);
        let error = error.expect_err("no JSON").to_string();
        assert!(error.contains("generation_config.json"), "{error}");
    }
}
