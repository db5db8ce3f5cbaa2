use super::*;
use crate::bridge::testing::{Here, NOW, two};
use crate::bridge::{
    Begun, BridgeError, Export, Import, Outcome, RedStub, Released, Section, Survey, Trust, Wish,
};
use crate::conversations::{ConversationError, Owner, Role, Standing};
use crate::soul::Soul;

fn give(export: Export, from: &Here, to: &Here) -> Result<Given, LinkError> {
    let giving = Giving::new(export);
    carry(
        giving,
        &from.side(),
        &to.side(),
        &to.thread,
        NOW,
        &mut |_| {},
    )
}

fn delivered(given: Result<Given, LinkError>) -> Outcome {
    match given.expect("it goes over") {
        Given::Delivered(outcome) => outcome,
        Given::Refused(reason) => panic!("{reason:?}"),
    }
}

#[test]
fn a_conversation_goes_over_and_comes_back_longer() {
    let (_folder, a, b) = two();
    let id = a.conversation(42);
    for n in 0..15 {
        a.shelf.put(&a.entry(n));
    }
    let survey = a.survey(id, &b);
    assert_eq!(
        (survey.counts().messages, survey.counts().summaries),
        (42, 15)
    );
    let uuid = survey.conversation();
    let mut stages = Vec::new();
    let giving = Giving::new(a.packed(survey));
    let given = carry(giving, &a.side(), &b.side(), &b.thread, NOW, &mut |it| {
        stages.push(it);
    });
    let outcome = delivered(given);
    assert_eq!((outcome.messages, outcome.summaries), (42, 15));
    assert_eq!(
        (outcome.summaries_added, outcome.summaries_refused),
        (15, 0)
    );
    assert_eq!((outcome.messages_added, outcome.conflicts), (42, 0));
    assert!(stages.is_sorted_by_key(|it| it.fraction));
    assert_eq!(stages.last().map(|it| it.stage), Some(Stage::Done));
    assert_eq!(b.texts(uuid), a.texts(uuid));
    assert_eq!(b.shelf.all(), a.shelf.all());

    // It lives there now, and here it can be read.
    assert_eq!(a.store.standing(id).expect("known").1, Standing::Elsewhere);
    let refused = a
        .store
        .append(id, Role::User, "more", NOW)
        .expect_err("not here");
    assert!(
        matches!(refused, ConversationError::Elsewhere(_)),
        "{refused}"
    );
    let there = b.store.find(uuid).expect("readable").expect("there");
    assert_ne!(there, id, "what lets clients in does not travel");
    assert_eq!(
        b.store.standing(there).expect("known"),
        (uuid, Standing::Here)
    );
    let said = b.store.said_after(there, 0, usize::MAX).expect("readable");
    assert!(said.iter().all(|it| it.origin == Some(Soul::Networked)));
    assert!(said.iter().zip(1..).all(|(it, n)| it.created_ms == NOW + n));

    // And back, longer.
    b.say(there, 3);
    let outcome = delivered(give(b.packed(b.survey(there, &a)), &b, &a));
    assert_eq!((outcome.messages, outcome.messages_added), (45, 3));
    assert_eq!(a.texts(uuid), b.texts(uuid));
    assert_eq!(a.store.standing(id).expect("known").1, Standing::Here);
    assert_eq!(
        b.store.standing(there).expect("known").1,
        Standing::Elsewhere
    );
    let said = a.store.said_after(id, 42, usize::MAX).expect("readable");
    assert!(
        said.iter()
            .all(|it| it.origin == Some(Soul::Constitutional))
    );
    a.say(id, 1);
}

#[test]
fn a_guests_conversation_is_the_operators_in_the_other_soul_and_comes_back_as_the_guests() {
    let (_folder, a, b) = two();
    let guest = Owner::Guest("phone".to_owned());
    let id = a.store.create_for(&guest, NOW).expect("a conversation");
    a.say(id, 2);
    let survey = a.survey(id, &b);
    let uuid = survey.conversation();
    delivered(give(a.packed(survey), &a, &b));
    let there = b.store.find(uuid).expect("readable").expect("there");
    let is_of = |here: &Here, id, owner| here.store.belongs_to(id, owner).expect("readable");
    assert!(is_of(&b, there, &Owner::Operator) && !is_of(&b, there, &guest));
    b.say(there, 1);
    delivered(give(b.packed(b.survey(there, &a)), &b, &a));
    assert!(is_of(&a, id, &guest) && !is_of(&a, id, &Owner::Operator));
    assert_eq!(a.texts(uuid).len(), 3);
}

#[test]
fn nothing_of_a_package_stays_on_the_disk_of_either_soul() {
    let (folder, a, b) = two();
    let id = a.conversation(3);
    delivered(give(a.packed(a.survey(id, &b)), &a, &b));
    for soul in [&a, &b] {
        let uuid = soul.store.known(1).expect("readable")[0].0;
        let id = soul.store.find(uuid).expect("readable").expect("known");
        soul.store.end(id).expect("forgotten");
    }
    let mut looked_at = 0;
    for soul in Soul::ALL {
        for file in std::fs::read_dir(folder.path().join(soul.name())).expect("a folder") {
            let path = file.expect("an entry").path();
            if path.is_dir() {
                continue;
            }
            let bytes = std::fs::read(&path).expect("a file");
            let needle = b"networked says";
            assert!(
                !bytes.windows(needle.len()).any(|it| it == needle),
                "{path:?}"
            );
            looked_at += 1;
        }
    }
    assert!(looked_at >= 4);
}

#[test]
fn what_is_said_while_it_is_packed_goes_along() {
    let (_folder, a, b) = two();
    let id = a.conversation(10);
    let survey = a.survey(id, &b);
    let uuid = survey.conversation();
    let export = a.packed(survey);
    a.say(id, 5);
    let outcome = delivered(give(export, &a, &b));
    assert_eq!(outcome.messages, 15);
    assert_eq!(b.texts(uuid).len(), 15);
}

#[test]
fn the_same_package_again_changes_nothing_and_says_the_same() {
    let (_folder, a, b) = two();
    let id = a.conversation(10);
    let survey = a.survey(id, &b);
    let uuid = survey.conversation();
    let export = a.packed(survey);
    let header = export.header().to_vec();
    let outcome = delivered(give(export, &a, &b));
    let there = b.store.find(uuid).expect("readable").expect("there");
    b.say(there, 2);
    let trust = Trust {
        me: b.me(),
        peers: vec![a.me()],
    };
    let pass = b.thread.pass().expect("not pulled");
    let begun = Import::begin(&pass, &b.store, &trust, &header, NOW).expect("known");
    let Begun::Over(again) = begun else {
        panic!("it was taken in");
    };
    assert_eq!(again, outcome);
    assert_eq!(b.texts(uuid).len(), 12);
}

#[test]
fn two_histories_that_went_apart_become_one() {
    let (_folder, a, b) = two();
    let id = a.conversation(4);
    let survey = a.survey(id, &b);
    let uuid = survey.conversation();
    delivered(give(a.packed(survey), &a, &b));
    let there = b.store.find(uuid).expect("readable").expect("there");
    // A copy of the database from before: here it was never given away.
    let raw = "UPDATE conversation SET given = NULL";
    a.store.execute_for_tests(raw);
    a.store
        .append(id, Role::User, "only here", NOW + 7)
        .expect("on disk");
    b.store
        .append(there, Role::User, "only there", NOW + 6)
        .expect("on disk");
    let outcome = delivered(give(b.packed(b.survey(there, &a)), &b, &a));
    assert_eq!((outcome.messages, outcome.messages_added), (5, 1));
    let texts = a.texts(uuid);
    assert_eq!(texts.len(), 6);
    assert_eq!(texts[4..], ["only there", "only here"]);
}

#[test]
fn a_link_that_breaks_anywhere_can_be_gone_on_with() {
    // So many messages that there are several chunks.
    for broken in 0..40 {
        let (_folder, a, b) = two();
        let id = a.store.create(NOW).expect("a conversation");
        for n in 0..30 {
            let text = format!("{n} {}", "word ".repeat(1_500));
            a.store
                .append(id, Role::User, &text, NOW + n)
                .expect("on disk");
        }
        let survey = a.survey(id, &b);
        let uuid = survey.conversation();
        let mut giving = Giving::new(a.packed(survey));
        let package = a
            .store
            .parcels(crate::conversations::State::Packing)
            .expect("one")[0];
        let mut taking = Taking::new();
        let mut queue: std::collections::VecDeque<_> = [giving.start(&a.side())].into();
        let mut count = 0;
        'link: while let Some(frame) = queue.pop_front() {
            let answers = taking
                .handle(frame, a.me(), &b.side(), &b.thread, NOW)
                .expect("fine");
            for answer in answers {
                count += 1;
                if count > broken {
                    break 'link;
                }
                let next = giving
                    .handle(answer, b.me(), &a.side(), &a.thread, NOW)
                    .expect("fine");
                queue.extend(next);
            }
        }
        let is_over = giving.given().is_some();
        let released = Released::of(&a.store, crate::bridge::PackageId(package)).expect("readable");
        if let Some(released) = released {
            let here = a.store.standing(id).expect("known").1;
            assert_eq!(
                here,
                Standing::Elsewhere,
                "given up before the end was said"
            );
            let giving = Giving::again(released);
            let given = carry(giving, &a.side(), &b.side(), &b.thread, NOW, &mut |_| {});
            assert_eq!(delivered(given).messages, 30, "{broken}");
        } else if !is_over {
            assert!(b.texts(uuid).is_empty(), "{broken}: nothing changed there");
            assert_eq!(a.store.standing(id).expect("known").1, Standing::Here);
            delivered(give(a.packed(a.survey(id, &b)), &a, &b));
        }
        assert_eq!(b.texts(uuid), a.texts(uuid), "{broken}");
        if is_over {
            assert!(count > 6, "there were several chunks");
            return;
        }
    }
    panic!("it never came to its end");
}

#[test]
fn strangers_other_targets_and_changed_pieces_are_refused() {
    let (_folder, a, b) = two();
    let stranger_folder = tempfile::tempdir().expect("a folder");
    let stranger = Here::open(stranger_folder.path(), Soul::Networked);
    let id = a.conversation(5);
    let export = a.packed(a.survey(id, &b));
    let begin = |header: &[u8], me: &Here, peer: &Here| {
        let trust = Trust {
            me: me.me(),
            peers: vec![peer.me()],
        };
        let pass = me.thread.pass().expect("not pulled");
        Import::begin(&pass, &me.store, &trust, header, NOW)
    };
    let header = export.header();
    let not_paired = begin(header, &b, &stranger).expect_err("not paired");
    assert!(matches!(not_paired, BridgeError::NotPaired), "{not_paired}");
    let not_for_us = begin(header, &stranger, &a).expect_err("for another");
    assert!(matches!(not_for_us, BridgeError::NotForUs), "{not_for_us}");
    for at in 0..header.len() {
        let mut changed = header.to_vec();
        changed[at] ^= 1;
        assert!(begin(&changed, &b, &a).is_err(), "byte {at}");
    }

    // The conversation does not leave for a target that finds it changed: it lives here again.
    let mut giving = Giving::new(export);
    let mut taking = Taking::new();
    let mut queue: std::collections::VecDeque<_> = [giving.start(&a.side())].into();
    while let Some(mut frame) = queue.pop_front() {
        if let Frame::Chunk(bytes) = &mut frame {
            *bytes.last_mut().expect("not empty") ^= 1;
        }
        for answer in taking
            .handle(frame, a.me(), &b.side(), &b.thread, NOW)
            .expect("answered")
        {
            queue.extend(
                giving
                    .handle(answer, b.me(), &a.side(), &a.thread, NOW)
                    .expect("fine"),
            );
        }
    }
    assert_eq!(giving.given(), Some(&Given::Refused(Reason::Damaged)));
    assert_eq!(a.store.standing(id).expect("known").1, Standing::Here);
    assert_eq!(b.store.counts().expect("readable").conversations, 0);
    a.say(id, 1);
    delivered(give(a.packed(a.survey(id, &b)), &a, &b));
}

#[test]
fn whoever_says_to_be_somebody_else_is_told_nothing() {
    let (_folder, a, b) = two();
    let mut taking = Taking::new();
    let hello = Frame::Hello(Hello {
        version: LINK_VERSION,
        party: b.me(),
    });
    let error = taking
        .handle(hello, a.me(), &b.side(), &b.thread, NOW)
        .expect_err("a stranger");
    assert!(matches!(error, LinkError::Stranger), "{error}");
    let hello = Frame::Hello(Hello {
        version: 2,
        party: a.me(),
    });
    let error = taking
        .handle(hello, a.me(), &b.side(), &b.thread, NOW)
        .expect_err("too new");
    assert!(matches!(error, LinkError::Version(2)), "{error}");
    let id = a.conversation(1);
    let export = a.packed(a.survey(id, &b));
    let offer = Frame::Offer(export.header().to_vec());
    let error = taking
        .handle(offer, a.me(), &b.side(), &b.thread, NOW)
        .expect_err("no hello");
    assert!(matches!(error, LinkError::OutOfTurn("offer")), "{error}");
}

#[test]
fn a_yes_to_something_else_moves_nothing() {
    let (_folder, a, b) = two();
    let (id, other) = (a.conversation(3), a.conversation(3));
    let pass = a.thread.pass().expect("not pulled");
    let leave = a.leave(&a.survey(other, &b));
    let begun = Export::begin(&pass, &a.side(), a.survey(id, &b), leave, NOW);
    assert!(
        matches!(begun, Err(BridgeError::Consent(_))),
        "another conversation"
    );
    let before = a.survey(id, &b);
    drop(pass);
    a.say(id, 1);
    let pass = a.thread.pass().expect("not pulled");
    let begun = Export::begin(&pass, &a.side(), a.survey(id, &b), a.leave(&before), NOW);
    assert!(
        matches!(begun, Err(BridgeError::Consent(_))),
        "another count"
    );
    assert!(
        a.store
            .parcels(crate::conversations::State::Packing)
            .expect("readable")
            .is_empty()
    );
}

#[test]
fn behind_the_red_thread_nothing_moves_and_the_conversation_lives_somewhere() {
    let (_folder, a, b) = two();
    let id = a.conversation(5);
    let export = a.packed(a.survey(id, &b));
    b.thread.pull("here", NOW).expect("kept");
    // Its target refuses; the source had not given up yet.
    assert_eq!(
        give(export, &a, &b).expect("answered"),
        Given::Refused(Reason::RedThread)
    );
    assert_eq!(a.store.standing(id).expect("known").1, Standing::Here);
    assert_eq!(b.store.counts().expect("readable").conversations, 0);

    let (_folder, a, b) = two();
    let id = a.conversation(5);
    let mut giving = Giving::new(a.packed(a.survey(id, &b)));
    let mut taking = Taking::new();
    let mut queue: std::collections::VecDeque<_> = [giving.start(&a.side())].into();
    while let Some(frame) = queue.pop_front() {
        if matches!(frame, Frame::End(_)) {
            // At the worst moment: it was given up, and is not there yet.
            assert_eq!(a.store.standing(id).expect("known").1, Standing::Elsewhere);
            b.thread.pull("here", NOW).expect("kept");
            a.thread.pull("here", NOW).expect("kept");
        }
        for answer in taking
            .handle(frame, a.me(), &b.side(), &b.thread, NOW)
            .expect("answered")
        {
            queue.extend(
                giving
                    .handle(answer, b.me(), &a.side(), &a.thread, NOW)
                    .expect("fine"),
            );
        }
    }
    assert_eq!(giving.given(), Some(&Given::Refused(Reason::CalledOff)));
    assert_eq!(a.store.standing(id).expect("known").1, Standing::Here);
    assert_eq!(b.store.counts().expect("readable").conversations, 0);
}

#[test]
fn of_red_names_go_with_the_safe_word_and_land_where_red_is_open() {
    let (folder, a, b) = two();
    let stub = RedStub {
        name: "bank".into(),
    };
    let wish = |id| Wish {
        conversation: id,
        target: b.me(),
        handover: true,
        green: false,
        red: vec![stub.clone()],
    };
    let id = a.conversation(1);
    let survey: Survey = a.survey_of(wish(id));
    let mut leave = a.leave(&survey);
    leave.red = None;
    let pass = a.thread.pass().expect("not pulled");
    let begun = Export::begin(&pass, &a.side(), survey, leave, NOW);
    assert!(matches!(begun, Err(BridgeError::NoConsent)), "no safe word");
    drop(pass);
    let outcome = delivered(give(a.packed(a.survey_of(wish(id))), &a, &b));
    assert_eq!((outcome.red, outcome.red_kept), (1, 0), "locked there");
    assert_eq!(b.shelf.stubs(), 0);
    b.shelf
        .red_is_locked
        .store(false, std::sync::atomic::Ordering::SeqCst);
    let id = a.conversation(1);
    let export = a.packed(a.survey_of(wish(id)));
    assert_eq!(export.items(Section::Red), 1);
    let outcome = delivered(give(export, &a, &b));
    assert_eq!((outcome.red, outcome.red_kept), (1, 1));
    assert_eq!(b.shelf.stubs(), 1);
    drop(folder);
}

#[test]
fn an_entry_that_nobody_we_know_has_allowed_is_not_kept() {
    let (_folder, a, b) = two();
    let stranger_folder = tempfile::tempdir().expect("a folder");
    let stranger = Here::open(stranger_folder.path(), Soul::Networked);
    a.shelf.put(&a.entry(1));
    a.shelf.put(&b.entry(2));
    a.shelf.put(&stranger.entry(3));
    let id = a.conversation(1);
    let outcome = delivered(give(a.packed(a.survey(id, &b)), &a, &b));
    assert_eq!((outcome.summaries, outcome.summaries_refused), (3, 1));
    let ids: Vec<_> = b.shelf.all().iter().map(|it| it.id[0]).collect();
    assert_eq!(ids, [1, 2]);
}

#[test]
fn a_forgotten_conversation_is_not_taken_in_behind_it() {
    let (_folder, a, b) = two();
    let id = a.conversation(5);
    let uuid = a.survey(id, &b).conversation();
    delivered(give(a.packed(a.survey(id, &b)), &a, &b));
    let there = b.store.find(uuid).expect("readable").expect("there");
    a.store
        .execute_for_tests("UPDATE conversation SET given = NULL");
    a.say(id, 1);
    let export = a.packed(a.survey(id, &b));
    let trust = Trust {
        me: b.me(),
        peers: vec![a.me()],
    };
    // There from an earlier transfer, and forgotten while the next one is on its way.
    let header = export.header().to_vec();
    let pass = b.thread.pass().expect("not pulled");
    let Ok(Begun::Wanted(mut import)) = Import::begin(&pass, &b.store, &trust, &header, NOW) else {
        panic!("it is wanted");
    };
    let chunk = export
        .chunk(&a.thread.pass().expect("not pulled"), &a.store, 0)
        .expect("packed");
    import.take(&pass, &b.store, &chunk, NOW).expect("kept");
    b.store.end(there).expect("forgotten");
    assert!(import.take(&pass, &b.store, &chunk, NOW).is_err());
    assert!(matches!(
        Import::begin(&pass, &b.store, &trust, &header, NOW),
        Err(BridgeError::CalledOff)
    ));
}

#[test]
fn frames_come_back_and_nothing_else_is_one() {
    let (_folder, a, b) = two();
    let id = a.conversation(1);
    let export = a.packed(a.survey(id, &b));
    let frames = [
        Frame::Hello(Hello {
            version: LINK_VERSION,
            party: a.me(),
        }),
        Frame::Offer(export.header().to_vec()),
        Frame::Wanted(Wanted {
            from: 3,
            missing: vec![1],
        }),
        Frame::Chunk(vec![1, 2, 3]),
        Frame::Kept(7),
        Frame::End(b"{}".to_vec()),
        Frame::Over(Outcome::default()),
        Frame::Refused(Refused {
            reason: Reason::Busy,
            never: false,
        }),
        Frame::CallOff(About {
            package: export.id(),
            conversation: a.store.standing(id).expect("known").0,
        }),
    ];
    let mut rng = fastrand::Rng::with_seed(7);
    for frame in frames {
        let bytes = frame.write();
        let (head, body) = bytes.split_first_chunk::<4>().expect("a length");
        assert_eq!(Frame::length(*head).expect("bounded"), body.len());
        assert_eq!(Frame::read(body).expect("ours"), frame);
        for _ in 0..200 {
            let mut changed = body.to_vec();
            let at = rng.usize(..changed.len());
            changed[at] = rng.u8(..);
            changed.truncate(rng.usize(..=changed.len()));
            drop(Frame::read(&changed));
        }
    }
    assert!(Frame::length([0; 4]).is_err());
    assert!(Frame::length([0xff; 4]).is_err());
    let large = [vec![2], vec![0; 9 << 10]].concat();
    assert!(Frame::read(&large).is_err(), "a header has a bound");
}
