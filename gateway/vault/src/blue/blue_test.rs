use std::sync::Barrier;
use std::thread;

use super::*;

const MINUTE: u64 = 60_000;
const NOW: u64 = 1_800_000_000_000;

fn blue(bytes: usize) -> Blue {
    let limits = Limits {
        bytes,
        ..Limits::default()
    };
    Blue::new(limits).expect("a page can be locked")
}

fn texts(blue: &Blue, shelf: Shelf, name: &str) -> Vec<String> {
    let secrets = blue.get(shelf, name).expect("room for copies");
    secrets
        .iter()
        .map(|secret| secret.with(|bytes| String::from_utf8_lossy(bytes).into_owned()))
        .collect::<Result<_, _>>()
        .expect("not locked")
}

fn names(blue: &Blue, shelf: Shelf) -> Vec<String> {
    blue.names(shelf)
        .iter()
        .map(|name| name.to_string())
        .collect()
}

#[test]
fn items_are_replaced_and_notes_pile_up() {
    let blue = blue(4096);
    blue.put_item("bank", b"one", NOW).expect("room");
    blue.put_item("door", b"two", NOW).expect("room");
    blue.put_item("bank", b"three", NOW).expect("room");
    blue.note("bank", "a note", NOW).expect("room");
    blue.note("bank", "another", NOW).expect("room");
    assert_eq!(texts(&blue, Shelf::Items, "bank"), ["three"]);
    assert_eq!(texts(&blue, Shelf::Notes, "bank"), ["a note", "another"]);
    assert_eq!(names(&blue, Shelf::Items), ["door", "bank"]);
    assert_eq!(blue.forget(Shelf::Notes, "bank"), 2);
    assert!(texts(&blue, Shelf::Notes, "bank").is_empty());
    assert_eq!(texts(&blue, Shelf::Items, "bank"), ["three"]);
    assert_eq!(blue.forget(Shelf::Items, "nothing"), 0);
    // All that is taken is the two items.
    assert_eq!(blue.used_bytes(), 4 * 16);
}

#[test]
fn what_is_zeroed_is_gone_for_every_handle_and_the_vault_goes_on() {
    let blue = blue(4096);
    blue.put_item("bank", b"one", NOW).expect("room");
    let [item]: [Secret; 1] = blue
        .get(Shelf::Items, "bank")
        .expect("room")
        .try_into()
        .expect("one");
    let held = blue.hold(b"a key").expect("room");
    assert!(blue.zeroize_all());
    assert!(!blue.zeroize_all(), "there is nothing any more");
    assert_eq!(item.with(<[u8]>::len), Err(Zeroed));
    assert_eq!(held.copy(), Err(Zeroed));
    assert!(names(&blue, Shelf::Items).is_empty());
    // An old handle that is dropped frees nothing of what came later at the same place.
    let later = blue.hold(b"another").expect("room");
    drop((item, held));
    assert_eq!(
        later.copy().expect("held").as_slice(),
        b"another".as_slice()
    );
}

#[test]
fn a_full_vault_says_so_and_keeps_what_it_has() {
    let blue = blue(64);
    blue.put_item("a", b"1", NOW).expect("room");
    blue.put_item("b", b"2", NOW).expect("room");
    // The new one has to fit beside the old one.
    let error = blue.put_item("a", b"3", NOW).expect_err("full");
    assert!(matches!(error, BlueError::Full { budget: 64 }), "{error}");
    assert!(matches!(
        blue.get(Shelf::Items, "a"),
        Err(BlueError::Full { .. })
    ));
    assert_eq!(names(&blue, Shelf::Items), ["a", "b"]);
    assert_eq!(blue.used_bytes(), 64);
    let few = Blue::new(Limits {
        entries: 1,
        ..Limits::default()
    })
    .expect("pages");
    few.note("c", "1", NOW).expect("room");
    let error = few.note("c", "2", NOW).expect_err("too many");
    assert!(matches!(error, BlueError::TooMany { limit: 1 }), "{error}");
}

#[test]
fn pages_that_cannot_be_locked_are_an_error_with_its_way_out() {
    let limits = Limits {
        bytes: 1 << 40,
        ..Limits::default()
    };
    let error = Blue::new(limits).expect_err("a terabyte");
    assert!(
        matches!(error, BlueError::Lock { .. } | BlueError::Map { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("1099511627776"), "{error}");
}

#[test]
fn it_is_zeroed_when_nobody_used_it_for_a_while() {
    let blue = blue(4096);
    assert_eq!(blue.poll_timeout(), None);
    assert!(!blue.expire(NOW + 100 * MINUTE));
    blue.put_item("bank", b"one", NOW).expect("room");
    assert_eq!(blue.poll_timeout(), Some(NOW + 10 * MINUTE));
    assert!(!blue.expire(NOW + 10 * MINUTE - 1));
    blue.touch(NOW + 9 * MINUTE);
    assert!(!blue.expire(NOW + 10 * MINUTE));
    // The clock was set back by a year: it is still ten minutes.
    let back = NOW - 365 * 24 * 60 * MINUTE;
    assert!(!blue.expire(back));
    assert_eq!(blue.poll_timeout(), Some(back + 10 * MINUTE));
    assert!(blue.expire(back + 10 * MINUTE));
    assert!(names(&blue, Shelf::Items).is_empty());
    assert_eq!(blue.poll_timeout(), None);
}

#[test]
fn a_panic_zeroes_it_whoever_holds_the_lock() {
    let blue = blue(4096);
    zeroize_on_panic(&blue);
    let quiet = |work: Box<dyn FnOnce() + Send>| {
        let thread = thread::Builder::new().name("panics".to_owned());
        let ended = thread.spawn(work).expect("a thread").join();
        ended.expect_err("it panicked");
    };

    // Somewhere else altogether.
    let secret = blue.hold(b"one").expect("room");
    quiet(Box::new(|| panic!("on purpose")));
    assert_eq!(secret.copy(), Err(Zeroed));

    // In the middle of looking at a secret: the hook must not wait for its own thread.
    let secret = blue.hold(b"two").expect("room");
    let other = blue.hold(b"other").expect("room");
    quiet(Box::new(move || {
        secret
            .with(|_| panic!("on purpose"))
            .expect("never comes back");
    }));
    assert_eq!(other.copy(), Err(Zeroed));

    // While somebody else looks: who looks ends, and zeroes it then.
    let secret = Arc::new(blue.hold(b"three").expect("room"));
    let (begun, done) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let looks = {
        let (secret, begun, done) = (secret.clone(), begun.clone(), done.clone());
        thread::Builder::new()
            .spawn(move || {
                secret.with(|bytes| {
                    begun.wait();
                    done.wait();
                    bytes.to_vec()
                })
            })
            .expect("a thread")
    };
    begun.wait();
    quiet(Box::new(|| panic!("on purpose")));
    done.wait();
    assert_eq!(looks.join().expect("it ended"), Ok(b"three".to_vec()));
    assert_eq!(blue.used_bytes(), 0);
    assert_eq!(secret.copy(), Err(Zeroed));

    // And it is good for use again.
    let secret = blue.hold(b"four").expect("room");
    assert_eq!(secret.with(<[u8]>::len), Ok(4));
}

#[test]
fn nothing_of_it_can_be_printed() {
    let blue = blue(4096);
    blue.put_item("zanzibar", b"zanzibar", NOW).expect("room");
    let secret = blue.hold(b"zanzibar").expect("room");
    let shown = format!(
        "{blue:?} {secret:?} {:?}",
        blue.get(Shelf::Items, "zanzibar")
    );
    assert!(
        !shown.contains("zanzibar") && !shown.contains("122, 97"),
        "{shown}"
    );
}
