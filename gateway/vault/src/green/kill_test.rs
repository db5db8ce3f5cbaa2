//! kill −9, behind acknowledgements and at the moments between two steps: what was acknowledged is there,
//! and nothing is half done.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use super::world::{NOW, note, open, vector};
use super::*;
use crate::desk::{Action, Consent};
use crate::failpoint::testing::arm;
use crate::identity::Identity;
use crate::red_thread::RedThread;
use crate::soul::Soul;

/// The name under which the test starts itself again.
const CHILD_FOLDER: &str = "JANET_GREEN_TEST_CHILD_FOLDER";
/// At which failpoint it waits to be killed; 0: at none.
const CHILD_POINT: &str = "JANET_GREEN_TEST_CHILD_POINT";
/// What stands for an entry that is forgotten.
const GONE: &str = "-";
/// What stands for all entries.
const ALL: &str = "*";

/// Remembers some, edits every second, forgets every third, now and then all, and says what was done.
#[test]
fn writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let point = std::env::var_os(CHILD_POINT).expect("set with the folder");
    let folder = Path::new(&folder);
    let identity = Identity::load_or_create(folder).expect("a key");
    let thread = RedThread::open(folder).expect("a latch");
    let green = open(folder, Soul::Networked, "toy").expect("a store");
    arm(point
        .to_str()
        .and_then(|it| it.parse().ok())
        .expect("a number"));
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
        let texts: Vec<String> = (0..1 + round % 3)
            .map(|n| format!("Memory {round}.{n} of tea."))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let new: Vec<NewEntry> = texts.iter().map(|text| note(text)).collect();
        let vectors = texts.iter().map(|text| Some(vector(text))).collect();
        say(format!("batch {} of", texts.len()));
        let allowed = consent(Action::Remember, subject::remember(&texts));
        let ids = green
            .remember_all(&pass, allowed, &new, vectors)
            .expect("remembered");
        for (id, text) in ids.iter().zip(&texts) {
            say(format!("has {id} {text}"));
        }
        let id = ids[0];
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
            say(format!("may {id} {GONE}"));
            green.forget(&pass, allowed, id).expect("forgotten");
            say(format!("has {id} {GONE}"));
        }
        if round % 4 == 3 {
            let allowed = consent(Action::ForgetAll, subject::forget_all());
            say(format!("may {ALL} {GONE}"));
            green.forget_all(&pass, allowed).expect("forgotten");
            say(format!("has {ALL} {GONE}"));
        }
    }
}

/// An entry as the parent knows it: what it says for sure, and what it may say already.
#[derive(Debug)]
struct Known {
    id: EntryId,
    has: String,
    may: Option<String>,
    /// What it said once.
    former: Vec<String>,
}

/// What the child said before it died.
#[derive(Default)]
struct Told {
    known: Vec<Known>,
    /// Entries that may have been written and are not told yet, all of them or none.
    coming: usize,
    /// Whether some of those are told.
    partly: bool,
    /// Whether all may be forgotten, all of them or none.
    all: bool,
    acknowledgements: usize,
}

impl Told {
    fn line(&mut self, line: &str) {
        let mut parts = line.splitn(3, ' ');
        let (Some(what), Some(id), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
            return;
        };
        match (what, id) {
            ("batch", count) => {
                (self.coming, self.partly) = (count.parse().expect("a number"), false);
            }
            ("may" | "has", ALL) => {
                self.all = what == "may";
                for known in self.known.iter_mut().filter(|known| known.has != GONE) {
                    known.told(what, text);
                }
            }
            ("may" | "has", id) => {
                let id = id.parse().expect("an id");
                match self.known.iter_mut().find(|known| known.id == id) {
                    Some(known) => known.told(what, text),
                    None => {
                        (self.coming, self.partly) = (self.coming - 1, true);
                        self.known.push(Known {
                            id,
                            has: text.to_owned(),
                            may: None,
                            former: Vec::new(),
                        });
                    }
                }
            }
            _ => return,
        }
        self.acknowledgements += usize::from(what == "has");
    }
}

impl Known {
    fn told(&mut self, what: &str, text: &str) {
        if what == "may" {
            self.may = Some(text.to_owned());
        } else {
            let before = std::mem::replace(&mut self.has, text.to_owned());
            self.former.push(before);
            self.may = None;
        }
    }
}

/// When the child is killed.
#[derive(Clone, Copy)]
enum When {
    /// Behind so many acknowledgements, wherever it is by then.
    Behind(usize),
    /// At this one of the moments that it passes.
    At(u64),
}

#[test]
fn whatever_was_acknowledged_survives_a_kill_in_any_moment() {
    kill(20_261_128, 12, |random| When::Behind(random.usize(1..60)));
}

#[test]
#[ignore = "the long tier: a minute or two"]
fn whatever_was_acknowledged_survives_a_hundred_kills() {
    kill(8_128, 100, |random| When::Behind(random.usize(1..60)));
}

#[test]
fn killed_between_two_steps_nothing_is_half_done() {
    let moments = kill(496, 12, |random| When::At(random.u64(1..90)));
    assert!(moments.len() >= 5, "the moments are spread: {moments:?}");
}

#[test]
#[ignore = "the long tier: a minute or two"]
fn killed_at_a_hundred_moments_nothing_is_half_done() {
    let moments = kill(33_550_336, 100, |random| When::At(random.u64(1..90)));
    assert!(moments.len() >= 13, "the moments are spread: {moments:?}");
}

/// Kills a child so many times, and looks at what is left; how often at which moment.
fn kill(
    seed: u64,
    rounds: usize,
    when: impl Fn(&mut fastrand::Rng) -> When,
) -> BTreeMap<String, u32> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut moments = BTreeMap::new();
    for round in 0..rounds {
        let folder = tempfile::tempdir().expect("a folder");
        let (told, moment) = run_child(folder.path(), when(&mut random));
        println!(
            "seed {seed}, round {round}: killed behind {} acknowledgements, {moment}",
            told.acknowledgements
        );
        check(folder.path(), &told, &format!("seed {seed}, round {round}"));
        *moments.entry(moment).or_default() += 1;
    }
    println!("{moments:#?}");
    moments
}

fn run_child(folder: &Path, when: When) -> (Told, String) {
    let (behind, point) = match when {
        When::Behind(acknowledgements) => (acknowledgements, 0),
        When::At(point) => (usize::MAX, point),
    };
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args([
            "--exact",
            "--nocapture",
            "green::kill_tests::writes_until_it_is_killed",
        ])
        .env(CHILD_FOLDER, folder)
        .env(CHILD_POINT, point.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child");
    let (mut told, mut moment) = (Told::default(), None);
    for line in BufReader::new(child.stdout.take().expect("its output")).lines() {
        let line = line.expect("text");
        told.line(&line);
        let at = line.strip_prefix("failpoint ").map(str::to_owned);
        let somewhere = || (told.acknowledgements >= behind).then(|| "in any moment".to_owned());
        if moment.is_none()
            && let Some(at) = at.or_else(somewhere)
        {
            // SIGKILL.
            child.kill().expect("killed");
            moment = Some(at);
        }
    }
    assert!(!child.wait().expect("its end").success());
    (told, moment.expect("the child does not end by itself"))
}

/// What holds after a kill at any moment.
fn check(folder: &Path, told: &Told, when: &str) {
    let green = open(folder, Soul::Networked, "toy").expect("it opens");
    let thread = RedThread::open(folder).expect("a latch");
    let pass = thread.pass().expect("not pulled");
    let says = |known: &Known| match green.get(&pass, known.id) {
        Ok(entry) => entry.text.into_exposed(),
        Err(GreenError::Unknown(_)) => GONE.to_owned(),
        Err(error) => panic!("{when}: {error}"),
    };
    let says: Vec<String> = told.known.iter().map(says).collect();
    for (known, says) in told.known.iter().zip(&says) {
        let right = *says == known.has || Some(says) == known.may.as_ref();
        assert!(right, "{when}: {says:?} instead of {known:?}");
        // No file holds any of what went, not even the log of a process that died over it.
        let went = known.former.iter().chain([&known.has]);
        for text in went.filter(|text| *text != says && *text != GONE) {
            assert!(!holds(folder, text), "{when}: a file holds {text:?}");
        }
    }
    // No half state: of what was begun everything is there or nothing, every entry has its vector and its
    // words, and everything that is forgotten has its receipt.
    let counts = green.counts(&pass).expect("counts");
    assert_eq!(counts.entries, counts.searchable, "{when}");
    let forgotten = says.iter().filter(|says| *says == GONE).count();
    assert_eq!(counts.forgotten, forgotten as u64, "{when}");
    let unknown = usize::try_from(counts.entries).expect("few") + forgotten - says.len();
    assert!(
        unknown == told.coming || (unknown == 0 && !told.partly),
        "{when}: {unknown} of {}",
        told.coming
    );
    if told.all {
        let both = told.known.iter().zip(&says);
        let gone: Vec<bool> = both
            .filter(|(known, _)| known.has != GONE)
            .map(|(_, says)| says == GONE)
            .collect();
        assert!(gone.windows(2).all(|two| two[0] == two[1]), "{when}");
    }
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
}

fn holds(folder: &Path, text: &str) -> bool {
    let files = std::fs::read_dir(folder).expect("the folder");
    let holds = |path: &Path| {
        let bytes = std::fs::read(path).expect("a file");
        bytes.windows(text.len()).any(|it| it == text.as_bytes())
    };
    files
        .map(|file| file.expect("an entry").path())
        .any(|path| holds(&path))
}
