//! Sentencepiece's way from text to ids: the best-scored neighbours are joined until none is left.
//!
//! What no token spells is spelt in bytes. Tokens that stand for themselves are found first; the
//! text between them is coded piece by piece.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use super::gguf::Gguf;
use super::kinds::{BYTE, CONTROL, UNKNOWN, USER_DEFINED};
use crate::ModelError;

/// What a space is written as inside of tokens.
const SPACE: char = '\u{2581}';

/// A sentencepiece vocabulary.
pub(super) struct Spm {
    ids: HashMap<String, u32>,
    scores: Vec<f32>,
    /// Tokens that stand for themselves, by their text's length, longest first.
    whole: Vec<(String, u32)>,
    /// The token of each byte.
    bytes: [Option<u32>; 256],
    unknown: u32,
    /// A space is put before a text's beginning.
    space_first: bool,
}

/// A piece of the text under way, in a list that joined pieces drop out of.
#[derive(Clone, Copy)]
struct Piece {
    from: usize,
    to: usize,
    before: Option<usize>,
    after: Option<usize>,
}

/// Two neighbours that a token spells together.
#[derive(PartialEq)]
struct Pair {
    score: f32,
    left: usize,
    right: usize,
    length: usize,
}

impl Eq for Pair {}
impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Pair {
    /// The best score first, then the leftmost.
    fn cmp(&self, other: &Self) -> Ordering {
        let score = self.score.total_cmp(&other.score);
        score.then(other.left.cmp(&self.left))
    }
}

impl Spm {
    pub(super) fn read(file: &Gguf, tokens: &[&str], kinds: &[u32]) -> Result<Self, ModelError> {
        let scores = file
            .floats("tokenizer.ggml.scores")
            .filter(|scores| scores.len() == tokens.len())
            .ok_or_else(|| file.damaged("tokenizer.ggml.scores does not fit the tokens"))?;
        let mut ids = HashMap::with_capacity(tokens.len());
        let mut whole = Vec::new();
        let mut bytes = [None; 256];
        for ((text, kind), id) in tokens.iter().zip(kinds).zip(0u32..) {
            ids.insert((*text).to_owned(), id);
            match *kind {
                CONTROL | USER_DEFINED | UNKNOWN if !text.is_empty() => {
                    whole.push(((*text).to_owned(), id));
                }
                BYTE => {
                    if let Some(byte) = byte_of(text) {
                        bytes[usize::from(byte)] = Some(id);
                    }
                }
                _ => {}
            }
        }
        whole.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        let unknown = file.number("tokenizer.ggml.unknown_token_id").unwrap_or(0);
        Ok(Self {
            ids,
            scores,
            whole,
            bytes,
            unknown: unknown as u32,
            space_first: file.flag("tokenizer.ggml.add_space_prefix").unwrap_or(true),
        })
    }

    /// The ids of `text`. `goes_on`: it follows other text, so that nothing is put before it.
    pub(super) fn encode(&self, text: &str, goes_on: bool) -> Vec<u32> {
        let mut out = Vec::new();
        let mut begins = !goes_on;
        for part in self.parts(text) {
            match part {
                Part::Token(id) => {
                    out.push(id);
                    begins = true;
                }
                Part::Text(text) => {
                    let space = if begins && self.space_first { " " } else { "" };
                    let text = format!("{space}{text}").replace(' ', "\u{2581}");
                    self.join(&text, &mut out);
                    begins = false;
                }
            }
        }
        out
    }

    /// Cuts out the tokens that stand for themselves: longer ones before shorter ones.
    fn parts<'a>(&self, text: &'a str) -> Vec<Part<'a>> {
        let mut parts = vec![Part::Text(text)];
        for (token, id) in &self.whole {
            if !text.contains(token.as_str()) {
                continue;
            }
            let mut cut = Vec::with_capacity(parts.len() + 2);
            for part in parts {
                let Part::Text(text) = part else {
                    cut.push(part);
                    continue;
                };
                for (n, between) in text.split(token.as_str()).enumerate() {
                    if n > 0 {
                        cut.push(Part::Token(*id));
                    }
                    cut.push(Part::Text(between));
                }
            }
            parts = cut;
        }
        parts.retain(|part| !matches!(part, Part::Text("")));
        parts
    }

    /// Codes text between tokens that stand for themselves.
    fn join(&self, text: &str, out: &mut Vec<u32>) {
        let mut pieces: Vec<Piece> = text
            .char_indices()
            .enumerate()
            .map(|(n, (from, c))| Piece {
                from,
                to: from + c.len_utf8(),
                before: n.checked_sub(1),
                after: Some(n + 1),
            })
            .collect();
        if let Some(last) = pieces.last_mut() {
            last.after = None;
        }
        let mut pairs = BinaryHeap::new();
        let offer = |pairs: &mut BinaryHeap<Pair>, pieces: &[Piece], left, right| {
            let (Some(left), Some(right)) = (left, right) else {
                return;
            };
            let (a, b): (Piece, Piece) = (pieces[left], pieces[right]);
            if let Some(id) = self.ids.get(&text[a.from..b.to]) {
                pairs.push(Pair {
                    score: self.scores[*id as usize],
                    left,
                    right,
                    length: b.to - a.from,
                });
            }
        };
        for right in 1..pieces.len() {
            offer(&mut pairs, &pieces, Some(right - 1), Some(right));
        }
        while let Some(pair) = pairs.pop() {
            let (left, right) = (pieces[pair.left], pieces[pair.right]);
            let lengths = (left.to - left.from, right.to - right.from);
            // One of them has been joined to something else meanwhile.
            if lengths.0 == 0 || lengths.1 == 0 || lengths.0 + lengths.1 != pair.length {
                continue;
            }
            pieces[pair.left].to = right.to;
            pieces[pair.left].after = right.after;
            pieces[pair.right].to = right.from;
            if let Some(next) = right.after {
                pieces[next].before = Some(pair.left);
            }
            offer(&mut pairs, &pieces, left.before, Some(pair.left));
            offer(&mut pairs, &pieces, Some(pair.left), right.after);
        }
        for piece in pieces.iter().filter(|piece| piece.to > piece.from) {
            let text = &text[piece.from..piece.to];
            match self.ids.get(text) {
                Some(id) => out.push(*id),
                None => out.extend(
                    text.bytes()
                        .map(|byte| self.bytes[usize::from(byte)].unwrap_or(self.unknown)),
                ),
            }
        }
    }
}

enum Part<'a> {
    Text(&'a str),
    Token(u32),
}

/// The bytes that a token stands for.
pub(super) fn spelling(token: &str, kind: u32, out: &mut Vec<u8>) {
    match (kind, byte_of(token)) {
        (CONTROL, _) => {}
        (BYTE, Some(byte)) => out.push(byte),
        (USER_DEFINED, _) => out.extend_from_slice(token.as_bytes()),
        _ => out.extend_from_slice(token.replace(SPACE, " ").as_bytes()),
    }
}

/// The byte in a name like `<0x0A>`.
fn byte_of(token: &str) -> Option<u8> {
    let digits = token.strip_prefix("<0x")?.strip_suffix('>')?;
    u8::from_str_radix(digits, 16).ok()
}
