//! GGUF's kinds of tokens.

use candle_core::quantized::gguf_file::Value;

use super::gguf::Gguf;

pub(super) const NORMAL: u32 = 1;
pub(super) const UNKNOWN: u32 = 2;
/// Stands for itself, has no text, and is never put together from pieces.
pub(super) const CONTROL: u32 = 3;
/// Stands for itself and is text.
pub(super) const USER_DEFINED: u32 = 4;
/// One byte of what no token spells.
pub(super) const BYTE: u32 = 6;

/// The kind of each of `count` tokens; what the file does not tell is normal.
pub(super) fn read(file: &Gguf, count: usize) -> Vec<u32> {
    let kind = |value: &Value| {
        let signed = || value.to_i32().ok()?.try_into().ok();
        value.to_u32().ok().or_else(signed).unwrap_or(NORMAL)
    };
    let list = file.value("tokenizer.ggml.token_type");
    let list = list.and_then(|value| value.to_vec().ok());
    let mut kinds: Vec<u32> = list.map_or(Vec::new(), |list| list.iter().map(kind).collect());
    kinds.resize(count, NORMAL);
    kinds
}
