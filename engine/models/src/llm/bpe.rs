//! Byte-level pairs: text is cut the family's way, then joined by its list of merges.

use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, SplitDelimiterBehavior, Tokenizer};

use super::gguf::Gguf;
use super::kinds::{CONTROL, USER_DEFINED};
use crate::ModelError;

/// A byte-level tokenizer, and whether its family begins everything with a token.
pub(super) fn read(
    file: &Gguf,
    tokens: &[&str],
    kinds: &[u32],
) -> Result<(Tokenizer, bool), ModelError> {
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
    let vocabulary = tokens
        .iter()
        .zip(0u32..)
        .map(|(t, id)| ((*t).to_owned(), id));
    let pre = file.text("tokenizer.ggml.pre").unwrap_or("default");
    let scheme = Scheme::named(pre).ok_or_else(|| {
        file.damaged(format!(
            "pre-tokenizer {pre:?} is not supported: ids would be wrong ({} are)",
            KNOWN.join(", ")
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
            .zip(kinds)
            .filter(move |(_, k)| **k == kind)
            .map(move |(text, _)| AddedToken::from(*text, kind == CONTROL).normalized(false))
    };
    tokenizer
        .add_special_tokens(added(CONTROL))
        .map_err(broken)?;
    tokenizer.add_tokens(added(USER_DEFINED)).map_err(broken)?;
    Ok((tokenizer, scheme.adds_bos))
}

/// The bytes that a token stands for: undoes GPT-2's writing of bytes as printable characters.
pub(super) fn spelling(token: &str, kind: u32, out: &mut Vec<u8>) {
    match kind {
        CONTROL => {}
        USER_DEFINED => out.extend_from_slice(token.as_bytes()),
        _ => {
            for c in token.chars() {
                match byte_of(c) {
                    Some(byte) => out.push(byte),
                    None => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
        }
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

/// The names of [`Scheme::named`], for an error's text.
const KNOWN: [&str; 15] = [
    "smollm",
    "starcoder",
    "refact",
    "command-r",
    "default",
    "gpt-2",
    "gpt2",
    "phi-2",
    "olmo",
    "llama3",
    "llama-bpe",
    "llama-v3",
    "smaug-bpe",
    "qwen2",
    "deepseek-r1-qwen",
];

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
    fn the_names_listed_are_those_known() {
        assert!(KNOWN.iter().all(|name| Scheme::named(name).is_some()));
        assert!(Scheme::named("gpt-4o").is_none());
    }

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
