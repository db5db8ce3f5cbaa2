//! The preset expressions of VRM.

use super::gaze::Looking;
use super::mix::{Row, add};
use crate::animator::Gesture;
use crate::named::named;
use crate::tone::Tone;
use crate::viseme::{Viseme, Weights};

named! {
    /// A preset expression of VRM 1.0 (`VRMC_vrm.expressions.preset`).
    Vrm {
        Happy = "happy",
        Angry = "angry",
        Sad = "sad",
        Relaxed = "relaxed",
        Surprised = "surprised",
        Aa = "aa",
        Ih = "ih",
        Ou = "ou",
        Ee = "ee",
        Oh = "oh",
        Blink = "blink",
        BlinkLeft = "blinkLeft",
        BlinkRight = "blinkRight",
        LookUp = "lookUp",
        LookDown = "lookDown",
        LookLeft = "lookLeft",
        LookRight = "lookRight",
        Neutral = "neutral",
    }
}

impl Vrm {
    /// Both eyes shut.
    pub const BLINK: Row<Self> = &[(Self::Blink, 1.0)];

    /// The preset name that VRM 0.x has for it (`blendShapeMaster.blendShapeGroups[].presetName`);
    /// `surprised` came with 1.0.
    pub const fn preset_name_0(self) -> Option<&'static str> {
        Some(match self {
            Self::Happy => "joy",
            Self::Angry => "angry",
            Self::Sad => "sorrow",
            Self::Relaxed => "fun",
            Self::Surprised => return None,
            Self::Aa => "a",
            Self::Ih => "i",
            Self::Ou => "u",
            Self::Ee => "e",
            Self::Oh => "o",
            Self::Blink => "blink",
            Self::BlinkLeft => "blink_l",
            Self::BlinkRight => "blink_r",
            Self::LookUp => "lookup",
            Self::LookDown => "lookdown",
            Self::LookLeft => "lookleft",
            Self::LookRight => "lookright",
            Self::Neutral => "neutral",
        })
    }

    /// What one of our shapes is in this vocabulary. VRM has vowels only: lips that close are a mouth
    /// that opens for nothing.
    pub const fn of_viseme(viseme: Viseme) -> Row<Self> {
        match viseme {
            Viseme::Sil | Viseme::M => &[],
            Viseme::A => &[(Self::Aa, 1.0)],
            Viseme::E => &[(Self::Ee, 1.0)],
            Viseme::I => &[(Self::Ih, 1.0)],
            Viseme::O => &[(Self::Oh, 1.0)],
            Viseme::U => &[(Self::Ou, 1.0)],
            Viseme::F => &[(Self::Ih, 0.1), (Self::Ou, 0.1)],
            Viseme::Th => &[(Self::Ih, 0.15), (Self::Aa, 0.15)],
            Viseme::P => &[(Self::Ih, 0.2), (Self::Aa, 0.08)],
        }
    }

    /// What a tone is, at its full intensity. Presets are drawn for stills: most are too much on
    /// somebody who talks.
    pub const fn of_tone(tone: Tone) -> Row<Self> {
        match tone {
            Tone::Neutral => &[],
            Tone::Happy => &[(Self::Happy, 0.5), (Self::Relaxed, 0.2)],
            // There is none for it; lowered brows and a little of the raised ones come nearest.
            Tone::Thinking => &[(Self::Angry, 0.12), (Self::Surprised, 0.08)],
            Tone::Concerned => &[(Self::Sad, 0.6)],
        }
    }

    /// What a gesture does to the face.
    pub const fn of_gesture(gesture: Gesture) -> Row<Self> {
        match gesture {
            Gesture::Smile => &[(Self::Happy, 0.5)],
            Gesture::BrowRaise => &[(Self::Surprised, 0.3)],
            Gesture::Nod | Gesture::Shake | Gesture::Tilt | Gesture::GlanceAway => &[],
        }
    }

    /// Eyes that are turned as far as [`Looking`] says, for models whose eyes are no bones.
    pub const fn of_looking(looking: Looking) -> Row<Self> {
        match looking {
            Looking::Up => &[(Self::LookUp, 1.0)],
            Looking::Down => &[(Self::LookDown, 1.0)],
            Looking::Left => &[(Self::LookLeft, 1.0)],
            Looking::Right => &[(Self::LookRight, 1.0)],
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

    /// Adds `row` at `weight` to what is there; no expression exceeds 1.
    pub fn add(out: &mut [f32; Self::COUNT], row: Row<Self>, weight: f32) {
        add(out, row, weight, Self::at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_vowel_has_an_expression_of_its_own() {
        let vowels = [Viseme::A, Viseme::E, Viseme::I, Viseme::O, Viseme::U];
        let mut theirs: Vec<Vrm> = vowels
            .into_iter()
            .map(|vowel| match Vrm::of_viseme(vowel) {
                [(only, 1.0)] => *only,
                other => panic!("{vowel:?} is {other:?}"),
            })
            .collect();
        theirs.sort();
        assert_eq!(theirs, [Vrm::Aa, Vrm::Ih, Vrm::Ou, Vrm::Ee, Vrm::Oh]);
    }

    #[test]
    fn closed_lips_are_closed() {
        let mut ours = [0.0; 10];
        ours[usize::from(Viseme::M.as_u8())] = 1.0;
        assert_eq!(Vrm::weights(&ours), [0.0; Vrm::COUNT]);
    }
}
