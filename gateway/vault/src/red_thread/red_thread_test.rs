use super::*;

#[test]
fn nothing_passes_once_it_is_pulled_and_the_next_process_knows() {
    let folder = tempfile::tempdir().expect("a folder");
    let thread = RedThread::open(folder.path()).expect("a latch");
    drop(thread.pass().expect("not pulled"));
    let state = thread.pull("here", 7).expect("on the disk");
    assert_eq!((state.active, state.since_ms), (true, 7));
    assert_eq!(thread.pass().err(), Some(Pulled));
    drop(thread);
    let thread = RedThread::open(folder.path()).expect("a latch");
    assert_eq!(thread.pass().err(), Some(Pulled));
    assert_eq!(thread.state().node, "here");
}

#[test]
fn pulled_again_it_stays_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let thread = RedThread::open(folder.path()).expect("a latch");
    thread.pull("a", 7).expect("on the disk");
    assert_eq!(thread.pull("b", 9).expect("on the disk").node, "a");
}

#[test]
fn a_pull_waits_for_the_step_that_is_under_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let thread = RedThread::open(folder.path()).expect("a latch");
    let pass = thread.pass().expect("not pulled");
    std::thread::scope(|scope| {
        let pull = scope.spawn(|| thread.pull("a", 7));
        while !thread.state().active {
            std::thread::yield_now();
        }
        assert!(!pull.is_finished(), "the step is not over");
        assert!(thread.pass().is_err(), "a nested step cannot begin");
        drop(pass);
        pull.join().expect("no panic").expect("on the disk");
    });
}

#[test]
fn a_file_that_is_not_understood_counts_as_pulled() {
    let folder = tempfile::tempdir().expect("a folder");
    for damage in ["", "{}", "{\"active\": false", "nonsense"] {
        std::fs::write(folder.path().join(file::NAME), damage).expect("a file");
        let thread = RedThread::open(folder.path()).expect("a latch");
        assert!(thread.pass().is_err(), "{damage:?}");
    }
}

fn pulled() -> (tempfile::TempDir, RedThread) {
    let folder = tempfile::tempdir().expect("a folder");
    let thread = RedThread::open(folder.path()).expect("a latch");
    thread.pull("a", 100).expect("on the disk");
    (folder, thread)
}

#[test]
fn the_safe_word_clears_it_for_the_next_process_too() {
    let (folder, thread) = pulled();
    let proof = SafeWordProof::new("phone", 200);
    let state = thread.clear(proof.into(), "b", 201).expect("cleared");
    assert_eq!(
        (state.active, state.since_ms, &*state.node),
        (false, 201, "b")
    );
    assert_eq!(thread.pass().expect("cleared").since_ms(), 201);
    drop(thread);
    let thread = RedThread::open(folder.path()).expect("a latch");
    assert_eq!(thread.pass().expect("cleared").since_ms(), 201);
    assert_eq!(thread.state(), state);
    let late = SafeWordProof::new("phone", 202);
    assert!(matches!(
        thread.clear(late.into(), "b", 203),
        Err(ClearError::NotPulled)
    ));
}

#[test]
fn an_old_word_one_of_the_future_and_one_from_before_the_pull_clear_nothing() {
    let (_folder, thread) = pulled();
    for (given, now) in [(200, 200 + PROOF_FOR_MS + 1), (201, 200)] {
        let proof = SafeWordProof::new("phone", given);
        let error = thread.clear(proof.into(), "a", now).expect_err("refused");
        assert!(matches!(error, ClearError::Proof), "{error}");
    }
    let proof = SafeWordProof::new("phone", 99);
    let error = thread.clear(proof.into(), "a", 101).expect_err("refused");
    assert!(matches!(error, ClearError::PulledAgain), "{error}");
    assert!(thread.pass().is_err());
}

#[test]
fn a_token_is_good_from_one_second_to_thirty_for_its_device_and_once() {
    for (device, after, good) in [
        ("phone", 0, false),
        ("phone", TOKEN_FROM_MS - 1, false),
        ("phone", TOKEN_FROM_MS, true),
        ("phone", TOKEN_UNTIL_MS, true),
        ("phone", TOKEN_UNTIL_MS + 1, false),
        ("other", TOKEN_FROM_MS, false),
    ] {
        let (_folder, thread) = pulled();
        let token = thread.token("phone", 1000).expect("a token");
        assert_eq!(token.text.len(), 32);
        let clearance = thread.redeem(&token.text, device, 1000 + after);
        assert_eq!(clearance.is_ok(), good, "{device} {after}");
        let Ok(clearance) = clearance else { continue };
        assert!(
            matches!(
                thread.redeem(&token.text, device, 1000 + after),
                Err(ClearError::Token)
            ),
            "it is used"
        );
        thread.clear(clearance, "a", 1000 + after).expect("cleared");
        assert!(thread.pass().is_ok());
    }
}

#[test]
fn too_soon_may_be_tried_again_and_wrong_may_not() {
    let (_folder, thread) = pulled();
    let token = thread.token("phone", 1000).expect("a token");
    let soon = thread.redeem(&token.text, "phone", 1500);
    assert!(matches!(soon, Err(ClearError::TooSoon)));
    // Another device's tries do not take it away.
    assert!(thread.redeem(&token.text, "other", 2500).is_err());
    let wrong = thread.redeem("00000000000000000000000000000000", "phone", 2500);
    assert!(matches!(wrong, Err(ClearError::Token)));
    assert!(thread.redeem(&token.text, "phone", 2600).is_err());
    let first = thread.token("phone", 3000).expect("a token");
    let second = thread.token("phone", 3000).expect("a token");
    assert_ne!(first, second);
    assert!(thread.redeem(&first.text, "phone", 4000).is_err(), "void");
    // A clock that was set back makes no token good.
    let third = thread.token("phone", 3000).expect("a token");
    assert!(thread.redeem(&third.text, "phone", 2999).is_err());
}

#[test]
fn pulled_between_the_clicks_it_stays_pulled() {
    let (_folder, thread) = pulled();
    let token = thread.token("phone", 1000).expect("a token");
    thread.pull("a", 1500).expect("on the disk");
    assert!(thread.redeem(&token.text, "phone", 2500).is_err());
    let token = thread.token("phone", 3000).expect("a token");
    let clearance = thread.redeem(&token.text, "phone", 4000).expect("good");
    thread.pull("b", 4001).expect("on the disk");
    let error = thread.clear(clearance, "a", 4002).expect_err("again");
    assert!(matches!(error, ClearError::PulledAgain), "{error}");
    assert!(thread.pass().is_err());
}

#[test]
fn there_is_no_token_for_a_thread_that_is_not_pulled() {
    let folder = tempfile::tempdir().expect("a folder");
    let thread = RedThread::open(folder.path()).expect("a latch");
    assert!(matches!(thread.token("a", 1), Err(ClearError::NotPulled)));
}

#[test]
fn what_is_cleared_in_no_file_is_not_cleared() {
    let (folder, thread) = pulled();
    drop(folder);
    let proof = SafeWordProof::new("phone", 200);
    let error = thread.clear(proof.into(), "a", 201).expect_err("no folder");
    assert!(matches!(error, ClearError::File(_)), "{error}");
    assert!(thread.pass().is_err());
    // And what is pulled in no file is pulled.
    let folder = tempfile::tempdir().expect("a folder");
    let thread = RedThread::open(folder.path()).expect("a latch");
    drop(folder);
    assert!(thread.pull("a", 5).is_err());
    assert!(thread.pass().is_err());
}

#[test]
fn a_pull_on_one_node_latches_the_other_and_a_clearing_opens_both() {
    let (_a, a) = pulled();
    let folder = tempfile::tempdir().expect("a folder");
    let b = RedThread::open(folder.path()).expect("a latch");
    let state = b.merge("a", &a.shared(), 300).expect("on the disk");
    assert_eq!((state.active, &*state.node), (true, "a"));
    assert!(b.pass().is_err());
    drop(b);
    let b = RedThread::open(folder.path()).expect("a latch");
    assert!(b.pass().is_err(), "in the next process too");
    b.clear(SafeWordProof::new("phone", 400).into(), "b", 401)
        .expect("cleared");
    // What A tells of its old pull does not latch B again.
    b.merge("a", &a.shared(), 402).expect("on the disk");
    assert!(b.pass().is_ok());
    a.merge("b", &b.shared(), 403).expect("on the disk");
    assert_eq!(a.pass().expect("cleared").since_ms(), 403);
    assert_eq!(a.state().node, "b");
    // A pull that B had not heard of holds on both.
    a.pull("a", 500).expect("on the disk");
    a.merge("b", &b.shared(), 501).expect("on the disk");
    b.merge("a", &a.shared(), 501).expect("on the disk");
    assert!(a.pass().is_err() && b.pass().is_err());
}

#[test]
fn every_flipped_bit_and_every_cut_of_the_file_pulls_it() {
    let (folder, thread) = pulled();
    thread
        .clear(SafeWordProof::new("phone", 200).into(), "b", 201)
        .expect("cleared");
    drop(thread);
    let path = folder.path().join(file::NAME);
    let good = std::fs::read(&path).expect("the file");
    for at in 0..good.len() {
        for bit in [1, 4, 32] {
            let mut bad = good.clone();
            bad[at] ^= bit;
            std::fs::write(&path, &bad).expect("a file");
            let thread = RedThread::open(folder.path()).expect("a latch");
            assert!(thread.pass().is_err(), "bit {bit} of byte {at}");
        }
        std::fs::write(&path, &good[..at]).expect("a file");
        let thread = RedThread::open(folder.path()).expect("a latch");
        assert!(thread.pass().is_err(), "cut to {at}");
    }
}

#[test]
fn who_pulls_while_it_is_cleared_wins() {
    for round in 0..12 {
        let (folder, thread) = pulled();
        let proof = SafeWordProof::new("phone", 200);
        std::thread::scope(|scope| {
            let clear = scope.spawn(|| thread.clear(proof.into(), "a", 201));
            for _ in 0..round * 100 {
                std::thread::yield_now();
            }
            thread.pull("b", 202).expect("on the disk");
            // Where it came first it was true for a moment; it never outlives the pull.
            drop(clear.join().expect("no panic"));
        });
        assert!(thread.pass().is_err());
        drop(thread);
        let thread = RedThread::open(folder.path()).expect("a latch");
        assert!(thread.pass().is_err(), "and in the file");
    }
}

#[test]
fn a_pull_between_the_file_and_the_opening_holds() {
    let (_folder, thread) = pulled();
    let kept = thread.lock().kept.clone();
    let mut shared = kept.shared.clone();
    shared.clear();
    let after = kept.cleared(shared, "a", 200);
    thread.pull("b", 201).expect("on the disk");
    assert!(thread.opened(after).active);
    assert!(thread.pass().is_err());
}
