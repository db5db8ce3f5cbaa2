//! What she does when something happens.

use super::{Activity, Animator, Cue, Gesture, Input, Micros, Pose};
use crate::tone::Tone;
use crate::viseme::Viseme;

const SECOND: Micros = 1_000_000;

/// Poses at 60 frames a second.
fn poses(animator: &mut Animator, from: Micros, seconds: Micros) -> Vec<Pose> {
    (0..seconds * 60)
        .map(|frame| animator.pose(from + frame * SECOND / 60))
        .collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Degrees to her left.
fn gaze_yaw(pose: &Pose) -> f64 {
    pose.gaze[0].atan2(pose.gaze[2]).to_degrees()
}

#[test]
fn she_looks_at_the_head_of_whoever_is_there_with_head_and_eyes() {
    let mut animator = Animator::new(8);
    animator.handle(0, Input::Activity(Activity::Listening));
    // 40° to her left, and as high as her eyes.
    let (sine, cosine) = 40.0_f64.to_radians().sin_cos();
    animator.handle(0, Input::LookAt(Some([2.0 * sine, 0.0, 2.0 * cosine])));
    let seen = poses(&mut animator, SECOND, 20);
    let yaw = median(seen.iter().map(gaze_yaw).collect());
    let head = median(seen.iter().map(|pose| pose.head_yaw.to_degrees()).collect());
    assert!((yaw - 40.0).abs() < 3.0, "{yaw}");
    assert!((15.0..35.0).contains(&head), "{head}");

    // A small turn is one of the eyes alone; nobody is straight ahead; behind her nobody is followed.
    let (sine, cosine) = 6.0_f64.to_radians().sin_cos();
    for (place, expected, now) in [
        (Some([sine, 0.0, cosine]), 6.0, 100 * SECOND),
        (None, 0.0, 200 * SECOND),
        (Some([0.1, 0.0, -1.0]), 0.0, 300 * SECOND),
    ] {
        animator.handle(now, Input::LookAt(place));
        let seen = poses(&mut animator, now + 2 * SECOND, 10);
        let yaw = median(seen.iter().map(gaze_yaw).collect());
        let head = median(seen.iter().map(|pose| pose.head_yaw.to_degrees()).collect());
        assert!(
            (yaw - expected).abs() < 2.5 && head.abs() < 3.0,
            "{place:?}: {yaw}, head {head}"
        );
    }
}

#[test]
fn eyes_arrive_before_the_head_does() {
    let mut animator = Animator::new(8);
    animator.handle(0, Input::Activity(Activity::Listening));
    animator.pose(SECOND);
    animator.handle(SECOND, Input::LookAt(Some([1.0, 0.0, 1.0])));
    let soon = animator.pose(SECOND + 150_000);
    let later = animator.pose(3 * SECOND);
    assert!(
        soon.eye_yaw > later.eye_yaw,
        "{} {}",
        soon.eye_yaw,
        later.eye_yaw
    );
    assert!(soon.head_yaw < 0.6 * later.head_yaw);
}

#[test]
fn who_nods_goes_on_looking() {
    let told = |with_nod: bool| {
        let mut animator = Animator::new(3);
        animator.handle(
            0,
            Input::Playout {
                sample: 0,
                playing: true,
            },
        );
        if with_nod {
            animator.handle(0, Input::At(4_800, Cue::Gesture(Gesture::Nod)));
        }
        poses(&mut animator, 0, 2)
    };
    let (still, nodding) = (told(false), told(true));
    let most = still
        .iter()
        .zip(&nodding)
        .map(|(still, nodding)| nodding.head_pitch - still.head_pitch);
    assert!(most.fold(0.0, f64::max) > 5.0_f64.to_radians());
    for (still, nodding) in still.iter().zip(&nodding) {
        for (one, other) in still.gaze.iter().zip(&nodding.gaze) {
            assert!((one - other).abs() < 1e-9);
        }
    }
}

#[test]
fn a_gesture_is_on_the_clock_of_her_voice() {
    for gesture in Gesture::ALL {
        let mut animator = Animator::new(9);
        // Sample 48 000 sounds at 2 s; the gesture is a tenth of a second behind it.
        animator.handle(
            2 * SECOND,
            Input::Playout {
                sample: 48_000,
                playing: true,
            },
        );
        animator.handle(2 * SECOND, Input::At(52_800, Cue::Gesture(gesture)));
        assert_eq!(animator.pose(2 * SECOND + 99_999).gesture, None);
        assert_eq!(animator.pose(2 * SECOND + 100_001).gesture, Some(gesture));
        let shown = poses(&mut animator, 2 * SECOND + 100_001, 3);
        assert_eq!(shown.last().and_then(|pose| pose.gesture), None, "it ends");
    }
}

#[test]
fn a_pause_of_her_voice_holds_what_comes_later() {
    let mut animator = Animator::new(9);
    animator.handle(
        0,
        Input::Playout {
            sample: 0,
            playing: false,
        },
    );
    animator.handle(0, Input::At(4_800, Cue::Gesture(Gesture::Shake)));
    assert!(
        poses(&mut animator, 0, 3)
            .iter()
            .all(|pose| pose.gesture.is_none())
    );
    animator.handle(
        4 * SECOND,
        Input::Playout {
            sample: 4_000,
            playing: true,
        },
    );
    assert_eq!(
        animator.pose(4 * SECOND + 20_000).gesture,
        Some(Gesture::Shake)
    );
    // Taken back, it does not come; too late, it is left out.
    let mut animator = Animator::new(9);
    animator.handle(0, Input::At(4_800, Cue::Gesture(Gesture::Nod)));
    animator.handle(0, Input::Flush);
    animator.handle(0, Input::At(100, Cue::Gesture(Gesture::Tilt)));
    animator.handle(
        0,
        Input::Playout {
            sample: 96_000,
            playing: true,
        },
    );
    assert!(
        poses(&mut animator, 0, 1)
            .iter()
            .all(|pose| pose.gesture.is_none())
    );
}

#[test]
fn a_tone_comes_quickly_goes_slowly_and_changes_at_its_sample() {
    let mut animator = Animator::new(2);
    animator.handle(0, Input::Activity(Activity::Speaking));
    animator.handle(0, Input::Tone(Tone::Happy, 0.8));
    let happy = animator.pose(SECOND);
    assert!(happy.tone == Tone::Happy && (happy.tone_intensity - 0.8).abs() < 0.02);
    animator.handle(
        SECOND,
        Input::Playout {
            sample: 0,
            playing: true,
        },
    );
    animator.handle(SECOND, Input::At(12_000, Cue::Tone(Tone::Concerned, 1.0)));
    let at = |animator: &mut Animator, now| animator.pose(now).tones;
    assert_eq!(
        at(&mut animator, SECOND + 249_000)[Tone::Concerned.at()],
        0.0
    );
    let tones = at(&mut animator, SECOND + 500_000);
    assert!(
        tones[Tone::Concerned.at()] > 0.6 && tones[Tone::Happy.at()] > 0.4,
        "{tones:?}"
    );
    assert_eq!(animator.pose(2 * SECOND).tone, Tone::Concerned);
    animator.handle(3 * SECOND, Input::Activity(Activity::Idle));
    let idle = animator.pose(6 * SECOND);
    assert!(
        (idle.tone_intensity - 0.5).abs() < 0.02,
        "{}",
        idle.tone_intensity
    );
}

#[test]
fn who_works_on_an_answer_looks_it_and_who_listens_raises_her_brows() {
    let mut animator = Animator::new(2);
    animator.handle(0, Input::Activity(Activity::Listening));
    let listening = animator.pose(2 * SECOND);
    assert!(listening.brow > 0.1 && listening.tone == Tone::Neutral);
    animator.handle(2 * SECOND, Input::Activity(Activity::Thinking));
    let thinking = animator.pose(5 * SECOND);
    assert!(thinking.tone == Tone::Thinking && thinking.tone_intensity > 0.5);
    assert!(thinking.brow < 0.01);
}

#[test]
fn a_mouth_that_nobody_moves_any_more_closes() {
    let mut animator = Animator::new(2);
    let mut open = [0.0; 10];
    open[usize::from(Viseme::A.as_u8())] = 1.0;
    animator.handle(SECOND, Input::Mouth(open));
    assert_eq!(animator.pose(SECOND + 200_000).weights, open);
    let closed = animator.pose(SECOND + 351_000).weights;
    assert_eq!(closed[0], 1.0);
    assert!(closed[1..].iter().all(|weight| *weight == 0.0));
}
