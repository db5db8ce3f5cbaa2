//! Turns generated tokens into text that may be shown.
//!
//! Holds back what is not sure yet: bytes that are not a whole character, and text that may turn
//! out to be the beginning of a stop text.

/// The text side of one answer.
#[derive(Debug)]
pub(super) struct TextOut {
    stop: Vec<String>,
    /// Bytes of a character that is not complete.
    bytes: Vec<u8>,
    /// Complete characters that may belong to a stop text.
    held: String,
    /// Bytes of text handed out so far.
    emitted: usize,
    stopped: bool,
}

impl TextOut {
    pub(super) fn new(stop: Vec<String>) -> Self {
        Self {
            stop,
            bytes: Vec::new(),
            held: String::new(),
            emitted: 0,
            stopped: false,
        }
    }

    /// Takes a token's bytes and returns the text that is sure now.
    pub(super) fn push(&mut self, piece: &[u8]) -> String {
        self.bytes.extend_from_slice(piece);
        self.take_characters();
        self.release(false)
    }

    /// Hands out what was held back, but for half a character: an answer that was as long as it may
    /// be can end in one.
    pub(super) fn finish(&mut self) -> String {
        self.bytes.clear();
        self.release(true)
    }

    /// Whether a stop text has come. Nothing is handed out after that.
    pub(super) fn stopped(&self) -> bool {
        self.stopped
    }

    /// Bytes of text in complete characters, handed out or held.
    pub(super) fn seen(&self) -> usize {
        self.emitted + self.held.len()
    }

    /// Bytes of text handed out.
    pub(super) fn emitted(&self) -> usize {
        self.emitted
    }

    /// Moves complete characters from `bytes` to `held`; invalid ones become U+FFFD.
    fn take_characters(&mut self) {
        let mut rest = &self.bytes[..];
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    self.held.push_str(text);
                    rest = &[];
                    break;
                }
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    self.held.push_str(&String::from_utf8_lossy(good));
                    rest = bad;
                    let Some(length) = error.error_len() else {
                        break;
                    };
                    self.held.push(char::REPLACEMENT_CHARACTER);
                    rest = &rest[length..];
                }
            }
        }
        let done = self.bytes.len() - rest.len();
        self.bytes.drain(..done);
    }

    fn release(&mut self, all: bool) -> String {
        if self.stopped {
            self.held.clear();
            return String::new();
        }
        let found = self
            .stop
            .iter()
            .filter_map(|stop| self.held.find(stop.as_str()))
            .min();
        let sure = match found {
            Some(at) => {
                self.stopped = true;
                at
            }
            None if all => self.held.len(),
            None => self.held.len() - self.doubtful(),
        };
        let rest = self.held.split_off(sure);
        let text = std::mem::replace(&mut self.held, rest);
        if self.stopped {
            self.held.clear();
        }
        self.emitted += text.len();
        text
    }

    /// Length of the longest end of `held` that begins a stop text.
    fn doubtful(&self) -> usize {
        let longest = |stop: &String| {
            (1..stop.len().min(self.held.len() + 1))
                .rev()
                .find(|n| stop.is_char_boundary(*n) && self.held.ends_with(&stop[..*n]))
                .unwrap_or(0)
        };
        self.stop.iter().map(longest).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(stop: &[&str], pieces: &[&[u8]]) -> (Vec<String>, bool) {
        let mut out = TextOut::new(stop.iter().map(|s| (*s).to_owned()).collect());
        let mut texts: Vec<String> = pieces.iter().map(|piece| out.push(piece)).collect();
        texts.push(out.finish());
        (texts, out.stopped())
    }

    #[test]
    fn a_stop_text_across_tokens_is_never_shown_in_part() {
        let (texts, stopped) = all(&["User:"], &[b"Hi.\nUs", b"er", b": no", b"more"]);
        assert_eq!(texts, ["Hi.\n", "", "", "", ""]);
        assert!(stopped);
    }

    #[test]
    fn a_false_alarm_is_handed_out_whole() {
        let (texts, stopped) = all(&["User:"], &[b"U", b"s", b" and Use", b"rs"]);
        assert_eq!(texts.concat(), "Us and Users");
        assert_eq!(texts[0], "");
        assert!(!stopped);
    }

    #[test]
    fn the_earliest_of_several_stop_texts_counts() {
        let (texts, stopped) = all(&["bcd", "c"], &[b"ab", b"cd"]);
        assert_eq!(texts.concat(), "a");
        assert!(stopped);
    }

    #[test]
    fn a_repeating_stop_text_is_found_inside_a_run() {
        let (texts, stopped) = all(&["aab"], &[b"a", b"a", b"a", b"b"]);
        assert_eq!(texts.concat(), "a");
        assert!(stopped);
    }

    #[test]
    fn a_character_in_two_tokens_comes_out_once_whole() {
        let bytes = "é🙂".as_bytes();
        let (texts, _) = all(&[], &[&bytes[..1], &bytes[1..4], &bytes[4..]]);
        assert_eq!(texts, ["", "é", "🙂", ""]);
    }

    #[test]
    fn broken_bytes_become_replacement_characters() {
        let (texts, _) = all(&[], &[b"a\xff", b"b\xe2", b"\x82"]);
        // The last three bytes of four never came: that is nothing to show.
        assert_eq!(texts, ["a\u{fffd}", "b", "", ""]);
    }

    #[test]
    fn a_stop_text_of_wide_characters_is_held_at_character_borders() {
        let (texts, stopped) = all(&["…!"], &["x…".as_bytes(), b"?"]);
        assert_eq!(texts.concat(), "x…?");
        assert!(!stopped);
    }
}
