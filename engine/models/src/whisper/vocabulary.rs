//! The tokens of a Whisper model: its special ones by name, and text from the rest.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use tokenizers::Tokenizer;

use crate::ModelError;

/// Token ids by their meaning, and the way back to text.
pub(super) struct Vocabulary {
    tokenizer: Tokenizer,
    /// What the decoder begins with: start, and for multilingual models language and task.
    pub prompt: Vec<u32>,
    /// Ends a text; every id above it is special too.
    pub end: u32,
    /// Stands for "nobody speaks here".
    pub no_speech: Option<u32>,
    /// Never chosen: symbols that only annotate.
    pub suppressed: Vec<u32>,
    /// Not chosen as the first token either.
    pub suppressed_first: Vec<u32>,
}

/// The part of `config.json` that matters here.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Config {
    suppress_ids: Vec<u32>,
    suppress_ids_begin: Vec<u32>,
}

impl std::fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vocabulary(prompt {:?}, end {})", self.prompt, self.end)
    }
}

impl Vocabulary {
    /// Reads `tokenizer.json` and `config.json` of a folder whose model has `rows` tokens.
    pub(super) fn load(dir: &Path, rows: usize) -> Result<Self, ModelError> {
        let path = dir.join("tokenizer.json");
        let bad = |reason: String| ModelError::Format {
            path: path.clone(),
            reason,
        };
        let bytes = read(&path)?;
        let tokenizer = Tokenizer::from_bytes(&bytes).map_err(|e| bad(e.to_string()))?;
        let find = |name: &str| tokenizer.token_to_id(name);
        let need = |name: &str| find(name).ok_or_else(|| bad(format!("has no token {name}")));
        let end = need("<|endoftext|>")?;
        let start = need("<|startoftranscript|>")?;
        let plain = need("<|notimestamps|>")?;
        // English-only models have 51,864 tokens and take neither language nor task.
        let prompt = if rows >= 51_865 {
            vec![start, need("<|en|>")?, need("<|transcribe|>")?, plain]
        } else {
            vec![start, plain]
        };
        if let Some(id) = prompt.iter().find(|id| **id as usize >= rows) {
            return Err(bad(format!("token {id} lies outside the model's {rows}")));
        }
        let config_path = dir.join("config.json");
        let config: Config =
            serde_json::from_slice(&read(&config_path)?).map_err(|e| ModelError::Format {
                path: config_path,
                reason: e.to_string(),
            })?;
        Ok(Self {
            prompt,
            end,
            no_speech: find("<|nospeech|>").or_else(|| find("<|nocaptions|>")),
            suppressed: config.suppress_ids,
            suppressed_first: config.suppress_ids_begin,
            tokenizer,
        })
    }

    /// The text of tokens, special ones left out.
    pub(super) fn text(&self, tokens: &[u32]) -> Result<String, ModelError> {
        self.tokenizer
            .decode(tokens, true)
            .map_err(|e| ModelError::Input {
                what: "tokens",
                reason: e.to_string(),
            })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ModelError> {
    fs::read(path).map_err(|source| ModelError::Read {
        path: path.to_path_buf(),
        source,
    })
}
