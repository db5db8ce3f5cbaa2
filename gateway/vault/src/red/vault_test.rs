use std::fs;

use tempfile::TempDir;

use super::super::items::MOST_ITEMS;
use super::super::key::{Cost, RUNS};
use super::super::record::Record;
use super::super::{SafeWord, Verified, WeakWord};
use super::*;
use crate::blue::{Limits, Shelf};
use crate::red_thread::{Pass, RedThread};

pub(crate) const NOW: u64 = 1_800_000_000_000;
pub(crate) const WORD: &str = "tulips in may";
pub(crate) const HERE: &str = "here";
const MINUTE: u64 = 60_000;

pub(crate) const CHEAP: Cost = Cost {
    memory_kib: 64,
    passes: 1,
    lanes: 2,
};

/// A vault in a folder of its own, with a latch that is not pulled.
pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) thread: RedThread,
    pub(crate) red: Red,
}

pub(crate) fn blue() -> Blue {
    // Small: many tests lock pages at the same time.
    let limits = Limits {
        bytes: 128 << 10,
        ..Limits::default()
    };
    Blue::new(limits).expect("pages can be locked")
}

pub(crate) fn open(folder: &Path) -> Result<Red> {
    Red::open(folder, blue(), Duration::ZERO, NOW)
}

pub(crate) fn cheap(word: &str) -> Fresh {
    let word = SafeWord::chosen(word).expect("good enough");
    Fresh::at(&word, CHEAP).expect("memory")
}

impl Fixture {
    /// A vault with a word and nothing in it, locked.
    pub(crate) fn new() -> Self {
        let fixture = Self::without_vault();
        let pass = fixture.thread.pass().expect("not pulled");
        fixture
            .red
            .create(&pass, &cheap(WORD), NOW)
            .expect("created");
        drop(pass);
        fixture
    }

    pub(crate) fn without_vault() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let thread = RedThread::open(folder.path()).expect("a latch");
        let red = open(folder.path()).expect("opened");
        Self {
            folder,
            thread,
            red,
        }
    }

    /// Another process: what was open is closed and opened again.
    pub(crate) fn restarted(self) -> Self {
        let Self {
            folder,
            thread,
            red,
        } = self;
        drop(red);
        let red = open(folder.path()).expect("opened again");
        Self {
            folder,
            thread,
            red,
        }
    }

    pub(crate) fn put(&self, name: &str, value: &str, now_ms: u64) {
        let pass = self.thread.pass().expect("not pulled");
        let put = self
            .red
            .put(&pass, name, &["a tag"], value.as_bytes(), now_ms);
        put.expect("put");
    }

    pub(crate) fn unlock(&self, word: &str, names: &[&str]) -> Result<Verified> {
        self.unlock_as(HERE, word, names, NOW)
    }

    pub(crate) fn unlock_as(
        &self,
        who: &str,
        word: &str,
        names: &[&str],
        now_ms: u64,
    ) -> Result<Verified> {
        let pass = self.thread.pass().expect("not pulled");
        let guess = self.red.begin_unlock(&pass, who, now_ms)?;
        self.red
            .finish_unlock(&pass, guess.derive(word)?, names, now_ms)
    }

    pub(crate) fn get(&self, name: &str) -> Result<Option<String>> {
        let pass = self.thread.pass().expect("not pulled");
        let secret = self.red.get(&pass, name, NOW)?;
        Ok(secret.map(|secret| {
            let bytes = secret.copy().expect("not locked");
            String::from_utf8(bytes.to_vec()).expect("text")
        }))
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let pass = self.thread.pass().expect("not pulled");
        let listing = self.red.list(&pass, NOW).expect("unlocked");
        assert_eq!(listing.damaged, 0);
        let items = listing.items.iter();
        items.map(|item| item.name.to_string()).collect()
    }
}

#[test]
fn what_was_put_comes_back_by_the_word_and_after_a_restart() {
    let vault = Fixture::new();
    vault.put("bank", "4711 0815", NOW);
    assert!(vault.red.is_locked());
    assert!(matches!(vault.get("bank"), Err(RedError::Locked)));
    let verified = vault.unlock(WORD, &["bank"]).expect("the right word");
    assert!(verified.holds(HERE, NOW) && !verified.holds("phone", NOW));
    vault.put("door", "behind the ivy", NOW);
    let vault = vault.restarted();
    assert!(vault.red.is_locked());
    let pass = vault.thread.pass().expect("not pulled");
    assert_eq!(vault.red.count(&pass).expect("a count"), 2);
    drop(pass);
    let _proof = vault.unlock(WORD, &["door"]).expect("the right word");
    assert_eq!(
        vault.get("bank").expect("unlocked").as_deref(),
        Some("4711 0815")
    );
    assert_eq!(vault.get("cellar").expect("unlocked"), None);
    assert_eq!(vault.names(), ["bank", "door"]);
    // Only what was chosen lies in blue.
    let blue = vault.red.blue.names(Shelf::Items);
    assert_eq!(blue.len(), 1);
    assert_eq!(blue[0].as_str(), "door");
    let pass = vault.thread.pass().expect("not pulled");
    let listing = vault.red.list(&pass, NOW).expect("unlocked");
    assert_eq!(listing.items[0].tags[0].as_str(), "a tag");
    assert!(listing.items[0].here && listing.items[0].changed_ms == NOW);
}

#[test]
fn of_items_put_while_locked_the_newest_of_a_name_stays() {
    let vault = Fixture::new();
    let _proof = vault.unlock(WORD, &[]).expect("the right word");
    vault.put("bank", "first", NOW);
    vault.red.lock();
    vault.put("bank", "second", NOW + 1);
    vault.put("door", "ivy", NOW + 1);
    vault.put("bank", "third", NOW + 1);
    let pass = vault.thread.pass().expect("not pulled");
    assert_eq!(vault.red.count(&pass).expect("a count"), 4);
    let _proof = vault.unlock(WORD, &["bank"]).expect("the right word");
    assert_eq!(vault.red.count(&pass).expect("a count"), 2);
    assert_eq!(
        vault.get("bank").expect("unlocked").as_deref(),
        Some("third")
    );
    let kinds: Vec<u8> = {
        let mut inner = vault.red.lock_inner();
        let db = inner.whole(&vault.red.path).expect("whole");
        let (rows, damaged) = schema::rows(db).expect("rows");
        assert_eq!(damaged, 0);
        rows.iter().map(|row| row.kind.code()).collect()
    };
    assert_eq!(kinds, [1, 1], "what was sealed became its own");
    // And in the other order: put while it is unlocked, over what is there.
    vault.put("bank", "fourth", NOW + 2);
    assert_eq!(vault.red.count(&pass).expect("a count"), 2);
    assert_eq!(
        vault.get("bank").expect("unlocked").as_deref(),
        Some("fourth")
    );
    // The copy that was chosen is the new one too.
    let blue = vault.red.blue.get(Shelf::Items, "bank").expect("room");
    assert_eq!(blue[0].copy().expect("held").as_slice(), b"fourth");
}

#[test]
fn wrong_word_missing_name_missing_vault_and_damage_are_one_answer_and_one_derivation() {
    let runs = |work: &dyn Fn() -> Result<Verified>| {
        RUNS.with(|runs| runs.set(0));
        let error = work().err().map(|error| format!("{error} {error:?}"));
        (RUNS.with(std::cell::Cell::get), error)
    };
    let vault = Fixture::new();
    vault.put("bank", "4711", NOW);
    let none = Fixture::without_vault();
    let changed = |change: &str| {
        let vault = Fixture::new();
        vault.put("bank", "4711", NOW);
        let mut inner = vault.red.lock_inner();
        let db = inner.whole(&vault.red.path).expect("whole");
        db.execute(change, []).expect("changed");
        drop(inner);
        vault
    };
    let damaged = [
        "UPDATE item SET ciphertext = zeroblob(2000)",
        "UPDATE item SET version = version + 1",
        "UPDATE item SET kind = 1",
        "UPDATE item SET kind = 77",
        "UPDATE item SET id = x'00'",
        "UPDATE vault SET private_key = zeroblob(48)",
        "UPDATE vault SET private_key = x''",
        "UPDATE vault SET public_key = zeroblob(32)",
        "UPDATE vault SET public_key = x'00'",
        "UPDATE vault SET salt = zeroblob(16)",
        "UPDATE vault SET salt = x''",
        "UPDATE vault SET id = zeroblob(16)",
        "UPDATE vault SET memory_kib = 65",
        "UPDATE vault SET memory_kib = 1000000000",
        "UPDATE vault SET memory_kib = -1",
        "UPDATE vault SET lanes = 0",
        "DROP TABLE item",
        "DELETE FROM vault",
    ]
    .map(changed);
    let (_, expected) = runs(&|| vault.unlock("tulips in June", &["bank"]));
    assert!(
        expected
            .as_ref()
            .is_some_and(|text| text.contains("Refused"))
    );
    let expected = (1, expected);
    assert_eq!(runs(&|| vault.unlock("tulips in June", &[])), expected);
    assert_eq!(runs(&|| vault.unlock("", &["bank"])), expected);
    assert_eq!(
        runs(&|| vault.unlock_as("b", WORD, &["bank", "cellar"], NOW)),
        expected
    );
    assert_eq!(
        runs(&|| vault.unlock_as("c", &"x".repeat(5000), &[], NOW)),
        expected
    );
    assert_eq!(runs(&|| none.unlock(WORD, &[])), expected);
    for vault in &damaged {
        assert_eq!(runs(&|| vault.unlock(WORD, &["bank"])), expected);
        assert!(vault.red.is_locked() && vault.red.blue.used_bytes() == 0);
    }
    assert_eq!(
        runs(&|| vault.unlock_as("d", WORD, &["bank"], NOW)),
        (1, None)
    );
}

#[test]
fn a_missing_name_unlocks_nothing() {
    let vault = Fixture::new();
    vault.put("bank", "4711", NOW);
    let error = vault
        .unlock(WORD, &["bank", "cellar"])
        .expect_err("refused");
    assert!(matches!(error, RedError::Refused));
    assert!(vault.red.is_locked());
    assert_eq!(vault.red.blue.used_bytes(), 0);
}

#[test]
fn one_damaged_item_takes_nothing_else_along() {
    let vault = Fixture::new();
    vault.put("bank", "4711", NOW);
    vault.put("door", "ivy", NOW);
    {
        let mut inner = vault.red.lock_inner();
        let db = inner.whole(&vault.red.path).expect("whole");
        db.execute("UPDATE item SET nonce = zeroblob(24) WHERE version = 1", [])
            .expect("changed");
    }
    let error = vault.unlock(WORD, &["bank"]).expect_err("refused");
    assert!(matches!(error, RedError::Refused));
    let _proof = vault.unlock(WORD, &["door"]).expect("this one is whole");
    assert_eq!(vault.get("door").expect("unlocked").as_deref(), Some("ivy"));
    assert_eq!(vault.get("bank").expect("unlocked"), None);
    let pass = vault.thread.pass().expect("not pulled");
    let listing = vault.red.list(&pass, NOW).expect("unlocked");
    assert_eq!((listing.items.len(), listing.damaged), (1, 1));
}

#[test]
fn whatever_zeroes_blue_locks_the_vault() {
    let vault = Fixture::new();
    vault.put("bank", "4711", NOW);
    let unlock = || drop(vault.unlock(WORD, &["bank"]).expect("the right word"));
    unlock();
    vault.red.lock();
    assert!(vault.red.is_locked() && vault.red.blue.used_bytes() == 0);
    unlock();
    vault.red.blue.zeroize_all();
    assert!(vault.red.is_locked());
    assert!(matches!(vault.get("bank"), Err(RedError::Locked)));
    unlock();
    // Nobody used it for a while; looking at a secret is using it.
    let pass = vault.thread.pass().expect("not pulled");
    let looked = vault.red.get(&pass, "bank", NOW + 9 * MINUTE);
    assert!(looked.expect("unlocked").is_some());
    assert!(!vault.red.blue.expire(NOW + 18 * MINUTE));
    assert!(vault.red.blue.expire(NOW + 19 * MINUTE));
    assert!(vault.red.is_locked());
    assert!(matches!(vault.red.list(&pass, NOW), Err(RedError::Locked)));
    assert!(matches!(
        vault.red.forget(&pass, "bank"),
        Err(RedError::Locked)
    ));
}

#[test]
fn behind_the_red_thread_the_word_is_checked_and_nothing_else() {
    let vault = Fixture::new();
    vault.put("bank", "4711", NOW);
    vault.thread.pull("here", NOW).expect("on the disk");
    vault.red.lock();
    let guess = vault.red.begin_check(HERE, NOW).expect("may guess");
    let wrong = guess.derive("tulips in June").expect("memory");
    assert!(matches!(
        vault.red.finish_check(wrong, NOW),
        Err(RedError::Refused)
    ));
    let guess = vault.red.begin_check(HERE, NOW).expect("may guess");
    let right = guess.derive(WORD).expect("memory");
    let proof = vault.red.finish_check(right, NOW).expect("the right word");
    assert!(proof.holds(HERE, NOW));
    assert!(vault.red.is_locked() && vault.red.blue.used_bytes() == 0);
}

#[test]
fn another_word_opens_the_same_vault_and_the_old_one_does_not() {
    let new = "four old horses";
    let vault = Fixture::new();
    vault.put("bank", "4711", NOW);
    let pass = vault.thread.pass().expect("not pulled");
    let change = |old: &str| {
        let guess = vault.red.begin_unlock(&pass, HERE, NOW)?;
        vault
            .red
            .change_word(&pass, guess.derive(old)?, &cheap(new), NOW)
    };
    assert!(matches!(change("tulips in June"), Err(RedError::Refused)));
    // A guess that began before the change is one at the old word.
    let stale = vault.red.begin_unlock(&pass, "b", NOW).expect("may guess");
    let private_key = |red: &Red| {
        let mut inner = red.lock_inner();
        let header = schema::header(inner.whole(&red.path).expect("whole"));
        header.expect("a row").expect("ours").private.ciphertext
    };
    let on_disk = |needle: &[u8]| {
        let mut files = fs::read_dir(vault.folder.path()).expect("the folder");
        files.any(|file| {
            let bytes = fs::read(file.expect("an entry").path()).expect("a file");
            bytes.windows(needle.len()).any(|window| window == needle)
        })
    };
    let before = private_key(&vault.red);
    assert!(on_disk(&before));
    let _proof = change(WORD).expect("the right word");
    let stale = stale.derive(WORD).expect("memory");
    assert!(matches!(
        vault.red.finish_unlock(&pass, stale, &[], NOW),
        Err(RedError::Refused)
    ));
    assert!(matches!(vault.unlock(WORD, &[]), Err(RedError::Refused)));
    // The private key under the old word is in no file any more.
    assert!(on_disk(&private_key(&vault.red)) && !on_disk(&before));
    drop(pass);
    let vault = vault.restarted();
    let _proof = vault.unlock(new, &["bank"]).expect("the new word");
    assert_eq!(
        vault.get("bank").expect("unlocked").as_deref(),
        Some("4711")
    );
}

#[test]
fn what_is_forgotten_is_in_no_file_not_even_sealed() {
    let vault = Fixture::new();
    let _proof = vault.unlock(WORD, &[]).expect("the right word");
    vault.put("bank", "4711", NOW);
    vault.put("door", "ivy", NOW);
    let sealed: Vec<Vec<u8>> = {
        let mut inner = vault.red.lock_inner();
        let db = inner.whole(&vault.red.path).expect("whole");
        let (rows, _) = schema::rows(db).expect("rows");
        rows.into_iter().map(|row| row.sealed.ciphertext).collect()
    };
    let on_disk = |needle: &[u8]| {
        fs::read_dir(vault.folder.path())
            .expect("the folder")
            .any(|file| {
                let bytes = fs::read(file.expect("an entry").path()).expect("a file");
                bytes.windows(64).any(|window| window == &needle[..64])
            })
    };
    assert!(sealed.iter().all(|sealed| on_disk(sealed)));
    let pass = vault.thread.pass().expect("not pulled");
    assert!(vault.red.forget(&pass, "bank").expect("unlocked"));
    assert!(!vault.red.forget(&pass, "bank").expect("unlocked"));
    assert_eq!([on_disk(&sealed[0]), on_disk(&sealed[1])], [false, true]);
    // One that is replaced goes the same way.
    vault.put("door", "oak", NOW);
    assert!(!on_disk(&sealed[1]));
    assert_eq!(vault.names(), ["door"]);
}

#[test]
fn limits_and_missing_vaults_have_errors_of_their_own() {
    let none = Fixture::without_vault();
    let pass = none.thread.pass().expect("not pulled");
    assert!(!none.red.exists().expect("an answer"));
    let put = |red: &Red, pass: &Pass<'_>, name: &str, value: &[u8]| {
        red.put(pass, name, &[], value, NOW).expect_err("refused")
    };
    assert!(matches!(put(&none.red, &pass, "a", b"b"), RedError::Absent));
    let vault = Fixture::new();
    let pass = vault.thread.pass().expect("not pulled");
    assert!(vault.red.exists().expect("an answer"));
    let again = vault.red.create(&pass, &cheap("four old horses"), NOW);
    assert!(matches!(again, Err(RedError::Exists)));
    assert!(matches!(
        put(&vault.red, &pass, "", b"b"),
        RedError::Empty { field: "name" }
    ));
    assert!(matches!(
        put(&vault.red, &pass, "a", b""),
        RedError::Empty { field: "value" }
    ));
    let long = vec![b'x'; 20_000];
    assert!(matches!(
        put(&vault.red, &pass, "a", &long),
        RedError::TooLong { field: "value", .. }
    ));
    let _proof = vault.unlock(WORD, &[]).expect("still the first word");
    assert_eq!(SafeWord::chosen("short").err(), Some(WeakWord::Short));
}

#[test]
fn a_full_vault_takes_what_replaces_and_nothing_else() {
    let vault = Fixture::new();
    let _proof = vault.unlock(WORD, &[]).expect("the right word");
    let names: Vec<String> = (0..MOST_ITEMS).map(|n| format!("item {n}")).collect();
    let records: Vec<_> = names
        .iter()
        .map(|name| Record {
            changed_ms: NOW,
            name,
            tags: Vec::new(),
            value: Some(b"x"),
        })
        .collect();
    let mut inner = vault.red.lock_inner();
    let keys = inner.keys().expect("unlocked");
    vault
        .red
        .put_all(&mut inner, &keys, &records)
        .expect("as many as there may be");
    drop(inner);
    let pass = vault.thread.pass().expect("not pulled");
    let full = vault.red.put(&pass, "one more", &[], b"x", NOW);
    assert!(matches!(full, Err(RedError::TooMany { limit: MOST_ITEMS })));
    vault.put("item 7", "another", NOW);
    assert_eq!(
        vault.get("item 7").expect("unlocked").as_deref(),
        Some("another")
    );
    vault.red.lock();
    let full = vault.red.put(&pass, "item 7", &[], b"x", NOW);
    assert!(matches!(full, Err(RedError::TooMany { .. })));
    assert!(vault.red.forget(&pass, "item 8").is_err(), "locked");
}

#[test]
fn stubs_have_a_name_and_no_value_and_a_value_replaces_them() {
    let (from, to) = (Fixture::new(), Fixture::new());
    from.put("bank", "4711", NOW);
    from.put("door", "ivy", NOW);
    to.put("door", "oak", NOW);
    let proof = from.unlock(WORD, &[]).expect("the right word");
    let pass = from.thread.pass().expect("not pulled");
    let names = from.red.meta(&pass, proof, NOW).expect("unlocked");
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    assert_eq!(names, ["bank", "door"]);
    let there = to.thread.pass().expect("not pulled");
    assert!(matches!(
        to.red.land(&there, &names, NOW),
        Err(RedError::Locked)
    ));
    let _proof = to.unlock(WORD, &[]).expect("the right word");
    assert_eq!(to.red.land(&there, &names, NOW).expect("unlocked"), 1);
    assert_eq!(to.red.land(&there, &names, NOW).expect("unlocked"), 0);
    assert_eq!(to.get("door").expect("unlocked").as_deref(), Some("oak"));
    assert!(matches!(to.get("bank"), Err(RedError::Stub)));
    let listing = to.red.list(&there, NOW).expect("unlocked");
    assert!(!listing.items[0].here && listing.items[1].here);
    // It is no secret of ours that could be handed on.
    let proof = to.unlock(WORD, &["bank"]).expect("the right word");
    assert_eq!(to.red.meta(&there, proof, NOW).expect("unlocked").len(), 1);
    to.put("bank", "0815", NOW);
    assert_eq!(to.get("bank").expect("unlocked").as_deref(), Some("0815"));
}

#[test]
fn nothing_of_it_can_be_printed() {
    let vault = Fixture::new();
    vault.put("zanzibar", "madagascar", NOW);
    let pass = vault.thread.pass().expect("not pulled");
    let guess = vault.red.begin_unlock(&pass, HERE, NOW).expect("may guess");
    let mut shown = format!("{guess:?} {:?} {:?}", vault.red, cheap(WORD));
    let derived = guess.derive(WORD).expect("memory");
    shown += &format!("{derived:?}");
    let proof = vault.red.finish_unlock(&pass, derived, &["zanzibar"], NOW);
    shown += &format!("{proof:?} {:?}", vault.red.list(&pass, NOW));
    shown += &format!("{:?}", vault.red.get(&pass, "zanzibar", NOW));
    shown += &format!("{:?}", SafeWord::chosen("zanzibar and madagascar"));
    for word in ["zanzibar", "madagascar", WORD, "122, 97"] {
        assert!(!shown.contains(word), "{shown}");
    }
}
