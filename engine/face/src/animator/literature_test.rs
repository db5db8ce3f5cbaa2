//! What chance makes of the table, counted against what was measured on people.

use super::gaze::{Angles, Gaze};
use super::random::Random;
use super::table::{BlinkTable, TABLE};
use super::{Activity, Animator, Input, Micros};

const MINUTE: Micros = 60_000_000;

/// Blinks in a minute, and the seconds that each kept the eyes more than half shut.
fn blinks(activity: Activity) -> (f64, Vec<f64>) {
    const MINUTES: Micros = 20;
    const STEP: Micros = 8_000;
    let mut animator = Animator::new(17);
    animator.handle(0, Input::Activity(activity));
    let mut shut_since = None;
    let mut durations = Vec::new();
    for now in (0..MINUTES * MINUTE).step_by(STEP as usize) {
        match (animator.pose(now).blink > 0.5, shut_since) {
            (true, None) => shut_since = Some(now),
            (false, Some(since)) => {
                durations.push((now - since) as f64 / 1e6);
                shut_since = None;
            }
            _ => {}
        }
    }
    (durations.len() as f64 / MINUTES as f64, durations)
}

#[test]
fn she_blinks_as_often_as_doughty_counted() {
    let rate = |activity| blinks(activity).0;
    let (idle, listening) = (rate(Activity::Idle), rate(Activity::Listening));
    let speaking = rate(Activity::Speaking);
    // Doughty 2001: primary gaze 8.0–21.0 a minute, conversation 10.5–32.5.
    assert!((8.0..=21.0).contains(&idle), "{idle}");
    assert!((10.5..=32.5).contains(&speaking), "{speaking}");
    assert!(
        listening < idle && idle < speaking,
        "{listening} {idle} {speaking}"
    );
    // Twice what the table says would be as wrong as half of it.
    assert!((idle / 14.5 - 1.0).abs() < 0.25 && (speaking / 21.5 - 1.0).abs() < 0.25);
}

#[test]
fn a_blink_is_quick_and_opens_more_slowly_than_it_shuts() {
    let (_, durations) = blinks(Activity::Speaking);
    // Half of the way down to half of the way up, of about a third of a second in all.
    assert!(
        durations
            .iter()
            .all(|seconds| (0.06..=0.25).contains(seconds)),
        "{durations:?}"
    );
    let BlinkTable {
        closing_s,
        opening_s,
        ..
    } = TABLE.blink;
    assert!(opening_s > 2.0 * closing_s && opening_s < 3.5 * closing_s);
}

#[test]
fn no_blink_begins_in_another() {
    let table = &TABLE.blink;
    let longest =
        (table.closing_s + table.closed_s + table.opening_s) * (1.0 + table.duration_spread);
    assert!(longest <= table.double_after_s);
    for activity in Activity::ALL {
        assert!(longest <= table.interval.of(activity).min_s);
    }
}

/// For an hour of looks: how long those at somebody and those elsewhere last on average (seconds), and
/// how far those elsewhere go.
fn looks(activity: Activity) -> (f64, f64, Vec<Angles>) {
    let mut gaze = Gaze::new(Random::new(3, 1), Random::new(3, 2));
    gaze.restart(0, activity);
    let (mut at_somebody, mut elsewhere, mut aways) = (Vec::new(), Vec::new(), Vec::new());
    let (mut since, mut before) = (0, Angles::default());
    while let Some(now) = gaze.step(240 * MINUTE, activity) {
        let away = gaze.away_to();
        if away == before {
            continue;
        }
        let lasted = (now - since) as f64 / 1e6;
        if before == Angles::default() {
            at_somebody.push(lasted);
            aways.push(away);
        } else {
            elsewhere.push(lasted);
        }
        (since, before) = (now, away);
    }
    let mean = |times: &[f64]| times.iter().sum::<f64>() / times.len() as f64;
    (mean(&at_somebody), mean(&elsewhere), aways)
}

#[test]
fn looks_last_as_long_as_lee_badler_and_badler_found() {
    // Frames of a thirtieth of a second; cutting the tails off takes some of the mean.
    for (activity, mutual, away) in [
        (Activity::Speaking, 93.9, 27.8),
        (Activity::Listening, 237.5, 13.0),
    ] {
        let (at_somebody, elsewhere, _) = looks(activity);
        assert!(
            (at_somebody * 30.0 / mutual - 1.0).abs() < 0.15,
            "{activity:?} {at_somebody}"
        );
        assert!(
            (elsewhere * 30.0 / away - 1.0).abs() < 0.15,
            "{activity:?} {elsewhere}"
        );
    }
}

#[test]
fn saccades_are_as_large_as_they_found() {
    let (_, _, aways) = looks(Activity::Speaking);
    let mut degrees: Vec<f64> = aways
        .iter()
        .map(|away| away.pitch.hypot(away.yaw).to_degrees())
        .collect();
    degrees.sort_by(f64::total_cmp);
    let median = degrees[degrees.len() / 2];
    // Half of −6.9 × ln(u) lies below 6.9 × ln 2.
    assert!((median - 6.9 * 2.0_f64.ln()).abs() < 0.5, "{median}");
    assert!(degrees[0] >= 3.0 - 1e-9 && degrees[degrees.len() - 1] <= 27.5 + 1e-9);
}

#[test]
fn who_thinks_looks_away_most_of_the_time_and_up() {
    let share = |activity| {
        let (at_somebody, elsewhere, _) = looks(activity);
        elsewhere / (at_somebody + elsewhere)
    };
    let (thinking, speaking) = (share(Activity::Thinking), share(Activity::Speaking));
    assert!(thinking > 0.6, "{thinking}");
    assert!(share(Activity::Listening) < 0.1 && speaking < 0.35);
    let (_, _, aways) = looks(Activity::Thinking);
    let up = aways.iter().filter(|away| away.pitch < -0.05).count();
    assert!(
        up as f64 > 0.6 * aways.len() as f64,
        "{up} of {}",
        aways.len()
    );
}

#[test]
fn she_breathes_twelve_to_eighteen_times_a_minute_at_rest() {
    let mut animator = Animator::new(5);
    let mut turns = 0;
    let mut before = (0.0, false);
    for now in (0..20 * MINUTE).step_by(20_000) {
        let breath = animator.pose(now).breath;
        let rises = breath > before.0;
        turns += u32::from(rises && !before.1);
        before = (breath, rises);
    }
    let rate = f64::from(turns) / 20.0;
    assert!((12.0..=18.0).contains(&rate), "{rate}");
}
