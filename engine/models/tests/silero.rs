//! Silero VAD against onnxruntime, and what a stream must never do.

use std::path::{Path, PathBuf};

use janet_models::silero::{Vad, VadStream, WINDOW_SAMPLES};

#[path = "speech/weights.rs"]
mod weights;
#[path = "speech/words.rs"]
#[allow(dead_code, reason = "only the WAV reader is of use here")]
mod words;

/// f32 sums in another order than onnxruntime's, carried through the recurrent state.
const TOLERANCE: f32 = 1e-4;

#[derive(serde::Deserialize)]
struct Fixture {
    clip: String,
    probabilities: Vec<f32>,
}

fn fixture() -> (Vec<f32>, Vec<f32>) {
    let text = include_str!("../fixtures/silero.json");
    let fixture: Fixture = serde_json::from_str(text).expect("the fixture is JSON");
    let clip = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/speech");
    (
        words::read_wav(&clip.join(fixture.clip)),
        fixture.probabilities,
    )
}

fn vad() -> Vad {
    Vad::load(&weights::file(
        "silero-vad-6.2",
        "silero_vad_16k.safetensors",
    ))
    .expect("the weights in the store load")
}

fn listen(stream: &mut VadStream, pcm: &[f32]) -> Vec<f32> {
    pcm.as_chunks::<WINDOW_SAMPLES>()
        .0
        .iter()
        .map(|window| stream.window(window))
        .collect()
}

#[test]
fn probabilities_are_those_of_onnxruntime() {
    let (pcm, expected) = fixture();
    let heard = listen(&mut vad().stream(), &pcm);
    assert_eq!(heard.len(), expected.len());
    let worst = heard
        .iter()
        .zip(&expected)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(worst <= TOLERANCE, "off by {worst}");
}

#[test]
fn streams_of_one_model_do_not_hear_each_other() {
    let (pcm, _) = fixture();
    let vad = vad();
    let alone = listen(&mut vad.stream(), &pcm);
    let (mut a, mut b) = (vad.stream(), vad.stream());
    let mut heard = Vec::new();
    for window in pcm.as_chunks::<WINDOW_SAMPLES>().0 {
        heard.push(a.window(window));
        b.window(&[0.3; WINDOW_SAMPLES]);
    }
    assert_eq!(heard, alone);
}

#[test]
fn reset_forgets_everything() {
    let (pcm, _) = fixture();
    let mut stream = vad().stream();
    let first = listen(&mut stream, &pcm);
    stream.reset();
    assert_eq!(listen(&mut stream, &pcm), first);
}

#[test]
fn samples_that_are_no_numbers_do_not_stay_in_the_state() {
    let (pcm, _) = fixture();
    let mut stream = vad().stream();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
        let p = stream.window(&[bad; WINDOW_SAMPLES]);
        assert!((0.0..=1.0).contains(&p), "{bad} gives {p}");
    }
    listen(&mut stream, &[0.0; 64 * WINDOW_SAMPLES]);
    let highest = listen(&mut stream, &pcm).into_iter().fold(0.0, f32::max);
    assert!(highest > 0.9, "speech after them gives at most {highest}");
}

#[test]
fn silence_is_no_speech() {
    let highest = listen(&mut vad().stream(), &[0.0; 40 * WINDOW_SAMPLES])
        .into_iter()
        .fold(0.0, f32::max);
    assert!(highest < 0.1, "silence gives up to {highest}");
}

#[test]
fn damaged_weights_are_refused_with_a_reason() {
    let whole = std::fs::read(weights::file(
        "silero-vad-6.2",
        "silero_vad_16k.safetensors",
    ))
    .expect("the weights can be read");
    let dir = tempfile::tempdir().expect("a folder for the damaged file");
    let path = dir.path().join("vad.safetensors");
    let load = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("the folder is writable");
        Vad::load(&path)
            .expect_err("damaged weights were accepted")
            .to_string()
    };
    assert!(load(&whole[..whole.len() / 2]).contains("vad.safetensors"));
    assert!(load(&[]).contains("vad.safetensors"));
    // The header is JSON text: another name for one weight, of the same length.
    let renamed = replace(&whole, b"conv2.weight", b"conv9.weight");
    assert!(load(&renamed).contains("conv2.weight"));
    let missing = Vad::load(&PathBuf::from("no/such/file")).expect_err("there is no file");
    assert!(missing.to_string().contains("no/such/file"));
}

fn replace(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = bytes
        .windows(old.len())
        .position(|w| w == old)
        .expect("the header names the weight");
    let mut out = bytes.to_vec();
    out[at..at + new.len()].copy_from_slice(new);
    out
}
