//! Finds the samples in a WAV file, also where its writer never learnt how many there would be.
//!
//! Who writes into a pipe (ffmpeg, sox, arecord, GStreamer) cannot go back to the header: there
//! stands 0, or about as much as the field holds. Such a length means "to the end".

/// From here on a length is no length: sox writes 0x7FFFF000, arecord about 0x7FFFFFFF, ffmpeg
/// 0xFFFFFFFF.
const ENDLESS: u32 = 0x7FFF_0000;
/// Where the chunks begin, behind `RIFF`, its length and `WAVE`.
const FIRST_CHUNK: usize = 12;
/// A chunk's name and length.
const CHUNK_HEAD: usize = 8;

/// Splits a WAV file into a header that tells the samples' true length and nothing else, and what
/// begins with the samples; `None` where there is no such header.
///
/// A block that is not whole is left out. A length that may be honest is kept, so that a file which
/// was cut short is noticed.
pub(super) fn split(file: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut format = None;
    let mut at = FIRST_CHUNK;
    loop {
        let name = file.get(at..at + 4)?;
        let stated = number(file, at + 4)?;
        let from = at + CHUNK_HEAD;
        if name == b"data" {
            let format: &[u8] = format?;
            let body = file.get(from..)?;
            let length = length(stated, body.len(), ends_as_stated(file));
            let block = u32::from(u16::from_le_bytes([*format.get(12)?, *format.get(13)?]));
            let whole = length - length.checked_rem(block).unwrap_or(0);
            return Some((header(format, whole), body));
        }
        let end = from.checked_add(usize::try_from(stated).ok()?)?;
        if name == b"fmt " {
            format = Some(file.get(from..end)?);
        }
        // Chunks begin at even places.
        at = end.checked_add(end % 2)?;
    }
}

/// The length of the samples, where the header states `stated` and `there` bytes follow it.
fn length(stated: u32, there: usize, is_finished: bool) -> u32 {
    let there = u32::try_from(there).unwrap_or(u32::MAX);
    let is_unknown = match stated {
        0 => !is_finished,
        ENDLESS.. => there < stated,
        _ => false,
    };
    if is_unknown { there } else { stated }
}

/// Whether the file's own length is right: then somebody went back to the header, and a length of 0
/// means that there is no sound.
fn ends_as_stated(file: &[u8]) -> bool {
    let stated = number(file, 4).map(|stated| u64::from(stated) + 8);
    stated == Some(file.len() as u64)
}

fn number(file: &[u8], at: usize) -> Option<u32> {
    let bytes = file.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*bytes))
}

fn header(format: &[u8], data: u32) -> Vec<u8> {
    let format_length = format.len() as u32;
    let riff = data.saturating_add(format_length).saturating_add(20);
    let mut out = Vec::with_capacity(28 + format.len());
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&riff.to_le_bytes());
    out.extend_from_slice(b"WAVEfmt ");
    out.extend_from_slice(&format_length.to_le_bytes());
    out.extend_from_slice(format);
    out.extend_from_slice(b"data");
    out.extend_from_slice(&data.to_le_bytes());
    out
}
