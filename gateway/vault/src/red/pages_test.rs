//! Items of many lengths, on pages that are split and joined again and again: of what was forgotten or replaced
//! not even the sealed form stays on a page that it once lay on, for the key still opens it.

use std::collections::{HashMap, HashSet};
use std::fs;

use super::tests::{Fixture, NOW, WORD};
use super::*;

/// Bytes that are looked for at a time; a row may lie on two pages.
const PIECE: usize = 16;

/// The sealed form of every item, by its version.
fn sealed(vault: &Fixture) -> HashMap<i64, Vec<u8>> {
    let inner = vault.red.lock_inner();
    let File::Whole(db) = &inner.file else {
        panic!("the file is whole");
    };
    let mut query = db
        .prepare("SELECT version, ciphertext FROM item")
        .expect("a table");
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.expect("rows")
        .collect::<Result<_, rusqlite::Error>>()
        .expect("blobs")
}

fn pieces(sealed: &[u8]) -> impl Iterator<Item = [u8; PIECE]> + '_ {
    sealed.as_chunks().0.iter().copied()
}

/// How many of these pieces lie in the vault's files.
fn lying(vault: &Fixture, pieces: &HashSet<[u8; PIECE]>) -> usize {
    let mut found = 0;
    for file in fs::read_dir(vault.folder.path()).expect("the folder") {
        let bytes = fs::read(file.expect("an entry").path()).expect("a file");
        let windows = bytes.windows(PIECE);
        found += windows.filter(|window| pieces.contains(*window)).count();
    }
    found
}

#[test]
fn no_sealed_form_of_what_is_gone_is_left() {
    let mut random = fastrand::Rng::with_seed(17);
    let vault = Fixture::new();
    let _proof = vault.unlock(WORD, &[]).expect("the right word");
    let value = |random: &mut fastrand::Rng| -> String {
        let length = match random.u8(..3) {
            0 => random.usize(3000..9000),
            _ => random.usize(10..900),
        };
        std::iter::repeat_with(|| random.alphanumeric())
            .take(length)
            .collect()
    };
    let name = |n: usize| format!("the name {n}");
    for n in 0..60 {
        vault.put(&name(n), &value(&mut random), NOW);
    }
    let all = sealed(&vault);
    let there: HashSet<_> = all.values().flat_map(|it| pieces(it)).collect();
    assert!(lying(&vault, &there) >= there.len(), "the control");

    let pass = vault.thread.pass().expect("not pulled");
    let mut gone = HashSet::new();
    for round in 1..=120 {
        let before = sealed(&vault);
        let n = random.usize(..60);
        if random.u8(..3) == 0 {
            vault.red.forget(&pass, &name(n)).expect("unlocked");
        } else {
            vault.put(&name(n), &value(&mut random), NOW);
        }
        let after = sealed(&vault);
        for (version, sealed) in before {
            if !after.contains_key(&version) {
                gone.extend(pieces(&sealed));
            }
        }
        if round % 20 == 0 {
            assert_eq!(lying(&vault, &gone), 0, "after {round} changes");
        }
    }
    assert!(gone.len() > 1000, "enough went: {}", gone.len());
}
