//! Texts as tokens.

use std::fs;
use std::path::Path;

use tokenizers::Tokenizer;
use tokenizers::utils::truncation::TruncationParams;

use crate::ModelError;

/// What is more than this is cut before it is looked at: it would not fit into the tokens there may be.
const MOST_BYTES: usize = 64 * 1024;

/// A tokenizer that neither pads nor gives more tokens than the model reads.
pub(super) struct Tokens {
    tokenizer: Tokenizer,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tokens({})", self.tokenizer.get_vocab_size(true))
    }
}

impl Tokens {
    /// Reads `tokenizer.json`. What it says of padding and length is about training and is left out.
    pub(super) fn load(dir: &Path, most: usize, rows: usize) -> Result<Self, ModelError> {
        let path = dir.join("tokenizer.json");
        let bad = |reason: String| ModelError::Format {
            path: path.clone(),
            reason,
        };
        let bytes = fs::read(&path).map_err(|source| ModelError::Read {
            path: path.clone(),
            source,
        })?;
        let mut tokenizer = Tokenizer::from_bytes(&bytes).map_err(|e| bad(e.to_string()))?;
        let known = tokenizer.get_vocab_size(true);
        if known > rows {
            return Err(bad(format!("has {known} tokens, the model {rows}")));
        }
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(Some(TruncationParams {
                max_length: most,
                ..TruncationParams::default()
            }))
            .map_err(|e| bad(e.to_string()))?;
        Ok(Self { tokenizer })
    }

    /// The text's tokens, with those that mark its beginning and its end.
    pub(super) fn of(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        let text = &text[..text.floor_char_boundary(MOST_BYTES)];
        let encoding =
            self.tokenizer
                .encode_fast(text, true)
                .map_err(|error| ModelError::Input {
                    what: "text",
                    reason: error.to_string(),
                })?;
        Ok(encoding.get_ids().to_vec())
    }
}
