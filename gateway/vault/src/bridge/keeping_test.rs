use std::path::Path;
use std::time::Duration;

use super::*;
use crate::bridge::link::{Given, Giving, carry};
use crate::bridge::testing::{Here, NOW, two};
use crate::bridge::{Export, Leave, Outcome, Packed, Side, Survey, Wish};
use crate::desk::{Action, Consent};
use crate::green::{Config, NewEntry, Space, subject};
use crate::soul::Soul;

fn green(folder: &Path, soul: Soul) -> Green {
    let config = Config {
        soul,
        space: Space {
            name: "toy".to_owned(),
            dimensions: 4,
        },
        wait_for_lock: Duration::ZERO,
    };
    Green::open(&folder.join(soul.name()).join("green"), config, NOW).expect("it opens")
}

fn remember(here: &Here, green: &Green, text: &str, from: Option<ConversationId>) -> EntryId {
    let subject = subject::remember(&[text]);
    let consent = Consent::for_tests(&here.identity, Action::Remember, subject, NOW);
    let new = NewEntry {
        kind: Kind::Fact,
        text: text.into(),
        source: Source {
            conversation: from,
            description: "your words".into(),
        },
        created_ms: NOW,
    };
    let pass = here.thread.pass().expect("not pulled");
    green
        .remember(&pass, consent, new, Some(vec![1.0, 0.0, 0.0, 0.0]))
        .expect("remembered")
}

fn kept<'a>(here: &'a Here, green: &'a Green) -> Kept<'a> {
    Kept {
        green: Some(green),
        red: None,
        store: &here.store,
        now_ms: NOW,
    }
}

fn side<'a>(here: &'a Here, kept: &'a Kept<'a>) -> Side<'a> {
    Side {
        vaults: kept,
        ..here.side()
    }
}

fn transfer(
    from: &Here,
    out: &Kept<'_>,
    to: &Here,
    into: &Kept<'_>,
    id: ConversationId,
) -> Outcome {
    let wish = Wish {
        conversation: id,
        target: to.me(),
        handover: true,
        green: true,
        red: Vec::new(),
    };
    let pass = from.thread.pass().expect("not pulled");
    let survey = Survey::take(&pass, &from.store, out, wish).expect("a survey");
    let leave: Leave = from.leave(&survey);
    let (source, target) = (side(from, out), side(to, into));
    let mut export = Export::begin(&pass, &source, survey, leave, NOW).expect("begun");
    while export.step(&pass, &from.store, NOW).expect("packed") == Packed::More {}
    drop(pass);
    let giving = Giving::new(export);
    match carry(giving, &source, &target, &to.thread, NOW, &mut |_| {}).expect("over") {
        Given::Delivered(outcome) => outcome,
        Given::Refused(reason) => panic!("{reason:?}"),
    }
}

#[test]
fn what_was_remembered_of_a_conversation_goes_along_with_its_receipt_and_comes_back() {
    let (folder, a, b) = two();
    let (here, there) = (green(folder.path(), a.soul), green(folder.path(), b.soul));
    let (out, into) = (kept(&a, &here), kept(&b, &there));
    let id = a.conversation(3);
    let tea = remember(&a, &here, "likes green tea in the morning", Some(id));
    remember(&a, &here, "plays chess on Sundays", None);
    let outcome = transfer(&a, &out, &b, &into, id);
    assert_eq!((outcome.summaries, outcome.summaries_added), (1, 1));
    let pass = b.thread.pass().expect("not pulled");
    let entry = there.get(&pass, tea).expect("it came");
    let original = here
        .get(&a.thread.pass().expect("not pulled"), tea)
        .expect("it stays");
    assert_eq!(entry.text, original.text);
    assert_eq!(entry.receipt, original.receipt);
    assert!(entry.receipt.is_of(&a.identity.public()));
    assert_eq!(entry.soul, Soul::Networked);
    assert_eq!(
        there.counts(&pass).expect("readable").searchable,
        1,
        "with its vector"
    );
    // It is of the same conversation there, which has another id.
    let uuid = a.store.standing(id).expect("known").0;
    let copy = b.store.find(uuid).expect("readable");
    assert_eq!(entry.source.conversation, copy);
    // And back: nothing is there twice, and one more has come.
    let copy = copy.expect("there");
    remember(&b, &there, "drinks no coffee after noon", Some(copy));
    drop(pass);
    let outcome = transfer(&b, &into, &a, &out, copy);
    assert_eq!((outcome.summaries, outcome.summaries_added), (2, 1));
    let pass = a.thread.pass().expect("not pulled");
    assert_eq!(here.counts(&pass).expect("readable").entries, 3);
}

#[test]
fn what_one_soul_was_told_to_forget_the_other_forgets_by_the_receipt_of_that() {
    let (folder, a, b) = two();
    let (here, there) = (green(folder.path(), a.soul), green(folder.path(), b.soul));
    let (out, into) = (kept(&a, &here), kept(&b, &there));
    let id = a.conversation(1);
    let tea = remember(&a, &here, "likes green tea in the morning", Some(id));
    let chess = remember(&a, &here, "plays chess on Sundays", Some(id));
    assert_eq!(transfer(&a, &out, &b, &into, id).summaries_added, 2);
    let consent = Consent::for_tests(&a.identity, Action::Forget, subject::forget(tea), NOW);
    let pass = a.thread.pass().expect("not pulled");
    let receipt = here.forget(&pass, consent, tea).expect("forgotten").receipt;
    let pass = b.thread.pass().expect("not pulled");
    let (key, stranger) = (a.identity.public(), b.identity.public());
    // Not for another entry, not for everything, not by another key.
    assert!(there.forget_too(&pass, &key, &receipt, chess).is_err());
    assert!(there.forget_all_too(&pass, &key, &receipt).is_err());
    assert!(there.forget_too(&pass, &stranger, &receipt, tea).is_err());
    assert_eq!(there.counts(&pass).expect("readable").entries, 2);
    let proof = there
        .forget_too(&pass, &key, &receipt, tea)
        .expect("allowed");
    assert_eq!(proof.expect("it was there").entries, 1);
    assert!(there.get(&pass, tea).is_err());
    let consent = Consent::for_tests(&a.identity, Action::ForgetAll, subject::forget_all(), NOW);
    let pass = a.thread.pass().expect("not pulled");
    let receipt = here.forget_all(&pass, consent).expect("forgotten").receipt;
    let pass = b.thread.pass().expect("not pulled");
    let proof = there
        .forget_all_too(&pass, &key, &receipt)
        .expect("allowed");
    assert_eq!(proof.entries, 1);
    assert_eq!(there.counts(&pass).expect("readable").entries, 0);
}

#[test]
fn without_a_red_vault_names_are_not_kept() {
    let (folder, _, b) = two();
    let there = green(folder.path(), b.soul);
    let stub = RedStub {
        name: "bank".into(),
    };
    let pass = b.thread.pass().expect("not pulled");
    assert_eq!(
        kept(&b, &there).insert_stubs(&pass, &[stub]).expect("fine"),
        None
    );
}
