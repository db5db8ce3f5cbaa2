//! What the operator is told of a transfer, before and after.

use janet_vault::bridge::Counts;
use janet_vault::soul::Soul;

/// "42 messages and 15 summaries".
pub(super) fn amount(counts: Counts) -> String {
    let mut parts = vec![number(counts.messages, "message", "messages")];
    if counts.summaries > 0 {
        parts.push(number(counts.summaries, "summary", "summaries"));
    }
    if counts.red > 0 {
        let names = number(counts.red, "name of a secret", "names of secrets");
        parts.push(names);
    }
    let last = parts.pop().expect("messages are always told");
    if parts.is_empty() {
        return last;
    }
    format!("{} and {last}", parts.join(", "))
}

/// What is asked.
pub(super) fn prompt(counts: Counts, target: Soul) -> String {
    format!(
        "Soul sync requested: {} to the {target} soul. Proceed?",
        amount(counts)
    )
}

/// What it will mean.
pub(super) fn impact(counts: Counts, source: Soul, target: Soul) -> String {
    format!(
        "The conversation goes on in the {target} soul, with {}; in the {source} soul it can still be read.",
        amount(counts)
    )
}

fn number(count: u64, one: &str, many: &str) -> String {
    let noun = if count == 1 { one } else { many };
    format!("{count} {noun}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(messages: u64, summaries: u64, red: u64) -> Counts {
        Counts {
            messages,
            summaries,
            red,
        }
    }

    #[test]
    fn the_question_says_how_much_and_to_whom() {
        assert_eq!(
            prompt(told(42, 15, 0), Soul::Constitutional),
            "Soul sync requested: 42 messages and 15 summaries to the constitutional soul. Proceed?"
        );
        for (counts, words) in [
            (told(1, 0, 0), "1 message"),
            (told(0, 1, 0), "0 messages and 1 summary"),
            (told(2, 0, 1), "2 messages and 1 name of a secret"),
            (
                told(2, 3, 4),
                "2 messages, 3 summaries and 4 names of secrets",
            ),
        ] {
            assert_eq!(amount(counts), words);
        }
    }
}
