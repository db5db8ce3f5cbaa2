//! What holds for every face at every moment.

use super::{Activity, Animator, Cue, Gesture, Input, Micros, Pose, TABLE};
use crate::tone::Tone;

/// A conversation by chance: what happens when, in order, with nothing out of its range.
fn conversation(seed: u64, until: Micros) -> Vec<(Micros, Input)> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut inputs = Vec::new();
    let mut now = 0;
    let mut sample = 0;
    while now < until {
        now += random.u64(10_000..400_000);
        let input = match random.u8(..8) {
            0 => Input::Activity(Activity::ALL[random.usize(..Activity::COUNT)]),
            1 => Input::Tone(Tone::ALL[random.usize(..Tone::COUNT)], random.f64()),
            2 => Input::LookAt(random.bool().then(|| {
                [
                    random.f64() * 2.0 - 1.0,
                    random.f64() - 0.5,
                    random.f64() * 2.0 + 0.1,
                ]
            })),
            3 | 4 => {
                sample += random.u64(..20_000);
                Input::Playout {
                    sample,
                    playing: random.u8(..4) > 0,
                }
            }
            5 => {
                let cue = match random.bool() {
                    true => Cue::Gesture(Gesture::ALL[random.usize(..Gesture::COUNT)]),
                    false => Cue::Tone(Tone::ALL[random.usize(..Tone::COUNT)], random.f64()),
                };
                Input::At(sample + random.u64(..30_000), cue)
            }
            6 => Input::Mouth(std::array::from_fn(|_| random.f32())),
            _ if random.u8(..4) == 0 => Input::Flush,
            _ => continue,
        };
        inputs.push((now, input));
    }
    inputs
}

/// The poses at each tenth of a second, seen by a display that draws `rate` frames a second.
fn seen(seed: u32, inputs: &[(Micros, Input)], until: Micros, rate: u64) -> Vec<Pose> {
    let mut animator = Animator::new(seed);
    let mut frames: Vec<Micros> = (0..)
        .map(|frame| frame * 1_000_000 / rate)
        .take_while(|at| *at <= until)
        .collect();
    frames.extend((0..=until).step_by(100_000));
    frames.sort_unstable();
    frames.dedup();
    let mut inputs = inputs.iter().peekable();
    let mut poses = Vec::new();
    for now in frames {
        while let Some((at, input)) = inputs.next_if(|(at, _)| *at <= now) {
            animator.handle(*at, input.clone());
        }
        let pose = animator.pose(now);
        if now % 100_000 == 0 {
            poses.push(pose);
        }
    }
    poses
}

fn check(pose: &Pose) {
    let unit = |value: f64| (0.0..=1.0).contains(&value);
    assert!(
        pose.weights
            .iter()
            .all(|weight| (0.0..=1.0).contains(weight)),
        "{pose:?}"
    );
    assert!(pose.tones.iter().all(|level| unit(*level)), "{pose:?}");
    for value in [
        pose.tone_intensity,
        pose.blink,
        pose.breath,
        pose.smile,
        pose.brow,
    ] {
        assert!(unit(value), "{pose:?}");
    }
    let (head, gaze) = (&TABLE.head, &TABLE.gaze);
    let limits = [
        (pose.head_pitch, head.pitch_deg),
        (pose.head_yaw, head.yaw_deg),
        (pose.head_roll, head.roll_deg),
        (pose.eye_yaw, gaze.eye_yaw_deg),
        (pose.eye_pitch, gaze.eye_down_deg),
        (-pose.eye_pitch, gaze.eye_up_deg),
    ];
    for (angle, limit) in limits {
        assert!(
            angle.is_finite() && angle <= limit.to_radians() + 1e-9,
            "{pose:?}"
        );
    }
    let length: f64 = pose.gaze.iter().map(|part| part * part).sum();
    assert!((length - 1.0).abs() < 1e-9, "{pose:?}");
}

#[test]
fn every_display_sees_the_same_face_at_the_same_moment() {
    const UNTIL: Micros = 60_000_000;
    for seed in 0..6 {
        let inputs = conversation(u64::from(seed), UNTIL);
        let slow = seen(seed, &inputs, UNTIL, 30);
        for rate in [1, 24, 60, 72, 90, 120] {
            let other = seen(seed, &inputs, UNTIL, rate);
            for (at, (one, other)) in slow.iter().zip(&other).enumerate() {
                assert_eq!(one, other, "seed {seed}, {rate} Hz, {} s", at as f64 / 10.0);
            }
        }
    }
}

#[test]
fn the_seed_decides() {
    let inputs = conversation(1, 20_000_000);
    assert_eq!(
        seen(4, &inputs, 20_000_000, 60),
        seen(4, &inputs, 20_000_000, 60)
    );
    assert_ne!(
        seen(4, &inputs, 20_000_000, 60),
        seen(5, &inputs, 20_000_000, 60)
    );
}

#[test]
fn no_input_makes_a_face_that_cannot_be() {
    let odd = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -1.0,
        0.0,
        1e-300,
        1e300,
        2.0,
    ];
    let times = [
        0,
        1,
        20_000,
        300_000,
        6_000_000,
        1 << 40,
        1 << 52,
        u64::MAX / 2,
        u64::MAX,
    ];
    for seed in 0..40 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut animator = Animator::new(seed as u32);
        let mut now: Micros = 0;
        for _ in 0..400 {
            now = match random.u8(..8) {
                0 => times[random.usize(..times.len())],
                1 => now / 2,
                _ => now.saturating_add(random.u64(..100_000)),
            };
            let number = |random: &mut fastrand::Rng| odd[random.usize(..odd.len())];
            let input = match random.u8(..7) {
                0 => Input::Activity(Activity::ALL[random.usize(..Activity::COUNT)]),
                1 => Input::Tone(Tone::ALL[random.usize(..Tone::COUNT)], number(&mut random)),
                2 => Input::LookAt(Some(std::array::from_fn(|_| number(&mut random)))),
                3 => Input::Playout {
                    sample: random.u64(..) >> random.u32(..64),
                    playing: true,
                },
                4 => Input::At(
                    random.u64(..) >> random.u32(..64),
                    Cue::Gesture(Gesture::ALL[random.usize(..Gesture::COUNT)]),
                ),
                5 => Input::At(random.u64(..), Cue::Tone(Tone::Happy, number(&mut random))),
                _ => Input::Mouth(std::array::from_fn(|_| number(&mut random) as f32)),
            };
            animator.handle(now, input);
            check(&animator.pose(now));
        }
    }
}

#[test]
fn nothing_jumps() {
    const STEP: Micros = 1_000;
    let inputs = conversation(2, 60_000_000);
    let mut inputs = inputs.iter().peekable();
    let mut animator = Animator::new(2);
    let mut before = animator.pose(0);
    for now in (STEP..60_000_000).step_by(STEP as usize) {
        let mut was_told = false;
        while let Some((at, input)) = inputs.next_if(|(at, _)| *at <= now) {
            animator.handle(*at, input.clone());
            was_told |= matches!(input, Input::Mouth(_));
        }
        let pose = animator.pose(now);
        let steps = [
            // A head turns by 400° a second at most, lids close in a tenth of a second.
            (
                "pitch",
                pose.head_pitch - before.head_pitch,
                0.4_f64.to_radians(),
            ),
            ("yaw", pose.head_yaw - before.head_yaw, 0.4_f64.to_radians()),
            (
                "roll",
                pose.head_roll - before.head_roll,
                0.4_f64.to_radians(),
            ),
            ("blink", pose.blink - before.blink, 0.025),
            ("breath", pose.breath - before.breath, 0.005),
            ("smile", pose.smile - before.smile, 0.01),
            ("brow", pose.brow - before.brow, 0.02),
            ("tone", pose.tones[0] - before.tones[0], 0.01),
        ];
        for (name, step, most) in steps {
            assert!(step.abs() <= most, "{name} by {step} at {now}");
        }
        if !was_told {
            let moved = pose
                .weights
                .iter()
                .zip(&before.weights)
                .map(|(one, other)| (one - other).abs());
            assert!(moved.fold(0.0, f32::max) <= 0.01, "the mouth at {now}");
        }
        before = pose;
    }
}

#[test]
fn a_time_that_has_been_is_now() {
    let mut animator = Animator::new(1);
    animator.pose(1_000_000);
    let now = animator.pose(3_000_000);
    assert_eq!(animator.pose(2_000_000), now);
    animator.handle(500_000, Input::Tone(Tone::Happy, 1.0));
    assert!(animator.pose(3_100_000).tones[Tone::Happy.at()] > 0.1);
}

#[test]
fn what_nobody_saw_is_not_made_up_for() {
    let mut animator = Animator::new(6);
    animator.handle(0, Input::Activity(Activity::Speaking));
    animator.handle(0, Input::Tone(Tone::Happy, 1.0));
    let back = 1_000_000 + 36_000_000_000_000; // more than a year in the background
    animator.pose(1_000_000);
    let pose = animator.pose(back);
    check(&pose);
    assert_eq!(pose.blink, 0.0);
    assert_eq!(pose.tone, Tone::Happy);
    // And from there it goes on as ever.
    let blinked = (0..600).any(|frame| animator.pose(back + frame * 16_667).blink > 0.5);
    assert!(blinked);
}
