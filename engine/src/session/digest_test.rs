//! The note of a conversation, with a model that says what the test wants.

use std::borrow::Cow;

use janet_talk::{Finish, Stage};

use super::*;

struct Hides;
impl Gate for Hides {
    fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        text.replace("hunter2", "[secret]").into()
    }
}

/// A context of 180 tokens: 405 bytes are much.
fn digest() -> Digest {
    Digest::new(180)
}

fn conversation(turns: usize) -> Vec<Message> {
    let mut history = vec![Message::new(Role::System, "Be Janet.")];
    for n in 0..turns {
        history.push(Message::new(
            Role::User,
            format!("What about number {n} then? And its brothers."),
        ));
        history.push(Message::new(
            Role::Assistant,
            format!("Number {n} is fine, too. So are they all."),
        ));
    }
    history
}

fn ended(finish: Finish) -> What {
    What::Generated {
        finish,
        ids: Vec::new(),
        cached: 0,
        new: 0,
    }
}

/// Asks for a summary and lets the model say this.
fn say(digest: &mut Digest, history: &[Message], pieces: &[&str], end: What) -> Ticket {
    let plan = digest.due(history, &Hides).expect("it is much");
    let ticket = Ticket::default();
    digest.begin(&plan, ticket.clone());
    for piece in pieces {
        assert!(digest.take(plan.reply, &What::Token((*piece).into()), &Hides));
    }
    assert!(digest.take(plan.reply, &end, &Hides));
    ticket
}

fn system_of(messages: &[Message]) -> &str {
    &messages[0].text
}

#[test]
fn a_short_conversation_is_left_alone() {
    let mut digest = digest();
    let history = conversation(4);
    assert!(digest.due(&history, &Hides).is_none());
    assert_eq!(digest.prompt(&history), history);
}

#[test]
fn a_long_ones_beginning_becomes_a_note_and_the_last_turns_stay_whole() {
    let mut digest = digest();
    let history = conversation(5);
    let plan = digest.due(&history, &Hides).expect("it is much");
    let asked = &plan.messages[1].text;
    assert!(
        asked
            .contains("User: What about number 0 then? And its brothers.\nJanet: Number 0 is fine")
    );
    assert!(!asked.contains("number 4"), "{asked}");
    digest.put_off(Mono::ZERO);
    say(
        &mut digest,
        &history,
        &["<think>hm</think>They ", "went over numbers."],
        ended(Finish::Complete),
    );
    let prompt = digest.prompt(&history);
    assert_eq!(
        system_of(&prompt),
        "Be Janet.\n\nEarlier in this conversation: They went over numbers."
    );
    // What is kept for other conversations ends before the note.
    assert_eq!(prompt[0].own_from, Some("Be Janet.".len()));
    assert_eq!(prompt[1].role, Role::User);
    assert_eq!(prompt[1..], history[history.len() - prompt.len() + 1..]);
    assert!((2..=KEPT).contains(&(prompt.len() - 1)), "{}", prompt.len());
    assert!(
        digest.due(&history, &Hides).is_none(),
        "nothing new was said"
    );
}

#[test]
fn the_next_note_takes_the_last_one_in() {
    let mut digest = digest();
    say(
        &mut digest,
        &conversation(5),
        &["They like tea."],
        ended(Finish::Complete),
    );
    let longer = conversation(9);
    for _ in 0..8 {
        digest.remembered(0);
    }
    let plan = digest.due(&longer, &Hides).expect("it is much again");
    let asked = &plan.messages[1].text;
    assert!(
        asked.contains("Earlier in this conversation: They like tea."),
        "{asked}"
    );
    assert!(
        asked.contains("number 4") && !asked.contains("number 3"),
        "told before: {asked}"
    );
}

#[test]
fn a_summary_that_is_no_good_changes_nothing_and_is_not_asked_for_again_at_once() {
    let history = conversation(5);
    let long = "word ".repeat(100);
    let endless = "A sentence. ".repeat(80);
    let bad: [(&[&str], What); 8] = [
        (&[], ended(Finish::Complete)),
        (&["  \n "], ended(Finish::Complete)),
        (&["<think>never ends"], ended(Finish::Complete)),
        (&["Fine.<|im_end|>"], ended(Finish::Complete)),
        (&["All is well.\nUser: And now?"], ended(Finish::Complete)),
        (&[&long], ended(Finish::Complete)),
        (&["It broke in the"], ended(Finish::Length)),
        (&["It began."], What::Failed(Stage::Generate)),
    ];
    for (pieces, end) in bad {
        let mut digest = digest();
        say(&mut digest, &history, pieces, end);
        assert_eq!(digest.prompt(&history), history, "{pieces:?}");
        digest.remembered(0);
        assert!(
            digest.due(&history, &Hides).is_none(),
            "asked again: {pieces:?}"
        );
        for _ in 0..PATIENCE {
            digest.remembered(0);
        }
        assert!(
            digest.due(&history, &Hides).is_some(),
            "given up: {pieces:?}"
        );
    }
    let ticket = say(
        &mut digest(),
        &history,
        &[&endless],
        ended(Finish::Complete),
    );
    assert!(
        ticket.is_cancelled(),
        "a model that does not end is called off"
    );
}

#[test]
fn a_summary_that_is_too_long_ends_at_a_whole_sentence() {
    let mut digest = digest();
    let history = conversation(5);
    let text = "They went over numbers. They like the first one most of all, and have said so more \
                than once in all those years, to whoever would listen. And then, without";
    say(&mut digest, &history, &[text], ended(Finish::Length));
    let prompt = digest.prompt(&history);
    let note = system_of(&prompt).split(HEAD).nth(1).expect("a note");
    assert_eq!(note, "They went over numbers.");
}

#[test]
fn what_is_given_up_is_asked_for_again_and_its_rest_is_thrown_away() {
    let mut digest = digest();
    let history = conversation(5);
    let plan = digest.due(&history, &Hides).expect("it is much");
    let ticket = Ticket::default();
    digest.begin(&plan, ticket.clone());
    assert!(digest.stop() && ticket.is_cancelled() && !digest.stop());
    let late = What::Token("Late.".into());
    assert!(digest.take(plan.reply, &late, &Hides));
    assert!(digest.take(plan.reply, &ended(Finish::Complete), &Hides));
    assert_eq!(digest.prompt(&history), history);
    let again = digest.due(&history, &Hides).expect("it is still much");
    assert_ne!(again.reply, plan.reply);
    assert!(!digest.take(ReplyId(7), &late, &Hides), "an answer's text");
}

#[test]
fn what_nobody_can_make_is_not_looked_at_again_before_it_was_quiet_for_a_while() {
    let mut digest = digest();
    let history = conversation(5);
    let mut looks = 0;
    // Ten seconds of ticks in which nobody has a place to spare.
    for now in (0..10_000).step_by(10).map(Mono::from_millis) {
        if digest.is_quiet(now) && digest.due(&history, &Hides).is_some() {
            looks += 1;
            digest.put_off(now);
        }
    }
    assert_eq!(looks, 12);
    digest.disturb(Mono::from_millis(20_000));
    assert!(!digest.is_quiet(Mono::from_millis(20_700)));
    assert!(digest.is_quiet(Mono::from_millis(20_800)));
}

#[test]
fn who_answers_decides_how_much_is_much() {
    let mut digest = Digest::new(8192);
    let history = conversation(9);
    assert!(digest.due(&history, &Hides).is_none());
    digest.remembered(0);
    // A model that was made for less.
    digest.reckon_with(180);
    let plan = digest.due(&history, &Hides).expect("it is much for it");
    let asked = &plan.messages[1].text;
    assert!(asked.len() < 405 + 200, "{} bytes", asked.len());
    assert!(asked.contains("number 0") && asked.contains("number 3"));
    assert!(!asked.contains("number 4"), "{asked}");
}

#[test]
fn what_is_too_much_at_once_is_summed_up_in_portions_and_nothing_is_left_out() {
    let mut digest = digest();
    let history = conversation(20);
    let mut portions = 0;
    let mut told = String::new();
    while let Some(plan) = digest.due(&history, &Hides) {
        let request = &plan.messages[1].text;
        assert!(request.len() < 405 + 200, "{} bytes", request.len());
        told += request;
        digest.begin(&plan, Ticket::default());
        for what in [What::Token("They went on.".into()), ended(Finish::Complete)] {
            assert!(digest.take(plan.reply, &what, &Hides));
        }
        portions += 1;
        // Whatever is in no note is in the prompt.
        let prompt = digest.prompt(&history);
        let rest: String = prompt[1..].iter().map(|m| m.text.as_str()).collect();
        for n in 0..20 {
            let what = format!("number {n} then");
            assert!(told.contains(&what) || rest.contains(&what), "{what}");
            assert!(!(told.contains(&what) && rest.contains(&what)), "{what}");
        }
        assert_eq!(prompt[1].role, Role::User);
        assert!(portions < 20, "it goes on and on");
    }
    assert!(portions > 2, "{portions}");
}

#[test]
fn one_message_that_is_too_much_by_itself_is_cut() {
    let mut digest = digest();
    let mut history = conversation(5);
    history[1].text = "ä".repeat(2000);
    let plan = digest.due(&history, &Hides).expect("it is much");
    let asked = &plan.messages[1].text;
    assert!(asked.len() < 405 + 220, "{} bytes", asked.len());
    assert!(asked.contains("User: äää"));
    assert!(asked.contains("Janet: Number 0 is fine"), "{asked}");
}

#[test]
fn a_request_that_failed_is_shorter_the_next_time() {
    let mut digest = digest();
    let history = conversation(5);
    say(&mut digest, &history, &[], What::Failed(Stage::Generate));
    for _ in 0..=PATIENCE {
        digest.remembered(0);
    }
    let plan = digest.due(&history, &Hides).expect("it is still much");
    let asked = &plan.messages[1].text;
    assert!(
        asked.contains("number 1") && !asked.contains("number 2"),
        "{asked}"
    );
    digest.put_off(Mono::ZERO);
    say(
        &mut digest,
        &history,
        &["They agreed."],
        ended(Finish::Complete),
    );
    assert_eq!(digest.halved, 0);
    let prompt = digest.prompt(&history);
    assert!(
        prompt[1].text.contains("number 2"),
        "what it does not cover stays: {prompt:?}"
    );
}

#[test]
fn secrets_pass_the_gate_on_both_ways() {
    let mut digest = digest();
    let mut history = conversation(5);
    history[1].text += " It is hunter2.";
    let plan = digest.due(&history, &Hides).expect("it is much");
    assert!(plan.messages[1].text.contains("It is [secret]."));
    digest.put_off(Mono::ZERO);
    say(
        &mut digest,
        &history,
        &["The word is hunter2."],
        ended(Finish::Complete),
    );
    assert!(system_of(&digest.prompt(&history)).ends_with("The word is [secret]."));
}

#[test]
fn messages_that_leave_the_history_leave_the_note_in_its_place() {
    let mut digest = digest();
    let mut history = conversation(5);
    say(
        &mut digest,
        &history,
        &["Numbers."],
        ended(Finish::Complete),
    );
    let before = digest.prompt(&history);
    history.drain(1..=2);
    digest.remembered(2);
    assert_eq!(digest.prompt(&history), before);
}
