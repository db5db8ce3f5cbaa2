use std::collections::HashSet;

use janet_protocol::Private;

use super::world::{DAY, NOW, Toy, World, note, open, vector};
use super::*;
use crate::red_thread::RedThread;
use crate::soul::Soul;

#[test]
fn a_list_has_pages_newest_first() {
    let world = World::new();
    for n in 0..25_u64 {
        let mut new = note(&format!("Memory number {n}."));
        // Three at the same time each.
        new.created_ms = NOW + n / 3;
        world.try_remember(new).expect("remembered");
    }
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = world.green.list(&world.pass(), before, 4).expect("a page");
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        seen.extend(page.into_iter().map(|entry| entry.text.into_exposed()));
    }
    let expected: Vec<_> = (0..25)
        .rev()
        .map(|n| format!("Memory number {n}."))
        .collect();
    assert_eq!(seen, expected);
    assert!(
        world
            .green
            .list(&world.pass(), Some(EntryId([9; 16])), 4)
            .is_err()
    );
}

#[test]
fn words_meaning_and_age_each_have_their_part() {
    let world = World::new();
    let mut old = note("Aunt Berta likes white lilies.");
    old.created_ms = NOW - 300 * DAY;
    world.try_remember(old).expect("remembered");
    world.remember("Uncle Carl likes white wine.");
    world.remember("The boiler is serviced in May.");
    let search = |text: &str| {
        let vector = vector(text);
        world
            .green
            .search(&world.pass(), text, Some(&vector), 3, NOW)
            .expect("a search")
    };
    let hits = search("What does aunt Berta like?");
    assert!(hits[0].entry.text.expose().starts_with("Aunt Berta"));
    assert!(
        hits[0].parts.words > 0.6 && hits[0].parts.newness < 0.01,
        "{:?}",
        hits[0].parts
    );
    assert!(hits[1].parts.newness > 0.99);
    assert!(hits.windows(2).all(|pair| pair[0].score >= pair[1].score));
    // All else being alike, the newer one.
    let mut older = note("White wine.");
    older.created_ms = NOW - 300 * DAY;
    older.kind = Kind::Fact;
    world.try_remember(older).expect("remembered");
    world.remember("White wine.");
    assert_eq!(search("white wine")[0].entry.created_ms, NOW);
    // Without a vector, by words alone.
    let hits = world
        .green
        .search(&world.pass(), "boiler service", None, 5, NOW)
        .expect("hits");
    assert_eq!(hits.len(), 1);
    assert_eq!(hits[0].parts.meaning, None);
    let none = world
        .green
        .search(&world.pass(), "what do you know", None, 5, NOW);
    assert_eq!(none.expect("no hits"), []);
}

#[test]
fn what_somebody_types_is_never_syntax_of_the_index() {
    let world = World::new();
    world.remember("Alpha beta NEAR gamma.");
    world.remember("Nothing of the kind here.");
    for query in [
        "\"",
        "\"alpha",
        "alpha\"*",
        "alpha AND",
        "NOT alpha",
        "alpha OR OR",
        "NEAR(alpha beta)",
        "text:alpha",
        "entry_words:x",
        "^alpha",
        "{alpha}",
        "alpha + beta",
        "a\0b",
        "-alpha",
        "*",
        "')--",
        "alpha'; DROP TABLE entry; --",
        "%",
        "🎈 alpha 🎈",
        "ﬁ ß İ",
        "\u{feff}alpha",
    ] {
        let hits = world
            .green
            .search(&world.pass(), query, None, 5, NOW)
            .expect("no syntax");
        let alpha = words::words(query).contains(&"alpha".to_owned());
        assert_eq!(
            hits.len(),
            usize::from(alpha || query.contains("NEAR(")),
            "{query:?}"
        );
    }
    assert_eq!(world.texts().len(), 2);
}

#[test]
fn vectors_of_another_model_are_not_compared_and_are_made_anew_step_by_step() {
    let world = World::new();
    for n in 0..7 {
        world.remember(&format!("Memory number {n} is of tea."));
    }
    let World {
        folder,
        identity,
        thread,
        green,
    } = world;
    drop(green);
    let green = open(&folder.path().join("green"), Soul::Networked, "newer").expect("opens");
    let world = World {
        folder,
        identity,
        thread,
        green,
    };
    let pass = world.pass();
    assert_eq!(world.green.counts(&pass).expect("counts").searchable, 0);
    assert_eq!(
        world.green.nearest(&pass, &vector("tea"), 5).expect("none"),
        []
    );
    assert_eq!(
        world.find("memory tea").len(),
        7,
        "they are found by their words"
    );
    assert!(
        world.green.reembed(&pass, &Toy("toy"), 3).is_err(),
        "the wrong model"
    );
    let steps: Vec<_> = (0..4)
        .map(|_| {
            world
                .green
                .reembed(&pass, &Toy("newer"), 3)
                .expect("a step")
        })
        .map(|step| (step.done, step.left))
        .collect();
    assert_eq!(steps, [(3, 4), (3, 1), (1, 0), (0, 0)]);
    assert_eq!(
        world
            .green
            .nearest(&pass, &vector("tea"), 5)
            .expect("some")
            .len(),
        5
    );
    drop(pass);
    let World { folder, green, .. } = world;
    drop(green);
    let green = open(&folder.path().join("green"), Soul::Networked, "newer").expect("opens");
    let thread = RedThread::open(folder.path()).expect("a latch");
    let counts = green
        .counts(&thread.pass().expect("not pulled"))
        .expect("counts");
    assert_eq!(counts.searchable, 7);
}

#[test]
fn what_comes_from_the_other_soul_is_merged() {
    let (here, there) = (World::new(), World::new());
    let (a, b) = (
        there.remember("The tea is green."),
        there.remember("The cup is blue."),
    );
    let c = there.remember("The pot is round.");
    let batch = |which| -> Vec<Imported> {
        let exported = there
            .green
            .exported(&there.pass(), which, 100)
            .expect("entries");
        let imported = exported.into_iter().map(|it| Imported {
            entry: it.entry,
            vector: it.vector,
        });
        imported.collect()
    };
    let whole = batch(Which::Since(0));
    let import = |batch: &[Imported]| here.green.import(&here.pass(), batch).expect("taken in");
    let imports = import(&whole);
    assert_eq!((imports.added, imports.duplicates), (3, 0));
    assert_eq!(
        import(&whole),
        Imports {
            duplicates: 3,
            ..Imports::default()
        }
    );
    assert_eq!(here.find("green tea")[0], "The tea is green.");
    let (mine, theirs) = (
        here.green.get(&here.pass(), a),
        there.green.get(&there.pass(), a),
    );
    assert_eq!(
        mine.expect("here"),
        theirs.expect("there"),
        "with its receipt and its times"
    );
    // Both sides change the same one, one side forgets another.
    here.edit(a, "The tea is black.").expect("edited");
    there.edit(a, "The tea is white.").expect("edited");
    here.forget(b).expect("forgotten");
    let imports = import(&batch(Which::Since(0)));
    let expected = Imports {
        conflicts: 1,
        forgotten: 1,
        duplicates: 1,
        ..Imports::default()
    };
    assert_eq!(imports, expected);
    let texts: HashSet<_> = here.texts().into_iter().collect();
    let wanted = [
        "The tea is black.",
        "The tea is white.",
        "The pot is round.",
    ];
    assert_eq!(texts, wanted.map(str::to_owned).into());
    let other = here.find("white tea");
    assert_eq!(other[0], "The tea is white.");
    let entries = here.green.list(&here.pass(), None, 10).expect("a list");
    let differing: Vec<_> = entries
        .iter()
        .filter_map(|entry| entry.differs_from)
        .collect();
    assert_eq!(differing, [a]);
    // Again it changes nothing.
    let expected = Imports {
        forgotten: 1,
        duplicates: 2,
        ..Imports::default()
    };
    assert_eq!(import(&batch(Which::Since(0))), expected);
    assert_eq!(here.texts().len(), 3);
    // The gate is asked for what comes in as well, and a vector that is none does no harm.
    let mut forged = whole[2].clone();
    assert_eq!(forged.entry.id, c);
    forged.entry.id = EntryId([9; 16]);
    forged.entry.text = Private::from("my pin is 4711");
    assert_eq!(
        import(&[forged.clone()]),
        Imports {
            refused: 1,
            ..Imports::default()
        }
    );
    forged.entry.text = Private::from("The pot is square.");
    forged.vector = Some(vec![f32::NAN; 48]);
    assert_eq!(
        import(&[forged]),
        Imports {
            added: 1,
            ..Imports::default()
        }
    );
    // Only what is new since.
    let since = there
        .green
        .exported(&there.pass(), Which::Since(0), 100)
        .expect("entries");
    let last = since.last().expect("there are some").changed;
    assert_eq!(batch(Which::Since(last)), []);
    let pages: Vec<_> = since.iter().map(|it| it.changed).collect();
    assert!(pages.is_sorted(), "{pages:?}");
}
