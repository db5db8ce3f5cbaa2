use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};

use super::tests::{Fixture, HERE, NOW, WORD, cheap, open};
use super::*;
use crate::red_thread::RedThread;

/// The name under which these tests start themselves again.
const CHILD_FOLDER: &str = "JANET_RED_TEST_CHILD_FOLDER";
const HOUR: u64 = 60 * 60 * 1000;

fn fixture(folder: tempfile::TempDir) -> Fixture {
    let thread = RedThread::open(folder.path()).expect("a latch");
    let red = open(folder.path()).expect("it opens after a kill");
    Fixture {
        folder,
        thread,
        red,
    }
}

/// Says so to whoever kills it; the closed pipe ends the loop should the kill fail.
fn acknowledge(number: u64) {
    let mut out = std::io::stdout();
    writeln!(out, "\nack {number}")
        .and_then(|()| out.flush())
        .expect("the parent listens");
}

/// Starts a test of this name in a process, kills it after so many acknowledgements, and says how many
/// there were.
fn killed_after(name: &str, folder: &Path, acknowledgements: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "--nocapture", name])
        .env(CHILD_FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child");
    let (mut last, mut killed) = (0, false);
    for line in BufReader::new(child.stdout.take().expect("its output")).lines() {
        if let Some(text) = line.expect("text").strip_prefix("ack ") {
            last = text.parse().expect("a number");
        }
        // SIGKILL; what is in the pipe by then was acknowledged too.
        if last >= acknowledgements && !killed {
            child.kill().expect("killed");
            killed = true;
        }
    }
    assert!(!child.wait().expect("its end").success());
    assert!(killed, "the child must not end by itself");
    last
}

/// Not a test of its own: does nothing unless a test started it.
#[test]
fn puts_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let thread = RedThread::open(folder).expect("a latch");
    let red = open(folder).expect("opened");
    let pass = thread.pass().expect("not pulled");
    red.create(&pass, &cheap(WORD), NOW).expect("created");
    for round in 1_u64.. {
        // Locked and unlocked by turns; every fifth name is an old one, and now and then one is forgotten.
        if round % 4 == 0 {
            red.lock();
        } else if round % 4 == 2 {
            let guess = red.begin_unlock(&pass, HERE, NOW).expect("right so far");
            let guess = guess.derive(WORD).expect("memory");
            let _proof = red.finish_unlock(&pass, guess, &[], NOW).expect("right");
        }
        let name = format!("item {}", round % 40);
        red.put(&pass, &name, &[], format!("value {round}").as_bytes(), NOW)
            .expect("put");
        acknowledge(round);
    }
}

#[test]
fn whatever_was_acknowledged_survives_a_kill_in_any_moment() {
    for acknowledgements in [1, 2, 3, 5, 6, 9, 23, 58, 121] {
        let folder = tempfile::tempdir().expect("a folder");
        let name = "red::vault::kill_tests::puts_until_it_is_killed";
        let last = killed_after(name, folder.path(), acknowledgements);
        let vault = fixture(folder);
        let proof = vault.unlock_as(HERE, WORD, &[], NOW + HOUR);
        let _proof = proof.expect("the word is right, whatever was going on");
        for item in 0..40 {
            let newest = (1..=last).rev().find(|round| round % 40 == item);
            let found = vault.get(&format!("item {item}")).expect("unlocked");
            let rounds = found.map(|text| {
                let number = text.strip_prefix("value ").expect("as it was put");
                number.parse::<u64>().expect("a number")
            });
            // The one after the last may be there without its acknowledgement.
            let maybe = (last + 1) % 40 == item && rounds == Some(last + 1);
            assert!(
                maybe || rounds == newest,
                "item {item}: {rounds:?}, {newest:?}"
            );
        }
    }
}

/// Not a test of its own: does nothing unless a test started it.
#[test]
fn guesses_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let thread = RedThread::open(folder).expect("a latch");
    let red = open(folder).expect("opened");
    let pass = thread.pass().expect("not pulled");
    for round in 1.. {
        // Whoever guesses learns nothing before it is counted.
        let guess = red.begin_unlock(&pass, HERE, NOW + round * HOUR);
        acknowledge(round);
        drop(guess.expect("it waited for an hour"));
    }
}

#[test]
fn no_kill_gives_a_free_guess() {
    for guesses in [1, 2, 3, 4, 7, 12] {
        let vault = Fixture::new();
        let Fixture { folder, red, .. } = vault;
        drop(red);
        let name = "red::vault::kill_tests::guesses_until_it_is_killed";
        let last = killed_after(name, folder.path(), guesses);
        let vault = fixture(folder);
        let mut inner = vault.red.lock_inner();
        let db = inner.whole(&vault.red.path).expect("whole");
        let failures: i64 = db
            .query_row("SELECT failures FROM guess", [], |row| row.get(0))
            .expect("a count");
        assert!(failures.unsigned_abs() >= last, "{failures} of {last}");
        drop(inner);
        // At the moment of the last one the next has to wait, once the free ones are used up.
        if last > 3 {
            let pass = vault.thread.pass().expect("not pulled");
            let guess = vault.red.begin_unlock(&pass, HERE, NOW + last * HOUR);
            assert!(matches!(guess, Err(RedError::Delayed(_))));
        }
    }
}

/// Not a test of its own: does nothing unless a test started it.
#[test]
fn changes_its_word_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let thread = RedThread::open(folder).expect("a latch");
    let red = open(folder).expect("opened");
    let pass = thread.pass().expect("not pulled");
    for round in 1_u64.. {
        let guess = red.begin_unlock(&pass, HERE, NOW).expect("right so far");
        let old = guess.derive(&word(round - 1)).expect("memory");
        let _proof = red
            .change_word(&pass, old, &cheap(&word(round)), NOW)
            .expect("changed");
        acknowledge(round);
    }
}

fn word(round: u64) -> String {
    match round {
        0 => WORD.to_owned(),
        round => format!("tulips in year {round}"),
    }
}

#[test]
fn a_kill_while_the_word_changes_leaves_the_old_one_or_the_new_one() {
    for changes in [1, 2, 5, 17, 40] {
        let vault = Fixture::new();
        vault.put("bank", "4711", NOW);
        let Fixture { folder, red, .. } = vault;
        drop(red);
        let name = "red::vault::kill_tests::changes_its_word_until_it_is_killed";
        let last = killed_after(name, folder.path(), changes);
        let vault = fixture(folder);
        let opens = |round| {
            vault
                .unlock_as(HERE, &word(round), &["bank"], NOW + HOUR)
                .is_ok()
        };
        assert!(opens(last) || opens(last + 1), "neither after {last}");
        assert_eq!(
            vault.get("bank").expect("unlocked").as_deref(),
            Some("4711")
        );
    }
}
