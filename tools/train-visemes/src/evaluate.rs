//! How often the network is right.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use janet_face::{VISEMES, Viseme};
use janet_kernels::Pool;
use janet_kernels::signal::{Backend, Cpu, FRAME_RATE_HZ, FRAME_SAMPLES, FaceModel, Frames, Input};
use janet_models::visemes;
use serde_json::json;

use crate::clips::{self, Split, Take, share_out};
use crate::effects;
use crate::variants::{Beyond, Variant};

/// Variants of each take in a test.
const VARIANTS: usize = 2;
/// Where the tests' variants come from: nothing that is trained begins there.
const SEED: u64 = 0x7465_7374 << 32;

/// The row of what is heard within the trained ranges.
const WITHIN: &str = "sentences";

/// Counts of frames: what was said, what was seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Score {
    counts: [[usize; VISEMES]; VISEMES],
}

impl Score {
    pub(crate) fn add(&mut self, said: Viseme, seen: Viseme) {
        self.counts[said as usize][seen as usize] += 1;
    }

    fn join(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
        }
    }

    pub(crate) fn frames(&self) -> usize {
        self.counts.iter().flatten().sum()
    }

    /// The share of frames that are right.
    pub(crate) fn percent(&self) -> f64 {
        let right: usize = (0..VISEMES).map(|i| self.counts[i][i]).sum();
        100.0 * right as f64 / self.frames().max(1) as f64
    }

    /// The same; `None` where nothing was judged.
    fn share(&self) -> Option<f64> {
        (self.frames() > 0).then(|| self.percent())
    }

    /// The share of one viseme's frames that are right.
    fn recall(&self, viseme: usize) -> f64 {
        let of_it: usize = self.counts[viseme].iter().sum();
        100.0 * self.counts[viseme][viseme] as f64 / of_it.max(1) as f64
    }

    fn table(&self) -> String {
        let mut out = String::from("said \\ seen, % of what was said\n      ");
        for viseme in Viseme::ALL {
            out += &format!("{:>6}", viseme.name());
        }
        out += "   frames\n";
        for (viseme, row) in Viseme::ALL.iter().zip(&self.counts) {
            let all: usize = row.iter().sum();
            out += &format!("{:>5} ", viseme.name());
            for count in row {
                out += &format!("{:6.1}", 100.0 * *count as f64 / all.max(1) as f64);
            }
            out += &format!("{all:9}\n");
        }
        out
    }
}

/// The same frames, judged by two truths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scores {
    /// Where the sounds are heard; nothing where the takes were not aligned.
    pub(crate) by_sound: Score,
    /// By the voice's own table.
    pub(crate) by_table: Score,
}

impl Scores {
    fn join(&mut self, other: &Self) {
        self.by_sound.join(&other.by_sound);
        self.by_table.join(&other.by_table);
    }
}

/// What the network makes of whole frames of sound at 48 kHz, each result at the frame that it belongs to.
pub(crate) fn weights(model: &FaceModel, samples: &[f32]) -> anyhow::Result<Vec<[f32; VISEMES]>> {
    let mut batch = Cpu::new(Pool::new(1)).batch(model, 1)?;
    let mut frames = Frames::default();
    let mut out = Vec::new();
    let silence = [0.0; FRAME_SAMPLES];
    for _ in 0..model.memory() {
        batch.frame(&[(0, Input::Samples(&silence))], &mut frames)?;
    }
    let late = std::iter::repeat_n(&silence[..], model.spec().look_ahead);
    for frame in samples.chunks_exact(FRAME_SAMPLES).chain(late) {
        batch.frame(&[(0, Input::Samples(frame))], &mut frames)?;
        let mut weights = [0.0; VISEMES];
        weights.copy_from_slice(frames.weights(0));
        out.push(weights);
    }
    out.drain(..model.spec().look_ahead);
    Ok(out)
}

fn largest(weights: &[f32; VISEMES]) -> Viseme {
    let best = (0..VISEMES).max_by(|a, b| weights[*a].total_cmp(&weights[*b]));
    Viseme::ALL[best.unwrap_or(0)]
}

/// The score of `takes`, all beyond what is trained in this dimension.
pub(crate) fn score(
    model: &FaceModel,
    takes: &[Take],
    beyond: Option<Beyond>,
    threads: usize,
) -> anyhow::Result<Scores> {
    let count = takes.len() * VARIANTS;
    let scores = share_out("evaluating", count, threads, |at| {
        let take = &takes[at / VARIANTS];
        let dimension = beyond.map_or(0, |beyond| 1 + beyond as u64);
        let seed = SEED | dimension << 24 | at as u64;
        let heard = effects::hear(take, &Variant::draw(take.pitch, beyond, seed))?;
        let mut scores = Scores::default();
        for (at, weights) in weights(model, &heard.samples)?.iter().enumerate() {
            let seen = largest(weights);
            scores.by_table.add(heard.by_table[at].viseme, seen);
            if !take.shown.is_empty() {
                scores.by_sound.add(heard.by_sound[at].viseme, seen);
            }
        }
        Ok(scores)
    })?;
    let mut all = Scores::default();
    scores.iter().for_each(|score| all.join(score));
    Ok(all)
}

/// The scores of `takes` on sentences that were not trained: within the trained ranges, and beyond each of them.
fn ranges(
    model: &FaceModel,
    takes: &[Take],
    threads: usize,
) -> anyhow::Result<Vec<(&'static str, Scores)>> {
    let spoken = |beyond: Option<Beyond>| -> Vec<Take> {
        let fits = takes.iter().filter(|take| take.beyond == beyond);
        fits.cloned().collect()
    };
    let mut rows = Vec::new();
    for (name, beyond) in [
        (WITHIN, None),
        ("speed", Some(Beyond::Speed)),
        ("pitch", Some(Beyond::Pitch)),
        ("room", Some(Beyond::Room)),
        ("noise", Some(Beyond::Noise)),
        ("level", Some(Beyond::Level)),
    ] {
        // What is beyond in how it was spoken is so already.
        let made = matches!(beyond, Some(Beyond::Speed | Beyond::Pitch));
        let takes = spoken(beyond.filter(|_| made));
        rows.push((
            name,
            score(model, &takes, beyond.filter(|_| !made), threads)?,
        ));
    }
    Ok(rows)
}

/// Prints what the network of the file `path` (that which ships, where none is named) is worth, on the folder
/// `data`.
pub(crate) fn run(
    data: &Path,
    path: Option<&Path>,
    as_json: bool,
    threads: usize,
) -> anyhow::Result<()> {
    let model = load(path)?;
    let takes = clips::read(data, |take| take.split == Split::Test)?;
    let rows = ranges(&model, &takes, threads)?;
    // The sentences are held out as well, but lie within what is trained otherwise: their row stands apart.
    let mut all = Scores::default();
    let beyond = rows.iter().filter(|(name, _)| *name != WITHIN);
    beyond.for_each(|(_, scores)| all.join(scores));
    if as_json {
        println!("{}", json(&model, &rows, &all));
        return Ok(());
    }
    if all.by_sound.frames() == 0 {
        println!("the takes were not aligned: only the voice's table says what is right");
    }
    println!("held out        where heard, %  by table, %   frames");
    for (name, scores) in rows.iter().chain([&("all beyond", all.clone())]) {
        let heard = scores.by_sound.share();
        let heard = heard.map_or_else(|| "-".to_owned(), |percent| format!("{percent:.1}"));
        let table = &scores.by_table;
        println!(
            "{name:<14} {heard:>15} {:12.1} {:8}",
            table.percent(),
            table.frames()
        );
    }
    println!("\nwhere heard: {}", all.by_sound.table());
    println!("by table: {}", all.by_table.table());
    Ok(())
}

/// The same for a program.
fn json(model: &FaceModel, rows: &[(&'static str, Scores)], all: &Scores) -> serde_json::Value {
    let judged = |pick: fn(&Scores) -> &Score| {
        let ranges: serde_json::Map<_, _> = rows
            .iter()
            .map(|(name, scores)| ((*name).to_owned(), json!(pick(scores).share())))
            .collect();
        let recall: serde_json::Map<_, _> = Viseme::ALL
            .iter()
            .map(|v| (v.name().to_owned(), json!(pick(all).recall(*v as usize))))
            .collect();
        let all = pick(all);
        json!({ "percent": all.share(), "frames": all.frames(), "ranges": ranges, "recall": recall })
    };
    json!({
        "heard": judged(|scores| &scores.by_sound),
        "table": judged(|scores| &scores.by_table),
        "parameters": model.parameters(),
    })
}

/// Prints the weights for each frame of a WAV file.
pub(crate) fn frames(wav: &Path, path: Option<&Path>) -> anyhow::Result<()> {
    let model = load(path)?;
    let bytes = std::fs::read(wav).with_context(|| wav.display().to_string())?;
    let sound = janet_audio::wav::read_native(&bytes, Duration::from_secs(3600))
        .with_context(|| wav.display().to_string())?;
    let mut samples =
        janet_audio::resample::resample(&sound.samples, sound.rate_hz, FRAME_RATE_HZ)?;
    samples.resize(samples.len().next_multiple_of(FRAME_SAMPLES), 0.0);
    let weights = weights(&model, &samples)?;
    let result = json!({
        "rate_hz": FRAME_RATE_HZ, "frame_samples": FRAME_SAMPLES,
        "visemes": crate::train::names(), "frames": weights,
    });
    println!("{result}");
    Ok(())
}

fn load(path: Option<&Path>) -> anyhow::Result<FaceModel> {
    let Some(path) = path else {
        return Ok(visemes::built_in()?);
    };
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    visemes::read(&bytes).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_the_share_of_what_is_right() {
        let mut score = Score::default();
        for _ in 0..3 {
            score.add(Viseme::A, Viseme::A);
        }
        score.add(Viseme::M, Viseme::A);
        assert_eq!((score.percent(), score.frames()), (75.0, 4));
        assert_eq!((score.recall(1), score.recall(6)), (100.0, 0.0));
        let mut twice = score.clone();
        twice.join(&score);
        assert_eq!((twice.percent(), twice.frames()), (75.0, 8));
    }

    /// Percent of the frames of a few sentences, about eight less than was measured: another machine rounds the
    /// voice's sound otherwise, and the sentences are few.
    const LEAST_PCT: [(&str, f64); 6] = [
        ("sentences", 68.0),
        ("speed", 66.0),
        ("pitch", 62.0),
        ("room", 63.0),
        ("noise", 67.0),
        ("level", 66.0),
    ];

    #[test]
    fn the_network_that_ships_reads_sentences_and_ranges_that_it_was_not_trained_on() {
        let store = janet_models::store::models_dir_from_env().expect("there is a home folder");
        let onnx = store.join("piper-en_US-joe-medium/en_US-joe-medium.onnx");
        let voice = crate::speech::load(&onnx, 1)
            .unwrap_or_else(|error| panic!("run `janet models pull`: {error:?}"));
        let takes = clips::some(&voice, 8, 2).expect("spoken");
        let model = visemes::built_in().expect("sound weights");
        let found = ranges(&model, &takes, 2).expect("scores");
        for ((name, scores), (same, least)) in found.iter().zip(LEAST_PCT) {
            assert_eq!(*name, same);
            // To align them, more would have to be spoken than a test has time for.
            let score = &scores.by_table;
            println!(
                "{name}: {:.1} % of {} frames",
                score.percent(),
                score.frames()
            );
            assert!(
                score.percent() >= least,
                "{name}: {:.1} %\n{}",
                score.percent(),
                score.table()
            );
        }
    }
}
