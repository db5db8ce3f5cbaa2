//! How an answer is meant, in the protocol's words.

use janet_engine::Act;
use janet_protocol::{ServerMessage, Tone};

/// The tone of a whole answer.
pub(super) fn of(text: &str) -> Tone {
    named(janet_face::tone::of_text(text).tone)
}

/// What she means, or does, at a sample of her voice.
pub(super) fn message(at_sample: u32, act: Act) -> ServerMessage {
    match act {
        Act::Tone(mood) => ServerMessage::Tone {
            name: named(mood.tone),
            intensity: mood.intensity,
            at_sample,
        },
        Act::Gesture(gesture) => ServerMessage::Gesture {
            name: gesture.name().to_owned(),
            at_sample,
        },
    }
}

const fn named(tone: janet_face::Tone) -> Tone {
    match tone {
        janet_face::Tone::Happy => Tone::Happy,
        janet_face::Tone::Thinking => Tone::Thinking,
        janet_face::Tone::Neutral => Tone::Neutral,
        janet_face::Tone::Concerned => Tone::Concerned,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_crates_call_the_tones_alike() {
        let table = [
            ("Congratulations!", Tone::Happy),
            ("Let me think.", Tone::Thinking),
            ("It is nine.", Tone::Neutral),
            ("I'm so sorry.", Tone::Concerned),
        ];
        for (text, tone) in table {
            assert_eq!(of(text), tone);
            let name = janet_face::tone::of_text(text).tone.name();
            assert_eq!(serde_json::to_value(tone).expect("a word"), name);
        }
    }
}
