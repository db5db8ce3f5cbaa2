//! Many entries of many lengths, on pages that are split and joined again and again: what goes leaves no copy
//! on any page that it once lay on.

use std::collections::HashSet;
use std::fs;

use super::world::World;

/// Begins every word that is looked for; no other text holds it.
const MARK: &str = "zqx";
/// Letters of such a word, its mark included.
const LETTERS: usize = 12;
const ENTRIES: usize = 500;
const CHANGES: usize = 600;

/// Where copies come from: texts of a few bytes beside some that fill pages of their own.
fn text(random: &mut fastrand::Rng, own: &mut Vec<String>) -> String {
    own.clear();
    let words = match random.u8(..4) {
        0 => random.usize(100..250),
        1 => random.usize(20..100),
        _ => random.usize(1..20),
    };
    for _ in 0..words {
        let letters = std::iter::repeat_with(|| random.lowercase());
        let word: String = letters.take(LETTERS - MARK.len()).collect();
        own.push(format!("{MARK}{word}"));
    }
    format!("The list holds {} and more.", own.join(" "))
}

/// The marked words that lie in the store's files.
fn lying(world: &World) -> HashSet<String> {
    let mut found = HashSet::new();
    for file in fs::read_dir(world.files()).expect("the folder") {
        let bytes = fs::read(file.expect("an entry").path()).expect("a file");
        for word in bytes.windows(LETTERS) {
            if word.starts_with(MARK.as_bytes()) {
                found.insert(String::from_utf8_lossy(word).into_owned());
            }
        }
    }
    found
}

#[test]
fn rows_that_move_between_pages_leave_no_copies_of_what_is_gone() {
    let mut random = fastrand::Rng::with_seed(11);
    let world = World::new();
    let mut own = Vec::new();
    let mut kept = Vec::new();
    for _ in 0..ENTRIES {
        let text = text(&mut random, &mut own);
        kept.push((world.remember(&text), own.clone()));
    }
    let there = lying(&world);
    let first = &kept[0].1[0];
    assert!(there.contains(first), "the control: {first}");

    let mut gone = HashSet::new();
    for round in 1..=CHANGES {
        let at = random.usize(..kept.len());
        if round % 3 == 0 && kept.len() > 20 {
            let (id, words) = kept.swap_remove(at);
            world.forget(id).expect("forgotten");
            gone.extend(words);
        } else {
            let text = text(&mut random, &mut own);
            world.edit(kept[at].0, &text).expect("edited");
            gone.extend(std::mem::replace(&mut kept[at].1, own.clone()));
        }
        if round % 60 == 0 {
            let left: Vec<_> = lying(&world).intersection(&gone).cloned().collect();
            assert_eq!(left, Vec::<String>::new(), "after {round} changes");
        }
    }
    let there = lying(&world);
    assert!(
        kept.iter()
            .flat_map(|(_, words)| words)
            .any(|word| there.contains(word)),
        "what stays is there"
    );
}
