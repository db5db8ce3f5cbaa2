//! Text to token ids and back, from a GGUF file's vocabulary.

use tokenizers::Tokenizer;

use super::gguf::Gguf;
use super::kinds::{self, CONTROL, USER_DEFINED};
use super::spm::Spm;
use super::{bpe, spm};
use crate::ModelError;

/// Names that end a turn in one family or another, beside those that the metadata names.
const TURN_ENDS: [&str; 8] = [
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "</s>",
];

/// A model's tokens.
pub(super) struct Tokens {
    coder: Coder,
    /// Each token's bytes, one after the other; control tokens have none.
    bytes: Vec<u8>,
    /// Where each token's bytes end.
    ends: Vec<u32>,
    /// Bytes of the longest token.
    longest: usize,
    /// Texts that frame messages and are read as one token.
    controls: Vec<String>,
    /// What those texts begin with.
    control_starts: Vec<char>,
    /// Tokens that end an answer, sorted.
    turn_ends: Vec<u32>,
    /// The token before everything, if the model wants one.
    pub(super) bos: Option<u32>,
    /// The texts of the begin and end tokens, for the chat template.
    pub(super) bos_text: String,
    pub(super) eos_text: String,
}

/// The two ways from text to ids.
enum Coder {
    Pairs(Box<Tokenizer>),
    Pieces(Box<Spm>),
}

impl Tokens {
    pub(super) fn read(file: &Gguf) -> Result<Self, ModelError> {
        let tokens = file.texts("tokenizer.ggml.tokens")?;
        let kinds = kinds::read(file, tokens.len());
        type Spelling = fn(&str, u32, &mut Vec<u8>);
        let (coder, usually_bos, spelling): (_, _, Spelling) =
            match file.text("tokenizer.ggml.model").unwrap_or("(none)") {
                "gpt2" => {
                    let (tokenizer, bos) = bpe::read(file, &tokens, &kinds)?;
                    (Coder::Pairs(Box::new(tokenizer)), bos, bpe::spelling)
                }
                "llama" => {
                    let spm = Spm::read(file, &tokens, &kinds)?;
                    (Coder::Pieces(Box::new(spm)), true, spm::spelling)
                }
                other => {
                    return Err(file.damaged(format!(
                        "tokenizer model {other:?} is not supported (gpt2, llama are)"
                    )));
                }
            };
        let mut bytes = Vec::new();
        let mut ends = Vec::with_capacity(tokens.len());
        for (token, kind) in tokens.iter().zip(&kinds) {
            spelling(token, *kind, &mut bytes);
            ends.push(bytes.len() as u32);
        }
        let id = |key: &str| {
            let id = file.number(&format!("tokenizer.ggml.{key}_token_id"))?;
            (id < tokens.len()).then_some(id)
        };
        let named = |id: Option<usize>| id.map_or(String::new(), |id| tokens[id].to_owned());
        let ends_turns = tokens.iter().zip(&kinds).zip(0..);
        let ends_turns = ends_turns.filter_map(|((text, kind), id)| {
            (matches!(*kind, CONTROL | USER_DEFINED) && TURN_ENDS.contains(text)).then_some(id)
        });
        let mut turn_ends: Vec<u32> = ["eos", "eot", "eom"]
            .into_iter()
            .filter_map(|key| id(key).map(|id| id as u32))
            .chain(ends_turns)
            .collect();
        turn_ends.sort_unstable();
        turn_ends.dedup();
        let adds_bos = file
            .flag("tokenizer.ggml.add_bos_token")
            .unwrap_or(usually_bos);
        let starts = std::iter::once(&0).chain(&ends);
        let lengths = ends.iter().zip(starts).map(|(end, start)| end - start);
        // Some files have the frame's tokens as text of the model's own.
        let template = file.text("tokenizer.chat_template").unwrap_or_default();
        let frames = |text: &str, kind: u32| {
            kind == CONTROL
                || kind == USER_DEFINED && text.starts_with('<') && template.contains(text)
        };
        let controls: Vec<String> = tokens
            .iter()
            .zip(&kinds)
            .filter(|(text, kind)| !text.is_empty() && frames(text, **kind))
            .map(|(text, _)| (*text).to_owned())
            .collect();
        let mut control_starts: Vec<char> = controls
            .iter()
            .filter_map(|text| text.chars().next())
            .collect();
        control_starts.sort_unstable();
        control_starts.dedup();
        Ok(Self {
            longest: lengths.max().unwrap_or(1) as usize,
            coder,
            bytes,
            ends,
            controls,
            control_starts,
            turn_ends,
            bos: id("bos").filter(|_| adds_bos).map(|id| id as u32),
            bos_text: named(id("bos")),
            eos_text: named(id("eos")),
        })
    }

    /// The ids of `text`, in which the texts of control tokens count as those tokens.
    pub(super) fn encode(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        self.code(text, false)
    }

    /// The ids of text that follows other text.
    pub(super) fn encode_on(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        self.code(text, true)
    }

    fn code(&self, text: &str, goes_on: bool) -> Result<Vec<u32>, ModelError> {
        match &self.coder {
            Coder::Pieces(pieces) => Ok(pieces.encode(text, goes_on)),
            Coder::Pairs(pairs) => {
                let encoding = pairs.encode_fast(text, false);
                let encoding = encoding.map_err(|error| ModelError::Input {
                    what: "text",
                    reason: format!("cannot be tokenized: {error}"),
                })?;
                Ok(encoding.get_ids().to_vec())
            }
        }
    }

    /// The bytes that a token stands for; none for control tokens and unknown ids.
    pub(super) fn bytes(&self, id: u32) -> &[u8] {
        let id = id as usize;
        let Some(end) = self.ends.get(id) else {
            return &[];
        };
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        &self.bytes[start as usize..*end as usize]
    }

    /// Whether the token ends the answer.
    pub(super) fn ends_turn(&self, id: u32) -> bool {
        self.turn_ends.binary_search(&id).is_ok()
    }

    /// The fewest tokens that a text of `length` bytes can take.
    pub(super) fn at_least(&self, length: usize) -> usize {
        length / self.longest.max(1)
    }

    /// Texts that would be read as control tokens; none where `text` cannot hold one.
    pub(super) fn controls_for(&self, text: &str) -> &[String] {
        if text.contains(&self.control_starts[..]) {
            &self.controls
        } else {
            &[]
        }
    }

    /// Whether the vocabulary has this control token.
    pub(super) fn has_control(&self, text: &str) -> bool {
        self.controls.iter().any(|control| control == text)
    }
}
