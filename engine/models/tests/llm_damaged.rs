//! GGUF files in which one number is wrong: each is refused with its name, and takes nothing down.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use janet_kernels::Exec;
use janet_models::llm::{Llm, LlmOptions};

/// A small sound model.
fn sound() -> Vec<u8> {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/llm_tiny.zip");
    let packed = File::open(packed).expect("the fixture is there");
    let mut packed = zip::ZipArchive::new(packed).expect("a zip file");
    let mut bytes = Vec::new();
    let mut model = packed.by_name("llama3.gguf").expect("it is in there");
    model.read_to_end(&mut bytes).expect("unpacked");
    bytes
}

/// What is said of the model when `change` was made behind the first place where `name` stands.
fn refusal(name: &str, change: impl FnOnce(&mut [u8])) -> String {
    let mut bytes = sound();
    let at = bytes.windows(name.len()).position(|w| w == name.as_bytes());
    change(&mut bytes[at.expect("it is in the file")..]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("odd.gguf");
    std::fs::write(&path, bytes).expect("written");
    match Llm::load(&path, &Exec::cpu(1), LlmOptions::default()) {
        Ok(_) => panic!("{name} was accepted"),
        Err(error) => error.to_string(),
    }
}

/// The same with a number of the metadata.
fn number(key: &str, value: u32) -> String {
    // Behind the name stands what kind of number it is.
    let at = key.len() + 4;
    refusal(key, |bytes| {
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    })
}

#[test]
fn tensors_at_multiples_of_nothing() {
    let error = refusal("llama.block_count", |bytes| {
        bytes[..17].copy_from_slice(b"general.alignment");
        bytes[21..25].fill(0);
    });
    for part in ["odd.gguf", "general.alignment is 0"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_tensor_between_two_places() {
    for off in [1, 2] {
        // Behind the name of a vector: one dimension, its length, its kind.
        let at = "output_norm.weight".len() + 4 + 8 + 4;
        let error = refusal("output_norm.weight", |bytes| bytes[at] += off);
        for part in ["odd.gguf", "output_norm.weight lies at an odd place"] {
            assert!(error.contains(part), "{error}");
        }
    }
}

#[test]
fn heads_that_are_turned_further_than_they_are_wide() {
    for dims in [15, 18, 4_000_000_000] {
        let error = number("llama.rope.dimension_count", dims);
        for part in ["odd.gguf", "rope.dimension_count", "heads are 16 wide"] {
            assert!(error.contains(part), "{dims}: {error}");
        }
    }
}

#[test]
fn sizes_that_no_model_has() {
    for (key, value) in [
        ("llama.block_count", 0),
        ("llama.block_count", u32::MAX),
        ("llama.context_length", 0),
        ("llama.embedding_length", u32::MAX),
        ("llama.attention.head_count", 0),
        ("llama.attention.head_count", u32::MAX),
        ("llama.attention.head_count_kv", 0),
        ("llama.attention.head_count_kv", 2),
        ("llama.attention.key_length", 0),
        ("llama.attention.key_length", u32::MAX),
    ] {
        let error = number(key, value);
        let named = error.contains("odd.gguf") || error.contains("weight ");
        assert!(named, "{key} = {value}: {error}");
    }
}
