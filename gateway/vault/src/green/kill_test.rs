use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use super::world::{NOW, note, open, vector};
use super::*;
use crate::desk::{Action, Consent};
use crate::identity::Identity;
use crate::red_thread::RedThread;
use crate::soul::Soul;

/// The name under which the test starts itself again.
const CHILD_FOLDER: &str = "JANET_GREEN_TEST_CHILD_FOLDER";

/// Remembers one, edits every second, forgets every third, and says what was done.
#[test]
fn writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let identity = Identity::load_or_create(folder).expect("a key");
    let thread = RedThread::open(folder).expect("a latch");
    let green = open(folder, Soul::Networked, "toy").expect("a store");
    let mut out = std::io::stdout();
    let mut say = |line: String| {
        // The parent's closed pipe ends the loop should the kill fail.
        writeln!(out, "\n{line}")
            .and_then(|()| out.flush())
            .expect("the parent listens");
    };
    for round in 0_u64.. {
        let pass = thread.pass().expect("not pulled");
        let consent = |action, subject| Consent::for_tests(&identity, action, subject, NOW);
        let text = format!("Memory {round} of tea.");
        let allowed = consent(Action::Remember, subject::remember(&[&text]));
        let id = green
            .remember(&pass, allowed, note(&text), Some(vector(&text)))
            .expect("remembered");
        say(format!("has {id} {text}"));
        if round % 2 == 0 {
            let text = format!("Changed {round} to coffee.");
            let allowed = consent(Action::Edit, subject::edit(id, &text));
            say(format!("may {id} {text}"));
            green
                .edit(
                    &pass,
                    allowed,
                    id,
                    text.as_str().into(),
                    Some(vector(&text)),
                )
                .expect("edited");
            say(format!("has {id} {text}"));
        }
        if round % 3 == 0 {
            let allowed = consent(Action::Forget, subject::forget(id));
            say(format!("may {id} -"));
            green.forget(&pass, allowed, id).expect("forgotten");
            say(format!("has {id} -"));
        }
    }
}

/// An entry as the parent knows it: what it says for sure, and what it may say already.
#[derive(Debug)]
struct Known {
    id: EntryId,
    has: String,
    may: Option<String>,
}

#[test]
fn whatever_was_acknowledged_survives_a_kill_in_any_moment() {
    kill(20_261_128, 12);
}

#[test]
#[ignore = "the long tier: a minute or two"]
fn whatever_was_acknowledged_survives_a_hundred_kills() {
    kill(8_128, 100);
}

/// Kills a child behind a random acknowledgement, so many times, and looks at what is left.
fn kill(seed: u64, rounds: usize) {
    let mut random = fastrand::Rng::with_seed(seed);
    for round in 0..rounds {
        let acknowledgements = random.usize(1..60);
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args([
                "--exact",
                "--nocapture",
                "green::kill_tests::writes_until_it_is_killed",
            ])
            .env(CHILD_FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a child");
        let mut known: Vec<Known> = Vec::new();
        let (mut told, mut killed) = (0, false);
        for line in BufReader::new(child.stdout.take().expect("its output")).lines() {
            let line = line.expect("text");
            let mut parts = line.splitn(3, ' ');
            let (Some(what @ ("has" | "may")), Some(id), Some(text)) =
                (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let id = id.parse().expect("an id");
            let text = text.to_owned();
            match known.iter_mut().find(|known| known.id == id) {
                Some(known) if what == "may" => known.may = Some(text),
                Some(known) => (known.has, known.may) = (text, None),
                None => known.push(Known {
                    id,
                    has: text,
                    may: None,
                }),
            }
            told += usize::from(what == "has");
            if told >= acknowledgements && !killed {
                child.kill().expect("killed");
                killed = true;
            }
        }
        assert!(!child.wait().expect("its end").success());
        assert!(killed, "the child must not end by itself");
        let green = open(folder.path(), Soul::Networked, "toy").expect("it opens");
        let thread = RedThread::open(folder.path()).expect("a latch");
        let pass = thread.pass().expect("not pulled");
        for known in &known {
            let says = match green.get(&pass, known.id) {
                Ok(entry) => entry.text.into_exposed(),
                Err(GreenError::Unknown(_)) => "-".to_owned(),
                Err(error) => panic!("seed {seed}, round {round}: {error}"),
            };
            let right = says == known.has || Some(&says) == known.may.as_ref();
            assert!(
                right,
                "seed {seed}, round {round}: {says:?} instead of {known:?}"
            );
        }
        // No half state: every entry has its vector and its words, and there is one more at most.
        let counts = green.counts(&pass).expect("counts");
        assert_eq!(
            counts.entries, counts.searchable,
            "seed {seed}, round {round}"
        );
        for entry in green.list(&pass, None, MOST_LISTED).expect("a list") {
            let text = entry.text.expose();
            let hits = green
                .search(&pass, text, Some(&vector(text)), 5, NOW)
                .expect("hits");
            let found = hits
                .iter()
                .find(|hit| hit.entry.id == entry.id)
                .expect("found");
            assert!(found.parts.words > 0.99 && found.parts.meaning > Some(0.99));
        }
        let there = known.iter().filter(|known| known.has != "-").count() as u64;
        println!("seed {seed}, round {round}: killed behind {told} acknowledgements, {counts:?}");
        assert!(
            counts.entries <= there + 1 && counts.entries + 1 >= there,
            "{counts:?}"
        );
    }
}
