use super::*;
use crate::VISEMES;

const MS: u64 = RATE_HZ as u64 / 1000;

/// Letters with their lengths in ms, silence around them.
fn say(letters: &[(char, u64)]) -> (Track, Vec<TimedPhoneme>) {
    let mut at = 1000;
    let mut times = Vec::new();
    for &(symbol, ms) in [(' ', 120)].iter().chain(letters).chain(&[(' ', 120)]) {
        let end = at + ms * MS;
        times.push(TimedPhoneme {
            symbol,
            start: at,
            end,
        });
        at = end;
    }
    let mut track = Track::default();
    times.iter().for_each(|time| track.push(*time));
    (track, times)
}

fn weight(track: &Track, at: u64, viseme: Viseme) -> f32 {
    track.weights(at)[usize::from(viseme.as_u8())]
}

fn strongest(weights: &Weights) -> Viseme {
    let most = |best: Viseme, next: Viseme| {
        let of = |viseme: Viseme| weights[usize::from(viseme.as_u8())];
        if of(next) > of(best) { next } else { best }
    };
    Viseme::ALL.into_iter().reduce(most).expect("ten")
}

/// What the table of phonemes says holds in the middle of each.
fn hold(track: &Track, times: &[TimedPhoneme]) {
    let sounds = |at: usize| {
        let time = times.get(at);
        time.is_some_and(|time| Phoneme::of(time.symbol).middle() != Viseme::Sil)
    };
    for (at, time) in times.iter().enumerate() {
        // There she speaks on.
        let is_short = time.symbol == ' ' && time.end - time.start < SHORT_SPACE;
        if is_short && at > 0 && sounds(at - 1) && sounds(at + 1) {
            continue;
        }
        let middle = (time.start + time.end) / 2;
        let weights = track.weights(middle);
        let viseme = Phoneme::of(time.symbol).middle();
        assert_eq!(
            strongest(&weights),
            viseme,
            "{time:?} of {times:?}: {weights:?}"
        );
        if matches!(viseme, Viseme::M | Viseme::F) {
            let closed = weights[usize::from(viseme.as_u8())];
            assert!(closed >= 0.8, "{time:?} of {times:?}: {weights:?}");
        }
    }
}

const LETTERS: &str = "aɑæɐʌbdðeɛəɚɜfɡhiɪᵻjklmnŋoɔpɹɾsʃtθuʊvwzʒʔʧʤ .,";

/// A table by chance, no phoneme shorter than a frame of a voice.
fn by_chance(rng: &mut fastrand::Rng) -> Vec<TimedPhoneme> {
    let letters: Vec<char> = LETTERS.chars().collect();
    let mut at = rng.u64(0..100_000);
    (0..rng.usize(1..60))
        .map(|_| {
            let start = at;
            // 11.6 ms: 256 samples at 22,050 Hz.
            at += if rng.bool() {
                rng.u64(557..4000)
            } else {
                rng.u64(557..20_000)
            };
            TimedPhoneme {
                symbol: letters[rng.usize(..letters.len())],
                start,
                end: at,
            }
        })
        .collect()
}

/// A number of any size up to so many bits.
fn size(rng: &mut fastrand::Rng, bits: u32) -> u64 {
    let bits = rng.u32(1..bits);
    rng.u64(0..1 << bits)
}

#[test]
fn the_lips_meet_twice_in_mama_and_open_in_between() {
    let (track, times) = say(&[('m', 70), ('ɑ', 120), ('m', 60), ('ə', 90)]);
    hold(&track, &times);
    let closed = |at: u64| weight(&track, at, Viseme::M) >= 0.8;
    let [begin, end] = [times[1].start, times[4].end];
    let runs = (begin..end)
        .step_by(48)
        .map(closed)
        .collect::<Vec<_>>()
        .chunk_by(|a, b| a == b)
        .filter(|run| run[0])
        .count();
    assert_eq!(runs, 2);
    let open = weight(&track, (times[2].start + times[2].end) / 2, Viseme::A);
    assert!(open > 0.9, "{open}");
    // The lips are together while the sound says so, and nowhere else.
    for at in (0..end + 20_000).step_by(48) {
        let sounds = [&times[1], &times[3]]
            .iter()
            .any(|m| (m.start..m.end).contains(&at));
        assert!(sounds || !closed(at), "at {at} of {times:?}");
    }
}

#[test]
fn the_lip_meets_the_teeth_in_fish_and_the_lips_come_forward() {
    let (track, times) = say(&[('f', 100), ('ɪ', 70), ('ʃ', 140)]);
    hold(&track, &times);
    let at = |n: usize| (times[n].start + times[n].end) / 2;
    assert!(weight(&track, at(1), Viseme::F) > 0.9);
    assert!(weight(&track, at(2), Viseme::F) < 0.1);
    assert!(weight(&track, at(3), Viseme::U) > 0.6);
}

#[test]
fn a_diphthong_moves_and_so_does_an_affricate() {
    let (track, times) = say(&[('o', 90), ('ʊ', 80)]);
    hold(&track, &times);
    let middle = |n: usize| (times[n].start + times[n].end) / 2;
    let u: Vec<f32> = (middle(1)..middle(2))
        .step_by(480)
        .map(|at| weight(&track, at, Viseme::U))
        .collect();
    assert!(u.is_sorted(), "{u:?}");
    let (track, times) = say(&[('ʧ', 100), ('ɪ', 80)]);
    let eighth = (times[1].end - times[1].start) / 8;
    let shapes = [1, 5].map(|n| strongest(&track.weights(times[1].start + n * eighth)));
    assert_eq!(shapes, [Viseme::Th, Viseme::U]);
}

#[test]
fn a_vowel_shows_in_the_consonant_before_it() {
    // "see" and "sue": the s differs by what comes.
    let round = |vowel| {
        let (track, times) = say(&[('s', 100), (vowel, 150)]);
        hold(&track, &times);
        weight(&track, times[1].end - 15 * MS, Viseme::U)
    };
    assert!(round('u') > 0.1, "{}", round('u'));
    assert!(round('i') < 0.01, "{}", round('i'));
}

#[test]
fn p_is_closed_and_then_bursts() {
    let (track, times) = say(&[('ɑ', 100), ('p', 90), ('ɑ', 100)]);
    hold(&track, &times);
    let at = |share: f32| times[2].start + ((times[2].end - times[2].start) as f32 * share) as u64;
    assert!(weight(&track, at(0.35), Viseme::M) > 0.9);
    assert_eq!(strongest(&track.weights(at(0.85))), Viseme::P);
}

#[test]
fn silence_closes_before_within_and_after() {
    let rest = Track::default().weights(77);
    assert_eq!(rest[0], 1.0);
    assert!(rest[1..].iter().all(|weight| *weight == 0.0));
    let (track, times) = say(&[('ɑ', 100), (',', 150), ('ɑ', 100)]);
    hold(&track, &times);
    for at in [0, times[0].start, times[4].end - 1, times[4].end + 9600] {
        assert!(weight(&track, at, Viseme::Sil) > 0.9, "at {at}");
    }
    // Nothing was said of the time in between.
    let mut gap = Track::default();
    for start in [0, 40_000] {
        gap.push(TimedPhoneme {
            symbol: 'ɑ',
            start,
            end: start + 4800,
        });
    }
    assert!(weight(&gap, 22_000, Viseme::Sil) > 0.9);
}

#[test]
fn every_table_holds_in_the_middle_of_each_phoneme() {
    for seed in 0..2000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let times = by_chance(&mut rng);
        let mut track = Track::default();
        times.iter().for_each(|time| track.push(*time));
        hold(&track, &times);
    }
}

#[test]
fn weights_are_finite_shares_at_every_position() {
    for seed in 0..500 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut track = Track::default();
        // Tables of all sorts: overlaps, holes, letters of no language, nothing at all.
        for _ in 0..rng.usize(0..40) {
            let (start, length) = (size(&mut rng, 40), size(&mut rng, 30));
            track.push(TimedPhoneme {
                symbol: rng.char(..),
                start,
                end: start + length,
            });
        }
        for _ in 0..50 {
            let weights = track.weights(size(&mut rng, 42));
            let sum: f32 = weights.iter().sum();
            assert!(
                sum > 0.0 && sum <= 1.0 + VISEMES as f32 * f32::EPSILON,
                "{weights:?}"
            );
            assert!(weights.iter().all(|weight| (0.0..=1.0).contains(weight)));
        }
    }
}

#[test]
fn pushing_late_and_taking_back_change_nothing_that_is_asked_for() {
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let times = by_chance(&mut rng);
        let mut whole = Track::default();
        times.iter().for_each(|time| whole.push(*time));
        let (mut little, mut waiting) = (Track::default(), times.iter());
        let end = whole.end().expect("some");
        for at in (times[0].start..end + 20_000).step_by(800) {
            while little.end().is_none_or(|known| known < at + LOOK_AHEAD) {
                let Some(next) = waiting.next() else {
                    break;
                };
                little.push(*next);
            }
            let (a, b) = (little.weights(at), whole.weights(at));
            // Of the silence that the little one takes for what follows nothing is to be seen.
            let far = a.iter().zip(&b).map(|(a, b)| (a - b).abs());
            assert!(far.fold(0.0, f32::max) < 0.01, "at {at}: {a:?}, {b:?}");
        }
    }
    let (mut track, times) = say(&[('m', 70), ('ɑ', 120), ('m', 60)]);
    track.truncate(times[2].start + 100);
    assert_eq!(track.end(), Some(times[2].start + 100));
    track.truncate(times[1].start);
    assert_eq!(track.end(), Some(times[1].start));
}

#[test]
fn between_two_words_lips_do_not_close_unless_she_pauses() {
    let closed = |letters: &[(char, u64)], at: u64| {
        let (track, times) = say(letters);
        weight(
            &track,
            times[at as usize].start.midpoint(times[at as usize].end),
            Viseme::Sil,
        )
    };
    let words = |space| [('o', 90), (' ', space), ('a', 90)];
    assert!(closed(&words(79), 2) < 0.05);
    assert!(closed(&words(80), 2) > 0.5);
    // A comma is a pause, and so is what is behind it.
    assert!(closed(&[('o', 90), (',', 30), (' ', 60), ('a', 90)], 3) > 0.5);
    let (track, times) = say(&words(60));
    let middle = times[2].start.midpoint(times[2].end);
    let [o, a] = [Viseme::O, Viseme::A].map(|viseme| weight(&track, middle, viseme));
    assert!(o > 0.2 && a > 0.2 && o + a > 0.9, "{o} {a}");
}
