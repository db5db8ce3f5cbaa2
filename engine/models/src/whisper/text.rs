//! Tidies what the model wrote.

/// Removes annotations in brackets (`[Music]`, `(applause)`, `*sighs*`, notes) and double spaces.
pub fn clean(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut until: Option<char> = None;
    let mut held = String::new();
    for c in text.chars() {
        match until {
            Some(close) if c == close => {
                until = None;
                held.clear();
                kept.push(' ');
            }
            Some(_) => held.push(c),
            None => match closing(c) {
                Some(close) => {
                    until = Some(close);
                    held.push(c);
                }
                None if matches!(c, '♪' | '♫' | '♬' | '♩') => kept.push(' '),
                None => kept.push(c),
            },
        }
    }
    // A bracket that never closes was none.
    kept.push_str(&held);
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn closing(open: char) -> Option<char> {
    Some(match open {
        '[' => ']',
        '(' => ')',
        '*' => '*',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn annotations_go_and_words_stay() {
        assert_eq!(clean(" [Music] Hello  there. (laughs)"), "Hello there.");
        assert_eq!(clean("♪ la la ♪"), "la la");
        assert_eq!(clean("*sighs* all right"), "all right");
        assert_eq!(clean("[BLANK_AUDIO]"), "");
    }

    #[test]
    fn a_bracket_that_never_closes_loses_no_words() {
        assert_eq!(clean("three (or four"), "three (or four");
    }
}
