//! What an answer is, by its first bytes: servers name kinds they do not send.

use super::TtsError;

/// Bytes that are looked at before raw samples are believed, if there are as many.
pub(super) const ENOUGH: usize = 2048;
/// Text is known by so many printable bytes.
const TEXT: usize = 48;

/// What sound is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Samples and nothing else.
    Pcm,
    /// A RIFF file.
    Wav,
}

/// Tells by the beginning of an answer and its `Content-Type`; `None`: more bytes are needed.
/// `ended`: there are no more.
pub(super) fn sniff(head: &[u8], mime: &str, ended: bool) -> Result<Option<Kind>, TtsError> {
    if head.len() < 12 && !ended {
        return Ok(None);
    }
    if head.starts_with(b"RIFF") {
        return Ok(Some(Kind::Wav));
    }
    let mime = mime.split(';').next().unwrap_or_default().trim();
    match mime.to_ascii_lowercase().as_str() {
        "application/json" => return Err(TtsError::Nonsense("JSON")),
        mime if mime.starts_with("text/") => return Err(TtsError::Nonsense("text")),
        "audio/mpeg" | "audio/mp3" => return Err(TtsError::Format("MP3")),
        "audio/ogg" | "audio/opus" => return Err(TtsError::Format("Ogg")),
        "audio/flac" | "audio/x-flac" => return Err(TtsError::Format("FLAC")),
        "audio/aac" | "audio/mp4" | "audio/webm" => return Err(TtsError::Format("AAC or WebM")),
        _ => {}
    }
    for (magic, name) in [
        (b"ID3".as_slice(), "MP3"),
        (b"OggS", "Ogg"),
        (b"fLaC", "FLAC"),
    ] {
        if head.starts_with(magic) {
            return Err(TtsError::Format(name));
        }
    }
    if head.get(4..8) == Some(b"ftyp") {
        return Err(TtsError::Format("AAC or WebM"));
    }
    let beginning = head.trim_ascii_start();
    if matches!(beginning.first(), Some(b'{' | b'[' | b'<')) {
        let text = &head[..head.len().min(TEXT)];
        if text.len() < TEXT && !ended {
            return Ok(None);
        }
        if text
            .iter()
            .all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..))
            && text.iter().filter(|byte| byte.is_ascii()).count() * 2 > text.len()
        {
            let what = if beginning[0] == b'<' {
                "a web page"
            } else {
                "JSON"
            };
            return Err(TtsError::Nonsense(what));
        }
    }
    match mp3_frame(head) {
        // Quiet samples may look like the head of a frame, but not twice at the right distance.
        Some(length) if head.len() < length + 2 && head.len() < ENOUGH && !ended => Ok(None),
        Some(length) if head.get(length..length + 2) == head.get(..2) => {
            Err(TtsError::Format("MP3"))
        }
        _ => Ok(Some(Kind::Pcm)),
    }
}

/// Length of the MPEG audio frame of layer III that `head` begins with, if it does.
fn mp3_frame(head: &[u8]) -> Option<usize> {
    const V1: [usize; 15] = [
        0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ];
    const V2: [usize; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    const RATES: [usize; 3] = [44_100, 48_000, 32_000];
    let &[0xff, second, third, ..] = head else {
        return None;
    };
    let (rates, slots, divisor) = match (second & 0b1111_1110, second & 0b0001_1000) {
        (0b1111_1010, _) => (V1, 144, 1),
        (0b1111_0010, _) => (V2, 72, 2),
        (0b1110_0010, _) => (V2, 72, 4),
        _ => return None,
    };
    let kbps = *rates
        .get(usize::from(third >> 4))
        .filter(|kbps| **kbps > 0)?;
    let rate = RATES.get(usize::from(third >> 2 & 0b11))? / divisor;
    let padding = usize::from(third >> 1 & 1);
    Some(slots * kbps * 1000 / rate + padding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(head: &[u8], mime: &str) -> Result<Option<Kind>, TtsError> {
        sniff(head, mime, true)
    }

    #[test]
    fn a_wav_file_is_one_whatever_it_is_called() {
        let head = b"RIFF\xff\xff\xff\xffWAVEfmt ";
        for mime in ["audio/wav", "audio/mpeg", "", "application/json"] {
            assert_eq!(told(head, mime), Ok(Some(Kind::Wav)), "{mime}");
        }
        assert_eq!(sniff(b"RIFF", "", false), Ok(None));
    }

    #[test]
    fn words_and_other_formats_are_told_apart() {
        for (head, mime, wanted) in [
            (
                b"{\"error\": {\"message\": \"no such voice\"}}".as_slice(),
                "audio/pcm",
                TtsError::Nonsense("JSON"),
            ),
            (b"", "application/json", TtsError::Nonsense("JSON")),
            (
                b"\n<!doctype html><html><body>Welcome",
                "",
                TtsError::Nonsense("a web page"),
            ),
            (
                b"Oops",
                "text/plain; charset=utf-8",
                TtsError::Nonsense("text"),
            ),
            (
                b"ID3\x04\0\0\0\0\0\0\0\0\0",
                "audio/pcm",
                TtsError::Format("MP3"),
            ),
            (b"\0\0\0\0", "audio/mpeg", TtsError::Format("MP3")),
            (b"OggS\0\x02\0\0\0\0\0\0\0", "", TtsError::Format("Ogg")),
            (b"fLaC\0\0\0\x22\0\0\0\0", "", TtsError::Format("FLAC")),
            (
                b"\0\0\0\x18ftypM4A \0\0",
                "",
                TtsError::Format("AAC or WebM"),
            ),
        ] {
            assert_eq!(told(head, mime), Err(wanted), "{mime}: {head:?}");
        }
    }

    #[test]
    fn mp3_without_a_tag_is_known_by_two_frames() {
        // 24 kHz, 64 kbit/s: 192 bytes a frame.
        let mut frames = vec![0; 400];
        for at in [0, 192, 384] {
            frames[at..at + 3].copy_from_slice(&[0xff, 0xf3, 0x84]);
        }
        assert_eq!(told(&frames, ""), Err(TtsError::Format("MP3")));
        assert_eq!(sniff(&frames[..100], "", false), Ok(None));
        // The same first samples with others behind them.
        frames[192] = 0;
        assert_eq!(told(&frames, ""), Ok(Some(Kind::Pcm)));
    }

    #[test]
    fn samples_are_samples() {
        let silence = [0; 64];
        let quiet: Vec<u8> = (0..64_i16)
            .flat_map(|n| (n % 3 - 1).to_le_bytes())
            .collect();
        // Begins like JSON, and goes on as no text does.
        let loud: Vec<u8> = b"{\"".iter().copied().chain(0..=255).collect();
        for samples in [&silence[..], &quiet, &loud, b"", b"\x01"] {
            assert_eq!(told(samples, "audio/pcm"), Ok(Some(Kind::Pcm)));
        }
    }
}
