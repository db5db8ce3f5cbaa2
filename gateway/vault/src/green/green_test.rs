use proptest::prelude::*;

use super::world::{DAY, NOW, World, note, open, vector};
use super::*;
use crate::desk::{Action, ConsentError};
use crate::gate::Class;
use crate::soul::Soul;
use crate::sqlite::SqliteError;

#[test]
fn what_was_remembered_is_there_with_its_source_and_receipt_even_for_the_next_process() {
    let world = World::new();
    let conversation = "0102030405060708090a0b0c0d0e0f10".parse().expect("an id");
    let new = NewEntry {
        kind: Kind::Fact,
        text: "The cat is called Mimi.".into(),
        source: Source {
            conversation: Some(conversation),
            description: "your words".into(),
        },
        created_ms: NOW - DAY,
    };
    let id = world.try_remember(new.clone()).expect("remembered");
    let world = world.reopened();
    let entry = world.green.get(&world.pass(), id).expect("the entry");
    assert_eq!(
        (entry.kind, entry.text.expose()),
        (Kind::Fact, new.text.expose())
    );
    assert_eq!(entry.source, new.source);
    assert_eq!((entry.created_ms, entry.edited_ms), (NOW - DAY, None));
    assert_eq!((entry.soul, entry.differs_from), (Soul::Networked, None));
    assert!(entry.receipt.is_of(&world.identity.public()));
    assert_eq!(entry.receipt.action, "remember");
    assert_eq!(
        world.find("what is my cat called"),
        ["The cat is called Mimi."]
    );
    let counts = world.green.counts(&world.pass()).expect("counts");
    assert_eq!(
        (counts.entries, counts.searchable, counts.forgotten),
        (1, 1, 0)
    );
}

#[test]
fn only_what_is_normal_is_taken() {
    let world = World::new();
    let rows = [
        ("", None),
        (" \n ", None),
        ("my password is tr0ub4dor&3", Some(Class::Secret)),
        ("I was diagnosed with asthma", Some(Class::Sensitive)),
        (
            "the tea is green but don't remember this",
            Some(Class::Discard),
        ),
        ("uh huh", Some(Class::Discard)),
    ];
    for (text, expected) in rows {
        match (world.try_remember(note(text)), expected) {
            (Err(GreenError::Empty), None) => {}
            (
                Err(GreenError::Class {
                    field: "text",
                    class,
                }),
                Some(expected),
            ) => {
                assert_eq!(class, expected, "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    let mut new = note("The tea is green.");
    new.source.description = "a chat in which my password is tr0ub4dor&3".into();
    let error = world.try_remember(new).expect_err("a secret");
    assert!(
        matches!(
            error,
            GreenError::Class {
                field: "description",
                ..
            }
        ),
        "{error}"
    );
    let long = "tea and cake ".repeat(400);
    let error = world.try_remember(note(&long)).expect_err("too long");
    assert!(error.to_string().contains("5200"), "{error}");
    let id = world.remember("The tea is green.");
    let error = world.edit(id, "my pin is 4711").expect_err("a secret");
    assert!(
        matches!(
            error,
            GreenError::Class {
                class: Class::Secret,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(world.texts(), ["The tea is green."]);
}

#[test]
fn a_consent_for_anything_else_writes_nothing() {
    let world = World::new();
    let pass = world.pass();
    let id = world.remember("The tea is green.");
    let other = world.remember("The cup is blue.");
    let remember = |action, subject| {
        let consent = world.consent(action, subject);
        world
            .green
            .remember(&pass, consent, note("New."), None)
            .map(drop)
    };
    let edit = |action, subject| {
        let consent = world.consent(action, subject);
        world.green.edit(&pass, consent, id, "New.".into(), None)
    };
    let forget = |action, subject| {
        let consent = world.consent(action, subject);
        world.green.forget(&pass, consent, id).map(drop)
    };
    let all = |action, subject| {
        let consent = world.consent(action, subject);
        world.green.forget_all(&pass, consent).map(drop)
    };
    let tries = [
        remember(Action::Remember, subject::remember(&["Newer."])),
        remember(Action::Remember, subject::remember(&["New.", "Newer."])),
        remember(Action::Edit, subject::remember(&["New."])),
        edit(Action::Edit, subject::edit(other, "New.")),
        edit(Action::Edit, subject::edit(id, "Newer.")),
        edit(Action::Remember, subject::edit(id, "New.")),
        forget(Action::Forget, subject::forget(other)),
        forget(Action::ForgetAll, subject::forget_all()),
        forget(Action::ForgetAll, subject::forget(id)),
        all(Action::Forget, subject::forget_all()),
        all(Action::ForgetAll, subject::forget(id)),
    ];
    for (n, result) in tries.into_iter().enumerate() {
        assert!(
            matches!(result, Err(GreenError::Consent(_))),
            "try {n}: {result:?}"
        );
    }
    assert_eq!(world.texts(), ["The cup is blue.", "The tea is green."]);
}

#[test]
fn what_was_allowed_before_the_red_thread_is_allowed_no_more() {
    let world = World::new();
    let consent = world.consent(Action::Remember, subject::remember(&["Tea."]));
    world.thread.pull("here", NOW + 1).expect("pulled");
    assert!(
        world.thread.pass().is_err(),
        "nothing can even be asked for"
    );
    drop(consent);
}

#[test]
fn several_are_remembered_together_or_not_at_all() {
    let world = World::new();
    let all = |texts: &[&str]| {
        let new: Vec<_> = texts.iter().map(|text| note(text)).collect();
        let consent = world.consent(Action::Remember, subject::remember(texts));
        let vectors = texts.iter().map(|text| Some(vector(text))).collect();
        world
            .green
            .remember_all(&world.pass(), consent, &new, vectors)
    };
    assert!(all(&["The tea is green.", "my pin is 4711"]).is_err());
    assert_eq!(world.texts(), [""; 0]);
    let ids = all(&["The tea is green.", "The cup is blue.", "The tea is green."]).expect("all");
    assert_eq!(ids[0], ids[2], "the same words are one memory");
    assert_eq!(world.texts(), ["The cup is blue.", "The tea is green."]);
    assert_eq!(world.remember("The cup is blue."), ids[1]);
    let mut fact = note("The cup is blue.");
    fact.kind = Kind::Fact;
    assert_ne!(world.try_remember(fact).expect("another kind"), ids[1]);
    let error = all(&["Tea."; MOST_AT_ONCE + 1]).expect_err("too many");
    assert!(
        matches!(error, GreenError::TooMany { found: 1001, .. }),
        "{error}"
    );
}

#[test]
fn a_vector_that_is_none_is_refused_before_anything_is_written() {
    let world = World::new();
    let mut odd = vec![0.1; 48];
    odd[7] = f32::NAN;
    for wrong in [vec![], vec![1.0; 47], vec![1.0; 49], vec![0.0; 48], odd] {
        let consent = world.consent(Action::Remember, subject::remember(&["Tea."]));
        let error = world
            .green
            .remember(&world.pass(), consent, note("Tea."), Some(wrong.clone()))
            .expect_err("no vector");
        assert!(
            matches!(error, GreenError::Vector { expected: 48, .. }),
            "{error}"
        );
        assert!(
            world
                .green
                .search(&world.pass(), "tea", Some(&wrong), 5, NOW)
                .is_err()
        );
    }
    assert_eq!(world.texts(), [""; 0]);
}

#[test]
fn an_edit_is_found_by_its_new_words_and_not_by_the_old_ones() {
    let world = World::new();
    let id = world.remember("The dentist is called Grünwald.");
    world.remember("The plumber is called Baker.");
    world
        .edit(id, "The dentist is called Olsen.")
        .expect("edited");
    let world = world.reopened();
    assert_eq!(
        world.find("dentist Olsen")[0],
        "The dentist is called Olsen."
    );
    let hits = world.green.search(&world.pass(), "Grünwald", None, 10, NOW);
    assert_eq!(hits.expect("a search"), []);
    let entry = world.green.get(&world.pass(), id).expect("the entry");
    assert_eq!(
        (entry.edited_ms, entry.receipt.action.as_str()),
        (Some(NOW), "edit")
    );
    let unknown = EntryId([9; 16]);
    assert!(matches!(
        world.edit(unknown, "New."),
        Err(GreenError::Unknown(_))
    ));
}

#[test]
fn what_is_forgotten_is_found_no_more_and_forgetting_it_again_gives_the_same_proof() {
    let world = World::new();
    let (tea, cup) = (
        world.remember("The tea is green."),
        world.remember("The cup is blue."),
    );
    let proof = world.forget(tea).expect("forgotten");
    assert_eq!(
        (proof.entries, proof.receipt.action.as_str()),
        (1, "forget")
    );
    assert!(proof.receipt.is_of(&world.identity.public()));
    assert_eq!(world.forget(tea).expect("again"), proof);
    let world = world.reopened();
    assert_eq!(world.forget(tea).expect("again"), proof);
    assert_eq!(world.find("green tea"), ["The cup is blue."]);
    assert!(
        matches!(world.green.get(&world.pass(), tea), Err(GreenError::Unknown(id)) if id == tea)
    );
    assert!(matches!(
        world.forget(EntryId([9; 16])),
        Err(GreenError::Unknown(_))
    ));
    let proof = world.forget_all();
    assert_eq!(proof.entries, 1);
    assert_eq!(world.find("blue cup"), [""; 0]);
    assert_eq!(world.forget(cup).expect("known").receipt, proof.receipt);
    assert_eq!(world.forget_all().entries, 0, "there is nothing any more");
    // A yes to more than memories is a yes to these, and its receipt says which it was.
    let consent = world.consent(Action::ForgetAll, subject::forget_everything());
    let more = world.green.forget_all(&world.pass(), consent);
    let more = more.expect("forgotten").receipt.subject;
    assert_ne!(more, proof.receipt.subject);
    assert_eq!(more, subject::forget_everything());
    let counts = world.green.counts(&world.pass()).expect("counts");
    assert_eq!(
        (counts.entries, counts.searchable, counts.forgotten),
        (0, 0, 2)
    );
    let told = world
        .green
        .forgettings(&world.pass(), 10)
        .expect("receipts");
    assert_eq!(told.iter().map(|(_, entries)| entries).sum::<u64>(), 2);
    world.remember("The tea is black.");
    assert_eq!(world.find("tea"), ["The tea is black."]);
}

#[test]
fn what_cannot_be_written_down_is_undone() {
    let world = World::new();
    let new = note("The tea is green.");
    let subject = subject::remember(&["The tea is green."]);
    let mut told = 0;
    for logs in [false, true] {
        let consent = world.consent(Action::Remember, subject);
        let (pass, new) = (world.pass(), std::slice::from_ref(&new));
        let noted = |ids: &[EntryId]| {
            told += ids.len();
            logs
        };
        let done = world
            .green
            .remember_noted(&pass, consent, new, vec![None], noted);
        assert_eq!(done.is_ok(), logs, "{done:?}");
        assert_eq!(world.find("green tea").len(), usize::from(logs));
    }
    assert_eq!(told, 2);
    let id = world.green.list(&world.pass(), None, 1).expect("a list")[0].id;
    let subject = subject::edit(id, "The tea is black.");
    let consent = world.consent(Action::Edit, subject);
    let text = "The tea is black.".to_owned().into();
    let edited = world
        .green
        .edit_noted(&world.pass(), consent, id, text, None, || false);
    assert!(matches!(edited, Err(GreenError::Unlogged)), "{edited:?}");
    assert_eq!(world.find("tea"), ["The tea is green."]);
}

#[test]
fn souls_have_stores_of_their_own_and_a_store_has_one_process() {
    let world = World::new();
    world.remember("The tea is green.");
    let other = open(&world.files(), Soul::Constitutional, "toy").expect("another file");
    assert_eq!(other.list(&world.pass(), None, 5).expect("a list"), []);
    let error = open(&world.files(), Soul::Networked, "toy").expect_err("in use");
    assert!(
        matches!(error, GreenError::Sqlite(SqliteError::InUse { .. })),
        "{error}"
    );
}

#[test]
fn nothing_that_is_remembered_is_printed() {
    let world = World::new();
    let id = world.remember("The zanzibar plan is green.");
    let entry = world.green.get(&world.pass(), id).expect("the entry");
    let hits = world
        .green
        .search(&world.pass(), "zanzibar", None, 5, NOW)
        .expect("hits");
    for shown in [
        format!("{entry:?}"),
        format!("{hits:?}"),
        format!("{:?}", world.green),
    ] {
        assert!(!shown.contains("zanzibar"), "{shown}");
    }
    let consent = world.consent(Action::Remember, subject::remember(&["else"]));
    let error = world
        .green
        .remember(
            &world.pass(),
            consent,
            note("The zanzibar plan is off."),
            None,
        )
        .expect_err("for something else");
    assert!(matches!(
        error,
        GreenError::Consent(ConsentError::Subject { .. })
    ));
    assert!(!format!("{error} {error:?}").contains("zanzibar"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Whatever is done in whatever order, the store is what a plain map would be, and so is the next
    /// process's.
    #[test]
    fn the_store_does_what_a_map_would(steps in prop::collection::vec((0..6_u8, 0..12_usize, 0..8_u8), 1..50)) {
        let mut world = World::new();
        let mut model: Vec<(EntryId, String)> = Vec::new();
        for (step, at, word) in steps {
            let text = format!("Word {} of thing {}.", ["tea", "cup", "pot", "jug", "mug", "urn", "keg", "can"][usize::from(word)], at % 3);
            match step {
                0..=2 => {
                    let id = world.remember(&text);
                    if let Some((known, _)) = model.iter().find(|(_, known)| *known == text) {
                        prop_assert_eq!(id, *known);
                    } else {
                        model.push((id, text));
                    }
                }
                3 if !model.is_empty() => {
                    let at = at % model.len();
                    world.edit(model[at].0, &text).expect("edited");
                    model[at].1 = text;
                }
                4 if !model.is_empty() => {
                    let (id, _) = model.remove(at % model.len());
                    world.forget(id).expect("forgotten");
                }
                5 if at == 0 => {
                    world.forget_all();
                    model.clear();
                }
                _ => world = world.reopened(),
            }
            let mut texts = world.texts();
            texts.sort();
            let mut expected: Vec<_> = model.iter().map(|(_, text)| text.clone()).collect();
            expected.sort();
            prop_assert_eq!(texts, expected.clone());
            for word in ["tea", "cup", "keg"] {
                let hits = world.green.search(&world.pass(), word, None, 100, NOW).expect("a search");
                let holding = expected.iter().filter(|text| text.contains(word)).count();
                prop_assert_eq!(hits.len(), holding, "{}", word);
            }
            let counts = world.green.counts(&world.pass()).expect("counts");
            prop_assert_eq!(counts.searchable, model.len() as u64);
        }
    }
}
