//! Lines out of a body that comes in pieces of any size.

use super::LlmError;

/// Longest line: far more than any piece of an answer, far less than what would hurt.
const LONGEST: usize = 1 << 20;

/// What has come and is no whole line yet.
#[derive(Debug, Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// Up to here there is no line end.
    searched: usize,
}

impl Lines {
    /// Takes in a piece.
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
    }

    /// The next whole line without its end. A line that is no UTF-8 or without bounds is an error:
    /// whoever sends it speaks something else.
    pub(super) fn next(&mut self) -> Result<Option<String>, LlmError> {
        let Some(at) = self.bytes[self.searched..].iter().position(|b| *b == b'\n') else {
            self.searched = self.bytes.len();
            return if self.bytes.len() > LONGEST {
                Err(LlmError::Nonsense("a line of more than 1 MiB"))
            } else {
                Ok(None)
            };
        };
        let mut line: Vec<u8> = self.bytes.drain(..=self.searched + at).collect();
        self.searched = 0;
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        String::from_utf8(line)
            .map(Some)
            .map_err(|_| LlmError::Nonsense("a line that is not UTF-8"))
    }

    /// What is left when the body has ended: a last line without its end.
    pub(super) fn rest(&mut self) -> Result<Option<String>, LlmError> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        self.push(b"\n");
        self.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8], size: usize) -> Vec<String> {
        let mut lines = Lines::default();
        let mut out = Vec::new();
        for piece in text.chunks(size) {
            lines.push(piece);
            while let Some(line) = lines.next().expect("text") {
                out.push(line);
            }
        }
        out.extend(lines.rest().expect("text"));
        out
    }

    #[test]
    fn lines_are_the_same_however_they_are_cut() {
        let text = "one\r\n\nzwölf\nlast".as_bytes();
        for size in 1..=text.len() {
            assert_eq!(all(text, size), ["one", "", "zwölf", "last"], "{size}");
        }
    }

    #[test]
    fn what_is_no_text_or_has_no_end_is_refused() {
        let mut lines = Lines::default();
        lines.push(b"\xff\xfe\n");
        assert!(lines.next().is_err());
        let mut lines = Lines::default();
        lines.push(&vec![b'a'; LONGEST]);
        assert!(lines.next().expect("as long as it may be").is_none());
        lines.push(b"a");
        assert!(lines.next().is_err());
    }
}
