//! A text cut into words and chunks, once, for all rules.

use std::ops::Range;

/// What stands in for a secret. Never part of a word, a chunk or a secret itself.
pub(super) const MARKER: &str = "[secret]";

/// A run of letters and digits, or a [`MARKER`].
#[derive(Clone, Copy)]
pub(super) struct Word {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) marker: bool,
}

/// The text with its words (letters and digits) and chunks (between blanks or markers), in order.
pub(super) struct Text<'a> {
    pub(super) raw: &'a str,
    /// ASCII letters in lower case, so that every offset is the same as in `raw`.
    pub(super) lower: String,
    pub(super) words: Vec<Word>,
    pub(super) chunks: Vec<Range<usize>>,
}

impl<'a> Text<'a> {
    pub(super) fn new(raw: &'a str) -> Self {
        let mut text = Self {
            raw,
            lower: raw.to_ascii_lowercase(),
            words: Vec::new(),
            chunks: Vec::new(),
        };
        let mut at = 0;
        for (marker, _) in raw.match_indices(MARKER) {
            text.cut(at..marker);
            at = marker + MARKER.len();
            text.words.push(Word {
                start: marker,
                end: at,
                marker: true,
            });
        }
        text.cut(at..raw.len());
        text
    }

    fn cut(&mut self, part: Range<usize>) {
        let (mut word, mut chunk) = (None, None);
        for (offset, c) in self.raw[part.clone()].char_indices() {
            let at = part.start + offset;
            match (c.is_alphanumeric(), word) {
                (true, None) => word = Some(at),
                (false, Some(start)) => {
                    self.words.push(Word {
                        start,
                        end: at,
                        marker: false,
                    });
                    word = None;
                }
                _ => {}
            }
            match (c.is_whitespace(), chunk) {
                (false, None) => chunk = Some(at),
                (true, Some(start)) => {
                    self.chunks.push(start..at);
                    chunk = None;
                }
                _ => {}
            }
        }
        if let Some(start) = word {
            self.words.push(Word {
                start,
                end: part.end,
                marker: false,
            });
        }
        if let Some(start) = chunk {
            self.chunks.push(start..part.end);
        }
    }

    /// The word in lower case; empty for a marker and beyond the end.
    pub(super) fn word(&self, index: usize) -> &str {
        match self.words.get(index) {
            Some(word) if !word.marker => &self.lower[word.start..word.end],
            _ => "",
        }
    }

    /// What stands between a word and the one before it.
    pub(super) fn gap(&self, index: usize) -> &'a str {
        let start = index
            .checked_sub(1)
            .map_or(0, |before| self.words[before].end);
        let end = self
            .words
            .get(index)
            .map_or(self.raw.len(), |word| word.start);
        &self.raw[start..end]
    }

    /// Whether a sentence or a line ends between a word and the one before it.
    pub(super) fn breaks(&self, index: usize) -> bool {
        index >= self.words.len() || ends_sentence(self.gap(index))
    }

    /// The first chunk that ends behind this offset, from the offset on.
    pub(super) fn chunk_from(&self, offset: usize) -> Option<Range<usize>> {
        let index = self.chunks.partition_point(|chunk| chunk.end <= offset);
        self.chunks
            .get(index)
            .map(|chunk| chunk.start.max(offset)..chunk.end)
    }

    /// Index of the first word that ends behind this offset.
    pub(super) fn word_from(&self, offset: usize) -> usize {
        self.words.partition_point(|word| word.end <= offset)
    }
}

/// Whether a piece of text between two words ends a sentence or a line.
pub(super) fn ends_sentence(gap: &str) -> bool {
    let mut closed = false;
    for c in gap.chars() {
        match c {
            '\n' | ';' => return true,
            '.' | '!' | '?' | '…' => closed = true,
            _ if c.is_whitespace() && closed => return true,
            _ => {}
        }
    }
    false
}

/// A chunk without the quotation marks, brackets and stops around it.
pub(super) fn trimmed(raw: &str, chunk: Range<usize>) -> Range<usize> {
    const AROUND: &[char] = &[
        '"', '\'', '`', '“', '”', '‘', '’', '(', ')', '<', '>', '{', '}', '[', ']', ',',
    ];
    const BEHIND: &[char] = &['.', ',', ';', ':', '?', '!', '…'];
    let text = &raw[chunk.clone()];
    let front = text.len() - text.trim_start_matches(AROUND).len();
    let kept = text[front..]
        .trim_end_matches(|c| AROUND.contains(&c) || BEHIND.contains(&c))
        .len();
    chunk.start + front..chunk.start + front + kept
}
