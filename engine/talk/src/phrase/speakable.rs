//! Makes a written word into a spoken one.
//!
//! Takes one run of characters between spaces at a time and drops what only the eye needs:
//! markdown, quotes, brackets, emoji, fenced code, link targets. Says where a sentence or a clause
//! ends. Numbers, dates and units are left to the voice's own normalisation.

/// What the voice may do behind a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Break {
    /// The sentence flows on.
    None,
    /// A comma, a colon, a dash.
    Clause,
    /// The sentence is over.
    Sentence,
}

/// One word for the voice.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spoken {
    /// Empty if there is nothing to say.
    pub(crate) text: String,
    pub(crate) then: Break,
}

/// Where in a document the next word stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    fenced: bool,
    link_target: bool,
    inside_line: bool,
}

impl Place {
    /// A new line begins.
    pub(crate) fn newline(&mut self) {
        self.inside_line = false;
        self.link_target = false;
    }

    /// Makes the next run of non-space characters speakable.
    pub(crate) fn say(&mut self, run: &str) -> Spoken {
        if run.matches("```").count() % 2 == 1 {
            self.fenced = !self.fenced;
            return Spoken {
                text: String::new(),
                then: Break::Sentence,
            };
        }
        if self.fenced {
            return Spoken {
                text: String::new(),
                then: Break::None,
            };
        }
        if !self.inside_line && is_bullet(run) {
            return Spoken {
                text: String::new(),
                then: Break::None,
            };
        }
        let opens_line = !std::mem::replace(&mut self.inside_line, true);
        if let Some(word) = sign(run) {
            return Spoken {
                text: word.to_owned(),
                then: Break::None,
            };
        }
        let run = self.without_link_target(run);
        let host = host_of_url(&run);
        let text = plain(host.as_deref().unwrap_or(&run));
        if !text.chars().any(char::is_alphanumeric) {
            let dash = run.chars().any(|c| matches!(c, '-' | '–' | '—' | '|'));
            let then = if dash { Break::Clause } else { ending(&run) };
            return Spoken {
                text: String::new(),
                then,
            };
        }
        let numbering = opens_line && is_numbering(&text);
        let then = match ending(&text) {
            Break::Sentence if numbering || is_abbreviation(&text) => Break::None,
            then => then,
        };
        Spoken { text, then }
    }

    /// `[words](target)` keeps its words; the target may stretch over several runs.
    fn without_link_target(&mut self, run: &str) -> String {
        let mut kept = String::with_capacity(run.len());
        let mut rest = run;
        loop {
            if self.link_target {
                let Some(end) = rest.find(')') else {
                    return kept;
                };
                self.link_target = false;
                rest = &rest[end + 1..];
            }
            let Some(start) = rest.find("](") else {
                kept.push_str(rest);
                return kept;
            };
            kept.push_str(&rest[..start]);
            self.link_target = true;
            rest = &rest[start + 2..];
        }
    }
}

fn is_bullet(run: &str) -> bool {
    matches!(run, "-" | "*" | "+" | "•" | "–" | "—" | ">") || run.chars().all(|c| c == '#')
}

fn is_numbering(text: &str) -> bool {
    let digits = text.trim_end_matches('.');
    digits.len() <= 3 && digits.chars().all(|c| c.is_ascii_digit())
}

fn sign(run: &str) -> Option<&'static str> {
    Some(match run {
        "&" => "and",
        "+" => "plus",
        "=" => "equals",
        "%" => "percent",
        "×" => "times",
        _ => return None,
    })
}

/// `https://www.rust-lang.org/learn.` → "rust-lang.org."
fn host_of_url(run: &str) -> Option<String> {
    let start = match run.find("://") {
        Some(scheme) => scheme + 3,
        None => run.find("www.")?,
    };
    let rest = &run[start..];
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    let end = rest
        .find(['/', '?', '#', ')', ']', '>', '"'])
        .unwrap_or(rest.len());
    let punctuation = run
        .chars()
        .next_back()
        .filter(|c| matches!(c, '.' | ',' | '!' | '?' | ';'));
    let mut host = rest[..end]
        .trim_end_matches(['.', ',', '!', ';'])
        .to_owned();
    host.extend(punctuation);
    Some(host)
}

/// Without markup, quotes, brackets and pictures.
fn plain(run: &str) -> String {
    let run = run.trim_matches(|c| matches!(c, '_' | '\'' | '‘' | '’'));
    let mut text = String::with_capacity(run.len());
    let mut chars = run.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' | '`' | '#' | '~' | '|' | '"' | '“' | '”' | '„' | '«' | '»' | '[' | ']' | '('
            | ')' | '{' | '}' | '<' | '>' | '\\' => {}
            '’' | '‘' => text.push('\''),
            '_' => text.push(' '),
            '—' | '–' if chars.peek().is_some_and(|next| next.is_alphanumeric()) => {
                let number = c == '–' && text.ends_with(|c: char| c.is_ascii_digit());
                text.push_str(if number { " to " } else { ", " });
            }
            '—' | '–' => text.push(','),
            '…' => text.push_str("..."),
            c if is_picture(c) || c.is_control() => {}
            c => text.push(c),
        }
    }
    let text = text.trim().trim_start_matches([',', ' ']);
    text.trim_matches('\'').to_owned()
}

fn is_picture(c: char) -> bool {
    matches!(u32::from(c),
        0x200B..=0x200F | 0x2028..=0x202F | 0x2060..=0x2064 | 0x20E3 | 0x2190..=0x21FF
        | 0x2300..=0x23FF | 0x2460..=0x24FF | 0x25A0..=0x27BF | 0x2900..=0x297F | 0x2B00..=0x2BFF
        | 0xFE00..=0xFE0F | 0xFEFF | 0xFFFD | 0x1F000..=0x1FAFF | 0xE0000..=0xE007F)
}

fn ending(text: &str) -> Break {
    let closed = |c: char| {
        matches!(
            c,
            '"' | '”' | '\'' | '’' | ')' | ']' | '*' | '_' | '»' | '`'
        )
    };
    match text.trim_end_matches(closed).chars().next_back() {
        Some('.' | '!' | '?' | '…' | '。' | '！' | '？') => Break::Sentence,
        Some(',' | ';' | ':' | '，' | '、' | '；' | '：') => Break::Clause,
        _ => Break::None,
    }
}

const ABBREVIATIONS: [&str; 40] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "vs", "etc", "approx", "no", "fig", "jr", "sr", "inc",
    "ltd", "co", "mt", "gen", "col", "sgt", "capt", "lt", "rev", "hon", "jan", "feb", "apr", "aug",
    "sept", "oct", "nov", "dec", "dept", "est", "ca", "cf", "al", "min", "max", "vol",
];

fn is_abbreviation(text: &str) -> bool {
    let Some(stem) = text.strip_suffix('.') else {
        return false;
    };
    // "no." and "min." end sentences as well: only before a number they do not, which is not yet
    // seen; a pause too few is better there than "No" being glued to what follows.
    if matches!(stem, "no" | "No" | "min" | "max") {
        return false;
    }
    let lower = stem.to_lowercase();
    let initials = stem.split('.').all(|part| part.chars().count() == 1)
        && stem.chars().all(|c| c.is_alphabetic() || c == '.')
        && stem != "I";
    initials || ABBREVIATIONS.contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        let mut place = Place::default();
        let mut said = Vec::new();
        for line in text.lines() {
            place.newline();
            said.extend(line.split_whitespace().map(|run| place.say(run).text));
        }
        said.retain(|word| !word.is_empty());
        said.join(" ")
    }

    #[test]
    fn what_only_the_eye_needs_is_not_spoken() {
        for (written, spoken) in [
            ("**Bold** and _soft_ and `code`", "Bold and soft and code"),
            ("## A title", "A title"),
            ("- first\n* second\n1. third", "first second 1. third"),
            ("“Hello,” she said.", "Hello, she said."),
            (
                "See [the home page](https://example.org/a b) now",
                "See the home page now",
            ),
            (
                "Go to https://www.rust-lang.org/learn.",
                "Go to rust-lang.org.",
            ),
            ("Great 🎉 news 👩‍🚀!", "Great news"),
            ("2 + 2 = 4", "2 plus 2 equals 4"),
            ("5 % × 3 & news🎉", "5 percent times 3 and news"),
            ("don't ’tis the dogs’", "don't tis the dogs"),
            ("one—two", "one, two"),
            ("1939–1945", "1939 to 1945"),
            ("a\n```rust\nlet x = 1;\n```\nb", "a b"),
        ] {
            assert_eq!(
                line(written).replace(" !", "!"),
                spoken.replace(" !", "!"),
                "{written}"
            );
        }
    }

    #[test]
    fn abbreviations_and_numbers_do_not_end_a_sentence() {
        let mut place = Place::default();
        for run in ["Dr.", "e.g.", "i.e.", "U.S.", "J.", "3.5", "vs.", "p.m."] {
            place.say("word");
            assert_ne!(place.say(run).then, Break::Sentence, "{run}");
        }
        for run in [
            "end.",
            "what?",
            "no.",
            "“end.”",
            "(end.)",
            "1999.",
            "**end.**",
            "I.",
        ] {
            place.say("word");
            assert_eq!(place.say(run).then, Break::Sentence, "{run}");
        }
        for run in ["well,", "this:", "—"] {
            place.say("word");
            assert_eq!(place.say(run).then, Break::Clause, "{run}");
        }
    }

    #[test]
    fn a_bullet_makes_no_pause_and_a_dash_does() {
        let mut place = Place::default();
        for _ in 0..2 {
            place.newline();
            assert_eq!(place.say("-").then, Break::None);
            place.say("word");
            assert_eq!(place.say("-").then, Break::Clause);
        }
    }

    #[test]
    fn a_number_that_opens_a_line_ends_no_sentence() {
        let mut place = Place::default();
        place.newline();
        assert_eq!(place.say("12.").then, Break::None);
        assert_eq!(place.say("12.").then, Break::Sentence);
        place.newline();
        assert_eq!(place.say("1945.").then, Break::Sentence);
    }
}
