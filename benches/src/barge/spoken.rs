//! What is said to her for which there are no recordings, made by her own kind of voice.

use janet_engine::Models;
use janet_engine::speak::speak;
use janet_models::vits::SpeakOptions;

use crate::weights::{SYSTEM, Weights};

/// Questions with long answers.
const QUESTIONS: [&str; 4] = [
    "Please tell me a long story about a fox who lives in the forest.",
    "Can you explain to me how the weather works?",
    "What should I know before I travel to Italy?",
    "Please tell me everything about the history of bread.",
];
/// What listeners say without wanting the turn.
const BACKCHANNELS: [&str; 6] = ["Mm-hm.", "Uh-huh.", "Yeah.", "Okay.", "Right.", "I see."];
/// How fast they say it.
const PACES: [f32; 3] = [0.9, 1.0, 1.15];
/// The voice has noise of its own: every seed is another way to say it.
const WAYS: u64 = 4;

/// A backchannel, with what it is.
pub(super) struct Nod {
    pub(super) name: String,
    pub(super) pcm: Vec<f32>,
}

/// Everything, at 16 kHz.
pub(super) struct Spoken {
    pub(super) questions: Vec<Vec<f32>>,
    pub(super) nods: Vec<Nod>,
}

impl Spoken {
    pub(super) fn make(weights: &Weights) -> anyhow::Result<Self> {
        let models = Models::load(&weights.paths(), &weights.config(SYSTEM, 8), &mut |_, _| {})?;
        let say = |text: &str, pace: f32, seed: u64| -> anyhow::Result<Vec<f32>> {
            let options = SpeakOptions {
                seed,
                length_scale: pace,
                ..SpeakOptions::default()
            };
            let mut sound = Vec::new();
            speak(&models, text, &options, &mut |chunk| {
                sound.extend_from_slice(chunk)
            })?;
            Ok(janet_audio::resample(
                &sound,
                models.voice_rate_hz(),
                16_000,
            )?)
        };
        let questions = QUESTIONS
            .iter()
            .map(|text| say(text, 1.0, 0))
            .collect::<Result<_, _>>()?;
        let mut nods = Vec::new();
        for way in 0..WAYS {
            for pace in PACES {
                for text in BACKCHANNELS {
                    let pcm = say(text, pace, way)?;
                    let name = format!("{text} at {pace}, way {way}");
                    nods.push(Nod { name, pcm });
                }
            }
        }
        Ok(Self { questions, nods })
    }
}
