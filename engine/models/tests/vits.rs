//! The voice on real weights: against onnxruntime, in pieces against whole, and its bookkeeping.

use std::path::PathBuf;

use janet_kernels::Exec;
use janet_models::phonemes::{Sentence, Symbol};
use janet_models::vits::{PhonemeTime, SpeakJob, SpeakOptions, SpeakStep, Voice};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

#[derive(serde::Deserialize)]
struct Row {
    text: String,
    phonemes: String,
    samples: usize,
}

/// Each fixture sentence with the sound that onnxruntime gave.
fn fixture() -> Vec<(Row, Vec<f32>)> {
    let json = std::fs::read_to_string(format!("{FIXTURES}/vits.json")).expect("checked in");
    let rows: Vec<Row> = serde_json::from_str(&json).expect("written by make_vits.py");
    let bytes = std::fs::read(format!("{FIXTURES}/vits.i16")).expect("checked in");
    let mut words = bytes.as_chunks::<2>().0.iter();
    rows.into_iter()
        .map(|row| {
            let sound = words.by_ref().take(row.samples);
            let sound = sound
                .map(|&word| f32::from(i16::from_le_bytes(word)) / 32767.0)
                .collect();
            (row, sound)
        })
        .collect()
}

fn weights() -> PathBuf {
    let store = std::env::home_dir()
        .expect("a home folder")
        .join(".cache/janet/models");
    store.join("piper-en_US-joe-medium")
}

fn voice() -> Voice {
    let folder = weights();
    let onnx = folder.join("en_US-joe-medium.onnx");
    let json = folder.join("en_US-joe-medium.onnx.json");
    Voice::load(onnx, json, &Exec::cpu(2))
        .unwrap_or_else(|error| panic!("weights missing? run `janet models pull`: {error:?}"))
}

fn sentence(phonemes: &str, end_byte: usize) -> Sentence {
    let mut symbols: Vec<Symbol> = phonemes
        .chars()
        .map(|phoneme| Symbol {
            phoneme,
            end_byte: 0,
        })
        .collect();
    if let Some(last) = symbols.last_mut() {
        last.end_byte = end_byte;
    }
    Sentence { symbols }
}

fn without_chance() -> SpeakOptions {
    SpeakOptions {
        noise: Some(0.0),
        duration_noise: Some(0.0),
        ..SpeakOptions::default()
    }
}

#[derive(Default)]
struct Spoken {
    samples: Vec<f32>,
    pieces: Vec<usize>,
    reached: Vec<usize>,
    phonemes: Vec<PhonemeTime>,
}

fn run(mut job: SpeakJob) -> Spoken {
    let mut spoken = Spoken::default();
    loop {
        match job.step().expect("the model runs") {
            SpeakStep::More => {}
            SpeakStep::Sound {
                samples,
                upto_byte,
                phonemes,
            } => {
                assert!(!samples.is_empty());
                spoken.pieces.push(samples.len());
                spoken.samples.extend(samples);
                spoken.reached.push(upto_byte);
                spoken.phonemes.extend(phonemes);
            }
            SpeakStep::Done => return spoken,
        }
    }
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

#[test]
fn the_sound_in_pieces_is_that_of_onnxruntime_in_one() {
    let voice = voice();
    for (row, expected) in fixture() {
        let sentences = vec![sentence(&row.phonemes, row.text.len())];
        let job = voice.begin_phonemes(sentences, row.text.len(), without_chance());
        let spoken = run(job.expect("sound options"));
        assert_eq!(spoken.samples.len(), expected.len(), "{}", row.text);
        let difference = largest_difference(&spoken.samples, &expected);
        println!(
            "{:?}: {difference:.1e} in {} pieces",
            row.text,
            spoken.pieces.len()
        );
        assert!(difference < 2e-4, "{}: {difference}", row.text);
        assert_eq!(spoken.reached.last(), Some(&row.text.len()));
    }
}
