//! What can be asked of the conversation without telling it anything.

use crate::{Config, Finish, Input, Mono, PhraseId, ReplyId, Turn, phrases, steers};

/// A conversation to which these inputs came, a millisecond apart.
fn after(inputs: Vec<Input>) -> Turn {
    let mut turn = Turn::new(Config::default(), 0);
    for (millis, input) in (0..).zip(inputs) {
        turn.handle(Mono::from_millis(millis), input, &mut Vec::new());
    }
    turn
}

fn answer(speak: bool) -> Vec<Input> {
    let reply = ReplyId(0);
    let text = "tell me".into();
    vec![
        Input::Text {
            text,
            speak,
            tag: 1,
            taken: false,
        },
        Input::Token {
            reply,
            text: "Ça va. There was a king.".into(),
        },
        Input::Generated {
            reply,
            finish: Finish::Complete,
        },
    ]
}

#[test]
fn what_was_heard_is_counted_in_characters_of_the_spoken_reply_under_way() {
    let reply = ReplyId(0);
    assert_eq!(after(Vec::new()).heard_chars(reply), None);
    let mut inputs = answer(true);
    assert_eq!(after(inputs.clone()).heard_chars(reply), Some(0));
    inputs.push(Input::Voiced {
        reply,
        phrase: PhraseId(0),
        samples: 12_000,
        upto_byte: "Ça va.".len(),
        last: true,
    });
    inputs.push(Input::Heard {
        reply,
        sample: 11_999,
    });
    assert_eq!(after(inputs.clone()).heard_chars(reply), Some(0));
    inputs.push(Input::Heard {
        reply,
        sample: 12_000,
    });
    let turn = after(inputs);
    assert_eq!(turn.heard_chars(reply), Some("Ça va.".chars().count()));
    assert_eq!(turn.heard_chars(ReplyId(1)), None);
    let mut written = answer(false);
    written.truncate(2);
    assert_eq!(after(written).heard_chars(reply), None);
}

#[test]
fn a_text_is_spoken_in_the_pieces_in_which_an_answer_would_be() {
    let text = "Once upon a time. There was a king, and he had a house.";
    let pieces = phrases(text);
    assert!(pieces.len() > 1, "{pieces:?}");
    assert_eq!(pieces.join(" "), text);
    assert_eq!(phrases("  "), Vec::<String>::new());
}

#[test]
fn only_words_of_the_lists_steer() {
    for word in ["yeah", "stop", "ll"] {
        assert!(steers(word), "{word}");
    }
    for word in ["", "password", "Stop"] {
        assert!(!steers(word), "{word}");
    }
}
