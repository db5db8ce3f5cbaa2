use std::collections::HashMap;

use super::*;
use crate::conversations::Role;

fn said(role: Role, text: &str, created_ms: u64) -> Said {
    Said {
        role,
        text: text.into(),
        created_ms,
        origin: None,
    }
}

fn texts(messages: &[Said]) -> Vec<&str> {
    messages
        .iter()
        .map(|it| it.text.expose().as_str())
        .collect()
}

/// What came from the other soul, as a package says it.
fn from(soul: Soul, messages: &[Said]) -> Vec<Said> {
    let of = |said: &Said| Said {
        origin: said.origin.or(Some(soul)),
        ..said.clone()
    };
    messages.iter().map(of).collect()
}

fn counted(messages: &[Said]) -> HashMap<(u64, u8, &str), usize> {
    let mut counts = HashMap::new();
    for said in messages {
        *counts.entry(key(said)).or_default() += 1;
    }
    counts
}

/// Two histories that begin the same. Clocks are set back now and then, the same words are said again at
/// the same moment, and both sides say things at the same moment.
fn histories(rng: &mut fastrand::Rng) -> (Vec<Said>, Vec<Said>) {
    let mut clock = 1_000_u64;
    let next = |rng: &mut fastrand::Rng, clock: &mut u64| {
        match rng.u8(..20) {
            0 => *clock = clock.saturating_sub(rng.u64(1..40)),
            1..6 => {}
            _ => *clock += rng.u64(1..10),
        }
        let role = [Role::User, Role::Assistant, Role::AssistantCut][rng.usize(..3)];
        let text = format!("w{}", rng.u8(..6));
        said(role, &text, *clock)
    };
    let common: Vec<Said> = (0..rng.usize(..12))
        .map(|_| next(rng, &mut clock))
        .collect();
    let side = |rng: &mut fastrand::Rng| {
        let mut clock = clock;
        let mut all = common.clone();
        all.extend((0..rng.usize(..10)).map(|_| next(rng, &mut clock)));
        all
    };
    let here = side(rng);
    let there = side(rng);
    (here, there)
}

#[test]
fn any_two_histories_merge_to_all_that_was_said_and_nothing_twice() {
    use Soul::{Constitutional, Networked};
    for seed in 0..4_000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (mine, theirs) = histories(&mut rng);
        let came = from(Constitutional, &theirs);
        let merged = merge(Networked, &mine, &came);
        // All of either side, and as often as the one has it who has it more often.
        let (ours, others) = (counted(&mine), counted(&theirs));
        let mut expected = ours.clone();
        for (key, count) in &others {
            let there = expected.entry(*key).or_default();
            *there = (*there).max(*count);
        }
        assert_eq!(counted(&merged.messages), expected, "seed {seed}");
        assert_eq!(
            merged.added + merged.known,
            theirs.len() as u64,
            "seed {seed}"
        );
        assert_eq!(
            mine.len() as u64 + merged.added,
            merged.messages.len() as u64,
            "seed {seed}"
        );
        // Again changes nothing, whichever of the two comes.
        let again = merge(Networked, &merged.messages, &came);
        assert_eq!(again.messages, merged.messages, "seed {seed}");
        assert_eq!(again.added, 0, "seed {seed}");
        let mine_again = merge(Networked, &merged.messages, &from(Networked, &mine));
        assert_eq!(mine_again.messages, merged.messages, "seed {seed}");
        // The other way round the same comes out, up to who said it.
        let mirrored = merge(Constitutional, &theirs, &from(Networked, &mine));
        let keys = |messages: &[Said]| -> Vec<(u64, u8, String)> {
            let own = |said: &Said| {
                let (at, role, text) = key(said);
                (at, role, text.to_owned())
            };
            messages.iter().map(own).collect()
        };
        assert_eq!(
            keys(&mirrored.messages),
            keys(&merged.messages),
            "seed {seed}"
        );
        assert_eq!(mirrored.conflicts, merged.conflicts, "seed {seed}");
        // What came and was not here says where it was said; what was here is as it was.
        let foreign = |said: &&Said| said.origin == Some(Constitutional);
        let foreign = merged.messages.iter().filter(foreign).count();
        assert_eq!(foreign as u64, merged.added, "seed {seed}");
        // Who was in time stays in time.
        let in_time = |messages: &[Said]| messages.is_sorted_by_key(|said| said.created_ms);
        if in_time(&mine) && in_time(&theirs) {
            assert!(in_time(&merged.messages), "seed {seed}");
        }
    }
}

#[test]
fn a_history_that_only_grew_is_the_grown_one() {
    for seed in 0..500 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (_, long) = histories(&mut rng);
        let short = &long[..rng.usize(..=long.len())];
        let came = from(Soul::Constitutional, &long);
        let merged = merge(Soul::Networked, short, &came);
        assert_eq!(texts(&merged.messages), texts(&long), "seed {seed}");
        assert_eq!(merged.conflicts, 0, "seed {seed}");
        let merged = merge(Soul::Networked, &long, &from(Soul::Constitutional, short));
        assert_eq!(merged.messages, long, "seed {seed}");
    }
}

#[test]
fn both_sides_of_a_conflict_are_kept_with_who_said_them() {
    let mine = [said(Role::User, "a", 1), said(Role::Assistant, "b", 2)];
    let theirs = [said(Role::User, "a", 1), said(Role::Assistant, "c", 2)];
    let merged = merge(Soul::Networked, &mine, &from(Soul::Constitutional, &theirs));
    assert_eq!(texts(&merged.messages), ["a", "b", "c"]);
    assert_eq!(merged.conflicts, 1);
    let origins: Vec<_> = merged.messages.iter().map(|said| said.origin).collect();
    assert_eq!(origins, [None, None, Some(Soul::Constitutional)]);
}

#[test]
fn what_comes_home_is_ours_again() {
    let came = [Said {
        origin: Some(Soul::Networked),
        ..said(Role::User, "a", 1)
    }];
    let merged = merge(Soul::Networked, &[], &came);
    assert_eq!(merged.messages[0].origin, None);
}

#[test]
fn each_side_keeps_its_own_order_where_a_clock_was_set_back() {
    // 5 was said behind 9 here; a sort would tear them apart.
    let mine = [said(Role::User, "nine", 9), said(Role::User, "five", 5)];
    let theirs = [said(Role::User, "seven", 7)];
    let merged = merge(Soul::Networked, &mine, &from(Soul::Constitutional, &theirs));
    assert_eq!(texts(&merged.messages), ["seven", "nine", "five"]);
}
