//! `data/animator-vectors.json`: what happens to a face and how it looks then, for its twin in the page.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Activity, Animator, Cue, Gesture, Input, Micros, Pose};
use crate::tone::Tone;
use crate::viseme::Viseme;

const SECOND: Micros = 1_000_000;

struct Story {
    name: &'static str,
    seed: u32,
    inputs: Vec<(Micros, Input)>,
    /// When it is looked at.
    poses: Vec<Micros>,
}

fn every(step: Micros, from: Micros, to: Micros) -> Vec<Micros> {
    (from..=to).step_by(step as usize).collect()
}

fn mouth(shape: Viseme, weight: f32) -> Input {
    let mut weights = [0.0; 10];
    weights[usize::from(shape.as_u8())] = weight;
    weights[0] = 1.0 - weight;
    Input::Mouth(weights)
}

fn stories() -> Vec<Story> {
    let talk = vec![
        (0, Input::LookAt(Some([0.1, 0.05, 1.2]))),
        (500_000, Input::Activity(Activity::Listening)),
        (4 * SECOND, Input::Activity(Activity::Thinking)),
        (7 * SECOND, Input::Activity(Activity::Speaking)),
        (
            7 * SECOND,
            Input::Playout {
                sample: 0,
                playing: true,
            },
        ),
        (7 * SECOND, Input::At(0, Cue::Tone(Tone::Happy, 0.7))),
        (7 * SECOND, Input::At(9_600, Cue::Gesture(Gesture::Nod))),
        (
            7 * SECOND,
            Input::At(60_000, Cue::Gesture(Gesture::BrowRaise)),
        ),
        (7_100_000, mouth(Viseme::A, 0.8)),
        (
            7_400_000,
            Input::Playout {
                sample: 19_200,
                playing: true,
            },
        ),
        (
            7_900_000,
            Input::Playout {
                sample: 43_200,
                playing: true,
            },
        ),
        (
            8_300_000,
            Input::Playout {
                sample: 62_400,
                playing: true,
            },
        ),
        (
            8_300_000,
            Input::At(70_000, Cue::Tone(Tone::Concerned, 0.9)),
        ),
        (8_300_000, Input::At(72_000, Cue::Gesture(Gesture::Tilt))),
        (
            8_700_000,
            Input::Playout {
                sample: 81_600,
                playing: false,
            },
        ),
        (11 * SECOND, Input::Activity(Activity::Idle)),
    ];
    let gestures = Gesture::ALL
        .into_iter()
        .zip(0..)
        .map(|(gesture, at)| (0, Input::At(at * 19_200, Cue::Gesture(gesture))))
        .chain((0..16).map(|at| {
            (
                at * 200_000,
                Input::Playout {
                    sample: at * 9_600,
                    playing: true,
                },
            )
        }))
        .collect();
    let walk = (0..60)
        .map(|step: u64| {
            let angle = step as f64 * 0.12 - 3.6;
            let place = [
                2.0 * angle.sin(),
                0.6 * (3.0 * angle).cos(),
                2.0 * angle.cos(),
            ];
            (step * 100_000, Input::LookAt(Some(place)))
        })
        .collect();
    let odd = vec![
        (1_000_000, Input::Tone(Tone::Thinking, 7.0)),
        (1_000_000, Input::Activity(Activity::Speaking)),
        (900_000, Input::LookAt(Some([0.0, 0.0, 0.0]))),
        (2_000_000, Input::At(1_000, Cue::Gesture(Gesture::Nod))),
        (2_000_000, Input::At(500, Cue::Gesture(Gesture::Shake))),
        (2_000_000, Input::Flush),
        (
            2_000_000,
            Input::At(90_000, Cue::Gesture(Gesture::GlanceAway)),
        ),
        (
            2_000_000,
            Input::Playout {
                sample: 150_000,
                playing: true,
            },
        ),
        (2_100_000, Input::At(150_000, Cue::Gesture(Gesture::Smile))),
        (2_100_000, Input::LookAt(None)),
    ];
    vec![
        Story {
            name: "a turn of a conversation",
            seed: 1,
            inputs: talk,
            poses: every(250_000, 0, 14 * SECOND),
        },
        Story {
            name: "every gesture",
            seed: 20_261_128,
            inputs: gestures,
            poses: every(90_000, 0, 4 * SECOND),
        },
        Story {
            name: "somebody walks around her",
            seed: 0xDEAD_BEEF,
            inputs: walk,
            poses: every(200_000, 0, 6 * SECOND),
        },
        Story {
            name: "odd inputs, a time that goes back, an hour in the background",
            seed: u32::MAX,
            inputs: odd,
            poses: [
                vec![0, 1_500_000],
                every(160_000, 1_900_000, 4_500_000),
                every(800_000, 3_600 * SECOND, 3_610 * SECOND),
            ]
            .concat(),
        },
        Story {
            name: "an idle minute",
            seed: 7,
            inputs: vec![],
            poses: every(1_700_000, 12_345_678, 72_345_678),
        },
    ]
}

/// Five digits are ten times what the twin is held to.
fn rounded(value: f64) -> Value {
    let rounded = (value * 1e5).round() / 1e5;
    json!(if rounded == 0.0 { 0.0 } else { rounded })
}

fn input_json(input: &Input) -> Value {
    match input {
        Input::Activity(activity) => json!({"type": "activity", "activity": activity.name()}),
        Input::Tone(tone, intensity) => {
            json!({"type": "tone", "tone": tone.name(), "intensity": intensity})
        }
        Input::LookAt(place) => {
            let place = place.map(|[x, y, z]| json!({"x": x, "y": y, "z": z}));
            json!({"type": "look_at", "place": place})
        }
        Input::Playout { sample, playing } => {
            json!({"type": "playout", "sample": sample, "playing": playing})
        }
        Input::At(sample, cue) => {
            let cue = match cue {
                Cue::Gesture(gesture) => json!({"gesture": gesture.name()}),
                Cue::Tone(tone, intensity) => json!({"tone": tone.name(), "intensity": intensity}),
            };
            json!({"type": "at", "sample": sample, "cue": cue})
        }
        Input::Mouth(weights) => {
            let weights: Vec<Value> = weights
                .iter()
                .map(|weight| rounded(f64::from(*weight)))
                .collect();
            json!({"type": "mouth", "weights": weights})
        }
        Input::Flush => json!({"type": "flush"}),
    }
}

fn pose_json(pose: &Pose) -> Value {
    let weights: Vec<Value> = pose
        .weights
        .iter()
        .map(|weight| rounded(f64::from(*weight)))
        .collect();
    let tones = Tone::ALL.map(|tone| (tone.name().to_owned(), rounded(pose.tones[tone.at()])));
    let [x, y, z] = pose.gaze.map(rounded);
    json!({
        "weights": weights,
        "tone": pose.tone.name(),
        "toneIntensity": rounded(pose.tone_intensity),
        "tones": tones.into_iter().collect::<serde_json::Map<_, _>>(),
        "blink": rounded(pose.blink),
        "eyePitch": rounded(pose.eye_pitch),
        "eyeYaw": rounded(pose.eye_yaw),
        "gaze": {"x": x, "y": y, "z": z},
        "headPitch": rounded(pose.head_pitch),
        "headYaw": rounded(pose.head_yaw),
        "headRoll": rounded(pose.head_roll),
        "breath": rounded(pose.breath),
        "smile": rounded(pose.smile),
        "brow": rounded(pose.brow),
        "gesture": pose.gesture.map(Gesture::name),
    })
}

/// The steps of a story in their order; an input comes before a pose of the same moment.
fn steps(story: &Story) -> Vec<Value> {
    let mut animator = Animator::new(story.seed);
    let mut inputs = story.inputs.iter().peekable();
    let mut steps = Vec::new();
    for &at in &story.poses {
        while let Some((told, input)) = inputs.next_if(|(told, _)| *told <= at) {
            animator.handle(*told, input.clone());
            steps.push(json!({"at": told, "input": input_json(input)}));
        }
        steps.push(json!({"at": at, "pose": pose_json(&animator.pose(at))}));
    }
    steps
}

/// A line for each step, so that a change shows where it is.
fn text() -> String {
    let mut text = String::from("{\"stories\": [\n");
    let stories = stories();
    for (at, story) in stories.iter().enumerate() {
        writeln!(
            text,
            "{{\"name\": {}, \"seed\": {}, \"steps\": [",
            json!(story.name),
            story.seed
        )
        .expect("a string takes everything");
        let steps: Vec<String> = steps(story).iter().map(Value::to_string).collect();
        text.push_str(&steps.join(",\n"));
        text.push_str(if at + 1 < stories.len() {
            "\n]},\n"
        } else {
            "\n]}\n"
        });
    }
    text.push_str("]}\n");
    text
}

/// Other machines' sines and logarithms may differ in their last digit.
fn same(made: &Value, kept: &Value) -> bool {
    match (made, kept) {
        (Value::Number(made), Value::Number(kept)) => {
            let (made, kept) = (
                made.as_f64().unwrap_or(f64::NAN),
                kept.as_f64().unwrap_or(f64::NAN),
            );
            (made - kept).abs() <= 2e-5
        }
        (Value::Array(made), Value::Array(kept)) => {
            made.len() == kept.len() && made.iter().zip(kept).all(|(made, kept)| same(made, kept))
        }
        (Value::Object(made), Value::Object(kept)) => {
            made.len() == kept.len()
                && made
                    .iter()
                    .all(|(name, made)| kept.get(name).is_some_and(|kept| same(made, kept)))
        }
        _ => made == kept,
    }
}

#[test]
fn the_checked_in_vectors_are_what_the_animator_does() {
    let made = text();
    let read: Value = serde_json::from_str(&made).expect("JSON");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/animator-vectors.json");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    let is_same = serde_json::from_str(&kept).is_ok_and(|kept: Value| same(&read, &kept));
    if !is_same {
        crate::export_test::hold("animator-vectors.json", &made);
    }
}

#[test]
fn the_stories_show_everything() {
    let poses: Vec<Value> = stories()
        .iter()
        .flat_map(steps)
        .filter_map(|mut step| step.as_object_mut()?.remove("pose"))
        .collect();
    for gesture in Gesture::ALL {
        assert!(
            poses.iter().any(|pose| pose["gesture"] == gesture.name()),
            "{gesture:?}"
        );
    }
    for tone in Tone::ALL {
        assert!(
            poses.iter().any(|pose| pose["tone"] == tone.name()),
            "{tone:?}"
        );
    }
    let shut = poses
        .iter()
        .filter(|pose| pose["blink"].as_f64() > Some(0.05))
        .count();
    assert!(shut >= 5, "{shut} poses with shut eyes");
}
