//! What a fuzzer does with its bytes to the vault's files, and what has to be true afterwards. Panics count as
//! found, and so does memory without bound.
//!
//! An input is a file as it stands, or changes to a whole one of ours: so a short input reaches deep. Opening
//! either gives an error or a store in which nothing counts that was not signed or sealed by its owner. The
//! targets in `fuzz/` call these; so do the tests below, with every input that was kept.

use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use janet_vault::audit::{self, AuditLog, Event, LARGEST_PAGE, Name, Verified};
use janet_vault::blue::{Blue, Limits};
use janet_vault::desk::{
    Action, Answer, By, Consent, Desk, Grant, Grants, Needs, Out, Request, Standing,
};
use janet_vault::green::{Config, Green, Kind, MOST_LISTED, NewEntry, Source, Space, subject};
use janet_vault::identity::Identity;
use janet_vault::red::{Fresh, Package, Red, SafeWord};
use janet_vault::red_thread::{RedThread, TOKEN_FROM_MS};
use janet_vault::soul::Soul;
use tempfile::TempDir;

const NOW: u64 = 1_800_000_000_000;
const WORD: &str = "tulips in may";
const RED: &str = "red.db";
const GREEN: &str = "green-networked.db";
const GRANTS: &str = "grants.json";
const LOG: &str = "audit.log";
const HEAD: &str = "audit.head";
const RED_THREAD: &str = "red-thread.json";
/// Numbers of a vector of the test's own.
const DIMENSIONS: usize = 4;
/// A key that costs no more than this is derived from what a stranger's file says.
const CHEAP_KIB: u32 = 1024;
/// Header and nonce of an export.
const LEAST_EXPORT: usize = 62;

/// Whole files, and what they amount to. Made once: the safe word's key takes its time.
struct Whole {
    identity: Arc<Identity>,
    red: Vec<u8>,
    export: Vec<u8>,
    green: Vec<u8>,
    grants: Vec<u8>,
    granted: Vec<Grant>,
    log: Vec<u8>,
    head: Vec<u8>,
    logged: Verified,
    pulled: Vec<u8>,
    cleared: Vec<u8>,
}

static WHOLE: LazyLock<Whole> = LazyLock::new(Whole::make);

/// Where files are opened: in memory, where the system has such a place.
fn folder() -> TempDir {
    let shared = Path::new("/dev/shm");
    let folder = match shared.is_dir() {
        true => TempDir::new_in(shared),
        false => TempDir::new(),
    };
    folder.expect("a folder")
}

fn blue() -> Blue {
    let limits = Limits {
        bytes: 64 << 10,
        ..Limits::default()
    };
    Blue::new(limits).expect("pages")
}

fn green_config() -> Config {
    Config {
        soul: Soul::Networked,
        space: Space {
            name: "toy".to_owned(),
            dimensions: DIMENSIONS,
        },
        wait_for_lock: Duration::ZERO,
    }
}

/// A yes to this, by click.
fn consent(desk: &mut Desk, action: Action, subject: [u8; 32]) -> Consent {
    let request = Request {
        operator: "here".to_owned(),
        action,
        conversation: None,
        impact: "a test".into(),
        prompt: "Shall I?".into(),
        subject,
        needs: Needs::AnyAnswer,
        standing: Standing::Suspended,
    };
    let mut out = Vec::new();
    let id = desk.request(NOW, request, &mut out).expect("asked");
    let yes = Answer {
        operator: "here".to_owned(),
        granted: true,
        by: By::Click,
    };
    desk.answer(id, yes, NOW, &mut out).expect("granted");
    let granted = out.into_iter().find_map(|out| match out {
        Out::Granted { consent, .. } => Some(consent),
        _ => None,
    });
    granted.expect("a consent")
}

impl Whole {
    fn make() -> Self {
        let there = folder();
        let path = there.path();
        let identity = Arc::new(Identity::load_or_create(path).expect("a key"));
        let thread = Arc::new(RedThread::open(path).expect("a latch"));
        let grants = Grants::open(path, &identity.public()).expect("none");
        let mut desk = Desk::new(Arc::clone(&identity), Arc::clone(&thread), grants);
        let read = |name: &str| fs::read(path.join(name)).expect("it was written");

        let action = Action::Delegate("calendar".to_owned());
        let allowed = consent(&mut desk, Action::NewGrant, Grants::subject(&action));
        desk.add_grant(allowed, &action).expect("granted");

        let pass = thread.pass().expect("not pulled");
        let word = SafeWord::chosen(WORD).expect("good enough");
        let fresh = Fresh::derive(&word).expect("memory");
        let red = Red::open(path, blue(), Duration::ZERO, NOW).expect("a vault");
        red.create(&pass, &fresh, NOW).expect("created");
        for n in 0..3 {
            let name = format!("item {n}");
            red.put(&pass, &name, &["tag"], b"a secret", NOW)
                .expect("put");
        }
        let guess = red.begin_unlock(&pass, "here", NOW).expect("may guess");
        let derived = guess.derive(WORD).expect("memory");
        let proof = red
            .finish_unlock(&pass, derived, &[], NOW)
            .expect("the word");
        let subject = red.export_subject().expect("a vault");
        let allowed = consent(&mut desk, Action::Export, subject);
        let (export, _) = red
            .export(&pass, allowed, proof, &fresh, NOW)
            .expect("exported");
        drop(red);

        let green = Green::open(path, green_config(), NOW).expect("a store");
        for text in ["The cat is called Mimi.", "I like green tea."] {
            let subject = subject::remember(&[text]);
            let allowed = consent(&mut desk, Action::Remember, subject);
            let new = NewEntry {
                kind: Kind::Note,
                text: text.into(),
                source: Source::default(),
                created_ms: NOW,
            };
            green
                .remember(&pass, allowed, new, Some(vec![1.0; DIMENSIONS]))
                .expect("remembered");
        }
        drop((pass, green));

        let log = AuditLog::open(path, path, Arc::clone(&identity)).expect("a log");
        for why in ["operator", "time_out", "red_thread"] {
            let why = Name::new(why);
            log.append(NOW, &Event::VaultLocked { why, soul: None })
                .expect("on disk");
        }
        let logged = log.head();
        drop(log);

        thread.pull("here", NOW).expect("on disk");
        let pulled = read(RED_THREAD);
        let token = thread.token("here", NOW).expect("a token");
        let later = NOW + TOKEN_FROM_MS;
        let twice = thread.redeem(&token.text, "here", later);
        thread
            .clear(twice.expect("in time"), "here", later)
            .expect("on disk");
        Self {
            red: read(RED),
            export,
            green: read(GREEN),
            grants: read(GRANTS),
            granted: desk.grants().to_vec(),
            log: read(LOG),
            head: read(HEAD),
            logged,
            cleared: read(RED_THREAD),
            pulled,
            identity,
        }
    }
}

/// The file that an input stands for: as it is, or changes to a whole one (three bytes for the place, one for
/// the bits that flip), which may be cut off at the last place.
fn file(bytes: &[u8], whole: &[u8]) -> Vec<u8> {
    let Some((kind, rest)) = bytes.split_first() else {
        return Vec::new();
    };
    if kind % 2 == 0 {
        return rest.to_vec();
    }
    let mut file = whole.to_vec();
    let mut place = file.len();
    for change in rest.chunks_exact(4) {
        let number = u32::from_be_bytes([0, change[0], change[1], change[2]]);
        place = number as usize % whole.len();
        file[place] ^= change[3];
    }
    if kind & 2 != 0 {
        file.truncate(place);
    }
    file
}

/// The file of secrets: whatever is in it, it is locked, and nothing is handed out.
pub fn red_file(bytes: &[u8]) {
    let there = folder();
    fs::write(there.path().join(RED), file(bytes, &WHOLE.red)).expect("written");
    let thread = RedThread::open(there.path()).expect("a latch");
    let pass = thread.pass().expect("not pulled");
    for _ in 0..2 {
        let Ok(red) = Red::open(there.path(), blue(), Duration::ZERO, NOW) else {
            return;
        };
        assert!(red.is_locked());
        assert!(red.get(&pass, "item 1", NOW).is_err());
        assert!(red.list(&pass, NOW).is_err());
        assert!(red.forget(&pass, "item 1").is_err());
        // Whether there is a vault in it, and whether a secret can be added, depends on what is damaged.
        std::hint::black_box(red.exists().is_ok());
        std::hint::black_box(red.count(&pass).is_ok());
        std::hint::black_box(red.put(&pass, "new", &[], b"value", NOW).is_ok());
        std::hint::black_box(red.begin_unlock(&pass, "here", NOW).is_ok());
    }
}

/// An export: none opens with another password.
pub fn red_export(bytes: &[u8]) {
    let file = file(bytes, &WHOLE.export);
    let package = Package::read(&file).expect("randomness, whatever the file is");
    // What it costs to open stands in it, behind its name and version. What cannot be an export at all costs as
    // much as ours do: neither is tried here.
    let number = |at: usize| {
        let bytes = file.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    };
    let (Some(kib), Some(passes), Some(lanes)) = (number(10), number(14), number(18)) else {
        return;
    };
    let is_one = file.starts_with(b"JanetRed\x01\x00") && file.len() >= LEAST_EXPORT;
    let is_sane = (1..=2).contains(&passes) && (1..=16).contains(&lanes) && kib >= 8 * lanes;
    if is_one && is_sane && kib <= CHEAP_KIB {
        assert!(package.derive("another password").is_err());
    }
}

/// What is remembered: it opens or does not, and reading it gives entries or errors.
pub fn green_file(bytes: &[u8]) {
    let there = folder();
    fs::write(there.path().join(GREEN), file(bytes, &WHOLE.green)).expect("written");
    let thread = RedThread::open(there.path()).expect("a latch");
    let pass = thread.pass().expect("not pulled");
    let Ok(green) = Green::open(there.path(), green_config(), NOW) else {
        return;
    };
    std::hint::black_box(green.counts(&pass).is_ok());
    let vector = [1.0; DIMENSIONS];
    std::hint::black_box(green.search(&pass, "tea", Some(&vector), 5, NOW).is_ok());
    if let Ok(entries) = green.list(&pass, None, MOST_LISTED) {
        assert!(entries.len() <= MOST_LISTED);
        for entry in entries {
            std::hint::black_box(green.get(&pass, entry.id).is_ok());
        }
    }
}

/// Standing grants: what she has not signed grants nothing.
pub fn grants(bytes: &[u8]) {
    let there = folder();
    fs::write(there.path().join(GRANTS), file(bytes, &WHOLE.grants)).expect("written");
    if let Ok(grants) = Grants::open(there.path(), &WHOLE.identity.public()) {
        let all = grants.list();
        assert!(all.iter().all(|grant| WHOLE.granted.contains(grant)));
    }
}

/// The audit log, or by the first byte its head: it is good only if it is the one that she wrote.
pub fn audit(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else {
        return;
    };
    let (mut log, mut head) = (WHOLE.log.clone(), WHOLE.head.clone());
    match which % 2 {
        0 => log = file(bytes, &WHOLE.log),
        _ => head = file(bytes, &WHOLE.head),
    }
    let there = folder();
    let path = there.path();
    fs::write(path.join(LOG), &log).expect("written");
    fs::write(path.join(HEAD), head).expect("written");
    if let Ok(page) = audit::read_page(path, LARGEST_PAGE, None) {
        assert!(page.len() <= LARGEST_PAGE);
    }
    let verified = audit::verify(path, path, &WHOLE.identity.public());
    let is_good = matches!(verified, Ok(Ok(good)) if good == WHOLE.logged);
    assert!(is_good || !matches!(verified, Ok(Ok(_))), "another log");
    if is_good {
        // A line that was not written to its end belongs to no entry.
        assert!(log.starts_with(&WHOLE.log), "{} bytes", log.len());
    }
    let opened = AuditLog::open(path, path, Arc::clone(&WHOLE.identity));
    assert_eq!(opened.is_ok(), is_good);
}

/// The latch of the red thread: what was changed counts as pulled, and pulling it always works.
pub fn red_thread(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else {
        return;
    };
    let whole = match which % 2 {
        0 => &WHOLE.pulled,
        _ => &WHOLE.cleared,
    };
    let there = folder();
    let file = file(bytes, whole);
    fs::write(there.path().join(RED_THREAD), &file).expect("written");
    let thread = RedThread::open(there.path()).expect("readable");
    let is_changed = bytes.first().is_some_and(|kind| kind % 2 == 1) && file != *whole;
    assert!(thread.state().active || !is_changed, "it opened");
    assert_eq!(thread.pass().is_ok(), !thread.state().active);
    thread.pull("here", NOW).expect("on disk");
    let again = RedThread::open(there.path()).expect("readable");
    assert!(again.state().active && again.pass().is_err());
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn corpus(target: &str) -> PathBuf {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
        folder.join(target)
    }

    /// Every input that was kept. With `UPDATE_CORPUS` set: writes the first ones.
    fn all(target: &str, drive: fn(&[u8]), first: &[(&str, Vec<u8>)]) {
        let folder = corpus(target);
        if std::env::var_os("UPDATE_CORPUS").is_some() {
            fs::create_dir_all(&folder).expect("a folder");
            for (name, bytes) in first {
                fs::write(folder.join(name), bytes).expect("written");
            }
        }
        let inputs = fs::read_dir(folder).expect("the corpus is checked in");
        let mut seen = 0;
        for input in inputs {
            drive(&fs::read(input.expect("an entry").path()).expect("readable"));
            seen += 1;
        }
        assert!(seen > 3, "{target} has {seen} inputs");
        // And a small fuzzer of our own, for each run of the tests: the seed is in the message.
        for seed in 0..60 {
            let mut random = fastrand::Rng::with_seed(seed);
            let (_, start) = &first[random.usize(..first.len())];
            let mut bytes = start.clone();
            for _ in 0..random.usize(1..12) {
                let at = random.usize(..=bytes.len());
                match random.u8(..4) {
                    0 => bytes.insert(at, random.u8(..)),
                    1 => bytes.truncate(at),
                    2 => bytes.extend((0..4).map(|_| random.u8(..))),
                    _ => {
                        if let Some(byte) = bytes.get_mut(at) {
                            *byte ^= 1 << random.u8(..8);
                        }
                    }
                }
            }
            let held = std::panic::catch_unwind(|| drive(&bytes));
            assert!(held.is_ok(), "seed {seed}: {bytes:?}");
        }
    }

    fn raw(bytes: &[u8]) -> Vec<u8> {
        [&[0], bytes].concat()
    }

    /// Flips these bits.
    fn changes(kind: u8, all: &[(u32, u8)]) -> Vec<u8> {
        let mut bytes = vec![kind];
        for (place, bits) in all {
            bytes.extend_from_slice(&place.to_be_bytes()[1..]);
            bytes.push(*bits);
        }
        bytes
    }

    /// As a stranger and as time would do it to any file.
    fn usual(start: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
        vec![
            ("empty", raw(b"")),
            ("start", raw(start)),
            ("whole", changes(1, &[])),
            ("header", changes(1, &[(0, 1)])),
            ("middle", changes(1, &[(1000, 0x80), (5000, 0xff)])),
            ("cut", changes(3, &[(100, 0)])),
            ("cut-later", changes(3, &[(4096, 0)])),
        ]
    }

    #[test]
    fn kept_files_of_secrets_stay_locked() {
        let mut first = usual(b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20");
        // Its page size, its version, the application that it is of.
        first.push(("page", changes(1, &[(16, 0x30)])));
        first.push(("application", changes(1, &[(68, 1)])));
        all("red_file", red_file, &first);
    }

    #[test]
    fn kept_exports_open_with_no_other_password() {
        let mut first = usual(b"JanetRed\x01\0");
        // 64 KiB, one pass, one lane.
        let mut cheap = b"JanetRed\x01\0\x40\0\0\0\x01\0\0\0\x01\0\0\0".to_vec();
        cheap.extend([7; 16 + 24 + 64]);
        first.push(("cheap", raw(&cheap)));
        let mut dear = cheap;
        dear[10..14].copy_from_slice(&u32::MAX.to_le_bytes());
        first.push(("dear", raw(&dear)));
        all("red_export", red_export, &first);
    }

    #[test]
    fn kept_files_of_memories_are_read_or_refused() {
        let mut first = usual(b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20");
        first.push(("page", changes(1, &[(16, 0x30)])));
        first.push(("far", changes(1, &[(9000, 3), (20_000, 7), (40_000, 1)])));
        all("green_file", green_file, &first);
    }

    #[test]
    fn kept_files_of_grants_grant_nothing() {
        let mut first = usual(br#"{"version":1,"grants":[{"id":""#);
        let line = br#"{"version":1,"grants":[{"id":"00000000000000000000000000000000","action":"delegate:calendar"}]}"#;
        first.push(("unsigned", raw(line)));
        first.push(("none", raw(br#"{"version":1,"grants":[]}"#)));
        all("grants", grants, &first);
    }

    #[test]
    fn kept_logs_are_good_only_as_they_were_written() {
        let mut first: Vec<_> = usual(br#"{"number":1"#)
            .into_iter()
            .map(|(name, bytes)| (name, [&[0], &bytes[..]].concat()))
            .collect();
        for (name, bytes) in [
            ("head", changes(1, &[])),
            ("head-changed", changes(1, &[(20, 1)])),
            ("head-cut", changes(3, &[(20, 0)])),
            ("head-empty", raw(b"")),
        ] {
            first.push((name, [&[1], &bytes[..]].concat()));
        }
        all("audit", audit, &first);
    }

    #[test]
    fn kept_latches_count_as_pulled() {
        let mut first = Vec::new();
        for (name, bytes) in usual(br#"{"active":false}"#) {
            first.push((name, [&[1], &bytes[..]].concat()));
        }
        first.push(("pulled", [&[0], &changes(1, &[])[..]].concat()));
        first.push(("pulled-cut", [&[0], &changes(3, &[(70, 0)])[..]].concat()));
        all("red_thread", red_thread, &first);
    }
}
