//! Files as strangers make them, for tests: the structures are those of the formats, the texts our own.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A card of the third version that uses every part of it.
pub(super) const V3: &str = include_str!("samples/card-v3.json");
/// A card of the second version.
pub(super) const V2: &str = include_str!("samples/card-v2.json");
/// An agent file.
pub(super) const AGENT: &str = include_str!("samples/agent.af");

/// A chunk of a PNG.
pub(super) fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(data.len())
        .expect("small")
        .to_be_bytes()
        .to_vec();
    out.extend_from_slice(kind);
    out.extend_from_slice(data);
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(data);
    out.extend_from_slice(&crc.sum().to_be_bytes());
    out
}

/// A picture of one grey point, with these chunks before its data.
pub(super) fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut out = super::png::SIGNATURE.to_vec();
    out.extend(chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]));
    out.extend(chunks.concat());
    out.extend(chunk(b"IDAT", &packed(&[0, 128])));
    out.extend(chunk(b"IEND", b""));
    out
}

/// A text as cards have it: base64 behind its keyword.
pub(super) fn text(keyword: &str, json: &str) -> Vec<u8> {
    chunk(
        b"tEXt",
        &joined(keyword, &[], STANDARD.encode(json).as_bytes()),
    )
}

/// The same, packed.
pub(super) fn packed_text(keyword: &str, json: &str) -> Vec<u8> {
    let zlib = packed(STANDARD.encode(json).as_bytes());
    chunk(b"zTXt", &joined(keyword, &[0], &zlib))
}

/// The same, in the international way, packed or not.
pub(super) fn international_text(keyword: &str, json: &str, is_packed: bool) -> Vec<u8> {
    let base64 = STANDARD.encode(json).into_bytes();
    let (flag, body) = if is_packed {
        (1, packed(&base64))
    } else {
        (0, base64)
    };
    let between = [&[flag, 0][..], b"en\0", b"Karte\0"].concat();
    chunk(b"iTXt", &joined(keyword, &between, &body))
}

pub(super) fn joined(keyword: &str, between: &[u8], body: &[u8]) -> Vec<u8> {
    [keyword.as_bytes(), b"\0", between, body].concat()
}

pub(super) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes)
        .and_then(|()| out.finish())
        .expect("into memory")
}
