use super::super::vault::tests::{Fixture, HERE, NOW, WORD};
use super::super::{Delayed, RedError};

const SECOND: u64 = 1000;
const HOUR: u64 = 60 * 60 * SECOND;
const WRONG: &str = "tulips in June";

/// What a guess of this device comes to; a wrong word.
fn guess(vault: &Fixture, who: &str, now_ms: u64) -> Result<(), Delayed> {
    match vault.unlock_as(who, WRONG, &[], now_ms) {
        Err(RedError::Refused) => Ok(()),
        Err(RedError::Delayed(delayed)) => Err(delayed),
        other => panic!("a wrong word does not open it: {other:?}"),
    }
}

#[test]
fn wrong_guesses_wait_twice_as_long_each_time_and_an_hour_at_most() {
    let vault = Fixture::new();
    let mut now = NOW;
    for _ in 0..3 {
        assert_eq!(guess(&vault, HERE, now), Ok(()));
    }
    let mut waits = Vec::new();
    for _ in 0..14 {
        let delayed = guess(&vault, HERE, now).expect_err("too early");
        waits.push(delayed.wait_ms / SECOND);
        // A millisecond too early is too early, and waiting is not counted as a guess.
        now += delayed.wait_ms - 1;
        assert_eq!(guess(&vault, HERE, now), Err(Delayed { wait_ms: 1 }));
        now += 1;
        assert_eq!(guess(&vault, HERE, now), Ok(()));
    }
    assert_eq!(
        waits,
        [
            1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600
        ]
    );
    // The right word has to wait as well.
    assert!(matches!(
        vault.unlock_as(HERE, WORD, &[], now),
        Err(RedError::Delayed(_))
    ));
    now += HOUR;
    let _proof = vault
        .unlock_as(HERE, WORD, &[], now)
        .expect("the right word");
    // And a right guess begins anew.
    for _ in 0..3 {
        assert_eq!(guess(&vault, HERE, now), Ok(()));
    }
    guess(&vault, HERE, now).expect_err("too early");
}

#[test]
fn a_restart_and_a_clock_that_is_set_back_give_no_guess() {
    let mut vault = Fixture::new();
    for _ in 0..3 {
        assert_eq!(guess(&vault, HERE, NOW), Ok(()));
    }
    vault = vault.restarted();
    assert_eq!(guess(&vault, HERE, NOW), Err(Delayed { wait_ms: SECOND }));
    assert_eq!(guess(&vault, HERE, NOW + SECOND), Ok(()));
    vault = vault.restarted();
    // Two seconds are to wait. A year back they begin anew: not shorter, and no year longer.
    let back = NOW - 365 * 24 * HOUR;
    let two = Err(Delayed {
        wait_ms: 2 * SECOND,
    });
    assert_eq!(guess(&vault, HERE, back), two);
    vault = vault.restarted();
    assert_eq!(guess(&vault, HERE, back), two);
    assert_eq!(
        guess(&vault, HERE, back + SECOND),
        Err(Delayed { wait_ms: SECOND })
    );
    assert_eq!(guess(&vault, HERE, back + 2 * SECOND), Ok(()));
}

#[test]
fn all_devices_together_are_slowed_later_and_less() {
    let vault = Fixture::new();
    // Ten devices, one guess each; then everybody waits.
    for device in 0..10 {
        assert_eq!(guess(&vault, &format!("device {device}"), NOW), Ok(()));
    }
    assert_eq!(
        guess(&vault, "a new one", NOW),
        Err(Delayed { wait_ms: SECOND })
    );
    let mut now = NOW;
    let mut longest = 0;
    for device in 10..60 {
        let device = format!("device {device}");
        if let Err(delayed) = guess(&vault, &device, now) {
            longest = delayed.wait_ms.max(longest);
            now += delayed.wait_ms;
            assert_eq!(guess(&vault, &device, now), Ok(()));
        }
    }
    assert_eq!(
        longest,
        HOUR / 4,
        "whoever plays locks nobody out for longer"
    );
    // A right guess takes off what this device has got wrong, and not what the others have.
    now += HOUR / 4;
    let _proof = vault
        .unlock_as("device 0", WORD, &[], now)
        .expect("the right word");
    assert_eq!(guess(&vault, "device 0", now), Ok(()));
    guess(&vault, "device 0", now).expect_err("the others still count");
    // After a day without any it is forgotten.
    now += 24 * HOUR;
    for _ in 0..3 {
        assert_eq!(guess(&vault, "device 0", now), Ok(()));
    }
}

#[test]
fn more_devices_than_are_kept_apart_still_count() {
    let vault = Fixture::new();
    let mut now = NOW;
    for device in 0..200 {
        // Within a day, each a quarter of an hour apart at most.
        now += 6 * 60 * SECOND;
        if let Err(delayed) = guess(&vault, &format!("device {device}"), now) {
            now += delayed.wait_ms;
            assert_eq!(guess(&vault, &format!("device {device}"), now), Ok(()));
        }
    }
    let mut inner = vault.red.lock_inner();
    let db = inner.whole(&vault.red.path).expect("whole");
    let (rows, failures): (i64, i64) = db
        .query_row("SELECT count(*), sum(failures) FROM guess", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .expect("a count");
    assert_eq!(rows, super::MOST_DEVICES + 1);
    assert!(failures >= 64 + 90, "those of the last day: {failures}");
}

#[test]
fn a_guess_counts_from_before_it_is_tried() {
    let vault = Fixture::new();
    let pass = vault.thread.pass().expect("not pulled");
    let guesses: Vec<_> = (0..3)
        .map(|_| vault.red.begin_unlock(&pass, HERE, NOW))
        .collect::<Result<_, _>>()
        .expect("three are free");
    assert!(matches!(
        vault.red.begin_unlock(&pass, HERE, NOW),
        Err(RedError::Delayed(_))
    ));
    assert!(matches!(
        vault.red.begin_check(HERE, NOW),
        Err(RedError::Delayed(_))
    ));
    drop(guesses);
    drop(pass);
    let vault = vault.restarted();
    guess(&vault, HERE, NOW).expect_err("dropped and restarted, they still count");
    let text = RedError::from(Delayed { wait_ms: 61_001 }).to_string();
    assert_eq!(text, "too many wrong safe words; try again in 62 s");
}
