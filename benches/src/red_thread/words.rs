//! What is said while she speaks: the words, and what sounds like them.

use crate::clips::{Clip, level};
use crate::saying::{Saying, Way};

/// The words, as people say them.
const WORDS: [&str; 3] = ["Red thread.", "Red thread!", "Janet, red thread."];
/// What only sounds like them.
const NEAR: [&str; 4] = ["Red threat.", "Read thread.", "Reed thread.", "Red bread."];
/// Who says it: pace and pitch.
const VOICES: [(&str, f32, f32); 4] = [
    ("as the voice is", 1.0, 1.0),
    ("slow", 1.2, 1.0),
    ("deep", 1.0, 0.87),
    ("high", 1.05, 1.2),
];
/// Where it is said.
const PLACES: [Place; 4] = [
    Place::new("near", -20.0, None),
    Place::new("far", -34.0, None),
    Place::new("20 dB over noise", -26.0, Some(-46.0)),
    Place::new("10 dB over noise", -26.0, Some(-36.0)),
];
/// Those of them where what sounds alike is said: where it is heard badly, it pulls nothing anyway.
const HEARD_WELL: [usize; 2] = [0, 2];
/// A room at night.
pub(super) const QUIET: Place = PLACES[0];

/// How loud the words are, and noise beside that of a quiet room.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) name: &'static str,
    level_dbfs: f32,
    pub(super) noise_dbfs: Option<f32>,
}

impl Place {
    const fn new(name: &'static str, level_dbfs: f32, noise_dbfs: Option<f32>) -> Self {
        Self {
            name,
            level_dbfs,
            noise_dbfs,
        }
    }
}

/// Something that is said somewhere.
pub(super) struct Spoken {
    pub(super) text: String,
    pub(super) voice: &'static str,
    pub(super) place: Place,
    /// At 16 kHz.
    pub(super) pcm: Vec<f32>,
}

/// The words, so many times: every voice at every place says every form of them before one comes again.
pub(super) fn words(saying: &Saying, count: usize) -> anyhow::Result<Vec<Spoken>> {
    (0..count)
        .map(|n| {
            let place = n % PLACES.len();
            // Every three rounds of places the voices move on by one.
            let voice = (n / (WORDS.len() * PLACES.len()) + place) % VOICES.len();
            spoken(saying, WORDS[n % WORDS.len()], voice, PLACES[place], n)
        })
        .collect()
}

/// What sounds alike, so many times, where it is heard well.
pub(super) fn near(saying: &Saying, count: usize) -> anyhow::Result<Vec<Spoken>> {
    (0..count)
        .map(|n| {
            let voice = (n / NEAR.len()) % VOICES.len();
            let place = n / (NEAR.len() * VOICES.len()) % HEARD_WELL.len();
            let place = PLACES[HEARD_WELL[place]];
            spoken(saying, NEAR[n % NEAR.len()], voice, place, n)
        })
        .collect()
}

/// The first of the recordings.
pub(super) fn recordings(clips: &[Clip], count: usize) -> Vec<Spoken> {
    let spoken = |clip: &Clip| Spoken {
        text: clip.name.clone(),
        voice: "a recording",
        place: Place::new("as recorded", 0.0, None),
        pcm: clip.pcm.clone(),
    };
    clips.iter().take(count).map(spoken).collect()
}

fn spoken(
    saying: &Saying,
    text: &str,
    voice: usize,
    place: Place,
    seed: usize,
) -> anyhow::Result<Spoken> {
    let (name, pace, pitch) = VOICES[voice];
    let seed = seed as u64;
    let mut pcm = saying.say(text, Way { pace, pitch, seed })?;
    let gain = amplitude(place.level_dbfs) / level(&pcm);
    pcm.iter_mut().for_each(|sample| *sample *= gain);
    Ok(Spoken {
        text: text.to_owned(),
        voice: name,
        place,
        pcm,
    })
}

pub(super) fn amplitude(dbfs: f32) -> f32 {
    10_f32.powf(dbfs / 20.0)
}
