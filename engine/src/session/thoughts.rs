//! Keeps a language model's thoughts, `<think>…</think>`, from being shown and spoken.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Takes an answer as it comes and gives what may be shown.
#[derive(Debug, Default)]
pub(crate) struct Thoughts {
    inside: bool,
    /// What may be the beginning of a tag.
    held: String,
    /// Something was shown: from here on white space belongs to the answer.
    shown: bool,
}

impl Thoughts {
    /// What may be shown of the answer so far that was not yet.
    pub(crate) fn pass(&mut self, text: &str) -> String {
        self.held.push_str(text);
        let mut out = String::new();
        loop {
            let tag = if self.inside { CLOSE } else { OPEN };
            if let Some(at) = self.held.find(tag) {
                let before: String = self.held.drain(..at + tag.len()).collect();
                self.show(&before[..at], &mut out);
                self.inside = !self.inside;
                continue;
            }
            let keep = begun_tag(&self.held, tag);
            let rest = self.held.split_off(self.held.len() - keep);
            let sure = std::mem::replace(&mut self.held, rest);
            self.show(&sure, &mut out);
            return out;
        }
    }

    /// The answer has ended: what looked like a tag was none. A thought without an end stays one.
    pub(crate) fn end(&mut self) -> String {
        let mut out = String::new();
        let held = std::mem::take(&mut self.held);
        self.show(&held, &mut out);
        out
    }

    fn show(&mut self, text: &str, out: &mut String) {
        if self.inside {
            return;
        }
        let text = if self.shown { text } else { text.trim_start() };
        self.shown |= !text.is_empty();
        out.push_str(text);
    }
}

/// How many bytes at the end of `text` may be the beginning of `tag`.
fn begun_tag(text: &str, tag: &str) -> usize {
    (1..tag.len())
        .rev()
        .find(|length| text.ends_with(&tag[..*length]))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text in pieces of every size gives the same.
    fn shown(text: &str) -> String {
        let whole = {
            let mut thoughts = Thoughts::default();
            thoughts.pass(text) + &thoughts.end()
        };
        for size in 1..text.len() {
            let mut thoughts = Thoughts::default();
            let chars: Vec<char> = text.chars().collect();
            let mut pieces = String::new();
            for piece in chars.chunks(size) {
                pieces += &thoughts.pass(&piece.iter().collect::<String>());
            }
            pieces += &thoughts.end();
            assert_eq!(pieces, whole, "in pieces of {size}");
        }
        whole
    }

    #[test]
    fn thoughts_are_hidden_however_the_text_is_cut() {
        assert_eq!(
            shown("<think>\nParis?\n</think>\n\nIt is Paris."),
            "It is Paris."
        );
        assert_eq!(shown("<think></think>Yes."), "Yes.");
        assert_eq!(shown("One. <think>or two</think>Two."), "One. Two.");
        assert_eq!(shown("<think>über</think>Ä"), "Ä");
    }

    #[test]
    fn text_that_only_looks_like_a_tag_is_shown() {
        assert_eq!(shown("1 < 2 and <thin"), "1 < 2 and <thin");
        assert_eq!(shown("a <thinker> b"), "a <thinker> b");
        assert_eq!(shown("  Hello. "), "Hello. ");
    }

    #[test]
    fn a_thought_without_an_end_shows_nothing() {
        assert_eq!(shown("<think>hm, what if"), "");
    }
}
