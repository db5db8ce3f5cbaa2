//! What is forgotten is in no file any more: the bytes themselves are searched.

use std::fs;

use super::EntryId;
use super::load::written_vector;
use super::words;
use super::world::{World, vector};
use super::write::unit;

/// Every byte of every file of the store.
fn bytes(world: &World) -> Vec<Vec<u8>> {
    fs::read_dir(world.files())
        .expect("the folder")
        .map(|file| fs::read(file.expect("an entry").path()).expect("a file"))
        .collect()
}

fn holds(files: &[Vec<u8>], needle: &[u8]) -> bool {
    assert!(
        needle.len() >= 5,
        "a shorter needle would be found by chance"
    );
    files
        .iter()
        .any(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
}

/// All that could betray a text: its own words, and its vector in pieces (rows may lie on two pages).
fn needles(text: &str, common: &[String]) -> Vec<Vec<u8>> {
    let vector = unit(vector(text), 48).expect("a vector");
    let vector = written_vector(&vector);
    let mut needles: Vec<_> = vector.chunks(16).map(<[u8]>::to_vec).collect();
    let own = text.split(' ').filter(|word| word.len() > 5);
    let own = own.filter(|word| !common.iter().any(|c| c == word));
    needles.extend(own.map(|word| word.as_bytes().to_vec()));
    needles
}

/// A word that has no beginning in common with others.
fn word(random: &mut fastrand::Rng) -> String {
    (0..random.usize(7..12))
        .map(|_| random.lowercase())
        .collect()
}

fn sentence(random: &mut fastrand::Rng, common: &[String]) -> String {
    let own = [word(random), word(random)];
    let shared = &common[random.usize(..common.len())];
    format!("The {} thing of {shared} is {} too.", own[0], own[1])
}

/// The control: what is to be gone later is there now.
fn all_is_there(world: &World, id: EntryId, text: &str) {
    let files = bytes(world);
    let subject = subject_of(world, id).into_bytes();
    for needle in needles(text, &[]).into_iter().chain([subject]) {
        assert!(holds(&files, &needle), "{text}: {}", needle.escape_ascii());
    }
}

fn nothing_is_left(world: &World, text: &str, common: &[String], subject: &str) {
    let files = bytes(world);
    let subject = subject.as_bytes().to_vec();
    for needle in needles(text, common).into_iter().chain([subject]) {
        assert!(!holds(&files, &needle), "{text}: {}", needle.escape_ascii());
    }
}

fn subject_of(world: &World, id: EntryId) -> String {
    let entry = world.green.get(&world.pass(), id).expect("the entry");
    crate::hex::encode(&entry.receipt.subject)
}

#[test]
fn no_word_no_vector_and_no_hash_is_left_of_what_was_forgotten_or_changed() {
    let mut random = fastrand::Rng::with_seed(3);
    let common: Vec<_> = (0..20).map(|_| word(&mut random)).collect();
    let world = World::new();
    let mut kept = Vec::new();
    for round in 0..160 {
        let text = sentence(&mut random, &common);
        let id = world.remember(&text);
        all_is_there(&world, id, &text);
        kept.push((id, text));
        let at = random.usize(..kept.len());
        let (id, old) = kept[at].clone();
        let subject = subject_of(&world, id);
        match round % 4 {
            1 => {
                kept.swap_remove(at);
                world.forget(id).expect("forgotten");
                nothing_is_left(&world, &old, &common, &subject);
            }
            2 => {
                kept[at].1 = sentence(&mut random, &common);
                world.edit(id, &kept[at].1).expect("edited");
                nothing_is_left(&world, &old, &common, &subject);
            }
            _ => {}
        }
    }
    let world = world.reopened();
    let mut subjects = Vec::new();
    for (id, text) in &kept {
        all_is_there(&world, *id, text);
        subjects.push(subject_of(&world, *id));
    }
    world.forget_all();
    for ((_, text), subject) in kept.iter().zip(&subjects) {
        nothing_is_left(&world, text, &[], subject);
    }
}

/// Many words on many pages of the index: the one that a page begins with goes as well.
#[test]
fn the_index_keeps_no_beginning_of_a_word_that_is_gone() {
    let mut random = fastrand::Rng::with_seed(5);
    let world = World::new();
    let mut rare = Vec::new();
    for _ in 0..60 {
        let text: Vec<_> = (0..100).map(|_| word(&mut random)).collect();
        let text = text.join(" ");
        rare.push((world.remember(&text), text));
    }
    let beginnings = || -> Vec<Vec<u8>> {
        let inner = world.green.lock();
        let mut query = inner
            .db
            .prepare("SELECT term FROM entry_words_idx")
            .expect("a table");
        let terms = query
            .query_map([], |row| row.get::<_, Vec<u8>>(0))
            .expect("rows");
        terms.collect::<Result<_, _>>().expect("blobs")
    };
    assert!(
        beginnings().len() > 10,
        "the index has pages: {}",
        beginnings().len()
    );
    let mut met = 0;
    while rare.len() > 3 {
        let (id, text) = rare.swap_remove(random.usize(..rare.len()));
        let words = words::words(&text);
        let begins = |term: &[u8]| {
            term.len() > 1
                && words
                    .iter()
                    .any(|word| word.as_bytes().starts_with(&term[1..]))
        };
        met += usize::from(beginnings().iter().any(|term| begins(term)));
        world.forget(id).expect("forgotten");
        let live: Vec<_> = rare
            .iter()
            .flat_map(|(_, text)| words::words(text))
            .collect();
        for term in beginnings() {
            let Some((_, beginning)) = term.split_first() else {
                continue;
            };
            let of_live = live
                .iter()
                .any(|word| word.as_bytes().starts_with(beginning));
            assert!(of_live || !begins(&term), "{}", term.escape_ascii());
        }
        let inner = world.green.lock();
        inner
            .db
            .execute_batch("INSERT INTO entry_words (entry_words) VALUES ('integrity-check')")
            .expect("the index is whole");
    }
    assert!(met > 5, "the case was met: {met}");
    assert_eq!(world.find(&rare[0].1)[0], rare[0].1);
}
