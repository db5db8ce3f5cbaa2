//! Vectors against sentence-transformers, and bad input.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use janet_kernels::Exec;
use janet_models::embed::TextEmbedder;
use janet_models::{ModelError, Step};

#[path = "speech/weights.rs"]
mod weights;

#[derive(serde::Deserialize)]
struct Fixture {
    rows: Vec<Row>,
}

#[derive(serde::Deserialize)]
struct Row {
    text: String,
    tokens: Vec<u32>,
    vector: Vec<f32>,
}

fn folder() -> PathBuf {
    let file = weights::file("all-minilm-l6-v2", "model.safetensors");
    file.parent().expect("it has a folder").to_path_buf()
}

fn model() -> &'static TextEmbedder {
    static MODEL: OnceLock<TextEmbedder> = OnceLock::new();
    MODEL.get_or_init(|| TextEmbedder::load(&folder(), &Exec::cpu(2)).expect("it loads"))
}

fn rows() -> Vec<Row> {
    let fixture: Fixture =
        serde_json::from_str(include_str!("../fixtures/embed.json")).expect("the fixture is JSON");
    fixture.rows
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn vectors_are_those_of_sentence_transformers() {
    let rows = rows();
    assert!(rows.len() > 20 && rows.iter().any(|row| row.tokens.len() == 256));
    for row in &rows {
        let vectors = model().embed(&[&row.text]).expect("a vector");
        let [vector] = vectors.as_slice() else {
            panic!("{} vectors", vectors.len());
        };
        assert_eq!(vector.len(), model().dimensions());
        let length: f32 = vector.iter().map(|v| v * v).sum();
        assert!((length - 1.0).abs() < 1e-5, "{length}");
        let cosine = cosine(vector, &row.vector);
        // Floats, summed in another order, and six digits in the fixture.
        assert!(cosine >= 0.99999, "{:?}: {cosine}", row.text);
    }
}

#[test]
fn a_batch_gives_what_its_texts_give_one_by_one_in_bounded_steps() {
    let rows = rows();
    let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
    let mut job = model().begin(&texts).expect("texts");
    let mut steps = 0;
    let vectors = loop {
        steps += 1;
        if let Step::Ready(vectors) = job.step().expect("a step") {
            break vectors;
        }
    };
    assert!(steps > 20, "{steps}");
    assert!(job.step().is_err(), "it is over");
    assert_eq!(vectors.len(), rows.len());
    for (vector, row) in vectors.iter().zip(&rows) {
        assert!(cosine(vector, &row.vector) >= 0.99999, "{:?}", row.text);
    }
    assert_eq!(model().embed(&[]).expect("nothing"), Vec::<Vec<f32>>::new());
}

#[test]
fn what_means_the_same_is_nearer_than_what_does_not() {
    let texts = [
        "What does my aunt like?",
        "Aunt Berta is fond of white lilies.",
        "The boiler is serviced every May.",
    ];
    let vectors = model().embed(&texts).expect("vectors");
    let (near, far) = (
        cosine(&vectors[0], &vectors[1]),
        cosine(&vectors[0], &vectors[2]),
    );
    assert!(near > far + 0.2, "{near} {far}");
}

#[test]
fn a_megabyte_of_text_is_read_as_far_as_the_model_reads() {
    let long = "The quick brown fox jumps over the lazy dog. ".repeat(25_000);
    let short: String = long.chars().take(9000).collect();
    let vectors = model().embed(&[&long, &short]).expect("vectors");
    assert!(cosine(&vectors[0], &vectors[1]) > 0.999_999);
    let word = "é".repeat(200_000);
    assert_eq!(model().embed(&[&word]).expect("a vector").len(), 1);
}

#[test]
fn files_that_are_missing_cut_or_of_another_model_are_named() {
    let copy = |change: &dyn Fn(&std::path::Path)| -> ModelError {
        let other = tempfile::tempdir().expect("a folder");
        for name in ["config.json", "tokenizer.json", "model.safetensors"] {
            // The weights are large: a link will do.
            std::os::unix::fs::symlink(folder().join(name), other.path().join(name))
                .expect("a link");
        }
        change(other.path());
        TextEmbedder::load(other.path(), &Exec::cpu(1)).expect_err("it is refused")
    };
    let put = |dir: &std::path::Path, name: &str, bytes: &[u8]| {
        fs::remove_file(dir.join(name)).expect("a link");
        fs::write(dir.join(name), bytes).expect("a file");
    };
    let config = fs::read_to_string(folder().join("config.json")).expect("text");
    let changed = |from: &str, to: &str| {
        assert!(config.contains(from), "{from}");
        config.replace(from, to)
    };
    let rows: &[(&str, Option<String>, &str)] = &[
        ("config.json", None, "config.json"),
        ("tokenizer.json", None, "tokenizer.json"),
        ("model.safetensors", None, "model.safetensors"),
        ("config.json", Some("{}".into()), "hidden_size"),
        ("config.json", Some(changed("\"bert\"", "\"gpt2\"")), "gpt2"),
        ("config.json", Some(changed(": 12,", ": 7,")), "7 heads"),
        (
            "config.json",
            Some(changed("1536", "1024")),
            "shape [1536, 384]",
        ),
        (
            "config.json",
            Some(changed(
                "\"num_hidden_layers\": 6",
                "\"num_hidden_layers\": 7",
            )),
            "encoder.layer.6",
        ),
        (
            "config.json",
            Some(changed("30522", "20000")),
            "has 30522 tokens",
        ),
        (
            "tokenizer.json",
            Some("{\"version\":".into()),
            "tokenizer.json",
        ),
        ("model.safetensors", Some("short".into()), "cut short"),
    ];
    for (name, bytes, expected) in rows {
        let error = copy(&|dir| match bytes {
            Some(bytes) => put(dir, name, bytes.as_bytes()),
            None => fs::remove_file(dir.join(name)).expect("a link"),
        });
        assert!(error.to_string().contains(expected), "{name}: {error}");
    }
}
