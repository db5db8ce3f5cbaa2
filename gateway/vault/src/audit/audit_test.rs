//! Every way to damage the log that comes to mind, and what it is called then.

use proptest::prelude::*;

use super::entry::Line;
use super::*;
use crate::desk::{Action, Consent};
use crate::red_thread::RedThread;

const NOW: u64 = 1_764_000_000_000;

struct Setup {
    folder: tempfile::TempDir,
    keys: tempfile::TempDir,
    janet: Arc<Identity>,
}

fn setup() -> Setup {
    let (folder, keys) = (tempfile::tempdir(), tempfile::tempdir());
    let (folder, keys) = (folder.expect("a folder"), keys.expect("a folder"));
    let janet = Arc::new(Identity::load_or_create(keys.path()).expect("a key"));
    Setup {
        folder,
        keys,
        janet,
    }
}

pub(super) fn event(n: u64) -> Event {
    let id = Id([u8::try_from(n % 251).expect("small"); 16]);
    match n % 4 {
        0 => Event::JanetStarted {
            version: Name::new("0.1.0"),
        },
        1 => Event::ConsentAsked {
            consent: id,
            action: Name::new("transfer"),
            operator: Name::new("here"),
        },
        2 => Event::TransferEnded {
            package: id,
            messages: n,
            summaries: 0,
            stubs: 0,
            result: Ended::Done,
        },
        _ => Event::RedThreadPulled {
            node: Name::new("node-1"),
            operator: Name::new("guest"),
        },
    }
}

impl Setup {
    fn open(&self) -> Result<AuditLog, AuditError> {
        AuditLog::open(
            self.folder.path(),
            self.keys.path(),
            Arc::clone(&self.janet),
        )
    }

    fn filled(&self, entries: u64) {
        let log = self.open().expect("a log");
        for n in 1..=entries {
            log.append(NOW + n, &event(n)).expect("appended");
        }
    }

    fn verify(&self) -> Result<Verified, Fault> {
        let key = self.janet.public();
        verify(self.folder.path(), self.keys.path(), &key).expect("readable")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join(LOG)
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.log()).expect("the log")
    }

    fn lines(&self) -> Vec<Vec<u8>> {
        let bytes = self.bytes();
        bytes
            .split_inclusive(|&byte| byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect()
    }

    fn put(&self, bytes: &[u8]) {
        std::fs::write(self.log(), bytes).expect("a file");
    }

    /// What is wrong now; whatever `verify` refuses, `open` refuses with the same words.
    fn fault(&self) -> Fault {
        let fault = self.verify().expect_err("damaged");
        let error = self.open().expect_err("damaged");
        assert!(error.to_string().contains(&fault.to_string()), "{error}");
        fault
    }
}

#[test]
fn what_is_appended_is_read_again_after_a_restart() {
    let it = setup();
    assert_eq!(it.verify().expect("nothing yet").count, 0);
    it.filled(3);
    let log = it.open().expect("a log");
    log.append(NOW + 4, &event(4)).expect("appended");
    let entries = log.read(10, None).expect("a page");
    let numbers: Vec<u64> = entries.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, [4, 3, 2, 1]);
    assert!(
        entries
            .iter()
            .all(|entry| entry.event == event(entry.number) && entry.at_ms == NOW + entry.number)
    );
    let good = it.verify().expect("good");
    assert_eq!((good.count, good.head), (4, entries[0].hash));
    assert_eq!(log.head(), good);
    assert_eq!(log.verify().expect("readable"), Ok(good));
}

#[test]
fn two_processes_do_not_append_to_one_log() {
    let it = setup();
    let first = it.open().expect("a log");
    assert!(matches!(it.open(), Err(AuditError::InUse { .. })));
    drop(first);
    assert!(it.open().is_ok());
}

#[test]
fn pages_fit_together_wherever_they_begin() {
    let it = setup();
    it.filled(57);
    let log = it.open().expect("a log");
    for before in 0..=60 {
        for limit in [0, 1, 2, 7, 200] {
            let page = log.read(limit, Some(before)).expect("a page");
            let numbers: Vec<u64> = page.iter().map(|entry| entry.number).collect();
            let expected: Vec<u64> = (1..=57).rev().filter(|n| *n < before).take(limit).collect();
            assert_eq!(numbers, expected, "{limit} before {before}");
        }
    }
    assert_eq!(
        read_page(it.folder.path(), 2, Some(9))
            .expect("a page")
            .len(),
        2
    );
    let none = tempfile::tempdir().expect("a folder");
    assert!(read_page(none.path(), 9, None).expect("no log").is_empty());
}

#[test]
fn a_page_has_an_end() {
    let it = setup();
    it.filled(LARGEST_PAGE as u64 + 5);
    let log = it.open().expect("a log");
    assert_eq!(
        log.read(usize::MAX, None).expect("a page").len(),
        LARGEST_PAGE
    );
}

/// One bit or another of each byte: the entry that holds the byte is named.
#[test]
fn every_changed_byte_is_found_where_it_is() {
    let it = setup();
    it.filled(5);
    let good = it.bytes();
    let mut entry = 1;
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        it.put(&bad);
        let fault = it.verify().expect_err("changed");
        assert_eq!(fault.entry, entry, "byte {at}: {fault}");
        let fits = match fault.kind {
            FaultKind::Changed | FaultKind::OtherKey => true,
            // The end of the last line: it is not whole any more.
            FaultKind::Cut { of } => at + 1 == good.len() && of == 5,
            _ => false,
        };
        assert!(fits, "byte {at}: {fault}");
        entry += u64::from(good[at] == b'\n');
    }
}

#[test]
fn every_cut_of_the_end_is_found() {
    let it = setup();
    it.filled(4);
    let good = it.bytes();
    for length in 0..good.len() {
        it.put(&good[..length]);
        let left = good[..length].iter().filter(|&&byte| byte == b'\n').count() as u64;
        let fault = it.verify().expect_err("cut");
        assert_eq!(fault.entry, left + 1, "{length}");
        assert_eq!(fault.kind, FaultKind::Cut { of: 4 });
    }
    it.put(&[]);
    it.fault();
    std::fs::remove_file(it.log()).expect("removed");
    assert_eq!(
        it.verify().expect_err("gone").kind,
        FaultKind::Cut { of: 4 }
    );
}

#[test]
fn lines_that_are_swapped_taken_out_or_put_in_are_found() {
    let it = setup();
    it.filled(6);
    let good = it.lines();
    for a in 0..6 {
        for b in a + 1..6 {
            let mut lines = good.clone();
            lines.swap(a, b);
            it.put(&lines.concat());
            let fault = it.fault();
            assert_eq!(fault.entry, a as u64 + 1, "{a} and {b}");
            assert_eq!(fault.kind, FaultKind::Reordered);
        }
        // Taken out, one and several.
        for many in 1..6 - a {
            let mut lines = good.clone();
            lines.drain(a..a + many);
            it.put(&lines.concat());
            let until = (a + many) as u64;
            assert_eq!(
                it.fault(),
                Fault {
                    entry: a as u64 + 1,
                    kind: FaultKind::Removed { until }
                }
            );
        }
        // There twice.
        for at in a + 1..=6 {
            let mut lines = good.clone();
            lines.insert(at, good[a].clone());
            it.put(&lines.concat());
            let fault = it.fault();
            assert_eq!(
                (fault.entry, fault.kind),
                (at as u64 + 1, FaultKind::Reordered)
            );
        }
        for foreign in [
            &b"\n"[..],
            b"{}\n",
            b"hello there\n",
            &[b'x'; 5000],
            b"\xff\xfe\n",
        ] {
            let mut lines = good.clone();
            lines.insert(a, foreign.to_vec());
            it.put(&lines.concat());
            let fault = it.fault();
            assert_eq!(
                (fault.entry, fault.kind),
                (a as u64 + 1, FaultKind::Changed)
            );
        }
    }
    it.put(&good.concat());
    assert_eq!(it.verify().expect("as it was").count, 6);
}

#[test]
fn a_line_of_another_key_and_one_of_another_log_are_found() {
    let (it, stranger) = (setup(), setup());
    it.filled(3);
    let good = it.lines();
    let prev = Line::read(good[1].trim_ascii_end()).expect("a line").hash;
    let (forged, _) = entry::write(&stranger.janet, 3, NOW, prev, &event(3));
    it.put(&[&good[0][..], &good[1], forged.as_bytes()].concat());
    assert_eq!(
        it.fault(),
        Fault {
            entry: 3,
            kind: FaultKind::OtherKey
        }
    );
    // Her own hand, another past.
    let (own, _) = entry::write(&it.janet, 3, NOW, [7; 32], &event(3));
    it.put(&[&good[0][..], &good[1], own.as_bytes()].concat());
    assert_eq!(
        it.fault(),
        Fault {
            entry: 3,
            kind: FaultKind::Foreign
        }
    );
    // Her own hand, the same past, another present: the head knows better.
    let (own, _) = entry::write(&it.janet, 3, NOW, prev, &event(4));
    it.put(&[&good[0][..], &good[1], own.as_bytes()].concat());
    assert_eq!(
        it.fault(),
        Fault {
            entry: 3,
            kind: FaultKind::HeadChanged
        }
    );
}

#[test]
fn a_missing_head_a_changed_one_and_an_older_one() {
    let it = setup();
    it.filled(2);
    let path = it.keys.path().join(HEAD);
    let older = std::fs::read(&path).expect("the head");
    it.filled(2);
    // One that is behind: a crash came between the line and the head. It is made good.
    std::fs::write(&path, &older).expect("a file");
    assert_eq!(it.verify().expect("good").count, 4);
    drop(it.open().expect("good"));
    let good = std::fs::read(&path).expect("the head");
    assert_ne!(good, older);
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(&path, &bad).expect("a file");
        assert_eq!(it.fault().kind, FaultKind::HeadChanged, "byte {at}");
    }
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(it.fault().kind, FaultKind::HeadMissing);
}

#[test]
fn a_line_that_a_crash_left_half_is_taken_away_and_the_log_goes_on() {
    let it = setup();
    it.filled(3);
    let good = it.bytes();
    let head = Line::read(it.lines()[2].trim_ascii_end())
        .expect("a line")
        .hash;
    let (next, _) = entry::write(&it.janet, 4, NOW, head, &event(4));
    for cut in 0..=next.len() {
        it.put(&[&good, &next.as_bytes()[..cut]].concat());
        let there = 3 + u64::from(cut == next.len());
        assert_eq!(it.verify().expect("nothing is amiss").count, there);
        let log = it.open().expect("a log");
        assert_eq!(log.head().count, there);
        log.append(NOW, &event(9)).expect("appended");
        drop(log);
        assert_eq!(it.verify().expect("good").count, there + 1);
        let head_path = it.keys.path().join(HEAD);
        Head {
            count: 3,
            hash: head,
        }
        .write(&head_path, &it.janet)
        .expect("put back");
    }
}

#[test]
fn what_cannot_be_written_is_not_told_as_written() {
    let it = setup();
    let log = it.open().expect("a log");
    log.append(NOW, &event(1)).expect("appended");
    // The head's folder is gone: the line is there, and the error says that not all is.
    let Setup { keys, .. } = &it;
    std::fs::remove_dir_all(keys.path()).expect("removed");
    assert!(matches!(
        log.append(NOW, &event(2)),
        Err(AuditError::Io { .. })
    ));
    assert_eq!(log.read(9, None).expect("a page").len(), 2);
}

#[test]
fn no_sentence_can_stand_in_it() {
    for text in [
        "",
        "my pin is 1234",
        "a\nb",
        "naïve",
        &"x".repeat(65),
        "a b",
        "\"",
        "{",
    ] {
        assert_eq!(Name::new(text).as_str(), "unnamed", "{text:?}");
    }
    for name in [
        "here",
        "a1b2c3d4e5f60718",
        "standing_grant:00ff",
        "node-1.local",
    ] {
        assert_eq!(Name::new(name).as_str(), name);
    }
    let planted = r#"{"kind":"vault_locked","why":"my pin is 1234"}"#;
    assert!(serde_json::from_str::<Event>(planted).is_err());
}

#[test]
fn an_entry_of_a_newer_janet_is_checked_and_read_as_unknown() {
    let it = setup();
    it.filled(1);
    let newer: Event = serde_json::from_str(r#"{"kind":"moon_landed","crew":3}"#).expect("unknown");
    assert_eq!(newer, Event::Unknown);
}

#[test]
fn another_constitution_counts_by_consent_alone_and_over_restarts() {
    let it = setup();
    let thread = RedThread::open(it.folder.path()).expect("a latch");
    let pass = thread.pass().expect("not pulled");
    let text = crate::constitution::SHIPPED.replace("Invent nothing.", "Make nothing up.");
    let new = Constitution::propose(&text).expect("well formed");
    let log = it.open().expect("a log");
    let consent = |action, subject| Consent::for_tests(&it.janet, action, subject, NOW);
    let subject = Constitution::subject(&new.sha256());
    for wrong in [
        consent(Action::ConstitutionChange, [0; 32]),
        consent(Action::PersonaChange, subject),
    ] {
        let refused = log.accept_constitution(&pass, wrong, &new, NOW);
        assert!(matches!(refused, Err(AcceptError::Consent(_))));
    }
    assert_eq!(log.head().constitution, None);
    let good = consent(Action::ConstitutionChange, subject);
    let entry = log
        .accept_constitution(&pass, good, &new, NOW)
        .expect("accepted");
    // The entry cannot be written by hand.
    assert!(matches!(
        log.append(NOW, &entry.event),
        Err(AuditError::TakesConsent)
    ));
    log.append(NOW, &event(1)).expect("appended");
    assert_eq!(log.head().constitution, Some(new.sha256()));
    drop(log);
    let accepted = it.open().expect("a log").head().constitution;
    assert_eq!(accepted, Some(new.sha256()));
    assert_eq!(Constitution::load(&text, accepted), Ok(new));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Any damage of any kind, several at once: it is found, and nothing before it is blamed.
    #[test]
    fn no_damage_passes(
        damages in proptest::collection::vec((0..4_u8, any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let it = setup();
        it.filled(6);
        let good = it.bytes();
        let mut bad = good.clone();
        for (kind, at, byte) in damages {
            if bad.is_empty() {
                break;
            }
            let at = at.index(bad.len());
            match kind {
                0 => bad[at] = byte,
                1 => bad.truncate(at),
                2 => { bad.remove(at); }
                _ => bad.insert(at, byte),
            }
        }
        it.put(&bad);
        let same = good.iter().zip(&bad).take_while(|(a, b)| a == b).count();
        let before = good[..same].iter().filter(|&&byte| byte == b'\n').count() as u64;
        match it.verify() {
            // What is left behind the last line is no entry yet.
            Ok(_) => prop_assert!(bad.starts_with(&good) && !bad[good.len()..].contains(&b'\n')),
            Err(fault) => prop_assert!(fault.entry == before + 1, "{fault}, {before} are good"),
        }
    }
}

#[test]
fn of_a_log_that_was_whole_only_the_news_are_looked_at_until_there_is_a_fault() {
    let it = setup();
    let log = it.open().expect("a log");
    let news = || log.verify_news().expect("readable");
    for n in 1..=5 {
        log.append(NOW + n, &event(n)).expect("appended");
    }
    assert_eq!(news().expect("whole").count, 5);
    let write = |bytes: &[u8]| std::fs::write(it.log(), bytes).expect("written");
    let good = it.bytes();
    let changed = |at: usize, bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    write(&changed(10, &good));
    assert_eq!(news().expect("nothing new").count, 5);
    assert_eq!(log.verify().expect("readable").expect_err("all").entry, 1);
    assert_eq!(news().expect_err("from then on all is").entry, 1);
    write(&good);
    assert_eq!(news().expect("whole again").count, 5);

    log.append(NOW + 6, &event(6)).expect("appended");
    let more = it.bytes();
    write(&changed(more.len() - 20, &more));
    assert_eq!(news().expect_err("the news").entry, 6);
    write(&more);
    assert_eq!(news().expect("whole again").count, 6);
    write(&good);
    let kind = news().expect_err("cut").kind;
    assert_eq!(kind, FaultKind::Cut { of: 6 });
}
