//! The words in braces that cards hold in place of names: `{{char}}`, `{{user}}` and their like.

/// The text with every macro expanded or taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Expanded {
    pub(super) text: String,
    /// Those that were not understood, or mean chance or commands, and were taken out.
    pub(super) dropped: usize,
    /// Bytes that were not looked at any more.
    pub(super) cut: usize,
}

/// Longest text between braces that is looked at.
const LONGEST: usize = 2000;

/// Who is meant by them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a> {
    pub(super) char: &'a str,
    pub(super) user: &'a str,
}

/// Expands what names somebody, takes the first of what may be chosen, drops the rest. What comes of it
/// ends at `most` bytes: a short macro may stand for a long name.
pub(super) fn expand(text: &str, names: Names<'_>, most: usize) -> Expanded {
    let mut out = Expanded::default();
    // Where each open macro begins in what was written.
    let mut open: Vec<usize> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() && out.text.len() < most {
        if let Some(behind) = rest.strip_prefix("{{") {
            open.push(out.text.len());
            rest = behind;
        } else if let (Some(behind), Some(from)) = (rest.strip_prefix("}}"), open.last().copied()) {
            open.pop();
            let inside = out.text.split_off(from);
            match value(&inside, names) {
                Some(value) => out.text.push_str(&value),
                None => out.dropped += 1,
            }
            rest = behind;
        } else if let Some((name, behind)) = tag(rest, names) {
            out.text.push_str(name);
            rest = behind;
        } else {
            let next = rest.chars().next().map_or(rest.len(), char::len_utf8);
            let (this, behind) = rest.split_at(next);
            out.text.push_str(this);
            rest = behind;
        }
    }
    out.cut = rest.len();
    out
}

/// What a macro stands for; `None` where nothing is to be put there.
fn value(inside: &str, names: Names<'_>) -> Option<String> {
    if inside.len() > LONGEST {
        return None;
    }
    let inside = inside.trim();
    match inside.to_ascii_lowercase().as_str() {
        "char" | "bot" => return Some(names.char.to_owned()),
        "user" => return Some(names.user.to_owned()),
        _ => {}
    }
    let (name, list) = inside.split_once(':')?;
    // No chance in a prompt: its cache would be worth nothing.
    let is_choice = ["random", "pick"]
        .iter()
        .any(|known| name.trim().eq_ignore_ascii_case(known));
    is_choice.then(|| first(list.trim_start_matches(':')))
}

/// The first of a list with commas between; `\,` is a comma.
fn first(list: &str) -> String {
    let mut out = String::new();
    let mut chars = list.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ',' => break,
            '\\' if chars.peek() == Some(&',') => out.extend(chars.next()),
            // Braces of what was chosen could join with others to a macro.
            '{' | '}' => {}
            c => out.push(c),
        }
    }
    out.trim().to_owned()
}

/// The older way to write names: `<USER>`, `<BOT>`, `<CHAR>`.
fn tag<'a, 'b>(rest: &'a str, names: Names<'b>) -> Option<(&'b str, &'a str)> {
    if !rest.starts_with('<') {
        return None;
    }
    let known = [
        ("<user>", names.user),
        ("<bot>", names.char),
        ("<char>", names.char),
    ];
    known.into_iter().find_map(|(tag, name)| {
        let head = rest.get(..tag.len())?;
        let behind = rest.get(tag.len()..)?;
        head.eq_ignore_ascii_case(tag).then_some((name, behind))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAMES: Names<'static> = Names {
        char: "Ada",
        user: "my friend",
    };

    #[test]
    fn names_are_put_in_and_commands_taken_out() {
        for (text, wanted, dropped) in [
            ("{{char}} greets {{user}}.", "Ada greets my friend.", 0),
            (
                "{{Char}} {{ USER }} <BOT> <user>",
                "Ada my friend Ada my friend",
                0,
            ),
            ("{{random:one,two}} {{pick::a\\,b,c}}", "one a,b", 0),
            ("{{random:{{char}},x}}", "Ada", 0),
            (
                "{{roll:d6}}|{{// note}}|{{original}}|{{grant_consent}}",
                "|||",
                4,
            ),
            ("{{setvar::a::{{char}}}}", "", 1),
            ("open {{char", "open char", 0),
            ("closed }} too", "closed }} too", 0),
            ("<b>bold</b>", "<b>bold</b>", 0),
            ("é{{char}}é", "éAdaé", 0),
        ] {
            let out = expand(text, NAMES, 1000);
            assert_eq!(
                (out.text.as_str(), out.dropped),
                (wanted, dropped),
                "{text}"
            );
        }
    }

    #[test]
    fn a_short_macro_for_a_long_name_does_not_grow_without_end() {
        let name = "n".repeat(60);
        let text = "<bot>".repeat(100_000);
        let names = Names {
            char: &name,
            user: "x",
        };
        assert!(expand(&text, names, 5_000).text.len() <= 5_060);
    }

    proptest! {
        #[test]
        fn no_macro_is_left(parts in prop::collection::vec(
            prop::sample::select(vec!["{{", "}}", "{", "}", "char", "user", "random:", ",", "<user>", "ü"]), 0..40,
        )) {
            let out = expand(&parts.concat(), NAMES, 10_000).text;
            if let Some(at) = out.find("{{") {
                prop_assert!(!out[at..].contains("}}"), "{}", out);
            }
        }
    }
}
