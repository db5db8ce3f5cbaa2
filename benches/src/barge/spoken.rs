//! What is said to her for which there are no recordings, made by her own kind of voice.

use crate::saying::{Saying, Way};
use crate::weights::Weights;

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
        let saying = Saying::load(weights)?;
        let way = |pace, seed| Way {
            pace,
            pitch: 1.0,
            seed,
        };
        let questions = QUESTIONS
            .iter()
            .map(|text| saying.say(text, way(1.0, 0)))
            .collect::<Result<_, _>>()?;
        let mut nods = Vec::new();
        for seed in 0..WAYS {
            for pace in PACES {
                for text in BACKCHANNELS {
                    let pcm = saying.say(text, way(pace, seed))?;
                    let name = format!("{text} at {pace}, way {seed}");
                    nods.push(Nod { name, pcm });
                }
            }
        }
        Ok(Self { questions, nods })
    }
}
