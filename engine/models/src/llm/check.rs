//! Whether a GGUF file can be loaded at all, told before anything is.

use std::path::Path;

use super::gguf::Gguf;
use super::shape::NetShape;
use super::template::CHATML_START;
use super::tokens::Tokens;
use crate::ModelError;

/// Reads a GGUF file's metadata and says what keeps it from being loaded: not GGUF, an
/// architecture or a tokenizer that is not known, no way to put a conversation, weights that are not
/// all in it. What the weights are is not looked at. Takes some tens of milliseconds, most for the vocabulary.
pub fn check(path: &Path) -> Result<(), ModelError> {
    let file = Gguf::open(path)?;
    NetShape::read(&file)?;
    if file.text("tokenizer.ggml.model").is_none() {
        return Err(file.damaged(
            "it holds no tokenizer (tokenizer.ggml.model); take a GGUF file made for llama.cpp, which \
             has one inside",
        ));
    }
    let tokens = Tokens::read(&file)?;
    if file.text("tokenizer.chat_template").is_none() && !tokens.has_control(CHATML_START) {
        return Err(file.damaged(
            "no chat template: not made for conversations; take the -Instruct or -Chat variant",
        ));
    }
    file.whole()
}
