//! The texts in a PNG: where cards keep what they say.
//!
//! Chunks are walked, never searched for: each has its length, its type and its checksum (PNG, third
//! edition, §5). Of the picture nothing is decoded.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::PersonaError;

/// What a PNG begins with.
pub(super) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// Most chunks that are walked.
const MOST_CHUNKS: usize = 100_000;
/// A text that unpacks to more than this many times its size, and this many bytes, is a bomb.
const MOST_TIMES: usize = 64;
/// The largest text, unpacked.
pub(super) const MOST_TEXT: usize = 8 << 20;

/// A text of a PNG, as it stands there: cards put base64 in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    /// `chara` or `ccv3`, in small letters.
    pub(super) keyword: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Texts {
    pub(super) cards: Vec<Text>,
    /// Texts of other names, and second ones.
    pub(super) others: usize,
    /// What of a card could not be read, and why.
    pub(super) broken: Vec<(&'static str, String)>,
}

/// Walks the chunks to the end of the picture.
pub(super) fn texts(bytes: &[u8]) -> Result<Texts, PersonaError> {
    let mut rest = bytes
        .strip_prefix(&SIGNATURE)
        .ok_or_else(|| damaged("it does not begin like one"))?;
    let mut out = Texts::default();
    for number in 0..MOST_CHUNKS {
        let at = bytes.len() - rest.len();
        let chunk = Chunk::read(rest).map_err(|why| damaged(&format!("{why} at byte {at}")))?;
        rest = chunk.rest;
        if (number == 0) != (chunk.kind == *b"IHDR") {
            return Err(damaged("its header is not first, or comes twice"));
        }
        match &chunk.kind {
            b"IEND" => return Ok(out),
            b"tEXt" | b"zTXt" | b"iTXt" => take(&chunk, &mut out),
            _ => {}
        }
    }
    Err(PersonaError::TooLarge {
        what: "the number of chunks",
        found: MOST_CHUNKS + 1,
        most: MOST_CHUNKS,
    })
}

fn damaged(why: &str) -> PersonaError {
    PersonaError::Png(why.to_owned())
}

struct Chunk<'a> {
    kind: [u8; 4],
    data: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Chunk<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, &'static str> {
        const SHORT: &str = "it ends in the middle of a chunk";
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or(SHORT)?;
        let length = u32::from_be_bytes(*length);
        if length > i32::MAX as u32 {
            return Err("a chunk has an impossible length");
        }
        let length = usize::try_from(length).map_err(|_| SHORT)?;
        let (kind, body) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
        let (data, behind) = body.split_at_checked(length).ok_or(SHORT)?;
        let (sum, behind) = behind.split_first_chunk::<4>().ok_or(SHORT)?;
        if !kind.iter().all(u8::is_ascii_alphabetic) {
            return Err("a chunk has no name");
        }
        let mut crc = Crc::new();
        crc.update(kind);
        crc.update(data);
        if crc.sum() != u32::from_be_bytes(*sum) {
            return Err("a chunk has the wrong checksum");
        }
        Ok(Self {
            kind: *kind,
            data,
            rest: behind,
        })
    }
}

/// Keeps a card's text; notes why one cannot be read.
fn take(chunk: &Chunk<'_>, out: &mut Texts) {
    let Some((keyword, rest)) = split(chunk.data) else {
        out.others += 1;
        return;
    };
    // Version 1 says `Chara`.
    let known = ["ccv3", "chara"];
    let known = known
        .into_iter()
        .find(|known| keyword.eq_ignore_ascii_case(known.as_bytes()));
    let Some(keyword) = known else {
        out.others += 1;
        return;
    };
    // The first counts, and only it is unpacked: a thousand of them cost no more than one.
    let is_there = out.cards.iter().any(|card| card.keyword == keyword);
    if is_there || out.broken.iter().any(|(broken, _)| *broken == keyword) {
        out.others += 1;
        return;
    }
    let text = match &chunk.kind {
        b"tEXt" => Ok(rest.to_vec()),
        b"zTXt" => packed(rest),
        _ => international(rest),
    };
    match text {
        Ok(bytes) => out.cards.push(Text { keyword, bytes }),
        Err(why) => out.broken.push((keyword, why.to_owned())),
    }
}

/// Behind a method, zlib.
fn packed(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    match bytes.split_first() {
        Some((0, zlib)) => unpacked(zlib),
        _ => Err("it is packed in an unknown way"),
    }
}

/// A flag, a method, a language, a translated keyword, then UTF-8.
fn international(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    const SHORT: &str = "its chunk ends too early";
    let (flags, rest) = bytes.split_first_chunk::<2>().ok_or(SHORT)?;
    let (_, rest) = split(rest).ok_or(SHORT)?;
    let (_, text) = split(rest).ok_or(SHORT)?;
    match flags {
        [0, _] => Ok(text.to_vec()),
        [1, 0] => unpacked(text),
        _ => Err("it is packed in an unknown way"),
    }
}

/// At the first zero byte.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == 0)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

/// What a zlib stream holds, unless that is too much. Grows with what really comes out, never by what
/// a header promises.
fn unpacked(zlib: &[u8]) -> Result<Vec<u8>, &'static str> {
    let most = zlib.len().saturating_mul(MOST_TIMES).min(MOST_TEXT);
    let mut stream = Decompress::new(true);
    let (mut out, mut piece) = (Vec::new(), vec![0; 16 << 10]);
    loop {
        let read = usize::try_from(stream.total_in()).map_err(|_| "it is damaged")?;
        let before = stream.total_out();
        let input = zlib.get(read..).unwrap_or_default();
        let status = stream
            .decompress(input, &mut piece, FlushDecompress::None)
            .map_err(|_| "it is damaged")?;
        let wrote = usize::try_from(stream.total_out() - before).map_err(|_| "it is damaged")?;
        if out.len() + wrote > most {
            return Err("it unpacks to more than a card may hold");
        }
        out.extend_from_slice(piece.get(..wrote).unwrap_or_default());
        let stands_still = wrote == 0 && stream.total_in() == read as u64;
        match status {
            Status::StreamEnd => return Ok(out),
            _ if stands_still => return Err("it ends too early"),
            Status::Ok | Status::BufError => {}
        }
    }
}
