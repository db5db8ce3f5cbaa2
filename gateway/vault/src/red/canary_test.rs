//! Planted secrets, looked for where they must not be; and where one was planted on purpose.

use std::fs;

use super::tests::{Fixture, HERE, NOW, cheap};
use super::*;
use crate::blue::memory_tests::{Needle, found_in_memory, in_a_child, is_child, searched};

fn on_disk(folder: &Path, needle: &Needle) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).expect("the folder");
    let files: Vec<_> = files.map(|file| file.expect("an entry").path()).collect();
    assert!(files.len() >= 2, "the vault and the latch at least");
    files
        .into_iter()
        .filter(|file| needle.is_in(&fs::read(file).expect("a file")))
        .collect()
}

#[test]
fn no_file_ever_holds_a_secret_a_name_a_tag_or_the_word() {
    let vault = Fixture::without_vault();
    let folder = vault.folder.path();
    let texts: [_; 6] = std::array::from_fn(|_| Needle::random());
    let [word, name, tag, value, late, other] = &texts;
    let search = |when: &str| {
        for (at, (_, needle)) in texts.iter().enumerate() {
            assert_eq!(
                on_disk(folder, needle),
                Vec::<PathBuf>::new(),
                "{at}: {when}"
            );
        }
    };
    let pass = vault.thread.pass().expect("not pulled");
    vault
        .red
        .create(&pass, &cheap(&word.0), NOW)
        .expect("created");
    let put = |name: &str, value: &str| {
        let tags = [tag.0.as_str()];
        vault
            .red
            .put(&pass, name, &tags, value.as_bytes(), NOW)
            .expect("put");
    };
    put(&name.0, &value.0);
    search("sealed while it is locked");
    let _wrong = vault.unlock(&other.0, &[]).expect_err("the wrong word");
    search("a wrong word");
    let _proof = vault.unlock(&word.0, &[&name.0]).expect("the right word");
    search("unlocked");
    put(&name.0, &late.0);
    put(&late.0, &value.0);
    search("put while it is unlocked");
    let guess = vault.red.begin_unlock(&pass, HERE, NOW).expect("may guess");
    let guess = guess.derive(&word.0).expect("memory");
    let _proof = vault
        .red
        .change_word(&pass, guess, &cheap(&other.0), NOW)
        .expect("the right word");
    search("another word");
    assert!(vault.red.forget(&pass, &name.0).expect("unlocked"));
    search("forgotten");
    vault.red.lock();
    search("locked");
    // The control: one planted in the clear is found.
    let planted = folder.join("planted");
    fs::write(&planted, value.0.as_bytes()).expect("a file");
    assert_eq!(on_disk(folder, &value.1), [planted]);
}

/// Not a test of its own: does nothing unless the next one started it.
#[test]
fn works_with_a_secret_and_searches_its_memory() {
    if !is_child() {
        return;
    }
    let vault = Fixture::without_vault();
    let pass = vault.thread.pass().expect("not pulled");
    let (word, word_needle) = Needle::random();
    let (name, name_needle) = Needle::random();
    let (value, value_needle) = Needle::random();
    vault
        .red
        .create(&pass, &cheap(&word), NOW)
        .expect("created");
    vault
        .red
        .put(&pass, &name, &[], value.as_bytes(), NOW)
        .expect("put");
    let proof = vault.unlock(&word, &[&name]).expect("the right word");
    drop((proof, word, value));
    let secret = vault.red.get(&pass, &name, NOW).expect("unlocked");
    let listing = vault.red.list(&pass, NOW).expect("unlocked");
    drop((listing, name));
    // Unlocked, what was chosen is in blue and nowhere else, and the word is nowhere.
    for (what, needle, places) in [
        ("the word", &word_needle, 0),
        ("the name", &name_needle, 1),
        ("the value", &value_needle, 1),
    ] {
        let (found, _) = found_in_memory(needle);
        assert_eq!(found.len(), places, "{what}: {found:?}");
    }
    let private = {
        let inner = vault.red.lock_inner();
        let session = inner.session.as_ref().expect("unlocked");
        session.with(|both| Needle::of(&both[16..])).expect("held")
    };
    assert_eq!(found_in_memory(&private).0.len(), 1, "the private key");
    vault.red.lock();
    drop(secret);
    for (what, needle) in [
        ("the word", &word_needle),
        ("the name", &name_needle),
        ("the value", &value_needle),
        ("the private key", &private),
    ] {
        let (found, all) = found_in_memory(needle);
        assert_eq!(found, Vec::<String>::new(), "{what}");
        assert!(all > 1 << 20);
    }
    // The control: what is planted is found.
    let (planted, needle) = Needle::random();
    assert_eq!(found_in_memory(&needle).0.len(), 1);
    drop(planted);
    assert_eq!(found_in_memory(&needle).0.len(), 0);
    searched();
}

#[test]
fn when_it_is_locked_no_secret_is_left_in_the_process() {
    in_a_child("red::vault::canary_tests::works_with_a_secret_and_searches_its_memory");
}
