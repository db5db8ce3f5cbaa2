//! Every byte of the file, changed one after the other.

use std::fs;

use super::tests::{Fixture, HERE, NOW, WORD, open};
use super::*;
use crate::red_thread::RedThread;

#[test]
fn a_changed_byte_anywhere_gives_the_right_secret_or_none() {
    let vault = Fixture::new();
    vault.put("bank", "4711 0815", NOW);
    let _proof = vault.unlock(WORD, &[]).expect("the right word");
    vault.put("door", "behind the ivy", NOW);
    vault.red.lock();
    vault.put("cellar", "under the stone", NOW);
    let Fixture { folder, red, .. } = vault;
    drop(red);
    let file = fs::read(folder.path().join(DATABASE)).expect("the file");
    assert!(file.len() >= 5 * 4096);
    let other = tempfile::tempdir().expect("a folder");
    let thread = RedThread::open(other.path()).expect("a latch");
    let path = other.path().join(DATABASE);
    let (mut whole, mut refused, mut damaged, mut tried) = (0, 0, 0, 0);
    let used = (0..file.len()).filter(|at| {
        // All of what is used, and of what is not every 97th byte.
        file[*at] != 0 || at % 97 == 0
    });
    let mut random = fastrand::Rng::with_seed(7);
    // A part of them each time would miss some; all of them take too long: drawn by a seed.
    for at in used.filter(|_| random.u8(..) < 9).collect::<Vec<_>>() {
        tried += 1;
        let mut bytes = file.clone();
        bytes[at] ^= 1 << random.u8(..8);
        for name in [DATABASE, "red.db-wal", "red.db-shm"] {
            drop(fs::remove_file(other.path().join(name)));
        }
        fs::write(&path, &bytes).expect("written");
        let red = match open(other.path()) {
            Ok(red) => red,
            Err(RedError::Sqlite(error)) => {
                assert!(error.to_string().contains("red.db"), "{error}");
                damaged += 1;
                continue;
            }
            Err(error) => panic!("byte {at}: {error}"),
        };
        let pass = thread.pass().expect("not pulled");
        let guess = match red.begin_unlock(&pass, HERE, NOW) {
            Ok(guess) => guess.derive(WORD).expect("memory"),
            Err(RedError::Sqlite(_)) => {
                damaged += 1;
                continue;
            }
            Err(error) => panic!("byte {at}: {error}"),
        };
        match red.finish_unlock(&pass, guess, &[], NOW) {
            Err(RedError::Refused) => refused += 1,
            Err(RedError::Sqlite(error)) => {
                assert!(error.to_string().contains("red.db"), "{error}");
                damaged += 1;
            }
            Err(error) => panic!("byte {at}: {error}"),
            Ok(_) => {
                whole += 1;
                for (name, value) in [
                    ("bank", "4711 0815"),
                    ("door", "behind the ivy"),
                    ("cellar", "under the stone"),
                ] {
                    let Ok(found) = red.get(&pass, name, NOW) else {
                        continue;
                    };
                    // The right one or none, never another.
                    if let Some(secret) = found {
                        let right = secret.with(|bytes| bytes == value.as_bytes());
                        assert_eq!(right, Ok(true), "byte {at}");
                    }
                }
            }
        }
    }
    // The control: changes are really found, and what is in no use really does not matter.
    assert!(
        tried > 100 && whole > 20 && refused > 20,
        "{tried} tried, {whole} whole, {refused} refused, {damaged} damaged"
    );
}

#[test]
fn a_file_that_is_none_is_told_left_alone_and_guessed_at_like_any_other() {
    let vault = Fixture::new();
    vault.put("bank", "4711", NOW);
    let Fixture {
        folder,
        thread,
        red,
    } = vault;
    drop(red);
    let path = folder.path().join(DATABASE);
    let mut bytes = fs::read(&path).expect("the file");
    bytes[..16].copy_from_slice(b"no SQLite at all");
    fs::write(&path, &bytes).expect("written");
    let red = open(folder.path()).expect("it opens, as damaged");
    assert!(red.is_damaged() && red.exists().expect("an answer"));
    let pass = thread.pass().expect("not pulled");
    for round in 0..4 {
        let guess = red.begin_unlock(&pass, HERE, NOW);
        if round == 3 {
            assert!(matches!(guess, Err(RedError::Delayed(_))));
            break;
        }
        let derived = guess.expect("free").derive(WORD).expect("memory");
        assert!(matches!(
            red.finish_unlock(&pass, derived, &[], NOW),
            Err(RedError::Refused)
        ));
    }
    for error in [
        red.put(&pass, "a", &[], b"b", NOW).expect_err("damaged"),
        red.create(&pass, &super::tests::cheap("four old horses"), NOW)
            .expect_err("damaged"),
        red.count(&pass).expect_err("damaged"),
    ] {
        assert!(error.to_string().contains("red.db"), "{error}");
    }
    drop(red);
    assert_eq!(fs::read(&path).expect("the file"), bytes);
}
