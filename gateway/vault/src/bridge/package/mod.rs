//! What goes from one soul to the other: a package, in pieces that travel alone or as one file.
//!
//! ```text
//!  header      from whom, to whom, which conversation, the operator's receipt     signed
//!  chunk 0…n   things of one kind, 64 KiB or one large thing                      hashed, in order
//!  conclusion  counts, SHA-256 of each section and of all of it                   signed
//!
//!  file: "JANETPKG" | version u32 | records: kind u8 | length u32 | bytes         little endian
//! ```
//! Reading trusts nothing: each piece has a bound, each length is checked against what is there, and what
//! is read borrows from the bytes it was read from. Blue has no form in here. Red has none either but for
//! names.

mod chunk;
mod conclusion;
mod header;
mod id;

pub(crate) use chunk::{CHUNK_BYTES, Packing};
pub use chunk::{Chunk, MOST_CHUNK_BYTES, Section};
pub use conclusion::{Conclusion, MOST_CONCLUSION_BYTES, Sum, Tally};
pub use header::{Counts, Header, MOST_HEADER_BYTES, VERSION, is_of};
pub use id::{PackageId, Party};

const MAGIC: &[u8; 8] = b"JANETPKG";

/// Why bytes are no package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// It does not begin like one.
    #[error("this is no package of a soul")]
    Foreign,
    /// Another Janet has written it.
    #[error("the package has version {found}, this Janet knows {VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
    /// It ends too early.
    #[error("the package's {0} is cut off")]
    Cut(&'static str),
    /// More than there may be.
    #[error("the package's {0} is too large")]
    TooLarge(&'static str),
    /// Not of the form that it should have.
    #[error("a {0} of the package is malformed")]
    Malformed(&'static str),
    /// Pieces are missing, there twice, or in another order.
    #[error("the pieces of the package are not in their order")]
    Order,
    /// A hash is another one.
    #[error("the package was changed: its checksums are wrong")]
    Checksum,
    /// Who has made it did not sign it.
    #[error("the package is not signed by whoever it says has made it")]
    Unsigned,
}

/// A whole package, borrowed from its file. Its checksums and its signatures by who it says has made it are
/// right; whether that one is to be trusted is for the reader to say.
#[derive(Clone, Debug)]
pub struct Package<'a> {
    /// What it says of itself.
    pub header: Header,
    /// The header as it was signed.
    pub header_bytes: &'a [u8],
    /// In their order.
    pub chunks: Vec<Chunk<'a>>,
    /// Its end.
    pub conclusion: Conclusion,
    /// The end as it was signed.
    pub conclusion_bytes: &'a [u8],
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Record {
    Header = 1,
    Chunk = 2,
    Conclusion = 3,
}

/// Reads a file. Never panics, and allocates no more than a few words for each of its bytes.
pub fn read(bytes: &[u8]) -> Result<Package<'_>, PackageError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(PackageError::Foreign)?;
    let (version, rest) = rest
        .split_first_chunk::<4>()
        .ok_or(PackageError::Cut("beginning"))?;
    let version = u32::from_le_bytes(*version);
    if version != VERSION {
        return Err(PackageError::Version { found: version });
    }
    let (kind, header_bytes, mut rest) = record(rest)?;
    if kind != Record::Header as u8 {
        return Err(PackageError::Order);
    }
    let header = Header::read(header_bytes)?;
    if !is_of(header_bytes, &header.source.key) {
        return Err(PackageError::Unsigned);
    }
    let mut tally = Tally::new(header.package, header_bytes);
    let mut chunks = Vec::new();
    loop {
        let (kind, record_bytes, behind) = record(rest)?;
        rest = behind;
        if kind == Record::Chunk as u8 {
            let chunk = Chunk::read(record_bytes)?;
            tally.add(&chunk)?;
            chunks.push(chunk);
        } else if kind == Record::Conclusion as u8 {
            let conclusion = Conclusion::read(record_bytes)?;
            if !rest.is_empty() {
                return Err(PackageError::Order);
            }
            tally.check(&conclusion)?;
            if !conclusion.is_of(&header.source.key) {
                return Err(PackageError::Unsigned);
            }
            return Ok(Package {
                header,
                header_bytes,
                chunks,
                conclusion,
                conclusion_bytes: record_bytes,
            });
        } else {
            return Err(PackageError::Malformed("record"));
        }
    }
}

/// How a file begins.
pub fn write_start(header: &[u8], out: &mut Vec<u8>) {
    out.extend(MAGIC);
    out.extend(VERSION.to_le_bytes());
    write_record(Record::Header, header, out);
}

/// One more chunk of a file.
pub fn write_chunk(chunk: &[u8], out: &mut Vec<u8>) {
    write_record(Record::Chunk, chunk, out);
}

/// How a file ends.
pub fn write_end(conclusion: &[u8], out: &mut Vec<u8>) {
    write_record(Record::Conclusion, conclusion, out);
}

fn write_record(kind: Record, bytes: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(bytes.len()).expect("every piece has a bound");
    out.push(kind as u8);
    out.extend(length.to_le_bytes());
    out.extend(bytes);
}

fn record(bytes: &[u8]) -> Result<(u8, &[u8], &[u8]), PackageError> {
    let cut = || PackageError::Cut("end");
    let (kind, rest) = bytes.split_first().ok_or_else(cut)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| cut())?;
    let (record, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
    Ok((*kind, record, rest))
}

#[cfg(test)]
#[path = "package_test.rs"]
mod tests;
