//! A transfer whose process is killed at any of its moments.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use super::link::{Given, Giving, carry, finish_unfinished};
use super::testing::{Here, NOW};
use super::*;
use crate::conversations::{ConversationUuid, Role, Said, Standing, State};
use crate::failpoint::testing::{arm, passed};
use crate::soul::Soul;

const CHILD_FOLDER: &str = "JANET_BRIDGE_TEST_CHILD_FOLDER";
const CHILD_POINT: &str = "JANET_BRIDGE_TEST_CHILD_POINT";
const SEEDS: u64 = 100;

/// What has to be there at the end.
struct Expected {
    uuid: ConversationUuid,
    before: Vec<String>,
    after: Vec<String>,
    source: Vec<String>,
    entries: usize,
}

fn both(folder: &Path) -> (Here, Here) {
    (
        Here::open(folder, Soul::Networked),
        Here::open(folder, Soul::Constitutional),
    )
}

/// A conversation that the source has, and of which the target may have an older or another copy.
fn set_up(folder: &Path, rng: &mut fastrand::Rng) -> Expected {
    let (a, b) = both(folder);
    let id = a.conversation(rng.u64(1..20));
    if rng.bool() {
        let export = a.packed(a.survey(id, &b));
        carry(
            Giving::new(export),
            &a.side(),
            &b.side(),
            &b.thread,
            NOW,
            &mut |_| {},
        )
        .expect("it goes over");
        // As if it had never been given away here: both have something of their own.
        a.store
            .execute_for_tests("UPDATE conversation SET given = NULL");
        let uuid = a.store.standing(id).expect("known").0;
        let there = b.store.find(uuid).expect("readable").expect("there");
        b.say(there, rng.u64(0..5));
        b.store
            .execute_for_tests("UPDATE conversation SET given = x'00'");
    }
    for n in 0..rng.u64(0..20) {
        let text = format!("{n} {}", "long ".repeat(rng.usize(..4_000)));
        a.store
            .append(id, Role::User, &text, NOW + 100 + n)
            .expect("on disk");
    }
    let entries = rng.u8(0..6);
    for n in 0..entries {
        a.shelf.put(&a.entry(n));
    }
    let uuid = a.store.standing(id).expect("known").0;
    let said = |here: &Here| -> Vec<Said> {
        let id = here.store.find(uuid).expect("readable");
        id.map_or_else(Vec::new, |id| {
            here.store.said_after(id, 0, usize::MAX).expect("readable")
        })
    };
    let merged = reconcile::merge(b.soul, &said(&b), &said(&a)).messages;
    Expected {
        uuid,
        before: b.texts(uuid),
        after: merged
            .into_iter()
            .map(|it| it.text.into_exposed())
            .collect(),
        source: a.texts(uuid),
        entries: usize::from(entries),
    }
}

/// What a process does when it starts, and then the transfer, if it did not come to its end yet.
fn transfer(a: &Here, b: &Here) {
    finish_unfinished(&b.side(), &b.thread, NOW).expect("finished");
    let pass = a.thread.pass().expect("not pulled");
    let released = Released::all(&pass, &a.store).expect("readable");
    drop(pass);
    let to_the_end = |giving| {
        carry(giving, &a.side(), &b.side(), &b.thread, NOW, &mut |_| {}).expect("it goes over")
    };
    for released in released {
        to_the_end(Giving::again(released));
    }
    let (uuid, standing) = a.store.known(1).expect("readable")[0];
    if standing == Standing::Here {
        let id = a.store.find(uuid).expect("readable").expect("known");
        let given = to_the_end(Giving::new(a.packed(a.survey(id, b))));
        assert!(matches!(given, Given::Delivered(_)));
    }
}

/// Not a test of its own: does nothing unless the test below started it.
#[test]
fn transfers_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let point = std::env::var_os(CHILD_POINT).expect("set with the folder");
    let (a, b) = both(Path::new(&folder));
    arm(point
        .to_str()
        .and_then(|it| it.parse().ok())
        .expect("a number"));
    let before = passed();
    transfer(&a, &b);
    println!("\npassed {}", passed() - before);
}

enum Ended {
    Killed(String),
    /// There are fewer moments than that.
    Over(u64),
}

fn run_child(folder: &Path, point: u64) -> Ended {
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args([
            "--exact",
            "--nocapture",
            "bridge::kill_test::transfers_until_it_is_killed",
        ])
        .env(CHILD_FOLDER, folder)
        .env(CHILD_POINT, point.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut ended = None;
    for line in lines {
        let line = line.expect("text");
        if let Some(name) = line.strip_prefix("failpoint ") {
            // SIGKILL.
            child.kill().expect("killed");
            ended = Some(Ended::Killed(name.to_owned()));
        } else if let Some(count) = line.strip_prefix("passed ") {
            ended = Some(Ended::Over(count.parse().expect("a number")));
        }
    }
    child.wait().expect("its end");
    ended.expect("it is killed or comes to its end")
}

/// What holds at any moment.
fn check(folder: &Path, expected: &Expected, moment: &str) {
    let (a, b) = both(folder);
    let lives = |here: &Here| {
        let id = here.store.find(expected.uuid).expect("readable");
        id.is_some_and(|id| here.store.standing(id).expect("known").1 == Standing::Here)
    };
    assert!(!(lives(&a) && lives(&b)), "{moment}: it lives twice");
    assert_eq!(
        a.texts(expected.uuid),
        expected.source,
        "{moment}: the source has what it had"
    );
    let there = b.texts(expected.uuid);
    if lives(&b) {
        assert_eq!(
            there, expected.after,
            "{moment}: it lives there with all of it"
        );
        assert!(!lives(&a));
    } else {
        assert_eq!(there, expected.before, "{moment}: nothing is changed there");
        assert!(
            b.shelf.all().is_empty()
                || expected.entries == 0
                || b.shelf.all().len() == expected.entries
        );
    }
}

#[test]
fn killed_at_a_hundred_moments_it_is_in_one_soul_whole_and_can_be_gone_on_with() {
    let mut moments = std::collections::BTreeMap::<String, u32>::new();
    for seed in 0..SEEDS {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut point = rng.u64(1..60);
        // Every try begins anew; one whose moment never came tells how many there are.
        let mut again = 0;
        let (folder, expected, moment) = loop {
            let mut rng = fastrand::Rng::with_seed(seed ^ 0xfeed);
            let folder = tempfile::tempdir().expect("a folder");
            let expected = set_up(folder.path(), &mut rng);
            match run_child(folder.path(), point) {
                Ended::Killed(moment) => break (folder, expected, moment),
                Ended::Over(count) => point = rng.u64(1..=count),
            }
            again += 1;
            assert!(again < 4, "seed {seed}");
        };
        println!("seed {seed}: killed at moment {point}: {moment}");
        check(folder.path(), &expected, &moment);
        *moments.entry(moment.clone()).or_default() += 1;
        // And once more, while it is gone on with.
        if rng.bool()
            && let Ended::Killed(moment) = run_child(folder.path(), rng.u64(1..20))
        {
            println!("seed {seed}: and again: {moment}");
            check(folder.path(), &expected, &moment);
        }
        let (a, b) = both(folder.path());
        transfer(&a, &b);
        drop((a, b));
        check(folder.path(), &expected, "at the end");
        let (a, b) = both(folder.path());
        assert_eq!(b.texts(expected.uuid), expected.after, "seed {seed}");
        assert_eq!(b.shelf.all(), a.shelf.all(), "seed {seed}");
        for state in [
            State::Packing,
            State::Released,
            State::Staging,
            State::Prepared,
            State::Committed,
        ] {
            for soul in [&a, &b] {
                assert!(
                    soul.store.parcels(state).expect("readable").is_empty(),
                    "seed {seed}"
                );
            }
        }
        // All of it again: nothing is left to do.
        transfer(&a, &b);
        assert_eq!(b.texts(expected.uuid), expected.after, "seed {seed}");
    }
    println!("{moments:#?}");
    assert!(moments.len() >= 14, "the moments are spread: {moments:?}");
}
