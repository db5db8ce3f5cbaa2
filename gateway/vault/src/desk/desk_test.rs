//! The rules of the desk, one by one.

use janet_protocol::Private;

use super::*;
use crate::desk::{GrantError, subject_of};
use crate::red_thread::SafeWordProof;

pub(super) const NOW: u64 = 10_000_000;

pub(super) struct Setup {
    pub(super) folder: tempfile::TempDir,
    pub(super) janet: Arc<Identity>,
    pub(super) thread: Arc<RedThread>,
    pub(super) desk: Desk,
    pub(super) out: Vec<Out>,
}

pub(super) fn setup() -> Setup {
    let folder = tempfile::tempdir().expect("a folder");
    let janet = Arc::new(Identity::load_or_create(folder.path()).expect("a key"));
    let thread = Arc::new(RedThread::open(folder.path()).expect("a latch"));
    let grants = Grants::open(folder.path(), &janet.public()).expect("none");
    let desk = Desk::new(Arc::clone(&janet), Arc::clone(&thread), grants);
    Setup {
        folder,
        janet,
        thread,
        desk,
        out: Vec::new(),
    }
}

pub(super) fn conversation(n: u8) -> ConversationId {
    format!("{n:032x}").parse().expect("an id")
}

pub(super) fn request(action: Action) -> Request {
    Request {
        operator: "phone".into(),
        subject: subject_of(&[b"it", action.key().as_bytes()]),
        action,
        conversation: Some(conversation(1)),
        impact: "42 messages".into(),
        prompt: "Shall I?".into(),
        needs: Needs::AnyAnswer,
        standing: Standing::Counts,
    }
}

pub(super) fn answer(granted: bool, by: By) -> Answer {
    Answer {
        operator: "phone".into(),
        granted,
        by,
    }
}

impl Setup {
    fn ask(&mut self, action: Action) -> ConsentId {
        let asked = self.desk.request(NOW, request(action), &mut self.out);
        asked.expect("asked")
    }

    fn say(&mut self, words: &str, began_ms: u64) -> Heard {
        self.say_as("phone", conversation(1), words, began_ms)
    }

    fn say_as(
        &mut self,
        operator: &str,
        conversation: ConversationId,
        words: &str,
        began_ms: u64,
    ) -> Heard {
        let words = Private::new(words.to_owned());
        let spoken = Spoken {
            operator,
            conversation,
            words: &words,
            began_ms,
        };
        self.desk.spoken(spoken, began_ms + 300, &mut self.out)
    }

    fn write(&mut self, words: &str) -> Heard {
        let words = Private::new(words.to_owned());
        let written = Written {
            operator: "phone",
            conversation: conversation(1),
            words: &words,
        };
        self.desk.written(written, NOW + 1, &mut self.out)
    }

    pub(super) fn granted(&mut self) -> Option<Consent> {
        let place = self
            .out
            .iter()
            .position(|out| matches!(out, Out::Granted { .. }))?;
        match self.out.remove(place) {
            Out::Granted { consent, .. } => Some(consent),
            _ => None,
        }
    }

    fn outcome(&self) -> Option<Outcome> {
        self.out.iter().rev().find_map(|out| match out {
            Out::Closed { outcome, .. } => Some(*outcome),
            _ => None,
        })
    }

    fn grant(&mut self, action: &Action) -> GrantId {
        let consent =
            Consent::for_tests(&self.janet, Action::NewGrant, Grants::subject(action), NOW);
        self.desk.add_grant(consent, action).expect("granted").id
    }
}

#[test]
fn a_question_is_shown_and_said_and_waits() {
    let mut it = setup();
    let id = it.ask(Action::Transfer);
    assert!(matches!(
        it.out.as_slice(),
        [
            Out::Show { expires_ms, needs: Needs::AnyAnswer, .. },
            Out::Speak { again: None, .. }
        ] if *expires_ms == NOW + SILENCE_MS
    ));
    assert_eq!(it.desk.poll_timeout(), Some(NOW + SILENCE_MS));
    assert_eq!(it.desk.open_in(conversation(1)), Some(id));
    assert!(it.granted().is_none());
    // Nothing of what is asked is in what is printed.
    assert!(!format!("{:?}{:?}", it.out, it.desk).contains("messages"));
}

#[test]
fn half_a_minute_of_silence_is_a_no() {
    let mut it = setup();
    let id = it.ask(Action::Transfer);
    it.desk.prompt_played(id, NOW + 10);
    it.desk.handle_timeout(NOW + SILENCE_MS - 1, &mut it.out);
    assert_eq!(it.outcome(), None);
    // An answer that comes late finds it closed, though no timer ran.
    let late = it
        .desk
        .answer(id, answer(true, By::Click), NOW + SILENCE_MS, &mut it.out);
    assert_eq!(late, Err(AnswerError::Unknown));
    assert_eq!(it.outcome(), Some(Outcome::Expired));
    assert_eq!(it.say("yes", NOW + SILENCE_MS + 1), Heard::NotForUs);
    assert!(it.granted().is_none());
    assert_eq!(it.desk.poll_timeout(), None);
}

#[test]
fn a_clock_that_is_set_back_ends_what_is_open() {
    let mut it = setup();
    it.ask(Action::Transfer);
    it.desk.handle_timeout(NOW - 500, &mut it.out);
    assert_eq!(it.outcome(), None, "two threads");
    it.desk.handle_timeout(NOW - 3_600_000, &mut it.out);
    assert_eq!(it.outcome(), Some(Outcome::Expired));
}

#[test]
fn one_answer_counts() {
    for (first, granted) in [(true, true), (false, false)] {
        let mut it = setup();
        let id = it.ask(Action::Transfer);
        it.desk
            .answer(id, answer(first, By::Click), NOW + 1, &mut it.out)
            .expect("taken");
        for again in [true, false] {
            let second = it
                .desk
                .answer(id, answer(again, By::Click), NOW + 2, &mut it.out);
            assert_eq!(second, Err(AnswerError::Unknown));
        }
        assert_eq!(it.granted().is_some(), granted);
        assert!(it.granted().is_none(), "once");
    }
}

#[test]
fn a_spoken_yes_counts_from_the_end_of_the_prompt_on() {
    let mut it = setup();
    let id = it.ask(Action::Transfer);
    // Into the prompt: it is said again, and the yes counts after that.
    assert_eq!(it.say("yes", NOW + 500), Heard::Taken);
    assert!(it.granted().is_none());
    assert!(matches!(
        it.out.last(),
        Some(Out::Speak {
            again: Some(Again::TooSoon),
            ..
        })
    ));
    it.desk.prompt_played(id, NOW + 4_000);
    // Begun before the end, though it is told of later.
    assert_eq!(it.say("yes", NOW + 3_999), Heard::Taken);
    assert!(it.granted().is_none());
    assert_eq!(it.say("yes", NOW + 4_000), Heard::Taken);
    let consent = it.granted().expect("granted");
    assert_eq!(consent.receipt().how, "spoken");
    assert_eq!(consent.receipt().id, id.0);
    assert!(consent.receipt().is_of(&it.janet.public()));
}

#[test]
fn a_spoken_no_counts_at_any_time() {
    let mut it = setup();
    it.ask(Action::Export);
    assert_eq!(it.say("no, don't", NOW + 1), Heard::Taken);
    assert_eq!(it.outcome(), Some(Outcome::Denied));
}

#[test]
fn another_device_and_another_conversation_answer_nothing() {
    let mut it = setup();
    let id = it.ask(Action::Transfer);
    it.desk.prompt_played(id, NOW);
    for (who, place) in [("guest", 1), ("phone", 2), ("", 1), ("Phone", 1)] {
        for words in ["yes", "no"] {
            assert_eq!(
                it.say_as(who, conversation(place), words, NOW + 1),
                Heard::NotForUs
            );
        }
    }
    for who in ["guest", "here", ""] {
        for granted in [true, false] {
            let theirs = Answer {
                operator: who.into(),
                granted,
                by: By::Click,
            };
            assert_eq!(
                it.desk.answer(id, theirs, NOW + 1, &mut it.out),
                Err(AnswerError::Unknown)
            );
        }
    }
    assert_eq!(it.outcome(), None);
    assert_eq!(it.say("yes", NOW + 1), Heard::Taken);
    assert!(it.granted().is_some());
}

#[test]
fn an_unclear_answer_is_asked_again_once() {
    let mut it = setup();
    let id = it.ask(Action::Transfer);
    it.desk.prompt_played(id, NOW + 1_000);
    it.out.clear();
    assert_eq!(it.say("okay", NOW + 2_000), Heard::Taken);
    assert!(matches!(
        it.out.as_slice(),
        [
            Out::Show { expires_ms, .. },
            Out::Speak { again: Some(Again::Unclear), .. }
        ] if *expires_ms == NOW + 2_300 + SILENCE_MS
    ));
    it.out.clear();
    assert_eq!(it.say("maybe", NOW + 5_000), Heard::Taken);
    assert!(it.out.is_empty(), "not a third time");
    assert_eq!(it.desk.poll_timeout(), Some(NOW + 2_300 + SILENCE_MS));
    assert_eq!(
        it.say("What's the weather like?", NOW + 5_500),
        Heard::NotForUs
    );
    assert_eq!(it.say("yes, please", NOW + 6_000), Heard::Taken);
    assert!(it.granted().is_some());
}

#[test]
fn what_is_grave_takes_a_click_or_the_safe_word() {
    for action in Action::examples() {
        let needs = action.needs();
        if needs == Needs::AnyAnswer {
            continue;
        }
        let mut it = setup();
        let id = it.ask(action.clone());
        it.desk.prompt_played(id, NOW);
        assert_eq!(it.say("yes", NOW + 1), Heard::Taken);
        assert_eq!(it.write("yes"), Heard::Taken);
        let sent = it
            .desk
            .answer(id, answer(true, By::Message), NOW + 1, &mut it.out);
        assert_eq!(sent, Err(AnswerError::Needs(needs)));
        assert!(it.granted().is_none(), "{action}");
        let clicked = it
            .desk
            .answer(id, answer(true, By::Click), NOW + 1, &mut it.out);
        assert_eq!(clicked.is_ok(), needs == Needs::ClickOrSafeWord, "{action}");
        if clicked.is_err() {
            let word = By::SafeWord(SafeWordProof::new("phone", NOW));
            it.desk
                .answer(id, answer(true, word), NOW + 1, &mut it.out)
                .expect("the safe word");
        }
        assert!(it.granted().is_some(), "{action}");
    }
}

#[test]
fn who_asks_may_want_more_and_never_less() {
    let mut it = setup();
    let mut strict = request(Action::Transfer);
    strict.needs = Needs::ClickOrSafeWord;
    it.grant(&Action::Transfer);
    let id = it.desk.request(NOW, strict, &mut it.out).expect("asked");
    assert!(it.granted().is_none(), "a standing grant is no click");
    it.desk.prompt_played(id, NOW);
    assert_eq!(it.say("yes", NOW + 1), Heard::Taken);
    assert!(it.granted().is_none());
}

#[test]
fn a_safe_word_of_another_device_or_of_long_ago_answers_nothing() {
    let mut it = setup();
    let id = it.ask(Action::RedMetadata);
    for proof in [
        SafeWordProof::new("other", NOW),
        SafeWordProof::new("phone", NOW - 60_000),
        SafeWordProof::new("phone", NOW + 60_000),
    ] {
        let given = answer(true, By::SafeWord(proof));
        assert_eq!(
            it.desk.answer(id, given, NOW, &mut it.out),
            Err(AnswerError::Proof)
        );
    }
    // Said or typed, the word itself is a word like any other.
    assert_eq!(
        it.say("correct horse battery staple", NOW + 1),
        Heard::NotForUs
    );
    assert_eq!(it.write("correct horse battery staple"), Heard::NotForUs);
    assert!(it.granted().is_none());
}

#[test]
fn a_typed_yes_counts_where_a_spoken_one_would() {
    let mut it = setup();
    it.ask(Action::Remember);
    assert_eq!(it.write("Yes, please."), Heard::Taken);
    assert_eq!(it.granted().expect("granted").receipt().how, "message");
}

#[test]
fn after_the_red_thread_nothing_is_open_and_nothing_is_asked() {
    let mut it = setup();
    let id = it.ask(Action::Transfer);
    let other = Request {
        conversation: None,
        ..request(Action::Export)
    };
    it.desk.request(NOW, other, &mut it.out).expect("asked");
    it.thread.pull("here", NOW + 1).expect("on the disk");
    it.out.clear();
    // Even if nobody told the desk.
    let late = it
        .desk
        .answer(id, answer(true, By::Click), NOW + 2, &mut it.out);
    assert_eq!(late, Err(AnswerError::Unknown));
    let withdrawn = it.out.iter().filter(|out| {
        matches!(
            out,
            Out::Closed {
                outcome: Outcome::Withdrawn,
                ..
            }
        )
    });
    assert_eq!(withdrawn.count(), 2);
    assert_eq!(it.out.len(), 2);
    for refused in [
        it.desk
            .request(NOW + 3, request(Action::Transfer), &mut it.out),
        it.desk
            .command(NOW + 3, request(Action::Remember), &mut it.out),
    ] {
        assert_eq!(refused, Err(DeskError::Pulled(Pulled)));
    }
    assert!(it.granted().is_none());
}

#[test]
fn a_consent_from_before_the_red_thread_allows_nothing_after_it() {
    let mut it = setup();
    let id = it.ask(Action::Transfer);
    it.desk
        .answer(id, answer(true, By::Click), NOW + 1, &mut it.out)
        .expect("taken");
    let consent = it.granted().expect("granted");
    it.thread.pull("here", NOW + 2).expect("on the disk");
    let proof = SafeWordProof::new("phone", NOW + 3);
    it.thread
        .clear(proof.into(), "here", NOW + 4)
        .expect("cleared");
    let subject = consent.receipt().subject;
    let pass = it.thread.pass().expect("cleared");
    assert!(consent.spend(&pass, &Action::Transfer, &subject).is_err());
}

#[test]
fn a_standing_grant_answers_for_its_action_unless_it_is_suspended() {
    let mut it = setup();
    let plex = Action::Delegate("plex".into());
    let id = it.grant(&plex);
    it.desk
        .request(NOW, request(plex.clone()), &mut it.out)
        .expect("asked");
    let consent = it.granted().expect("granted at once");
    assert_eq!(consent.receipt().how, format!("standing_grant:{id}"));
    assert!(matches!(it.out.as_slice(), [Out::Closed { .. }]));
    it.out.clear();
    let suspended = Request {
        standing: Standing::Suspended,
        ..request(plex.clone())
    };
    it.desk.request(NOW, suspended, &mut it.out).expect("asked");
    assert!(it.granted().is_none());
    it.desk.withdraw_all(&mut it.out);
    it.ask(Action::Delegate("home".into()));
    assert!(it.granted().is_none(), "another handler");
    it.desk.withdraw_all(&mut it.out);
    it.desk.revoke_grant(id).expect("revoked");
    it.ask(plex);
    assert!(it.granted().is_none(), "revoked");
}

#[test]
fn where_nobody_is_left_to_ask_a_grant_allows_and_nothing_else_does() {
    let mut it = setup();
    let remember = || request(Action::Remember);
    let refused = it.desk.by_grant(NOW, remember(), &mut it.out);
    assert_eq!(refused, Err(DeskError::NoGrant("remember")));
    assert!(it.out.is_empty(), "nobody is shown anything");
    it.grant(&Action::Remember);
    let strict = Request {
        needs: Needs::ClickOrSafeWord,
        ..remember()
    };
    assert!(it.desk.by_grant(NOW, strict, &mut it.out).is_err());
    it.desk
        .by_grant(NOW, remember(), &mut it.out)
        .expect("granted");
    let consent = it.granted().expect("at once");
    assert!(consent.receipt().how.starts_with("standing_grant:"));
    it.thread.latch("here", NOW + 1);
    let pulled = it.desk.by_grant(NOW + 2, remember(), &mut it.out);
    assert!(matches!(pulled, Err(DeskError::Pulled(_))));
}

#[test]
fn a_new_grant_is_itself_asked_for() {
    let mut it = setup();
    let plex = Action::Delegate("plex".into());
    let asked = Request {
        subject: Grants::subject(&plex),
        ..request(Action::NewGrant)
    };
    let id = it.desk.request(NOW, asked, &mut it.out).expect("asked");
    it.desk
        .answer(id, answer(true, By::Click), NOW + 1, &mut it.out)
        .expect("taken");
    let consent = it.granted().expect("granted");
    it.desk.add_grant(consent, &plex).expect("kept");
    assert_eq!(it.desk.grants().len(), 1);
    // It stands in the next process.
    let grants = Grants::open(it.folder.path(), &it.janet.public()).expect("one");
    assert!(grants.of(&plex).is_some());
    let other = Consent::for_tests(&it.janet, Action::NewGrant, Grants::subject(&plex), NOW);
    let error = it
        .desk
        .add_grant(other, &Action::Export)
        .expect_err("never");
    assert!(matches!(
        error,
        AddGrantError::Grant(GrantError::Never("export"))
    ));
}

#[test]
fn only_what_is_small_is_done_on_command() {
    for action in Action::examples() {
        let mut it = setup();
        let done = it.desk.command(NOW, request(action.clone()), &mut it.out);
        assert_eq!(done.is_ok(), action.by_command(), "{action}");
        assert_eq!(it.granted().is_some(), action.by_command(), "{action}");
    }
}

#[test]
fn one_question_in_a_conversation_and_a_few_in_all() {
    let mut it = setup();
    it.ask(Action::Transfer);
    let second = it.desk.request(NOW, request(Action::Remember), &mut it.out);
    assert_eq!(second, Err(DeskError::Open));
    let silent = || Request {
        conversation: None,
        ..request(Action::Transfer)
    };
    for _ in 1..MOST_OPEN {
        it.desk.request(NOW, silent(), &mut it.out).expect("asked");
    }
    let more = it.desk.request(NOW, silent(), &mut it.out);
    assert_eq!(more, Err(DeskError::Busy));
    // They make room when they are over.
    let later = it.desk.request(NOW + SILENCE_MS, silent(), &mut it.out);
    assert!(later.is_ok());
    it.desk.withdraw_of("other", &mut it.out);
    assert!(it.desk.poll_timeout().is_some());
    it.desk.withdraw_of("phone", &mut it.out);
    assert_eq!(it.desk.poll_timeout(), None);
}
