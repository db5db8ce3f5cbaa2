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

/// The voice's folder in the model store; `./test` fills it beforehand.
fn weights() -> PathBuf {
    let store = janet_models::store::models_dir_from_env().expect("a home folder");
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
        // Both the streaming and the 16 bits of the fixture are in this.
        assert!(difference < 1e-4, "{}: {difference}", row.text);
        assert_eq!(spoken.reached.last(), Some(&row.text.len()));
    }
}

#[test]
fn sound_comes_before_the_sentence_is_through() {
    let voice = voice();
    let text = "Your order will arrive on Thursday, and the second part comes one week after that.";
    let mut job = voice.begin(text, without_chance()).expect("sound options");
    let (mut steps, mut first) = (0, None);
    loop {
        steps += 1;
        match job.step().expect("the model runs") {
            SpeakStep::Sound { samples, .. } if first.is_none() => first = Some((steps, samples)),
            SpeakStep::Done => break,
            _ => {}
        }
    }
    let (at, samples) = first.expect("there is something to say");
    let seconds = samples.len() as f64 / f64::from(voice.sample_rate_hz());
    println!("first sound at step {at} of {steps}, {seconds:.3} s");
    assert!(at * 2 < steps, "step {at} of {steps}");
    assert!((0.03..0.15).contains(&seconds), "{seconds} s");
}

#[test]
fn the_text_reached_grows_word_by_word_to_its_end() {
    let voice = voice();
    let text = "It costs $3.50. Anna, are you there?";
    let spoken = run(voice.begin(text, without_chance()).expect("sound options"));
    assert!(spoken.reached.is_sorted());
    assert_eq!(spoken.reached.last(), Some(&text.len()));
    let ends = [0, 2, 8, 14, 15, 20, 21, 25, 29, 35, 36];
    assert!(
        spoken.reached.iter().all(|reached| ends.contains(reached)),
        "{:?}",
        spoken.reached
    );
    // The second sentence is not reached before it has begun to sound.
    let middle = spoken.reached[spoken.reached.len() / 4];
    assert!(middle < 20, "{middle} after a quarter");
}

#[test]
fn phonemes_follow_each_other_without_a_gap() {
    let voice = voice();
    let spoken = run(voice
        .begin("Hello there. Good night.", without_chance())
        .expect("options"));
    let mut at = 0;
    for time in &spoken.phonemes {
        assert_eq!(time.start_sample, at, "{time:?}");
        assert!(time.end_sample > time.start_sample, "{time:?}");
        at = time.end_sample;
    }
    assert_eq!(at as usize, spoken.samples.len());
    let symbols: String = spoken.phonemes.iter().map(|time| time.symbol).collect();
    assert!(symbols.contains("həloʊ"), "{symbols}");
}

#[test]
fn a_seed_fixes_the_sound_and_the_length_scale_stretches_it() {
    let voice = voice();
    let say = |options: SpeakOptions| run(voice.begin("Good evening.", options).expect("options"));
    let seeded = |seed| SpeakOptions {
        seed,
        ..SpeakOptions::default()
    };
    assert_eq!(say(seeded(7)).samples, say(seeded(7)).samples);
    assert_ne!(say(seeded(7)).samples, say(seeded(8)).samples);
    let slow = SpeakOptions {
        length_scale: 1.5,
        ..without_chance()
    };
    let ratio = say(slow).samples.len() as f64 / say(without_chance()).samples.len() as f64;
    assert!((1.3..1.7).contains(&ratio), "{ratio}");
}

#[test]
fn nothing_to_say_is_done_at_once_and_no_number_is_refused() {
    let voice = voice();
    for text in ["", "   ", "\u{1f389}", "日本"] {
        let mut job = voice
            .begin(text, SpeakOptions::default())
            .expect("sound options");
        assert_eq!(
            job.step().expect("nothing to run"),
            SpeakStep::Done,
            "{text:?}"
        );
    }
    let options = SpeakOptions {
        length_scale: f32::NAN,
        ..SpeakOptions::default()
    };
    assert!(voice.begin("Hello", options).is_err());
}

#[test]
fn a_file_that_is_no_voice_is_refused_with_its_reason() {
    let folder = weights();
    let json = folder.join("en_US-joe-medium.onnx.json");
    let other = folder
        .with_file_name("smart-turn-3.2")
        .join("smart-turn-v3.2-cpu.onnx");
    let exec = Exec::cpu(1);
    let error = Voice::load(&other, &json, &exec)
        .map(|_| ())
        .expect_err("no voice")
        .to_string();
    assert!(error.contains("enc_p.emb.weight"), "{error}");
    let error = Voice::load(&json, &json, &exec)
        .map(|_| ())
        .expect_err("no model")
        .to_string();
    assert!(
        error.contains("not an ONNX model") || error.contains("damaged"),
        "{error}"
    );
}
