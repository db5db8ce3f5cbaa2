//! Voices of the kinds that nobody's package holds, tiny and with random weights: several speakers,
//! and the decoder of high voices, against onnxruntime.

use std::fs::File;
use std::path::Path;

use janet_kernels::Exec;
use janet_models::phonemes::{Sentence, Symbol};
use janet_models::vits::{SpeakOptions, SpeakStep, Voice};
use tempfile::TempDir;

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/vits_kinds.zip");

#[derive(serde::Deserialize)]
struct Row {
    voice: String,
    speaker: Option<String>,
    phonemes: String,
    samples: usize,
}

fn unpacked() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = File::open(FIXTURE).expect("checked in");
    let mut archive = zip::ZipArchive::new(file).expect("written by make_vits_kinds.py");
    archive.extract(folder.path()).expect("a temporary folder");
    folder
}

fn load(folder: &Path, name: &str, speaker: Option<&str>) -> Result<Voice, String> {
    let onnx = folder.join(format!("{name}.onnx"));
    let json = folder.join(format!("{name}.onnx.json"));
    Voice::load_speaker(onnx, json, speaker, &Exec::cpu(2)).map_err(|error| error.to_string())
}

fn say(voice: &Voice, phonemes: &str) -> Vec<f32> {
    let symbols = phonemes.chars().map(|phoneme| Symbol {
        phoneme,
        end_byte: 0,
    });
    let sentences = vec![Sentence {
        symbols: symbols.collect(),
    }];
    let options = SpeakOptions {
        noise: Some(0.0),
        duration_noise: Some(0.0),
        ..SpeakOptions::default()
    };
    let mut job = voice
        .begin_phonemes(sentences, 0, options)
        .expect("sound options");
    let mut sound = Vec::new();
    loop {
        match job.step().expect("the model runs") {
            SpeakStep::More => {}
            SpeakStep::Sound { samples, .. } => sound.extend(samples),
            SpeakStep::Done => return sound,
        }
    }
}

#[test]
fn every_speaker_and_the_high_decoder_sound_as_onnxruntime_has_them() {
    let folder = unpacked();
    let rows = std::fs::read_to_string(folder.path().join("rows.json")).expect("in the archive");
    let rows: Vec<Row> = serde_json::from_str(&rows).expect("written by make_vits_kinds.py");
    let bytes = std::fs::read(folder.path().join("sound.i16")).expect("in the archive");
    let mut words = bytes.as_chunks::<2>().0.iter();
    assert_eq!(rows.len(), 4);
    for row in rows {
        let expected: Vec<f32> = words
            .by_ref()
            .take(row.samples)
            .map(|word| f32::from(i16::from_le_bytes(*word)) / 32767.0)
            .collect();
        let voice = load(folder.path(), &row.voice, row.speaker.as_deref()).expect("a voice");
        let sound = say(&voice, &row.phonemes);
        let who = format!("{} {:?}", row.voice, row.speaker);
        assert_eq!(sound.len(), expected.len(), "{who}");
        let worst = sound
            .iter()
            .zip(&expected)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        println!("{who}: {worst:.1e}");
        // The 16 bits of the fixture are in this.
        assert!(worst < 1e-4, "{who}: {worst}");
    }
}

#[test]
fn a_speaker_is_named_or_numbered_and_the_first_is_the_default() {
    let folder = unpacked();
    let load = |speaker| load(folder.path(), "many", speaker);
    let sound = |speaker| say(&load(speaker).expect("a voice"), "hɪ.");
    assert_eq!(sound(None), sound(Some("anna")));
    assert_eq!(sound(Some("1")), sound(Some("ben")));
    assert_ne!(sound(Some("anna")), sound(Some("ben")));
    assert_eq!(load(None).expect("a voice").sample_rate_hz(), 16_000);
    let error = load(Some("dora")).map(|_| ()).expect_err("nobody");
    assert!(
        error.contains("dora") && error.contains("anna, ben, cleo"),
        "{error}"
    );
}

#[test]
fn what_does_not_go_together_is_named() {
    let folder = unpacked();
    let json = folder.path().join("many.onnx.json");
    let told = std::fs::read_to_string(&json).expect("in the archive");
    let refused = |name: &str, text: &str| {
        let path = folder.path().join(format!("{name}.onnx.json"));
        std::fs::write(path, text).expect("a temporary folder");
        let result = load(folder.path(), name, None);
        result.map(|_| ()).expect_err("it does not fit")
    };
    let more = told.replace("\"num_speakers\": 3", "\"num_speakers\": 7");
    let error = refused("many", &more);
    assert!(
        error.contains("emb_g.weight") && error.contains("3 rows for 7"),
        "{error}"
    );
    let error = refused("high", &told);
    assert!(
        error.contains("sid") && error.contains("3 speakers"),
        "{error}"
    );
    let text = told.replace("{\"audio\"", "{\"phoneme_type\": \"text\", \"audio\"");
    let error = refused("many", &text);
    assert!(error.contains("phoneme_type"), "{error}");
}
