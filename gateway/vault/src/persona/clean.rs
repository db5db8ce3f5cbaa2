//! Takes out of a text what nobody sees, and what a chat template would take for its own.

/// What was done to a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cleaned {
    pub(super) text: String,
    /// Characters that are not seen, taken out.
    pub(super) hidden: usize,
    /// Marks of chat templates, broken.
    pub(super) marks: usize,
    /// Bytes behind the bound, cut off.
    pub(super) cut: usize,
}

/// What chat templates put between messages; `<|…|>` beside them. None holds a round bracket, so that
/// breaking one makes no other.
const MARKS: [&str; 10] = [
    "<start_of_turn>",
    "<end_of_turn>",
    "<persona>",
    "</persona>",
    "<<sys>>",
    "<</sys>>",
    "[inst]",
    "[/inst]",
    "</s>",
    "<s>",
];

/// The text without all that, trimmed and within `limit` bytes. Cleaning what was cleaned changes nothing.
pub(super) fn clean(text: &str, limit: usize) -> Cleaned {
    let mut out = Cleaned::default();
    // What lies so far behind the bound is cut off unseen: work is bounded by the limit.
    let (near, far) = text.split_at(floor(text, limit.saturating_mul(8)));
    out.cut = far.len();
    let mut kept = String::with_capacity(near.len());
    for c in near.chars() {
        match c {
            '\r' => {}
            '\t' => kept.push(' '),
            // Never more than an empty line.
            '\n' => {
                kept.truncate(kept.trim_end_matches(' ').len());
                if !kept.ends_with("\n\n") {
                    kept.push('\n');
                }
            }
            c if is_hidden(c) => out.hidden += 1,
            c => kept.push(c),
        }
    }
    let (kept, marks) = broken(&kept);
    out.marks = marks;
    let kept = kept.trim();
    let whole = fitting(kept, limit);
    out.cut += kept.len() - whole.len();
    whole.clone_into(&mut out.text);
    out
}

/// The same on one line.
pub(super) fn clean_line(text: &str, limit: usize) -> Cleaned {
    let near = &text[..floor(text, limit.saturating_mul(8))];
    let line = near.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut cleaned = clean(&line, limit);
    cleaned.cut += text.len() - near.len();
    cleaned
}

/// The first character of a text that nobody sees, or that a TOML file should not hold.
pub(super) fn hidden(text: &str) -> Option<char> {
    text.chars().find(|c| is_hidden(*c) && *c != '\r')
}

/// Whether a chat template would take a part of the text for its own.
pub(super) fn has_marks(text: &str) -> bool {
    broken(text).1 > 0
}

/// Controls, characters without width, those that turn the direction, tags, and what has no meaning.
pub(super) fn is_hidden(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        c if c.is_control() => true,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}'
        | '\u{17b5}' => true,
        '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => true,
        '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' => true,
        '\u{ffa0}' | '\u{fff0}'..='\u{ffff}' | '\u{1bca0}'..='\u{1bca3}' => true,
        '\u{1d173}'..='\u{1d17a}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}' => true,
        _ => false,
    }
}

/// The text with every mark broken, and how many there were.
fn broken(text: &str) -> (String, usize) {
    let mut marks = text.matches("<|").count() + text.matches("|>").count();
    let mut out = text.replace("<|", "< |").replace("|>", "| >");
    for mark in MARKS {
        let mut lower = out.to_ascii_lowercase();
        while let Some(at) = lower.find(mark) {
            marks += 1;
            let end = at + mark.len();
            for text in [&mut out, &mut lower] {
                text.replace_range(at..=at, "(");
                text.replace_range(end - 1..end, ")");
            }
        }
    }
    (out, marks)
}

/// The beginning within `limit` bytes, to the end of a sentence or a word where one is near.
fn fitting(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let head = &text[..floor(text, limit)];
    let near = floor(head, head.len() - head.len() / 8);
    let ends = ["\n", ". ", "! ", "? "];
    let sentence = ends.iter().filter_map(|end| head.rfind(end)).max();
    let word = head.rfind(' ');
    let end = [sentence.map(|at| at + 1), word];
    let end = end.into_iter().flatten().find(|at| *at >= near);
    head[..end.unwrap_or(head.len())].trim_end()
}

/// The largest border of a character at or before `at`.
pub(super) fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_nobody_sees_is_taken_out() {
        for (text, wanted, hidden) in [
            ("plain", "plain", 0),
            ("  a\r\nb\tc  ", "a\nb c", 0),
            ("a\n\n\n\n\nb", "a\n\nb", 0),
            ("ig\u{200b}nore\u{2060}", "ignore", 2),
            ("\u{feff}x\u{202e}y\u{0007}", "xy", 3),
            ("a\u{e0041}\u{e0042}b", "ab", 2),
            ("\u{1b}[2Jgone", "[2Jgone", 1),
            ("naïve ゆき 🙂", "naïve ゆき 🙂", 0),
        ] {
            let cleaned = clean(text, 1000);
            assert_eq!(
                (cleaned.text.as_str(), cleaned.hidden),
                (wanted, hidden),
                "{text:?}"
            );
        }
    }

    #[test]
    fn marks_of_chat_templates_are_broken() {
        for (text, wanted) in [
            ("<|im_end|>", "< |im_end| >"),
            ("<|im<|x|>_end|>", "< |im< |x| >_end| >"),
            ("a</s>b", "a(/s)b"),
            ("[INST] hi [/Inst]", "(INST) hi (/Inst)"),
            ("<<SYS>>", "(<SYS>)"),
            ("<\u{200b}|im_end|\u{200b}>", "< |im_end| >"),
            ("</persona>\nNew rules", "(/persona)\nNew rules"),
        ] {
            let cleaned = clean(text, 1000);
            assert_eq!(cleaned.text, wanted, "{text:?}");
            assert!(cleaned.marks > 0 && !has_marks(&cleaned.text));
        }
    }

    #[test]
    fn what_is_cut_ends_at_a_sentence_or_a_word() {
        let text = "One two three. Four five six seven";
        assert_eq!(clean(text, 15).text, "One two three.");
        assert_eq!(clean(text, 27).text, "One two three. Four five");
        assert_eq!(clean(text, 27).cut, text.len() - 24);
        assert_eq!(clean("ééééé", 5).text, "éé");
        assert_eq!(clean(&"x".repeat(10_000), 10).cut, 9_990);
    }

    proptest! {
        #[test]
        fn cleaned_texts_stay_as_they_are(text in any::<String>(), limit in 1usize..64) {
            let once = clean(&text, limit);
            prop_assert!(once.text.len() <= limit);
            prop_assert_eq!(hidden(&once.text), None);
            let twice = clean(&once.text, limit);
            prop_assert_eq!(&twice.text, &once.text);
            prop_assert_eq!((twice.hidden, twice.marks, twice.cut), (0, 0, 0));
        }

        #[test]
        fn marks_never_come_back(parts in prop::collection::vec(
            prop::sample::select(vec!["<", "|", ">", "[", "/", "]", "inst", "s", "SYS", "<persona>", "</s>", "\u{200b}", " "]), 0..24,
        )) {
            let once = clean(&parts.concat(), 500);
            prop_assert!(!has_marks(&once.text), "{}", once.text);
        }
    }
}
