//! Text to token ids and back, from a GGUF file's vocabulary.

use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, SplitDelimiterBehavior, Tokenizer};

use super::gguf::Gguf;
use crate::ModelError;

/// GGUF's kinds of tokens that stand for themselves and are never put together from pieces.
const CONTROL: u32 = 3;
const USER_DEFINED: u32 = 4;

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

/// A byte-level BPE tokenizer.
pub(super) struct Tokens {
    tokenizer: Tokenizer,
    /// Each token's bytes, one after the other; control tokens have none.
    bytes: Vec<u8>,
    /// Where each token's bytes end.
    ends: Vec<u32>,
    /// Bytes of the longest token.
    longest: usize,
    /// Texts that the tokenizer reads as one control token.
    controls: Vec<String>,
    /// Tokens that end an answer, sorted.
    turn_ends: Vec<u32>,
    /// The token before everything, if the model wants one.
    pub(super) bos: Option<u32>,
    /// The texts of the begin and end tokens, for the chat template.
    pub(super) bos_text: String,
    pub(super) eos_text: String,
}

impl Tokens {
    pub(super) fn read(file: &Gguf) -> Result<Self, ModelError> {
        let model = file.text("tokenizer.ggml.model").unwrap_or("(none)");
        if model != "gpt2" {
            return Err(file.damaged(format!("tokenizer model {model:?}: only gpt2 is supported")));
        }
        let tokens = file.texts("tokenizer.ggml.tokens")?;
        let merges = file
            .texts("tokenizer.ggml.merges")?
            .into_iter()
            .map(|merge| {
                merge
                    .split_once(' ')
                    .map(|(a, b)| (a.to_owned(), b.to_owned()))
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| file.damaged("a merge without two parts"))?;
        let kinds = token_kinds(file, tokens.len());
        let vocabulary = tokens
            .iter()
            .zip(0u32..)
            .map(|(t, id)| ((*t).to_owned(), id));
        let pre = file.text("tokenizer.ggml.pre").unwrap_or("default");
        let scheme = Scheme::named(pre).ok_or_else(|| {
            file.damaged(format!(
                "pre-tokenizer {pre:?} is not known; ids would be wrong"
            ))
        })?;
        let broken = |error: tokenizers::Error| file.damaged(format!("tokenizer: {error}"));
        let bpe = BPE::builder()
            .vocab_and_merges(vocabulary.collect::<Vocab>(), merges)
            .ignore_merges(scheme.ignore_merges)
            .build()
            .map_err(broken)?;
        let mut tokenizer = Tokenizer::new(bpe);
        tokenizer.with_pre_tokenizer(Some(scheme.splitter().map_err(broken)?));
        if scheme.composed {
            tokenizer.with_normalizer(Some(NFC)).map_err(broken)?;
        }
        let added = |kind: u32| {
            tokens
                .iter()
                .zip(&kinds)
                .filter(move |(_, k)| **k == kind)
                .map(move |(text, _)| AddedToken::from(*text, kind == CONTROL).normalized(false))
        };
        tokenizer
            .add_special_tokens(added(CONTROL))
            .map_err(broken)?;
        tokenizer.add_tokens(added(USER_DEFINED)).map_err(broken)?;
        let (bytes, ends) = byte_table(&tokens, &kinds);
        let id = |key: &str| {
            let id = file.number(&format!("tokenizer.ggml.{key}_token_id"))?;
            (id < tokens.len()).then_some(id)
        };
        let named = |id: Option<usize>| id.map_or(String::new(), |id| tokens[id].to_owned());
        let mut turn_ends: Vec<u32> = ["eos", "eot", "eom"]
            .into_iter()
            .filter_map(|key| id(key).map(|id| id as u32))
            .chain(
                tokens
                    .iter()
                    .zip(&kinds)
                    .zip(0..)
                    .filter_map(|((text, kind), id)| {
                        (*kind == CONTROL && TURN_ENDS.contains(text)).then_some(id)
                    }),
            )
            .collect();
        turn_ends.sort_unstable();
        turn_ends.dedup();
        let adds_bos = file
            .flag("tokenizer.ggml.add_bos_token")
            .unwrap_or(scheme.adds_bos);
        let starts = std::iter::once(&0).chain(&ends);
        let longest = ends
            .iter()
            .zip(starts)
            .map(|(end, start)| end - start)
            .max();
        Ok(Self {
            longest: longest.unwrap_or(1) as usize,
            bytes,
            ends,
            controls: added(CONTROL).map(|token| token.content).collect(),
            turn_ends,
            bos: id("bos").filter(|_| adds_bos).map(|id| id as u32),
            bos_text: named(id("bos")),
            eos_text: named(id("eos")),
            tokenizer,
        })
    }

    /// The ids of `text`, in which the texts of control tokens count as those tokens.
    pub(super) fn encode(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        let encoding =
            self.tokenizer
                .encode_fast(text, false)
                .map_err(|error| ModelError::Input {
                    what: "text",
                    reason: format!("cannot be tokenized: {error}"),
                })?;
        Ok(encoding.get_ids().to_vec())
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

    /// Texts that would be read as control tokens.
    pub(super) fn controls(&self) -> &[String] {
        &self.controls
    }
}

/// How a family cuts text before the merges apply.
struct Scheme {
    cut: Cut,
    ignore_merges: bool,
    composed: bool,
    adds_bos: bool,
}

enum Cut {
    /// Each digit alone, then GPT-2's rule.
    DigitsThenGpt2,
    /// GPT-2's rule.
    Gpt2,
    /// A pattern of its own.
    Pattern(&'static str),
}

const LLAMA3: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

impl Scheme {
    fn named(pre: &str) -> Option<Self> {
        let plain = Self {
            cut: Cut::Gpt2,
            ignore_merges: false,
            composed: false,
            adds_bos: false,
        };
        Some(match pre {
            "smollm" | "starcoder" | "refact" | "command-r" => Self {
                cut: Cut::DigitsThenGpt2,
                ..plain
            },
            "default" | "gpt-2" | "gpt2" | "phi-2" | "olmo" => plain,
            "llama3" | "llama-bpe" | "llama-v3" => Self {
                cut: Cut::Pattern(LLAMA3),
                ignore_merges: true,
                adds_bos: true,
                ..plain
            },
            "smaug-bpe" => Self {
                cut: Cut::Pattern(LLAMA3),
                ..plain
            },
            "qwen2" | "deepseek-r1-qwen" => Self {
                cut: Cut::Pattern(QWEN2),
                composed: true,
                ..plain
            },
            _ => return None,
        })
    }

    fn splitter(&self) -> Result<PreTokenizerWrapper, tokenizers::Error> {
        let gpt2 = ByteLevel::new(false, true, true);
        Ok(match self.cut {
            Cut::Gpt2 => gpt2.into(),
            Cut::DigitsThenGpt2 => {
                Sequence::new(vec![Digits::new(true).into(), gpt2.into()]).into()
            }
            Cut::Pattern(pattern) => {
                let pattern = SplitPattern::Regex(pattern.to_owned());
                let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false)?;
                let bytes = ByteLevel::new(false, true, false);
                Sequence::new(vec![split.into(), bytes.into()]).into()
            }
        })
    }
}

fn token_kinds(file: &Gguf, count: usize) -> Vec<u32> {
    let kind = |value: &candle_core::quantized::gguf_file::Value| {
        value
            .to_u32()
            .ok()
            .or_else(|| value.to_i32().ok()?.try_into().ok())
            .unwrap_or(1)
    };
    let list = file
        .value("tokenizer.ggml.token_type")
        .and_then(|v| v.to_vec().ok());
    let mut kinds: Vec<u32> = list
        .map(|l| l.iter().map(kind).collect())
        .unwrap_or_default();
    kinds.resize(count, 1);
    kinds
}

/// Undoes GPT-2's writing of bytes as printable characters, for the whole vocabulary.
fn byte_table(tokens: &[&str], kinds: &[u32]) -> (Vec<u8>, Vec<u32>) {
    let mut bytes = Vec::new();
    let mut ends = Vec::with_capacity(tokens.len());
    for (token, kind) in tokens.iter().zip(kinds) {
        match *kind {
            CONTROL => {}
            USER_DEFINED => bytes.extend_from_slice(token.as_bytes()),
            _ => {
                for c in token.chars() {
                    match byte_of(c) {
                        Some(byte) => bytes.push(byte),
                        None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                    }
                }
            }
        }
        ends.push(bytes.len() as u32);
    }
    (bytes, ends)
}

/// GPT-2's alphabet: printable bytes stand for themselves, the 68 others follow from U+0100 on.
fn byte_of(c: char) -> Option<u8> {
    let code = u32::from(c);
    match code {
        0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => Some(code as u8),
        0x100..=0x120 => Some((code - 0x100) as u8),
        0x121..=0x142 => Some((code - 0x121 + 0x7f) as u8),
        0x143 => Some(0xad),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_byte_alphabet_covers_every_byte_once() {
        let mut seen = [0; 256];
        for code in 0..=0x143u32 {
            if let Some(byte) = char::from_u32(code).and_then(byte_of) {
                seen[usize::from(byte)] += 1;
            }
        }
        assert_eq!(seen, [1; 256]);
        assert_eq!(byte_of('Ġ'), Some(b' '));
        assert_eq!(byte_of('Ċ'), Some(b'\n'));
    }
}
