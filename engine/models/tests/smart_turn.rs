//! Smart Turn against onnxruntime, and bad input.

use std::path::Path;
use std::sync::OnceLock;

use janet_kernels::{Exec, Precision};
use janet_models::Step;
use janet_models::smart_turn::SmartTurn;

#[path = "speech/weights.rs"]
mod weights;
#[path = "speech/words.rs"]
#[allow(dead_code, reason = "only the WAV reader is of use here")]
mod words;

const FILE: (&str, &str) = ("smart-turn-3.2", "smart-turn-v3.2-cpu.onnx");

#[derive(serde::Deserialize)]
struct Cut {
    clip: String,
    samples: usize,
    floats: f32,
}

fn cuts() -> Vec<(String, Vec<f32>, f32)> {
    let cuts: Vec<Cut> = serde_json::from_str(include_str!("../fixtures/smart_turn.json"))
        .expect("the fixture is JSON");
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/speech");
    cuts.into_iter()
        .map(|cut| {
            let mut pcm = words::read_wav(&dir.join(format!("{}.wav", cut.clip)));
            pcm.truncate(cut.samples);
            (format!("{} to {}", cut.clip, cut.samples), pcm, cut.floats)
        })
        .collect()
}

fn load(precision: Precision) -> SmartTurn {
    SmartTurn::load_with(&weights::file(FILE.0, FILE.1), precision, &Exec::cpu(2))
        .expect("the weights in the store load")
}

fn model() -> &'static SmartTurn {
    static MODEL: OnceLock<SmartTurn> = OnceLock::new();
    MODEL.get_or_init(|| load(Precision::Q8))
}

fn judge(model: &SmartTurn, pcm: &[f32]) -> f32 {
    let mut job = model.begin(pcm).expect("the sound is fine");
    loop {
        if let Step::Ready(probability) = job.step().expect("a step") {
            return probability;
        }
    }
}

/// How far each cut's probability is from onnxruntime's, with both.
fn compare(model: &SmartTurn) -> Vec<(String, f32, f32)> {
    cuts()
        .into_iter()
        .map(|(name, pcm, expected)| (name, judge(model, &pcm), expected))
        .collect()
}

#[test]
fn in_floats_probabilities_are_those_of_onnxruntime() {
    for (cut, heard, expected) in compare(&load(Precision::F32)) {
        // f32 sums in another order, through four layers.
        assert!(
            (heard - expected).abs() < 0.001,
            "{cut}: {heard}, onnxruntime {expected}"
        );
    }
}

#[test]
fn with_8_bit_weights_probabilities_stay_close() {
    let compared = compare(model());
    let mut sum = 0.0;
    for (cut, heard, expected) in &compared {
        // The model magnifies rounding where it is undecided; onnxruntime's own 8-bit arithmetic
        // is off by up to 0.74 on these cuts.
        assert!(
            (heard - expected).abs() < 0.08,
            "{cut}: {heard}, onnxruntime {expected}"
        );
        assert_eq!(
            *heard > 0.5,
            *expected > 0.5,
            "{cut}: {heard}, onnxruntime {expected}"
        );
        sum += (heard - expected).abs();
    }
    let mean = sum / compared.len() as f32;
    assert!(mean < 0.015, "off by {mean} on average");
}

#[test]
fn only_the_last_eight_seconds_count() {
    let (_, pcm, _) = cuts().swap_remove(4);
    let mut long = vec![0.25; 20 * 16_000];
    long.extend(vec![0.0; 8 * 16_000 - pcm.len()]);
    long.extend(&pcm);
    assert_eq!(judge(model(), &long), judge(model(), &pcm));
}

#[test]
fn nothing_and_silence_give_a_probability() {
    for pcm in [vec![], vec![0.0; 16_000]] {
        let p = judge(model(), &pcm);
        assert!((0.0..=1.0).contains(&p), "{} samples give {p}", pcm.len());
    }
}

#[test]
fn samples_that_are_no_numbers_are_refused_by_position() {
    let mut pcm = vec![0.0; 1000];
    pcm[17] = f32::NAN;
    let error = model()
        .begin(&pcm)
        .expect_err("a NaN was accepted")
        .to_string();
    assert!(error.contains("sample 17"), "{error}");
}

#[test]
fn stepping_after_the_end_is_an_error() {
    let mut job = model().begin(&[]).expect("silence is fine");
    while job.step().expect("a step") == Step::More {}
    assert!(job.step().is_err());
}

#[test]
fn damaged_weights_are_refused_with_a_reason() {
    let whole = std::fs::read(weights::file(FILE.0, FILE.1)).expect("the weights can be read");
    let dir = tempfile::tempdir().expect("a folder for the damaged file");
    let path = dir.path().join("turn.onnx");
    let load = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("the folder is writable");
        let loaded = SmartTurn::load(&path, &Exec::cpu(1));
        loaded
            .expect_err("damaged weights were accepted")
            .to_string()
    };
    assert!(load(&whole[..whole.len() / 2]).contains("turn.onnx"));
    let mut renamed = whole;
    let name = b"inner.pool_attention.0.bias";
    let mut at = 0;
    while let Some(found) = renamed[at..].windows(name.len()).position(|w| w == name) {
        at += found + name.len();
        renamed[at - 1] = b'x';
    }
    assert!(load(&renamed).contains("inner.pool_attention.0.bias"));
}
