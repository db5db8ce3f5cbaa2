use janet_vault::green::distill::jobs;

use super::*;

const NOW: u64 = 1_000;

fn id(digit: u8) -> ConversationId {
    char::from(digit)
        .to_string()
        .repeat(32)
        .parse()
        .expect("an id")
}

fn said() -> Vec<Stored> {
    use Role::{Assistant, User};
    let lines = [
        (User, "I like green tea."),
        (Assistant, "Noted."),
        (Assistant, "Your cat is called Mimi. Shall I remember that?"),
        (User, "Remember that my sister is called Anna."),
        (Assistant, "I'll remember that."),
        (User, "The plumber comes on Monday."),
        (User, "Don't remember this."),
        (Assistant, "I won't keep it."),
    ];
    (1..)
        .zip(lines)
        .map(|(seq, (role, text))| Stored {
            seq,
            role,
            text: text.into(),
            created_ms: NOW + seq,
        })
        .collect()
}

fn read(marks: &Marks, part: Part, forgotten_ms: u64) -> Vec<u64> {
    let readable = marks.readable(id(b'0'), part, said(), forgotten_ms);
    readable.iter().map(|message| message.seq).collect()
}

#[test]
fn orders_and_what_is_marked_are_not_read() {
    let mut marks = Marks::new(NOW);
    assert_eq!(read(&marks, Part::All, 0), [1, 2, 6, 7, 8]);
    marks.mark(id(b'1'), Mark::Unwanted, 0..=u64::MAX);
    marks.mark(id(b'0'), Mark::Asked, 1_001..=1_002);
    assert_eq!(read(&marks, Part::All, 0), [1, 2, 6, 7, 8]);
    assert_eq!(read(&marks, Part::Unasked, 0), [6, 7, 8]);
    marks.mark(id(b'0'), Mark::Kept, 1_006..=1_006);
    assert_eq!(read(&marks, Part::All, 0), [1, 2, 7, 8]);
    assert_eq!(read(&marks, Part::Turn(1_006..=1_007), 0), [6, 7]);
    marks.mark(id(b'0'), Mark::Unwanted, 1_006..=1_006);
    assert_eq!(read(&marks, Part::Turn(1_006..=1_007), 0), [7]);
}

#[test]
fn nothing_is_read_from_before_a_forgetting_or_from_before_this_process() {
    let marks = Marks::new(NOW);
    assert_eq!(read(&marks, Part::All, 1_006), [7, 8]);
    assert_eq!(read(&Marks::new(NOW + 7), Part::All, 0), [7, 8]);
}

fn line(seq: u64, role: Role, text: &str) -> Stored {
    Stored {
        seq,
        role,
        text: text.into(),
        created_ms: NOW + seq,
    }
}

#[test]
fn whatever_way_it_is_said_that_something_is_not_to_be_remembered_it_is_not_read() {
    let before = [
        line(1, Role::User, "I like my tea green and without any sugar."),
        line(2, Role::Assistant, "Noted."),
    ];
    let marks = Marks::new(NOW);
    let shown = |more: &[Stored]| {
        let all = [&before[..], more].concat();
        jobs(&marks.readable(id(b'0'), Part::All, all, 0))
            .jobs
            .len()
    };
    assert_eq!(shown(&[]), 1, "there is something to read");
    let verbs = [
        "don't remember",
        "do not remember",
        "dont remember",
        "never remember",
        "Please don’t keep",
        "do not keep",
        "don't store",
        "Janet, do not store",
    ];
    let whats = [
        "",
        "this",
        "that, please",
        "it",
        "any of this",
        "any of that",
        "anything of this",
        "this conversation",
        "our chat",
        "what i said",
        "what I just said",
        "what I told you",
    ];
    let mut understood = 0;
    for (verb, what) in verbs.iter().flat_map(|verb| whats.map(|what| (verb, what))) {
        let words = format!("{verb} {what}.");
        match words::understood(&words) {
            Some(Order::Never | Order::NeverConversation) => {}
            other => panic!("{words}: {other:?}"),
        }
        understood += 1;
        let order = line(3, Role::User, &words);
        let answer = line(4, Role::Assistant, "I won't keep it.");
        assert_eq!(shown(&[order, answer]), 0, "{words}");
    }
    assert_eq!(understood, verbs.len() * whats.len());
}

#[test]
fn what_was_said_before_the_last_words_stays() {
    let lines = [
        line(1, Role::User, "I like green tea."),
        line(2, Role::User, "The plumber comes on Monday."),
        line(3, Role::Assistant, "Noted."),
        line(4, Role::User, "Never remember this."),
        line(5, Role::User, "Never remember this."),
        line(6, Role::User, "My cat is called Mimi."),
    ];
    let read = Marks::new(NOW).readable(id(b'0'), Part::All, lines.to_vec(), 0);
    assert_eq!(read.iter().map(|it| it.seq).collect::<Vec<_>>(), [1, 6]);
}

#[test]
fn what_is_taken_back_while_it_is_read_counts_against_it() {
    let read = 1_001..=1_006;
    let (ours, other) = (id(b'0'), id(b'1'));
    let mut marks = Marks::new(NOW);
    marks.began(ours);
    marks.mark(ours, Mark::Unwanted, 1_002..=1_002);
    let since = marks.number();
    let is = |marks: &Marks| marks.is_taken_back(ours, since, Some(&read));
    marks.mark(ours, Mark::Asked, 1_001..=1_006);
    marks.mark(ours, Mark::Unwanted, 1_009..=1_012);
    marks.mark(other, Mark::Unwanted, 0..=u64::MAX);
    marks.renew(other);
    assert!(!is(&marks), "nothing of it");
    marks.mark(ours, Mark::Unwanted, 1_006..=1_007);
    assert!(is(&marks), "some of it");
    assert!(!marks.is_taken_back(ours, since, None));

    for end in [
        |marks: &mut Marks| marks.renew(id(b'0')),
        |marks: &mut Marks| marks.resumed(id(b'0'), NOW),
        |marks: &mut Marks| marks.renew_all(),
        |marks: &mut Marks| marks.everything_forgotten(NOW),
    ] {
        let since = marks.number();
        assert!(!marks.is_taken_back(ours, since, Some(&read)));
        end(&mut marks);
        assert!(marks.is_taken_back(ours, since, None));
    }
}

#[test]
fn nothing_is_read_of_what_came_from_elsewhere_or_from_before_everything_was_forgotten() {
    let mut marks = Marks::new(NOW);
    marks.began(id(b'0'));
    marks.resumed(id(b'0'), 1_006);
    assert_eq!(read(&marks, Part::All, 0), [1, 2, 6, 7, 8]);
    marks.everything_forgotten(1_006);
    assert_eq!(read(&marks, Part::All, 0), [7, 8]);
    let mut marks = Marks::new(NOW);
    marks.resumed(id(b'0'), 1_006);
    assert_eq!(read(&marks, Part::All, 0), [7, 8]);
}

#[test]
fn too_many_marks_leave_out_more_and_never_less() {
    let mut marks = Marks::new(NOW);
    for n in 0..=MOST_MARKS as u64 {
        marks.mark(id(b'0'), Mark::Unwanted, NOW + 2 * n..=NOW + 2 * n);
    }
    assert_eq!(read(&marks, Part::All, 0), [0; 0]);
    let mut marks = Marks::new(NOW);
    marks.mark(id(b'0'), Mark::Unwanted, 1_001..=1_003);
    for n in 1..=MOST_CONVERSATIONS {
        let id = format!("{n:032x}").parse().expect("an id");
        marks.mark(id, Mark::Asked, 1_000..=1_001);
    }
    assert_eq!(read(&marks, Part::All, 0), [6, 7, 8]);
}
