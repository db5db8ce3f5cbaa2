//! The 52 blend shapes of ARKit.

use super::gaze::Looking;
use super::mix::{Row, add};
use crate::animator::Gesture;
use crate::named::named;
use crate::tone::Tone;
use crate::viseme::{Viseme, Weights};

named! {
    /// A blend shape of ARKit's `ARFaceAnchor.BlendShapeLocation`. Left and right are the face's own.
    Arkit {
        EyeBlinkLeft = "eyeBlinkLeft",
        EyeLookDownLeft = "eyeLookDownLeft",
        EyeLookInLeft = "eyeLookInLeft",
        EyeLookOutLeft = "eyeLookOutLeft",
        EyeLookUpLeft = "eyeLookUpLeft",
        EyeSquintLeft = "eyeSquintLeft",
        EyeWideLeft = "eyeWideLeft",
        EyeBlinkRight = "eyeBlinkRight",
        EyeLookDownRight = "eyeLookDownRight",
        EyeLookInRight = "eyeLookInRight",
        EyeLookOutRight = "eyeLookOutRight",
        EyeLookUpRight = "eyeLookUpRight",
        EyeSquintRight = "eyeSquintRight",
        EyeWideRight = "eyeWideRight",
        JawForward = "jawForward",
        JawLeft = "jawLeft",
        JawRight = "jawRight",
        JawOpen = "jawOpen",
        MouthClose = "mouthClose",
        MouthFunnel = "mouthFunnel",
        MouthPucker = "mouthPucker",
        MouthLeft = "mouthLeft",
        MouthRight = "mouthRight",
        MouthSmileLeft = "mouthSmileLeft",
        MouthSmileRight = "mouthSmileRight",
        MouthFrownLeft = "mouthFrownLeft",
        MouthFrownRight = "mouthFrownRight",
        MouthDimpleLeft = "mouthDimpleLeft",
        MouthDimpleRight = "mouthDimpleRight",
        MouthStretchLeft = "mouthStretchLeft",
        MouthStretchRight = "mouthStretchRight",
        MouthRollLower = "mouthRollLower",
        MouthRollUpper = "mouthRollUpper",
        MouthShrugLower = "mouthShrugLower",
        MouthShrugUpper = "mouthShrugUpper",
        MouthPressLeft = "mouthPressLeft",
        MouthPressRight = "mouthPressRight",
        MouthLowerDownLeft = "mouthLowerDownLeft",
        MouthLowerDownRight = "mouthLowerDownRight",
        MouthUpperUpLeft = "mouthUpperUpLeft",
        MouthUpperUpRight = "mouthUpperUpRight",
        BrowDownLeft = "browDownLeft",
        BrowDownRight = "browDownRight",
        BrowInnerUp = "browInnerUp",
        BrowOuterUpLeft = "browOuterUpLeft",
        BrowOuterUpRight = "browOuterUpRight",
        CheekPuff = "cheekPuff",
        CheekSquintLeft = "cheekSquintLeft",
        CheekSquintRight = "cheekSquintRight",
        NoseSneerLeft = "noseSneerLeft",
        NoseSneerRight = "noseSneerRight",
        TongueOut = "tongueOut",
    }
}

impl Arkit {
    /// Both eyes shut.
    pub const BLINK: Row<Self> = &[(Self::EyeBlinkLeft, 1.0), (Self::EyeBlinkRight, 1.0)];

    /// What one of our shapes is in this vocabulary.
    ///
    /// `mouthClose` moves the lips together as far as `jawOpen` moved them apart, so it is never
    /// greater: the lips would go through each other.
    pub const fn of_viseme(viseme: Viseme) -> Row<Self> {
        match viseme {
            Viseme::Sil => &[],
            Viseme::A => &[
                (Self::JawOpen, 0.6),
                (Self::MouthLowerDownLeft, 0.2),
                (Self::MouthLowerDownRight, 0.2),
                (Self::MouthUpperUpLeft, 0.1),
                (Self::MouthUpperUpRight, 0.1),
            ],
            Viseme::E => &[
                (Self::JawOpen, 0.3),
                (Self::MouthStretchLeft, 0.25),
                (Self::MouthStretchRight, 0.25),
                (Self::MouthLowerDownLeft, 0.25),
                (Self::MouthLowerDownRight, 0.25),
                (Self::MouthUpperUpLeft, 0.15),
                (Self::MouthUpperUpRight, 0.15),
            ],
            Viseme::I => &[
                (Self::JawOpen, 0.12),
                (Self::MouthStretchLeft, 0.35),
                (Self::MouthStretchRight, 0.35),
                (Self::MouthSmileLeft, 0.15),
                (Self::MouthSmileRight, 0.15),
                (Self::MouthLowerDownLeft, 0.25),
                (Self::MouthLowerDownRight, 0.25),
                (Self::MouthUpperUpLeft, 0.1),
                (Self::MouthUpperUpRight, 0.1),
            ],
            Viseme::O => &[
                (Self::JawOpen, 0.4),
                (Self::MouthFunnel, 0.55),
                (Self::MouthPucker, 0.15),
            ],
            Viseme::U => &[
                (Self::JawOpen, 0.15),
                (Self::MouthPucker, 0.7),
                (Self::MouthFunnel, 0.25),
            ],
            Viseme::M => &[
                (Self::JawOpen, 0.06),
                (Self::MouthClose, 0.06),
                (Self::MouthPressLeft, 0.35),
                (Self::MouthPressRight, 0.35),
                (Self::MouthRollLower, 0.25),
                (Self::MouthRollUpper, 0.2),
            ],
            Viseme::F => &[
                (Self::JawOpen, 0.08),
                (Self::MouthRollLower, 0.5),
                (Self::MouthShrugLower, 0.15),
                (Self::MouthUpperUpLeft, 0.2),
                (Self::MouthUpperUpRight, 0.2),
            ],
            Viseme::Th => &[
                (Self::JawOpen, 0.18),
                (Self::TongueOut, 0.25),
                (Self::MouthLowerDownLeft, 0.2),
                (Self::MouthLowerDownRight, 0.2),
                (Self::MouthUpperUpLeft, 0.1),
                (Self::MouthUpperUpRight, 0.1),
            ],
            Viseme::P => &[
                (Self::JawOpen, 0.14),
                (Self::MouthStretchLeft, 0.1),
                (Self::MouthStretchRight, 0.1),
                (Self::MouthLowerDownLeft, 0.18),
                (Self::MouthLowerDownRight, 0.18),
                (Self::MouthUpperUpLeft, 0.08),
                (Self::MouthUpperUpRight, 0.08),
            ],
        }
    }

    /// What a tone is, at its full intensity.
    pub const fn of_tone(tone: Tone) -> Row<Self> {
        match tone {
            Tone::Neutral => &[],
            Tone::Happy => &[
                (Self::MouthSmileLeft, 0.6),
                (Self::MouthSmileRight, 0.6),
                (Self::CheekSquintLeft, 0.4),
                (Self::CheekSquintRight, 0.4),
                (Self::EyeSquintLeft, 0.2),
                (Self::EyeSquintRight, 0.2),
                (Self::BrowInnerUp, 0.1),
            ],
            // One brow down, the other up, as people do it.
            Tone::Thinking => &[
                (Self::BrowDownLeft, 0.3),
                (Self::BrowInnerUp, 0.15),
                (Self::BrowOuterUpRight, 0.35),
                (Self::EyeSquintLeft, 0.2),
                (Self::EyeSquintRight, 0.1),
                (Self::MouthPressLeft, 0.15),
                (Self::MouthPressRight, 0.15),
                (Self::MouthLeft, 0.1),
            ],
            Tone::Concerned => &[
                (Self::BrowInnerUp, 0.65),
                (Self::BrowDownLeft, 0.12),
                (Self::BrowDownRight, 0.12),
                (Self::MouthFrownLeft, 0.3),
                (Self::MouthFrownRight, 0.3),
                (Self::MouthShrugLower, 0.12),
                (Self::EyeSquintLeft, 0.1),
                (Self::EyeSquintRight, 0.1),
            ],
        }
    }

    /// What a gesture does to the face; what it does to the head is the animator's.
    pub const fn of_gesture(gesture: Gesture) -> Row<Self> {
        match gesture {
            Gesture::Smile => &[
                (Self::MouthSmileLeft, 0.7),
                (Self::MouthSmileRight, 0.7),
                (Self::CheekSquintLeft, 0.35),
                (Self::CheekSquintRight, 0.35),
            ],
            Gesture::BrowRaise => &[
                (Self::BrowInnerUp, 0.7),
                (Self::BrowOuterUpLeft, 0.6),
                (Self::BrowOuterUpRight, 0.6),
                (Self::EyeWideLeft, 0.2),
                (Self::EyeWideRight, 0.2),
            ],
            Gesture::Nod | Gesture::Shake | Gesture::Tilt | Gesture::GlanceAway => &[],
        }
    }

    /// Eyes that are turned as far as [`Looking`] says.
    pub const fn of_looking(looking: Looking) -> Row<Self> {
        match looking {
            Looking::Up => &[(Self::EyeLookUpLeft, 1.0), (Self::EyeLookUpRight, 1.0)],
            Looking::Down => &[(Self::EyeLookDownLeft, 1.0), (Self::EyeLookDownRight, 1.0)],
            // Outwards for one eye is inwards for the other.
            Looking::Left => &[(Self::EyeLookOutLeft, 1.0), (Self::EyeLookInRight, 1.0)],
            Looking::Right => &[(Self::EyeLookInLeft, 1.0), (Self::EyeLookOutRight, 1.0)],
        }
    }

    /// Our mouth in this vocabulary, each 0..=1.
    pub fn weights(ours: &Weights) -> [f32; Self::COUNT] {
        let mut out = [0.0; Self::COUNT];
        for (viseme, &weight) in Viseme::ALL.into_iter().zip(ours) {
            add(&mut out, Self::of_viseme(viseme), weight, Self::at);
        }
        out
    }

    /// Adds `row` at `weight` to what is there; no shape exceeds 1.
    pub fn add(out: &mut [f32; Self::COUNT], row: Row<Self>, weight: f32) {
        add(out, row, weight, Self::at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lips_never_go_through_each_other() {
        let mut random = fastrand::Rng::with_seed(5);
        for _ in 0..1000 {
            let ours: Weights = std::array::from_fn(|_| random.f32());
            let theirs = Arkit::weights(&ours);
            let (open, close) = (theirs[Arkit::JawOpen.at()], theirs[Arkit::MouthClose.at()]);
            assert!(close <= open + 1e-6, "{close} closes what {open} opened");
            assert!(theirs.iter().all(|weight| (0.0..=1.0).contains(weight)));
        }
    }

    #[test]
    fn what_is_symmetrical_in_speech_is_so_in_the_table() {
        for viseme in Viseme::ALL {
            let row = Arkit::of_viseme(viseme);
            for (shape, weight) in row {
                let name = shape.name();
                let other = match name.strip_suffix("Left") {
                    Some(stem) => format!("{stem}Right"),
                    None => continue,
                };
                let twin = row.iter().find(|(shape, _)| shape.name() == other);
                assert_eq!(
                    twin.map(|(_, weight)| weight),
                    Some(weight),
                    "{viseme:?} {name}"
                );
            }
        }
    }

    #[test]
    fn the_open_vowel_opens_most_and_the_closed_lips_least() {
        let open = |viseme| {
            Arkit::of_viseme(viseme)
                .iter()
                .filter(|(shape, _)| *shape == Arkit::JawOpen)
                .map(|(_, weight)| *weight)
                .sum::<f32>()
        };
        for viseme in Viseme::ALL {
            assert!(
                viseme == Viseme::A || open(viseme) < open(Viseme::A),
                "{viseme:?}"
            );
            let is_shut = matches!(viseme, Viseme::Sil | Viseme::M);
            assert!(is_shut || open(viseme) > open(Viseme::M), "{viseme:?}");
        }
    }

    #[test]
    fn tones_add_to_a_mouth_without_overflowing() {
        let mut out = Arkit::weights(&[1.0; 10]);
        for tone in Tone::ALL {
            Arkit::add(&mut out, Arkit::of_tone(tone), 1.0);
        }
        Arkit::add(&mut out, Arkit::BLINK, f32::NAN);
        assert!(out.iter().all(|weight| (0.0..=1.0).contains(weight)));
        assert_eq!(out[Arkit::EyeBlinkLeft.at()], 0.0);
    }
}
